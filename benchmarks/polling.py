"""What it costs to wait for a model: the product's status checks against fixed intervals, on the same starts."""

import math
from collections.abc import Iterator, Sequence
from statistics import fmean

import numpy as np

from benchmarks import starts
from benchmarks.plots import plot
from benchmarks.report import Bar, bars, table
from benchmarks.starts import FIXED, SECOND, Watched, by_rule, durations, first, learned, rows, watch
from lifecycle.shared.pricing import STATUS_CHECK

ANSWER = 180
"""The interval, in seconds, that is to be beaten tenfold."""
OTHER_INTERVALS = (10, 12, 15)
"""Without history, after the first 30 seconds: the contract's, and what else was tried."""


def cents(those: Sequence[Watched]) -> float:
    """On average."""
    return 100 * fmean(one.cost for one in those)


def best_possible(mean: float, spread: float) -> float:
    """US cents of the best series of status checks, for somebody who knows the distribution itself. To the second.

    Dynamic programming, from the last start to the first: the next check is the one after which the rest costs least.
    """
    taken = np.sort(np.array(durations(mean, spread, 20_000)))
    seconds = np.arange(math.ceil(taken[-1]) + 1)
    ended = np.searchsorted(taken, seconds, side="right")
    summed = np.concatenate([[0.0], np.cumsum(taken)])[ended]
    rest = np.zeros(len(seconds))
    for now in range(len(seconds) - 2, -1, -1):
        later = slice(now + 1, None)
        waited = seconds[later] * (ended[later] - ended[now]) - (summed[later] - summed[now])
        rest[now] = (STATUS_CHECK * (len(taken) - ended[now]) + SECOND * waited + rest[later]).min()
    return 100 * float(rest[0]) / len(taken)


def scale_free(elapsed: float) -> float:
    """As if any length were as likely as its double: ever more rarely."""
    return max(2, math.sqrt(2 * STATUS_CHECK * elapsed / SECOND)) if elapsed else 30


class Row:
    """All ways to watch starts of one mean and spread."""

    def __init__(self, minutes: int, spread: float, number: int = 200) -> None:
        self.name = f"{minutes} min, {spread:.0%}"
        self.minutes, self.spread = minutes, spread
        self.durations = durations(60 * minutes, spread, number)
        self.fixed = {seconds: cents(first(self.durations, seconds)) for seconds in FIXED}
        self.best_fixed = min(self.fixed.values())
        self.first = first(self.durations)
        self.learned = learned(60 * minutes, spread, number=number)

    def cells(self) -> Iterator[str]:
        """Its line of the table."""
        yield self.name
        yield from (f"{cost:.2f}" for cost in self.fixed.values())
        yield from (f"{cents(self.first):.2f}", f"**{cents(self.learned):.2f}**")
        yield f"{best_possible(60 * self.minutes, self.spread):.2f}"


def polling_bars(measured: Sequence[Row]) -> list[Bar]:
    """Those of the issue; also what tests hold the product to."""
    without = {row.name: cents(row.first) / row.best_fixed for row in measured}
    known = {row.name: cents(row.learned) / row.best_fixed for row in measured}
    cheaper = {row.name: row.fixed[ANSWER] / cents(row.learned) for row in measured}
    cheaper_first = {row.name: row.fixed[ANSWER] / cents(row.first) for row in measured}
    return [
        Bar(
            "with 20 past starts at least 10 times cheaper than every 180 s, in every row",
            _range(cheaper, "{:.1f} times"),
            min(cheaper.values()) >= 10,
            "Where starts of 20 minutes vary by 25 %, nobody can: the best series of status checks for somebody who "
            "knows the distribution exactly (last column) is 9.8 times cheaper",
        ),
        Bar(
            "the first start, without history, at least 10 times cheaper than every 180 s",
            _range(cheaper_first, "{:.1f} times"),
            min(cheaper_first.values()) >= 10,
            "No fixed interval is either, even the best one of each row, chosen afterwards: "
            + _range({row.name: row.fixed[ANSWER] / row.best_fixed for row in measured}, "{:.1f} times"),
        ),
        Bar(
            "without history at most 2 % more expensive than the best fixed interval of each row",
            _range(without, "{:.2f} times its costs"),
            max(without.values()) <= 1.02,
        ),
        Bar(
            "with 20 past starts at least 25 % cheaper than the best fixed interval of each row",
            _range({name: 1 - share for name, share in known.items()}, "{:.0%} cheaper"),
            max(known.values()) <= 0.75,
        ),
    ]


