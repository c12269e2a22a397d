"""The settings where they stand: in cdk.json, unless the CDK CLI hands its context over."""

import json
import os
from pathlib import Path
from typing import Any

from infra.settings.settings import CONTEXT_KEY, ROOT, Settings, SettingsError

FILE = "cdk.json"
HANDED_OVER = "CDK_CONTEXT_JSON"
"""In the environment, from the CDK CLI: the context of cdk.json and of its command line. Where that is too large for an
environment it is not there, and cdk.json has the same settings: they can't be given on a command line."""


class UnreadableError(SettingsError):
    """cdk.json is not there, is no JSON, or has no settings."""

    def __init__(self, reason: str) -> None:
        Exception.__init__(self, f"{FILE} {reason}")


def settings_of(folder: Path = ROOT) -> Settings:
    """Read and check them.

    Parameters
    ----------
    folder : Path
        That of cdk.json.

    Raises
    ------
    SettingsError
        Naming every problem.
    """
    handed_over = json.loads(os.environ.get(HANDED_OVER, "{}"))
    given = handed_over if CONTEXT_KEY in handed_over else _context(folder / FILE)
    if CONTEXT_KEY not in given:
        raise UnreadableError(f"has no {CONTEXT_KEY} under context: there the settings are.")
    return Settings.from_context(given[CONTEXT_KEY], folder=folder)


def _context(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise UnreadableError(f"can't be read: {error.strerror}.") from error
    except json.JSONDecodeError as error:
        raise UnreadableError(f"is no JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from error
    context = document.get("context") if isinstance(document, dict) else None
    return context if isinstance(context, dict) else {}
