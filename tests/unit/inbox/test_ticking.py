"""A tick, and the opening of an inbox, on parts in memory: what is seen, what is decided, and what is done of it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.configuration import Configuration, Inbox, Model
from lifecycle.errors import InvalidRequest, ServiceUnavailable
from lifecycle.executions.names import nested_name
from lifecycle.executions.requests import Execution
from lifecycle.executions.state_machines import execution_arn
from lifecycle.inbox.counts import InboxCount
from lifecycle.inbox.decision import Decided, Report
from lifecycle.inbox.opening import close_inbox, open_inbox
from lifecycle.inbox.ports import Counts
from lifecycle.inbox.record import RunState
from lifecycle.inbox.removal import pause_inbox
from lifecycle.inbox.ticking import Ticked, Ticker
from lifecycle.inbox.watching import Watcher
from lifecycle.model.leases import Lease, ModelItem
from lifecycle.model.version import ModelVersion
from lifecycle.ports import ExecutionState
from tests.unit.examples import ARN, CONFIGURATION, MACHINES, NOW, OTHER_ARN
from tests.unit.inbox.parts import Mappings, Queues, Records, Tasks, Work
from tests.unit.twins import Executions, Items, Models

NAME = "line-1"
INBOX = Inbox("defects", "s3://factory/line-1/", "s3://results/line-1/")
DRAIN_INBOX = MACHINES.start_model.replace("StartModel", "DrainInbox")
MINUTE = timedelta(minutes=1)


@dataclass
class Scene:
    """One inbox, and all that it works with."""

    configuration: Configuration = field(default_factory=lambda: replace(CONFIGURATION, inboxes={NAME: INBOX}))
    now: datetime = NOW
    records: Records = field(default_factory=Records)
    queues: Queues = field(default_factory=lambda: Queues({NAME: Counts(0, 0)}))
    mappings: Mappings = field(default_factory=Mappings)
    tasks: Tasks = field(default_factory=Tasks)
    work: Work = field(default_factory=Work)
    models: Models = field(default_factory=Models)
    items: Items = field(default_factory=Items)
    executions: Executions = field(default_factory=Executions)
    reported: list[Report] = field(default_factory=list)
    before_report: Callable[[], None] = lambda: None
    budget_refuses: bool = False
    budget_asked: int = 0

    def tick(self, **changed: Any) -> Ticked:
        """One tick later, with these images."""
        self.now += MINUTE
        if changed:
            self.queues.found[NAME] = Counts(changed.get("waiting", 0), changed.get("in_work", 0))
        ticker = Ticker(self.records, self._watcher, self._notify, self.tasks, DRAIN_INBOX)
        return ticker.run(self.configuration.inboxes)

    def _watcher(self) -> Watcher:
        return Watcher(
            now=self.now,
            configuration=self.configuration,
            items=self.items.all(),
            queues=self.queues,
            counts=self.work,
            mappings=self.mappings,
            models=self.models,
            executions=self.executions,
            run_with_model_arn=MACHINES.run_with_model,
            budget_refuses=self._asks_the_budget,
        )

    def _asks_the_budget(self) -> bool:
        self.budget_asked += 1
        return self.budget_refuses

    def _notify(self, inbox: str, report: Report) -> None:
        assert inbox == NAME
        self.before_report()
        self.reported.append(report)

    @property
    def run(self) -> Any:
        """The run that goes on."""
        return self.records.get(NAME).run

    @property
    def started(self) -> list[tuple[str, Any]]:
        """What was started, by name."""
        assert {machine for machine, _ in self.executions.started} <= {MACHINES.run_with_model}
        return [(name, payload) for (_, name), payload in self.executions.started.items()]

    def opens(self, *, number: int | None = None, name: str | None = None, again: bool = False) -> Decided:
        """What DrainInbox's function does once the model runs, held by the run's lease."""
        run_arn = execution_arn(MACHINES.run_with_model, self.run.name if self.run else "none")
        held = Lease(f"run/{self.run.name if self.run else 'none'}", self.now)
        self.items.put(replace(self.items.get(ARN), leases=(held,), managed=True))
        self.models.follow([(0, "RUNNING")])
        return open_inbox(
            {"Inbox": NAME, "Run": number or (self.run.number if self.run else 1), "Model": {"ProjectVersionArn": ARN}},
            execution=self._drains(name or nested_name("run", run_arn)),
            token="T2" if again else "T",
            now=self.now,
            inboxes=self.configuration.inboxes,
            run_with_model_arn=MACHINES.run_with_model,
            records_of=self.records,
            mappings=self.mappings,
            tokens=self.tasks,
        )

    def closes(self, name: str | None = None) -> Decided:
        """What it does where the run was left."""
        run_arn = execution_arn(MACHINES.run_with_model, self.run.name)
        return close_inbox(
            {"Inbox": NAME, "Run": self.run.number},
            execution=self._drains(name or nested_name("run", run_arn)),
            inboxes=self.configuration.inboxes,
            run_with_model_arn=MACHINES.run_with_model,
            records_of=self.records,
            mappings=self.mappings,
        )

    def _drains(self, name: str) -> Execution:
        return Execution(execution_arn(DRAIN_INBOX, name), name, self.now)


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.tick()  # what was before the inbox counts for nothing
    return scene


@pytest.fixture
def opened(scene: Scene) -> Scene:
    """Its model runs for five images."""
    scene.tick(waiting=5)
    scene.opens()
    return scene


def test_where_nothing_waits_nothing_is_done_and_no_model_is_looked_at(scene: Scene) -> None:
    assert scene.tick().inboxes == {NAME: "Nothing waits."}
    assert (scene.started, scene.models.status_checks, scene.tasks.sent) == ([], [], [])


def test_images_that_wait_start_a_run_that_holds_the_model_until_drain_inbox_has_ended(scene: Scene) -> None:
    scene.tick(waiting=1)
    ((name, payload),) = scene.started
    assert name == scene.run.name == "inbox-line-1-1-20261124T0702Z"
    assert payload == {
        "Model": "defects",
        "LeaseMinutes": 0,
        "WaitForCapacity": True,
        "Workload": {"StateMachineArn": DRAIN_INBOX, "Input": {"Inbox": NAME, "Run": 1}, "ModelField": "Model"},
        "Context": {"Inbox": NAME},
    }


def test_a_run_whose_number_could_not_be_taken_is_not_started(scene: Scene) -> None:
    scene.records.meanwhile = 1
    assert scene.tick(waiting=1).inboxes == {NAME: "another tick was at it."}
    assert scene.started == []
    scene.tick()
    assert len(scene.started) == 1


def test_a_start_that_failed_is_made_good_under_the_same_name(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(scene.executions, "start", fails("StartExecution answered ThrottlingException"))
        ticked = scene.tick(waiting=1)
    assert ticked.problems == ("line-1: StartExecution answered ThrottlingException",)
    taken = scene.run.name
    scene.tick(waiting=2)
    assert [name for name, _ in scene.started] == [taken]


def test_the_model_is_running_and_images_are_given_to_the_worker_at_once(opened: Scene) -> None:
    assert opened.mappings.state(NAME) == "Enabled"
    assert (opened.run.state, opened.run.project_version_arn) == (RunState.OPEN, ARN)
    opened.tick(waiting=3, in_work=2)
    assert opened.tasks.sent == [("heartbeat", "T")]


def test_a_task_that_is_tried_again_counts_by_its_new_token(opened: Scene) -> None:
    opened.opens(again=True)
    opened.tick(waiting=3)
    assert opened.tasks.sent == [("heartbeat", "T2")]


def test_a_mapping_that_something_has_switched_is_corrected_by_the_next_tick(opened: Scene) -> None:
    opened.mappings.disable(NAME)
    opened.tick(waiting=3)
    assert opened.mappings.state(NAME) == "Enabled"


def test_a_mapping_that_could_not_be_switched_on_keeps_no_inbox_from_being_opened(scene: Scene) -> None:
    scene.tick(waiting=5)
    scene.mappings.stuck = True
    scene.opens()
    scene.mappings.stuck = False
    scene.tick(waiting=5)
    assert (scene.run.state, scene.mappings.state(NAME)) == (RunState.OPEN, "Enabled")


def test_an_inbox_that_is_empty_lets_its_model_go_in_order(opened: Scene) -> None:
    for _ in range(4):
        opened.tick(waiting=0)
    assert opened.run.state is RunState.CLOSING
    assert opened.mappings.state(NAME) == "Disabled"
    assert opened.tasks.sent[-1] == ("succeed", "T", NAME)


def test_a_mapping_that_can_t_be_switched_holds_no_model(opened: Scene) -> None:
    opened.mappings.stuck = True
    for _ in range(4):
        ticked = opened.tick(waiting=0)
    assert opened.tasks.sent[-1] == ("succeed", "T", NAME)
    assert "InternalFailure" in ticked.failure().message


def test_a_stop_by_force_pauses_and_nothing_undoes_it(opened: Scene) -> None:
    opened.items.change(lambda item: replace(item, leases=(), forced_at=opened.now))
    opened.tick(waiting=5)
    paused = opened.records.get(NAME).paused
    assert paused is not None
    assert paused.by == "a stop by force"
    assert opened.tasks.sent[-1] == ("succeed", "T", NAME)
    opened.executions.ends = {execution_arn(MACHINES.run_with_model, opened.run.name): (0, ExecutionState("SUCCEEDED"))}
    for _ in range(90):
        opened.tick(waiting=5)
    assert len(opened.started) == 1


def test_a_stop_by_force_pauses_an_inbox_that_has_no_run_too(scene: Scene) -> None:
    scene.items.put(replace(ModelItem(ARN), forced_at=scene.now + timedelta(seconds=30)))
    scene.tick(waiting=5)
    assert scene.records.get(NAME).paused is not None
    assert scene.started == []


def test_a_stop_of_another_model_pauses_nothing(scene: Scene) -> None:
    scene.items.put(replace(ModelItem(OTHER_ARN), forced_at=scene.now + timedelta(seconds=30)))
    scene.tick(waiting=5)
    assert len(scene.started) == 1


def test_a_lease_that_somebody_has_released_pauses(opened: Scene) -> None:
    opened.items.change(lambda item: replace(item, leases=()))
    opened.tick(waiting=5)
    assert opened.records.get(NAME).paused is not None


def test_a_run_that_was_blocked_ends_with_its_reason(opened: Scene) -> None:
    opened.models.follow([(0, "FAILED")])
    opened.tick(waiting=5)
    _, token, error, cause = opened.tasks.sent[-1]
    assert (token, error) == ("T", "InboxBlocked")
    assert json.loads(cause)["Message"] == "The model is FAILED."
    assert json.loads(cause)["Remedy"].startswith("Nothing is lost")


def test_people_are_notified_before_it_is_remembered_that_they_were(opened: Scene) -> None:
    """Else a tick that dies in between would have notified nobody."""
    seen = []
    opened.before_report = lambda: seen.append(opened.records.get(NAME).blocked)
    opened.models.follow([(0, "FAILED")])
    opened.tick(waiting=5)
    opened.executions.ends = {execution_arn(MACHINES.run_with_model, opened.run.name): (0, ExecutionState("FAILED"))}
    opened.tick(waiting=5)
    assert seen == [None]
    assert opened.records.get(NAME).blocked is not None
    opened.tick(waiting=5)
    assert [(one.kind, one.why) for one in opened.reported] == [("INBOX_BLOCKED", "The model is FAILED.")]


def test_an_inbox_that_makes_trouble_keeps_no_other_from_its_tick(scene: Scene) -> None:
    scene.configuration = replace(scene.configuration, inboxes={"broken": replace(INBOX, model="welds"), NAME: INBOX})
    scene.queues.found[NAME] = Counts(1, 0)
    ticked = scene.tick()
    assert len(scene.started) == 1
    assert ticked.inboxes["broken"] == "How many images wait can't be seen."
    assert any(problem.startswith("broken: GetQueueUrl answered") for problem in ticked.problems)


def test_a_record_that_can_t_be_read_keeps_no_other_from_its_tick(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.configuration = replace(scene.configuration, inboxes={"broken": INBOX, NAME: INBOX})
    read = scene.records.get
    monkeypatch.setattr(
        scene.records, "get", lambda name: fails("It can't be read.")() if name == "broken" else read(name)
    )
    ticked = scene.tick(waiting=1)
    assert (len(scene.started), ticked.problems) == (1, ("broken: It can't be read.",))


def test_an_inbox_whose_record_can_t_be_read_is_given_no_images(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its workers could not find out whether its run is open: ten tries of each image later all would be given up."""
    scene.mappings.states[NAME] = "Enabled"
    monkeypatch.setattr(scene.records, "get", lambda _name: fails("It can't be read.")())
    scene.tick(waiting=5)
    assert scene.mappings.state(NAME) == "Disabled"


