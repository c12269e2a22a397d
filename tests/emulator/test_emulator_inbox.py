"""What an inbox is made of: objects that are events, a queue that is polled, tasks that wait, minutes that pass."""

import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from emulator import images
from emulator.cli import app
from emulator.clock import Clock
from emulator.deploy import DeployError
from emulator.faults import Fault
from emulator.mappings import failures
from emulator.remote import states_entered
from emulator.runtime import Outcome
from emulator.seams import mappings
from emulator.server import Emulator
from tests.deployed.executions import StateMachine, wait_until
from tests.emulator.stacks import deploy, deploy_machine, function, machine, role, rule
from tests.emulator.test_emulator_authoriser import assume, refusal

VISIBILITY = 600
"""Seconds; tests let them pass by the clock, and a machine that stands still meanwhile takes fewer."""
HEARTBEAT = 3600
"""The same."""
WORKER = """
import json
def handler(event, context):
    print(json.dumps(event))
    bodies = {one["messageId"]: one["body"] for one in event["Records"]}
    if "crash" in bodies.values():
        raise ValueError("as it was asked to")
    return {"batchItemFailures": [{"itemIdentifier": one} for one, body in bodies.items() if "fail" in body]}
"""


# --- Objects are events


@dataclass
class Bucket:
    """A bucket whose events a rule sends to a queue, and what has come there."""

    emulator: Emulator
    name: str = field(default_factory=lambda: f"images-{uuid.uuid4()}")

    def __post_init__(self) -> None:
        self.s3, self.sqs = self.emulator.client("s3"), self.emulator.client("sqs")
        images.ensure_bucket(self.s3, self.name)
        self.s3.put_bucket_notification_configuration(
            Bucket=self.name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        pattern = {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": [self.name]}, "object": {"size": [{"numeric": [">", 0]}]}},
        }
        queue, kept = ({"Type": "AWS::SQS::Queue", "Properties": {}} for _ in range(2))
        target = {
            "Arn": {"Fn::GetAtt": ["Queue", "Arn"]},
            "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Kept", "Arn"]}},
            "RetryPolicy": {"MaximumRetryAttempts": 0},
        }
        outputs = deploy(self.emulator, {"Queue": queue, "Kept": kept, "Rule": rule(pattern, target)})
        self.queue, self.kept = outputs["Queue"], outputs["Kept"]

    def received(self, queue: str = "") -> list[dict[str, Any]]:
        """The bodies of the messages in a queue; without: in that of the rule's target."""
        self.emulator.deliveries.wait(self.emulator.deliveries.list(), 60)
        got = self.sqs.receive_message(QueueUrl=queue or self.queue, MaxNumberOfMessages=10)
        return [json.loads(one["Body"]) for one in got.get("Messages", ())]


@pytest.fixture
def bucket(bare: Emulator) -> Bucket:
    return Bucket(bare)


def test_an_object_that_is_put_is_an_event_as_eventbridge_has_it(bucket: Bucket) -> None:
    key = "line 1/ü%2F+&\n.png"
    bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=b"12345")
    bucket.s3.put_object(Bucket=bucket.name, Key="line 1/empty", Body=b"")
    (event,) = bucket.received()
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["resources"] == [f"arn:aws:s3:::{bucket.name}"]
    assert event["detail"]["reason"] == "PutObject"
    made = event["detail"]["object"]
    assert made.keys() == {"key", "size", "etag", "sequencer"}
    assert (made["key"], made["size"]) == (key, 5)
    assert f'"{made["etag"]}"' == bucket.s3.head_object(Bucket=bucket.name, Key=key)["ETag"]


def test_versions_and_their_order_are_told(bucket: Bucket) -> None:
    versioned = {"Status": "Enabled"}
    bucket.s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration=versioned)
    put = [bucket.s3.put_object(Bucket=bucket.name, Key="a", Body=b"1")["VersionId"] for _ in range(2)]
    made = sorted((one["detail"]["object"] for one in bucket.received()), key=lambda one: str(one["sequencer"]))
    assert [one["version-id"] for one in made] == put


