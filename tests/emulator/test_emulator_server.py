"""The emulator as a whole: its port, and what it tells over HTTP."""

import json
import socket
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from emulator.deploy import DeployError
from emulator.remote import Remote, RemoteError
from emulator.server import Emulator, PortInUseError
from tests.emulator.stacks import deploy, deploy_machine, function, invocations_of, machine, task


def test_a_port_in_use_is_said_clearly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"port {port} of 127\.0\.0\.1 is in use.*--port 4567"):
            Emulator(port=port).start()


def test_no_emulator_at_an_endpoint_is_said_clearly() -> None:
    with pytest.raises(RemoteError, match=r"no emulator answers at http://127\.0\.0\.1:1: start one"):
        Remote("http://127.0.0.1:1")


def test_a_stack_that_fails_says_why(bare: Emulator) -> None:
    with pytest.raises(DeployError, match="could not be deployed"):
        deploy(bare, function("def handler(event, context): ..."), machine({"Task": {"Type": "Tusk", "End": True}}))


def test_models_are_read_and_put_over_http(bare: Emulator, new_model: Callable[..., str]) -> None:
    remote, model = Remote(bare.endpoint), new_model()

    def read() -> dict[str, Any]:
        return next(one for one in remote.ask("GET", "models") if one["ProjectVersionArn"] == model)

    assert read()["Status"] == "STOPPED"
    remote.ask("PUT", "models", {"ProjectVersionArn": model, "Status": "FAILED", "StatusMessage": "Because"})
    assert (read()["Status"], read()["StatusMessage"]) == ("FAILED", "Because")
    for wrong, complaint in (
        ({"ProjectVersionArn": model}, "Status is missing"),
        ({"ProjectVersionArn": model, "Status": "HIBERNATING"}, "no such status"),
        ({"ProjectVersionArn": "arn:none", "Status": "RUNNING"}, "was not found"),
    ):
        with pytest.raises(RemoteError, match=complaint):
            remote.ask("PUT", "models", wrong)
    with pytest.raises(RemoteError, match="there is only GET /_emulator/"):
        remote.ask("GET", "nothing")


def test_published_messages_and_events_are_reported_with_whom_they_go_to(bare: Emulator) -> None:
    subscription = {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "ops@example.com"}
    topic = deploy(
        bare,
        {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}},
            "Mail": {"Type": "AWS::SNS::Subscription", "Properties": subscription},
        },
    )["Topic"]
    attribute = {"DataType": "String", "StringValue": "MODEL_STARTED"}
    bare.client("sns").publish(
        TopicArn=topic, Subject="S", Message="Über <allem> & so", MessageAttributes={"Outcome": attribute}
    )
    entry = {"Source": f"source-{uuid.uuid4()}", "DetailType": "d", "Detail": json.dumps({"a": 1})}
    bare.client("events").put_events(Entries=[entry])
    remote = Remote(bare.endpoint)
    (published,) = [one for one in remote.ask("GET", "notifications") if one["TopicArn"] == topic]
    assert (published["Subject"], published["Message"]) == ("S", "Über <allem> & so")
    assert (published["MessageAttributes"], published["Emails"]) == ({"Outcome": "MODEL_STARTED"}, ["ops@example.com"])
    assert [one for one in remote.ask("GET", "events") if one["Source"] == entry["Source"]] == [entry]


def test_a_mail_goes_to_the_addresses_whose_filter_it_passes(bare: Emulator) -> None:
    filters = {
        "everything": None,
        "errors": {"Severity": ["ERROR"]},
        "project": {"Arn": ["arn:other", {"prefix": "arn:x:project/a/version/"}]},
        "both": {"Severity": ["INFO"], "Arn": [{"prefix": "arn:x:project/b/"}]},
    }
    subscriptions = {
        f"Mail{name}": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "email",
                "Endpoint": f"{name}@example.com",
                **({"FilterPolicy": policy} if policy else {}),
            },
        }
        for name, policy in filters.items()
    }
    topic = deploy(bare, {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}, **subscriptions})["Topic"]

    def reached(**attributes: str) -> set[str]:
        given = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        bare.client("sns").publish(TopicArn=topic, Message="m", MessageAttributes=given)
        last = [one for one in bare.control.notifications() if one["TopicArn"] == topic][-1]
        return {email.partition("@")[0] for email in last["Emails"]}

    assert reached() == {"everything"}
    assert reached(Severity="ERROR", Arn="arn:x:project/a/version/v1/1") == {"everything", "errors", "project"}
    assert reached(Severity="INFO", Arn="arn:x:project/b/version/v1/1") == {"everything", "both"}


def test_what_is_for_chat_applications_is_told_apart_from_mails(bare: Emulator) -> None:
    topic = deploy(bare, {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}})["Topic"]
    given = {"description": f"d-{uuid.uuid4()}"}
    message = {"version": "1.0", "source": "custom", "content": given, "metadata": {"relatedResources": []}}
    for text in (json.dumps(message), "[1]", '{"source": "other"}'):
        bare.client("sns").publish(TopicArn=topic, Message=text)
    remote = Remote(bare.endpoint)
    assert message in remote.ask("GET", "chats")
    mails = [one["Message"] for one in remote.ask("GET", "notifications") if one["TopicArn"] == topic]
    assert mails == ["[1]", '{"source": "other"}']


def test_invocations_and_logs_are_reported(bare: Emulator) -> None:
    code = "def handler(event, context): print('a line of the function'); return event"
    running = deploy_machine(bare, {"Run": task()}, code)
    running.run({})
    (own,) = invocations_of(bare, running)
    remote = Remote(bare.endpoint)
    (invocation,) = [one for one in remote.ask("GET", "invocations") if one["function"] == own.function]
    assert (invocation["version"], invocation["cold"], invocation["error"]) == ("1", True, None)
    assert invocation["billed_ms"] > 0
    assert "a line of the function" in remote.ask("GET", "logs")[invocation["function"]]
