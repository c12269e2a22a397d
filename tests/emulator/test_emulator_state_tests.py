"""Step Functions' TestState and ValidateStateMachineDefinition, as recordings of real AWS have them."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.server import Emulator
from tools.verify.__main__ import main

LAMBDA = "arn:aws:states:::lambda:invoke"
SYNC = "arn:aws:states:::states:startExecution.sync:2"
MACHINE = {
    "QueryLanguage": "JSONata",
    "StartAt": "Call",
    "States": {
        "Call": {
            "Type": "Task",
            "Resource": LAMBDA,
            "Arguments": {"FunctionName": "f", "Payload": "{% $states.input.x + $more %}"},
            "Retry": [
                {"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "BackoffRate": 2, "MaxAttempts": 5},
                {"ErrorEquals": ["Slow"], "IntervalSeconds": 9, "JitterStrategy": "FULL", "MaxDelaySeconds": 10},
            ],
            "Catch": [
                {"ErrorEquals": ["Gone"], "Next": "End"},
                {
                    "ErrorEquals": ["States.ALL"],
                    "Assign": {"why": "{% $states.errorOutput.Cause & $states.context.State.RetryCount %}"},
                    "Next": "End",
                },
            ],
            "Assign": {"found": "{% $states.result.Payload %}"},
            "Output": {"Of": "{% $states.context.Execution.Name %}"},
            "Next": "End",
        },
        "Start": {
            "Type": "Task",
            "Resource": SYNC,
            "Arguments": {"StateMachineArn": "a"},
            "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "End"}],
            "Next": "End",
        },
        "Each": {
            "Type": "Map",
            "Items": "{% $states.input %}",
            "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": {"Type": "Succeed"}}},
            "Next": "End",
        },
        "Pass": {"Type": "Pass", "Next": "End"},
        "End": {"Type": "Succeed"},
    },
}
CONTEXT = {"Execution": {"Name": "n"}, "State": {"RetryCount": 3}}
GIVEN: dict[str, Any] = {
    "definition": json.dumps(MACHINE),
    "stateName": "Call",
    "input": '{"x": 1}',
    "variables": '{"more": 2}',
    "context": json.dumps(CONTEXT),
    "inspectionLevel": "DEBUG",
}
ANSWERED = {"mock": {"result": '{"Payload": "9"}'}}


def failed(error: str, tried: int = 0) -> dict[str, Any]:
    return {
        "mock": {"errorOutput": {"error": error, "cause": "Why."}},
        "stateConfiguration": {"retrierRetryCount": tried},
    }


def test_a_state_is_run_with_a_mocked_result(bare: Emulator) -> None:
    answer = bare.client("stepfunctions").test_state(**GIVEN, **ANSWERED)
    inspected = answer["inspectionData"]
    assert (answer["status"], answer["nextState"], answer["output"]) == ("SUCCEEDED", "End", '{"Of": "n"}')
    assert json.loads(inspected["afterArguments"]) == {"FunctionName": "f", "Payload": 3}
    assert json.loads(inspected["variables"]) == {"more": 2, "found": "9"}


@pytest.mark.parametrize(
    ("error", "tried", "status", "details"),
    [
        ("Busy", 4, "RETRIABLE", {"retryIndex": 0, "retryBackoffIntervalSeconds": 16}),
        ("Busy", 5, "CAUGHT_ERROR", {"retryIndex": 0, "catchIndex": 1}),
        ("Gone", 0, "CAUGHT_ERROR", {"catchIndex": 0}),
        ("Other", 0, "CAUGHT_ERROR", {"catchIndex": 1}),
        ("States.DataLimitExceeded", 0, "FAILED", None),
    ],
)
def test_the_retry_or_catch_that_counts_is_named(
    bare: Emulator, error: str, tried: int, status: str, details: dict[str, int] | None
) -> None:
    answer = bare.client("stepfunctions").test_state(**GIVEN, **failed(error, tried))
    assert (answer["status"], answer["error"], answer["cause"]) == (status, error, "Why.")
    assert answer["inspectionData"].get("errorDetails") == details
    if details == {"catchIndex": 1}:
        assert json.loads(answer["inspectionData"]["variables"])["why"] == "Why.3"


def test_a_pause_with_jitter_is_within_its_bound(bare: Emulator) -> None:
    answer = bare.client("stepfunctions").test_state(**GIVEN, **failed("Slow", 1))
    assert 0 <= answer["inspectionData"]["errorDetails"]["retryBackoffIntervalSeconds"] <= 10


def test_an_expression_that_fails_is_an_error_of_the_state(bare: Emulator) -> None:
    answer = bare.client("stepfunctions").test_state(**{**GIVEN, "variables": '{"more": "text"}'}, **ANSWERED)
    assert (answer["status"], answer["error"]) == ("CAUGHT_ERROR", "States.QueryEvaluationError")


def test_an_expression_that_gives_nothing_is_an_error_and_null_is_none(bare: Emulator) -> None:
    def said(output: str) -> tuple[str, str]:
        state = json.dumps({"QueryLanguage": "JSONata", "Type": "Pass", "Output": output, "Next": "B"})
        answer = bare.client("stepfunctions").test_state(definition=state, input='{"x": {"no": null}}')
        return answer["status"], answer.get("output") or answer["error"]

    assert said("{% $states.input.x.no %}") == ("SUCCEEDED", "null")
    assert said("{% $states.input.x.gone %}") == ("FAILED", "States.QueryEvaluationError")


WITHOUT_CONTEXT = {name: value for name, value in GIVEN.items() if name != "context"}


@pytest.mark.parametrize(
    ("request_", "code", "says"),
    [
        ({**WITHOUT_CONTEXT}, "ValidationException", "needs a mock, or a roleArn"),
        ({**WITHOUT_CONTEXT, "stateName": "Start", "roleArn": "arn:aws:iam::1:role/r"}, "ValidationException", ".sync"),
        ({**WITHOUT_CONTEXT, "stateName": "Each"}, "InvalidDefinition", "does not support Map or Parallel states"),
        ({**WITHOUT_CONTEXT, "stateName": "Pass", **ANSWERED}, "ValidationException", "State type 'Pass' is not"),
        ({**WITHOUT_CONTEXT, "stateName": "Nowhere"}, "ValidationException", "State not found in definition"),
        ({**GIVEN, "stateName": "Pass"}, "ValidationException", "Context object may only be specified when a mock"),
        ({**GIVEN, "stateName": "Each", "mock": {"result": "[]"}}, "ValidationException", "Context object"),
        ({**GIVEN, **ANSWERED, "context": '{"Map": {}}'}, "ValidationException", "'Map' field is not supported"),
        ({**GIVEN, **ANSWERED, "context": '{"Execution": {"x": 1}}'}, "ValidationException", "'x' is not allowed"),
        ({**GIVEN, **ANSWERED, "context": '{"Task": {"Token": "t"}}'}, "ValidationException", "contains 'Task' when"),
        ({**GIVEN, "mock": {"result": "{", "fieldValidationMode": "NONE"}}, "ValidationException", "valid JSON"),
        ({**GIVEN, "mock": {}}, "ValidationException", "only one of the following fields"),
        (
            {**GIVEN, "mock": {"result": '{"StatusCode": "200"}'}},
            "ValidationException",
            "'StatusCode' must be a number",
        ),
        ({**GIVEN, "mock": {"result": '{"Payload": {"a": 1}}'}}, "ValidationException", "'Payload' must be a string"),
        ({**GIVEN, "stateName": "Start", "mock": {"result": "{}"}}, "ValidationException", "'ExecutionArn' is missing"),
        ({**WITHOUT_CONTEXT, "stateName": "Each", "mock": {"result": "{}"}}, "ValidationException", "be an array"),
        ({**GIVEN, **ANSWERED, "revealSecrets": True}, "ValidationException", "does not support RevealSecrets"),
        ({**GIVEN, **ANSWERED, "definition": "{"}, "InvalidDefinition", "no fully formed state machine"),
    ],
)
def test_what_test_state_refuses_is_refused(bare: Emulator, request_: dict[str, Any], code: str, says: str) -> None:
    with pytest.raises(ClientError) as refused:
        bare.client("stepfunctions").test_state(**request_)
    assert refused.value.response["Error"]["Code"] == code
    assert says in refused.value.response["Error"]["Message"]


def test_a_nested_execution_s_answer_is_an_object_only_without_validation(bare: Emulator) -> None:
    mock = {"result": '{"Status": "SUCCEEDED", "Output": {"a": 1}}', "fieldValidationMode": "NONE"}
    answer = bare.client("stepfunctions").test_state(**{**GIVEN, "stateName": "Start"}, mock=mock)
    assert json.loads(answer["output"])["Output"] == {"a": 1}


def test_a_single_state_needs_no_machine(bare: Emulator) -> None:
    state = json.dumps({"QueryLanguage": "JSONata", "Type": "Pass", "Output": "{% $states.input.x %}", "Next": "B"})
    answer = bare.client("stepfunctions").test_state(definition=state, input='{"x": 7}')
    assert (answer["status"], answer["output"], answer["nextState"]) == ("SUCCEEDED", "7", "B")


def test_a_definition_is_validated(bare: Emulator) -> None:
    stepfunctions = bare.client("stepfunctions")
    answer = stepfunctions.validate_state_machine_definition(definition=json.dumps(MACHINE))
    assert (answer["result"], answer["diagnostics"]) == ("OK", [])
    lost = json.dumps({**MACHINE, "StartAt": "Nowhere"})
    answer = stepfunctions.validate_state_machine_definition(definition=lost)
    assert answer["result"] == "FAIL"
    assert "Missing 'Next' target: Nowhere" in answer["diagnostics"][0]["message"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("Any", "CAUGHT_ERROR"),
        ("States.QueryEvaluationError", "CAUGHT_ERROR"),
        ("States.Timeout", "FAILED"),
        ("States.Runtime", "FAILED"),
    ],
)
def test_a_failed_task_is_every_error_but_a_timeout(bare: Emulator, error: str, status: str) -> None:
    answer = bare.client("stepfunctions").test_state(**{**GIVEN, "stateName": "Start"}, **failed(error))
    assert answer["status"] == status


# --- make verify-aws --------------------------------------------------------------------------------------------------


@pytest.fixture
def _credentials(bare: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", bare.endpoint)
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "test")


@pytest.mark.usefixtures("_credentials")
def test_the_command_prints_a_row_for_each_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drain_inbox"]) == 0
    said = capsys.readouterr().out
    assert "drain_inbox: Close the inbox" in said
    assert "  Lambda.ServiceException" in said
    assert " 0 of them not as expected." in said
    # Why not depends on what else was done in this emulator; tests/verify has each reason.
    assert "not checked: " in said


@pytest.mark.usefixtures("_credentials")
def test_credentials_that_may_not_ask_are_said_at_once(
    bare: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"{bare.endpoint[:-1]}")
    assert main([]) == 2
    assert "It could not be asked: " in capsys.readouterr().err
