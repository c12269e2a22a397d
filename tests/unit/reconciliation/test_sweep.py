"""One sweep over all models: in which order it reads, what it begins under which names, and what never stops it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.configuration import Configuration, Model, Unleased
from lifecycle.errors import AccessDenied, ServiceUnavailable
from lifecycle.executions.budget import spending_so_far
from lifecycle.executions.consistency import KNOWN_AFTER
from lifecycle.executions.names import MAX_NAME
from lifecycle.executions.outcomes import Outcome
from lifecycle.model import leases
from lifecycle.model.leases import Claim, Lease, ModelItem, PendingLease
from lifecycle.model.sweep_record import SweepRecord, SweptProject
from lifecycle.model.usage import Running
from lifecycle.model.version import ModelVersion, ProjectVersions
from lifecycle.ports import ChooseProjects, ExecutionState, every_project
from lifecycle.reconciliation.sweep import Sweeper, Swept
from lifecycle.reconciliation.sweep_rules import Finding
from lifecycle.shared.wire import Json
from lifecycle.start_model.request import start_request
from lifecycle.stop_model.request import stop_request
from tests.unit.examples import ACCOUNT, ARN, CONFIGURATION, MACHINES, NOW, OTHER_ARN, configured, execution
from tests.unit.twins import Clock, Executions, Items, Ledger, Models, OpenExecutions

EARLIER = NOW - timedelta(hours=1)
STARTER, STOP = execution().id, execution("evening", machine="StopModel").id
EXPIRED, SHIFT = Lease("old", EARLIER, EARLIER), Lease("shift", EARLIER, NOW + timedelta(hours=1))
NOBODY = "No lease holds it any more."


def arn(project: str, version: str = "v1") -> str:
    return f"{ACCOUNT}:project/{project}/version/{version}/1793520000000"


@dataclass
class Projects(Models):
    """``Models.versions`` of several projects; of one that can't be read there is a problem instead."""

    statuses: dict[str, str] = field(default_factory=dict)
    """By the version's ARN."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    asked: list[frozenset[str]] = field(default_factory=list)
    on_read: Callable[[], object] = lambda: None

    def versions(self, projects: Collection[str], choose: ChooseProjects = every_project) -> Iterator[ProjectVersions]:
        self.asked.append(frozenset(projects))
        self.on_read()
        by_project: dict[str, list[ModelVersion]] = {name: [] for name in self.unreadable}
        for version_arn, status in self.statuses.items():
            name = version_arn.split("/")[1]
            by_project.setdefault(name, []).append(ModelVersion(version_arn, status, None, 3))
        for name in choose([name for name in by_project if name in projects or "*" in projects]):
            problem = self.unreadable.get(name)
            yield ProjectVersions(name, None if problem else by_project[name], problem)


@dataclass
class Sweeps:
    """A sweeper and the world around it."""

    models: Projects = field(default_factory=Projects)
    items: Items = field(default_factory=Items)
    executions: Executions = field(default_factory=Executions)
    open_executions: OpenExecutions = field(default_factory=OpenExecutions)
    ledger: Ledger = field(default_factory=Ledger)
    configuration: Configuration = CONFIGURATION
    now: datetime = NOW
    notified: list[Finding] = field(default_factory=list)
    undelivered: dict[str, Exception] = field(default_factory=dict)
    """What notifying people of a model raises."""
    settled: list[str] = field(default_factory=list)
    running: frozenset[str] = frozenset()
    unsettled: dict[str, Exception] = field(default_factory=dict)

    models_in_time: int = 1000
    remembered: list[SweepRecord] = field(default_factory=list)

    def _has_time(self) -> bool:
        self.models_in_time -= 1
        return self.models_in_time >= 0

    def run(self) -> Swept:
        return Sweeper(
            now=self.now,
            configuration=self.configuration,
            models=self.models,
            items=self.items,
            executions=self.executions,
            open_executions=self.open_executions,
            notify=self._notify,
            settle=self._settle,
            start_model_arn=MACHINES.start_model,
            stop_model_arn=MACHINES.stop_model,
            spent=lambda: spending_so_far(self.items, self.ledger, self.now, self.configuration),
            has_time=self._has_time,
            remember=self.remembered.append,
        ).run()

    def has(self, version_arn: str, status: str | None, **fields: Any) -> None:
        """A model with this status (None: its version is gone) and these fields of its item."""
        if status:
            self.models.statuses[version_arn] = status
        if fields:
            runs = Running(NOW, 1) if status == "RUNNING" else None
            assert self.items.put(replace(ModelItem(version_arn), **{"running": runs, **fields}))

    @property
    def started(self) -> dict[str, Json]:
        """The inputs of the executions that were begun, by name."""
        return {name: payload for (_, name), payload in self.executions.started.items()}

    @property
    def began(self) -> list[str]:
        """How their names begin, without what only tells them apart."""
        return [name.rpartition("-")[0] for name in self.started]

    def _notify(self, found: Finding) -> None:
        if error := self.undelivered.get(found.project_version_arn):
            raise error
        self.notified.append(found)

    def _settle(self, execution_arn: str) -> bool:
        if error := self.unsettled.get(execution_arn):
            raise error
        if execution_arn in self.running:
            return False
        self.settled.append(execution_arn)
        return True


def test_models_are_stopped_that_nobody_holds_and_others_are_left_alone() -> None:
    sweeps = Sweeps()
    sweeps.has(ARN, "RUNNING", managed=True)
    sweeps.has(arn("boards", "v2"), "RUNNING", managed=True, leases=(SHIFT,))
    sweeps.has(OTHER_ARN, "STARTING", managed=True)
    sweeps.has(arn("welds"), "STOPPED")
    swept = sweeps.run()
    assert {machine for machine, _ in sweeps.executions.started} == {MACHINES.stop_model}
    assert [*sweeps.started.values()] == [
        {"ProjectVersionArn": one, "Context": {"StartedBySweep": NOBODY}} for one in (ARN, OTHER_ARN)
    ]
    assert sweeps.began == ["sweep-stop-defects-20261124T0700Z", "sweep-stop-v7-20261124T0700Z"]
    assert swept == Swept(models=4, reported=0, stops=2, restarts=0, settled=0, problems=())
    assert swept.reason == (
        "4 models seen, 0 findings reported, 2 stops and 0 starts begun, 0 ended executions settled, 0 problems."
    )


def test_a_sweep_that_runs_out_of_time_says_so_and_the_next_one_goes_on() -> None:
    sweeps = Sweeps(models_in_time=2)
    arns = [arn("boards", f"v{number}") for number in range(5)]
    for one in arns:
        sweeps.has(one, "RUNNING", managed=True)
    swept = sweeps.run()
    assert (swept.models, swept.stops) == (5, 2)
    assert swept.problems == ("there was no time for 3 models: the next sweep goes on with them",)
    sweeps.models_in_time = 1000
    for one in arns[:2]:
        sweeps.models.statuses[one] = "STOPPING"
    assert sweeps.run().stops == 3
    assert sorted(one["ProjectVersionArn"] for one in sweeps.started.values()) == arns


def test_what_it_begins_are_inputs_that_the_state_machines_accept() -> None:
    sweeps = Sweeps(configuration=configured(restart_when_down=True))
    sweeps.has(ARN, "RUNNING", managed=True)
    sweeps.has(OTHER_ARN, "FAILED", managed=True, leases=(SHIFT,))
    sweeps.run()
    stop, start = sweeps.started.values()
    assert stop_request(stop, execution(machine="StopModel"), CONFIGURATION).project_version_arn == ARN
    asked = start_request(start, execution(), CONFIGURATION)
    assert (asked.project_version_arn, asked.lease_id, asked.lease_minutes) == (OTHER_ARN, "shift", 60)


def test_a_model_that_is_down_is_started_again_for_each_lease() -> None:
    sweeps = Sweeps(configuration=configured(restart_when_down=True))
    sweeps.has(ARN, "STOPPED", managed=True, leases=(SHIFT, Lease("production", EARLIER)))
    swept = sweeps.run()
    assert (swept.reported, swept.restarts, swept.stops) == (1, 2, 0)
    assert {machine for machine, _ in sweeps.executions.started} == {MACHINES.start_model}
    assert sweeps.began == ["sweep-start-defects-20261124T0700Z"] * 2
    assert [one["LeaseId"] for one in sweeps.started.values()] == ["shift", "production"]
    assert sweeps.items.get(ARN).leases == ()


def test_what_is_found_is_reported_with_the_inference_units_that_the_service_reports() -> None:
    sweeps = Sweeps()
    sweeps.has(ARN, "RUNNING")
    assert sweeps.run().reported == 1
    assert sweeps.notified == [Finding(Outcome.UNLEASED_MODEL, ARN, "unleased#0", "RUNNING", min_inference_units=3)]
    assert sweeps.items.get(ARN).reported == ("UNLEASED_MODEL",)
    assert sweeps.run().reported == 0


# Reading ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("projects", "every"), [(("cables",), False), (("*",), True)])
def test_the_projects_of_configured_models_and_of_all_items_are_checked(projects: tuple[str, ...], every: bool) -> None:
    sweeps = Sweeps(configuration=replace(CONFIGURATION, projects=projects))
    sweeps.has(arn("elsewhere"), "RUNNING", managed=True)
    sweeps.has(arn("foreign"), "RUNNING")
    swept = sweeps.run()
    assert sweeps.models.asked == [{"boards", "welds", "elsewhere", *projects}]
    assert (swept.models, swept.stops, swept.reported) == (1 + every, 1, every)


def test_what_it_saw_is_remembered_of_the_projects_that_could_be_read() -> None:
    sweeps = Sweeps(Projects(unreadable={"boards": "AccessDenied"}))
    sweeps.has(ARN, None, leases=(SHIFT,))
    sweeps.has(OTHER_ARN, "STOPPED", managed=True)
    sweeps.has(arn("elsewhere"), None, managed=True)
    sweeps.run()
    seen = SweptProject(OTHER_ARN.split("/")[1], (ModelVersion(OTHER_ARN, "STOPPED", None, 3),))
    assert sweeps.remembered == [SweepRecord(NOW, (seen,))]


def test_the_items_are_read_before_the_versions_so_that_no_status_is_older_than_its_item() -> None:
    """Read the other way round: STOPPED, then a start settles its lease, and the model would be down."""
    sweeps = Sweeps()
    sweeps.has(ARN, "STOPPED", managed=True)
    sweeps.models.on_read = lambda: sweeps.items.change(lambda found: replace(found, leases=(SHIFT,)))
    assert sweeps.run().reported == 0
    assert sweeps.items.get(ARN).leases == (SHIFT,)


def test_what_was_found_is_not_reported_where_somebody_has_changed_the_item_meanwhile() -> None:
    """Released and stopped while other projects were read: the model is not down, nobody needs it any more."""
    sweeps = Sweeps()
    sweeps.has(ARN, "STOPPED", managed=True, leases=(SHIFT,))
    sweeps.models.on_read = lambda: sweeps.items.change(lambda found: leases.release(found, "shift", NOW))
    assert (sweeps.run(), sweeps.notified) == (Swept(1, 0, 0, 0, 0, ()), [])


def test_a_model_whose_version_is_gone_loses_its_leases() -> None:
    sweeps = Sweeps()
    sweeps.has(ARN, None, managed=True, leases=(SHIFT,))
    sweeps.has(arn("boards", "v2"), "STOPPED")
    assert sweeps.run().models == 2
    assert [(one.outcome, one.status) for one in sweeps.notified] == [(Outcome.MODEL_DOWN, "NOT_FOUND")]


def test_a_project_that_can_not_be_read_is_a_problem_of_its_own_and_its_models_are_not_taken_for_gone() -> None:
    sweeps = Sweeps(Projects(unreadable={"boards": "DescribeProjectVersions answered AccessDeniedException: no"}))
    sweeps.has(ARN, None, managed=True, leases=(SHIFT,))
    sweeps.has(OTHER_ARN, "RUNNING", managed=True)
    swept = sweeps.run()
    assert swept.problems == ("project boards: DescribeProjectVersions answered AccessDeniedException: no",)
    assert (swept.models, swept.stops, sweeps.notified) == (1, 1, [])
    assert sweeps.items.get(ARN).leases == (SHIFT,)


# Executions that have ended -----------------------------------------------------------------------


def test_a_model_whose_item_is_nonsense_is_left_alone_and_reported_and_the_others_are_swept() -> None:
    """Nobody knows who holds it. Were the sweep to fail, a single item could let all models bill for ever."""
    sweeps = Sweeps(models=Projects(statuses={ARN: "RUNNING", OTHER_ARN: "RUNNING"}))
    sweeps.items.nonsense[ARN] = ValueError("it is of 'nobody'")
    sweeps.items.put(ModelItem(OTHER_ARN, managed=True))
    swept = sweeps.run()
    assert swept.problems == (f"{ARN}: its item can't be read: it is of 'nobody'",)
    (payload,) = sweeps.started.values()
    assert payload["ProjectVersionArn"] == OTHER_ARN
    assert ARN not in sweeps.items.kept


def test_executions_that_have_ended_are_settled() -> None:
    arns = [execution(name).id for name in ("one", "two", "three")]
    sweeps = Sweeps(open_executions=OpenExecutions(arns), running=frozenset(arns[1:2]))
    assert sweeps.run().settled == 2
    assert sweeps.settled == [arns[0], arns[2]]


@pytest.mark.parametrize(
    ("ends", "given_back"),
    [
        ({}, True),  # Step Functions has forgotten it
        ({STARTER: (0, ExecutionState("FAILED"))}, True),
        ({STARTER: (0, ExecutionState("SUCCEEDED"))}, True),
        ({STARTER: (60, ExecutionState("FAILED"))}, False),  # under way
    ],
    ids=["forgotten", "failed", "succeeded", "running"],
)
def test_the_pending_lease_of_a_start_that_has_ended_is_given_back(
    ends: Mapping[str, tuple[float, ExecutionState]], given_back: bool
) -> None:
    sweeps = Sweeps(executions=Executions(ends))
    sweeps.has(ARN, "RUNNING", managed=True, pending=(PendingLease("shift", STARTER, NOW + timedelta(hours=1)),))
    assert sweeps.run().stops == given_back
    assert bool(sweeps.items.get(ARN).pending) is not given_back


@pytest.mark.parametrize(("ended", "over"), [(60, False), (60.001, True)])
def test_a_stop_that_died_is_done_again_once_no_call_of_it_can_land(ended: float, over: bool) -> None:
    state = ExecutionState("ABORTED", stopped_at=NOW - timedelta(seconds=ended))
    sweeps = Sweeps(executions=Executions({STOP: (0, state)}, Clock()))
    sweeps.has(ARN, "RUNNING", managed=True, claim=Claim(STOP, EARLIER))
    assert sweeps.run().stops == over
    because = "The execution that was to stop it ended without doing so."
    assert [one["Context"] for one in sweeps.started.values()] == [{"StartedBySweep": because}] * over


@pytest.mark.parametrize(("since", "ended"), [(KNOWN_AFTER, False), (KNOWN_AFTER + timedelta(seconds=1), True)])
def test_a_start_that_step_functions_does_not_know_yet_keeps_its_lease(since: timedelta, ended: bool) -> None:
    """It has taken it a moment ago, and is under way for certain."""
    pending = PendingLease("shift", STARTER, NOW + timedelta(hours=1))
    sweeps = Sweeps(executions=Executions({}))
    sweeps.has(ARN, "RUNNING", managed=True, pending=(pending,), changed_at=NOW - since)
    assert sweeps.run().stops == ended
    assert bool(sweeps.items.get(ARN).pending) is not ended


@pytest.mark.parametrize(("since", "over"), [(60, False), (61, True)])
def test_a_stop_that_step_functions_does_not_know_yet_keeps_its_claim(since: float, over: bool) -> None:
    """DescribeExecution is eventually consistent, and a stop that has just begun is about to call."""
    sweeps = Sweeps(executions=Executions({}))
    sweeps.has(ARN, "RUNNING", managed=True, claim=Claim(STOP, NOW - timedelta(seconds=since)))
    assert sweeps.run().stops == over


# Names --------------------------------------------------------------------------------------------

LONG = "v" * 255


@pytest.mark.parametrize(
    ("version_arn", "begins"),
    [
        (ARN, "sweep-stop-defects-20261124T0700Z"),
        (arn("boards", "line-2.2026"), "sweep-stop-line-2.2026-20261124T0700Z"),
        (arn("boards", LONG), f"sweep-stop-{'v' * 43}-20261124T0700Z"),
    ],
    ids=["configured", "by its version", "long"],
)
def test_an_execution_that_the_sweep_begins_has_a_readable_name(version_arn: str, begins: str) -> None:
    sweeps = Sweeps()
    sweeps.has(version_arn, "RUNNING", managed=True)
    sweeps.run()
    assert sweeps.began == [begins]
    (name,) = sweeps.started
    assert len(name) <= MAX_NAME == 80
    assert not set(name) & set(':/ <>{}[]?*"#%\\^|~`$&,;')  # API reference of StartExecution


def test_two_versions_of_one_name_are_stopped_by_the_same_sweep() -> None:
    """Each under a name of its own: the second would else be taken for the first."""
    sweeps = Sweeps(configuration=Configuration(models={"defects": Model(project="boards")}))
    for version in ("v1", "v2"):
        sweeps.has(arn("boards", version), "RUNNING", managed=True)
    assert sweeps.run().stops == 2
    assert sweeps.began == ["sweep-stop-v1-20261124T0700Z", "sweep-stop-v2-20261124T0700Z"]


def test_a_name_has_the_minute_in_utc() -> None:
    sweeps = Sweeps(now=datetime.fromisoformat("2026-11-24T01:59:59.999+02:00"))
    sweeps.has(ARN, "RUNNING", managed=True)
    sweeps.run()
    assert sweeps.began == ["sweep-stop-defects-20261123T2359Z"]
    assert sweeps.now.astimezone(UTC).day == 23


def test_a_later_sweep_and_one_that_finds_the_item_changed_begin_another_execution() -> None:
    """One that has failed is not met for ever."""
    sweeps = Sweeps()
    sweeps.has(ARN, "RUNNING", managed=True)
    sweeps.run()
    sweeps.now += timedelta(minutes=1)
    sweeps.run()
    sweeps.items.change(lambda found: found)
    sweeps.run()
    assert len(sweeps.started) == 3


# Equal names --------------------------------------------------------------------------------------

EVERY_PROJECT = configured(projects=("*",), restart_when_down=True)


@pytest.mark.parametrize("version", ["v1", LONG], ids=["a short name", "one that is cut"])
def test_models_of_different_projects_whose_versions_have_one_name_are_each_stopped(version: str) -> None:
    sweeps = Sweeps(configuration=EVERY_PROJECT)
    unheld = [arn(project, version) for project in ("bottles", "cables", "labels")]
    for one in unheld:
        sweeps.has(one, "RUNNING", managed=True)
    assert sweeps.run().stops == 3
    assert [payload["ProjectVersionArn"] for payload in sweeps.started.values()] == unheld


@pytest.mark.parametrize("version", ["v1", LONG], ids=["a short name", "one that is cut"])
def test_models_of_different_projects_whose_versions_have_one_name_are_each_started_again(version: str) -> None:
    sweeps = Sweeps(configuration=EVERY_PROJECT)
    down = [arn(project, version) for project in ("bottles", "cables")]
    for one in down:
        sweeps.has(one, "STOPPED", managed=True, leases=(SHIFT, Lease("production", EARLIER)))
    assert sweeps.run().restarts == 4
    assert [(one["ProjectVersionArn"], one["LeaseId"]) for one in sweeps.started.values()] == [
        (one, lease_id) for one in down for lease_id in ("shift", "production")
    ]


@pytest.mark.parametrize(("status", "machine"), [("RUNNING", MACHINES.stop_model), ("STOPPED", MACHINES.start_model)])
def test_an_execution_of_the_name_that_is_about_another_model_is_a_problem_and_the_leases_stay(
    status: str, machine: str
) -> None:
    """Whoever has started it: the name is taken, and nothing was done for this model."""
    sweeps = Sweeps(configuration=EVERY_PROJECT)
    held = (SHIFT,) if status == "STOPPED" else ()
    sweeps.has(ARN, status, managed=True, leases=held)
    probe = replace(sweeps, items=replace(sweeps.items, kept=dict(sweeps.items.kept)), executions=Executions())
    probe.run()
    (name,) = probe.started
    sweeps.executions.started[machine, name] = {"ProjectVersionArn": OTHER_ARN}
    swept = sweeps.run()
    assert (swept.stops, swept.restarts) == (0, 0)
    (problem,) = swept.problems
    assert problem.startswith(f"{ARN}: ")
    assert f"{name} is there already, and is about something else" in problem
    assert sweeps.items.get(ARN).leases == held


@pytest.mark.parametrize("held", [(), (EXPIRED,)], ids=["an item as it is", "an item that the sweep changes"])
def test_a_sweep_that_is_run_twice_begins_one_execution(held: tuple[Lease, ...]) -> None:
    sweeps = Sweeps()
    sweeps.has(ARN, "RUNNING", managed=True, leases=held)
    assert (sweeps.run().stops, replace(sweeps, now=NOW + timedelta(seconds=59)).run().stops) == (1, 1)
    assert len(sweeps.started) == 1


def test_a_stop_that_failed_is_begun_again_by_the_next_sweep() -> None:
    sweeps = Sweeps()
    sweeps.has(ARN, "RUNNING", managed=True)
    sweeps.run()
    replace(sweeps, now=NOW + timedelta(minutes=5)).run()
    assert len(sweeps.started) == 2


# Trouble ------------------------------------------------------------------------------------------

DOWN = ServiceUnavailable("It is down.")
BROKEN = KeyError("Expires")


@pytest.mark.parametrize(("error", "says"), [(DOWN, "It is down."), (BROKEN, "KeyError: 'Expires'")], ids=str)
def test_a_finding_that_can_not_be_reported_keeps_its_model_for_the_next_sweep_and_no_other(
    error: Exception, says: str
) -> None:
    sweeps = Sweeps(undelivered={ARN: error})
    sweeps.has(ARN, "RUNNING", managed=True, leases=(EXPIRED,))
    sweeps.has(OTHER_ARN, "RUNNING", managed=True, leases=(EXPIRED,))
    swept = sweeps.run()
    assert swept == Swept(models=2, reported=1, stops=1, restarts=0, settled=0, problems=(f"{ARN}: {says}",))
    assert sweeps.items.get(ARN).leases == (EXPIRED,)
    sweeps.undelivered.clear()
    assert (sweeps.run().reported, len(sweeps.notified)) == (1, 2)


def test_a_model_whose_item_changes_meanwhile_is_checked_by_the_next_sweep() -> None:
    sweeps = Sweeps()
    sweeps.has(ARN, "RUNNING", managed=True, pending=(PendingLease("old", STARTER, EARLIER),))
    sweeps.has(OTHER_ARN, "RUNNING", managed=True)
    sweeps.items.meanwhile.append(lambda items: items.change(lambda found: replace(found, changed_at=NOW)))
    swept = sweeps.run()
    assert (swept.stops, swept.problems) == (1, ())
    assert sweeps.began == ["sweep-stop-v7-20261124T0700Z"]


@dataclass
class Refusing(Executions):
    """``ports.Executions`` that can't start an execution of one model."""

    refused: str = ""

    def start(self, state_machine_arn: str, name: str, payload: Json) -> bool:
        if payload["ProjectVersionArn"] == self.refused:
            raise AccessDenied("StartExecution answered AccessDeniedException: no")
        return super().start(state_machine_arn, name, payload)


