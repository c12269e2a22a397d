"""``custom-labels``: what is printed, where, and the exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from custom_labels import cli, executions
from custom_labels.cli import app, printable
from tests.client.aws import ARN, Aws, failed, refusal


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    found = Aws()
    monkeypatch.setattr(executions, "FIRST_PAUSE", 0)
    monkeypatch.setattr("custom_labels.client.boto3.Session", lambda: found)
    return found


@pytest.fixture
def typed(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ARG001 - nothing may reach AWS
    def run(*words: str) -> Result:
        monkeypatch.setattr(cli, "out", Console(width=200, highlight=False))
        monkeypatch.setattr(cli, "err", Console(width=200, stderr=True, highlight=False))
        return CliRunner().invoke(app, words)

    return run


def test_a_start_says_what_runs_until_when_and_at_what_cost(typed: Any) -> None:
    result = typed("start", "defects", "--lease-id", "shift", "--minutes", "60")
    assert result.exit_code == 0
    for text in ("MODEL_STARTED", ARN, "shift, until 2026-11-24 09:00 UTC", "USD 4.00 per hour"):
        assert text in result.stdout


def test_with_json_standard_output_is_the_output_and_nothing_else(typed: Any) -> None:
    assert json.loads(typed("start", "defects", "--json").stdout)["Outcome"] == "MODEL_STARTED"


def test_a_failure_is_a_sentence_with_what_to_do_on_standard_error(typed: Any, aws: Aws) -> None:
    aws.ends["start"] = failed("CapacityExceeded", "Other models use up the quota.", "Stop one.\nOr raise the quota.")
    result = typed("start", "defects")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-3:] == [
        "Error: Other models use up the quota.",
        "  Stop one.",
        "  Or raise the quota.",
    ]


@pytest.mark.parametrize(
    ("code", "exit_code"), [("StateMachineDoesNotExist", 3), ("AccessDeniedException", 1), ("ThrottlingException", 1)]
)
def test_exit_codes_say_what_kind_of_failure_it_is(typed: Any, aws: Aws, code: str, exit_code: int) -> None:
    aws.refuses["start_execution"] = [refusal(code)]
    assert typed("stop", "defects").exit_code == exit_code


def test_a_wrong_input_is_wrong_use(typed: Any, aws: Aws) -> None:
    aws.ends["start"] = failed("InvalidRequest", "Model: 'defcts' is not configured; configured models: defects")
    assert typed("start", "defcts").exit_code == 2


def test_images_are_labelled_a_line_each(typed: Any) -> None:
    lines = typed("detect", "defects", "s3://b/1.png", "s3://b/2.png").stdout.splitlines()
    assert [json.loads(line)["Image"] for line in lines] == ["s3://b/1.png", "s3://b/2.png"]
    assert json.loads(lines[0])["CustomLabels"][0]["name"] == "scratch"


def test_the_own_failures_of_run_are_125(typed: Any, aws: Aws) -> None:
    aws.ends["start"] = failed("CapacityExceeded")
    assert typed("run", "defects", "--", "true").exit_code == 125


def test_what_may_not_be_run_is_126_and_the_model_is_released(typed: Any, aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no program")
    result = typed("run", "defects", "--", str(tmp_path / "notes.txt"))
    assert (result.exit_code, "notes.txt: Permission denied" in result.stderr) == (126, True)
    assert [kind for kind, _ in aws.asked] == ["start", "stop"]


@pytest.mark.parametrize(
    ("words", "says", "asked"),
    [
        (("start", "defects"), "goes on", ["start"]),
        (("detect", "defects", "s3://b/1.png"), "The lease is released", ["start", "stop"]),
        (("run", "defects", "--", "true"), "The lease is released", ["start", "stop"]),
    ],
)
def test_who_interrupts_learns_what_becomes_of_the_model(
    typed: Any, aws: Aws, words: tuple[str, ...], says: str, asked: list[str]
) -> None:
    aws.refuses["describe_execution"] = [KeyboardInterrupt()]
    result = typed(*words)
    assert (result.exit_code, says in result.stderr) == (130, True)
    assert [kind for kind, _ in aws.asked] == asked


def test_no_text_of_others_can_drive_the_terminal(typed: Any, aws: Aws) -> None:
    aws.ends["start"] = failed("ModelFailed", "The service says: \x1b[2Jgone\x07", "\x1b]0;title\x07")
    assert "\x1b[2J" not in typed("start", "defects").stderr
    assert printable("a\x1b[2J\u202eb é") == "a\\x1b[2J\\u202eb é"
