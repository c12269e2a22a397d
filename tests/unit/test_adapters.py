"""The adapters: what they ask of AWS, and how they read its answers and errors."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.stub import Stubber
from moto import mock_aws

from lifecycle.aws import CLIENT_CONFIG
from lifecycle.channels import ATTRIBUTES, EventBus, Topic
from lifecycle.decisions import Refusal
from lifecycle.errors import (
    AccessDenied,
    InvalidRequest,
    LifecycleError,
    ModelNotFound,
    NoAnswer,
    ServiceUnavailable,
)
from lifecycle.executions import StepFunctions
from lifecycle.messages import Notification, Severity
from lifecycle.ports import ExecutionState, InUse, ModelVersion, TokenHolder
from lifecycle.rekognition import Rekognition
from lifecycle.results import Outcome
from lifecycle.token_table import TokenTable
from tests.unit.examples import ACCOUNT, ARN, NOW, OTHER_ARN, PROJECT, execution

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


def client(service: str) -> Any:
    return boto3.client(service, config=CLIENT_CONFIG, **KEYS)  # type: ignore[call-overload]


@contextmanager
def answering(service: str) -> Iterator[tuple[Any, Stubber]]:
    """A client that gets the answers that are added to the stubber, to exactly the requests they are for."""
    aws = client(service)
    with Stubber(aws) as stubber:
        yield aws, stubber
        stubber.assert_no_pending_responses()


# Rekognition: errors ------------------------------------------------------------------------------

COMMON: dict[str, object] = {
    "AccessDeniedException": AccessDenied,
    "InternalServerError": ServiceUnavailable,
    "InvalidParameterException": InvalidRequest,
    "ProvisionedThroughputExceededException": ServiceUnavailable,
    "ThrottlingException": ServiceUnavailable,
}
# API reference: the errors of each operation, and what they are to us
ERRORS: dict[str, dict[str, object]] = {
    "StartProjectVersion": COMMON
    | {
        "ResourceNotFoundException": ModelNotFound,
        "ResourceInUseException": Refusal.IN_USE,
        "LimitExceededException": Refusal.NO_CAPACITY,
    },
    "DescribeProjectVersions": COMMON
    | {"ResourceNotFoundException": ModelNotFound, "InvalidPaginationTokenException": ServiceUnavailable},
    "DescribeProjects": COMMON | {"InvalidPaginationTokenException": ServiceUnavailable},
}
CALLS: dict[str, tuple[str, Callable[[Rekognition], object]]] = {
    "StartProjectVersion": ("start_project_version", lambda models: models.start(ARN, 1, None)),
    "DescribeProjectVersions": ("describe_project_versions", lambda models: models.describe(ARN, PROJECT)),
    "DescribeProjects": ("describe_projects", lambda models: models.project_arn(ARN)),
}


@pytest.mark.parametrize("operation", ERRORS)
def test_every_error_that_the_service_documents_is_in_the_table_here(operation: str) -> None:
    model = botocore.session.get_session().get_service_model("rekognition").operation_model(operation)
    assert {shape.name for shape in model.error_shapes} == set(ERRORS[operation])


@pytest.mark.parametrize(
    ("operation", "code", "ours"),
    [
        *((operation, code, ours) for operation, errors in ERRORS.items() for code, ours in errors.items()),
        *((operation, "SomethingNew", ServiceUnavailable) for operation in ERRORS),
    ],
)
def test_each_error_of_the_service_becomes_one_of_ours(operation: str, code: str, ours: object) -> None:
    method, call = CALLS[operation]
    with answering("rekognition") as (aws, stubber):
        stubber.add_client_error(method, code, "In its own words", 400)
        if isinstance(ours, Refusal):
            assert call(Rekognition(aws)) is ours
            return
        with pytest.raises(LifecycleError) as raised:
            call(Rekognition(aws))
    assert type(raised.value) is ours
    assert raised.value.message == f"{operation} answered {code}: In its own words"
    assert raised.value.cause["ProjectVersionArn"] == ARN


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    "silence",
    [
        ReadTimeoutError(endpoint_url="https://aws"),
        ConnectTimeoutError(endpoint_url="https://aws"),
        EndpointConnectionError(endpoint_url="https://aws"),
        ConnectionClosedError(endpoint_url="https://aws"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_call_without_an_answer_is_made_once_and_is_an_error_of_ours(operation: str, silence: Exception) -> None:
    aws, sent = client("rekognition"), []

    def fail(request: object, **_: object) -> None:
        sent.append(request)
        raise silence

    aws.meta.events.register("before-send", fail)
    with pytest.raises(ServiceUnavailable) as raised:
        CALLS[operation][1](Rekognition(aws))
    assert type(raised.value) is (NoAnswer if operation == "StartProjectVersion" else ServiceUnavailable)
    assert raised.value.message.startswith(f"{operation} got no answer")
    assert len(sent) == 1


def test_a_throttled_call_is_not_repeated_by_the_sdk() -> None:
    aws, sent = client("rekognition"), []

    def throttle(request: Any, **_: object) -> Any:
        sent.append(request)
        body = json.dumps({"__type": "ThrottlingException", "message": "slow down"}).encode()

        class Raw:
            def stream(self, *_: object, **__: object) -> Iterator[bytes]:
                yield body

        return AWSResponse(request.url, 400, {}, Raw())  # type: ignore[arg-type]

    aws.meta.events.register("before-send", throttle)
    with pytest.raises(ServiceUnavailable, match="ThrottlingException: slow down"):
        Rekognition(aws).describe(ARN, PROJECT)
    assert len(sent) == 1


# Rekognition: answers -----------------------------------------------------------------------------


def version(arn: str, status: str = "STOPPED", **more: object) -> dict[str, object]:
    return {"ProjectVersionArn": arn, "Status": status, **more}


def test_a_version_is_described_by_its_exact_arn_on_whatever_page_it_is() -> None:
    older = ARN.replace("1793520000000", "1700000000000")
    asked = {"ProjectArn": PROJECT, "VersionNames": ["v1"]}
    found = version(ARN, "RUNNING", StatusMessage="Fine", MinInferenceUnits=2, MaxInferenceUnits=4)
    with answering("rekognition") as (aws, stubber):
        pages: list[dict[str, object]] = [
            {"ProjectVersionDescriptions": [version(older)], "NextToken": "more"},
            {"ProjectVersionDescriptions": [found]},
        ]
        stubber.add_response("describe_project_versions", pages[0], asked)
        stubber.add_response("describe_project_versions", pages[1], {**asked, "NextToken": "more"})
        assert Rekognition(aws).describe(ARN, PROJECT) == ModelVersion(ARN, "RUNNING", "Fine", 2, 4)


def test_what_the_service_does_not_say_of_a_version_is_unknown() -> None:
    with answering("rekognition") as (aws, stubber):
        stubber.add_response("describe_project_versions", {"ProjectVersionDescriptions": [version(ARN)]})
        assert Rekognition(aws).describe(ARN, PROJECT) == ModelVersion(ARN, "STOPPED", None, None, None)


@pytest.mark.parametrize("others", [[], [version(ARN.replace("1793520000000", "1700000000000"))]])
def test_a_version_that_is_not_there_is_not_found(others: list[dict[str, object]]) -> None:
    with answering("rekognition") as (aws, stubber):
        stubber.add_response("describe_project_versions", {"ProjectVersionDescriptions": others})
        with pytest.raises(ModelNotFound) as raised:
            Rekognition(aws).describe(ARN, PROJECT)
    assert "'v1'" in raised.value.message


@pytest.mark.parametrize(
    ("projects", "found"),
    [
        ([PROJECT], PROJECT),
        ([f"{ACCOUNT}:project/boards-2/1", PROJECT], PROJECT),
        ([], None),
        ([f"{ACCOUNT}:project/boards-2/1"], None),
    ],
)
def test_a_project_is_found_by_its_exact_name(projects: list[str], found: str | None) -> None:
    with answering("rekognition") as (aws, stubber):
        answer = {"ProjectDescriptions": [{"ProjectArn": arn} for arn in projects]}
        stubber.add_response("describe_projects", answer, {"ProjectNames": ["boards"]})
        if found:
            assert Rekognition(aws).project_arn(ARN) == found
            return
        with pytest.raises(ModelNotFound, match="'boards'"):
            Rekognition(aws).project_arn(ARN)


@pytest.mark.parametrize(("most", "asked"), [(None, {}), (4, {"MaxInferenceUnits": 4})])
def test_a_start_asks_for_a_maximum_only_where_there_is_one(most: int | None, asked: dict[str, int]) -> None:
    with answering("rekognition") as (aws, stubber):
        expected = {"ProjectVersionArn": ARN, "MinInferenceUnits": 2, **asked}
        stubber.add_response("start_project_version", {"Status": "STARTING"}, expected)
        assert Rekognition(aws).start(ARN, 2, most) is None


OTHER_PROJECT = f"{ACCOUNT}:project/cables/1793530000001"
PROJECTS = {"ProjectDescriptions": [{"ProjectArn": PROJECT}], "NextToken": "more"}
MORE_PROJECTS = {"ProjectDescriptions": [{"ProjectArn": OTHER_PROJECT}]}
VERSIONS = [version(f"{ARN}{n}", status) for n, status in enumerate(["STARTING", "STOPPED", "STOPPING", "FAILED"])]
IN_USE = [ModelVersion(f"{ARN}0", "STARTING"), ModelVersion(f"{ARN}2", "STOPPING")]


def test_the_models_in_use_are_those_of_all_projects_that_hold_capacity() -> None:
    with answering("rekognition") as (aws, stubber):
        stubber.add_response("describe_projects", PROJECTS, {})
        stubber.add_response(
            "describe_project_versions", {"ProjectVersionDescriptions": VERSIONS}, {"ProjectArn": PROJECT}
        )
        stubber.add_response("describe_projects", MORE_PROJECTS, {"NextToken": "more"})
        stubber.add_response(
            "describe_project_versions",
            {"ProjectVersionDescriptions": [version(OTHER_ARN, "RUNNING", MinInferenceUnits=3)]},
            {"ProjectArn": OTHER_PROJECT},
        )
        running = ModelVersion(OTHER_ARN, "RUNNING", None, 3)
        assert Rekognition(aws).in_use() == InUse([*IN_USE, running], complete=True)


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_the_models_in_use_are_incomplete_where_a_call_fails_half_way(code: str) -> None:
    with answering("rekognition") as (aws, stubber):
        stubber.add_response("describe_projects", PROJECTS)
        page = {"ProjectVersionDescriptions": VERSIONS, "NextToken": "more"}
        stubber.add_response("describe_project_versions", page)
        stubber.add_client_error("describe_project_versions", code)
        assert Rekognition(aws).in_use() == InUse(IN_USE, complete=False)


# Step Functions -----------------------------------------------------------------------------------


def described(**more: object) -> dict[str, object]:
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:StartModel"
    return {"executionArn": execution().id, "stateMachineArn": machine, "startDate": NOW, **more}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (described(status="RUNNING"), ExecutionState("RUNNING")),
        (
            described(status="SUCCEEDED", stopDate=NOW, output='{"Polls": 3}'),
            ExecutionState("SUCCEEDED", NOW, {"Polls": 3}),
        ),
        (
            described(status="FAILED", stopDate=NOW, error="TimedOut", cause="{}"),
            ExecutionState("FAILED", NOW, None, "TimedOut", "{}"),
        ),
    ],
)
def test_an_execution_is_described_as_it_is(answer: dict[str, object], state: ExecutionState) -> None:
    with answering("stepfunctions") as (aws, stubber):
        stubber.add_response("describe_execution", answer, {"executionArn": execution().id})
        assert StepFunctions(aws).describe(execution().id) == state


def test_an_execution_that_is_forgotten_is_none_and_other_errors_are_ours() -> None:
    with answering("stepfunctions") as (aws, stubber):
        stubber.add_client_error("describe_execution", "ExecutionDoesNotExist")
        stubber.add_client_error("describe_execution", "AccessDeniedException")
        stubber.add_client_error("describe_execution", "ThrottlingException")
        assert StepFunctions(aws).describe(execution().id) is None
        for error in (AccessDenied, ServiceUnavailable):
            with pytest.raises(error):
                StepFunctions(aws).describe(execution().id)


# The token table ----------------------------------------------------------------------------------

FIRST, SECOND, THIRD = (TokenHolder(execution(name).id, f"asked by {name}") for name in ("first", "second", "third"))
UNTIL = NOW + timedelta(hours=26, milliseconds=500)


@pytest.fixture
def table() -> Iterator[tuple[TokenTable, Callable[[], dict[str, Any]]]]:
    with mock_aws():
        aws = client("dynamodb")
        aws.create_table(
            TableName="tokens",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield TokenTable(aws, "tokens"), lambda: aws.get_item(TableName="tokens", Key={"id": {"S": "t"}})["Item"]


Table = tuple[TokenTable, Callable[[], dict[str, Any]]]


def test_a_token_is_held_by_the_first_that_asks(table: Table) -> None:
    tokens, item = table
    assert tokens.hold("t", FIRST, UNTIL) == FIRST
    assert item() == {
        "id": {"S": "t"},
        "holder": {"S": FIRST.execution_arn},
        "fingerprint": {"S": "asked by first"},
        "expiration": {"N": str(int(UNTIL.timestamp()))},
    }
    assert tokens.hold("t", SECOND, UNTIL) == FIRST
    assert tokens.hold("t", FIRST, UNTIL) == FIRST
    assert tokens.hold("other", SECOND, UNTIL) == SECOND


def test_a_token_is_taken_over_only_from_who_holds_it_now(table: Table) -> None:
    tokens, item = table
    tokens.hold("t", FIRST, UNTIL)
    assert tokens.hold("t", SECOND, UNTIL, instead_of=FIRST.execution_arn) == SECOND
    assert tokens.hold("t", THIRD, UNTIL, instead_of=FIRST.execution_arn) == SECOND
    assert item()["holder"] == {"S": SECOND.execution_arn}


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDeniedException", AccessDenied), ("ProvisionedThroughputExceededException", ServiceUnavailable)],
)
def test_an_error_of_the_table_is_ours(code: str, error: type[LifecycleError]) -> None:
    with answering("dynamodb") as (aws, stubber):
        stubber.add_client_error("put_item", code)
        with pytest.raises(error, match=f"PutItem answered {code}"):
            TokenTable(aws, "tokens").hold("t", FIRST, UNTIL)


# Channels -----------------------------------------------------------------------------------------

DETAIL = {
    "NotificationId": "n-1",
    "Outcome": "MODEL_STARTED",
    "Severity": "INFO",
    "ProjectVersionArn": ARN,
    "ProjectName": "boards",
    "VersionName": "v1",
    "ExecutionArn": execution().id,
    "Output": {"Polls": 3},
}
TOLD = Notification("n-1", Outcome.MODEL_STARTED, Severity.INFO, "[INFO] It runs", "It runs, dear reader.", DETAIL)
NAMELESS = Notification(
    "n-2",
    Outcome.START_FAILED,
    Severity.ERROR,
    "[ERROR] A model was not started",
    "Sorry.",
    {name: DETAIL[name] for name in ("NotificationId", "Outcome", "Severity", "ExecutionArn")},
)


@pytest.mark.parametrize(
    ("notification", "attributes"), [(TOLD, set(ATTRIBUTES)), (NAMELESS, {"Outcome", "Severity", "NotificationId"})]
)
def test_the_topic_gets_the_text_and_as_attributes_what_is_known(
    notification: Notification, attributes: set[str]
) -> None:
    with answering("sns") as (aws, stubber):
        expected = {
            "TopicArn": "arn:topic",
            "Subject": notification.subject,
            "Message": notification.text,
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": notification.detail[name]} for name in attributes
            },
        }
        stubber.add_response("publish", {"MessageId": "m"}, expected)
        Topic(aws, "arn:topic").send(notification)


def test_the_bus_gets_the_facts_as_an_event() -> None:
    with answering("events") as (aws, stubber):
        entry = {
            "EventBusName": "bus",
            "Source": "custom-labels-lifecycle",
            "DetailType": "Model Lifecycle",
            "Detail": json.dumps(DETAIL),
            "Resources": [execution().id],
        }
        stubber.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}, {"Entries": [entry]})
        EventBus(aws, "bus").send(TOLD)


def test_an_event_that_is_refused_in_a_good_answer_is_an_error() -> None:
    with answering("events") as (aws, stubber):
        failed = {"ErrorCode": "InternalFailure", "ErrorMessage": "Try again"}
        stubber.add_response("put_events", {"FailedEntryCount": 1, "Entries": [failed]})
        with pytest.raises(ServiceUnavailable, match="InternalFailure: Try again"):
            EventBus(aws, "bus").send(TOLD)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AuthorizationError", AccessDenied),
        ("AccessDeniedException", AccessDenied),
        ("InternalError", ServiceUnavailable),
    ],
)
def test_an_error_of_a_channel_is_ours(code: str, error: type[LifecycleError]) -> None:
    for service, method, channel in (("sns", "publish", Topic), ("events", "put_events", EventBus)):
        with answering(service) as (aws, stubber):
            stubber.add_client_error(method, code)
            with pytest.raises(error, match=code):
                channel(aws, "name").send(TOLD)