def test_a_run_that_can_t_be_seen_is_not_taken_for_one_that_is_gone(
    opened: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened.executions, "describe", _no_answer)
    for _ in range(10):
        assert opened.tick(waiting=1).problems
    assert (opened.run.number, opened.run.state) == (1, RunState.OPEN), "another one would begin beside it"


def test_what_workers_have_done_that_can_t_be_read_is_not_taken_for_nothing(
    opened: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened.work, "on", _no_answer)
    for _ in range(20):
        assert opened.tick(waiting=1).problems
    assert opened.run.state is RunState.OPEN, "it may have been busy all the time"


def _no_answer(*_: object) -> Any:
    raise ServiceUnavailable("no answer")


def test_while_the_budget_refuses_nothing_is_started_and_it_is_asked_only_where_images_wait(scene: Scene) -> None:
    scene.tick()
    assert scene.budget_asked == 0
    scene.budget_refuses = True
    assert "budget" in scene.tick(waiting=1).inboxes[NAME]
    assert (scene.started, [one.kind for one in scene.reported]) == ([], ["INBOX_BLOCKED"])
    scene.budget_refuses = False
    scene.tick(waiting=1)
    assert len(scene.started) == 1


# --- What is seen -----------------------------------------------------------------------------------------------------


def test_what_workers_have_done_yesterday_counts_until_they_have_done_something_today(scene: Scene) -> None:
    yesterday = NOW - timedelta(days=1)
    scene.work.days = {yesterday.date(): InboxCount(7, 1, yesterday, yesterday, "AccessDenied")}
    seen = scene._watcher().see(NAME, INBOX, scene.records.get(NAME))
    assert (seen.finished, seen.last_result) == (0, yesterday)
    assert seen.refusal is not None
    assert seen.refusal.what == "AccessDenied"
    scene.work.days[NOW.date()] = InboxCount(2, 0, NOW)
    seen = scene._watcher().see(NAME, INBOX, scene.records.get(NAME))
    assert (seen.finished, seen.last_result) == (2, NOW)


