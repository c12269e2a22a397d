"""``python -m tools.circumstances [NAME ...]``: try ``make test`` where it is likely to fail, and print a table.

What is tried is the last commit, in clones of its own that are removed afterwards; what was said is in
build/circumstances/. Only processes that were started here are ended, and what a command leaves running is a failure.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.circumstances.circumstances import CIRCUMSTANCES
from tools.circumstances.results import row, table, written
from tools.circumstances.trying import ROOT, tried

DOCUMENT = ROOT / "docs" / "evidence" / "circumstances.md"
COMMAND = "make test"


def main(arguments: Sequence[str] | None = None) -> int:
    """Try one circumstance after the other. Returns 1 where something failed, else 0."""
    names = [one.name for one in CIRCUMSTANCES]
    parser = argparse.ArgumentParser(prog="python -m tools.circumstances", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; without: all")
    parser.add_argument("--command", default=COMMAND, help=f"instead of {COMMAND}")
    parser.add_argument("--times", type=int, default=1, help="how often each is tried")
    parser.add_argument("--write", action="store_true", help=f"put the rows into {DOCUMENT.name}")
    chosen = parser.parse_args(arguments)
    if unknown := sorted(set(chosen.names) - set(names)):
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(names)}")
    if chosen.write and chosen.command != COMMAND:
        parser.error(f"the table in {DOCUMENT.name} is about {COMMAND}")
    sys.stdout.write(table([]) + "\n")
    order, wrong = [one.words for one in CIRCUMSTANCES], False
    with tempfile.TemporaryDirectory(prefix="circumstances-") as base:
        Path(base).chmod(0o755)  # another user has to get there
        for circumstance in (one for one in CIRCUMSTANCES if not chosen.names or one.name in chosen.names):
            outcomes = tried(chosen.command, circumstance, Path(base), chosen.times)
            wrong |= not isinstance(outcomes, str) and any(one.wrong for one in outcomes)
            line = row(circumstance.words, outcomes)
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
            if chosen.write:  # one by one: what was tried is kept where the rest takes too long
                text = written(DOCUMENT.read_text("utf-8"), {circumstance.words: line}, order)
                DOCUMENT.write_text(text, "utf-8")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
