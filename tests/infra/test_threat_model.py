"""docs/evidence/threat-model.md: every threat has the test that shows what stops it, and the test is there."""

import ast
import re
from functools import cache

import pytest

from tests.infra.configurations import ROOT

PAGE = (ROOT / "docs/evidence/threat-model.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.split("<!-- threats -->")[1].split("<!-- /threats -->")[0].splitlines()
    if re.match(r"\| T\d", line)
]
WITHOUT = "no test: "
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@cache
def names_in(path: str) -> frozenset[str]:
    """The tests of a file that pytest would collect: its functions' names at the top."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def problems_of(shown_by: str) -> list[str]:
    """What is wrong with the cell that names tests."""
    named = _NAMED.findall(shown_by)
    if not named:
        reason = shown_by.removeprefix(WITHOUT) if shown_by.startswith(WITHOUT) else ""
        return [] if len(reason.split()) >= 5 else ["neither a test nor a reason for none"]
    beside = _NAMED.sub("", shown_by).strip()
    missing = [
        f"{path}::{test} is not there"
        for path, test in named
        if not (ROOT / path).is_file() or test not in names_in(path)
    ]
    return missing + ([f"not understood: {beside}"] if beside else [])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_threat_says_what_stops_it_and_names_tests_that_are_there(row: list[str]) -> None:
    _, letters, threat, stops, shown_by, _ = row
    assert set(letters) <= set("STRIDE")
    assert letters
    assert threat
    assert stops
    assert problems_of(shown_by) == []


def test_threats_are_numbered_one_after_the_other() -> None:
    assert len(ROWS) >= 30
    assert [row[0] for row in ROWS] == [f"T{number}" for number in range(1, len(ROWS) + 1)]
    assert {letter for row in ROWS for letter in row[1]} == set("STRIDE")


@pytest.mark.parametrize(
    "shown_by",
    [
        "",
        "no test: too hard",
        "a test that I will write",
        "`tests/infra/test_threat_model.py::test_that_is_not_there`",
        "`tests/infra/test_nowhere.py::test_x`",
        "`tests/infra/test_threat_model.py::problems_of`",
        "`tests/infra/test_threat_model.py::test_threats_are_numbered_one_after_the_other` and others",
    ],
)
def test_a_threat_without_a_test_is_noticed(shown_by: str) -> None:
    assert problems_of(shown_by)


def test_every_link_of_the_page_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGE)
    assert links
    assert not [link for link in links if not (ROOT / "docs/evidence" / link).exists()]