def test_a_bucket_whose_events_are_off_tells_nobody(bucket: Bucket) -> None:
    assert "EventBridgeConfiguration" in bucket.s3.get_bucket_notification_configuration(Bucket=bucket.name)
    bucket.s3.put_bucket_notification_configuration(Bucket=bucket.name, NotificationConfiguration={})
    bucket.s3.put_object(Bucket=bucket.name, Key="a", Body=b"1")
    assert bucket.received() == []


def test_what_the_queue_does_not_take_goes_to_the_rule_s_dead_letter_queue(bare: Emulator, bucket: Bucket) -> None:
    bare.faults.add(Fault("sqs:SendMessage", contains=bucket.queue.rpartition("/")[2], error="AccessDenied"))
    bucket.s3.put_object(Bucket=bucket.name, Key="a", Body=b"1")
    assert [one["detail"]["object"]["key"] for one in bucket.received(bucket.kept)] == ["a"]
    assert bucket.received() == []


@pytest.mark.parametrize(("fault", "arrived"), [({"lose": True}, 0), ({"twice": True}, 2)])
def test_an_event_can_be_lost_or_come_twice(
    bare: Emulator, bucket: Bucket, fault: dict[str, Any], arrived: int
) -> None:
    bare.faults.add(Fault("events:Deliver", contains=bucket.name, **fault))
    bucket.s3.put_object(Bucket=bucket.name, Key="a", Body=b"1")
    assert len(bucket.received()) == arrived


def test_an_object_is_written_only_where_its_condition_holds(bucket: Bucket) -> None:
    put = {"Bucket": bucket.name, "Key": "result", "Body": b"1"}
    assert refusal(lambda: bucket.s3.put_object(**put, IfMatch='"x"'))[0] == "NoSuchKey"
    etag = bucket.s3.put_object(**put, IfNoneMatch="*")["ETag"]
    assert refusal(lambda: bucket.s3.put_object(**put, IfNoneMatch="*"))[0] == "PreconditionFailed"
    bucket.s3.put_object(**{**put, "Body": b"2"}, IfMatch=etag)
    assert refusal(lambda: bucket.s3.put_object(**put, IfMatch=etag))[0] == "PreconditionFailed"


# --- Mappings


@dataclass
class Polled:
    """A function that a mapping calls with what is in a queue, three tries for each message."""

    emulator: Emulator
    fields: dict[str, Any] = field(default_factory=dict)
    may: tuple[str, ...] = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")

    def __post_init__(self) -> None:
        self.sqs, self.lambda_ = self.emulator.client("sqs"), self.emulator.client("lambda")
        statements = [{"Effect": "Allow", "Action": [*self.may], "Resource": "*"}]
        redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 3}
        mapping = {
            "FunctionName": {"Ref": "Function"},
            "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
            "Enabled": False,
            "BatchSize": 2,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": 2},
            **self.fields,
        }
        queue = {"VisibilityTimeout": VISIBILITY, "RedrivePolicy": redrive}
        outputs = deploy(
            self.emulator,
            function(WORKER, statements=statements),
            {
                "Dead": {"Type": "AWS::SQS::Queue", "Properties": {}},
                "Queue": {"Type": "AWS::SQS::Queue", "Properties": queue},
                "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
            },
        )
        self.uuid, self.function = outputs["Mapping"], outputs["Function"]
        self.queue, self.dead = outputs["Queue"], outputs["Dead"]

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    @property
    def state(self) -> str:
        state: str = self.lambda_.get_event_source_mapping(UUID=self.uuid)["State"]
        return state

    def switch(self, *, enabled: bool) -> None:
        wait_until(lambda: self.state in ("Enabled", "Disabled"))
        self.lambda_.update_event_source_mapping(UUID=self.uuid, Enabled=enabled)

    def batches(self) -> list[list[str]]:
        """The bodies of each batch that the function was called with."""
        lines = [line for line in self.emulator.runtime.logs(self.function) if line.startswith('{"Records"')]
        return [[one["body"] for one in json.loads(line)["Records"]] for line in lines]

    def seen(self) -> list[str]:
        return sorted(body for batch in self.batches() for body in batch)

    def counts(self, queue: str) -> tuple[int, int]:
        """How many messages wait, and how many are hidden."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def is_at_rest(self) -> bool:
        return self.emulator.mappings.under_way == 0 and self.counts(self.queue)[0] == 0


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mappings are switched in a moment."""
    monkeypatch.setattr(mappings, "SWITCHING_SECONDS", 0.2)


