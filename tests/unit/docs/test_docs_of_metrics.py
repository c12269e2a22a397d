"""docs/monitoring.md says of every metric what the code does."""

import re
from pathlib import Path

from lifecycle.observability.metrics import METRICS

DOCS = Path(__file__).parents[3] / "docs"
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*)\|", re.MULTILINE)


def documented() -> dict[str, tuple[str, tuple[str, ...]]]:
    section = (DOCS / "monitoring.md").read_text("utf-8").partition("\n## Metrics\n")[2].partition("\n### ")[0]
    rows = ROW.findall(section)
    return {name: (unit, tuple(re.findall(r"\w+", dimensions))) for name, unit, dimensions in rows}


def test_the_documentation_names_every_metric_with_its_unit_and_its_dimensions() -> None:
    assert documented() == {name: (metric.unit, metric.dimensions) for name, metric in METRICS.items()}


def test_the_documentation_says_of_every_metric_what_it_costs() -> None:
    section = (DOCS / "monitoring.md").read_text("utf-8").partition("### What they cost")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", section)) == METRICS.keys()
