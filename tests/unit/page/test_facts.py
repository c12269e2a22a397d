"""Reading for the page: what can't be read is told, and the rest is shown."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from lifecycle.configuration import Configuration, Model
from lifecycle.errors import AccessDenied, ServiceUnavailable
from lifecycle.model.bill import Session
from lifecycle.model.idle import Busy
from lifecycle.model.leases import Lease, ModelItem, PendingLease
from lifecycle.model.sweep_record import SweepRecord, SweptProject
from lifecycle.model.version import ModelVersion, ProjectVersions
from lifecycle.page.facts import BUDGET, Reader
from lifecycle.page.freshness import FEW
from lifecycle.page.view import Facts
from lifecycle.ports import ChooseProjects, ExecutionState, Unreadable, every_project
from tests.unit.examples import ACCOUNT, ARN, CONFIGURED_ARN, NOW, OTHER_ARN, execution
from tests.unit.reconciliation.test_sweep import Projects
from tests.unit.twins import Clock, Executions, Items

CONFIGURATION = Configuration(models={"defects": Model(ARN), "welds": Model(CONFIGURED_ARN)})


@dataclass
class Broken(Items):
    """A table that can't be read."""

    def all(self, *_: object, **__: object) -> list[ModelItem]:
        raise AccessDenied("Scan answered AccessDeniedException: no")


@dataclass
class Books:
    """``ports.Ledger``, ``ports.BusyMinutes`` and ``ports.Sweeps``, or none of them."""

    ended: Sequence[Session] = ()
    swept_at: datetime | None = NOW
    broken: bool = False
    asked: list[str] = field(default_factory=list)
    busy: Busy = field(default_factory=dict)
    swept: SweepRecord | None = None

    def record(self) -> SweepRecord | None:
        return self.swept

    def remember(self, _record: SweepRecord) -> None:
        raise AssertionError("whoever reads remembers nothing")

    def of(self, _month: str) -> Busy:
        if self.broken:
            raise ServiceUnavailable("Query got no answer")
        return self.busy

    def add(self, _arn: str, _since: datetime, _until: datetime) -> None:
        raise AssertionError("whoever reads records nothing")

    def begin(self, _arn: str, _at: datetime, _batch: str) -> None:
        raise AssertionError("whoever reads begins nothing")

    end = begin

    def sessions(self, month: str, _now: datetime, _unreadable: Unreadable) -> Sequence[Session]:
        self.asked.append(month)
        if self.broken:
            raise ServiceUnavailable("Query got no answer")
        return self.ended

    def last(self) -> datetime | None:
        if self.broken:
            raise ServiceUnavailable("GetItem got no answer")
        return self.swept_at

    def mark(self, _now: datetime) -> datetime | None:
        raise AssertionError("whoever reads marks nothing")


def read(
    projects: Projects,
    items: Items | None = None,
    executions: Executions | None = None,
    books: Books | None = None,
    clock: Clock | None = None,
    *,
    configuration: Configuration = CONFIGURATION,
    quickly: bool = False,
) -> Facts:
    clock, books, executions = clock or Clock(), books or Books(), executions or Executions()
    reader = Reader(configuration, projects, items or Items(), executions, books, books, books, lambda: clock.now)
    return reader.read(quickly=quickly)


def test_it_reads_the_projects_of_the_configuration_and_of_the_items() -> None:
    items = Items()
    assert items.put(ModelItem(OTHER_ARN))
    projects = Projects(statuses={ARN: "STOPPED", OTHER_ARN: "RUNNING"})
    facts = read(projects, items)
    assert projects.asked == [frozenset({"boards", "welds", "cables"})]
    assert {arn: version.status for arn, version in facts.versions.items()} == {ARN: "STOPPED", OTHER_ARN: "RUNNING"}
    assert (facts.problems, facts.unread, facts.last_sweep) == ((), {}, NOW)


def test_it_reads_what_this_month_has_cost() -> None:
    session = Session(ARN, NOW - timedelta(hours=2), NOW - timedelta(hours=1), 1, 4.0, "defects")
    books = Books(ended=(session,))
    assert read(Projects(), books=books).ended == (session,)
    assert books.asked == ["2026-11"]