@pytest.mark.usefixtures("quick")
def test_an_enabled_mapping_calls_the_function_with_batches_and_what_is_done_is_deleted(bare: Emulator) -> None:
    polled = Polled(bare)
    polled.send("a", "b", "c")
    assert polled.batches() == []
    polled.switch(enabled=True)
    wait_until(lambda: polled.seen() == ["a", "b", "c"] and polled.is_at_rest())
    assert all(len(batch) <= 2 for batch in polled.batches())
    assert polled.counts(polled.queue) == (0, 0)
    polled.switch(enabled=False)
    wait_until(lambda: polled.state == "Disabled")
    polled.send("d")
    assert polled.counts(polled.queue) == (1, 0)


@pytest.mark.usefixtures("quick")
def test_what_fails_comes_again_when_its_visibility_ends_and_then_goes_to_the_dead_letters(
    bare: Emulator, ahead: Callable[[float], None]
) -> None:
    polled = Polled(bare, {"BatchSize": 1})
    polled.switch(enabled=True)
    polled.send("fail", "fine", "crash")
    for tried in range(1, 4):
        wait_until(lambda: polled.is_at_rest() and polled.seen() == ["crash"] * tried + ["fail"] * tried + ["fine"])  # noqa: B023 - it has come when the loop goes on
        assert polled.counts(polled.queue) == (0, 2)
        ahead(VISIBILITY + 1)
    wait_until(lambda: polled.counts(polled.dead) == (2, 0))
    assert polled.counts(polled.queue) == (0, 0)
    polled.switch(enabled=False)
    wait_until(lambda: polled.state == "Disabled")
    dead_arn = f"arn:aws:sqs:{bare.region}:{bare.account_id}:{polled.dead.rpartition('/')[2]}"
    polled.sqs.start_message_move_task(SourceArn=dead_arn)
    (task,) = polled.sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 2)
    assert (polled.counts(polled.dead), polled.counts(polled.queue)) == ((0, 0), (2, 0))
    received = polled.sqs.receive_message(QueueUrl=polled.queue, MessageSystemAttributeNames=["All"])["Messages"]
    assert received[0]["Attributes"]["ApproximateReceiveCount"] == "1", "it is a new message"