def test_an_execution_that_can_not_be_begun_is_a_problem_of_its_model_alone() -> None:
    sweeps = Sweeps(executions=Refusing(refused=ARN))
    sweeps.has(ARN, "RUNNING", managed=True)
    sweeps.has(OTHER_ARN, "RUNNING", managed=True)
    swept = sweeps.run()
    assert swept.problems == (f"{ARN}: StartExecution answered AccessDeniedException: no",)
    assert (swept.stops, sweeps.began) == (1, ["sweep-stop-v7-20261124T0700Z"])


@pytest.mark.parametrize(("error", "says"), [(DOWN, "It is down."), (BROKEN, "KeyError: 'Expires'")], ids=str)
def test_an_execution_that_can_not_be_settled_keeps_no_other_and_no_model_from_being_checked(
    error: Exception, says: str
) -> None:
    sweeps = Sweeps(open_executions=OpenExecutions([STARTER, STOP]), unsettled={STARTER: error})
    sweeps.has(ARN, "RUNNING", managed=True)
    swept = sweeps.run()
    assert swept == Swept(models=1, reported=0, stops=1, restarts=0, settled=1, problems=(f"{STARTER}: {says}",))


def test_where_the_executions_under_way_can_not_be_read_the_models_are_swept_all_the_same() -> None:
    class Unreadable(OpenExecutions):
        def all(self) -> list[str]:
            raise DOWN

    sweeps = Sweeps(open_executions=Unreadable())
    sweeps.has(ARN, "RUNNING", managed=True)
    swept = sweeps.run()
    assert (swept.stops, swept.problems) == (1, ("executions under way: It is down.",))


def test_whose_end_can_not_be_found_is_a_problem_of_its_model_alone() -> None:
    def describe(execution_arn: str) -> None:
        if execution_arn == STARTER:
            raise DOWN

    sweeps = Sweeps(executions=Executions(on_describe=describe))
    sweeps.has(ARN, "RUNNING", managed=True, pending=(PendingLease("shift", STARTER, NOW + timedelta(hours=1)),))
    sweeps.has(OTHER_ARN, "RUNNING", managed=True)
    swept = sweeps.run()
    assert (swept.stops, swept.problems) == (1, (f"{ARN}: It is down.",))
    assert len(sweeps.items.get(ARN).pending) == 1


def test_models_that_run_without_this_app_are_stopped_where_that_is_configured() -> None:
    sweeps = Sweeps(configuration=configured(unleased_models=Unleased.STOP))
    sweeps.has(ARN, "RUNNING")
    swept = sweeps.run()
    assert (swept.reported, swept.stops, sweeps.notified[0].stopped) == (1, 1, True)
    assert sweeps.began == ["sweep-stop-defects-20261124T0700Z"]
