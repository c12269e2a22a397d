"""What the page reads afresh, in which order, and what it may show as the sweep saw it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.configuration import Configuration, Model
from lifecycle.model.leases import Claim, Lease, ModelItem, PendingLease
from lifecycle.model.sweep_record import SweepRecord, SweptProject
from lifecycle.model.usage import Running
from lifecycle.model.version import ModelVersion
from lifecycle.page.freshness import ReadingOrder, reading_order, usable, versions_of
from tests.unit.examples import ACCOUNT, NOW, execution

MINUTE = timedelta(minutes=1)
SEEN_AT = NOW - 4 * MINUTE
NAMES = ("a", "b", "c")
SETTINGS = Configuration(models={"of-b": Model(project="b")}, projects=("*",), sweep_minutes=5)


def arn(project: str, number: int = 1) -> str:
    return f"{ACCOUNT}:project/{project}/version/v1/{number}"


def record(**statuses: str) -> SweepRecord:
    """Three projects, STOPPED if not said otherwise."""
    named = dict.fromkeys(NAMES, "STOPPED") | statuses
    versions = {name: ModelVersion(arn(name), status) for name, status in named.items()}
    return SweepRecord(SEEN_AT, tuple(SweptProject(name, (version,)) for name, version in versions.items()))


def first(seen: SweepRecord | None, *items: ModelItem, settings: Configuration = SETTINGS, junk: str = "") -> Any:
    order = reading_order(NAMES, seen, items, [junk] if junk else [], settings)
    assert sorted((*order.first, *order.others)) == sorted(NAMES), "each is either read or may wait"
    return order.first


def test_what_was_at_rest_and_was_not_used_since_may_wait_in_an_order_that_stays() -> None:
    assert reading_order(NAMES, record(), [], [], SETTINGS) == ReadingOrder((), NAMES)
    assert reading_order(NAMES, record(b="RUNNING"), [], [], SETTINGS) == ReadingOrder(("b",), ("a", "c"))


@pytest.mark.parametrize(
    ("first", "others", "read"), [(0, 30, 8), (3, 30, 8), (8, 30, 8), (20, 30, 20), (1, 2, 3), (30, 0, 30)]
)
def test_a_few_are_read_in_any_case_and_all_that_matter(first: int, others: int, read: int) -> None:
    names = tuple(map(str, range(first + others)))
    assert ReadingOrder(names[:first], names[first:]).afresh == names[:read]


def test_without_a_record_all_are_read() -> None:
    assert first(None) == NAMES


@pytest.mark.parametrize("status", ["RUNNING", "STARTING", "STOPPING", "A_STATUS_TO_COME"])
def test_what_the_sweep_saw_not_at_rest_is_read_first(status: str) -> None:
    assert first(record(c=status)) == ("c",)


@pytest.mark.parametrize("status", ["STOPPED", "FAILED", "TRAINING_COMPLETED", "TRAINING_FAILED", "DEPRECATED"])
def test_what_does_not_run_may_wait(status: str) -> None:
    assert first(record(c=status)) == ()


@pytest.mark.parametrize(
    "item",
    [
        {"leases": (Lease("shift", SEEN_AT - MINUTE),)},
        {"pending": (PendingLease("shift", execution().id, NOW + MINUTE),)},
        {"claim": Claim(execution().id, SEEN_AT - MINUTE)},
        {"running": Running(SEEN_AT - MINUTE, 1)},
        {"changed_at": SEEN_AT},
        {"changed_at": NOW},
    ],
    ids=["held", "starting", "being stopped", "running", "changed as it swept", "changed since"],
)
def test_what_is_in_use_or_was_changed_since_is_read_first(item: Any) -> None:
    assert first(record(), ModelItem(arn("b"), **item)) == ("b",)


def test_what_was_changed_before_the_sweep_may_wait() -> None:
    assert first(record(), ModelItem(arn("b"), changed_at=SEEN_AT - MINUTE, managed=True)) == ()


@pytest.mark.parametrize(("junk", "read"), [(arn("b"), ("b",)), ("SWEEP", ()), ("a/", ())])
def test_of_a_model_whose_item_can_not_be_read_nobody_knows_whether_it_is_in_use(junk: str, read: Any) -> None:
    assert first(record(), junk=junk) == read


def test_a_project_that_the_record_does_not_have_is_read_first() -> None:
    assert first(replace(record(), projects=record().projects[:2])) == ("c",)


def test_so_is_one_without_the_version_that_is_configured_by_now() -> None:
    """Else a version that was trained a minute ago would be shown as not there."""
    settings = replace(SETTINGS, models={"new": Model(arn("b", 2))})
    assert first(record(), settings=settings) == ("b",)
    assert first(record(), settings=replace(SETTINGS, models={"old": Model(arn("b"))})) == ()


def test_the_others_are_shown_as_the_sweep_saw_them() -> None:
    seen = record(b="RUNNING")
    found = {arn(name): ModelVersion(arn(name), status) for name, status in (("a", "STOPPED"), ("b", "RUNNING"))}
    assert versions_of(seen, ("b", "a", "new")) == found
    assert versions_of(None, NAMES) == {}


@pytest.mark.parametrize(("minutes", "used"), [(0, True), (15, True), (15.01, False), (-0.01, False)])
def test_a_record_older_than_three_periods_is_not_used(minutes: float, used: bool) -> None:
    seen = replace(record(), at=NOW - minutes * MINUTE)
    assert usable(seen, NOW, SETTINGS) == (seen if used else None)
    assert usable(None, NOW, SETTINGS) is None
