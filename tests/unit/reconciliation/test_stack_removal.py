"""Before the stack is removed: what would go on to bill is named and the removal refused, or it is stopped first."""

import importlib
import json
import threading
import urllib.error
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from lifecycle.adapters.stacks import MAX_REASON, TRIES, Request, Stacks
from lifecycle.configuration import Configuration, OnDestroy
from lifecycle.errors import ServiceUnavailable
from lifecycle.executions.state_machines import execution_arn
from lifecycle.model.leases import Claim, Lease, ModelItem, PendingLease, Starter, force, take
from lifecycle.model.version import ModelVersion, ProjectVersions
from lifecycle.ports import ChooseProjects, ExecutionState, every_project
from lifecycle.reconciliation.removal_obstacles import NAMED as OBSTACLES_NAMED
from lifecycle.reconciliation.removal_obstacles import Obstacles
from lifecycle.reconciliation.stack_removal import CHECK_SECONDS, NAMED, Remover, StillRunning
from lifecycle.shared.wire import Json
from tests.handlers.loading import deployed
from tests.handlers.test_notify import ENVIRONMENT, Context
from tests.unit.examples import ACCOUNT, ARN, CONFIGURATION, MACHINES, NOW, OTHER_ARN, configured, execution
from tests.unit.twins import NEVER, Clock, Executions, Items

OPERATORS = "arn:aws:iam::123456789012:policy/CustomLabelsLifecycle-us-east-1-operators"
RUNS = ExecutionState("RUNNING")
FAILED = ExecutionState("FAILED", NOW, error="AccessDenied")
STARTER = Starter(execution().id, "batch", NOW + timedelta(hours=1), 60)
HELD = ModelItem(ARN, leases=(Lease("shift", NOW),), managed=True, changed_at=NOW)


@dataclass
class Account:
    """Models by ARN, each with its status; StopModel stops one ``stops_after`` seconds after it was started, or not."""

    statuses: dict[str, str]
    items: Items = field(default_factory=Items)
    clock: Clock = field(default_factory=Clock)
    stops_after: float | None = 60
    readable: bool = True
    going_on: list[str] = field(default_factory=list)
    """Executions that are RUNNING."""
    ended: list[str] = field(default_factory=list)
    attached: list[str] = field(default_factory=list)
    """To whom the operators' policy is."""
    rules: list[str] = field(default_factory=list)
    """Of others, on the app's bus."""
    executions: Executions = field(init=False)

    def __post_init__(self) -> None:
        self.executions = Executions(clock=self.clock)
        self.executions.ends = {}

    def versions(self, projects: Collection[str], choose: ChooseProjects = every_project) -> Iterator[ProjectVersions]:
        """``ports.Models.versions``."""
        for project in choose(sorted(projects)):
            found = [ModelVersion(arn, one, None, 2) for arn, one in self.statuses.items() if f"/{project}/" in arn]
            yield ProjectVersions(project, found if self.readable else None, "AccessDenied: not this one")

    def start(self, state_machine_arn: str, name: str, payload: Json) -> bool:
        """``ports.Executions.start``."""
        assert payload == {"ProjectVersionArn": payload["ProjectVersionArn"], "Force": True}
        new = self.executions.start(state_machine_arn, name, payload)
        if self.stops_after is not None:
            self.items.put(force(self.items.get(payload["ProjectVersionArn"]), self.clock.now))
        end = ExecutionState("SUCCEEDED", NOW) if self.stops_after is not None else FAILED
        arn = execution_arn(state_machine_arn, name)
        self.executions.ends = {**self.executions.ends, arn: (self.clock.seconds + (self.stops_after or 20), end)}
        return new

    def describe(self, arn: str) -> ExecutionState | None:
        """``ports.Executions.describe``."""
        return self.executions.describe(arn)

    def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)
        for (machine, name), payload in self.executions.started.items():
            state = self.executions.describe(execution_arn(machine, name))
            if state and state.status == "SUCCEEDED":
                self.statuses[payload["ProjectVersionArn"]] = "STOPPED"

    def remover(self, configuration: Configuration = CONFIGURATION, minutes: float = 14) -> Remover:
        return Remover(
            attempt="1a2b3c4d",
            until=self.clock.now + timedelta(minutes=minutes),
            clock=lambda: self.clock.now,
            sleep=self.sleep,
            configuration=configuration,
            models=self,  # type: ignore[arg-type] # the one method that is needed
            items=self.items,
            executions=self,  # type: ignore[arg-type] # the three methods that are needed
            stop_model_arn=MACHINES.stop_model,
            obstacles=Obstacles(
                executions=self,  # type: ignore[arg-type] # the one method that is needed
                dependents=self,
                state_machine_arns=(MACHINES.start_model, MACHINES.stop_model, MACHINES.run_with_model),
                policy_arns=(OPERATORS,),
                event_bus_name="CustomLabelsLifecycle-events",
                own_rules="CustomLabelsLifecycle.",
            ),
        )

    def running(self, state_machine_arn: str) -> list[str]:
        """``ports.Dependents.running``."""
        return [arn for arn in self.going_on if arn.startswith(execution_arn(state_machine_arn, ""))]

    def stop(self, arn: str, cause: str) -> None:
        """``ports.Executions.stop``."""
        assert cause
        self.going_on.remove(arn)
        self.ended.append(arn)

    def attached_to(self, policy_arn: str) -> list[str]:
        """``ports.Dependents.attached_to``."""
        assert policy_arn == OPERATORS
        return self.attached

    def rules_on(self, event_bus_name: str) -> list[str]:
        """``ports.Dependents.rules_on``."""
        assert event_bus_name == "CustomLabelsLifecycle-events"
        return ["CustomLabelsLifecycle.down-again", *self.rules]


