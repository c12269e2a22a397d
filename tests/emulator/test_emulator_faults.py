"""Scripted faults, from Python and over HTTP."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from emulator.custom_labels import Timing
from emulator.faults import Fault, InvalidFaultError
from emulator.remote import Remote, RemoteError
from emulator.server import Emulator
from tests.emulator.stacks import deploy_machine

NewModel = Callable[..., str]
OWN = "looked-for-by-these-tests"
DESCRIBE = Fault("rekognition:DescribeProjects", contains=OWN, error="InternalServerError")
"""Settle, after the executions of other tests, describes projects too."""


@pytest.fixture
def rekognition(bare: Emulator) -> Any:
    bare.custom_labels.timing = Timing(starting=3600)
    return bare.client("rekognition")


@pytest.fixture
def describe(rekognition: Any) -> Callable[[], Any]:
    """Describes a project of a name that only these tests look for."""
    return lambda: rekognition.describe_projects(ProjectNames=[OWN])


def status_of(bare: Emulator, model: str) -> str:
    return next(one.status for one in bare.custom_labels.versions() if one.arn == model)


def start(rekognition: Any, model: str) -> Any:
    return rekognition.start_project_version(ProjectVersionArn=model, MinInferenceUnits=1)["Status"]


def error_of(call: Callable[[], Any]) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as refusal:
        call()
    response = refusal.value.response
    error = response["Error"]
    return error["Code"], error["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_an_error_happens_on_the_chosen_calls_alone(bare: Emulator, describe: Callable[[], Any]) -> None:
    script = bare.faults.add(replace(DESCRIBE, calls=(2, 3), message="Not today"))
    describe()
    for _ in range(2):
        assert error_of(describe) == ("InternalServerError", "Not today", 500)
    describe()
    assert (script.matched, script.applied) == (4, 2)


def test_an_execution_is_unknown_for_a_moment_and_its_end_reported_late(bare: Emulator) -> None:
    """DescribeExecution is eventually consistent (Step Functions API reference)."""
    machine = deploy_machine(bare, {"Fail": {"Type": "Fail", "Error": "Jammed", "Cause": "Line 1"}})
    arn = machine.start({})
    assert machine.wait(arn).error == "Jammed"
    lags = Fault("states:DescribeExecution", contains=arn, status="RUNNING")
    bare.faults.add(lags)
    described = machine.stepfunctions.describe_execution(executionArn=arn)
    assert (described["status"], described.keys() & {"error", "cause", "stopDate"}) == ("RUNNING", set())
    assert machine.wait(arn).status == "FAILED"
    bare.faults.add(replace(lags, status=None, error="ExecutionDoesNotExist"))
    described = error_of(lambda: machine.stepfunctions.describe_execution(executionArn=arn))
    assert described[0] == "ExecutionDoesNotExist"


def test_every_call_can_fail_until_the_fault_is_cleared(bare: Emulator, describe: Callable[[], Any]) -> None:
    script = bare.faults.add(replace(DESCRIBE, calls=None, error="ProvisionedThroughputExceededException"))
    for _ in range(3):
        assert error_of(describe)[::2] == ("ProvisionedThroughputExceededException", 400)
    bare.faults.clear(script.id)
    describe()


def test_an_error_leaves_the_model_alone_unless_it_comes_after(
    bare: Emulator, rekognition: Any, new_model: NewModel
) -> None:
    for after, status in ((False, "STOPPED"), (True, "STARTING")):
        model = new_model()
        bare.faults.add(
            Fault("rekognition:StartProjectVersion", contains=model, error="InternalServerError", after=after)
        )
        assert error_of(lambda model=model: start(rekognition, model))[0] == "InternalServerError"  # type: ignore[misc]  # a lambda with a default
        assert status_of(bare, model) == status


def test_an_answer_can_be_lost_after_the_side_effect(bare: Emulator, rekognition: Any, new_model: NewModel) -> None:
    model = new_model()
    bare.faults.add(Fault("rekognition:StartProjectVersion", contains=model, lose_answer=True))
    with pytest.raises(ConnectionClosedError):
        start(rekognition, model)
    assert status_of(bare, model) == "STARTING"


def test_another_status_can_be_answered_also_one_that_the_service_has_not(
    bare: Emulator, rekognition: Any, new_model: NewModel
) -> None:
    model = new_model()
    project = rekognition.describe_projects(ProjectNames=[model.split("/")[1]])["ProjectDescriptions"][0]["ProjectArn"]
    bare.faults.add(Fault("rekognition:DescribeProjectVersions", contains=project, status="HIBERNATING"))
    bare.faults.add(Fault("rekognition:StartProjectVersion", contains=model, status="RUNNING"))
    for expected in ("HIBERNATING", "STOPPED"):
        (described,) = rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
        assert described["Status"] == expected
    assert start(rekognition, model) == "RUNNING"
    assert status_of(bare, model) == "STARTING"


def test_a_call_can_be_delayed_before_or_after_it_is_done(
    bare: Emulator, rekognition: Any, new_model: NewModel
) -> None:
    for after in (False, True):
        model = new_model()
        bare.faults.add(Fault("rekognition:StartProjectVersion", contains=model, delay_seconds=0.5, after=after))
        began = time.monotonic()
        assert start(rekognition, model) == "STARTING"
        assert time.monotonic() - began >= 0.5


def test_a_fault_can_be_for_requests_with_a_text_only(bare: Emulator, rekognition: Any, new_model: NewModel) -> None:
    chosen, other = new_model(), new_model()
    script = bare.faults.add(Fault("rekognition:StartProjectVersion", contains=chosen, error="LimitExceededException"))
    assert start(rekognition, other) == "STARTING"
    assert error_of(lambda: start(rekognition, chosen))[0] == "LimitExceededException"
    assert (script.matched, script.applied) == (1, 1)


def test_the_first_fault_that_is_due_answers_and_the_others_count(bare: Emulator, describe: Callable[[], Any]) -> None:
    first = bare.faults.add(replace(DESCRIBE, calls=(2,), error="ThrottlingException"))
    second = bare.faults.add(replace(DESCRIBE, calls=(1, 2)))
    assert error_of(describe)[0] == "InternalServerError"
    assert error_of(describe)[0] == "ThrottlingException"
    assert (first.applied, second.matched, second.applied) == (1, 2, 1)


@pytest.mark.parametrize(
    ("operation", "error", "call"),
    [
        ("sns:Publish", "InternalError", lambda client: client("sns").publish(TopicArn="arn:t", Message="m")),
        ("sns:Publish", "Throttled", lambda client: client("sns").publish(TopicArn="arn:t", Message="m")),
        (
            "events:PutEvents",
            "InternalException",
            lambda client: client("events").put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": "{}"}]),
        ),
        (
            "dynamodb:PutItem",
            "ProvisionedThroughputExceededException",
            lambda client: client("dynamodb").put_item(TableName="table", Item={"id": {"S": "i"}}),
        ),
        ("lambda:Invoke", "ServiceException", lambda client: client("lambda").invoke(FunctionName="f:1")),
        (
            "states:DescribeExecution",
            "ExecutionDoesNotExist",
            lambda client: client("stepfunctions").describe_execution(executionArn="arn:aws:states:e"),
        ),
    ],
)
def test_each_protocol_answers_its_errors(
    bare: Emulator, operation: str, error: str, call: Callable[[Any], Any]
) -> None:
    bare.faults.add(Fault(operation, calls=None, error=error, message="Said <so> & 'meant' it"))
    assert error_of(lambda: call(bare.client))[:2] == (error, "Said <so> & 'meant' it")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "Operation is missing"),
        ({"Operation": "rekognition:StartProjectVersion"}, "at least one of Error"),
        ({"Operation": "rekognition:StartProjectVersoin", "Error": "E"}, "did you mean StartProjectVersion?"),
        ({"Operation": "recognition:StartProjectVersion", "Error": "E"}, "no service 'recognition'"),
        ({"Operation": "sns:Publish", "Status": "RUNNING"}, "Status can be given for"),
        ({"Operation": "sns:Publish", "Error": "E", "LoseAnswer": True}, "an answer is an Error, a Status, or lost"),
        ({"Operation": "sns:Publish", "Error": "E", "Calls": 0}, "numbers from 1 on"),
        ({"Operation": "sns:Publish", "Error": "E", "Calls": {}}, "wrong type"),
        ({"Operation": "sns:Publish", "Error": "E", "Delay": 1}, "unknown: Delay; a fault has the fields Operation"),
        ({"Operation": "sns:Publish", "DelaySeconds": -1}, "not negative"),
        ({"Operation": "sns:Publish", "Lose": True}, "for events:Deliver only"),
        ({"Operation": "events:Deliver"}, "at least one of Lose"),
        ({"Operation": "events:Deliver", "Error": "E"}, "can be given Lose, Twice, DelaySeconds"),
        ({"Operation": "events:Deliver", "Lose": True, "Twice": True}, "is lost, or comes twice"),
        ({"Operation": "events:Deliver", "DelaySeconds": 1, "After": True}, "After is for one that comes twice"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(bare: Emulator, given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidFaultError, match=complaint.replace("?", r"\?")):
        Fault.from_json(given)
    with pytest.raises(RemoteError, match=complaint.replace("?", r"\?")):
        Remote(bare.endpoint).ask("POST", "faults", given)


def test_faults_come_and_go_over_http(bare: Emulator, describe: Callable[[], Any]) -> None:
    remote = Remote(bare.endpoint)
    given = {"Operation": DESCRIBE.operation, "Contains": OWN, "Calls": "all", "Error": "ThrottlingException"}
    first = remote.ask("POST", "faults", given)["Id"]
    second = remote.ask("POST", "faults", {**given, "Calls": [1, 3], "Error": "AccessDeniedException"})["Id"]
    assert error_of(describe)[0] == "ThrottlingException"
    listed = remote.ask("GET", "faults")
    assert [(one["Id"], one["Calls"], one["Applied"]) for one in listed] == [(first, "all", 1), (second, [1, 3], 0)]
    remote.ask("DELETE", f"faults?id={first}")
    assert [one["Id"] for one in remote.ask("GET", "faults")] == [second]
    remote.ask("DELETE", "faults")
    assert remote.ask("GET", "faults") == []
    describe()
