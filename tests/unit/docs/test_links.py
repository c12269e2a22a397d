"""Every link in the documentation leads to a file that is there, and to a heading of it."""

import re
from pathlib import Path

import pytest

from tests.infra.configurations import ROOT

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    dead = []
    for file, anchor in _LINK.findall(document.read_text("utf-8")):
        target = (document.parent / file).resolve() if file else document
        if not target.exists() or (
            anchor and target.suffix == ".md" and anchor not in anchors(target.read_text("utf-8"))
        ):
            dead.append(f"{file}#{anchor}" if anchor else file)
    assert dead == []


def test_a_dead_link_is_noticed() -> None:
    found = _LINK.findall("See [a](gone.md#here), [b](#there) and [c](https://example.com/x#y).")
    assert found == [("gone.md", "here"), ("", "there")]
    assert "statuses-of-a-model" in anchors("# `Statuses` of a model")