def test_the_items_are_read_before_the_models() -> None:
    """Else a status could be older than the lease that it is shown with."""
    items = Items()
    projects = Projects(on_read=lambda: items.put(ModelItem(OTHER_ARN)))
    assert OTHER_ARN not in read(projects, items).items


def test_a_project_that_can_not_be_read_does_not_keep_the_others_from_being_shown() -> None:
    facts = read(Projects(statuses={ARN: "RUNNING"}, unreadable={"welds": "Throttled"}))
    assert facts.unread == {"welds": "Throttled"}
    assert facts.versions.keys() == {ARN}


def test_what_can_not_be_read_at_all_is_reported() -> None:
    def no_projects() -> None:
        raise ServiceUnavailable("DescribeProjects got no answer")

    facts = read(Projects(on_read=no_projects), Broken(), books=Books(broken=True))
    assert facts.problems == (
        "The leases could not be read: Scan answered AccessDeniedException: no",
        "The time of the last sweep could not be read: GetItem got no answer",
        "This month's cost could not be read: Query got no answer",
        "How long models were idle could not be read: Query got no answer",
    )
    assert facts.unread == dict.fromkeys(("boards", "welds"), "DescribeProjects got no answer")


def test_a_record_that_can_not_be_read_is_left_out_and_the_others_are_shown() -> None:
    items = Items(nonsense={OTHER_ARN: ValueError("its Revision is 'four'")})
    assert items.put(ModelItem(ARN, managed=True))
    facts = read(Projects(statuses={ARN: "RUNNING"}), items)
    assert facts.items.keys() == {ARN}
    assert facts.problems == (f"A record can't be read, and is left out: {OTHER_ARN}: its Revision is 'four'",)


@dataclass
class Slow(Projects):
    """Each project takes half of the time that there is, and some."""

    clock: Clock = field(default_factory=Clock)

    def versions(self, projects: Collection[str], choose: ChooseProjects = every_project) -> Iterator[ProjectVersions]:
        for one in super().versions(projects, choose):
            self.clock.advance(BUDGET.total_seconds() * 1.01)
            yield one


def test_who_views_it_does_not_wait_for_ever() -> None:
    slow = Slow(statuses={ARN: "RUNNING", CONFIGURED_ARN: "RUNNING"})
    facts = read(slow, clock=slow.clock)
    assert len(facts.versions) == 1
    assert list(facts.unread.values()) == ["it would have taken longer than 20 s"]


def test_of_the_starts_under_way_it_reads_when_they_began() -> None:
    items, began = Items(), NOW - timedelta(minutes=3)
    pending = PendingLease("line-1", execution().id, NOW + timedelta(hours=1))
    assert items.put(ModelItem(ARN, pending=(pending,)))
    running = ExecutionState("RUNNING", started_at=began)
    facts = read(Projects(), items, Executions(ends={execution().id: (0, running)}))
    assert facts.began == {execution().id: began}


@dataclass
class Counted(Executions):
    """How often Step Functions is asked."""

    asked: list[str] = field(default_factory=list)

    def describe(self, execution_arn: str) -> ExecutionState | None:
        self.asked.append(execution_arn)
        return super().describe(execution_arn)


def test_however_many_wait_for_thirty_models_one_execution_of_each_that_is_starting_is_read() -> None:
    """Each call is some 30 ms on AWS, one after the other."""
    arns = [ARN.replace("/version/", f"/version/{number}-") for number in range(30)]
    items = Items()
    for arn in arns:
        pending = tuple(
            PendingLease(f"line-{line}", execution(f"{arn[-20:]}-{line}").id, NOW + timedelta(hours=1))
            for line in range(5)
        )
        assert items.put(ModelItem(arn, pending=pending))
    statuses = dict(zip(arns, ["STARTING", "STARTING", *["RUNNING", "STOPPED", "FAILED", "STOPPING"] * 7], strict=True))
    counted = Counted()
    assert len(read(Projects(statuses=statuses), items, counted).versions) == 30
    assert len(counted.asked) == 2


