"""Measure, and write pages of docs/evidence: ``python -m benchmarks [PART ...]``; without parts, all of them."""

import sys
import time
from collections.abc import Callable
from importlib import import_module

from benchmarks.report import PAGES, machine, write

PARTS = tuple(part for page in PAGES for part in page.parts)


def main() -> None:
    """Measure what was asked for."""
    asked = sys.argv[1:] or PARTS
    if unknown := set(asked) - set(PARTS):
        sys.exit(f"There is no {', '.join(sorted(unknown))}: the parts are {', '.join(PARTS)}.")
    for part in asked:
        began, on = time.monotonic(), machine()
        report: Callable[[], str] = import_module(f"benchmarks.{part}").report
        text = report().strip()
        seconds = time.monotonic() - began
        write({part: f"{text}\n\n(`python -m benchmarks {part}`, {seconds:.0f} s, on {on}.)"})
        print(f"{part}: {seconds:.0f} s")


if __name__ == "__main__":
    main()
