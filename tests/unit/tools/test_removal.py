"""``make destroy`` asks the deployed stack before CloudFormation does."""

import io
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from infra.settings.settings import Settings
from tests.infra.configurations import MINIMAL
from tools import removal

(SETTINGS,) = Settings.of_places(MINIMAL, folder=Path())
KEYS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
REMOVE = {
    "LogicalResourceId": "RemovalRemoveFunction1A2B",
    "PhysicalResourceId": "remove",
    "ResourceType": "AWS::Lambda::Function",
}


@pytest.mark.parametrize(
    ("resources", "answer", "why_not"),
    [
        ([REMOVE], {"Success": False, "Reason": "1 model would go on to bill"}, "1 model would go on to bill"),
        ([REMOVE], {"Success": True, "Reason": "No model of ours runs."}, None),
        ([REMOVE], {"errorMessage": "timed out", "FunctionError": True}, "It can't be known whether models run: timed"),
        ([{**REMOVE, "LogicalResourceId": "PageFunction"}], None, None),
    ],
    ids=["refused", "allowed", "broken", "nobody to ask"],
)
def test_the_function_is_asked_what_it_would_answer(
    monkeypatch: pytest.MonkeyPatch, resources: list[dict[str, str]], answer: dict[str, Any] | None, why_not: str | None
) -> None:
    cloudformation: Any = boto3.client("cloudformation", **KEYS)  # type: ignore[call-overload] # keys by name
    functions: Any = boto3.client("lambda", **KEYS)  # type: ignore[call-overload] # keys by name
    clients = {"cloudformation": cloudformation, "lambda": functions}
    monkeypatch.setattr(boto3, "client", lambda service, _region: clients[service])
    with Stubber(cloudformation) as stacks, Stubber(functions) as asked:
        found = [
            {**one, "LastUpdatedTimestamp": "2026-11-26", "ResourceStatus": "CREATE_COMPLETE"} for one in resources
        ]
        stacks.add_response("list_stack_resources", {"StackResourceSummaries": found})
        if answer is not None:
            body = json.dumps(answer).encode()
            failed = {"FunctionError": "Unhandled"} if "FunctionError" in answer else {}
            payload = StreamingBody(io.BytesIO(body), len(body))
            asked.add_response("invoke", {"Payload": payload, **failed}, {"FunctionName": "remove", "Payload": b"{}"})
        answered = removal.refusal("us-east-1")
        asked.assert_no_pending_responses()
    assert (answered or "").startswith(why_not or "")
    assert (answered is None) == (why_not is None)


def test_make_ends_where_it_would_be_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(removal, "refusal", lambda _region: "1 model would go on to bill.")
    assert removal.main([SETTINGS]) == 1
    assert capsys.readouterr().err == "1 model would go on to bill.\nNothing was asked of CloudFormation.\n"
    monkeypatch.setattr(removal, "refusal", lambda _region: None)
    assert removal.main([SETTINGS]) == 0


@pytest.mark.parametrize(
    "error", [NoCredentialsError(), ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Invoke")]
)
def test_who_may_not_ask_is_refused_and_cloudformation_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def refused(_region: str) -> None:
        raise error

    monkeypatch.setattr(removal, "refusal", refused)
    assert removal.main([SETTINGS]) == 0
    assert "Not asked whether models run" in capsys.readouterr().err