def account(*items: ModelItem, **statuses: str) -> Account:
    """With these items, and the statuses of ``boards`` and ``cables``."""
    made = Account({ARN: statuses.get("boards", "STOPPED"), OTHER_ARN: statuses.get("cables", "STOPPED")})
    for item in items:
        assert made.items.put(item)
    return made


def refused(made: Account, on_destroy: OnDestroy = OnDestroy.REFUSE, **given: Any) -> str:
    with pytest.raises(StillRunning) as raised:
        made.remover(**given).run(on_destroy)
    return raised.value.message


# refuse ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["STARTING", "RUNNING"])
def test_a_model_of_this_app_that_bills_is_named_with_its_price_who_holds_it_and_what_to_do(status: str) -> None:
    assert refused(account(HELD, boards=status)) == (
        "Nothing was deleted: 1 model would go on to cost USD 8.00 per hour, with nobody left to stop it: "
        f'defects ({status}, held by shift). Stop it (StopModel with "Force": true), then delete the stack again. '
        "Runbook: the heading DestroyRefused of docs/operations.md"
    )


@pytest.mark.parametrize(
    "item",
    [
        ModelItem(ARN, managed=True),
        ModelItem(ARN, claim=Claim(execution("evening", machine="StopModel").id, NOW)),
        ModelItem(ARN, leases=(Lease("shift", NOW - timedelta(hours=2), NOW - timedelta(hours=1)),)),
    ],
    ids=["nobody holds it", "its stop goes on", "its lease has expired"],
)
def test_it_is_named_whatever_makes_it_managed(item: ModelItem) -> None:
    assert "defects (RUNNING)" in refused(account(item, boards="RUNNING"))


@pytest.mark.parametrize("status", ["STOPPING", "STOPPED", "FAILED", "TRAINING_COMPLETED", "DELETING"])
def test_where_models_are_stopped_or_on_their_way_to_it_the_stack_may_go(status: str) -> None:
    assert account(HELD, boards=status).remover().run(OnDestroy.REFUSE).startswith("No model of this app runs")


def test_a_model_whose_record_can_not_be_read_is_named_if_it_runs_and_else_holds_nothing_up() -> None:
    """Nobody knows whether it was managed."""
    made = account(HELD, boards="STOPPED", cables="RUNNING")
    made.items.nonsense = {OTHER_ARN: ValueError("its Revision is 'four'"), "junk": ValueError("it is of 'junk'")}
    assert "v7 (RUNNING)" in refused(made)
    made.statuses[OTHER_ARN] = "STOPPED"
    assert made.remover().run(OnDestroy.REFUSE).startswith("No model of this app runs")


def test_a_model_that_is_gone_holds_nothing_up() -> None:
    made = account(HELD)
    made.statuses.clear()
    assert made.remover().run(OnDestroy.REFUSE)


def test_a_model_that_never_was_ours_is_none_of_our_business() -> None:
    assert account(ModelItem(ARN, reported=("UNLEASED_MODEL",)), boards="RUNNING").remover().run(OnDestroy.REFUSE)