def test_a_mapping_takes_its_time_and_refuses_to_be_changed_meanwhile(
    bare: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [time.monotonic()]
    monkeypatch.setattr(mappings, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def let_it_be_done() -> None:
        now[0] += mappings.SWITCHING_SECONDS

    polled = Polled(bare)
    let_it_be_done()
    polled.switch(enabled=True)
    assert polled.state == "Enabling"
    code, _ = refusal(lambda: polled.lambda_.update_event_source_mapping(UUID=polled.uuid, Enabled=False))
    assert code == "ResourceInUseException"
    let_it_be_done()
    polled.switch(enabled=False)
    assert polled.state == "Disabling"
    let_it_be_done()
    assert polled.state == "Disabled"
    code, _ = refusal(lambda: polled.lambda_.update_event_source_mapping(UUID=str(uuid.uuid4()), Enabled=False))
    assert code == "ResourceNotFoundException"


@pytest.mark.parametrize("wrong", [{"BatchSize": 11}, {"EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:none"}])
def test_a_mapping_that_lambda_refuses_is_not_made(bare: Emulator, wrong: dict[str, Any]) -> None:
    polled = Polled(bare)
    arn = f"arn:aws:sqs:{bare.region}:{bare.account_id}:{polled.queue.rpartition('/')[2]}"
    given = {"FunctionName": polled.function, "EventSourceArn": arn, **wrong}
    refusal(lambda: polled.lambda_.create_event_source_mapping(**given))
    found = polled.lambda_.list_event_source_mappings(FunctionName=polled.function)["EventSourceMappings"]
    assert [one["UUID"] for one in found] == [polled.uuid]


def test_a_template_can_t_have_fewer_than_two_batches_side_by_side(bare: Emulator) -> None:
    with pytest.raises(DeployError, match="between 2 and 1000"):
        Polled(bare, {"ScalingConfig": {"MaximumConcurrency": 1}})


def test_a_queue_that_hides_messages_for_less_than_the_function_may_take_is_refused(bare: Emulator) -> None:
    polled = Polled(bare)
    polled.sqs.set_queue_attributes(QueueUrl=polled.queue, Attributes={"VisibilityTimeout": "9"})
    wait_until(lambda: polled.state == "Disabled")
    _, message = refusal(lambda: polled.lambda_.update_event_source_mapping(UUID=polled.uuid, Enabled=True))
    assert "Queue visibility timeout: 9 seconds is less than Function timeout: 10 seconds" in message


@pytest.mark.usefixtures("quick")
def test_messages_are_received_with_the_rights_of_the_function_s_role(bare: Emulator) -> None:
    polled = Polled(bare, may=("sqs:DeleteMessage",))
    polled.send("a")
    polled.switch(enabled=True)

    def result() -> str:
        said: str = polled.lambda_.get_event_source_mapping(UUID=polled.uuid)["LastProcessingResult"]
        return said

    wait_until(lambda: result().startswith("PROBLEM"))
    assert "is not authorized to perform: sqs:ReceiveMessage" in result()
    assert (polled.batches(), polled.counts(polled.queue)) == ([], (1, 0))
    polled.switch(enabled=False)


IDS = ["one", "two"]


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (b"null", []),
        (b"{}", []),
        (b'{"batchItemFailures": []}', []),
        (b'{"batchItemFailures": null}', []),
        (b'{"batchItemFailures": [{"itemIdentifier": "two"}]}', ["two"]),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', IDS),
        (b'{"batchItemFailures": [{"itemIdentifier": "three"}]}', IDS),
        (b'{"batchItemFailures": [{"id": "two"}]}', IDS),
        (b'"done"', IDS),
        (b"no JSON", IDS),
    ],
)
def test_an_answer_says_what_has_failed_of_a_batch(answer: bytes, failed: list[str]) -> None:
    assert failures(Outcome(answer), IDS, ["ReportBatchItemFailures"]) == set(failed)
    assert failures(Outcome(answer), IDS, []) == set()
    assert failures(Outcome(answer, "ValueError"), IDS, ["ReportBatchItemFailures"]) == set(IDS)


# --- Queues


def test_a_message_is_forgotten_when_it_is_too_old_among_dead_letters_too(
    bare: Emulator, ahead: Callable[[float], None]
) -> None:
    polled = Polled(bare)
    polled.sqs.set_queue_attributes(QueueUrl=polled.dead, Attributes={"MessageRetentionPeriod": f"{7 * VISIBILITY}"})
    polled.send("old")
    ahead(VISIBILITY)
    for _ in range(4):
        polled.sqs.receive_message(QueueUrl=polled.queue)
        ahead(VISIBILITY + 1)
    assert polled.counts(polled.dead) == (1, 0)
    ahead(2 * VISIBILITY)
    assert polled.counts(polled.dead) == (0, 0), "it counts from when it was sent first"


