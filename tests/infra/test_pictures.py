"""The pictures in README.md and docs/: drawn from their sources, and fresh."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from lifecycle.decisions import TARGET_RUNNING
from tools.asl import StateMachine, state_machines
from tools.pictures import DOCUMENTS, PictureError, data_flow, drawn, main, pictures, statuses
from tools.templates import Template

# As conservative as Mermaid can be read: ids are words, labels are quoted.
NODE = re.compile(
    r'  \w+(\(\( \)\)|\["[^"\n]+"\]|\{"[^"\n]+"\}|\(\["[^"\n]+"\]\)|\[\("[^"\n]+"\)\]|\(\(\("[^"\n]+"\)\)\))'
)
ARROW = re.compile(r'  \w+(\(\( \)\))? (-->|-- "[^"\n]+" -->|-\. \w+ \.->) \w+')
RESERVED = {"end", "default", "class", "click", "style", "graph", "subgraph", "linkStyle", "call", "href"}


@pytest.fixture(scope="module")
def drawings(stack: Template) -> Mapping[str, str]:
    return pictures(stack)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_the_pictures_in_the_documents_are_fresh(document: Path, drawings: Mapping[str, str]) -> None:
    text = document.read_text("utf-8")
    assert drawn(text, drawings) == text, "stale: run 'make docs'"


def test_every_picture_is_shown(drawings: Mapping[str, str]) -> None:
    text = "".join(document.read_text("utf-8") for document in DOCUMENTS)
    assert {name for name in drawings if f"<!-- picture: {name} -->" in text} == drawings.keys()


def test_a_picture_is_drawn_between_its_markers_and_nowhere_else() -> None:
    text = "before\n<!-- picture: one -->\nold\n<!-- /picture -->\nafter\n"
    fresh = drawn(text, {"one": "new"})
    assert fresh == "before\n<!-- picture: one -->\n\nnew\n\n<!-- /picture -->\nafter\n"
    assert drawn(fresh, {"one": "new"}) == fresh


@pytest.mark.parametrize(
    "text", ["<!-- picture: one -->\n", "<!-- /picture -->", "<!-- picture: one --><!-- /picture -->"]
)
def test_markers_that_do_not_match_are_an_error(text: str) -> None:
    with pytest.raises(PictureError, match="/picture"):
        drawn(text, {"one": ""})


@pytest.mark.parametrize(("arguments", "says", "writes"), [([], None, True), (["--check"], "README.md", False)])
def test_the_command_draws_or_checks(
    arguments: list[str],
    says: str | None,
    writes: bool,
    stack: Template,
    drawings: Mapping[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = tmp_path / "README.md"
    stale = "<!-- picture: statuses -->\n<!-- /picture -->"
    document.write_text(stale)
    monkeypatch.setattr("tools.pictures.ROOT", tmp_path)
    monkeypatch.setattr("tools.pictures.DOCUMENTS", [document])
    monkeypatch.setattr("tools.pictures.synthesise", lambda _context, _outdir: stack.assembly)
    said = main(arguments)
    assert says in said if says and said else said is says
    assert document.read_text() == (drawn(stale, drawings) if writes else stale)


def test_a_picture_that_there_is_not_is_an_error() -> None:
    with pytest.raises(PictureError, match="no picture tow, only one, two"):
        drawn("<!-- picture: tow -->\n<!-- /picture -->", {"one": "", "two": ""})


def test_the_diagrams_are_mermaid(drawings: Mapping[str, str]) -> None:
    diagrams = [picture for picture in drawings.values() if picture.startswith("```mermaid")]
    assert len(diagrams) == len(state_machines()) + 1
    for diagram in diagrams:
        _, kind, *lines, _ = diagram.splitlines()
        assert re.fullmatch(r"flowchart (TD|LR)", kind)
        ids = {line.split("[")[0].split("(")[0].split("{")[0].strip() for line in lines if NODE.fullmatch(line)}
        assert not ids & RESERVED
        for line in lines:
            assert NODE.fullmatch(line) or ARROW.fullmatch(line), line
            if ARROW.fullmatch(line):
                assert {line.split()[0].removesuffix("(("), line.split()[-1]} <= ids | {"start"}, line


@pytest.mark.parametrize("machine", state_machines(), ids=lambda machine: machine.name)
def test_a_state_machine_is_drawn_whole(machine: StateMachine, drawings: Mapping[str, str]) -> None:
    picture = drawings[machine.name.replace("_", "-")]
    assert all(f'"{name}"' in picture for name in machine.states)
    ids = dict(re.findall(r'  (\w+)\W+"([^"]+)"\W+$', picture, re.MULTILINE))
    ways = re.findall(r"^  (\w+) -.*> (\w+)$", picture, re.MULTILINE)
    assert {(ids[one], ids[other]) for one, other in ways} == {(way.source, way.target) for way in machine.transitions}


def test_the_data_flow_shows_who_calls_what_whatever_the_settings(stack: Template, minimal: Template) -> None:
    lines = data_flow(stack)
    assert lines == data_flow(minimal)
    for call in (
        "StartModelStateMachine --> prepare",
        'start -- "StartProjectVersion" --> rekognition',
        'prepare -- "PutItem" --> dynamodb',
        'check -- "DescribeExecution" --> states',
        'notify -- "PutEvents" --> events',
        'notify -- "Publish" --> sns',
    ):
        assert f"  {call}" in lines


def test_the_statuses_are_all_there_once() -> None:
    rows = statuses().splitlines()[2:]
    assert (
        re.findall(r"`([A-Z_]+)`", " ".join(row.split("|")[1] for row in rows)).sort() == sorted(TARGET_RUNNING).sort()
    )
    assert "| `RUNNING` | done | done |" in rows
    assert rows[-1].startswith("| anything else | fail")
