"""`make schedules`: what people are shown of the schedules in their cdk.json."""

from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from infra.settings.settings import Settings
from tests.infra.configurations import MINIMAL, model
from tools.schedules import main, show

WEDNESDAY = datetime(2026, 12, 23, 15, tzinfo=UTC)
OFFICE = {
    "name": "office-hours",
    "start": "30 7 ? * MON-FRI *",
    "stop": "0 18 ? * MON-FRI *",
    "time_zone": "Europe/Berlin",
    "exclude_dates": ["2026-12-25"],
}


def shown(*schedules: dict[str, Any], name: str | None = None) -> list[str]:
    """The lines, without the lines of the tables."""
    context = {"models": [{**model(), "schedules": list(schedules)}]} if schedules else MINIMAL
    console = Console(width=120, record=True, quiet=False, file=None)
    with console.capture() as said:
        show(Settings.from_context(context, now=WEDNESDAY), WEDNESDAY, console, name)
    lines = (" ".join(line.replace("│", " ").split()) for line in said.get().splitlines())
    return [line for line in lines if line and line[0] not in "┏┃┡└"]


def test_the_next_five_occurrences_are_shown_and_what_is_left_out_in_between() -> None:
    """A stop without its start is not one of them."""
    assert shown(OFFICE) == [
        "office-hours: model circuit-boards-000, lease schedule/office-hours",
        "Wed 2026-12-23 18:00 UTC+01:00 Wed 17:00 stop",
        "Thu 2026-12-24 07:30 UTC+01:00 Thu 06:30 start",
        "Thu 2026-12-24 18:00 UTC+01:00 Thu 17:00 stop",
        "Fri 2026-12-25 07:30 UTC+01:00 Fri 06:30 start 2026-12-25 is one of its exclude_dates.",
        "Mon 2026-12-28 07:30 UTC+01:00 Mon 06:30 start",
        "Mon 2026-12-28 18:00 UTC+01:00 Mon 17:00 stop",
    ]


def test_times_change_with_the_clocks_and_begin_with_the_first_day() -> None:
    """On the 28th there is no 02:00."""
    night = {"name": "night", "ready_by": "0 2 ? * SUN *", "time_zone": "Europe/Berlin", "start_date": "2027-03-21"}
    first, *times, last = shown(night)
    assert first == "night: model circuit-boards-000, lease schedule/night"
    assert times[:2] == [
        "Sun 2027-03-21 02:00 UTC+01:00 Sun 01:00 ready by",
        "Sun 2027-04-04 02:00 UTC+02:00 Sun 00:00 ready by",
    ]
    assert last == "It has no stop: its lease ends after the model's lease_minutes."


def test_what_does_not_happen_is_said() -> None:
    disabled = {**OFFICE, "enabled": False}
    ended = {**OFFICE, "name": "ended", "end_date": "2026-12-01", "enabled": False}
    assert shown(disabled)[1] == "It is disabled: nothing of this happens."
    assert shown(ended)[1:] == ["It is disabled: nothing of this happens.", "It does not come any more."]
    assert shown() == ["No model in cdk.json has schedules. How to give it one: docs/schedules.md."]


def test_one_can_be_asked_for_by_name() -> None:
    evening = {**OFFICE, "name": "evening", "start": "0 20 ? * MON-FRI *", "stop": "0 22 ? * MON-FRI *"}
    assert shown(OFFICE, evening, name="evening")[0].startswith("evening: ")
    assert shown(OFFICE, evening, name="x") == ["There is no schedule x, only office-hours, evening."]


def test_the_command_reads_cdk_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) is None
    assert capsys.readouterr().out
