"""The pictures in README.md and docs/: drawn from their sources, and fresh."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from lifecycle.model.decisions import SETTLE
from lifecycle.model.statuses import TARGET_RUNNING
from tools.asl import StateMachine, state_machines
from tools.pictures import _SERVICES, DOCUMENTS, ROOT, PictureError, data_flow, drawn, main, pictures, statuses
from tools.templates import Template

# As conservative as Mermaid can be read: ids are words, labels are quoted.
NODE = re.compile(
    r'(?:  )+\w+(\(\( \)\)|\["[^"\n]+"\]|\{"[^"\n]+"\}|\(\["[^"\n]+"\]\)|\[\("[^"\n]+"\)\]|\(\(\("[^"\n]+"\)\)\)'
    r'|\[\["[^"\n]+"\]\])'
)
ARROW = re.compile(r'  \w+(\(\( \)\))? (-->|-- "[^"\n]+" -->|-\. \w+ \.->) \w+')
GROUP = re.compile(r'  subgraph (\w+)\["[^"\n]+"\]|  end')
RESERVED = {"end", "default", "class", "click", "style", "graph", "subgraph", "linkStyle", "call", "href"}


@pytest.fixture(scope="module")
def drawings(minimal: Template) -> Mapping[str, str]:
    """As the command draws them: with the settings that everybody has."""
    return pictures(minimal)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_the_pictures_in_the_documents_are_fresh(document: Path, drawings: Mapping[str, str]) -> None:
    text = document.read_text("utf-8")
    assert drawn(text, drawings) == text, "stale: run 'make docs'"


def test_every_picture_is_shown(drawings: Mapping[str, str]) -> None:
    text = "".join(document.read_text("utf-8") for document in DOCUMENTS)
    assert {name for name in drawings if f"<!-- picture: {name} -->" in text} == drawings.keys() - {"stop-model"}


def test_a_stop_is_drawn_as_a_start_is(drawings: Mapping[str, str]) -> None:
    """So one picture shows both."""
    picture = drawings["start-model"]
    for start, stop in {
        "Start the model": "Stop the model",
        "Notify: running": "Notify: stopped or kept running",
        "Model is RUNNING": "Model is stopped or kept running",
        "Start failed": "Stop failed",
    }.items():
        picture = picture.replace(f'"{start}"', f'"{stop}"')
    assert picture == drawings["stop-model"]


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
        groups = [line for line in lines if GROUP.fullmatch(line)]
        assert groups[1::2] == ["  end"] * (len(groups) // 2)
        nodes = [re.split(r"[\[({]", line)[0].strip() for line in lines if NODE.fullmatch(line)]
        ids = {*nodes, *(line.split("[")[0].split()[1] for line in groups[::2])}
        assert len(ids) == len(nodes) + len(groups) / 2
        assert not ids & RESERVED
        for line in lines:
            assert NODE.fullmatch(line) or ARROW.fullmatch(line) or GROUP.fullmatch(line), line
            if ARROW.fullmatch(line):
                assert {line.split()[0].removesuffix("(("), line.split()[-1]} <= ids | {"start"}, line


@pytest.mark.parametrize("machine", state_machines(), ids=lambda machine: machine.name)
def test_a_state_machine_is_drawn_whole(machine: StateMachine, drawings: Mapping[str, str]) -> None:
    picture = drawings[machine.name.replace("_", "-")]
    assert all(f'"{name}"' in picture for name in machine.states)
    ids = dict(re.findall(r'  (\w+)\W+"([^"]+)"\W+$', picture, re.MULTILINE))
    ways = re.findall(r"^  (\w+) -.*> (\w+)$", picture, re.MULTILINE)
    assert {(ids[one], ids[other]) for one, other in ways} == {(way.source, way.target) for way in machine.transitions}


def test_the_data_flow_shows_who_calls_what(stack: Template, minimal: Template, every_project: Template) -> None:
    """What settings add, such as workloads and the choice of versions, are more actions on the same things."""
    lines = data_flow(minimal)
    assert lines == data_flow(every_project)
    assert [one for one in data_flow(stack) if "-->" not in one] == [one for one in lines if "-->" not in one]
    arrows = [line.strip() for line in lines if ARROW.fullmatch(line)]
    assert set(arrows) == {
        "caller --> StartModelStateMachine",
        "caller --> StopModelStateMachine",
        "caller --> RunWithModelStateMachine",
        "RunWithModelStateMachine --> steps",
        "RunWithModelStateMachine --> StartModelStateMachine",
        "RunWithModelStateMachine --> StopModelStateMachine",
        "rule --> settle",
        "schedule --> sweep",
        "StartModelStateMachine --> steps",
        "StopModelStateMachine --> steps",
        "StartModelStateMachine --> start",
        "StopModelStateMachine --> stop",
        'prepare -- "DescribeProjects" --> rekognition',
        'prepare -- "GetItem<br/>Scan<br/>UpdateItem" --> SharedModels',
        'prepare -- "PutItem" --> SharedIdempotency',
        'prepare -- "DescribeExecution" --> states',
        'check -- "DescribeProjectVersions<br/>DescribeProjects" --> rekognition',
        'check -- "GetItem<br/>PutItem<br/>UpdateItem" --> SharedModels',
        'check -- "PutItem" --> SharedLedger',
        'check -- "DescribeExecution" --> states',
        'start -- "StartProjectVersion" --> rekognition',
        'start -- "GetItem" --> SharedModels',
        'stop -- "StopProjectVersion" --> rekognition',
        'stop -- "GetItem" --> SharedModels',
        'notify -- "DeleteItem<br/>PutItem<br/>UpdateItem" --> SharedIdempotency',
        'notify -- "Publish" --> sns',
        'notify -- "PutEvents" --> events',
        'reconciliation -- "DescribeProjectVersions<br/>DescribeProjects" --> rekognition',
        'reconciliation -- "DeleteItem<br/>GetItem<br/>PutItem<br/>Scan" --> SharedModels',
        'reconciliation -- "DeleteItem<br/>GetItem<br/>PutItem<br/>UpdateItem" --> SharedIdempotency',
        'reconciliation -- "DescribeExecution<br/>StopExecution" --> states',
        'reconciliation -- "StartExecution" --> StopModelStateMachine',
        'reconciliation -- "Publish" --> sns',
        'reconciliation -- "PutEvents" --> events',
        'sweep -- "StartExecution" --> StartModelStateMachine',
        'sweep -- "UpdateItem" --> SharedModels',
        'sweep -- "PutItem<br/>Query" --> SharedLedger',
        "viewer --> page",
        "viewer --> act",
        'page -- "DescribeProjectVersions<br/>DescribeProjects" --> rekognition',
        'page -- "GetItem<br/>Scan" --> SharedModels',
        'page -- "Query" --> SharedLedger',
        'page -- "DescribeExecution" --> states',
        'act -- "DescribeExecution" --> states',
        'act -- "InvokeFunction" --> sweep',
        'act -- "StartExecution" --> StartModelStateMachine',
        'act -- "StartExecution" --> StopModelStateMachine',
    }
    assert len(arrows) == len(set(arrows))


def test_the_groups_of_the_data_flow_are_what_several_machines_call_and_what_none_does(stack: Template) -> None:
    text = "\n".join(data_flow(stack))
    groups = dict(re.findall(r"  subgraph (\w+).*\n((?:    .*\n)+)  end", text))
    members = {name: re.findall(r"^    (\w+)", inside, re.MULTILINE) for name, inside in groups.items()}
    assert members == {
        "steps": ["prepare", "check", "notify"],
        "reconciliation": ["settle", "sweep"],
        "dashboard": ["page", "act"],
    }


def test_a_service_that_nobody_said_how_to_draw_is_an_error(stack: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    services = {name: label for name, label in _SERVICES.items() if name != "sns"}
    monkeypatch.setattr("tools.pictures._SERVICES", services)
    with pytest.raises(PictureError, match="say in _SERVICES how to draw sns"):
        data_flow(stack)


def test_the_statuses_are_all_there_once_for_both_targets() -> None:
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in statuses().splitlines()[2:]]
    named = re.findall(r"`([A-Z_]+)`", " ".join(row[0] for row in rows))
    assert sorted(named) == sorted(TARGET_RUNNING)
    assert {len(row) for row in rows} == {5}
    assert ["`RUNNING`", "done", "done", "request", "settle, then request again"] in rows
    assert ["`STARTING`", "wait", "wait", "wait", "wait"] in rows
    gone, anything_else = rows[-2:]
    assert gone == ["a version that is gone", *["fail `ModelNotFound`"] * 2, "done", "done"]
    assert anything_else == ["anything else, which is named", *["fail `ModelNotStartable`"] * 4]


def test_it_is_said_how_long_a_status_may_take_to_settle() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert f"*Settle*: for {SETTLE.total_seconds():.0f} s after a request" in text
