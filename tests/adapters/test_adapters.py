"""The adapters: what they ask of AWS, and how they read its answers and errors."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.session
import pytest
from boto3.dynamodb.types import TypeDeserializer
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.stub import Stubber
from moto import mock_aws

from lifecycle.adapters.aws import CLIENT_CONFIG
from lifecycle.adapters.busy_minutes import BusyMinutesTable
from lifecycle.adapters.channels import ATTRIBUTES, ChatTopic, EventBus, Topic
from lifecycle.adapters.executions import StepFunctions
from lifecycle.adapters.ledger import LedgerTable
from lifecycle.adapters.model_table import ExecutionTable, ModelTable, SweepTable
from lifecycle.adapters.rekognition import PACE, Rekognition
from lifecycle.adapters.token_table import TokenTable
from lifecycle.errors import (
    AccessDenied,
    InvalidRequest,
    LifecycleError,
    ModelNotFound,
    NoAnswer,
    ServiceUnavailable,
)
from lifecycle.executions.outcomes import Outcome
from lifecycle.model.bill import Session
from lifecycle.model.decisions import Refusal
from lifecycle.model.idle import minute_of
from lifecycle.model.leases import Claim, Lease, ModelItem, PastStart, PendingLease
from lifecycle.model.sweep_record import SweepRecord, SweptProject
from lifecycle.model.usage import Running, Share
from lifecycle.model.version import InUse, ModelVersion, ProjectVersions
from lifecycle.notifications.chat import chat_message
from lifecycle.notifications.notification import Notification, Severity
from lifecycle.ports import ExecutionState, TokenHolder
from tests.unit.examples import ACCOUNT, ARN, NOW, OTHER_ARN, PROJECT, execution

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


def client(service: str) -> Any:
    return boto3.client(service, config=CLIENT_CONFIG, **KEYS)  # type: ignore[call-overload] # named at run time


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
    "StopProjectVersion": COMMON
    | {"ResourceNotFoundException": ModelNotFound, "ResourceInUseException": Refusal.IN_USE},
    "DescribeProjectVersions": COMMON
    | {"ResourceNotFoundException": ModelNotFound, "InvalidPaginationTokenException": ServiceUnavailable},
    "DescribeProjects": COMMON | {"InvalidPaginationTokenException": ServiceUnavailable},
}
CALLS: dict[str, tuple[str, Callable[[Rekognition], object]]] = {
    "StartProjectVersion": ("start_project_version", lambda models: models.start(ARN, 1, None)),
    "StopProjectVersion": ("stop_project_version", lambda models: models.stop(ARN)),
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
        *((operation, "ValidationException", InvalidRequest) for operation in ERRORS),  # a common error
        *((operation, "SomethingNew", ServiceUnavailable) for operation in ERRORS),
    ],
)
def test_each_error_of_the_service_becomes_one_of_this_app(operation: str, code: str, ours: object) -> None:
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
def test_a_call_without_an_answer_is_made_once_and_is_an_error_of_this_app(operation: str, silence: Exception) -> None:
    aws, sent = client("rekognition"), []

    def fail(request: object, **_: object) -> None:
        sent.append(request)
        raise silence

    aws.meta.events.register("before-send", fail)
    with pytest.raises(ServiceUnavailable) as raised:
        CALLS[operation][1](Rekognition(aws))
    changes = operation in ("StartProjectVersion", "StopProjectVersion")
    assert type(raised.value) is (NoAnswer if changes else ServiceUnavailable)
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

        return AWSResponse(request.url, 400, {}, Raw())  # type: ignore[arg-type]  # a body that a test makes

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


def test_a_stop_asks_for_the_version_and_nothing_else() -> None:
    with answering("rekognition") as (aws, stubber):
        stubber.add_response("stop_project_version", {"Status": "STOPPING"}, {"ProjectVersionArn": ARN})
        assert Rekognition(aws).stop(ARN) is None


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


PLAIN = [ModelVersion(f"{ARN}{n}", status) for n, status in enumerate(["STARTING", "STOPPED", "STOPPING", "FAILED"])]
MORE_VERSIONS = {"ProjectVersionDescriptions": [version(f"{ARN}9", "RUNNING", MinInferenceUnits=2)]}


@pytest.mark.parametrize("projects", [{"boards", "cables", "missing"}, {"*"}], ids=["by name", "all"])
def test_the_versions_of_projects_are_read_page_by_page(projects: set[str]) -> None:
    with answering("rekognition") as (aws, stubber):
        stubber.add_response("describe_projects", PROJECTS, {})
        stubber.add_response("describe_projects", MORE_PROJECTS, {"NextToken": "more"})
        page = {"ProjectVersionDescriptions": VERSIONS, "NextToken": "next"}
        stubber.add_response("describe_project_versions", page, {"ProjectArn": PROJECT})
        stubber.add_response("describe_project_versions", MORE_VERSIONS, {"ProjectArn": PROJECT, "NextToken": "next"})
        stubber.add_response(
            "describe_project_versions", {"ProjectVersionDescriptions": []}, {"ProjectArn": OTHER_PROJECT}
        )
        assert list(Rekognition(aws).versions(projects)) == [
            ProjectVersions("boards", [*PLAIN, ModelVersion(f"{ARN}9", "RUNNING", None, 2)]),
            ProjectVersions("cables", []),
        ]


def test_who_reads_chooses_which_projects_are_read_and_in_which_order() -> None:
    def the_last(names: Sequence[str]) -> Sequence[str]:
        assert names == ["boards", "cables"]
        return names[1:]

    with answering("rekognition") as (aws, stubber):
        stubber.add_response("describe_projects", PROJECTS)
        stubber.add_response("describe_projects", MORE_PROJECTS)
        stubber.add_response("describe_project_versions", MORE_VERSIONS, {"ProjectArn": OTHER_PROJECT})
        assert [one.project_name for one in Rekognition(aws).versions({"*"}, the_last)] == ["cables"]


def test_the_versions_of_one_project_have_their_age_and_their_score() -> None:
    trained = version(ARN, "STOPPED", CreationTimestamp=NOW, EvaluationResult={"F1Score": 0.9})
    found = {"ProjectDescriptions": [{"ProjectArn": OTHER_PROJECT}, {"ProjectArn": PROJECT}]}
    with answering("rekognition") as (aws, stubber):
        stubber.add_response("describe_projects", found, {"ProjectNames": ["boards"]})
        page = {"ProjectVersionDescriptions": [trained, version(f"{ARN}1", "TRAINING_IN_PROGRESS")]}
        stubber.add_response("describe_project_versions", page, {"ProjectArn": PROJECT})
        assert Rekognition(aws).versions_of("boards") == [
            ModelVersion(ARN, "STOPPED", created_at=NOW, f1_score=0.9),
            ModelVersion(f"{ARN}1", "TRAINING_IN_PROGRESS"),
        ]


def test_a_project_that_there_is_not_has_no_versions() -> None:
    with answering("rekognition") as (aws, stubber):
        stubber.add_response("describe_projects", {"ProjectDescriptions": []}, {"ProjectNames": ["boards"]})
        with pytest.raises(ModelNotFound, match="no Custom Labels project 'boards'"):
            Rekognition(aws).versions_of("boards")


@pytest.mark.parametrize(("projects", "read"), [({"cables"}, OTHER_PROJECT), ({"boards"}, PROJECT), ({"board"}, None)])
def test_only_the_projects_that_are_asked_for_are_read(projects: set[str], read: str | None) -> None:
    with answering("rekognition") as (aws, stubber):
        stubber.add_response("describe_projects", PROJECTS)
        stubber.add_response("describe_projects", MORE_PROJECTS)
        if read:
            stubber.add_response("describe_project_versions", {"ProjectVersionDescriptions": []}, {"ProjectArn": read})
        assert [one.project_name for one in Rekognition(aws).versions(projects)] == sorted(projects) * bool(read)


@pytest.mark.parametrize("half_way", [False, True])
def test_a_project_that_can_not_be_read_says_so_and_the_others_are_read(half_way: bool) -> None:
    with answering("rekognition") as (aws, stubber):
        stubber.add_response("describe_projects", PROJECTS)
        stubber.add_response("describe_projects", MORE_PROJECTS)
        if half_way:
            page = {"ProjectVersionDescriptions": VERSIONS, "NextToken": "next"}
            stubber.add_response("describe_project_versions", page)
        stubber.add_client_error("describe_project_versions", "AccessDeniedException", "no")
        stubber.add_response("describe_project_versions", MORE_VERSIONS, {"ProjectArn": OTHER_PROJECT})
        assert list(Rekognition(aws).versions({"*"})) == [
            ProjectVersions("boards", None, "DescribeProjectVersions answered AccessDeniedException: no"),
            ProjectVersions("cables", [ModelVersion(f"{ARN}9", "RUNNING", None, 2)]),
        ]


def test_where_the_projects_can_not_be_listed_nothing_is_known() -> None:
    """Else the models of those that are missing would be taken for gone."""
    with answering("rekognition") as (aws, stubber):
        stubber.add_response("describe_projects", PROJECTS)
        stubber.add_client_error("describe_projects", "ThrottlingException", "slow down")
        with pytest.raises(ServiceUnavailable, match="DescribeProjects answered ThrottlingException: slow down"):
            list(Rekognition(aws).versions({"*"}))


def test_the_reading_of_many_versions_stays_under_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    """5 calls a second for each operation (Amazon Rekognition endpoints and quotas): before each there is a pause."""
    done: list[str | float] = []
    monkeypatch.setattr(time, "sleep", done.append)
    with answering("rekognition") as (aws, stubber):
        aws.meta.events.register("before-parameter-build", lambda model, **_: done.append(model.name))
        stubber.add_response("describe_projects", PROJECTS)
        stubber.add_response("describe_projects", MORE_PROJECTS)
        stubber.add_response("describe_project_versions", {"ProjectVersionDescriptions": VERSIONS, "NextToken": "next"})
        stubber.add_response("describe_project_versions", MORE_VERSIONS)
        stubber.add_response("describe_project_versions", MORE_VERSIONS)
        list(Rekognition(aws).versions({"*"}))
    assert 1 / PACE <= 4
    assert done == ["DescribeProjects", "DescribeProjects", *[PACE, "DescribeProjectVersions"] * 3]


# Step Functions -----------------------------------------------------------------------------------


START_MODEL = "arn:aws:states:us-east-1:123456789012:stateMachine:StartModel"


def test_an_execution_is_started_under_its_name_with_its_input() -> None:
    with answering("stepfunctions") as (aws, stubber):
        asked = {"stateMachineArn": START_MODEL, "name": "sweep-1", "input": '{"Model": "defects"}'}
        stubber.add_response("start_execution", {"executionArn": execution().id, "startDate": NOW}, asked)
        assert StepFunctions(aws).start(START_MODEL, "sweep-1", {"Model": "defects"})


def test_an_execution_that_exists_already_is_not_started_again_and_other_errors_are_this_apps_own() -> None:
    with answering("stepfunctions") as (aws, stubber):
        for code in ("ExecutionAlreadyExists", "AccessDeniedException", "ExecutionLimitExceeded"):
            stubber.add_client_error("start_execution", code)
        assert not StepFunctions(aws).start(START_MODEL, "sweep-1", {})
        for error in (AccessDenied, ServiceUnavailable):
            with pytest.raises(error, match="StartExecution answered"):
                StepFunctions(aws).start(START_MODEL, "sweep-1", {})


def test_an_execution_is_ended_with_a_reason_and_one_that_there_is_not_needs_no_end() -> None:
    with answering("stepfunctions") as (aws, stubber):
        asked = {"executionArn": execution().id, "cause": "Its run was ended."}
        stubber.add_response("stop_execution", {"stopDate": NOW}, asked)
        StepFunctions(aws).stop(execution().id, "Its run was ended.")
        stubber.add_client_error("stop_execution", "ExecutionDoesNotExist")
        StepFunctions(aws).stop(execution().id, "Its run was ended.")
        stubber.add_client_error("stop_execution", "AccessDeniedException")
        with pytest.raises(AccessDenied, match="StopExecution answered"):
            StepFunctions(aws).stop(execution().id, "Its run was ended.")


def described(**more: object) -> dict[str, object]:
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:StartModel"
    return {"executionArn": execution().id, "stateMachineArn": machine, "startDate": NOW, **more}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (
            described(status="RUNNING", input='{"Model": "defects"}'),
            ExecutionState("RUNNING", started_at=NOW, input={"Model": "defects"}),
        ),
        (
            described(status="SUCCEEDED", stopDate=NOW, output='{"Polls": 3}'),
            ExecutionState("SUCCEEDED", NOW, {"Polls": 3}, started_at=NOW),
        ),
        (
            described(status="FAILED", stopDate=NOW, error="TimedOut", cause="{}"),
            ExecutionState("FAILED", NOW, None, "TimedOut", "{}", started_at=NOW),
        ),
    ],
)
def test_an_execution_is_described_as_it_is(answer: dict[str, object], state: ExecutionState) -> None:
    with answering("stepfunctions") as (aws, stubber):
        stubber.add_response("describe_execution", answer, {"executionArn": execution().id})
        assert StepFunctions(aws).describe(execution().id) == state


def test_an_execution_that_is_forgotten_is_none_and_other_errors_are_this_apps_own() -> None:
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


def test_since_when_a_token_is_held_is_known_also_to_who_comes_later(table: Table) -> None:
    tokens, _ = table
    tokens.hold("t", replace(FIRST, since=NOW), UNTIL)
    found = tokens.holder("t")
    assert found is not None
    assert tokens.hold("t", SECOND, UNTIL).since == found.since == NOW


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
def test_an_error_of_the_table_is_this_apps_own(code: str, error: type[LifecycleError]) -> None:
    with answering("dynamodb") as (aws, stubber):
        stubber.add_client_error("put_item", code)
        with pytest.raises(error, match=f"PutItem answered {code}"):
            TokenTable(aws, "tokens").hold("t", FIRST, UNTIL)


def test_who_holds_a_token_is_read_as_it_is_now(table: Table) -> None:
    tokens, _ = table
    assert tokens.holder("t") is None
    tokens.hold("t", FIRST, UNTIL)
    assert (tokens.holder("t"), tokens.holder("other")) == (FIRST, None)
    tokens.hold("t", SECOND, UNTIL, instead_of=FIRST.execution_arn)
    assert tokens.holder("t") == SECOND
    with answering("dynamodb") as (aws, stubber):
        asked = {"TableName": "tokens", "Key": {"id": {"S": "t"}}, "ConsistentRead": True}
        stubber.add_response("get_item", {}, asked)
        stubber.add_client_error("get_item", "ProvisionedThroughputExceededException")
        assert TokenTable(aws, "tokens").holder("t") is None
        with pytest.raises(ServiceUnavailable, match="GetItem answered"):
            TokenTable(aws, "tokens").holder("t")


# The model table ----------------------------------------------------------------------------------

FULL = ModelItem(
    ARN,
    revision=0,
    leases=(
        Lease("shift", NOW, NOW + timedelta(hours=2, milliseconds=1), NOW + timedelta(hours=1)),
        Lease("production", NOW),
    ),
    pending=(PendingLease("batch", execution("batch").id, NOW + timedelta(hours=1)),),
    claim=Claim(execution("evening", machine="StopModel").id, NOW),
    managed=True,
    forced_at=NOW,
    changed_at=NOW,
    running=Running(NOW, 3, NOW, (Share("shift", 250),)),
    reported=("UNLEASED_MODEL",),
    starts=(PastStart(NOW, 0, 30), PastStart(NOW + timedelta(hours=2), 612, 617)),
)


@pytest.fixture
def models() -> Iterator[tuple[ModelTable, ExecutionTable, Any]]:
    with mock_aws():
        aws = client("dynamodb")
        aws.create_table(
            TableName="models",
            KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        aws.create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "Month", "KeyType": "HASH"}, {"AttributeName": "Id", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "Month", "AttributeType": "S"},
                {"AttributeName": "Id", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield ModelTable(aws, "models", ("ledger", timedelta(days=400))), ExecutionTable(aws, "models"), aws


ModelTables = tuple[ModelTable, ExecutionTable, Any]


def test_what_an_execution_has_chosen_stays_chosen_until_it_is_settled(models: ModelTables) -> None:
    _, executions, aws = models
    executions.open("execution")
    assert executions.chosen("execution") is None
    opened = aws.get_item(TableName="models", Key={"Id": {"S": "execution"}})["Item"]["OpenedAt"]
    assert executions.choose("execution", ARN) == ARN
    executions.open("execution")
    assert executions.choose("execution", OTHER_ARN) == ARN
    assert executions.chosen("execution") == ARN
    assert aws.get_item(TableName="models", Key={"Id": {"S": "execution"}})["Item"]["OpenedAt"] == opened
    assert list(executions.all()) == ["execution"]
    executions.close("execution", opened_before=NOW - timedelta(seconds=30))
    assert executions.chosen("execution") == ARN
    executions.close("execution", opened_before=NOW + timedelta(seconds=30))
    assert executions.chosen("execution") is None


SESSION = Session(ARN, NOW, NOW + timedelta(hours=2), 3, 4.4, "defects", (Share("shift", 5_000_000),), found=True)
NEW_YEARS_EVE = datetime(2026, 12, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "junk",
    [
        {},
        {"Since": {"S": "noon"}},
        {"Shares": {"S": "?"}},
        {"MinInferenceUnits": {"S": "two"}},
        {"InferenceUnitHourUsd": {"M": {}}},
        {"Model": {"N": "7"}},
    ],
)
def test_a_session_that_somebody_has_made_nonsense_of_is_left_out_of_the_bill(
    models: ModelTables, junk: dict[str, Any]
) -> None:
    table, _, aws = models
    assert table.put(FULL, SESSION)
    (kept,) = aws.scan(TableName="ledger")["Items"]
    aws.put_item(
        TableName="ledger", Item={**(kept if junk else {}), **junk, "Month": kept["Month"], "Id": {"S": "junk"}}
    )
    unreadable: list[str] = []
    assert LedgerTable(aws, "ledger").sessions("2026-11", NOW, lambda one, _error: unreadable.append(one)) == [SESSION]
    assert unreadable == ["junk"]


def test_the_time_of_a_sweep_that_can_not_be_read_is_written_anew(models: ModelTables) -> None:
    _, _, aws = models
    aws.put_item(TableName="models", Item={"Id": {"S": "SWEEP"}, "SweptAt": {"N": "7"}})
    sweeps = SweepTable(aws, "models")
    assert (sweeps.last(), sweeps.mark(NOW), sweeps.last()) == (None, None, NOW)


SWEPT = SweepRecord(
    NOW, (SweptProject("boards", (ModelVersion(ARN, "STOPPED", "Stopped.", 1, None, NOW, 0.9),)), SweptProject("x", ()))
)


def test_what_the_sweep_saw_is_one_item_that_is_none_of_the_others(models: ModelTables) -> None:
    table, executions, aws = models
    sweeps = SweepTable(aws, "models")
    assert sweeps.record() is None
    sweeps.mark(NOW)
    sweeps.remember(SWEPT)
    sweeps.remember(replace(SWEPT, at=NOW + timedelta(minutes=5)))
    found = sweeps.record()
    assert found
    assert (found.at, set(found.projects)) == (NOW + timedelta(minutes=5), set(SWEPT.projects))
    assert aws.scan(TableName="models")["Count"] == 2
    assert (sweeps.last(), list(table.all()), list(executions.all())) == (NOW, [], [])


def test_of_more_than_an_item_holds_the_smallest_projects_are_kept(models: ModelTables) -> None:
    _, _, aws = models
    sweeps = SweepTable(aws, "models")
    long = SweptProject("long", (ModelVersion(ARN.replace("/boards/", "/long/"), "STOPPED", "x" * 400_000),))
    sweeps.remember(replace(SWEPT, projects=(long, *SWEPT.projects)))
    found = sweeps.record()
    assert found
    assert set(found.projects) == set(SWEPT.projects)


JUNK_RECORDS: dict[str, Any] = {
    "no text": None,
    "a number": {"N": "7"},
    "no JSON": {"S": "?"},
    "nested too deep": {"S": "[" * 100_000},
    "a list": {"S": "[]"},
    "no time": {"S": '{"Projects": []}'},
    "a time in no zone": {"S": '{"At": "2026-11-24T07:00:00", "Projects": []}'},
    "projects that are a text": {"S": '{"At": "2026-11-24T07:00:00Z", "Projects": "boards"}'},
    "a project without versions": {"S": '{"At": "2026-11-24T07:00:00Z", "Projects": [{"Name": "boards"}]}'},
}
VERSION = '{"ProjectVersionArn": "%s", "Status": %s}'
JUNK_RECORDS |= {
    what: {"S": f'{{"At": "2026-11-24T07:00:00Z", "Projects": [{{"Name": "boards", "Versions": [{version}]}}]}}'}
    for what, version in {
        "an ARN that is none": VERSION % ("junk", '"STOPPED"'),
        "a version of another project": VERSION % (OTHER_ARN, '"STOPPED"'),
        "a status that is a number": VERSION % (ARN, "7"),
        "no status": f'{{"ProjectVersionArn": "{ARN}"}}',
    }.items()
}


@pytest.mark.parametrize("junk", JUNK_RECORDS.values(), ids=JUNK_RECORDS)
def test_what_the_sweep_saw_is_as_good_as_absent_where_it_is_junk_and_is_written_anew(
    models: ModelTables, junk: Any
) -> None:
    table, _, aws = models
    sweeps = SweepTable(aws, "models")
    sweeps.remember(SWEPT)
    (item,) = aws.scan(TableName="models")["Items"]
    aws.put_item(TableName="models", Item={**item, "Seen": junk or {"NULL": True}})
    assert sweeps.record() is None
    assert list(table.all()) == []
    sweeps.remember(SWEPT)
    assert sweeps.record()


def test_nor_does_it_matter_that_it_can_not_be_read() -> None:
    with answering("dynamodb") as (aws, stubber):
        stubber.add_client_error("get_item", "AccessDeniedException", "no")
        assert SweepTable(aws, "models").record() is None


def test_a_session_is_recorded_by_the_write_that_ends_it_or_not_at_all(models: ModelTables) -> None:
    table, _, aws = models
    ledger = LedgerTable(aws, "ledger")
    assert table.put(FULL)
    assert not table.put(FULL, SESSION)  # somebody else has written meanwhile
    assert ledger.sessions("2026-11", NOW) == []
    assert table.put(table.get(ARN), SESSION)
    assert ledger.sessions("2026-11", NOW) == [SESSION]
    assert table.get(ARN).revision == 2


def test_sessions_are_found_by_the_months_in_which_they_ended(models: ModelTables) -> None:
    table, _, aws = models
    ledger = LedgerTable(aws, "ledger")
    over = replace(
        SESSION, project_version_arn=OTHER_ARN, since=NEW_YEARS_EVE, until=NEW_YEARS_EVE + timedelta(hours=2)
    )
    bare = Session(ARN, NEW_YEARS_EVE, NEW_YEARS_EVE + timedelta(minutes=1), 1, 4.0)
    for session in (SESSION, over, bare):
        assert table.put(table.get(session.project_version_arn), session)
    assert ledger.sessions("2026-11", NOW) == [SESSION]
    assert ledger.sessions("2027-01", over.until) == [over]
    assert ledger.sessions("2026-12", over.until) == [bare, over]
    kept = aws.query(
        TableName="ledger",
        KeyConditionExpression="#month = :month",
        ExpressionAttributeNames={"#month": "Month"},
        ExpressionAttributeValues={":month": {"S": "2026-11"}},
    )["Items"][0]
    read = {name: TypeDeserializer().deserialize(value) for name, value in kept.items()}
    assert (read["Seconds"], float(read["EstimatedCost"])) == (7200, 26.4)
    assert read["ExpiresAt"] == int((SESSION.until + timedelta(days=400)).timestamp())


def test_the_sweep_remembers_when_it_came_by(models: ModelTables) -> None:
    table, executions, aws = models
    sweeps = SweepTable(aws, "models")
    assert sweeps.last() is None
    assert sweeps.mark(NOW) is None
    assert sweeps.mark(NOW + timedelta(minutes=5)) == NOW
    assert sweeps.last() == NOW + timedelta(minutes=5)
    assert (list(table.all()), list(executions.all())) == ([], [])


@pytest.mark.parametrize("item", [FULL, ModelItem(ARN)], ids=["full", "empty"])
def test_an_item_is_read_as_it_was_written_one_revision_on(models: ModelTables, item: ModelItem) -> None:
    table, _, _ = models
    assert table.get(ARN) == ModelItem(ARN)
    assert table.put(item)
    assert table.get(ARN) == replace(item, revision=1)
    assert table.put(table.get(ARN))
    assert list(table.all()) == [replace(item, revision=2)]


def test_an_item_can_be_read_by_people(models: ModelTables) -> None:
    table, _, aws = models
    table.put(FULL)
    kept = aws.get_item(TableName="models", Key={"Id": {"S": ARN}})["Item"]
    assert {name: TypeDeserializer().deserialize(value) for name, value in kept.items()} == {
        "Id": ARN,
        "Kind": "MODEL",
        "ProjectVersionArn": ARN,
        "Revision": 1,
        "Leases": [
            {
                "LeaseId": "shift",
                "Since": "2026-11-24T07:00:00.000Z",
                "ExpiresAt": "2026-11-24T09:00:00.001Z",
                "WarnedAt": "2026-11-24T08:00:00.000Z",
            },
            {"LeaseId": "production", "Since": "2026-11-24T07:00:00.000Z"},
        ],
        "Pending": [
            {"LeaseId": "batch", "ExecutionArn": execution("batch").id, "ExpiresAt": "2026-11-24T08:00:00.000Z"}
        ],
        "Claim": {
            "ExecutionArn": execution("evening", machine="StopModel").id,
            "Since": "2026-11-24T07:00:00.000Z",
        },
        "Managed": True,
        "ForcedAt": "2026-11-24T07:00:00.000Z",
        "ChangedAt": "2026-11-24T07:00:00.000Z",
        "Running": {
            "Since": "2026-11-24T07:00:00.000Z",
            "MinInferenceUnits": 3,
            "CountedUntil": "2026-11-24T07:00:00.000Z",
            "Shares": [{"LeaseId": "shift", "Milliseconds": 250}],
            "Found": False,
        },
        "Reported": ["UNLEASED_MODEL"],
        "Starts": [
            {"RequestedAt": "2026-11-24T07:00:00.000Z", "LongerThan": 0, "AtMost": 30},
            {"RequestedAt": "2026-11-24T09:00:00.000Z", "LongerThan": 612, "AtMost": 617},
        ],
    }


def test_an_item_from_before_past_starts_were_remembered_is_read(models: ModelTables) -> None:
    table, _, aws = models
    table.put(FULL)
    aws.update_item(TableName="models", Key={"Id": {"S": ARN}}, UpdateExpression="REMOVE Starts")
    assert table.get(ARN) == replace(FULL, revision=1, starts=())


@pytest.mark.parametrize("exists", [False, True])
def test_of_two_that_write_what_they_have_read_one_wins(models: ModelTables, exists: bool) -> None:
    table, _, _ = models
    if exists:
        table.put(ModelItem(ARN))
    mine, theirs = table.get(ARN), table.get(ARN)
    assert table.put(replace(theirs, leases=(Lease("theirs", NOW),)))
    assert not table.put(replace(mine, leases=(Lease("mine", NOW),)))
    assert [lease.lease_id for lease in table.get(ARN).leases] == ["theirs"]
    assert table.put(replace(table.get(ARN), leases=(Lease("mine", NOW),)))


def test_what_is_no_longer_there_is_gone_from_the_item(models: ModelTables) -> None:
    table, _, aws = models
    table.put(FULL)
    table.put(ModelItem(ARN, revision=1))
    assert table.get(ARN) == ModelItem(ARN, revision=2)
    assert "Claim" not in aws.get_item(TableName="models", Key={"Id": {"S": ARN}})["Item"]


def test_models_and_executions_share_a_table_and_are_told_apart(models: ModelTables) -> None:
    table, executions, aws = models
    arns = [execution(name).id for name in ("one", "two")]
    for arn in arns:
        executions.open(arn)
    executions.open(arns[0])  # again: Prepare was retried
    table.put(FULL)
    table.put(ModelItem(OTHER_ARN))
    assert sorted(executions.all()) == arns
    assert sorted(item.project_version_arn for item in table.all()) == [ARN, OTHER_ARN]
    opened = aws.get_item(TableName="models", Key={"Id": {"S": arns[0]}})["Item"]
    assert (opened["Kind"], set(opened)) == ({"S": "EXECUTION"}, {"Id", "Kind", "OpenedAt"})
    executions.close(arns[0])
    executions.close(arns[0])
    assert list(executions.all()) == arns[1:]
    assert len(table.all()) == 2


def test_all_pages_of_the_table_are_read_as_they_are_now() -> None:
    def page(arn: str) -> dict[str, object]:
        return {"Items": [{"Id": {"S": arn}, "ProjectVersionArn": {"S": arn}, "Revision": {"N": "4"}}]}

    asked = {
        "TableName": "models",
        "FilterExpression": "Kind = :kind",
        "ExpressionAttributeValues": {":kind": {"S": "MODEL"}},
        "ConsistentRead": True,
    }
    with answering("dynamodb") as (aws, stubber):
        last = {"Id": {"S": ARN}}
        stubber.add_response("scan", {**page(ARN), "LastEvaluatedKey": last}, asked)
        stubber.add_response("scan", page(OTHER_ARN), {**asked, "ExclusiveStartKey": last})
        assert ModelTable(aws, "models").all() == [ModelItem(ARN, 4), ModelItem(OTHER_ARN, 4)]


@pytest.mark.parametrize(
    "nonsense",
    [
        {"ProjectVersionArn": {"S": "nobody"}},
        {"ProjectVersionArn": {"M": {}}},
        {"ProjectVersionArn": {"S": OTHER_ARN}},
        {},
        {"ProjectVersionArn": {"S": ARN}, "Revision": {"SS": ["4"]}},
        {
            "ProjectVersionArn": {"S": ARN},
            "Leases": {"L": [{"M": {"LeaseId": {"S": "x"}, "SettledAt": {"S": "noon"}}}]},
        },
    ],
)
def test_an_item_that_somebody_has_made_nonsense_of_is_reported_and_the_others_are_read(
    nonsense: dict[str, Any],
) -> None:
    other = {"Id": {"S": OTHER_ARN}, "ProjectVersionArn": {"S": OTHER_ARN}, "Revision": {"N": "4"}}
    unreadable: list[str] = []
    with answering("dynamodb") as (aws, stubber):
        for _ in range(2):
            stubber.add_response("scan", {"Items": [{"Id": {"S": ARN}, **nonsense}, other]})
        assert ModelTable(aws, "models").all(lambda arn, _error: unreadable.append(arn)) == [ModelItem(OTHER_ARN, 4)]
        assert unreadable == [ARN]
        with pytest.raises((TypeError, ValueError)):
            ModelTable(aws, "models").all()


def test_the_minutes_in_which_images_were_labelled_are_kept_once_by_version_and_month(models: ModelTables) -> None:
    *_, aws = models
    busy = BusyMinutesTable(aws, "ledger", timedelta(days=400))
    last = datetime(2026, 11, 30, 23, 59, 30, tzinfo=UTC)
    for since, until in ((NOW, NOW), (NOW, NOW), (NOW + timedelta(minutes=3), NOW + timedelta(minutes=4))):
        busy.add(ARN, since, until)
    busy.add(OTHER_ARN, last - timedelta(hours=1), last + timedelta(seconds=31))
    first = minute_of(last)
    assert busy.of("2026-11") == {
        ARN: {minute_of(NOW) + number for number in (0, 3, 4)},
        OTHER_ARN: {*range(first - 60, first + 1)},
    }
    assert busy.of("2026-12") == {OTHER_ARN: {first + 1}}
    assert busy.of("2026-10") == {}
    assert LedgerTable(aws, "ledger").sessions("2026-11", NOW) == [], "they are no sessions"
    kept = {item["Month"]["S"]: int(item["ExpiresAt"]["N"]) for item in aws.scan(TableName="ledger")["Items"]}
    assert kept["busy#2026-12"] == (datetime(2026, 12, 1, tzinfo=UTC) + timedelta(days=400)).timestamp()


def test_of_a_version_with_a_batch_that_has_not_ended_no_minutes_are_told(models: ModelTables) -> None:
    *_, aws = models
    busy = BusyMinutesTable(aws, "ledger", timedelta(days=400))
    busy.add(OTHER_ARN, NOW, NOW)
    for batch in ("labels/a", "labels/b", "labels/b"):
        busy.begin(ARN, NOW, batch)
    busy.add(ARN, NOW, NOW + timedelta(hours=2))
    busy.end(ARN, NOW, "labels/a")
    assert list(busy.of("2026-11")) == [OTHER_ARN]
    for _ in range(2):
        busy.end(ARN, NOW, "labels/b")
    assert sorted(busy.of("2026-11")) == sorted([ARN, OTHER_ARN])
    busy.begin(ARN, NOW - timedelta(days=40), "labels/of-another-month")
    busy.end(ARN, NOW - timedelta(days=40), "labels/of-another-month")
    assert (busy.of("2026-10"), ARN in busy.of("2026-11")) == ({}, True)


@pytest.mark.parametrize("method", ["update_item", "query"])
def test_an_error_of_that_record_is_this_apps_own(method: str) -> None:
    with answering("dynamodb") as (aws, stubber):
        stubber.add_client_error(method, "AccessDeniedException")
        busy = BusyMinutesTable(aws, "ledger", timedelta(days=400))
        with pytest.raises(AccessDenied):
            busy.add(ARN, NOW, NOW) if method == "update_item" else busy.of("2026-11")


def test_an_item_is_read_as_it_is_now() -> None:
    with answering("dynamodb") as (aws, stubber):
        stubber.add_response("get_item", {}, {"TableName": "models", "Key": {"Id": {"S": ARN}}, "ConsistentRead": True})
        assert ModelTable(aws, "models").get(ARN) == ModelItem(ARN)


TABLE_CALLS: dict[str, Callable[[Any], object]] = {
    "get_item": lambda aws: ModelTable(aws, "models").get(ARN),
    "put_item": lambda aws: ModelTable(aws, "models").put(FULL),
    "transact_write_items": lambda aws: ModelTable(aws, "models", ("ledger", timedelta(1))).put(FULL, SESSION),
    "query": lambda aws: LedgerTable(aws, "ledger").sessions("2026-11", NOW),
    "scan": lambda aws: ModelTable(aws, "models").all(),
    "delete_item": lambda aws: ExecutionTable(aws, "models").close("arn"),
    "update_item": lambda aws: ExecutionTable(aws, "models").open("arn"),
}


@pytest.mark.parametrize("method", TABLE_CALLS)
@pytest.mark.parametrize(
    ("code", "error"), [("AccessDeniedException", AccessDenied), ("InternalServerError", ServiceUnavailable)]
)
def test_an_error_of_the_model_table_is_this_apps_own(method: str, code: str, error: type[LifecycleError]) -> None:
    with answering("dynamodb") as (aws, stubber):
        stubber.add_client_error(method, code)
        operation = "".join(word.capitalize() for word in method.split("_"))
        with pytest.raises(error, match=f"{operation} answered {code}"):
            TABLE_CALLS[method](aws)


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
NOTIFICATION = Notification(
    "n-1", Outcome.MODEL_STARTED, Severity.INFO, "[INFO] It runs", "It runs, dear reader.", {}, DETAIL
)
NAMELESS = Notification(
    "n-2",
    Outcome.START_FAILED,
    Severity.ERROR,
    "[ERROR] A model was not started",
    "Sorry.",
    {},
    {name: DETAIL[name] for name in ("NotificationId", "Outcome", "Severity", "ExecutionArn")},
)


@pytest.mark.parametrize(
    ("notification", "attributes"),
    [(NOTIFICATION, set(ATTRIBUTES)), (NAMELESS, {"Outcome", "Severity", "NotificationId"})],
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


def test_the_chat_topic_gets_a_custom_notification_without_a_subject() -> None:
    with answering("sns") as (aws, stubber):
        expected = {
            "TopicArn": "arn:chat",
            "Message": json.dumps(chat_message(NOTIFICATION)),
            "MessageAttributes": {name: {"DataType": "String", "StringValue": DETAIL[name]} for name in ATTRIBUTES},
        }
        stubber.add_response("publish", {"MessageId": "m"}, expected)
        ChatTopic(aws, "arn:chat").send(NOTIFICATION)


def test_the_bus_gets_the_facts_as_an_event() -> None:
    with answering("events") as (aws, stubber):
        entry = {
            "EventBusName": "bus",
            "Source": "custom-labels-lifecycle",
            "DetailType": "Model Lifecycle",
            "Detail": json.dumps(DETAIL),
            "Resources": [execution().id, ARN],
        }
        stubber.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}, {"Entries": [entry]})
        EventBus(aws, "bus").send(NOTIFICATION)


def test_an_event_that_is_refused_in_a_good_answer_is_an_error() -> None:
    with answering("events") as (aws, stubber):
        failed = {"ErrorCode": "InternalFailure", "ErrorMessage": "Try again"}
        stubber.add_response("put_events", {"FailedEntryCount": 1, "Entries": [failed]})
        with pytest.raises(ServiceUnavailable, match="InternalFailure: Try again"):
            EventBus(aws, "bus").send(NOTIFICATION)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AuthorizationError", AccessDenied),
        ("AccessDeniedException", AccessDenied),
        ("InternalError", ServiceUnavailable),
    ],
)
def test_an_error_of_a_channel_is_this_apps_own(code: str, error: type[LifecycleError]) -> None:
    channels = (("sns", "publish", Topic), ("sns", "publish", ChatTopic), ("events", "put_events", EventBus))
    for service, method, channel in channels:
        with answering(service) as (aws, stubber):
            stubber.add_client_error(method, code)
            with pytest.raises(error, match=code):
                channel(aws, "name").send(NOTIFICATION)