def test_a_stack_in_which_nothing_was_ever_started_asks_nobody() -> None:
    """As where a creation is undone."""
    made = account()
    made.readable = False
    assert made.remover().run(OnDestroy.REFUSE)


@pytest.mark.parametrize(("state", "is_refused"), [(RUNS, True), (FAILED, False), (None, False)])
def test_a_start_that_is_under_way_may_be_about_to_request_it(state: ExecutionState | None, is_refused: bool) -> None:
    starting = ModelItem(ARN, pending=(PendingLease("batch", execution("nightly").id, NOW + timedelta(hours=1)),))
    made = account(starting)
    made.executions.ends = {execution("nightly").id: (0, state)} if state else {}
    if is_refused:
        assert "defects (is being started by nightly, held by batch)" in refused(made)
    else:
        assert made.remover().run(OnDestroy.REFUSE)


def test_what_can_not_be_read_is_no_reason_to_delete_anything() -> None:
    made = account(HELD)
    made.readable = False
    with pytest.raises(ServiceUnavailable, match="Project boards can't be read: AccessDenied: not this one"):
        made.remover().run(OnDestroy.REFUSE)


def test_a_refusal_of_many_models_names_some_and_says_how_many_there_are() -> None:
    made = account()
    for number in range(NAMED + 3):
        arn = f"{ACCOUNT}:project/boards/version/v{number}/{1793520000000 + number}"
        made.statuses[arn] = "RUNNING"
        made.items.put(ModelItem(arn, managed=True))
    said = refused(made)
    assert said.count("(RUNNING)") == NAMED
    assert "13 models would go on to cost USD 104.00 per hour, with nobody left to stop them" in said
    assert "Stop them (StopModel" in said
    assert ", and 3 more. " in said


# leave, stop ----------------------------------------------------------------------------------------------------------


def test_on_request_models_are_left_running_and_nothing_is_asked() -> None:
    made = account(HELD, boards="RUNNING")
    made.readable = False
    assert "left running" in made.remover().run(OnDestroy.LEAVE)
    assert made.executions.started == {}


def test_on_request_they_are_stopped_first_by_force_each_once_and_waited_for() -> None:
    made = account(HELD, ModelItem(OTHER_ARN, managed=True), boards="RUNNING", cables="RUNNING")
    assert made.remover().run(OnDestroy.STOP) == "No model of this app runs; stopped before: 2."
    assert [*made.executions.started.values()] == [
        {"ProjectVersionArn": one, "Force": True} for one in (ARN, OTHER_ARN)
    ]
    names = [(machine, name.rpartition("-")[0]) for machine, name in made.executions.started]
    assert names == [(MACHINES.stop_model, "removal-1a2b3c4d-defects"), (MACHINES.stop_model, "removal-1a2b3c4d-v7")]
    assert set(made.statuses.values()) == {"STOPPED"}
    assert made.clock.seconds == 60


def test_a_removal_that_is_tried_again_stops_each_model_whatever_stopped_in_between() -> None:
    """By its first try a stop has begun of one; it has ended, and the other is the first now."""
    made = account(HELD, ModelItem(OTHER_ARN, managed=True), boards="RUNNING", cables="STOPPED")
    made.remover().run(OnDestroy.STOP)
    made.statuses[OTHER_ARN] = "RUNNING"
    assert made.items.put(replace(made.items.get(OTHER_ARN), managed=True))
    made.remover().run(OnDestroy.STOP)
    assert [one["ProjectVersionArn"] for one in made.executions.started.values()] == [ARN, OTHER_ARN]


def test_a_start_under_way_is_ended_too() -> None:
    made = account(take(ModelItem(ARN), STARTER, NOW))
    made.executions.ends = {STARTER.execution_arn: (NEVER, FAILED)}
    assert made.remover().run(OnDestroy.STOP) == "No model of this app runs; stopped before: 1."
    assert made.items.get(ARN).forced_since(NOW)


def test_where_nothing_runs_nothing_is_stopped() -> None:
    made = account(HELD)
    assert made.remover().run(OnDestroy.STOP) == "No model of this app runs; stopped before: 0."
    assert made.executions.started == {}


def test_a_stop_that_takes_longer_than_there_is_time_goes_on_and_the_removal_is_refused() -> None:
    made = account(HELD, boards="STARTING")
    made.stops_after = 1800
    assert "It is being stopped: delete the stack again in some minutes." in refused(made, OnDestroy.STOP)
    assert 14 * 60 - CHECK_SECONDS <= made.clock.seconds <= 14 * 60