def test_only_dead_letters_are_moved(bare: Emulator) -> None:
    polled = Polled(bare)
    arn = f"arn:aws:sqs:{bare.region}:{bare.account_id}:{polled.queue.rpartition('/')[2]}"
    assert refusal(lambda: polled.sqs.start_message_move_task(SourceArn=arn))[0] == "ResourceNotFoundException"


# --- Tasks that wait for a token

OPEN = """
import boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=event["Queue"], MessageBody=event["Token"])
"""
END = """
import boto3
def handler(event, context):
    boto3.client("stepfunctions").send_task_success(taskToken=event["Token"], output='{"Images": 0}')
"""
SEND = [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]


class Open:
    """A state machine with a task that waits for a token, which it has sent to a queue."""

    def __init__(
        self, emulator: Emulator, heartbeat: int, code: str = OPEN, statements: Sequence[dict[str, str]] = SEND
    ) -> None:
        self._sqs = emulator.client("sqs")
        self._queue = self._sqs.create_queue(QueueName=f"tokens-{uuid.uuid4()}")["QueueUrl"]
        payload = {"Token": "{% $states.context.Task.Token %}", "Queue": self._queue}
        waits = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Arguments": {"FunctionName": "${Function}", "Payload": payload},
            "HeartbeatSeconds": heartbeat,
            "End": True,
        }
        outputs = deploy(emulator, function(code, statements=statements), machine({"Open": waits}))
        self.machine = StateMachine(outputs["Machine"], emulator.client("stepfunctions"))

    def start(self) -> tuple[str, str]:
        """Start an execution: its ARN, and the token for which it waits."""
        arn, tokens = self.machine.start({}), []

        def received() -> bool:
            tokens.extend(self._sqs.receive_message(QueueUrl=self._queue).get("Messages", ()))
            return bool(tokens)

        wait_until(received)
        return arn, tokens[0]["Body"]


def test_heartbeats_keep_a_task_alive_and_a_token_ends_it_once(bare: Emulator, ahead: Callable[[float], None]) -> None:
    opened, stepfunctions = Open(bare, HEARTBEAT), bare.client("stepfunctions")
    arn, token = opened.start()
    for _ in range(4):
        ahead(HEARTBEAT / 2)
        stepfunctions.send_task_heartbeat(taskToken=token)
    stepfunctions.send_task_success(taskToken=token, output='{"Images": 12}')
    execution = opened.machine.wait(arn)
    assert (execution.status, execution.output) == ("SUCCEEDED", {"Images": 12})
    for again in (
        lambda: stepfunctions.send_task_success(taskToken=token, output="{}"),
        lambda: stepfunctions.send_task_failure(taskToken=token),
        lambda: stepfunctions.send_task_heartbeat(taskToken=token),
    ):
        assert refusal(again)[0] == "TaskTimedOut"
    assert refusal(lambda: stepfunctions.send_task_heartbeat(taskToken="none"))[0] == "InvalidToken"


def test_a_task_without_heartbeats_times_out(bare: Emulator) -> None:
    opened = Open(bare, 1)
    execution = opened.machine.wait(opened.start()[0])
    assert (execution.status, execution.error) == ("FAILED", "States.Timeout")


def test_a_task_that_is_failed_has_the_error_and_the_cause_that_were_given(bare: Emulator) -> None:
    opened, stepfunctions = Open(bare, HEARTBEAT), bare.client("stepfunctions")
    arn, token = opened.start()
    assert refusal(lambda: stepfunctions.send_task_success(taskToken=token, output="no JSON"))[0] == "InvalidOutput"
    stepfunctions.send_task_failure(taskToken=token, error="InboxBlocked", cause="The model is down.")
    execution = opened.machine.wait(arn)
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "InboxBlocked", "The model is down.")


def test_a_function_may_end_its_task_before_it_has_returned(bare: Emulator) -> None:
    allowed = [{"Effect": "Allow", "Action": "states:SendTaskSuccess", "Resource": "*"}]
    opened = Open(bare, HEARTBEAT, code=END, statements=allowed)
    execution = opened.machine.run({})
    assert (execution.status, execution.output) == ("SUCCEEDED", {"Images": 0})


