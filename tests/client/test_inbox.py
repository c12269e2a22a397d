"""``custom-labels inbox``: what is asked for, and what people read."""

import json
from typing import Any

import pytest

from tests.client.aws import Aws

LINE = {
    "Name": "line-1",
    "Model": "defects",
    "Images": "s3://factory/line-1/",
    "Results": "s3://results/line-1/",
    "State": "LABELLING",
    "Why": "12 images wait or are in work.",
    "Waiting": 9,
    "InWork": 3,
    "WaitingSince": "2026-11-24T06:40:00.000Z",
    "DeadLetters": 0,
    "FinishedToday": 103,
    "FailedToday": 3,
    "CostToday": 2.06,
    "CostPerImageToday": 0.02,
    "Run": "inbox-line-1-7-20261124T0640Z",
}
UNKNOWN = {
    **{name: LINE[name] for name in ("Model", "Images", "Results")},
    "Name": "line-2",
    "State": "UNKNOWN",
    "Why": "It can't be seen.",
    "FinishedToday": 0,
    "FailedToday": 0,
    "DeadLetters": 4,
}
REPORT = {"Report": "inboxes", "At": "2026-11-24T07:00:00.000Z", "Inboxes": [LINE, UNKNOWN]}


def test_the_status_says_what_waits_since_when_and_why(typed: Any, aws: Aws) -> None:
    aws.says["inboxes"] = REPORT
    result = typed("inbox", "status")
    assert result.exit_code == 0
    row = next(line for line in result.stdout.splitlines() if line.startswith("line-1"))
    assert row.split("  ") == ["line-1", "defects", "LABELLING", *row.split("  ")[3:]]
    for text in ("9", "3", "06:40, 20 min ago", "100", "0.0200"):
        assert text in row
    assert "line-1: 12 images wait or are in work." in result.stdout
    assert "custom-labels inbox redrive line-2" in result.stderr


def test_the_status_of_a_paused_inbox_says_how_to_go_on(typed: Any, aws: Aws) -> None:
    aws.says["inboxes"] = {**REPORT, "Inboxes": [{**LINE, "State": "PAUSED"}]}
    assert "To go on: custom-labels inbox resume line-1\n" in typed("inbox", "status").stdout


def test_the_status_of_one_is_that_alone(typed: Any, aws: Aws) -> None:
    aws.says["inboxes"] = REPORT
    result = typed("inbox", "status", "line-2", "--json")
    assert [one["Name"] for one in json.loads(result.stdout)["Inboxes"]] == ["line-2"]
    wrong = typed("inbox", "status", "line-3")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "line-1, line-2" in wrong.stderr


def test_without_inboxes_it_is_said_where_to_read_on(typed: Any, aws: Aws) -> None:
    aws.says["inboxes"] = {**REPORT, "Inboxes": []}
    assert "docs/inbox.md" in typed("inbox", "status").stdout


def test_a_backfill_goes_on_until_it_is_through(typed: Any, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        {"Inbox": "line-1", "Images": 2000, "Queued": 5, "StartAfter": "line-1/1999.png"},
        {"Inbox": "line-1", "Images": 10, "Queued": 1},
    ]
    monkeypatch.setattr(aws, "says", Answers(answers))
    result = typed("inbox", "backfill", "line-1", "--errors")
    assert result.stdout == "2010 images found, 6 of them queued.\n"
    first, second = (asked for _, asked in aws.asked)
    assert first == {"Action": "inbox-backfill", "Inbox": "line-1", "Errors": True}
    assert second == {**first, "StartAfter": "line-1/1999.png"}


class Answers(dict[str, Any]):
    """What the functions answer, one after the other, whatever they are asked."""

    def __init__(self, answers: list[dict[str, Any]]) -> None:
        super().__init__()
        self.answers = answers

    def __getitem__(self, _key: str) -> Any:
        return self.answers.pop(0)


@pytest.mark.parametrize(
    ("letters", "begun", "says"),
    [
        (0, False, "No image of line-1 was given up."),
        (3, True, "3 images are being moved back into the queue."),
        (1, False, "1 image is being moved back already."),
    ],
)
def test_a_redrive_says_what_is_moved(typed: Any, aws: Aws, letters: int, begun: bool, says: str) -> None:
    aws.says["inbox-redrive"] = {"Inbox": "line-1", "DeadLetters": letters, "Begun": begun}
    assert typed("inbox", "redrive", "line-1").stdout.strip() == says


@pytest.mark.parametrize(("changed", "says"), [(True, "is paused, by anna"), (False, "is paused already, by anna")])
def test_a_pause_says_by_whom_since_when_and_how_to_go_on(
    typed: Any, aws: Aws, monkeypatch: pytest.MonkeyPatch, changed: bool, says: str
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "anna")
    paused = {"PausedBy": "anna", "PausedSince": "2026-11-24T07:00:00.000Z"}
    aws.says["inbox-pause"] = {"Inbox": "line-1", "Changed": changed, **paused}
    result = typed("inbox", "pause", "line-1")
    assert says in result.stdout
    assert "custom-labels inbox resume line-1" in result.stdout
    assert aws.asked[-1][1]["By"] == "anna"


def test_a_pause_works_where_the_machine_knows_nobody(typed: Any, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid")

    monkeypatch.setattr("getpass.getuser", nobody)
    aws.says["inbox-pause"] = {"Inbox": "a", "Changed": True, "PausedBy": "b", "PausedSince": REPORT["At"]}
    assert typed("inbox", "pause", "line-1").exit_code == 0
    assert aws.asked[-1][1]["By"] == "somebody at a command line"


@pytest.mark.parametrize(("changed", "says"), [(True, "goes on"), (False, "nothing was changed")])
def test_a_resume_says_whether_there_was_anything_to_resume(typed: Any, aws: Aws, changed: bool, says: str) -> None:
    aws.says["inbox-resume"] = {"Inbox": "line-1", "Changed": changed}
    assert says in typed("inbox", "resume", "line-1").stdout


@pytest.mark.parametrize("command", ["backfill", "redrive", "pause", "resume"])
def test_an_unknown_inbox_is_wrong_use_and_json_is_for_machines(typed: Any, aws: Aws, command: str) -> None:
    cause = json.dumps({"Message": "Inbox: lime is not configured", "Remedy": "The inboxes are: line-1."})
    aws.says[f"inbox-{command}"] = {"errorType": "InvalidRequest", "errorMessage": cause}
    refused = typed("inbox", command, "lime")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "The inboxes are: line-1." in refused.stderr
    aws.says[f"inbox-{command}"] = {"Inbox": "line-1", "Images": 1, "Queued": 1, "DeadLetters": 0}
    assert json.loads(typed("inbox", command, "line-1", "--json").stdout)["Inbox"] == "line-1"
