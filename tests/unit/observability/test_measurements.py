"""What is measured of the ends of executions, and at each sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from lifecycle.configuration import Configuration, Model, Unleased
from lifecycle.executions.outcomes import Failure
from lifecycle.executions.state_machines import Machine
from lifecycle.model.decisions import Progress
from lifecycle.model.leases import Claim, Lease, ModelItem, PendingLease
from lifecycle.model.usage import Running
from lifecycle.model.version import ModelVersion
from lifecycle.notifications.execution_end import Ending
from lifecycle.observability.measurements import of_ending, of_sweep
from lifecycle.observability.metrics import METRICS, Measure
from lifecycle.start_model.result import start_result
from tests.unit.examples import ARN, CONFIGURATION, CONFIGURED_ARN, NOW, OTHER_ARN, execution, request

MINUTE = timedelta(minutes=1)
BEFORE = NOW - 5 * MINUTE
HELD = Lease("nightly", NOW - 60 * MINUTE, NOW + 60 * MINUTE)
Values = Mapping[tuple[str, ...], float]


@dataclass(frozen=True)
class SeenModel:
    """As the sweep has seen it."""

    version: ModelVersion
    item: ModelItem


def seen(item: ModelItem | None = None, arn: str = ARN, status: str = "RUNNING", **version: int) -> SeenModel:
    units = {"min_inference_units": 1 if status == "RUNNING" else None, **version}
    return SeenModel(ModelVersion(arn, status, **units), item or ModelItem(arn))  # type: ignore[arg-type]  # fields by their names


def values(measures: Sequence[Measure]) -> Values:
    """By name and dimensions' values; none is there twice."""
    found = {(one.name, *one.dimensions.values()): one.value for one in measures}
    assert len(found) == len(measures)
    for one in measures:
        assert tuple(one.dimensions) == METRICS[one.name].dimensions
    return found


def swept(*models: SeenModel, configuration: Configuration = CONFIGURATION, **known: object) -> Values:
    facts = {"now": NOW, "last_sweep": BEFORE, "configuration": configuration, **known}
    return values(of_sweep(models, **facts))  # type: ignore[arg-type]  # fields by their names


def leased(lease: Lease = HELD, since: timedelta = 60 * MINUTE, units: int = 1) -> ModelItem:
    return ModelItem(ARN, leases=(lease,), managed=True, running=Running(NOW - since, units))


# --- Ends of executions -----------------------------------------------------------------------------------------------


def started(progress: Progress) -> Ending:
    version = ModelVersion(ARN, "RUNNING", min_inference_units=1)
    result = start_result(request(), progress, NOW, CONFIGURATION, version)
    return Ending(Machine.START_MODEL, execution(), request=request(), progress=progress, result=result)


def test_a_start_that_was_made_says_how_long_it_took_its_status_checks_and_how_late_they_saw_it() -> None:
    asked, checked = NOW - timedelta(seconds=600), NOW - timedelta(seconds=12)
    progress = Progress(polls=41, attempted_at=asked, checked_at=NOW, checked_before=checked)
    assert values(of_ending(started(progress), CONFIGURATION)) == {
        ("Outcomes", "MODEL_STARTED"): 1,
        ("StartSeconds", "defects"): 600,
        ("Polls", "defects"): 41,
        ("NoticeDelaySeconds", "defects"): 12,
    }


@pytest.mark.parametrize("before", [None, NOW - timedelta(seconds=900)])
def test_a_first_status_check_that_finds_it_running_is_late_by_no_more_than_the_whole_start(
    before: datetime | None,
) -> None:
    progress = Progress(polls=1, attempted_at=NOW - timedelta(seconds=30), checked_at=NOW, checked_before=before)
    assert values(of_ending(started(progress), CONFIGURATION))[("NoticeDelaySeconds", "defects")] == 30


def test_a_start_that_settle_reports_has_no_notice_delay() -> None:
    asked = Progress(polls=41, attempted_at=NOW - timedelta(seconds=600))
    ending = replace(started(asked), progress=Progress())
    assert {name for name, *_ in values(of_ending(ending, CONFIGURATION))} == {"Outcomes", "StartSeconds", "Polls"}


def test_a_start_that_found_it_running_or_failed_counts_as_an_outcome_alone() -> None:
    already = started(Progress(polls=1, checked_at=NOW))
    failed = Ending(Machine.STOP_MODEL, execution(), failure=Failure("ServiceUnavailable", "{}"))
    assert values(of_ending(already, CONFIGURATION)) == {("Outcomes", "MODEL_ALREADY_RUNNING"): 1}
    assert values(of_ending(failed, CONFIGURATION)) == {("Outcomes", "STOP_FAILED"): 1, ("FailedStops",): 1}


@pytest.mark.parametrize(
    ("machine", "error", "metric"),
    [
        (Machine.START_MODEL, "CapacityExceeded", "FailedStarts"),
        (Machine.START_MODEL, "TimedOut", "FailedStarts"),
        (Machine.STOP_MODEL, "AccessDenied", "FailedStops"),
        (Machine.STOP_MODEL, "TimedOut", "FailedStops"),
        (Machine.RUN_WITH_MODEL, "WorkloadAborted", None),
    ],
)
def test_failures_of_starts_and_stops_are_counted_for_their_alarms(
    machine: Machine, error: str, metric: str | None
) -> None:
    names = {
        name
        for name, *_ in values(of_ending(Ending(machine, execution(), failure=Failure(error, "{}")), CONFIGURATION))
    }
    assert names == {"Outcomes"} | ({metric} if metric else set())


