"""A hundred and more mistakes in cdk.json, and the answer to each: in ``golden/mistakes.md``, to be read by people.

Renew it, after a change of the words, with ``RENEW_GOLDEN=1 .venv/bin/pytest tests/infra/test_mistakes.py -n 0``, and
read what ``git diff`` says of it, as somebody who has made the mistake.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.settings.cdk_json import HANDED_OVER, settings_of
from infra.settings.settings import CONTEXT_KEY, Settings, SettingsError
from tests.infra.configurations import MINIMAL
from tests.infra.mistakes import FILES_MISTAKEN, SETTINGS_MISTAKEN

GOLDEN = Path(__file__).parent / "golden" / "mistakes.md"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def answer(change: object) -> list[str]:
    """What is said of settings that differ from the smallest ones, without what is said of all."""
    with pytest.raises(SettingsError) as wrong:
        Settings.from_context({**MINIMAL, **change} if isinstance(change, dict) else change, folder=Path(), now=NOW)
    return [line.removeprefix(f"  {CONTEXT_KEY}.") for line in str(wrong.value).splitlines()[1:-1]]


def answer_to_file(content: str | bytes, folder: Path) -> list[str]:
    (folder / "cdk.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsError) as wrong:
        settings_of(folder)
    return str(wrong.value).splitlines()


def given(change: object) -> str:
    """Of a setting what differs, and no more of it than is read."""
    text = json.dumps(change, ensure_ascii=False)
    return text if len(text) < 240 else f"{text[:100]} ... {text[-130:]}"


def pages(folder: Path) -> Iterator[str]:
    yield "# Mistakes in cdk.json, and what is said of them\n"
    yield "Written by tests/infra/test_mistakes.py, from tests/infra/mistakes.py.\n"
    for about, mistakes in SETTINGS_MISTAKEN.items():
        yield f"## {about[0].upper()}{about[1:]}\n"
        for title, change in mistakes.items():
            yield "\n".join([f"### {title}\n", f"    {given(change)}\n", *(f"- {line}" for line in answer(change)), ""])
    yield "## The file\n"
    for title, content in FILES_MISTAKEN.items():
        shown = (
            content
            if isinstance(content, str)
            else content.decode("latin-1").encode("ascii", "backslashreplace").decode()
        )
        lines = "\n".join(f"    {line[:100]}{' ...' * (len(line) > 100)}" for line in shown.splitlines())
        yield "\n".join(
            [f"### {title}\n", f"{lines}\n", *(f"- {line}" for line in answer_to_file(content, folder)), ""]
        )


def test_the_answer_to_every_mistake_is_the_one_that_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HANDED_OVER, raising=False)
    text = "\n".join(pages(tmp_path)).rstrip() + "\n"
    if os.environ.get("RENEW_GOLDEN"):
        GOLDEN.write_text(text, "utf-8")
    assert text == GOLDEN.read_text("utf-8")


def test_there_are_a_hundred_and_more() -> None:
    assert sum(map(len, SETTINGS_MISTAKEN.values())) + len(FILES_MISTAKEN) > 150


def test_no_answer_shows_a_pattern() -> None:
    """A regular expression says nothing to whoever has mistyped a name."""
    text = GOLDEN.read_text("utf-8")
    assert "must match" not in text
    assert "{1,255}" not in text
