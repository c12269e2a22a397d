"""Pages of docs/evidence: one section for each part, between its marks, and on top of them which bars hold."""

import os
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks import ROOT

EVIDENCE = ROOT / "docs" / "evidence"
PICTURES = EVIDENCE / "plots"

_SECTION = "<!-- measured: {} -->\n{}<!-- /measured -->\n"
_SECTIONS = re.compile(r"<!-- measured: ([\w-]+) -->\n(.*?)<!-- /measured -->\n", re.DOTALL)
_BAR = re.compile(r"^- \*\*(holds|missed)\*\*: (.*)$", re.MULTILINE)
_TITLE = re.compile(r"^## (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """A document, and its parts in their order: each is a module with a ``report``."""

    name: str
    title: str
    parts: tuple[str, ...]


PAGES = (
    Page("benchmarks.md", "What was measured", ("polling", "price", "cold", "scale", "sweep", "loop")),
    Page("inbox.md", "What an inbox costs, and how long images wait", ("inbox", "inbox_scale")),
)


@dataclass(frozen=True)
class Bar:
    """What was to be reached, what was measured, and what is to be said of it."""

    claim: str
    measured: str
    holds: bool
    why: str = ""

    def __str__(self) -> str:
        said = f"- **{'holds' if self.holds else 'missed'}**: {self.claim}: {self.measured}"
        return f"{said}. {self.why}" if self.why else said


def bars(those: Iterable[Bar]) -> str:
    """A line for each."""
    return "\n".join(map(str, those))


def table(header: Sequence[object], rows: Iterable[Sequence[object]], left: int = 1) -> str:
    """A Markdown table; the first columns are text, the others figures."""
    lines = [header, [":--" if column < left else "--:" for column in range(len(header))], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def machine() -> str:
    """What it was measured on."""
    return (
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    )


def write(measured: dict[str, str]) -> None:
    """Put these sections into their documents; those that were not measured stay as they are."""
    for page in PAGES:
        if measured.keys() & set(page.parts):
            _write(page, measured)


def _write(page: Page, measured: dict[str, str]) -> None:
    document = EVIDENCE / page.name
    before = document.read_text("utf-8") if document.exists() else ""
    sections = dict(_SECTIONS.findall(before)) | {name: f"{text.strip()}\n" for name, text in measured.items()}
    there = [name for name in page.parts if name in sections]
    body = [_SECTION.format(name, sections[name]) for name in there]
    document.write_text("\n".join([_head(page.title, [sections[name] for name in there]), *body]), "utf-8")


def _head(heading: str, sections: Sequence[str]) -> str:
    titles = [(_TITLE.search(text) or ["", "?"])[1] for text in sections]
    found = [(title, holds == "holds", what) for title, text in zip(titles, sections, strict=True)
             for holds, what in _BAR.findall(text)]  # fmt: skip
    missed = [f"- {title}: {what}" for title, holds, what in found if not holds]
    return "\n".join(
        [
            f"# {heading}",
            "",
            "Measured by `make benchmarks`, or `.venv/bin/python -m benchmarks PART...`, which writes this page.",
            "Nothing was measured on AWS: the model's time is simulated, or the emulator's; prices are list prices of",
            "us-east-1. Each section says what it was measured on.",
            "",
            f"{len(found) - len(missed)} of {len(found)} bars hold."
            + (" Missed, each explained below:" if missed else ""),
            *([""] if missed else []),
            *missed,
            "",
        ]
    )
