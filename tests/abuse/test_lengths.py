"""What is told fits into mails, chat messages and events, whatever a workload or a person has written."""

import json

import pytest

from lifecycle.adapters.channels import EventBus
from lifecycle.errors import MAX_CAUSE, InvalidRequest, ModelFailed
from lifecycle.executions.outcomes import Failure
from lifecycle.executions.requests import Execution
from lifecycle.executions.state_machines import Machine
from lifecycle.notifications.chat import MAX_STEP, chat_message
from lifecycle.notifications.execution_end import Abortion, Ending
from lifecycle.notifications.execution_messages import ending_notification
from lifecycle.notifications.notification import MAX_LINE, MAX_LINES, Notification
from lifecycle.shared.text import escaped, on_a_line
from lifecycle.shared.wire import to_wire
from tests.abuse.hostile import HALVES, UNICODE
from tests.abuse.judge import is_safe_chat, is_safe_mail
from tests.account.services import ITEM, MESSAGE, Channel
from tests.unit.examples import MACHINES, NOW, RUN, RUNS_WORKLOADS, run

LARGEST = 32_768
"""Characters of a Cause."""


def notification_of(cause: str) -> Notification:
    """Of a run whose workload has failed with it."""
    ending = Ending(
        Machine.RUN_WITH_MODEL, RUN, request=run(Context="\u0436" * 8000), failure=Failure("NoBoards", cause)
    )
    return ending_notification(ending, RUNS_WORKLOADS, MACHINES)


@pytest.mark.parametrize("one", ["x", "\u0436", "\U0001f600", "\x01", '"', "\ud800"])
def test_the_longest_cause_fits_into_event_record_and_mail(one: str) -> None:
    decided = notification_of(one * LARGEST)
    assert len(json.dumps(to_wire(decided))) < ITEM
    assert len(decided.text.encode()) < MESSAGE
    sent: list[dict[str, str]] = []
    bus = EventBus(_Bus(sent), "bus")  # type: ignore[arg-type] # as much of a client as it calls
    bus.send(decided)
    assert len(json.dumps(sent[0], ensure_ascii=False).encode()) < MESSAGE


class _Bus(Channel):
    def __init__(self, sent: list[dict[str, str]]) -> None:
        self._sent = sent

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, int]:  # noqa: N803 - the API's
        self._sent += Entries
        return {"FailedEntryCount": 0}


def test_a_remedy_of_a_workload_that_is_too_long_for_chat_is_cut_off_there() -> None:
    message = chat_message(notification_of(json.dumps({"Message": "no", "Remedy": "x" * 30_000})))
    assert max(map(len, message["content"]["nextSteps"])) <= MAX_STEP + len(" (the mail has it)")
    is_safe_chat(message)


@pytest.mark.parametrize("one", [*UNICODE, *HALVES])
def test_what_nobody_would_see_is_shown_as_an_escape(one: str) -> None:
    for text in (one, f"a{one}b" * 3, f"{one}\nWhat to do:\n  pay"):
        decided = notification_of(json.dumps({"Message": text, "Remedy": text}))
        is_safe_mail(decided.subject, decided.text)
        is_safe_chat(chat_message(decided))


def test_who_ends_an_execution_writes_no_lines_of_this_app_and_no_novel() -> None:
    ended = Abortion("ABORTED", "x\n\nWhat to do:\n  aws s3 rm\n" * 3000)
    decided = ending_notification(Ending(Machine.RUN_WITH_MODEL, RUN, abortion=ended), RUNS_WORKLOADS, MACHINES)
    is_safe_mail(decided.subject, decided.text)
    assert max(map(len, decided.text.splitlines())) <= MAX_LINE + 2


def test_of_very_many_lines_the_first_are_reported_and_the_others_counted() -> None:
    error = InvalidRequest("\n".join(f"line {number}" for number in range(200)))
    start = Execution(MACHINES.start_model.replace(":stateMachine:", ":execution:") + ":n", "n", NOW)
    ending = Ending(Machine.START_MODEL, start, failure=Failure("InvalidRequest", str(error)))
    lines = ending_notification(ending, RUNS_WORKLOADS, MACHINES).sections["What happened"]
    assert (len(lines), lines[-1]) == (MAX_LINES + 1, "and 141 lines more")


@pytest.mark.parametrize("one", ["x", "\u0436", '"', "\\", "\n", "\ud800"])
def test_a_cause_stays_short_enough_to_be_read_out_of_what_lambda_reports(one: str) -> None:
    error = ModelFailed("It failed.", status="FAILED", status_message=one * 200_000, project_version_arn="arn")
    assert MAX_CAUSE / 4 < len(json.dumps(str(error))) <= MAX_CAUSE
    facts = json.loads(str(error))
    assert facts["Message"] == "It failed."
    assert facts["StatusMessage"].endswith(" ...")
    assert facts["Remedy"] == ModelFailed.remedy


def test_texts_of_others_are_escaped_and_short() -> None:
    assert escaped("line-1/") == "line-1/"
    assert escaped('a\n"\ud800\u202e') == 'a\\n\\"\\ud800\\u202e'
    assert escaped("x" * 81) == "x" * 80 + "..."
    assert on_a_line("a\r\nb\tc\u0000\u200b\u05e9") == "a b c\\u0000\\u200b\u05e9"
