"""What the page's function reports as data: held against the schemas."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from lifecycle.configuration import Configuration, Model, OverBudget, Schedule, Unleased
from lifecycle.errors import AccessDenied, InvalidRequest
from lifecycle.model.bill import Session
from lifecycle.model.idle import minute_of
from lifecycle.model.leases import Claim, Lease, ModelItem, PastStart, PendingLease
from lifecycle.model.usage import Running, Share
from lifecycle.page.facts import Reader
from lifecycle.page.lease_reports import MOST_LEASES
from lifecycle.page.reporting import REPORTS, report
from lifecycle.shared.wire import Json, to_wire
from tests.unit.examples import ARN, CONFIGURED_ARN, NOW, OTHER_ARN, execution
from tests.unit.page.test_facts import Books, Broken
from tests.unit.reconciliation.test_sweep import Projects
from tests.unit.twins import Clock, Executions, Items

SCHEMAS = Path(__file__).parents[3] / "statemachine" / "schemas"
VALID = {
    name: fastjsonschema.compile(json.loads((SCHEMAS / f"report.{name}.schema.json").read_text("utf-8")))
    for name in REPORTS
}
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SHIFT = Schedule("defects", "Europe/Berlin", start="0 8 ? * MON-FRI *", stop="0 18 ? * MON-FRI *")
CONFIGURATION = Configuration(
    models={"defects": Model(ARN), "welds": Model(CONFIGURED_ARN, 2, 4)},
    projects=("cables",),
    schedules={"shift": SHIFT, "open": Schedule("welds", "UTC", ready_by="0 6 L * ? *", exclude_dates=("2026-11-30",))},
)
RUNNING = ModelItem(
    ARN,
    leases=(Lease("night", NOW - HOUR, NOW + 2 * HOUR), Lease("day", NOW - HOUR, NOW + HOUR)),
    running=Running(NOW - HOUR, 1, NOW, (Share("night", 1_800_000), Share("day", 1_800_000))),
    managed=True,
    starts=(PastStart(NOW - HOUR, 590, 600),),
)
STARTING = ModelItem(OTHER_ARN, pending=(PendingLease("line-1", execution().id, NOW + HOUR),), managed=True)
STOPPING = ModelItem(CONFIGURED_ARN, claim=Claim(execution("e", machine="StopModel").id, NOW), managed=True)
STATUSES = {ARN: "RUNNING", OTHER_ARN: "STARTING", CONFIGURED_ARN: "STOPPING"}


def reported(
    name: str,
    *held: ModelItem,
    configuration: Configuration = CONFIGURATION,
    items: Items | None = None,
    books: Books | None = None,
    now: datetime = NOW,
    **asked: Json,
) -> Any:
    """As it is sent, and as its schema says."""
    items = items or Items()
    for item in held:
        assert items.put(item)
    clock, books = Clock(now), books or Books()
    projects = Projects(statuses={arn: STATUSES[arn] for arn in (ARN, OTHER_ARN, CONFIGURED_ARN)})
    reader = Reader(configuration, projects, items, Executions(), books, books, books, lambda: clock.now)
    answer = json.loads(json.dumps(to_wire(report({"Report": name, **asked}, reader))))
    VALID[name](answer)
    return answer


def test_models_say_what_runs_since_when_for_whom_at_what_cost_and_until_when() -> None:
    answered = reported("models", RUNNING, STARTING, STOPPING)
    assert [one["Status"] for one in answered["Models"]] == ["RUNNING", "STARTING", "STOPPING"]
    running, starting, stopping = answered["Models"]
    assert running["HeldUntil"] == "2026-11-24T09:00:00.000Z"
    assert [one["LeaseId"] for one in running["Leases"]] == ["day", "night"]
    assert (running["Since"], running["LastStartSeconds"]) == ("2026-11-24T06:00:00.000Z", [600])
    assert running["Cost"] == running["HourlyCost"] == answered["HourlyCost"] > 0, "it runs for an hour"
    assert running["Next"][0]["Schedule"] == "shift"
    assert "HeldUntil" not in starting, "its lease lasts from RUNNING on"
    assert starting["Leases"] == [{"LeaseId": "line-1", "Pending": True, "ExpiresAt": "2026-11-24T08:00:00.000Z"}]
    assert stopping["Since"] == "2026-11-24T07:00:00.000Z"


def test_a_lease_without_an_end_leaves_open_until_when() -> None:
    (model, *_) = reported("models", replace(RUNNING, leases=(*RUNNING.leases, Lease("always", NOW))))["Models"]
    assert "HeldUntil" not in model


@pytest.mark.parametrize(
    ("item", "configuration", "stoppable"),
    [
        (RUNNING, CONFIGURATION, True),
        (ModelItem(ARN, managed=True), CONFIGURATION, True),
        (ModelItem(ARN), CONFIGURATION, False),
        (ModelItem(ARN), replace(CONFIGURATION, unleased_models=Unleased.STOP), True),
        (RUNNING, replace(CONFIGURATION, models={}), False),
    ],
)
def test_what_is_held_or_managed_is_to_be_stopped_with_everything(
    item: ModelItem, configuration: Configuration, stoppable: bool
) -> None:
    (model,) = (
        one for one in reported("models", item, configuration=configuration)["Models"] if one["Status"] == "RUNNING"
    )
    assert model["Stoppable"] is stoppable


def test_leases_say_who_holds_what_until_when_and_what_is_being_stopped() -> None:
    answered = reported("leases", RUNNING, STARTING, STOPPING)
    assert [(one["Model"], one["LeaseId"], one["Pending"]) for one in answered["Leases"]] == [
        ("cables/v7", "line-1", True),
        ("defects", "day", False),
        ("defects", "night", False),
    ]
    assert answered["Leases"][0]["ExecutionArn"] == execution().id
    assert [one["Model"] for one in answered["Stops"]] == ["welds"]


def test_of_very_many_leases_the_report_says_how_many_it_leaves_out() -> None:
    crowd = tuple(Lease(f"l{number}", NOW) for number in range(MOST_LEASES + 2))
    answered = reported("leases", ModelItem(ARN, leases=crowd))
    assert (len(answered["Leases"]), answered["Problems"]) == (MOST_LEASES, ["2 further leases had no room here"])


def test_schedules_say_when_they_come_and_what_they_come_to() -> None:
    shift, opening = reported("schedules")["Schedules"]
    assert shift["WeeklyHours"] == pytest.approx(50, abs=0.2)
    assert shift["WeeklyCost"] == pytest.approx(4 * shift["WeeklyHours"])
    assert len(shift["Windows"]) == 5
    assert shift["Windows"][0] == {"Start": "2026-11-24T07:00:00.000Z", "End": "2026-11-24T17:00:00.000Z"}
    assert (opening["ReadyBy"], opening["DaysLeftOut"]) == ("0 6 L * ? *", ["2026-11-30"])
    assert opening["Windows"][0]["LeftOut"] == "2026-11-30 is one of its exclude_dates."
    assert opening["WeeklyCostAtMost"] == 2 * opening["WeeklyCost"]


def test_the_bill_has_a_line_for_each_holder_and_says_what_was_saved() -> None:
    ended = (Session(ARN, NOW - 3 * HOUR, NOW - 2 * HOUR, 1, 4.0, "defects", (Share("shift", 3_600_000),)),)
    answered = reported("bill", RUNNING, books=Books(ended=ended))
    assert [(one["LeaseId"], one["Cost"]) for one in answered["Lines"]] == [
        ("shift", 4.0),
        ("day", 2.0),
        ("night", 2.0),
    ]
    assert (answered["Month"], answered["Total"]) == ("2026-11", 8.0)
    assert answered["Saved"] == answered["AlwaysOn"] - 8.0 > 0


def test_the_bill_says_how_idle_a_model_was_where_that_is_known() -> None:
    ended = (Session(OTHER_ARN, NOW - 3 * HOUR, NOW - 2 * HOUR, 1, 4.0),)
    books = Books(ended=ended, busy={ARN: {minute_of(NOW - 15 * MINUTE) + number for number in range(12)}})
    answered = reported("bill", RUNNING, books=books)
    of_it = {"Model": "defects", "ProjectVersionArn": ARN, "Version": "v1", "Seconds": 3600}
    assert answered["Idle"] == [{**of_it, "Share": 0.8}]
    assert reported("bill", RUNNING)["Idle"] == []


@pytest.mark.parametrize("over", [*OverBudget])
def test_this_months_bill_says_what_was_spent_of_the_budget(over: OverBudget) -> None:
    """At the most units to which a model scales, unlike the bill itself."""
    settings = replace(CONFIGURATION, monthly_budget_usd=10, over_budget=over)
    ended = (Session(ARN, NOW - 3 * HOUR, NOW - 2 * HOUR, 1, 4.0, "defects", max_inference_units=2),)
    answered = reported("bill", RUNNING, configuration=settings, books=Books(ended=ended))
    assert answered["Total"] == 8.0
    spent = {"Budget": 10, "Spent": 12.0, "HourlyCost": 4.0, "UsedUp": True, "OverBudget": over}
    outlook = (
        "All that runs now costs USD 4.00 per hour. "
        "If the month goes on as it has so far, it comes to USD 15.46, USD 5.46 over the budget of USD 10.00."
    )
    assert answered["Budget"] == {**spent, "Forecast": 15.46, "Outlook": outlook}
    assert "Budget" not in reported("bill", configuration=settings, Month="2026-10"), "it is over"
    assert "Budget" not in reported("bill"), "there is none"


def test_where_nothing_ran_the_bill_invents_nothing() -> None:
    answered = reported("bill", Month="2026-10")
    assert (answered["Lines"], answered["Total"]) == ([], 0)
    assert not answered.keys() & {"AlwaysOn", "Saved"}


@pytest.mark.parametrize("name", ["models", "leases", "bill"])
def test_a_record_that_can_not_be_read_is_named_and_breaks_no_report(name: str) -> None:
    items = Items(nonsense={OTHER_ARN: ValueError("its Revision is 'four'")})
    (problem,) = reported(name, RUNNING, items=items)["Problems"]
    assert problem == f"A record can't be read, and is left out: {OTHER_ARN}: its Revision is 'four'"


@pytest.mark.parametrize("name", ["leases", "bill"])
def test_a_table_that_can_not_be_read_at_all_is_an_error_and_no_empty_report(name: str) -> None:
    with pytest.raises(AccessDenied):
        reported(name, items=Broken())


@pytest.mark.parametrize("name", ["bil", "", None, 7, ["bill"], "x" * 1000])
def test_an_unknown_report_is_refused_with_those_that_there_are(name: Json) -> None:
    with pytest.raises(InvalidRequest, match=f'is none of {", ".join(REPORTS)}"'):
        reported(str(name), Report=name)
