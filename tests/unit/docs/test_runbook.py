"""The runbook: each outcome that people are told of and each alarm has its entry, and each entry says all it has to."""

import re

import pytest

from lifecycle.executions.outcomes import SILENT, Outcome
from lifecycle.notifications import links
from lifecycle.notifications.notification import Severity
from tests.infra.configurations import ROOT
from tests.unit.notifications.test_golden import CASES, notification_of

RUNBOOK = (ROOT / links.RUNBOOK).read_text("utf-8")
ENTRIES = dict(re.findall(r"^### (\w+)\n\n(.*?)(?=^##)", RUNBOOK, re.MULTILINE | re.DOTALL))
NOTIFIED = set(Outcome) - SILENT
SUCCESSES = {"MODEL_STOPPED", "MODEL_KEPT_RUNNING"}


def test_every_outcome_that_is_reported_has_its_entry() -> None:
    assert {name for name in ENTRIES if name.isupper()} == NOTIFIED


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_says_what_it_means_whether_it_costs_what_to_do_and_how_to_prevent_it(entry: str) -> None:
    meaning, *points = re.split(r"^- (?=\*\*)", ENTRIES[entry], flags=re.MULTILINE)
    cost = re.match(r"\*\*(?:.*, )?(?:may bill|bills|costs nothing)\b", meaning, re.IGNORECASE)
    assert cost
    assert meaning[cost.end() :].strip("*. \n")
    labels = [re.match(r"\*\*(\w+)\*\*", point)[1] for point in points]  # type: ignore[index]  # no match fails the test
    # What another entry prevents is said there; a success needs no prevention.
    elsewhere = re.search(r"\]\(#(\w+)\)", points[0])
    prevented = elsewhere and elsewhere[1] in {one.lower() for one in ENTRIES}
    assert labels == ["Do", "Prevent"] or (labels == ["Do"] and (prevented or entry in SUCCESSES))
    severities = {notification_of(case).severity for case in CASES if case.partition("-")[0] == entry}
    for severity in severities:
        assert severity in cost[0]


@pytest.mark.parametrize("case", CASES)
def test_a_message_links_an_entry_that_is_there(case: str) -> None:
    notification = notification_of(case, runbook_url="https://wiki.example.com/operations")
    (link,) = (line for line in notification.sections["Links"] if line.startswith("Runbook: "))
    assert link.partition("#")[2] in {entry.lower() for entry in ENTRIES}
    # Where it is served nowhere, what is no good news says where to read on.
    said = [line for line in notification_of(case).sections["Details"] if line.startswith("Runbook: ")]
    named = f"Runbook: the heading {notification.outcome} of docs/operations.md"
    assert said == [named] * (notification.severity is not Severity.INFO)
