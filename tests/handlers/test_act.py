"""The act function, for what no button does with an inbox."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lifecycle.configuration import Inbox
from lifecycle.errors import InvalidRequest
from tests.handlers.loading import deployed
from tests.handlers.test_inbox_worker import ENVIRONMENT, INBOX
from tests.handlers.test_notify import ENVIRONMENT as MACHINES
from tests.handlers.test_notify import Context
from tests.unit.examples import configured

QUEUES = ("CustomLabelsLifecycle-inbox-line", "CustomLabelsLifecycle-inbox-line-dead")


@pytest.fixture
def act(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    inboxes: dict[str, Inbox] = getattr(request, "param", {"line": INBOX})
    environment = {**MACHINES, **ENVIRONMENT, "SWEEP_ARN": "sweep"}
    with deployed(tmp_path, configured(inboxes=inboxes), environment), mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="models",
            KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for name in QUEUES:
            boto3.client("sqs").create_queue(QueueName=name)
        for bucket in ("factory", "results"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        module = importlib.import_module("handlers.act")
        yield lambda action, **asked: module.handler({"Action": f"inbox-{action}", **asked}, Context("act"))


def test_an_inbox_is_paused_and_resumed(act: Any) -> None:
    paused = act("pause", Inbox="line", By="anna")
    assert (paused["SchemaVersion"], paused["Changed"], paused["PausedBy"]) == ("1.0", True, "anna")
    assert act("resume", Inbox="line")["Changed"]
    assert not act("resume", Inbox="line")["Changed"]


def test_a_backfill_fills_the_queue_and_without_dead_letters_nothing_is_moved(act: Any) -> None:
    boto3.client("s3").put_object(Bucket="factory", Key="line-1/ü +.png", Body=b"image")
    assert act("backfill", Inbox="line")["Queued"] == 1
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=QUEUES[0])["QueueUrl"]
    assert "line-1/\\u00fc +.png" in sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]
    redriven = act("redrive", Inbox="line")
    assert (redriven["DeadLetters"], redriven["Begun"]) == (0, False)


@pytest.mark.parametrize("act", [{}], indirect=True)
@pytest.mark.parametrize("action", ["backfill", "redrive", "pause", "resume"])
def test_without_inboxes_it_says_how_to_have_one(act: Any, action: str) -> None:
    with pytest.raises(InvalidRequest, match="No inbox is configured"):
        act(action, Inbox="line")
