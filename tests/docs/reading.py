"""The app of somebody who follows the docs: the shipped ``cdk.json``, and what the pages add to it."""

import json
import re
from pathlib import Path
from typing import Any

from tests.assemblies import Configuration

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a language on a page, in order.

    Parameters
    ----------
    page : str
        Its path from the project's folder.
    language : str
        Such as "shell".
    """
    return [text for named, text in BLOCK.findall((ROOT / page).read_text("utf-8")) if named == language]


def _settings() -> dict[str, Any]:
    settings: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]["custom-labels-lifecycle"]
    settings["models"] = [json.loads(blocks("docs/schedules.md", "json")[0])]
    rules, stop, _, trusted = blocks("docs/events.md", "json")
    settings |= json.loads(f"{{{rules}, {trusted}}}")
    settings["event_rules"].append(json.loads(stop))
    settings |= json.loads(f"{{{blocks('docs/inbox.md', 'json')[0]}}}")
    return settings


SETTINGS = _settings()
MODEL: str = SETTINGS["models"][0]["project_version_arn"]
CONFIGURATION = Configuration(SETTINGS)
