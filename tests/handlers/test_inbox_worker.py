"""The worker as Lambda calls it: messages that stay in the queue, and images that are processed once."""

import dataclasses
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
import time_machine
from moto import mock_aws

from lifecycle.configuration import Inbox
from lifecycle.inbox.record import InboxRecord, begun, opened
from lifecycle.ports import Refused
from tests.handlers.loading import deployed
from tests.handlers.test_notify import Context
from tests.unit.examples import ARN, NOW, configured, execution

INBOX = Inbox("defects", "s3://factory/line-1/", "s3://results/labels/")
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_SERVICE_NAME": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "Lifecycle",
    "IDEMPOTENCY_TABLE_NAME": "idempotency",
    "LEDGER_TABLE_NAME": "ledger",
    "MODEL_TABLE_NAME": "models",
    "STACK_NAME": "CustomLabelsLifecycle",
    "INBOX_NAME": "line",
}
KEYS = {"idempotency": "id", "models": "Id"}


@dataclasses.dataclass
class Mappings:
    """``Mappings`` in memory."""

    enabled: bool = True

    def disable(self, inbox: str) -> None:
        assert inbox == "line"
        self.enabled = False


@dataclasses.dataclass
class Detector:
    """``Detector`` in memory: the images that it was given, and what it answers to the next ones."""

    seen: list[str] = dataclasses.field(default_factory=list)
    answers: list[Any] = dataclasses.field(default_factory=list)

    def detect(self, image: Any, _options: Any) -> Any:
        self.seen.append(image["S3Object"]["Name"])
        answer = self.answers.pop(0) if self.answers else [{"Name": "scratch"}]
        if isinstance(answer, BaseException):
            raise answer
        return answer


@dataclasses.dataclass
class Function:
    """The function as Lambda would have it loaded."""

    module: ModuleType
    detector: Detector
    mappings: Mappings
    s3: Any

    def put(self, key: str) -> dict[str, Any]:
        """Put an image; answers the message of its event."""
        put = self.s3.put_object(Bucket="factory", Key=key, Body=key.encode())
        found = {"key": key, "size": 5, "etag": put["ETag"].strip('"'), "sequencer": "0065"}
        detail = {"bucket": {"name": "factory"}, "object": found}
        body = json.dumps({"detail-type": "Object Created", "detail": detail})
        return {"messageId": key, "body": body, "eventSource": "aws:sqs", "attributes": {}, "messageAttributes": {}}

    def __call__(self, *messages: dict[str, Any], remaining: int = 30_000) -> list[str]:
        """The messages that stay in the queue."""
        answer = self.module.handler({"Records": list(messages)}, Context("inbox", remaining=remaining))
        return [one["itemIdentifier"] for one in answer["batchItemFailures"]]

    def results(self) -> list[str]:
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket="results").get("Contents", ())]

    def run_is_open(self, *, is_open: bool) -> None:
        record = begun(InboxRecord(name="line", revision=self.module.RECORDS.get("line").revision), 0, NOW)
        assert record.run
        arn = execution(record.run.name, machine="RunWithModel").id
        record = opened(record, 1, "token", ARN, arn, NOW) if is_open else record
        assert self.module.RECORDS.put(record)


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    with deployed(tmp_path, configured(inboxes={"line": INBOX}), ENVIRONMENT), mock_aws():
        for name, key in KEYS.items():
            boto3.client("dynamodb").create_table(
                TableName=name,
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        s3: Any = boto3.client("s3")
        for bucket in ("factory", "results"):
            s3.create_bucket(Bucket=bucket)
        module = importlib.import_module("handlers.inbox_worker")
        detector, mappings = Detector(), Mappings()
        monkeypatch.setattr(module, "DETECTOR", detector)
        monkeypatch.setattr(module, "MAPPINGS", mappings)
        function = Function(module, detector, mappings, s3)
        function.run_is_open(is_open=True)
        yield function


def test_only_what_failed_stays_in_the_queue(worker: Function) -> None:
    messages = [worker.put(f"line-1/{name}") for name in ("a", "b", "c")]
    worker.detector.answers = [[], Refused("AccessDeniedException", "words"), []]
    assert worker(*messages) == ["line-1/b"]
    assert worker.results() == ["labels/a.json", "labels/c.json"]


def test_where_all_of_a_batch_fail_the_function_does_not(worker: Function) -> None:
    worker.detector.answers = [Refused("AccessDeniedException", "words")]
    assert worker(worker.put("line-1/a")) == ["line-1/a"]
    count = worker.module.COUNTS.on("line", NOW.date())
    assert (count.finished, count.last_refusal_at) == (0, NOW)


def test_a_version_is_processed_once_in_15_days(worker: Function, clock: time_machine.Traveller) -> None:
    message = worker.put("line-1/a")
    assert worker(message) == worker(message) == []
    clock.shift(14 * 24 * 3600)
    assert worker(message) == []
    assert worker.detector.seen == ["line-1/a"]
    assert worker.module.COUNTS.on("line", NOW.date()).finished == 1


def test_an_image_whose_worker_was_killed_is_processed_once_its_time_is_over(
    worker: Function, clock: time_machine.Traveller
) -> None:
    message = worker.put("line-1/a")
    worker.detector.answers = [SystemExit()]
    with pytest.raises(SystemExit):
        worker(message)
    assert worker(message) == ["line-1/a"]  # nobody knows that it is dead
    assert worker.module.COUNTS.on("line", NOW.date()).last_refusal is None
    clock.shift(31)
    assert worker(message) == []
    assert worker.results() == ["labels/a.json"]


def test_a_model_that_is_down_is_asked_once_and_the_mapping_is_disabled(worker: Function) -> None:
    messages = [worker.put(f"line-1/{name}") for name in ("a", "b")]
    worker.detector.answers = [Refused("ResourceNotReadyException", "words")]
    assert worker(*messages) == ["line-1/a", "line-1/b"]
    assert worker.detector.seen == ["line-1/a"]
    assert not worker.mappings.enabled


def test_while_no_run_is_open_nothing_is_looked_at(worker: Function) -> None:
    worker.run_is_open(is_open=False)
    assert worker(worker.put("line-1/a")) == ["line-1/a"]
    assert (worker.detector.seen, worker.mappings.enabled) == ([], False)


def test_a_table_that_does_not_answer_leaves_the_image_in_the_queue(
    worker: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker.module.STORE, "table_name", "no-such-table")
    assert worker(worker.put("line-1/a")) == ["line-1/a"]
    assert worker.detector.seen == []
