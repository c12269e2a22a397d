"""What chat channels are told: complete, in the model's thread, and nothing a name or a service says can be markup."""

import json
import re
from dataclasses import replace

import fastjsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.errors import ModelFailed
from lifecycle.executions.outcomes import Failure
from lifecycle.notifications.chat import JOINER, MAX_DESCRIPTION, MAX_STEP, chat_message, plain
from lifecycle.notifications.execution_messages import ending_notification
from lifecycle.notifications.notification import IF_PLANS_CHANGE, LINKS, WHAT_TO_DO
from lifecycle.shared.wire import Json
from tests.infra.configurations import ROOT
from tests.unit.examples import CONFIGURATION, MACHINES
from tests.unit.notifications.test_golden import CASES, ENDINGS, notification_of

is_chat_message = fastjsonschema.compile(
    json.loads((ROOT / "statemachine/schemas/notification.chat.schema.json").read_text("utf-8"))
)


def said(message: Json) -> str:
    """All that a person reads."""
    content = message["content"]
    return "\n".join([content["title"], content["description"], *content["nextSteps"], message["metadata"]["summary"]])


SAYS = ("The service says: ", ":rotating_light: defects could not be started: Amazon Rekognition could not run it")
"""Where the service's own words are: in a line of their own, or in the headline."""


def failed_with(status_message: str) -> Json:
    """The chat message of a start of which the service says this."""
    cause = str(ModelFailed("Amazon Rekognition could not run it (status FAILED).", status_message=status_message))
    ending = replace(ENDINGS["START_FAILED-ModelFailed"](), failure=Failure("ModelFailed", cause))
    return chat_message(ending_notification(ending, CONFIGURATION, MACHINES))


@pytest.mark.parametrize("name", CASES)
def test_every_command_of_a_mail_is_in_the_chat_message_too_fit_to_be_copied(name: str) -> None:
    notification = notification_of(name)
    sections = notification.sections
    commands = [line for line in [*sections[WHAT_TO_DO], *sections.get(IF_PLANS_CHANGE, [])] if line.startswith("aws ")]
    assert re.findall("`(aws [^`]*)`", said(chat_message(notification))) == commands


def test_links_are_passed_on_but_for_the_long_ones_to_logs_and_trace() -> None:
    names = ("Dashboard", "Execution", "Workload", "Model", "Trace", "Logs", "Runbook")
    notification = notification_of("MODEL_STARTED")
    links = [f"{name}: https://wiki.example.com/{name}" for name in names]
    message = chat_message(replace(notification, sections={**notification.sections, LINKS: links}))
    _, shown = message["content"]["description"].rsplit("\n\n", 1)
    assert [line.partition(":")[0] for line in shown.splitlines()] == [*names[:4], "Runbook"]


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
    title, description = message["content"]["title"], message["content"]["description"]
    lines = [one for one in [*description.splitlines(), title] if one.startswith(SAYS)]
    assert lines
    for line in lines:
        assert not re.search(r"[<>`*~\[\]]|@\w|://|www\.|(^|\W)_\w|\w_(\W|$)|\n", line)


@given(st.text(max_size=300))
def test_plain_text_is_never_markup(text: str) -> None:
    assert not re.search(r"[<>`*~\[\]\n]|@\w|https?://(?!\S*console\.aws\.amazon\.com)", plain(text))


def test_plain_text_keeps_names_and_links_into_the_console() -> None:
    link = "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:aws:x_y"
    assert plain(f"MODEL_DOWN of line_1-top: {link}") == f"MODEL_DOWN of line_1-top: {link}"
    assert plain(f"{link} and {link}@x") == f"{link} and {link}%40x"
    assert plain("#1\n# _2_") == f"{JOINER}#1 # \u02cd2\u02cd"
    assert "://" not in plain("https://us-east-1.console.aws.amazon.com.evil.example/")


