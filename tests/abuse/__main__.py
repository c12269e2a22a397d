"""Abuse from the command line: ``python -m tests.abuse`` tries every input, and writes docs/evidence/abuse.md.

``--share 0.1`` tries a tenth of each row and writes nothing; ``--only ARNs`` tries one row, and writes its line anew.
``--emulator 40`` tries so many end to end in the emulator, and nothing else.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "functions"), str(ROOT / "statemachine")]  # as pytest's configuration has it

from tests.abuse import doors, end_to_end, inputs, judge, sizes, trying  # noqa: E402 - they need the path
from tests.abuse.fields import MACHINES  # noqa: E402 - after the paths are set

DOCUMENT = ROOT / "docs" / "evidence" / "abuse.md"


def main() -> None:
    """Try, print what does not hold, and write the tables where nothing was left out."""
    parser = argparse.ArgumentParser(prog="python -m tests.abuse", description=__doc__)
    parser.add_argument("--share", type=float, default=1, help="of each row's inputs; 1 is all")
    parser.add_argument("--only", default="", help=f"one of {', '.join(inputs.ROWS)}, legal, calls, sizes")
    parser.add_argument("--emulator", type=int, default=0, help="so many end to end in the emulator, and nothing else")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    chosen = parser.parse_args()
    began = time.monotonic()
    if chosen.emulator:
        verdicts = end_to_end.judged(chosen.emulator)
        broken = report(verdicts)
        sampled = line("Any of them", {"": verdicts}, judge.PROPERTIES)
        write("emulator", HEADS["emulator"], [sampled])
    else:
        with multiprocessing.get_context("spawn").Pool(chosen.processes) as pool:
            broken = simulated(pool.imap, chosen.share, chosen.only)
    print(f"{time.monotonic() - began:.0f} s; exceptions: {broken}")
    sys.exit(broken > 0)


Spread = Callable[..., Iterable[Any]]
"""Lets the processes do a work with each of what is asked, as ``map`` does."""


def simulated(spread: Spread, share: float, only: str) -> int:
    """The inputs and calls in the simulated account; how many have an exception."""
    broken = 0
    lines: dict[str, list[str]] = {}
    for what, told, verdicts in _told(spread, share, only):
        broken += report(verdicts)
        lines.setdefault(what, []).append(told)
        print(told, flush=True)
    for what, found in lines.items() if share == 1 else ():
        write(what, HEADS[what], found)
    return broken


def _told(spread: Spread, share: float, only: str) -> Iterator[tuple[str, str, Sequence[judge.Verdict]]]:
    """Each line, with its table, and what it sums up."""
    for row in inputs.ROWS:
        if only in ("", row):
            by_machine = {machine: _verdicts(spread, trying.tried, row, machine, share) for machine in MACHINES}
            yield (
                "inputs",
                line(inputs.ROWS[row][0], by_machine, judge.PROPERTIES),
                list(chain.from_iterable(by_machine.values())),
            )
    if only in ("", "legal"):
        by_machine = {machine: _verdicts(spread, trying.let_in, "legal", machine, share) for machine in MACHINES}
        told = line("Inputs that are right, and mean harm", by_machine, judge.LET_IN)
        yield "right inputs", told, list(chain.from_iterable(by_machine.values()))
    for name in doors.WORDS if only in ("", "calls") else ():
        found = _verdicts(spread, trying.called, "", name, share)
        yield "calls", line(doors.WORDS[name][0], {"calls": found}, doors.PROPERTIES), found
    for one in spread(trying.large, range(len(sizes.CASES))) if only in ("", "sizes") else ():
        yield "sizes", sized_line(one), [one.verdict]


def _verdicts(
    spread: Spread, work: Callable[[trying.Asked], list[judge.Verdict]], row: str, of: str, share: float
) -> list[judge.Verdict]:
    asked = [(row, of, share, part) for part in range(trying.PARTS)]
    return [one for part in spread(work, asked) for one in part]


def report(verdicts: Iterable[judge.Verdict]) -> int:
    """Print what does not hold; how many that is."""
    broken = [one for one in verdicts if one.broken]
    for verdict in broken[:10]:
        print(f"  {str(verdict)[:1000]}")
    return len(broken)


def line(words: str, by: Mapping[str, Sequence[judge.Verdict]], properties: Mapping[str, str]) -> str:
    """A line of a table: how many there were, and of how many each promise did not hold."""
    broken = Counter(name for verdicts in by.values() for one in verdicts for name in one.broken)
    cells = [words, *map(len, by.values()), *(broken[name] for name in properties)]
    return f"| {' | '.join(map(str, cells))} |"


def _totals(lines: Iterable[str]) -> str:
    columns = zip(*(one.strip("| ").split(" | ")[1:] for one in lines), strict=True)
    return f"| {ALL} | {' | '.join(str(sum(map(int, column))) for column in columns)} |"


ALL = "**all**"
SIZES = ("what is large", "ends", "largest payload", "in", "mail", "event", "item", *sizes.PROPERTIES)


def sized_line(one: sizes.Sized) -> str:
    """A line of the table of sizes; in KiB."""
    kib = [f"{size / 1024:.1f}" for size in (one.payload, one.mail, one.event, one.item)]
    cells = [one.words, one.ends.removeprefix("FAILED "), kib[0], one.where, *kib[1:]]
    return f"| {' | '.join([*cells, *(str(int(name in one.verdict.broken)) for name in sizes.PROPERTIES)])} |"


def head(names: Sequence[str]) -> list[str]:
    """Of a table."""
    return [f"| {' | '.join(names)} |", f"|---|{'---:|' * (len(names) - 1)}"]


HEADS: Mapping[str, list[str]] = {
    "inputs": head(["", *MACHINES, *judge.PROPERTIES]),
    "right inputs": head(["", *MACHINES, *judge.LET_IN]),
    "calls": head(["", "calls", *doors.PROPERTIES]),
    "sizes": head(SIZES),
    "emulator": head(["", "inputs", *judge.PROPERTIES]),
}


def write(what: str, heading: Sequence[str], lines: Sequence[str]) -> None:
    """Put lines into their table between its marks, each in place of the one that is there with the same words."""
    begin, end = (f"<!-- {mark} of python -m tests.abuse: {what} -->" for mark in ("begin", "end"))
    text = DOCUMENT.read_text(encoding="utf-8")
    before, after = text.split(begin)[0], text.split(end)[1]
    there = [one for one in text.split(begin)[1].split(end)[0].splitlines() if one.startswith("| ")][1:]
    found = {one.split(" | ")[0]: one for one in [*there, *lines] if ALL not in one}
    total = [_totals(found.values())] if what == "inputs" and found else []
    table = "\n".join([*heading, *found.values(), *total])
    DOCUMENT.write_text(f"{before}{begin}\n\n{table}\n\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
