"""What the docs tell users to type is accepted, and the figures they give are so."""

import json
import re

import pytest

from lifecycle.start_model.request import start_request
from lifecycle.stop_model.request import stop_request
from tests.docs.reading import blocks
from tests.infra.configurations import ROOT
from tests.unit.examples import CONFIGURATION, execution
from tests.unit.twins import Models, Story

DOCUMENTS = {path.name: path.read_text("utf-8") for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}
INPUTS = [
    (name, machine, given)
    for name, text in DOCUMENTS.items()
    for machine, given in re.findall(r"(StartModel|StopModel) `(\{.*?\})`", text)
]


@pytest.mark.parametrize(("document", "machine", "given"), INPUTS)
def test_an_input_in_the_docs_is_accepted(document: str, machine: str, given: str) -> None:
    read = start_request if machine == "StartModel" else stop_request
    assert read(json.loads(given), execution(), CONFIGURATION).model == "defects", document


def test_there_are_inputs_in_the_docs() -> None:
    """Or the test above would check nothing."""
    assert len(INPUTS) >= 5


def test_a_start_of_12_minutes_costs_what_the_docs_say() -> None:
    story = Story(Models(once_started=[(0, "STARTING"), (720, "RUNNING")]))
    status_checks = story.run({"Model": "defects"}).polls
    # Prepare; each look and the choice after it; the start; each wait; the notification and the end.
    transitions = 1 + 2 * status_checks + 1 + (status_checks - 1) + 2
    said = f"makes {status_checks} status checks (at once, after 30 seconds, then every 10)"
    costs = " ".join(DOCUMENTS["costs.md"].split())
    assert said in costs
    assert f"{transitions} transitions at USD 0.025 per 1,000, that is USD {transitions * 0.025 / 1000:.4f}" in costs


SNIPPETS = [
    (name, block) for name in DOCUMENTS for block in blocks(name if name == "README.md" else f"docs/{name}", "json")
]


@pytest.mark.parametrize(("document", "snippet"), SNIPPETS)
def test_a_json_snippet_in_the_docs_is_json(document: str, snippet: str) -> None:
    """A whole value, what stands between the braces of cdk.json, or a value on each line."""
    lines = snippet.strip().splitlines()
    each = lines if len(lines) > 1 and all(line.startswith("{") and line.endswith("}") for line in lines) else [snippet]
    for text in each:
        assert json.loads(f"{{{text}}}" if text.lstrip().startswith('"') else text), document


def test_there_are_json_snippets_in_the_docs() -> None:
    """Or the test above would check nothing."""
    assert len(SNIPPETS) >= 15


def test_every_setting_has_its_row() -> None:
    schema = json.loads((ROOT / "infra" / "settings" / "settings.schema.json").read_text("utf-8"))
    rows = set(re.findall(r"`(\w+)`", DOCUMENTS["settings.md"]))
    assert schema["properties"].keys() - rows == set()