@pytest.mark.parametrize(
    ("held_by", "managed", "anyway"),
    [
        ("shift-2", True, True),
        ("run/inbox-line-2-1-20261124T0700Z", True, True),  # another inbox's
        ("run/inbox-line-1-2-1-20261124T0700Z", True, True),  # another's, whose name begins as its own
        ("run/inbox-line-1-1-20261124T0700Z", True, False),  # its own, of a run that is over
        (None, False, True),  # somebody has started it without this app
        (None, True, False),  # nobody holds it: it is about to be stopped
    ],
)
def test_a_model_that_runs_anyway_is_used_at_once(
    scene: Scene, held_by: str | None, *, managed: bool, anyway: bool
) -> None:
    scene.configuration = replace(scene.configuration, inboxes={NAME: replace(INBOX, start_at_images=100)})
    leases = (Lease(held_by, NOW),) if held_by else ()
    scene.items.put(replace(ModelItem(ARN), leases=leases, managed=managed))
    scene.models.follow([(0, "RUNNING")])
    scene.tick(waiting=1)
    assert bool(scene.started) is anyway


def test_of_a_project_the_version_counts_that_a_start_would_choose(scene: Scene) -> None:
    newest = Model(project="boards", minimum_f1=0.8)
    inboxes = {NAME: replace(INBOX, start_at_images=100)}
    scene.configuration = replace(scene.configuration, models={"defects": newest}, inboxes=inboxes)
    bad = ModelVersion(ARN.replace("/v1/", "/v2/"), "STOPPED", created_at=NOW, f1_score=0.1)
    good = ModelVersion(ARN, "RUNNING", created_at=NOW - timedelta(days=1), f1_score=0.9)
    scene.models.trained = [good, bad]
    scene.tick(waiting=1)
    assert len(scene.started) == 1