def _range(those: dict[str, float], form: str) -> str:
    least, most = min(those, key=lambda name: those[name]), max(those, key=lambda name: those[name])
    return f"{form.format(those[least])} ({least}) to {form.format(those[most])} ({most})"


def _tried(measured: Sequence[Row]) -> str:
    def ratios(rule: starts.Rule) -> list[str]:
        return [f"{cents(by_rule(rule, row.durations)) / row.best_fixed:.2f}" for row in measured]

    def then_every(seconds: int) -> starts.Rule:
        return lambda elapsed: seconds if elapsed else 30

    lines = [(f"30 s, then every {seconds} s", *ratios(then_every(seconds))) for seconds in OTHER_INTERVALS]
    lines.append(("30 s, then by the square root of the time elapsed", *ratios(scale_free)))
    return table(("without history: times the best fixed interval", *(row.name for row in measured)), lines)


def _wrong_history() -> str:
    lines = []
    for minutes, spread in rows():
        for word, factor in (("half", 0.5), ("twice", 2.0)):
            now = durations(60 * minutes, spread, 20)
            history = starts.history(durations(factor * 60 * minutes, spread, 20))
            after = watch(now, history)
            lines.append(
                (
                    f"{minutes} min, {spread:.0%}; before: {word} as long",
                    f"{cents(first(now)):.2f}",
                    f"{cents(after[:1]):.2f}",
                    f"{cents(after[:3]):.2f}",
                    f"{cents(after[10:]):.2f}",
                    f"{cents(learned(60 * minutes, spread)):.2f}",
                )
            )
    header = ("starts now", "without history", "the 1st after", "the first 3", "the 11th to 20th", "right history")
    return table(header, lines)


def _picture(measured: Sequence[Row]) -> str:
    chosen = [row for row in measured if row.spread == 0.25]
    with plot("polling", "seconds between two status checks", "US cents per start", logarithmic=True) as axes:
        for number, row in enumerate(chosen):
            colour = f"C{number}"
            axes.plot(list(row.fixed), list(row.fixed.values()), "o-", color=colour, label=f"{row.minutes} min, fixed")
            axes.axhline(cents(row.learned), color=colour, linestyle="--", label=f"{row.minutes} min, learned")
        axes.legend(fontsize=7)
    return "![US cents by interval; dashed: the product with 20 past starts](plots/polling.svg)"


def report() -> str:
    """The section."""
    measured = [Row(*row) for row in rows()]
    header = ("mean, spread", *(f"{seconds} s" for seconds in FIXED), "no history", "20 known", "best possible")
    return f"""## Waiting for a model

What waiting costs, in US cents per start: the seconds of one inference unit from RUNNING to the status check that
notices it, and all status checks after the request ({100 * STATUS_CHECK:.4f} cents each). A row is 200 simulated
starts, normally distributed and seeded, watched by the code of `lifecycle.start_model.steps`
([`starts.py`](../../benchmarks/starts.py)). "No history" takes each of them for the model's first. "20 known" is 200
that follow 20 others, each learning from those before it. "Best possible" is for somebody who knows the distribution
exactly, but not the single start (dynamic programming, on a grid of seconds).

{table(header, [list(row.cells()) for row in measured])}

{_picture(measured)}

{bars(polling_bars(measured))}

What was tried for a model's first start. Every 10 s is the only interval within 2 % of the best fixed one everywhere;
every 15 s suits starts of 20 minutes, but costs a fifth more where they take 6:

{_tried(measured)}

When the history is wrong: the model's 20 past starts took half or twice as long as those from now on, in US cents per
start. A model that has become slower costs a few unnecessary status checks; one that has become faster is noticed late
once or twice:

{_wrong_history()}
"""