def test_a_task_of_an_execution_that_was_stopped_is_over(bare: Emulator) -> None:
    opened, stepfunctions = Open(bare, HEARTBEAT), bare.client("stepfunctions")
    arn, token = opened.start()
    stepfunctions.stop_execution(executionArn=arn)
    assert refusal(lambda: stepfunctions.send_task_heartbeat(taskToken=token))[0] == "TaskTimedOut"


# --- Rights


def test_a_token_is_a_matter_of_its_state_machine(bare: Emulator) -> None:
    opened = Open(bare, HEARTBEAT)
    arn, token = opened.start()
    allowed = [{"Effect": "Allow", "Action": "states:SendTask*", "Resource": opened.machine.arn}]
    other = [{"Effect": "Allow", "Action": "states:SendTask*", "Resource": f"{opened.machine.arn}2"}]
    denied = assume(bare, deploy(bare, {"Role": role("lambda", other)})["Role"])("stepfunctions")
    assert refusal(lambda: denied.send_task_success(taskToken=token, output="{}"))[0] == "AccessDeniedException"
    client = assume(bare, deploy(bare, {"Role": role("lambda", allowed)})["Role"])("stepfunctions")
    client.send_task_success(taskToken=token, output="{}")
    assert opened.machine.wait(arn).status == "SUCCEEDED"


def test_a_mapping_is_switched_by_who_may_switch_that_one(bare: Emulator) -> None:
    polled = Polled(bare)
    home = f"arn:aws:lambda:{bare.region}:{bare.account_id}:event-source-mapping"
    actions = ["lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"]
    allowed = [{"Effect": "Allow", "Action": actions, "Resource": f"{home}:{polled.uuid}"}]
    client = assume(bare, deploy(bare, {"Role": role("lambda", allowed)})["Role"])("lambda")
    wait_until(lambda: client.get_event_source_mapping(UUID=polled.uuid)["State"] == "Disabled")
    client.update_event_source_mapping(UUID=polled.uuid, Enabled=True)
    another = str(uuid.uuid4())
    code, message = refusal(lambda: client.update_event_source_mapping(UUID=another, Enabled=True))
    assert code == "AccessDeniedException"
    assert f"lambda:UpdateEventSourceMapping on resource: {home}:{another}" in message
    assert "lambda:ListEventSourceMappings on resource: *" in refusal(client.list_event_source_mappings)[1]