# As the sweep saw it ------------------------------------------------------------------------------

SEEN_AT = NOW - timedelta(minutes=4)
MANY = [f"{ACCOUNT}:project/line-{number:02}/version/v1/1" for number in range(FEW + 2)]
EVERY = Configuration(models={}, projects=("*",))
SEEN = SweepRecord(
    SEEN_AT, tuple(SweptProject(arn.split("/")[1], (ModelVersion(arn, "STOPPED", f1_score=0.9),)) for arn in MANY)
)


@dataclass
class Paced(Projects):
    """More than a few projects, of which each takes a second."""

    statuses: dict[str, str] = field(default_factory=lambda: dict.fromkeys(MANY, "FAILED"))
    clock: Clock = field(default_factory=Clock)
    seconds: float = 1
    read: list[str] = field(default_factory=list)

    def versions(self, projects: Collection[str], choose: ChooseProjects = every_project) -> Iterator[ProjectVersions]:
        for one in super().versions(projects, choose):
            self.clock.advance(self.seconds)
            self.read.append(one.project_name)
            yield one


def quickly(paced: Paced, items: Items | None = None, swept: SweepRecord | None = SEEN) -> Facts:
    return read(paced, items, books=Books(swept=swept), clock=paced.clock, configuration=EVERY, quickly=True)


def test_of_many_projects_those_at_rest_are_shown_as_the_sweep_saw_them() -> None:
    paced = Paced()
    facts = quickly(paced)
    assert (len(paced.read), sorted(facts.from_sweep)) == (FEW, ["line-08", "line-09"])
    assert (facts.versions[MANY[0]].status, facts.as_of("line-00")) == ("FAILED", None)
    assert (facts.versions[MANY[-1]].f1_score, facts.as_of("line-09")) == (0.9, SEEN_AT)
    assert (facts.unread, facts.problems) == ({}, ())


def test_what_matters_is_read_however_much_it_is() -> None:
    items = Items()
    for arn in MANY:
        assert items.put(ModelItem(arn, leases=(Lease("shift", SEEN_AT),)))
    facts = quickly(Paced(), items)
    assert ({one.status for one in facts.versions.values()}, facts.swept_at) == ({"FAILED"}, None)


def test_what_was_at_rest_is_shown_so_where_reading_takes_too_long() -> None:
    paced = Paced(seconds=BUDGET.total_seconds() + 1)
    facts = quickly(paced)
    assert (paced.read, len(facts.versions), facts.unread, facts.problems) == (["line-00"], len(MANY), {}, ())


def test_what_matters_and_can_not_be_read_in_time_is_not_shown_as_it_was() -> None:
    items = Items()
    for arn in MANY[:2]:
        assert items.put(ModelItem(arn, leases=(Lease("shift", SEEN_AT),)))
    facts = quickly(Paced(seconds=BUDGET.total_seconds() + 1), items)
    assert (facts.unread, MANY[1] in facts.versions) == ({"line-01": "it would have taken longer than 20 s"}, False)


def test_a_project_that_is_there_no_more_is_not_shown_as_the_sweep_saw_it() -> None:
    assert quickly(Paced(statuses={})).versions == {}


@pytest.mark.parametrize("swept", [None, replace(SEEN, at=NOW - timedelta(hours=1))], ids=["none", "an old one"])
def test_without_a_record_that_can_be_used_all_are_read(swept: SweepRecord | None) -> None:
    paced = Paced()
    assert quickly(paced, swept=swept).swept_at is None
    assert len(paced.read) == len(MANY)


def test_where_the_leases_can_not_be_read_nobody_knows_what_matters_and_all_are_read() -> None:
    paced = Paced()
    quickly(paced, Broken())
    assert len(paced.read) == len(MANY)


def test_a_report_is_complete() -> None:
    paced = Paced()
    facts = read(paced, books=Books(swept=SEEN), clock=paced.clock, configuration=EVERY)
    assert (len(paced.read), facts.from_sweep) == (len(MANY), frozenset())
