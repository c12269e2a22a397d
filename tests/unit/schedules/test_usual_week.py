"""The hours of a usual week: the same as minute by minute, and no slower for a schedule that comes often."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.configuration import Schedule
from lifecycle.schedules import usual_week
from lifecycle.schedules.usual_week import WEEKS, hours_per_week
from lifecycle.schedules.windows import bridged, starts, stops

NOW = datetime(2026, 12, 23, 15, 20, tzinfo=UTC)
LEASE = timedelta(minutes=90)


def one_by_one(schedule: Schedule) -> float:
    """Each start of a year with its stop, what overlaps or is handed over once."""
    held, until = timedelta(), NOW - timedelta(days=99)
    ends = stops(schedule)
    for start in starts(schedule).after(NOW - timedelta.resolution):
        if start >= NOW + timedelta(weeks=WEEKS):
            break
        end = next(ends.after(start)) if ends else start + LEASE
        begin = until if until >= start - bridged(schedule) else start
        held += max(end - begin, timedelta())
        until = max(until, end)
    return held / timedelta(hours=1) / WEEKS


@pytest.mark.parametrize(
    ("begin", "stop"),
    [
        ("30 7 ? * MON-FRI *", "0 18 ? * MON-FRI *"),
        ("0 22 ? * MON-FRI *", "0 6 ? * TUE-SAT *"),
        ("0 8 ? * MON *", "0 8 ? * SUN *"),
        ("0 8 ? * MON *", "0 8 ? * MON *"),
        ("0 8,9 * * ? *", "0 10 * * ? *"),
        ("0 8,15 * * ? *", "50 14,20 * * ? *"),
        ("0 8 * * ? *", "30 7 * * ? *"),
        ("0 0,12 1,15 * ? *", "0 12,0 * * ? *"),
        ("0 8 25 12 ? 2026", "0 18 * * ? *"),
        ("0/30 9-11 ? * SAT *", None),
        ("0/45 * * 2-3 ? 2027", None),
    ],
)
@pytest.mark.parametrize("key", ["start", "ready_by"])
def test_the_hours_of_a_week_are_those_of_its_windows(key: str, begin: str, stop: str | None) -> None:
    schedule = Schedule(model="defects", time_zone="UTC", stop=stop, **{key: begin})  # type: ignore[arg-type]
    assert hours_per_week(schedule, LEASE, NOW) == pytest.approx(one_by_one(schedule), abs=1e-6)


@pytest.mark.parametrize(
    ("start", "counts"),
    [
        ("19 16 23 12 ? 2026", False),
        ("20 16 23 12 ? 2026", True),
        ("19 16 22 12 ? 2027", True),
        ("20 16 22 12 ? 2027", False),
        ("0 0 22 12 ? 2027", True),
        ("0 0 23 12 ? 2027", False),
    ],
)
def test_its_year_is_364_days_from_now_on_by_the_clock_on_its_wall(start: str, counts: bool) -> None:
    schedule = Schedule(model="defects", time_zone="Europe/Berlin", start=start)
    assert hours_per_week(schedule, LEASE, NOW) == pytest.approx(1.5 / WEEKS if counts else 0, rel=1e-9)


def test_what_nothing_stops_holds_nothing() -> None:
    """Settings refuse it."""
    schedule = Schedule(model="defects", time_zone="UTC", start="0 8 * * ? *", stop="0 18 1 1 ? 2026")
    assert hours_per_week(schedule, LEASE, NOW) == 0


def test_days_that_are_alike_are_reckoned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reckoned: list[object] = []
    held = usual_week._Day.held

    def counted(*given: Any) -> tuple[float, float]:
        reckoned.append(given)
        return held(*given)

    monkeypatch.setattr(usual_week._Day, "held", counted)
    often = Schedule(model="defects", time_zone="Europe/Berlin", start="0/5 * * * ? *", stop="2/5 * * * ? *")
    assert hours_per_week(often, LEASE, NOW) == pytest.approx(168, abs=0.01)
    assert len(reckoned) < 10
