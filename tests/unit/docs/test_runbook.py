"""The runbook: each outcome that people are told of and each alarm has its entry, and each entry says all it has to."""

import re

import pytest

from lifecycle.executions.outcomes import SILENT, Outcome
from lifecycle.notifications import links
from tests.infra.configurations import ROOT
from tests.unit.notifications.test_golden import CASES, told

RUNBOOK = (ROOT / links.RUNBOOK).read_text("utf-8")
ENTRIES = dict(re.findall(r"^### (\w+)\n\n(.*?)(?=^##)", RUNBOOK, re.MULTILINE | re.DOTALL))
TOLD = set(Outcome) - SILENT
SAYS = ("It costs", "First look", "Do", "Prevent")


def test_every_outcome_that_is_reported_has_its_entry() -> None:
    assert {name for name in ENTRIES if name.isupper()} == TOLD


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_says_what_it_means_what_it_costs_what_to_check_and_what_to_do(entry: str) -> None:
    meaning, *points = re.split(r"^- \*\*", ENTRIES[entry], flags=re.MULTILINE)
    assert meaning.strip()
    assert [re.match(r"[\w ]+", point)[0] for point in points] == [*SAYS]  # type: ignore[index]  # no match fails the test
    severities = {told(case).severity for case in CASES if case.partition("-")[0] == entry}
    for severity in severities:
        assert severity in meaning


@pytest.mark.parametrize("case", CASES)
def test_a_message_links_an_entry_that_is_there(case: str) -> None:
    notification = told(case, runbook_url="https://wiki.example.com/operations")
    (link,) = (line for line in notification.sections["Links"] if line.startswith("Runbook: "))
    assert link.partition("#")[2] in {entry.lower() for entry in ENTRIES}
