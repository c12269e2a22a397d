"""The page's two functions on the real stack. What the page looks like, and its buttons: tests/browser."""

import json
from datetime import UTC, datetime
from typing import Any

from emulator.server import Emulator
from tests.deployed.executions import StateMachine
from tests.deployed.told import QUICK, NewModel


def invoke(emulator: Emulator, function: str, event: object) -> Any:
    answer = emulator.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


def act(emulator: Emulator, event: object) -> str:
    functions = emulator.client("lambda").list_functions()["Functions"]
    (function,) = (one["FunctionArn"] for one in functions if "-PageActFunction" in one["FunctionName"])
    return str(invoke(emulator, function, event))


def test_the_page_says_what_it_is_and_calls_nothing(emulator: Emulator) -> None:
    """CloudWatch User Guide, "Add a custom widget": it asks with ``describe``, and shows the Markdown."""
    before = len(emulator.authoriser.decisions)
    said = invoke(emulator, emulator.outputs["PageFunctionName"], {"describe": True})
    assert said["markdown"].startswith("## Custom Labels models")
    assert not [one for one in emulator.authoriser.decisions[before:] if "-PageRole" in one.role]


def test_the_page_reports_the_bill_of_a_month(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    for machine, given in ((start_model, {"LeaseId": "line-1"}), (stop_model, {"Force": True})):
        assert machine.run({"ProjectVersionArn": arn, **given, **QUICK}).status == "SUCCEEDED"
    page = emulator.outputs["PageFunctionName"]
    bill = invoke(emulator, page, {"Report": "bill"})
    assert bill["Month"] == f"{datetime.now(UTC):%Y-%m}"
    costs = {one.get("LeaseId"): one["Cost"] for one in bill["Lines"] if one["ProjectVersionArn"] == arn}
    assert bill["Total"] >= costs["line-1"] > 0
    assert invoke(emulator, page, {"Report": "bill", "Month": "2020-01"})["Lines"] == []


def test_a_double_click_is_one_execution(emulator: Emulator, start_model: StateMachine, new_model: NewModel) -> None:
    click = {
        "Action": "start",
        "ProjectVersionArn": new_model(),
        "MinutesField": "minutes",
        "widgetContext": {"theme": "dark", "forms": {"all": {"minutes": "30"}}},
        "PageMadeAt": f"{datetime.now(UTC):%FT%TZ}",
    }
    first, second = act(emulator, click), act(emulator, click)
    assert "It is being started" in first
    assert 'class="cll cll-dark"' in first
    (link,) = {answer.partition('href="')[2].partition('"')[0] for answer in (first, second)}
    execution = start_model.stepfunctions.describe_execution(executionArn=link.partition("/details/")[2])
    assert json.loads(execution["input"])["LeaseMinutes"] == 30


def test_what_is_no_click_of_ours_starts_nothing(emulator: Emulator, stop_model: StateMachine) -> None:
    def executions() -> int:
        listed = stop_model.stepfunctions.list_executions(stateMachineArn=stop_model.arn)["executions"]
        return sum(one["name"].startswith("console-") for one in listed)

    before = executions()
    events: list[object] = [{}, [], None, "stop", {"Action": "stop", "Model": "<b>unknown</b>"}]
    for event in events:
        answer = act(emulator, event)
        assert "Nothing was started" in answer
        assert "<b>" not in answer
    assert executions() == before