def test_a_model_without_a_configured_name_is_known_by_its_version() -> None:
    ending = started(Progress(polls=1, attempted_at=BEFORE, checked_at=NOW))
    assert ("StartSeconds", "boards/v1") in values(of_ending(ending, replace(CONFIGURATION, models={})))


# --- Sweeps -----------------------------------------------------------------------------------------------------------


def test_a_model_that_runs_under_a_lease_is_counted_since_the_sweep_before() -> None:
    assert swept(seen(leased()), seen(arn=CONFIGURED_ARN, status="STOPPED")) == {
        ("RunningMinutes", "defects"): 5,
        ("LeaseMinutes", "defects"): 5,
        ("EstimatedCost", "defects"): pytest.approx(5 / 60 * 4, abs=1e-4),
        ("LeasedUnits", "defects"): 1,
        ("LeasedUnits", "welds"): 0,
        ("UnleasedModels",): 0,
        ("SweepAgeSeconds",): 300,
    }


def test_what_began_after_the_sweep_before_is_counted_from_then_on() -> None:
    lease = replace(HELD, since=NOW - 1 * MINUTE)
    found = swept(seen(leased(lease, since=2 * MINUTE)))
    assert (found["RunningMinutes", "defects"], found["LeaseMinutes", "defects"]) == (2, 1)


def test_after_a_gap_no_more_than_three_intervals_are_counted() -> None:
    found = swept(seen(leased()), last_sweep=NOW - timedelta(hours=5))
    assert found["RunningMinutes", "defects"] == 15
    assert found["SweepAgeSeconds",] == 5 * 3600


def test_the_first_sweep_counts_nothing_and_has_no_age() -> None:
    found = swept(seen(leased()), last_sweep=None)
    assert found["RunningMinutes", "defects"] == found["EstimatedCost", "defects"] == 0
    assert ("SweepAgeSeconds",) not in found


def test_a_model_that_scales_is_leased_with_its_most_units_and_costs_its_least() -> None:
    found = swept(seen(leased(units=2), min_inference_units=2, max_inference_units=5))
    assert found["LeasedUnits", "defects"] == 5
    assert found["EstimatedCost", "defects"] == pytest.approx(5 / 60 * 4 * 2, abs=1e-4)


def test_a_start_under_way_holds_its_units_and_costs_nothing_yet() -> None:
    pending = PendingLease("nightly", "arn", NOW + 60 * MINUTE)
    found = swept(seen(ModelItem(ARN, pending=(pending,)), status="STARTING", min_inference_units=3))
    assert found["LeasedUnits", "defects"] == 3
    assert ("RunningMinutes", "defects") not in found


def test_a_model_that_runs_for_nobody_is_one_without_a_lease() -> None:
    expired = replace(HELD, expires_at=NOW - 1 * MINUTE)
    found = swept(seen(leased(expired)), seen(arn=OTHER_ARN))
    assert found["UnleasedModels",] == 2
    assert found["LeasedUnits", "defects"] == found["LeaseMinutes", "defects"] == 0
    assert found["RunningMinutes", "cables/v7"] == 5


def test_a_model_that_somebody_is_stopping_is_not_one_without_a_lease() -> None:
    item = ModelItem(ARN, claim=Claim("arn", NOW), managed=True)
    assert swept(seen(item))["UnleasedModels",] == 0


def test_others_models_are_not_counted_as_unleased_where_they_are_to_be_ignored() -> None:
    ignoring = replace(CONFIGURATION, unleased_models=Unleased.IGNORE)
    ours = seen(ModelItem(CONFIGURED_ARN, managed=True), CONFIGURED_ARN)
    assert swept(seen(), ours, configuration=ignoring)["UnleasedModels",] == 1


def test_versions_of_a_project_that_is_configured_as_one_model_are_summed() -> None:
    """Else the alarm that compares with the service's own metric would see one of them only."""
    newest = replace(CONFIGURATION, models={"latest": Model(project="boards")})
    other = ARN.replace("/v1/", "/v2/")
    held = replace(leased(), project_version_arn=other)
    assert swept(seen(leased()), seen(held, other), configuration=newest) == {
        ("RunningMinutes", "latest"): 10,
        ("LeaseMinutes", "latest"): 10,
        ("EstimatedCost", "latest"): pytest.approx(10 / 60 * 4, abs=1e-3),
        ("LeasedUnits", "latest"): 2,
        ("UnleasedModels",): 0,
        ("SweepAgeSeconds",): 300,
    }


def test_a_model_that_neither_runs_nor_is_configured_makes_no_metric() -> None:
    found = swept(seen(arn=OTHER_ARN, status="STOPPED"))
    assert not [key for key in found if "v7" in key]


def test_of_a_model_that_could_not_be_checked_it_is_not_said_that_nobody_holds_it() -> None:
    assert ("LeasedUnits", "welds") not in swept(seen(leased()))


def test_the_month_so_far_is_measured_where_it_is_known() -> None:
    assert swept(month_to_date_cost=12.34)["MonthToDateCost",] == 12.34
    assert ("MonthToDateCost",) not in swept()
