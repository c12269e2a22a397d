"""The command line, as somebody types it, against an AWS in memory."""

from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from custom_labels import executions, terminal
from custom_labels.cli import app
from tests.client.aws import Aws


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    found = Aws()
    monkeypatch.setattr(executions, "FIRST_PAUSE", 0)
    monkeypatch.setattr("custom_labels.client.boto3.Session", lambda: found)
    return found


@pytest.fixture
def typed(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ARG001 - nothing may reach AWS
    def run(*words: str) -> Result:
        monkeypatch.setattr(terminal, "out", Console(width=200, highlight=False))
        monkeypatch.setattr(terminal, "err", Console(width=200, stderr=True, highlight=False))
        return CliRunner().invoke(app, words)

    return run
