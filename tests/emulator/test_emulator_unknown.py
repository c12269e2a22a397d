"""What the emulator does not know: a client of any protocol reads a named error, and nobody gets HTML."""

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError
from botocore.model import StructureShape
from botocore.parsers import create_parser

from emulator import images
from emulator.server import Emulator
from emulator.wire_errors import EmulatorStoppedError, http_status

SIGNED = "AWS4-HMAC-SHA256 Credential=test/20261126/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=x"


def sent(emulator: Emulator, path: str, body: bytes | None = None, *, method: str = "POST", **headers: str) -> Any:
    """The status, headers and body of an answer to a request by hand."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(emulator.endpoint + path, body, named, method=method)  # noqa: S310 - the emulator's own address
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - the emulator's own address
            return answer.status, dict(answer.headers), answer.read()
    except HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


@pytest.mark.parametrize(
    ("service", "operation", "given", "code", "named"),
    [
        ("rekognition", "create_face_liveness_session", {}, "UnknownOperationException", "rekognition:CreateFace"),
        (
            "stepfunctions",
            "redrive_execution",
            {"executionArn": "arn:aws:states:::x"},
            "UnknownOperationException",
            "states:RedriveExecution",
        ),
        ("sqs", "cancel_message_move_task", {"TaskHandle": "x"}, "UnknownOperationException", "sqs:CancelMessageMove"),
        ("iam", "get_organizations_access_report", {"JobId": "a" * 36}, "InvalidAction", "iam:GetOrganizations"),
        ("sns", "list_origination_numbers", {}, "InvalidAction", "sns:ListOriginationNumbers"),
        ("ec2", "describe_aws_network_performance_metric_subscriptions", {}, "InvalidAction", "ec2:DescribeAws"),
        ("lambda", "get_account_settings", {}, "UnknownOperationException", "lambda:GetAccountSettings"),
        ("outposts", "list_sites", {}, "UnknownOperationException", "outposts:ListSites"),
        ("freetier", "get_free_tier_usage", {}, "UnknownOperationException", "freetier:GetFreeTierUsage"),
        ("s3", "list_bucket_metrics_configurations", {"Bucket": "some"}, "NotImplemented", "s3:ListBucketMetrics"),
    ],
)
def test_an_operation_that_is_not_known_is_named_in_an_error(
    bare: Emulator, service: str, operation: str, given: dict[str, Any], code: str, named: str
) -> None:
    with pytest.raises(ClientError) as refusal:
        getattr(bare.client(service), operation)(**given)
    error = refusal.value.response["Error"]
    assert error["Code"] == code
    assert f"does not know {named}" in error["Message"]


def test_what_s3_does_not_know_leaves_the_bucket_alone(bare: Emulator) -> None:
    s3 = bare.client("s3")
    images.ensure_bucket(s3, "measured")
    with pytest.raises(ClientError, match="NotImplemented"):
        s3.delete_bucket_metrics_configuration(Bucket="measured", Id="all")
    s3.head_bucket(Bucket="measured")


@pytest.mark.parametrize("service", [None, "s3", "lambda", "states", "sqs", "nothing-of-aws"])
def test_no_path_is_refused_in_html(bare: Emulator, service: str | None) -> None:
    signed = {"Authorization": SIGNED.format(service)} if service else {}
    for path in ("/no-such-path", "/x/y/z", "/2015-03-31/nothing", "/moto-api/nothing", "/v2/%20"):
        for method in ("GET", "POST", "PATCH"):
            status, headers, body = sent(bare, path, None, method=method, **signed)
            assert status >= 400, (method, path)
            assert b"<Code>" in body or b'"__type"' in body, (method, path, body)
            assert "html" not in headers["Content-Type"], (method, path)


def test_a_body_that_is_no_json_is_named_so(bare: Emulator) -> None:
    headers = {"Authorization": SIGNED.format("states"), "X_Amz_Target": "AWSStepFunctions.ListStateMachines"}
    for body in (b"{", b"[]", b"\xff"):
        status, _, answer = sent(bare, "/", body, Content_Type="application/x-amz-json-1.0", **headers)
        assert (status, json.loads(answer)["__type"]) == (400, "SerializationException")


def test_a_call_without_credentials_is_refused_as_such_and_lists_no_buckets(bare: Emulator) -> None:
    named = {"X_Amz_Target": "RekognitionService.StartProjectVersion", "Content_Type": "application/x-amz-json-1.1"}
    status, _, body = sent(bare, "/", b"{}", **named)
    assert (status, json.loads(body)["__type"]) == (400, "MissingAuthenticationTokenException")


def test_what_a_client_compresses_is_read(bare: Emulator) -> None:
    data = [{"MetricName": f"metric-{number}", "Value": number} for number in range(1000)]
    bare.client("cloudwatch").put_metric_data(Namespace="Compressed", MetricData=data)
    assert bare.client("cloudwatch").list_metrics(Namespace="Compressed")["Metrics"]


def test_an_object_may_say_that_it_is_a_form(bare: Emulator) -> None:
    s3 = bare.client("s3")
    images.ensure_bucket(s3, "forms")
    s3.put_object(Bucket="forms", Key="form", Body=b"\xff\xfe", ContentType="application/x-www-form-urlencoded")
    assert s3.list_objects_v2(Bucket="forms")["KeyCount"] == 1


def test_a_client_that_speaks_cbor_can_read_the_error(bare: Emulator) -> None:
    headers = {"Authorization": SIGNED.format("monitoring"), "Smithy_Protocol": "rpc-v2-cbor"}
    path = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    status, answered, body = sent(bare, path, b"\xa0", Content_Type="application/cbor", **headers)
    response = {"status_code": status, "headers": {name.lower(): one for name, one in answered.items()}, "body": body}
    nothing = StructureShape("Nothing", {"type": "structure", "members": {}})
    error = create_parser("smithy-rpc-v2-cbor").parse(response, nothing)["Error"]
    assert error["Code"] == "UnknownOperationException"
    assert "monitoring" in error["Message"]


def test_a_call_that_moto_fails_in_is_an_internal_failure(bare: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moto.sqs.responses.SQSResponse.list_queues", lambda _: 1 / 0)
    with pytest.raises(ClientError) as refusal:
        bare.client("sqs").list_queues()
    error = refusal.value.response["Error"]
    assert (error["Code"], refusal.value.response["ResponseMetadata"]["HTTPStatusCode"]) == ("InternalFailure", 500)
    assert "sqs:ListQueues: ZeroDivisionError" in error["Message"]


def test_what_is_asked_for_while_the_emulator_stops_is_answered_without_a_traceback(
    bare: Emulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stopped(_: object) -> None:
        raise EmulatorStoppedError("It was invoked while the emulator stopped")

    monkeypatch.setattr("moto.sqs.responses.SQSResponse.list_queues", stopped)
    with pytest.raises(ClientError, match="while the emulator stopped"):
        bare.client("sqs").list_queues()
    assert not caplog.records


def test_an_error_of_a_service_has_the_status_of_its_model() -> None:
    assert http_status("rekognition", "ThrottlingException") == 500
    assert http_status("states", "StateMachineDoesNotExist") == 400
