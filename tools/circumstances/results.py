"""What became of a command in a circumstance, and the table of it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

BEGIN, END = (f"<!-- {which} of python -m tools.circumstances -->" for which in ("begin", "end"))
_HEAD = ("circumstance", "green", "passed", "failed", "skipped", "seconds", "memory (PSS)")
_SUMMARY = re.compile(r"^[= ]*((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s", re.MULTILINE)
_CONTROL_CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\r")


class Outcome(NamedTuple):
    """What became of a command.

    Attributes
    ----------
    counts
        Tests by what pytest says of them, as ``passed``.
    memory
        The largest sum of the memory of all its processes, in bytes.
    wrong
        Why this is a failure, or empty.
    """

    counts: Mapping[str, int]
    seconds: float
    memory: int
    wrong: str = ""


def counts(said: str) -> Counter[str]:
    """How many tests passed, failed and so on, by all of pytest's summaries in an output."""
    found: Counter[str] = Counter()
    for summary in _SUMMARY.findall(_CONTROL_CODES.sub("", said)):
        for part in summary.split(", "):
            number, what = part.split()
            found[what.removesuffix("s")] += int(number)
    return found


def row(words: str, outcomes: Sequence[Outcome] | str) -> str:
    """A line of the table: what was worst, if it was tried several times; of what was not tried the reason."""
    if isinstance(outcomes, str):
        return f"| {words} | not tried: {outcomes} |{' |' * (len(_HEAD) - 2)}"
    failed = max(one.counts.get("failed", 0) + one.counts.get("error", 0) for one in outcomes)
    wrong = [one.wrong for one in outcomes if one.wrong]
    cells = (
        words,
        f"{len(outcomes) - len(wrong)} of {len(outcomes)}",
        min(one.counts.get("passed", 0) for one in outcomes),
        f"{failed}: {'; '.join(wrong)}" if wrong else failed,
        max(one.counts.get("skipped", 0) for one in outcomes),
        f"{max(one.seconds for one in outcomes):.0f}",
        f"{max(one.memory for one in outcomes) / 2**30:.1f} GiB",
    )
    return f"| {' | '.join(map(str, cells))} |"


def table(rows: Iterable[str]) -> str:
    """The rows under their head."""
    return "\n".join([f"| {' | '.join(_HEAD)} |", f"|---|{'---:|' * (len(_HEAD) - 1)}", *rows])


def written(text: str, rows: Mapping[str, str], order: Sequence[str]) -> str:
    """A document with these rows, by their first cells, in its table.

    The table keeps a row that was not tried now, unless it is none of the order's.
    """
    before, rest = text.split(BEGIN)
    old, after = rest.split(END)
    known = {line.removeprefix("| ").partition(" | ")[0]: line for line in old.strip().splitlines()[2:]} | dict(rows)
    return f"{before}{BEGIN}\n\n{table(known[words] for words in order if words in known)}\n\n{END}{after}"
