"""The campaign from the command line: ``python -m tests.account`` runs all, and writes docs/evidence/reliability.md.

``--share 0.1`` runs a tenth of each row and writes nothing; ``--only DynamoDB`` runs the rows whose name has that.
``--emulator 150`` runs so many end to end in the emulator, and nothing else.
"""

import argparse
import multiprocessing
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "functions"), str(ROOT / "statemachine")]  # as pytest's configuration has it

from tests.account import end_to_end, trial_process  # noqa: E402 - they need the path
from tests.account.campaign import ROWS  # noqa: E402 - after the paths are set
from tests.account.stories import PROPERTIES, Verdict  # noqa: E402 - so too

DOCUMENT = ROOT / "docs" / "evidence" / "reliability.md"
SIMULATED, EMULATED = (f"<!-- {{}} of python -m tests.account{more} -->" for more in ("", " --emulator"))


def main() -> None:
    """Run the trials, print what does not hold, and write the table where nothing was left out."""
    parser = argparse.ArgumentParser(prog="python -m tests.account", description=__doc__)
    parser.add_argument("--share", type=float, default=1, help="of each row's trials; 1 is all")
    parser.add_argument("--only", default="", help="rows whose name has this")
    parser.add_argument("--emulator", type=int, default=0, help="so many end to end in the emulator, and nothing else")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    chosen = parser.parse_args()
    began = time.monotonic()
    broken = emulated(chosen.emulator) if chosen.emulator else simulated(chosen.share, chosen.only, chosen.processes)
    print(f"{time.monotonic() - began:.0f} s; exceptions: {broken}")
    sys.exit(broken > 0)


def simulated(share: float, only: str, processes: int) -> int:
    """The trials in the simulated account; how many have an exception."""
    lines: list[str] = []
    broken = 0
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for number, row in enumerate(ROWS):
            if only not in row.words:
                continue
            parts = [(number, share, part, processes) for part in range(processes)]
            verdicts = [one for part in pool.imap_unordered(trial_process.verdicts_of, parts) for one in part]
            broken += report(row.words, verdicts)
            lines.append(line(row.words, verdicts, row.promises, timed=not row.promises))
            print(lines[-1], flush=True)
    if share == 1 and not only:
        write(lines, SIMULATED)
    return broken


def emulated(size: int) -> int:
    """So many cases in the emulator; how many have an exception."""
    verdicts = end_to_end.judged(size)
    rows = {words: [one for one in verdicts if one.story == words] for words in end_to_end.ROWS}
    write([line(words, found, end_to_end.PROMISES, timed=False) for words, found in rows.items()], EMULATED)
    return report("in the emulator", verdicts)


def report(words: str, verdicts: Iterable[Verdict]) -> int:
    """Print what does not hold; how many trials that is."""
    broken = [one for one in verdicts if one.broken]
    for verdict in broken[:10]:
        print(f"  {words}: {verdict}")
    return len(broken)


def line(words: str, verdicts: Sequence[Verdict], promises: frozenset[str], *, timed: bool = True) -> str:
    """A line of a table."""
    applied = [one for one in verdicts if one.applied]
    broken = Counter(name for one in verdicts for name in one.broken)
    healed = [one.healed for one in applied] or [0.0]
    cells = [
        words,
        len(applied),
        *("" if promises and name not in promises else broken[name] for name in PROPERTIES),
        sum(one.by_alarm for one in verdicts),
        f"{statistics.median(healed):.0f}" if timed else "",
        f"{max(healed):.0f}" if timed else "",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def write(lines: Sequence[str], mark: str) -> None:
    """Put the table between its marks."""
    names = ["what goes wrong", "runs", *PROPERTIES, "by alarm", "median s", "max s"]
    head = [f"| {' | '.join(names)} |", f"|---|{'---:|' * (len(names) - 1)}"]
    begin, end = mark.format("begin"), mark.format("end")
    text = DOCUMENT.read_text(encoding="utf-8")
    before, after = text.split(begin)[0], text.split(end)[1]
    table = "\n".join([*head, *lines])
    DOCUMENT.write_text(f"{before}{begin}\n\n{table}\n\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