def test_a_stop_that_was_accepted_is_enough_when_the_time_is_up() -> None:
    made = account(HELD, boards="RUNNING")
    made.stops_after = 1800
    asleep = made.sleep

    def accepted(seconds: float) -> None:
        made.statuses[ARN] = "STOPPING"
        asleep(seconds)

    remover = replace(made.remover(), sleep=accepted)
    assert remover.run(OnDestroy.STOP) == "No model of this app runs; stopped before: 1."
    assert made.clock.seconds > 14 * 60 - 2 * CHECK_SECONDS


def test_a_stop_that_fails_is_not_waited_for_and_its_execution_is_named() -> None:
    made = account(HELD, boards="RUNNING")
    made.stops_after = None
    said = refused(made, OnDestroy.STOP)
    ((machine, name),) = made.executions.started
    assert f"ended without doing so, see {execution_arn(machine, name)}." in said
    assert made.clock.seconds < 60


# What is in the way ---------------------------------------------------------------------------------------------------

WAITING = execution_arn(MACHINES.start_model, "friday")
AT_WORK = execution_arn(MACHINES.run_with_model, "nightly")
STOPPING = execution_arn(MACHINES.stop_model, "evening")
RUNBOOK = "Runbook: the heading DestroyRefused of docs/operations.md"


@pytest.mark.parametrize("on_destroy", [OnDestroy.REFUSE, OnDestroy.LEAVE])
def test_executions_that_go_on_are_named_because_they_would_hold_up_the_deletion(on_destroy: OnDestroy) -> None:
    """One that waits for ReadyAt, or for its workload, makes no transition at which Step Functions would end it."""
    made = account()
    made.going_on = [WAITING, AT_WORK]
    assert refused(made, on_destroy) == (
        "Nothing was deleted. 2 executions go on (Lifecycle-StartModel:friday, Lifecycle-RunWithModel:nightly), and a "
        "state machine is deleted only once its executions are over. Wait for their end, or end them: aws "
        f"stepfunctions stop-execution --execution-arn {WAITING}. {RUNBOOK}"
    )
    assert made.ended == []


def test_where_it_is_asked_for_they_are_ended_and_stops_are_waited_for() -> None:
    made = account()
    made.going_on = [WAITING, AT_WORK, STOPPING]
    asleep = made.sleep

    def stop_ends(seconds: float) -> None:
        asleep(seconds)
        if made.clock.seconds >= 60:
            made.going_on.clear()

    assert replace(made.remover(), sleep=stop_ends).run(OnDestroy.STOP)
    assert (made.ended, made.clock.seconds) == ([WAITING, AT_WORK], 60)


def test_a_stop_that_takes_longer_than_there_is_time_is_named() -> None:
    made = account()
    made.going_on = [STOPPING]
    assert "1 execution goes on (Lifecycle-StopModel:evening)" in refused(made, OnDestroy.STOP)


@pytest.mark.parametrize("on_destroy", OnDestroy)
def test_a_policy_that_is_attached_is_named_with_what_to_do_before_anything_is_stopped(on_destroy: OnDestroy) -> None:
    made = account(HELD, boards="RUNNING")
    made.attached = ["group/inspectors", *(f"user/{number}" for number in range(OBSTACLES_NAMED))]
    said = refused(made, on_destroy)
    assert (
        "The policy CustomLabelsLifecycle-us-east-1-operators is attached to group/inspectors, user/0, user/1, user/2, "
        "user/3, and 1 more, and IAM deletes no attached policy. Detach it: aws iam detach-group-policy --group-name "
        f"inspectors --policy-arn {OPERATORS}."
    ) in said
    assert made.executions.started == {}


@pytest.mark.parametrize("on_destroy", OnDestroy)
def test_rules_of_others_on_the_bus_are_named_and_the_apps_own_are_not(on_destroy: OnDestroy) -> None:
    made = account()
    made.rules = ["line-1", "line-2"]
    said = refused(made, on_destroy)
    assert (
        "The bus CustomLabelsLifecycle-events has 2 rules of others (line-1, line-2), and EventBridge deletes" in said
    )
    assert "aws events delete-rule --event-bus-name CustomLabelsLifecycle-events --name line-1." in said


# CloudFormation -------------------------------------------------------------------------------------------------------

STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/CustomLabelsLifecycle/1"
EVENT = {
    "RequestType": "Delete",
    "RequestId": "1a2b3c4d-0000-4000-8000-000000000000",
    "StackId": STACK,
    "LogicalResourceId": "Removal",
    "PhysicalResourceId": "made-by-an-earlier-version",
    "ResponseURL": "http://127.0.0.1:1/",
    "ResourceProperties": {"ServiceToken": "arn"},
}


@pytest.mark.parametrize(
    ("status", "is_deleted"),
    [
        ("DELETE_IN_PROGRESS", True),
        ("ROLLBACK_IN_PROGRESS", False),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", False),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", False),
    ],
)
def test_the_stack_is_being_deleted_or_only_a_resource_of_it(status: str, is_deleted: bool) -> None:
    aws = boto3.client("cloudformation", region_name="us-east-1")
    stack = {"StackName": "s", "CreationTime": NOW, "StackStatus": status}
    with Stubber(aws) as stubber:
        stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": STACK})
        stubber.add_client_error("describe_stacks", "Throttling")
        assert Stacks(aws).is_being_deleted(STACK) is is_deleted
        with pytest.raises(ServiceUnavailable):
            Stacks(aws).is_being_deleted(STACK)


@dataclass
class Answers:
    """What CloudFormation was answered, at a URL that refuses the first times."""

    url: str = ""
    refuses: int = 0
    got: list[tuple[str | None, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def answers() -> Iterator[Answers]:
    kept = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((self.headers["Content-Type"], json.loads(body)))
            self.send_response(500 if len(kept.got) <= kept.refuses else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/bucket?Signature=x"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


@pytest.mark.parametrize(("success", "said"), [(True, "SUCCESS"), (False, "FAILED")])
def test_cloudformation_is_answered_in_its_own_words(success: bool, said: str, answers: Answers) -> None:
    Request.read({**EVENT, "ResponseURL": answers.url}).answer(success=success, reason="Why.")
    sent = {
        "Status": said,
        "Reason": "Why.",
        "PhysicalResourceId": "made-by-an-earlier-version",
        "StackId": STACK,
        "RequestId": "1a2b3c4d-0000-4000-8000-000000000000",
        "LogicalResourceId": "Removal",
    }
    assert answers.got == [("", sent)]


def test_what_is_made_keeps_its_id_and_a_long_reason_is_cut(answers: Answers) -> None:
    created = {name: value for name, value in EVENT.items() if name != "PhysicalResourceId"}
    Request.read({**created, "ResponseURL": answers.url}).answer(success=False, reason="x" * 10_000)
    ((_, sent),) = answers.got
    assert sent["PhysicalResourceId"] == "Removal"
    assert (len(sent["Reason"]), sent["Reason"][-4:]) == (MAX_REASON, "x...")
    assert len(json.dumps(sent)) < 4096


def test_an_answer_that_is_not_taken_is_given_again(answers: Answers, no_pauses: list[float]) -> None:
    answers.refuses = TRIES - 1
    Request.read({**EVENT, "ResponseURL": answers.url}).answer(success=True, reason="")
    assert (len(answers.got), len(no_pauses)) == (TRIES, TRIES - 1)


def test_an_answer_that_can_not_be_given_is_an_error_so_that_lambda_calls_again(no_pauses: list[float]) -> None:
    with pytest.raises(ServiceUnavailable, match="could not be answered") as raised:
        Request.read(EVENT).answer(success=True, reason="")
    assert isinstance(raised.value.__cause__, urllib.error.URLError)
    assert no_pauses == [1, 2]


# The function ---------------------------------------------------------------------------------------------------------


@dataclass
class Stack:
    """``Stacks`` of one stack."""

    being_deleted: bool | Exception = True

    def is_being_deleted(self, stack_id: str) -> bool:
        assert stack_id == STACK
        if isinstance(self.being_deleted, Exception):
            raise self.being_deleted
        return self.being_deleted


Remove = Callable[..., tuple[str, str]]
ASKED = "asked before"


@pytest.fixture
def remove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: Answers) -> Remove:
    """Calls the function as CloudFormation does, with a model that runs; what CloudFormation was answered."""
    environment = {
        **ENVIRONMENT,
        "MODEL_TABLE_NAME": "models",
        "STOP_MODEL_ARN": MACHINES.stop_model,
        "STATE_MACHINE_ARNS": f"{MACHINES.start_model},{MACHINES.stop_model}",
        "POLICY_ARNS": OPERATORS,
        "OWN_RULES": "CustomLabelsLifecycle.",
    }
    with deployed(tmp_path, CONFIGURATION, environment):
        module = importlib.import_module("handlers.remove")
    made = account(HELD, boards="RUNNING")
    obstacles = made.remover().obstacles

    def call(
        kind: str = "Delete", on_destroy: str = "refuse", being_deleted: bool | Exception = True
    ) -> tuple[str, str]:
        for name, twin in {"MODELS": made, "ITEMS": made.items, "EXECUTIONS": made, "OBSTACLES": obstacles}.items():
            monkeypatch.setattr(module, name, twin)
        monkeypatch.setattr(module, "STACKS", Stack(being_deleted))
        monkeypatch.setattr(module, "CONFIGURATION", configured(on_destroy=OnDestroy(on_destroy)))
        if kind == ASKED:
            said = module.handler({}, Context("remove", remaining=300_000))
            return "SUCCESS" if said["Success"] else "FAILED", said["Reason"]
        event = {**EVENT, "RequestType": kind, "ResponseURL": answers.url}
        module.handler(event, Context("remove", remaining=300_000))
        ((_, sent),) = answers.got
        return sent["Status"], sent["Reason"]

    return call


def test_a_deletion_is_refused_while_a_model_runs(remove: Remove) -> None:
    status, reason = remove()
    assert (status, "defects (RUNNING, held by shift)" in reason) == ("FAILED", True)


def test_who_asks_before_is_answered_whether_it_would_be_refused_and_nothing_is_stopped(remove: Remove) -> None:
    """A stack whose deletion was refused can't be updated any more."""
    status, reason = remove(ASKED)
    assert (status, "defects (RUNNING, held by shift)" in reason) == ("FAILED", True)
    assert [remove(ASKED, on_destroy=one)[0] for one in ("stop", "leave")] == ["SUCCESS", "SUCCESS"]


def test_a_deletion_goes_on_where_models_are_to_be_left(remove: Remove) -> None:
    assert remove(on_destroy="leave")[0] == "SUCCESS"


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_deploy_never_fails_for_it(kind: str, remove: Remove) -> None:
    assert remove(kind, being_deleted=ServiceUnavailable("not asked"))[0] == "SUCCESS"


@pytest.mark.parametrize("on_destroy", OnDestroy)
def test_what_undoes_a_creation_or_an_update_is_not_held_up_and_stops_nothing(on_destroy: str, remove: Remove) -> None:
    assert remove(on_destroy=on_destroy, being_deleted=False) == (
        "SUCCESS",
        "The stack stays: an update, or what undoes one, deletes this resource alone.",
    )


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (
            {"being_deleted": ServiceUnavailable("DescribeStacks answered Throttling: slower")},
            "DescribeStacks answered",
        ),
        ({"being_deleted": RuntimeError("a defect")}, "RuntimeError: a defect"),
    ],
    ids=["an error of AWS", "a defect"],
)
def test_whatever_goes_wrong_cloudformation_is_answered_with_it(
    wrong: dict[str, Any], reason: str, remove: Remove
) -> None:
    """Without an answer it waits until its timeout, and then tries again."""
    status, said = remove(**wrong)
    assert status == "FAILED"
    assert said.startswith(reason)


# --- Inboxes ----------------------------------------------------------------------------------------------------------


def test_before_the_stack_is_removed_its_inboxes_are_paused_so_that_no_tick_starts_a_model_in_between() -> None:
    made = account()
    paused: list[str] = []
    remover = replace(made.remover(), inboxes=("line-1", "line-2"), pause=paused.append)
    assert remover.run(OnDestroy.REFUSE).startswith("No model of this app runs")
    assert paused == ["line-1", "line-2"]


def test_a_run_that_a_tick_has_just_begun_is_a_reason_to_refuse() -> None:
    made = account()
    run = execution_arn(MACHINES.run_with_model, "inbox-line-1-7-20261124T0700Z")
    remover = replace(made.remover(), inboxes=("line-1",), pause=lambda _: made.going_on.append(run))
    with pytest.raises(StillRunning, match="Nothing was deleted"):
        remover.run(OnDestroy.REFUSE)


def test_a_removal_that_is_refused_pauses_nothing() -> None:
    made = account(ModelItem(ARN, managed=True), boards="RUNNING")
    paused: list[str] = []
    with pytest.raises(StillRunning):
        replace(made.remover(), inboxes=("line-1",), pause=paused.append).run(OnDestroy.REFUSE)
    assert paused == []
