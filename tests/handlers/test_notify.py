"""The notification of an execution is decided once, and sent once on each channel, however often Lambda tries."""

import dataclasses
import importlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import boto3
import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyInconsistentStateError,
    IdempotencyItemAlreadyExistsError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from moto import mock_aws

from lifecycle.errors import AccessDenied, InvalidRequest, ServiceUnavailable, TimedOut
from lifecycle.model.decisions import Progress
from lifecycle.notifications.notification import Notification
from lifecycle.shared.wire import Json, to_wire
from tests.handlers.loading import deployed
from tests.unit.examples import CONFIGURATION, MACHINES, execution, request
from tests.unit.twins import Models, Story

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_SERVICE_NAME": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "Lifecycle",
    "TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:topic",
    "EVENT_BUS_NAME": "bus",
    "IDEMPOTENCY_TABLE_NAME": "idempotency",
    "START_MODEL_ARN": MACHINES.start_model,
    "STOP_MODEL_ARN": MACHINES.stop_model,
    "RUN_WITH_MODEL_ARN": MACHINES.run_with_model,
}


@dataclasses.dataclass
class Channel:
    """A topic or bus in memory; ``failures`` are raised first, one a call."""

    failures: list[Exception] = dataclasses.field(default_factory=list)
    sent: list[Notification] = dataclasses.field(default_factory=list)
    calls: int = 0

    def send(self, notification: Notification) -> None:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(notification)


@dataclasses.dataclass
class Context:
    """What Lambda says of an invocation."""

    function_name: str = "notify"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:notify:1"
    aws_request_id: str = "request"
    remaining: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


@dataclasses.dataclass
class Function:
    """The function as Lambda would have it loaded, with channels in memory."""

    module: ModuleType
    delivery: ModuleType
    topic: Channel
    bus: Channel

    def __call__(self, event: Json) -> Json:
        return self.module.handler(event, Context())


@pytest.fixture
def notify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    with deployed(tmp_path, CONFIGURATION, ENVIRONMENT), mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="idempotency",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        module = importlib.import_module("handlers.notify")
        delivery = importlib.import_module("handlers._runtime.delivery")
        topic, bus = Channel(), Channel()
        monkeypatch.setattr(delivery, "CHANNELS", {"topic": topic, "event_bus": bus})
        yield Function(module, delivery, topic, bus)


def event(name: str = "nightly", *, silent: bool = False, **end: Json) -> dict[str, Json]:
    """As the state machine's Tasks pass it."""
    delivered = {"Machine": "StartModel", "Execution": to_wire(execution(name)), "Silent": silent}
    return {**delivered, "Request": to_wire(request()), "Progress": to_wire(Progress()), **end}


RESULT = to_wire(Story(Models()).run({"Model": "defects"}))
TIMED_OUT = {"Error": "TimedOut", "Cause": str(TimedOut("The time is up.", status="STARTING"))}


def test_both_channels_get_the_same_notification_once(notify: Function) -> None:
    answers = [notify(event(Result=RESULT)) for _ in range(3)]
    (delivered,) = notify.topic.sent
    assert notify.bus.sent == [delivered]
    assert delivered.outcome == "MODEL_STARTED"
    assert answers == [{"NotificationId": delivered.notification_id}] * 3


