"""A small part of the campaign: some trials of each row of docs/evidence/reliability.md; the command runs them all."""

import re
from pathlib import Path

import pytest

from tests.account.campaign import ROWS, Calls, Row
from tests.account.clients import errors_of_operation
from tests.account.stories import PROPERTIES, TrialRunner

pytestmark = pytest.mark.xdist_group("faults")
DOCUMENT = (Path(__file__).parents[2] / "docs" / "evidence" / "reliability.md").read_text(encoding="utf-8")
SOME = 5
"""Trials of a row."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.words)
def test_whatever_goes_wrong_the_promises_hold(run_trial: TrialRunner, calls: Calls, row: Row) -> None:
    trials = row.chosen(calls)[:SOME]
    assert [str(verdict) for verdict in map(run_trial, trials) if verdict.broken] == []


def test_the_table_in_the_docs_has_every_row_without_an_exception() -> None:
    for row in ROWS:
        (cells,) = re.findall(rf"^\| {re.escape(row.words)} \| (.*) \|$", DOCUMENT, re.MULTILINE)
        runs, *exceptions = cells.split(" | ")[: 1 + len(PROPERTIES)]
        assert int(runs) > 0
        assert {one.strip() for one in exceptions} <= {"0", ""}


def test_each_error_that_the_service_documents_is_tried(calls: Calls) -> None:
    for operation in ("StartProjectVersion", "StopProjectVersion", "DescribeProjectVersions", "DescribeProjects"):
        documented = set(errors_of_operation("rekognition", operation))
        assert {"AccessDeniedException", "InternalServerError", "ThrottlingException"} <= documented
        tried = {
            str(fault.what)
            for row in ROWS
            if operation in row.words
            for trial in row.trials(calls)
            for fault in trial.faults
            if fault.operation == f"rekognition:{operation}"
        }
        assert tried >= documented
