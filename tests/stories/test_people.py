"""What people use: the dashboard's page, and the command that stops everything."""

import json
from datetime import UTC, datetime
from typing import Any

from emulator.server import Emulator
from tests.deployed.executions import StateMachine, wait_until
from tests.deployed.notified import QUICK, NewModel, status_of
from tests.deployed.terminal import run
from tests.docs.reading import blocks


def invoke(emulator: Emulator, function: str, event: object) -> Any:
    answer = emulator.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


def test_the_page_says_what_it_is_and_calls_nothing(emulator: Emulator) -> None:
    """CloudWatch User Guide, "Add a custom widget": it asks with ``describe``, and shows the Markdown."""
    before = len(emulator.authoriser.decisions)
    said = invoke(emulator, emulator.outputs["PageFunctionName"], {"describe": True})
    assert said["markdown"].startswith("## Custom Labels models")
    assert not [one for one in emulator.authoriser.decisions[before:] if "-PageRole" in one.role]


def test_a_double_click_is_one_execution_whose_lease_the_page_shows(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model("RUNNING")
    functions = emulator.client("lambda").list_functions()["Functions"]
    (act,) = (one["FunctionArn"] for one in functions if "-PageActFunction" in one["FunctionName"])
    click = {
        "Action": "start",
        "ProjectVersionArn": arn,
        "MinutesField": "minutes",
        "widgetContext": {"theme": "dark", "forms": {"all": {"minutes": "30"}}},
        "PageMadeAt": f"{datetime.now(UTC):%FT%TZ}",
    }
    answers = [str(invoke(emulator, act, click)) for _ in range(2)]
    assert "It is being started" in answers[0]
    assert 'class="cll cll-dark"' in answers[0]
    (link,) = {answer.partition('href="')[2].partition('"')[0] for answer in answers}
    execution = link.partition("/details/")[2]
    given = json.loads(start_model.stepfunctions.describe_execution(executionArn=execution)["input"])
    assert given["LeaseMinutes"] == 30
    lease_id = start_model.wait(execution).output["LeaseId"]
    assert lease_id in invoke(emulator, emulator.outputs["PageFunctionName"], {})


def test_everything_that_this_app_manages_is_stopped_by_one_command(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    managed, other = new_model("RUNNING"), new_model("RUNNING")
    assert start_model.run({"ProjectVersionArn": managed, "LeaseMinutes": 0, **QUICK}).status == "SUCCEEDED"
    run(emulator, f"{blocks('docs/stop-everything.md', 'shell')[0].strip()} --no-wait")
    wait_until(lambda: status_of(emulator, managed) == "STOPPED")
    assert status_of(emulator, other) == "RUNNING", "it is not managed"
