"""What the docs tell users to type is accepted, and the figures they give are so."""

import json
import re

import pytest

from lifecycle.start_model.request import start_request
from lifecycle.stop_model.request import stop_request
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
    looks = story.run({"Model": "defects"}).polls
    # Prepare; each look and the choice after it; the start; each wait; the notification and the end.
    transitions = 1 + 2 * looks + 1 + (looks - 1) + 2
    said = f"makes {looks} status checks (at once, after 30 seconds, then every 10)"
    costs = " ".join(DOCUMENTS["costs.md"].split())
    assert said in costs
    assert f"{transitions} transitions at USD 0.025 per 1,000, that is USD {transitions * 0.025 / 1000:.4f}" in costs