def test_who_moves_dead_letters_may_take_them_from_one_queue_and_put_them_into_the_other(bare: Emulator) -> None:
    polled = Polled(bare)
    queue, dead = (
        f"arn:aws:sqs:{bare.region}:{bare.account_id}:{one.rpartition('/')[2]}" for one in (polled.queue, polled.dead)
    )
    takes = ["sqs:StartMessageMoveTask", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    allowed = [{"Effect": "Allow", "Action": takes, "Resource": dead}]
    half = assume(bare, deploy(bare, {"Role": role("lambda", allowed)})["Role"])("sqs")
    code, message = refusal(lambda: half.start_message_move_task(SourceArn=dead))
    assert (code, f"sqs:SendMessage on resource: {queue}" in message) == ("AccessDenied", True)
    allowed.append({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue})
    assume(bare, deploy(bare, {"Role": role("lambda", allowed)})["Role"])("sqs").start_message_move_task(SourceArn=dead)


def test_a_model_looks_only_at_images_that_its_caller_may_read(bare: Emulator, new_model: Callable[..., str]) -> None:
    images.lay_out(bare.client("s3"), "guarded-images", "")
    statements = [
        {"Effect": "Allow", "Action": "rekognition:DetectCustomLabels", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::guarded-images/red.png"},
    ]
    rekognition = assume(bare, deploy(bare, {"Role": role("lambda", statements)})["Role"])("rekognition")
    arn = new_model("RUNNING")

    def detect(name: str, **version: str) -> dict[str, Any]:
        image = {"S3Object": {"Bucket": "guarded-images", "Name": name, **version}}
        labels: dict[str, Any] = rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image)
        return labels

    assert detect("red.png")["CustomLabels"][0]["Name"] == "red"
    assert refusal(lambda: detect("blue.png"))[0] == "InvalidS3ObjectException"
    code, message = refusal(lambda: detect("red.png", Version="1"))
    assert (code, "s3:GetObjectVersion" in message) == ("InvalidS3ObjectException", True)


def test_who_may_not_list_a_bucket_is_not_told_that_it_lacks_an_object(bare: Emulator) -> None:
    images.ensure_bucket(bare.client("s3"), "lacking")
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lacking/*"}
    listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::lacking"}
    reader = assume(bare, deploy(bare, {"Role": role("lambda", [read])})["Role"])("s3")
    lister = assume(bare, deploy(bare, {"Role": role("lambda", [read, listing])})["Role"])("s3")
    for s3, status in ((reader, 403), (lister, 404)):
        with pytest.raises(ClientError) as refused:
            s3.head_object(Bucket="lacking", Key="nothing")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_who_replaces_an_object_on_a_condition_may_read_it(bare: Emulator) -> None:
    images.ensure_bucket(bare.client("s3"), "replaced")
    etag = bare.client("s3").put_object(Bucket="replaced", Key="a", Body=b"1")["ETag"]
    write = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::replaced/*"}
    s3 = assume(bare, deploy(bare, {"Role": role("lambda", [write])})["Role"])("s3")
    s3.put_object(Bucket="replaced", Key="b", Body=b"1", IfNoneMatch="*")
    code, message = refusal(lambda: s3.put_object(Bucket="replaced", Key="a", Body=b"2", IfMatch=etag))
    assert (code, "s3:GetObject on resource" in message) == ("AccessDenied", True)


# --- Minutes that pass


def test_minutes_pass_for_the_functions_too_and_what_is_due_fires(
    bare: Emulator, ahead: Callable[[float], None]
) -> None:
    code = "import time\ndef handler(event, context): return {'at': time.time()}"
    every = {
        name: {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "Name": f"{name}-{uuid.uuid4()}",
                "ScheduleExpression": expression,
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {
                    "Arn": {"Ref": "Version"},
                    "RoleArn": {"Fn::GetAtt": ["SchedulerRole", "Arn"]},
                    "Input": "{}",
                },
            },
        }
        for name, expression in (("Minute", "rate(1 minute)"), ("Hour", "cron(0 * * * ? *)"))
    }
    minute = deploy(bare, function(code), {"SchedulerRole": role("scheduler"), **every})["Minute"]
    began, began_here, function_s = time.time(), time.monotonic(), f"{minute}: "
    done = CliRunner().invoke(app, ["advance", "3", "--endpoint", bare.endpoint])
    passed, passed_here = time.time() - began, time.monotonic() - began_here
    lines = [line.removeprefix(function_s) for line in done.output.splitlines() if line.startswith(function_s)]
    for after, line in zip((60, 120, 180), lines, strict=True):
        assert after - 1 <= json.loads(line)["at"] - began <= after + passed_here + 1
    assert passed == pytest.approx(180 + passed_here, abs=1)
    ahead(0)


def test_a_wait_is_over_when_the_clock_says_so(bare: Emulator, ahead: Callable[[float], None]) -> None:
    waiting = deploy_machine(bare, {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}})
    arn = waiting.start({})
    wait_until(lambda: "Wait" in [name for _, name in states_entered(_history(waiting, arn))])
    ahead(3600)
    assert waiting.wait(arn).status == "SUCCEEDED"


def _history(machine: StateMachine, arn: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = machine.stepfunctions.get_execution_history(executionArn=arn)["events"]
    return events


def test_the_clock_does_not_go_back() -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1)
    clock.reset()