def test_chat_is_a_channel_where_it_is_configured(notify: Function, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "chat" not in importlib.reload(notify.delivery).CHANNELS
    monkeypatch.setenv("CHAT_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:chat")
    assert list(importlib.reload(notify.delivery).CHANNELS) == ["topic", "chat", "event_bus"]


@pytest.mark.parametrize(("sampled", "linked"), [(1, True), (0, False)])
def test_a_notification_links_its_logs_and_a_trace_that_is_recorded(
    notify: Function, monkeypatch: pytest.MonkeyPatch, sampled: int, linked: bool
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_LOG_GROUP_NAME", "our-logs")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root=1-69251e80-0123456789abcdef01234567;Sampled={sampled}")
    notify(event(Failure=TIMED_OUT))
    (delivered,) = notify.topic.sent
    assert "our-logs" in next(line for line in delivered.text.splitlines() if line.startswith("  Logs: "))
    assert ("#xray:traces/1-69251e80-0123456789abcdef01234567" in delivered.text) is linked


def test_what_to_report_is_decided_once_although_the_facts_differ_the_second_time(notify: Function) -> None:
    notify.bus.failures = [ServiceUnavailable("The bus is down.")]
    with pytest.raises(ServiceUnavailable):
        notify(event(Result=RESULT))
    notify(event(Failure=TIMED_OUT))
    assert [delivered.outcome for delivered in notify.topic.sent + notify.bus.sent] == [
        "MODEL_STARTED",
        "MODEL_STARTED",
    ]


DECIDED_BY_0_1 = {
    "id": "decision#f09a3269bd4589aa578354b70e33a2aa",
    "status": "COMPLETED",
    "data": json.dumps(
        {
            "NotificationId": "90b21696-8de5-54b1-9c66-8f8f87a05966",
            "Outcome": "MODEL_STARTED",
            "Severity": "INFO",
            "Subject": "[INFO] defects is RUNNING",
            "Headline": "As 0.1.0 has put it.",
            "Sections": {"What to do": ["Nothing now."]},
            "Detail": {"Outcome": "MODEL_STARTED", "schema_version": "1.0"},
            "AddedLater": {"By": "a newer version"},
        }
    ),
}
"""The record in the table, of Powertools as of then: a requirement that finds it by another key would tell it twice."""
SENT_BY_0_1 = {"id": "delivery#6c266be6b6bda78a7f460bfa943b17fe", "status": "COMPLETED", "data": "null"}


def test_what_an_earlier_version_has_decided_and_sent_is_neither_decided_nor_sent_again(notify: Function) -> None:
    """Settle, in the newest version, comes after the Notify of whatever version an execution began with."""
    for record in (DECIDED_BY_0_1, SENT_BY_0_1):
        item = {name: {"S": value} for name, value in record.items()}
        alive = {"expiration": {"N": str(int(time.time()) + 3600)}}
        boto3.client("dynamodb").put_item(TableName="idempotency", Item=item | alive)
    notify(event(Failure=TIMED_OUT))
    (delivered,) = notify.topic.sent + notify.bus.sent
    assert (delivered.outcome, delivered.headline) == ("MODEL_STARTED", "As 0.1.0 has put it.")


def test_an_end_is_measured_once_although_reporting_it_is_retried(
    notify: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    notify.bus.failures = [ServiceUnavailable("The bus is down.")]
    with pytest.raises(ServiceUnavailable):
        notify(event(Result=RESULT))
    notify(event(Result=RESULT))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["Outcome"] for line in lines if "Outcomes" in line] == ["MODEL_STARTED"]
    assert len([line for line in lines if "StartSeconds" in line]) == 1


def test_two_executions_are_told_apart(notify: Function) -> None:
    notify(event("one", Result=RESULT))
    notify(event("two", Failure=TIMED_OUT))
    assert [delivered.outcome for delivered in notify.topic.sent] == ["MODEL_STARTED", "START_TIMED_OUT"]


@pytest.mark.parametrize("broken", ["topic", "event_bus"])
@pytest.mark.parametrize("failure", [ServiceUnavailable("It is down."), AccessDenied("It may not.")])
def test_a_channel_that_fails_leaves_the_other_served_and_is_retried_alone(
    notify: Function, broken: str, failure: Exception
) -> None:
    bad, good = (notify.topic, notify.bus) if broken == "topic" else (notify.bus, notify.topic)
    bad.failures = [failure]
    with pytest.raises(ServiceUnavailable, match=f"was not sent on: {broken}"):
        notify(event(Result=RESULT))
    assert (len(good.sent), len(bad.sent)) == (1, 0)
    notify(event(Result=RESULT))
    assert (good.calls, bad.calls) == (1, 2)
    assert bad.sent == good.sent


def test_where_all_channels_fail_all_are_named(notify: Function) -> None:
    for channel in (notify.topic, notify.bus):
        channel.failures = [ServiceUnavailable("It is down.")]
    with pytest.raises(ServiceUnavailable, match="topic, event_bus"):
        notify(event(Result=RESULT))


def test_a_store_that_is_down_is_an_error_that_is_retried(notify: Function) -> None:
    boto3.client("dynamodb").delete_table(TableName="idempotency")
    with pytest.raises(ServiceUnavailable, match="could not be decided"):
        notify(event(Result=RESULT))
    assert notify.topic.calls == 0


@pytest.mark.parametrize(
    ("prefix", "says"),
    [("decision", "could not be decided"), ("delivery", "was not sent on: topic, event_bus")],
)
def test_a_store_that_contradicts_itself_is_an_error_that_is_retried(
    notify: Function, monkeypatch: pytest.MonkeyPatch, prefix: str, says: str
) -> None:
    """A record that was there when it was to be written, and had expired when Powertools read it."""
    store = notify.delivery.STORE
    put = store._put_record

    def expired(data_record: DataRecord) -> None:
        if not data_record.idempotency_key.startswith(prefix):
            put(data_record)
            return
        gone = DataRecord(data_record.idempotency_key, status="COMPLETED", expiry_timestamp=1)
        raise IdempotencyItemAlreadyExistsError(old_data_record=gone)

    with monkeypatch.context() as contradicted:
        contradicted.setattr(store, "_put_record", expired)
        with pytest.raises(ServiceUnavailable, match=says) as failed:
            notify(event(Result=RESULT))
    assert notify.topic.calls == notify.bus.calls == 0
    if prefix == "decision":
        assert isinstance(failed.value.__cause__, IdempotencyInconsistentStateError)
    notify(event(Result=RESULT))
    assert (len(notify.topic.sent), len(notify.bus.sent)) == (1, 1)


def test_what_was_sent_is_kept_for_48_hours(notify: Function) -> None:
    notify(event(Result=RESULT))
    items = boto3.client("dynamodb").scan(TableName="idempotency")["Items"]
    assert sorted(item["id"]["S"].split("#")[0] for item in items) == ["decision", "delivery", "delivery"]
    expirations = {int(item["expiration"]["N"]) for item in items}
    now = time.time()
    assert all(48 * 3600 - 60 < expiration - now <= 48 * 3600 + 60 for expiration in expirations)


@pytest.mark.parametrize(
    "silent",
    [
        event(silent=True, Failure=TIMED_OUT),
        event(Failure=TIMED_OUT) | {"Request": to_wire(request()) | {"DuplicateOf": "arn:first"}},
    ],
    ids=["dry run", "duplicate"],
)
def test_nobody_is_notified_of_a_dry_run_or_a_duplicate(notify: Function, silent: dict[str, Json]) -> None:
    assert notify(silent) == {}
    assert (notify.topic.calls, notify.bus.calls) == (0, 0)


def test_an_end_that_is_neither_good_nor_bad_is_not_reported_as_a_failure(notify: Function) -> None:
    with pytest.raises(ServiceUnavailable, match="neither a result nor a failure"):
        notify(event())
    assert (notify.topic.calls, notify.bus.calls) == (0, 0)


def test_an_execution_that_never_got_a_request_is_reported_all_the_same(notify: Function) -> None:
    failed = {"Error": "InvalidRequest", "Cause": '{"Message": "exactly one of the two is needed"}'}
    notify(event(Failure=failed) | {"Request": {}, "Progress": {}})
    (delivered,) = notify.topic.sent
    assert delivered.subject == "[ERROR] A model could not be started: the request is invalid"


def test_the_context_of_a_request_that_was_never_valid_is_not_passed_on(notify: Function) -> None:
    """It may be what was wrong, and larger than an event may be."""
    failed = {"Error": "InvalidRequest", "Cause": str(InvalidRequest("Context: must be at most 16 KiB of JSON"))}
    asked = event(Failure=failed) | {"Request": {}, "Progress": {}}
    asked["Execution"]["Input"] = {"Model": "defects", "Context": "x" * 300_000}
    notify(asked)
    (delivered,) = notify.bus.sent
    assert "Context" not in delivered.detail
    assert len(json.dumps(to_wire(delivered))) < 10_000
