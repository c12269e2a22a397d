"""What chat channels are told: complete, in the model's thread, and nothing a name or a service says can be markup."""

import json
import re
from dataclasses import replace

import fastjsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.chat_messages import MAX_DESCRIPTION, MAX_STEP, chat_message, plain
from lifecycle.ending_messages import ending_notification
from lifecycle.endings import Failure
from lifecycle.errors import ModelFailed
from lifecycle.messages import WHAT_TO_DO
from lifecycle.wire import Json
from tests.infra.configurations import ROOT
from tests.unit.examples import CONFIGURATION, MACHINES
from tests.unit.test_golden import CASES, ENDINGS, told

is_chat_message = fastjsonschema.compile(
    json.loads((ROOT / "statemachine/schemas/notification.chat.schema.json").read_text("utf-8"))
)


def said(message: Json) -> str:
    """All that a person reads."""
    content = message["content"]
    return "\n".join([content["title"], content["description"], *content["nextSteps"], message["metadata"]["summary"]])


def failed_with(status_message: str) -> Json:
    """The chat message of a start of which the service says this."""
    cause = str(ModelFailed("The start was requested, and the model is FAILED.", status_message=status_message))
    ending = replace(ENDINGS["START_FAILED-ModelFailed"](), failure=Failure("ModelFailed", cause))
    return chat_message(ending_notification(ending, CONFIGURATION, MACHINES))


@pytest.mark.parametrize("name", CASES)
def test_every_command_of_a_mail_is_in_the_chat_message_too_fit_to_be_copied(name: str) -> None:
    notification = told(name)
    commands = [line for line in notification.sections[WHAT_TO_DO] if line.startswith("aws ")]
    assert re.findall("`(aws [^`]*)`", said(chat_message(notification))) == commands


@pytest.mark.parametrize(
    "text",
    [
        "<!channel> look",
        "<!here|here>",
        "@here @channel @everyone",
        "<@U012AB3CD>",
        "<https://evil.example|click>",
        "[click](https://evil.example)",
        "see https://evil.example and www.evil.example",
        "*bold* _italic_ ~struck~ `code` ```block```",
        "# heading\n> quote",
    ],
)
def test_what_the_service_says_is_no_markup_no_mention_and_no_link(text: str) -> None:
    message = failed_with(text)
    is_chat_message(message)
    (line,) = (one for one in message["content"]["description"].splitlines() if one.startswith("The service says: "))
    assert not re.search(r"[<>`*~\[\]]|@\w|://|www\.|(^|\W)_\w|\w_(\W|$)|\n", line)


@given(st.text(max_size=300))
def test_plain_text_is_never_markup(text: str) -> None:
    assert not re.search(r"[<>`*~\[\]\n]|@\w|https?://(?!\S*console\.aws\.amazon\.com)", plain(text))


def test_plain_text_keeps_names_and_links_into_the_console() -> None:
    link = "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:aws:x_y"
    assert plain(f"MODEL_DOWN of line_1-top: {link}") == f"MODEL_DOWN of line_1-top: {link}"
    assert "://" not in plain("https://us-east-1.console.aws.amazon.com.evil.example/")


def test_all_that_is_told_of_a_model_is_in_one_thread_and_another_model_has_its_own() -> None:
    threads = {name: chat_message(told(name))["metadata"]["threadId"] for name in CASES}
    of_defects = {thread for name, thread in threads.items() if told(name).detail.get("Model") == "defects"}
    assert len(of_defects) == 1
    assert threads["LEASE_EXPIRED-not-running"] == threads["UNLEASED_MODEL"]
    assert threads["LEASE_EXPIRED-not-running"] not in of_defects


def test_a_cause_of_any_length_leaves_room_for_the_links() -> None:
    message = failed_with("x" * 5000)
    is_chat_message(message)
    description = message["content"]["description"]
    assert len(description) <= MAX_DESCRIPTION
    assert description.endswith("Runbook: docs/operations.md#start_failed")


def test_a_command_that_is_too_long_is_left_to_the_mail_and_never_cut() -> None:
    notification = told("STOP_TIMED_OUT")
    command = f"aws rekognition stop-project-version {'x' * MAX_STEP}"
    steps = chat_message(replace(notification, sections={WHAT_TO_DO: ["To stop it by hand:", command]}))
    assert steps["content"]["nextSteps"] == ["To stop it by hand: (the mail has it)"]