# --- Who may open and close it ----------------------------------------------------------------------------------------


def test_drain_inbox_that_somebody_has_started_is_refused_and_changes_nothing(opened: Scene) -> None:
    before = opened.records.get(NAME)
    for refused in (opened.opens, opened.closes):
        with pytest.raises(InvalidRequest, match="not the run that the inbox line-1 has begun") as error:
            refused(name="by-hand")
        assert "started by the inbox alone" in (error.value.cause["Remedy"] or "")
    assert opened.records.get(NAME) == before


def test_drain_inbox_without_a_run_is_refused(scene: Scene) -> None:
    with pytest.raises(InvalidRequest, match="not the run"):
        scene.opens()


@pytest.mark.parametrize("payload", [None, [], {}, {"Inbox": "line-9", "Run": 1}, {"Inbox": NAME, "Run": "1"}])
def test_an_input_that_no_tick_gives_is_refused(scene: Scene, payload: Any) -> None:
    with pytest.raises(InvalidRequest, match="The input is not a DrainInbox request"):
        close_inbox(
            payload,
            execution=scene._drains("x"),
            inboxes=scene.configuration.inboxes,
            run_with_model_arn=MACHINES.run_with_model,
            records_of=scene.records,
            mappings=scene.mappings,
        )


def test_an_inbox_that_was_paused_while_its_model_started_is_over_at_once(scene: Scene) -> None:
    scene.tick(waiting=5)
    scene.items.put(replace(scene.items.get(ARN), forced_at=scene.now + timedelta(seconds=30)))
    scene.tick(waiting=5)
    scene.opens()
    assert scene.tasks.sent == [("succeed", "T", NAME)]
    assert scene.mappings.state(NAME) == "Disabled"


def test_a_run_that_nobody_looks_after_is_closed(opened: Scene) -> None:
    opened.closes()
    assert (opened.run.state, opened.mappings.state(NAME)) == (RunState.CLOSING, "Disabled")


def test_an_inbox_is_opened_although_others_write_its_record(scene: Scene) -> None:
    scene.tick(waiting=5)
    scene.records.meanwhile = 3
    scene.opens()
    assert scene.run.state is RunState.OPEN
    scene.records.meanwhile = 9
    with pytest.raises(ServiceUnavailable, match="changed 5 times"):
        scene.opens(again=True)


def fails(message: str) -> Callable[..., Any]:
    def failing(*_: object) -> Iterator[None]:
        raise ServiceUnavailable(message)

    return failing


# --- The removal of the stack -----------------------------------------------------------------------------------------


def test_an_inbox_of_a_stack_that_is_removed_begins_no_run_any_more(scene: Scene) -> None:
    scene.records.meanwhile = 2
    pause_inbox(NAME, scene.records, scene.now)
    assert "the removal of the stack" in scene.tick(waiting=5).inboxes[NAME]
    assert scene.started == []
    before = scene.records.get(NAME)
    pause_inbox(NAME, scene.records, scene.now)
    assert scene.records.get(NAME) == before
