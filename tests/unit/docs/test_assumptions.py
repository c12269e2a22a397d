"""What is assumed of AWS, row by row: documented, proved by a command that is there, or said to be unknown.

And what AWS does that surprises, row by row with tests that are there.
"""

import re

import pytest

from tests.infra.configurations import ROOT
from tools.verify.record import recorded

PAGE = (ROOT / "docs" / "evidence" / "assumptions.md").read_text("utf-8")


def rows(part: str) -> list[list[str]]:
    """The cells of a table, without its head."""
    found = [
        [cell.strip() for cell in line.strip("| ").split(" | ")] for line in re.findall(r"^\| .+", part, re.MULTILINE)
    ]
    assert len({len(row) for row in found}) == 1
    return found[1:]


ASSUMPTIONS, SURPRISES = map(rows, PAGE.split("\n## "))
STORIES = set(
    re.findall(r"^def (test_\w+)", (ROOT / "tests" / "aws" / "test_life.py").read_text("utf-8"), re.MULTILINE)
)
STATES = {(program.partition("/")[0], state) for program, states in recorded().items() for state in states}


def is_proof(said: str) -> bool:
    """Whether a cell names a document, a state that verify-aws tests, or a story of tests/aws; or that nothing does."""
    if story := re.fullmatch(r"`tests/aws`: `(\w+)`", said):
        return story[1] in STORIES
    if state := re.fullmatch(r"`make verify-aws`: (\w+), \*(.+)\*", said):
        return (state[1], state[2]) in STATES
    return bool(re.fullmatch(r"unknown(: .+)?|documented: .+", said))


@pytest.mark.parametrize("row", ASSUMPTIONS, ids=lambda row: str(row[0])[:60])
def test_an_assumption_says_where_it_is_made_and_what_would_prove_it(row: list[str]) -> None:
    assert is_proof(row[2]), row[2]


def test_a_proof_that_is_not_there_is_noticed() -> None:
    assert len(ASSUMPTIONS) > 20
    assert {row[2].partition(":")[0] for row in ASSUMPTIONS} == {
        "unknown", "documented", "`make verify-aws`", "`tests/aws`",
    }  # fmt: skip
    for said in ("`tests/aws`: `test_nothing`", "`make verify-aws`: start_model, *No state*", "probably", "documented"):
        assert not is_proof(said)


def missing(said: str) -> list[str]:
    """The tests of a cell that are not there, such as of \"`infra/test_iam`: `test_a`, `test_b`\"."""
    found = []
    for one in said.split("; "):
        file, _, named = one.partition(": ")
        names = [name.strip("`") for name in named.split(", ")]
        text = (ROOT / "tests" / f"{file.strip('`')}.py").read_text("utf-8")
        found += [name for name in names if f"\ndef {name}(" not in text]
    return found


@pytest.mark.parametrize("row", SURPRISES, ids=lambda row: str(row[0])[:60])
def test_what_surprises_has_a_test_that_is_there(row: list[str]) -> None:
    assert missing(row[1]) == []


def test_a_test_that_is_not_there_is_noticed() -> None:
    assert len(SURPRISES) > 20
    assert missing("`unit/docs/test_assumptions`: `test_a_test_that_is_not_there_is_noticed`, `test_x`") == ["test_x"]
