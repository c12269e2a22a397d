"""The adapters of an inbox: what they ask of SQS, Lambda and Step Functions, and which errors are none."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto import mock_aws

from lifecycle.adapters.inbox_table import InboxTable
from lifecycle.adapters.mappings import EventSourceMappings
from lifecycle.adapters.model_table import ExecutionTable, ModelTable
from lifecycle.adapters.queues import Sqs
from lifecycle.adapters.task_tokens import StepFunctionsTasks
from lifecycle.errors import AccessDenied, ServiceUnavailable
from lifecycle.inbox.ports import Counts
from lifecycle.inbox.record import Blocked, InboxRecord, begun, pause
from tests.adapters.test_adapters import answering, client
from tests.unit.examples import NOW

STACK = "CustomLabelsLifecycle"
FUNCTION = f"{STACK}-inbox-line-1"
UUID = "14e0db71-61dc-4d74-9ed1-2b0b0b2c1a1e"
MAPPING = {"UUID": UUID, "State": "Disabled"}


TABLE = "models"


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        dynamodb = client("dynamodb")
        dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield dynamodb


def test_a_record_is_read_as_it_was_written_and_begins_empty(table: Any) -> None:
    records = InboxTable(table, TABLE)
    assert records.get("line-1") == InboxRecord(name="line-1")
    record = replace(begun(records.get("line-1"), 7, NOW), waiting_since=NOW, blocked=Blocked(NOW, "Why.", 1, NOW))
    assert records.put(record)
    assert records.get("line-1") == replace(record, revision=1)
    assert records.get("line-2") == InboxRecord(name="line-2")


def test_of_two_that_write_at_a_time_one_has_to_read_again(table: Any) -> None:
    records = InboxTable(table, TABLE)
    read = records.get("line-1")
    assert records.put(pause(read, "somebody", NOW))
    assert not records.put(begun(read, 0, NOW))
    assert records.get("line-1").run is None


def test_records_of_inboxes_are_no_items_of_models(table: Any) -> None:
    InboxTable(table, TABLE).put(InboxRecord(name="line-1"))
    assert ModelTable(table, TABLE).all() == []
    assert ExecutionTable(table, TABLE).all() == []


def test_what_a_newer_version_has_added_to_a_record_is_kept(table: Any) -> None:
    records = InboxTable(table, TABLE)
    records.put(InboxRecord(name="line-1"))
    key = {"Id": {"S": "inbox#line-1"}}
    table.update_item(
        TableName=TABLE, Key=key, UpdateExpression="SET Future = :it", ExpressionAttributeValues={":it": {"S": "new"}}
    )
    records.put(pause(records.get("line-1"), "somebody", NOW))
    assert table.get_item(TableName=TABLE, Key=key)["Item"]["Future"] == {"S": "new"}


@pytest.mark.parametrize("nonsense", [{"Number": {"S": "three"}}, {"Run": {"S": "x"}}])
def test_a_record_that_somebody_has_made_nonsense_of_is_an_error_that_names_it(table: Any, nonsense: Any) -> None:
    written = {"Id": {"S": "inbox#line-1"}, "Kind": {"S": "INBOX"}, "Name": {"S": "line-1"}}
    table.put_item(TableName=TABLE, Item={**written, **nonsense})
    with pytest.raises(ServiceUnavailable, match="The record of the inbox line-1 can't be read") as unread:
        InboxTable(table, TABLE).get("line-1")
    assert "inbox#line-1" in (unread.value.cause["Remedy"] or "")


def queue(stubber: Any, name: str, visible: int, hidden: int, *, delayed: int = 0, known: bool = False) -> None:
    url = f"https://sqs.us-east-1.amazonaws.com/123456789012/{name}"
    if not known:
        stubber.add_response("get_queue_url", {"QueueUrl": url}, {"QueueName": name})
    attributes = {
        "ApproximateNumberOfMessages": str(visible),
        "ApproximateNumberOfMessagesDelayed": str(delayed),
        "ApproximateNumberOfMessagesNotVisible": str(hidden),
    }
    asked = {"QueueUrl": url, "AttributeNames": [*attributes]}
    stubber.add_response("get_queue_attributes", {"Attributes": attributes}, asked)


def test_images_of_an_inbox_wait_or_are_in_work() -> None:
    with answering("sqs") as (client, stubber):
        queues = Sqs(client, STACK)
        queue(stubber, FUNCTION, 12, 3, delayed=2)
        assert queues.counts("line-1") == Counts(waiting=14, in_work=3)
        queue(stubber, FUNCTION, 0, 0, known=True)
        assert queues.counts("line-1") == Counts(waiting=0, in_work=0)


def test_dead_letters_count_also_while_they_are_moved_back() -> None:
    with answering("sqs") as (client, stubber):
        queue(stubber, f"{FUNCTION}-dead", 2, 5)
        assert Sqs(client, STACK).dead("line-1") == 7


def test_a_mapping_is_switched_by_its_id_which_is_asked_for_once() -> None:
    with answering("lambda") as (client, stubber):
        mappings = EventSourceMappings(client, STACK)
        stubber.add_response(
            "list_event_source_mappings", {"EventSourceMappings": [MAPPING]}, {"FunctionName": FUNCTION}
        )
        assert mappings.state("line-1") == "Disabled"
        stubber.add_response("update_event_source_mapping", MAPPING, {"UUID": UUID, "Enabled": True})
        mappings.enable("line-1")
        stubber.add_response("update_event_source_mapping", MAPPING, {"UUID": UUID, "Enabled": False})
        mappings.disable("line-1")


def test_a_mapping_that_is_changing_is_left_to_the_next_tick() -> None:
    with answering("lambda") as (client, stubber):
        stubber.add_response("list_event_source_mappings", {"EventSourceMappings": [MAPPING]})
        stubber.add_client_error("update_event_source_mapping", "ResourceInUseException")
        EventSourceMappings(client, STACK).disable("line-1")


def test_a_mapping_that_is_gone_is_an_error_that_says_what_to_do() -> None:
    with answering("lambda") as (client, stubber):
        stubber.add_response("list_event_source_mappings", {"EventSourceMappings": []})
        with pytest.raises(ServiceUnavailable, match="no event source mapping") as gone:
            EventSourceMappings(client, STACK).state("line-1")
        assert gone.value.cause["Remedy"] == "Deploy the stack again, which makes it."


def test_a_task_is_kept_waiting_and_ended_by_its_token() -> None:
    with answering("stepfunctions") as (client, stubber):
        tasks = StepFunctionsTasks(client)
        stubber.add_response("send_task_heartbeat", {}, {"taskToken": "T"})
        tasks.heartbeat("T")
        stubber.add_response("send_task_success", {}, {"taskToken": "T", "output": '{"Images": 2}'})
        tasks.succeed("T", {"Images": 2})
        failed = {"taskToken": "T", "error": "InboxBlocked", "cause": "x" * 32_768}
        stubber.add_response("send_task_failure", {}, failed)
        tasks.fail("T", "InboxBlocked", "x" * 40_000)


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_task_that_has_ended_is_no_error(code: str) -> None:
    with answering("stepfunctions") as (client, stubber):
        for operation in ("send_task_heartbeat", "send_task_success", "send_task_failure"):
            stubber.add_client_error(operation, code)
        tasks = StepFunctionsTasks(client)
        tasks.heartbeat("T")
        tasks.succeed("T", {})
        tasks.fail("T", "InboxBlocked", "")


def test_what_is_denied_is_an_error() -> None:
    with answering("stepfunctions") as (client, stubber):
        stubber.add_client_error("send_task_heartbeat", "AccessDeniedException")
        with pytest.raises(AccessDenied):
            StepFunctionsTasks(client).heartbeat("T")
    with answering("lambda") as (client, stubber):
        stubber.add_client_error("list_event_source_mappings", "TooManyRequestsException")
        with pytest.raises(ServiceUnavailable) as throttled:
            EventSourceMappings(client, STACK).state("line-1")
        assert throttled.value.throttled


def test_messages_are_put_into_the_queue_ten_at_a_time() -> None:
    url = f"https://sqs.us-east-1.amazonaws.com/123456789012/{FUNCTION}"
    with answering("sqs") as (client, stubber):
        stubber.add_response("get_queue_url", {"QueueUrl": url}, {"QueueName": FUNCTION})
        for bodies in (["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], ["10"]):
            entries = [{"Id": str(place), "MessageBody": body} for place, body in enumerate(bodies)]
            answer: Any = {"Successful": [], "Failed": []}
            stubber.add_response("send_message_batch", answer, {"QueueUrl": url, "Entries": entries})
        Sqs(client, STACK).send("line-1", [str(number) for number in range(11)])


def test_a_message_that_was_not_taken_is_an_error() -> None:
    url = f"https://sqs.us-east-1.amazonaws.com/123456789012/{FUNCTION}"
    with answering("sqs") as (client, stubber):
        stubber.add_response("get_queue_url", {"QueueUrl": url})
        failed = {"Id": "0", "SenderFault": False, "Code": "InternalError", "Message": "words"}
        stubber.add_response("send_message_batch", {"Successful": [], "Failed": [failed]})
        with pytest.raises(ServiceUnavailable, match="InternalError: words"):
            Sqs(client, STACK).send("line-1", ["a"])


@pytest.mark.parametrize(("status", "begun"), [(None, True), ("COMPLETED", True), ("RUNNING", False)])
def test_dead_letters_are_moved_back_unless_they_are_being_moved(status: str | None, begun: bool) -> None:
    arn = f"arn:aws:sqs:us-east-1:123456789012:{FUNCTION}-dead"
    with answering("sqs") as (client, stubber):
        stubber.add_response("get_queue_url", {"QueueUrl": "https://dead"}, {"QueueName": f"{FUNCTION}-dead"})
        asked = {"QueueUrl": "https://dead", "AttributeNames": ["QueueArn"]}
        stubber.add_response("get_queue_attributes", {"Attributes": {"QueueArn": arn}}, asked)
        tasks: Any = {"Results": [{"Status": status}] if status else []}
        stubber.add_response("list_message_move_tasks", tasks, {"SourceArn": arn, "MaxResults": 1})
        if begun:
            stubber.add_response("start_message_move_task", {"TaskHandle": "task"}, {"SourceArn": arn})
        assert Sqs(client, STACK).redrive("line-1") is begun