def test_all_that_is_reported_of_a_model_is_in_one_thread_and_another_model_has_its_own() -> None:
    cases = {name: notification_of(name) for name in CASES}
    threads = {name: chat_message(case)["metadata"]["threadId"] for name, case in cases.items()}
    of_defects = {threads[name] for name, case in cases.items() if case.detail.get("Model") == "defects"}
    assert len(of_defects) == 1
    assert threads["LEASE_EXPIRED-not-running"] == threads["UNLEASED_MODEL"]
    assert threads["LEASE_EXPIRED-not-running"] not in of_defects


def test_a_cause_of_any_length_leaves_room_for_the_links() -> None:
    message = failed_with("x" * 5000)
    is_chat_message(message)
    description = message["content"]["description"]
    assert len(description) == MAX_DESCRIPTION == 2900
    assert "xxx..." in description
    assert description.endswith("#/projects/boards")


@pytest.mark.parametrize(("length", "whole"), [(233, True), (234, False)], ids=["as long as may be", "longer"])
def test_a_headline_that_is_too_long_for_a_title_begins_the_message(length: int, whole: bool) -> None:
    message = chat_message(replace(notification_of("MODEL_DOWN"), headline="x" * length))
    assert message["content"]["title"] == f":rotating_light: {'x' * length if whole else 'x' * 230 + '...'}"
    assert message["content"]["description"].startswith("*What it costs*" if whole else "x" * length + "\n\n*What")


@pytest.mark.parametrize(
    ("length", "whole"), [(250, True), (251, False)], ids=["as long as may be", "one character longer"]
)
def test_title_summary_and_facts_are_cut_where_chat_would_cut_them(length: int, whole: bool) -> None:
    notification = notification_of("START_FAILED-ModelFailed")
    sign = ":rotating_light: "
    text = "x" * (length - len(sign))
    message = chat_message(
        replace(notification, headline=text, subject="x" * length, detail={"Error": "x" * length, "Model": "m"})
    )
    is_chat_message(message)
    cut = "x" * 250 if whole else "x" * 247 + "..."
    assert message["content"]["title"] == f"{sign}{cut[len(sign) :]}"
    assert message["metadata"]["summary"] == cut
    assert message["metadata"]["additionalContext"] == {"Error": cut, "Model": "m"}


def test_a_warning_has_the_sign_of_one() -> None:
    assert chat_message(notification_of("LEASE_EXPIRING"))["content"]["title"].startswith(":warning: The lease ")


def test_what_has_nothing_to_do_has_no_steps() -> None:
    assert chat_message(replace(notification_of("MODEL_STOPPED"), sections={}))["content"]["nextSteps"] == []


def steps(*lines: str) -> list[str]:
    message = chat_message(replace(notification_of("STOP_TIMED_OUT"), sections={WHAT_TO_DO: [*lines]}))
    found: list[str] = message["content"]["nextSteps"]
    return found


def test_ten_steps_are_reported_and_the_rest_is_in_the_mail() -> None:
    assert steps(*(f"Step {number}" for number in range(12))) == [f"Step {number}" for number in range(10)]


def test_a_command_is_reported_whole_up_to_1500_characters() -> None:
    command = "aws " + "x" * (MAX_STEP - len("Do:\n``aws "))
    assert MAX_STEP == 1500
    assert steps("Do:", command) == [f"Do:\n`{command}`"]
    assert steps("Do:", command + "x") == ["Do: (the mail has it)"]
    assert steps("Do:", "aws a", command) == ["Do: (the mail has it)"]


def test_a_command_can_not_end_its_span_or_mention_anybody() -> None:
    assert steps("Do:", "aws X `<!here>`") == ["Do:\n`aws X '!here'`"]


def test_a_command_that_is_too_long_is_left_to_the_mail_and_never_cut() -> None:
    notification = notification_of("STOP_TIMED_OUT")
    command = f"aws rekognition stop-project-version {'x' * MAX_STEP}"
    steps = chat_message(replace(notification, sections={WHAT_TO_DO: ["To stop it by hand:", command]}))
    assert steps["content"]["nextSteps"] == ["To stop it by hand: (the mail has it)"]
