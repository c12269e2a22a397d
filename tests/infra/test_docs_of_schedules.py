"""What docs/schedules.md tells people to write is accepted, and does what it says."""

import json
import re
from datetime import UTC, datetime

from infra.settings.scheduler_crons import ticks_of
from infra.settings.settings import Settings
from lifecycle.configuration import Schedule
from lifecycle.schedules.cron import Cron
from lifecycle.schedules.windows import Ticked
from tests.infra.configurations import ROOT

TEXT = (ROOT / "docs/schedules.md").read_text("utf-8")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_first_snippet_is_a_model_with_office_hours() -> None:
    found = re.search(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert found
    settings = Settings.from_context({"models": [json.loads(found[1])]}, now=NOW)
    (name, schedule), *others = settings.schedules.items()
    assert others == []
    assert [ticks.name for ticks in ticks_of(name, schedule, NOW)] == [
        "office-hours-ready-2h",
        "office-hours-ready-1h",
        "office-hours-stop",
    ]


def test_every_cron_in_the_table_is_one() -> None:
    crons = re.findall(r"^\| `(\d[^`]+)` \|", TEXT, re.MULTILINE)
    assert len(crons) == 5
    assert all(Cron.parse(cron).times for cron in crons)


def test_every_key_and_every_outcome_is_reported() -> None:
    schema = json.loads((ROOT / "infra/settings/settings.schema.json").read_text("utf-8"))
    keys = schema["properties"]["models"]["items"]["properties"]["schedules"]["items"]["properties"]
    table = TEXT.partition("## The keys")[2].partition("\n\nCrons")[0]
    assert set(re.findall(r"`(\w+)`", re.sub(r"(?m)^(\| [^|]*\|).*", r"\1", table))) == keys.keys()
    assert all(f"`{outcome}`" in TEXT for outcome in Ticked)
    default = Schedule("defects", "UTC").too_late_minutes
    assert f"later than this is left out: {default} |" in TEXT
