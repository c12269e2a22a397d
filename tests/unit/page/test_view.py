"""What the page shows of the models, from what was read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.configuration import Configuration, Model, OverBudget, Schedule, Unleased
from lifecycle.model.bill import Session
from lifecycle.model.leases import Claim, Lease, ModelItem, PastStart, PendingLease
from lifecycle.model.usage import Running, Share
from lifecycle.model.version import ModelVersion
from lifecycle.page.composition import next_of, page_of
from lifecycle.page.view import Coming, Facts, ModelView, Page
from tests.unit.examples import ACCOUNT, ARN, CONFIGURATION, CONFIGURED_ARN, NOW, OTHER_ARN, execution

HOUR = timedelta(hours=1)
STARTER, STOPPER = execution().id, execution("evening", machine="StopModel").id
ONLY = Configuration(models={"defects": Model(ARN)}, projects=("packaging",))


def arn(project: str, version: str = "v1", number: int = 1) -> str:
    return f"{ACCOUNT}:project/{project}/version/{version}/{number}"


def page(
    status: str | None = "RUNNING",
    configuration: Configuration = ONLY,
    facts: dict[str, Any] | None = None,
    **item: Any,
) -> Page:
    """Of the one model in this status, with this item."""
    versions = {ARN: ModelVersion(ARN, status, None, 2, f1_score=0.87)} if status else {}
    seen = {"versions": versions, "items": {ARN: ModelItem(ARN, **item)}, "last_sweep": NOW, **(facts or {})}
    return page_of(Facts(NOW, **seen), configuration)


def model(*args: Any, **given: Any) -> ModelView:
    (view,) = page(*args, **given).models
    return view


def test_of_a_running_model_it_says_since_when_for_whom_at_what_cost_and_until_when() -> None:
    leases = (Lease("night", NOW - HOUR, NOW + 2 * HOUR), Lease("line-1", NOW - HOUR, NOW + HOUR))
    shown = page(leases=leases, running=Running(NOW - HOUR, 2), managed=True)
    (view,) = shown.billing
    assert (view.name, view.status, view.since, view.units) == ("defects", "RUNNING", NOW - HOUR, 2)
    assert (view.hourly, view.cost, view.f1_score) == (8.0, 8.0, 0.87)
    assert [(row.holder, row.until) for row in view.leases] == [("line-1", NOW + HOUR), ("night", NOW + 2 * HOUR)]
    assert (shown.count("RUNNING"), shown.hourly("RUNNING"), view.remark) == (1, 8.0, "")


def test_a_lease_without_an_end_holds_until_it_is_released_and_comes_last() -> None:
    view = model(leases=(Lease("always", NOW), Lease("line-1", NOW, NOW + HOUR)))
    assert [row.holder for row in view.leases] == ["line-1", "always"]
    assert view.leases[1].extend is None


def test_what_holds_no_more_is_not_shown() -> None:
    assert model(leases=(Lease("old", NOW - 2 * HOUR, NOW - HOUR),)).leases == ()


@pytest.mark.parametrize(
    ("status", "item", "since"),
    [
        ("RUNNING", {"running": Running(NOW - HOUR, 1)}, NOW - HOUR),
        ("RUNNING", {}, None),
        ("STARTING", {"pending": (PendingLease("line-1", STARTER, NOW + HOUR),)}, NOW - timedelta(minutes=3)),
        ("STARTING", {}, None),
        ("STOPPING", {"claim": Claim(STOPPER, NOW - timedelta(minutes=1))}, NOW - timedelta(minutes=1)),
        ("STOPPED", {"running": Running(NOW - HOUR, 1), "claim": Claim(STOPPER, NOW)}, None),
    ],
)
def test_since_when_is_reported_as_far_as_it_is_known(status: str, item: Any, since: datetime | None) -> None:
    assert model(status, facts={"began": {STARTER: NOW - timedelta(minutes=3)}}, **item).since == since


def test_a_pending_lease_is_shown_with_its_execution() -> None:
    (row,) = model("STARTING", pending=(PendingLease("line-1", STARTER, NOW + HOUR),), managed=True).leases
    assert (row.holder, row.pending, row.extend) == ("line-1", True, None)
    assert row.execution_link is not None
    assert row.execution_link.endswith(STARTER)


@pytest.mark.parametrize(
    ("item", "unleased", "remark"),
    [
        ({"managed": True}, Unleased.NOTIFY, "Nobody holds it: the next sweep stops it."),
        ({}, Unleased.NOTIFY, "Nobody holds it, and it was started outside this app: it runs until somebody stops it."),
        ({}, Unleased.STOP, "Nobody holds it: the next sweep stops it."),
        ({"claim": Claim(STOPPER, NOW)}, Unleased.NOTIFY, "It is about to be stopped."),
        ({"leases": (Lease("line-1", NOW),)}, Unleased.NOTIFY, ""),
    ],
)
def test_a_model_that_nobody_holds_is_remarked_on(item: Any, unleased: Unleased, remark: str) -> None:
    assert model(configuration=replace(ONLY, unleased_models=unleased), **item).remark == remark


def test_a_stopped_model_shows_what_it_would_cost_with_its_configured_units() -> None:
    shown = page_of(
        Facts(NOW, versions={CONFIGURED_ARN: ModelVersion(CONFIGURED_ARN, "STOPPED", None, 1)}), CONFIGURATION
    )
    welds = shown.models[1]
    assert (welds.name, welds.units, welds.hourly, welds.cost, welds.bills) == ("welds", 2, 8.0, None, False)
    assert shown.billing == ()


def test_what_needs_attention_comes_first_and_what_is_stopped_last_as_rows() -> None:
    """Of the same kind the configured models keep their order, so that no button moves under a finger."""
    statuses = {"one": "STOPPED", "two": "RUNNING", "three": "FAILED", "four": "STARTING", "five": "STOPPED"}
    arns = {name: arn(f"project-{name}") for name in statuses}
    down, other = arns["five"], arn("packaging")
    facts = Facts(
        NOW,
        versions={arns[name]: ModelVersion(arns[name], status) for name, status in statuses.items()}
        | {other: ModelVersion(other, "RUNNING")},
        items={down: ModelItem(down, leases=(Lease("line-1", NOW, NOW + HOUR),))},
    )
    configuration = Configuration(models={name: Model(one) for name, one in arns.items()}, projects=("packaging",))
    shown = page_of(facts, configuration)
    assert [one.name for one in shown.cards] == ["five", "three", "two", "v1", "four"]
    assert [one.name for one in shown.rows] == ["one"]


@pytest.mark.parametrize(
    ("status", "item", "settings", "remark"),
    [
        ("FAILED", {}, {}, "The next sweep reports this, and ends its lease, unless you start it before."),
        ("STOPPED", {}, {"restart_when_down": True}, "The next sweep starts it again."),
        ("DELETING", {}, {}, "The next sweep reports this, and ends its lease."),
        ("STOPPED", {"pending": (PendingLease("line-2", STARTER, NOW + HOUR),)}, {}, "A start is under way."),
    ],
)
def test_a_model_that_leases_need_and_that_does_not_run_is_down(
    status: str, item: Any, settings: Any, remark: str
) -> None:
    given = {"leases": (Lease("line-1", NOW, NOW + HOUR),), **item}
    shown = page(status, configuration=replace(ONLY, **settings), **given)
    (view,) = shown.down
    assert (view.tone, view.remark) == ("trouble", remark)


@pytest.mark.parametrize("status", ["RUNNING", "STARTING", "STOPPING"])
def test_a_model_that_runs_or_is_on_its_way_is_not_down(status: str) -> None:
    assert page(status, leases=(Lease("line-1", NOW, NOW + HOUR),)).down == ()


@pytest.mark.parametrize(
    ("began", "minutes", "soon"), [(NOW - HOUR, 15, True), (NOW - HOUR, 16, False), (NOW, 15, False)]
)
def test_a_lease_of_which_people_are_warned_ends_soon(began: datetime, minutes: int, soon: bool) -> None:
    """Not one that was taken for so short a time: the sweep never warns of it."""
    (row,) = model(leases=(Lease("line-1", began, NOW + timedelta(minutes=minutes)),)).leases
    assert row.ends_soon is soon


@pytest.mark.parametrize(
    ("status", "leases", "time_is_for"),
    [
        ("STOPPED", (), "Run for"),
        ("STARTING", (), "Keep for"),
        ("RUNNING", (Lease("line-1", NOW, NOW + HOUR),), "Keep or extend for"),
        ("RUNNING", (Lease("dashboard", NOW, NOW + HOUR),), "Extend by"),
        ("STOPPING", (), ""),
    ],
)
def test_what_the_time_is_for_follows_from_the_buttons(status: str, leases: Any, time_is_for: str) -> None:
    assert model(status, leases=leases).time_is_for == time_is_for


def test_of_a_model_that_means_the_newest_version_those_that_run_are_shown_else_the_newest_good_one() -> None:
    configuration = Configuration(models={"latest": Model(project="boards", minimum_f1=0.8)})
    good = ModelVersion(arn("boards", "v1"), "STOPPED", f1_score=0.9, created_at=NOW - HOUR)
    bad = ModelVersion(arn("boards", "v2"), "STOPPED", f1_score=0.5, created_at=NOW)

    def shown(*versions: ModelVersion) -> list[tuple[str, str, str]]:
        facts = Facts(NOW, versions={one.project_version_arn: one for one in versions})
        return [(one.name, one.version, one.status) for one in page_of(facts, configuration).models]

    assert shown(good, bad) == [("latest", "v1", "STOPPED")]
    assert shown(good, replace(bad, status="RUNNING")) == [("latest", "v2", "RUNNING")]
    both = replace(good, status="STARTING"), replace(bad, status="RUNNING")
    assert shown(*both) == [("latest", "v2", "RUNNING"), ("latest", "v1", "STARTING")]
    assert shown(bad) == [("latest", "", "NOT_FOUND")]
    assert len({one.key for one in page_of(Facts(NOW, versions={}), configuration).models}) == 1


def test_a_project_that_can_not_be_read_says_why_and_its_models_are_unknown() -> None:
    shown = page(None, facts={"unread": {"boards": "DescribeProjectVersions answered Oops"}})
    assert shown.models[0].status == "UNKNOWN"
    assert shown.problems == ("The project boards could not be read: DescribeProjectVersions answered Oops",)
    assert model(None).status == "NOT_FOUND"


@pytest.mark.parametrize(
    ("last", "late"),
    [(NOW, False), (NOW - timedelta(minutes=15), False), (NOW - timedelta(minutes=16), True)],
)
def test_a_sweep_that_does_not_come_is_reported(last: datetime, late: bool) -> None:
    shown = page(facts={"last_sweep": last})
    assert (shown.sweep_is_late, shown.sweep_is_awaited) == (late, False)


@pytest.mark.parametrize(
    ("item", "facts", "late"),
    [
        ({}, {}, False),
        ({"leases": (Lease("line-1", NOW - timedelta(minutes=15)),)}, {}, False),
        ({"leases": (Lease("line-1", NOW - timedelta(minutes=16)),)}, {}, True),
        ({"running": Running(NOW - HOUR, 1)}, {}, True),
        ({"starts": (PastStart(NOW - HOUR, 0, 600),)}, {}, True),
        ({}, {"ended": (Session(ARN, NOW - 2 * HOUR, NOW - HOUR, 1, 4.0),)}, True),
    ],
)
def test_on_a_new_stack_the_sweep_is_awaited_and_late_only_after_some_use(item: Any, facts: Any, late: bool) -> None:
    shown = page(facts={"last_sweep": None, **facts}, **item)
    assert (shown.sweep_is_late, shown.sweep_is_awaited) == (late, not late)


def test_of_a_sweep_that_could_not_be_read_nothing_is_said() -> None:
    shown = page(facts={"last_sweep": None, "sweep_known": False}, running=Running(NOW - HOUR, 1))
    assert (shown.sweep_is_late, shown.sweep_is_awaited) == (False, False)


def test_a_model_whose_project_is_not_managed_any_more_has_no_buttons() -> None:
    lost = arn("lost")
    item = ModelItem(lost, leases=(Lease("line-1", NOW, NOW + HOUR),))
    shown = page_of(Facts(NOW, {lost: ModelVersion(lost, "RUNNING")}, {lost: item}), ONLY).models[1]
    (row,) = shown.leases
    assert (shown.name, shown.start, shown.stop, row.release, row.extend) == ("v1", None, None, None, None)


def test_the_last_starts_are_shown_and_no_more_than_ten() -> None:
    starts = tuple(PastStart(NOW - timedelta(days=day), 0, 600 + day) for day in range(12, 0, -1))
    assert model(starts=starts).starts == tuple(600 + day for day in range(10, 0, -1))


# --- The bill ---------------------------------------------------------------------------------------------------------


def test_this_month_s_bill_has_the_sessions_that_ended_and_those_that_go_on() -> None:
    ended = Session(ARN, NOW - 4 * HOUR, NOW - 2 * HOUR, 1, 4.0, "defects", (Share("night", 7_200_000),))
    item: dict[str, Any] = {"running": Running(NOW - HOUR, 2), "leases": (Lease("line-1", NOW - HOUR, NOW + HOUR),)}
    bill = page(facts={"ended": (ended,)}, **item).bill
    assert bill is not None
    assert (bill.month, bill.total) == ("2026-11", 16.0)
    assert {(line.model, line.lease_id, line.cost) for line in bill.lines} == {
        ("defects", "night", 8.0),
        ("defects", "line-1", 8.0),
    }
    assert page().bill is None, "where it could not be read"


BUDGET = replace(ONLY, monthly_budget_usd=10, over_budget=OverBudget.STOP)
SPENT: dict[str, Any] = {"ended": (Session(OTHER_ARN, NOW - 3 * HOUR, NOW, 1, 4.0),)}
DAY: dict[str, Any] = {"leases": (Lease("day", NOW - HOUR, NOW + HOUR),), "managed": True}


def test_it_says_what_was_spent_of_the_budget_and_what_follows() -> None:
    shown = page(configuration=BUDGET, facts=SPENT)
    assert shown.spending is not None
    assert (shown.spending.of_the_budget, shown.spending.is_used_up) == ("USD 12.00 of USD 10.00", True)
    assert "what runs is stopped" in shown.over_budget
    assert page(facts=SPENT).spending is None, "there is no budget"
    assert page(configuration=BUDGET).spending is None, "the ledger could not be read"


@pytest.mark.parametrize(
    ("status", "settings", "ignores", "remark"),
    [
        ("RUNNING", {}, None, "The month's budget is used up: the sweep stops it, whoever needs it."),
        ("RUNNING", {}, True, ""),
        ("RUNNING", {"over_budget": OverBudget.REFUSE}, None, ""),
        ("RUNNING", {"monthly_budget_usd": 100}, None, ""),
        ("STOPPED", {"restart_when_down": True}, True, "The next sweep starts it again."),
    ],
)
def test_a_model_is_remarked_on_that_the_budget_stops(
    status: str, settings: Any, ignores: bool | None, remark: str
) -> None:
    leases = (replace(DAY["leases"][0], ignores_budget=ignores),)
    shown = model(status, configuration=replace(BUDGET, **settings), facts=SPENT, **{**DAY, "leases": leases})
    assert shown.remark == remark


def test_no_restart_is_promised_that_the_budget_refuses() -> None:
    shown = model("STOPPED", configuration=replace(BUDGET, restart_when_down=True), facts=SPENT, **DAY)
    assert shown.remark == "The next sweep reports this, and ends its lease, unless you start it before."


def test_a_model_that_was_found_running_may_have_run_for_longer() -> None:
    assert model(running=Running(NOW - HOUR, 1, found=True)).found
    assert not model(running=Running(NOW - HOUR, 1)).found


# --- Schedules --------------------------------------------------------------------------------------------------------

OFFICE = Schedule("defects", "Europe/Berlin", start="30 7 ? * MON-FRI *", stop="0 18 ? * MON-FRI *")


def berlin(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour - 1, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "schedule", "action", "at"),
    [
        (berlin(24, 6), OFFICE, "start", berlin(24, 7, 30)),
        (berlin(24, 8), OFFICE, "stop", berlin(24, 18)),
        (berlin(27, 19), OFFICE, "start", berlin(30, 7, 30)),
        (berlin(24, 19), replace(OFFICE, stop=None, exclude_dates=("2026-11-25",)), "start", berlin(26, 7, 30)),
        (berlin(24, 6), replace(OFFICE, start_date="2026-11-26", stop=None), "start", berlin(26, 7, 30)),
        (berlin(24, 6), replace(OFFICE, start=None, ready_by="0 9 * * ? *"), "ready by", berlin(24, 9)),
    ],
)
def test_the_next_thing_that_a_schedule_does(now: datetime, schedule: Schedule, action: str, at: datetime) -> None:
    assert next_of("office", schedule, now) == Coming("office", action, at, "Europe/Berlin")


def test_a_schedule_that_is_over_does_nothing_more() -> None:
    assert next_of("office", replace(OFFICE, stop=None, end_date="2026-11-20"), berlin(24, 6)) is None


def test_each_schedule_of_a_model_is_shown_the_first_to_come_first() -> None:
    configuration = replace(
        ONLY,
        schedules={
            "office": OFFICE,
            "night": Schedule("defects", "UTC", start="0 8 24 11 ? 2026"),
            "other": Schedule("welds", "UTC", start="0 8 24 11 ? 2026"),
        },
    )
    assert [one.schedule for one in model(configuration=configuration).coming] == ["night", "office"]
    night = replace(configuration.schedules["night"], enabled=False)
    disabled = replace(configuration, schedules={**configuration.schedules, "night": night})
    assert [one.schedule for one in model(configuration=disabled).coming] == ["office"]
