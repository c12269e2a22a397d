"""What people see: tables, sentences, progress, and what went wrong, on a terminal as in a pipe.

What others have written, such as names and messages, goes through ``text``: it can't drive a terminal.
"""

import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Any, Literal

import typer
from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from custom_labels import errors
from custom_labels.process import NotRunError

WRONG_USE, NOT_DEPLOYED, INTERRUPTED = 2, 3, 130
GOES_ON = "What was asked for goes on. To end it: custom-labels stop, with the same --lease-id."
LET_GO = "The lease is released: the model is stopped unless others need it."
NOTHING = "Nothing was changed."
NOTABLE = "magenta"
"""What is neither good nor bad: yellow, as is usual, can't be read on white."""
_STYLES = {
    "RUNNING": "bold green",
    **dict.fromkeys(("STARTING", "STOPPING"), NOTABLE),
    **dict.fromkeys(("NOT_FOUND", "UNKNOWN"), "bold red"),
}
_FOLDED = 20
"""Characters that the widest column of a table may be folded to, so that the table fits."""
_ENDLESS = 100_000
"""Columns of a line that nobody cuts."""

out, err = Console(highlight=False), Console(stderr=True, highlight=False)

# What is written ----------------------------------------------------------------------------------


def printable(given: str) -> str:
    """A text that can't drive a terminal: what is no character to be seen is shown by its code."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in given
    )


def text(given: str, style: str = "") -> Text:
    """What is in it is shown as it is: no markup, and nothing that drives a terminal."""
    return Text(printable(given), style=style)


def status(given: str) -> Text:
    """A model's status, in its colour."""
    return text(given, _STYLES.get(given, "bold red" if "FAILED" in given else ""))


def say(line: str, style: str = "") -> None:
    """A sentence on standard output; a pipe gets it in one line."""
    clear()
    out.print(text(line, style), soft_wrap=not out.is_terminal)


def warn(sentence: str) -> None:
    """A warning on standard error."""
    clear()
    err.print(Text.assemble(("Warning: ", f"bold {NOTABLE}"), printable(sentence)), soft_wrap=not err.is_terminal)


_COMMAND = re.compile(r"(^|: )(custom-labels|aws|cdk|make|pip) ")
"""Of a line to be copied."""


def below(line: str, console: Console) -> None:
    """A line that belongs to the one before it. A terminal breaks it between words, but no command: people copy it."""
    shown = text(line)
    if console.is_terminal and not _COMMAND.search(line):
        console.print(Padding(shown, (0, 0, 0, 2), expand=False))
    else:
        console.print(Text.assemble("  ", shown), soft_wrap=True)


def as_json(answer: Mapping[str, Any]) -> None:
    """For machines."""
    clear()
    typer.echo(json.dumps(answer, indent=2))


# Tables -------------------------------------------------------------------------------------------


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str | Text]], *, numbers: frozenset[str] = frozenset()
) -> None:
    """A table on a terminal that is wide enough, a block for each row on another; aligned lines, never cut, in a pipe.

    Parameters
    ----------
    numbers : frozenset of str
        The columns that are aligned to the right.
    """
    clear()
    cells = [[one if isinstance(one, Text) else text(one) for one in row] for row in rows]
    if not out.is_terminal:
        widths = [max(map(len, column)) for column in zip(map(text, columns), *cells, strict=True)]
        for row in (map(text, columns), *cells):
            aligned = (
                one.plain.rjust(width) if name in numbers else one.plain.ljust(width)
                for name, one, width in zip(columns, row, widths, strict=True)
            )
            typer.echo("  ".join(aligned).rstrip())
        return
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    widths = [max(map(len, column)) for column in zip(map(text, columns), *cells, strict=True)]
    widest = widths.index(max(widths))
    for place, name in enumerate(columns):
        justify: Literal["left", "right"] = "right" if name in numbers else "left"
        shown.add_column(text(name), justify=justify, no_wrap=place != widest, overflow="fold")
    for row in cells:
        shown.add_row(*row)
    wide = Measurement.get(out, out.options.update(max_width=_ENDLESS), shown).maximum
    if wide - max(0, widths[widest] - _FOLDED) <= out.width:
        out.print(shown)
        return
    for row in cells:
        fields(list(zip(columns, row, strict=True)))
        out.print()


def fields(pairs: Sequence[tuple[str, str | Text]]) -> None:
    """Values with what they are, one below the other; those that are empty are left out."""
    clear()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim" if out.is_terminal else "", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        cell = value if isinstance(value, Text) else text(value)
        if cell.plain:
            grid.add_row(text(name), cell)
    if out.is_terminal:
        out.print(grid)
        return
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        plain = value.plain if isinstance(value, Text) else printable(value)
        if plain:
            typer.echo(f"{name:{width}}  {plain}")


# Amounts and times --------------------------------------------------------------------------------


def usd(amount: float) -> str:
    """``USD 4.00``."""
    return f"USD {amount:,.2f}"


def amounts(costs: Sequence[float]) -> list[str]:
    """USD, and at the end their sum: rounded so that what is shown adds up. Below one dollar to 1/100 cent."""
    decimals = 4 if 0 < sum(costs) < 1 else 2
    sums = [round(so_far, decimals) for so_far in accumulate(costs, initial=0.0)]
    return [f"{amount:,.{decimals}f}" for amount in (*(after - before for before, after in pairwise(sums)), sums[-1])]


def plural(count: int, word: str) -> str:
    """``1 model``, ``5 models``."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def span(seconds: float) -> str:
    """``47 s``, ``12 min``, ``1 h 20 min``, ``3 days``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    if not hours:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return plural(hours // 24, "day")


def moment(given: str) -> datetime:
    """A time of a report."""
    return datetime.fromisoformat(given).astimezone(UTC)


def clock(when: datetime) -> str:
    """``2026-11-24 09:00 UTC``."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def time_of_day(when: datetime, now: datetime) -> str:
    """``09:00``, and the day where that is not today, in UTC."""
    when, now = when.astimezone(UTC), now.astimezone(UTC)
    return f"{when:%H:%M}" if when.date() == now.date() else f"{when:%a %d %b %H:%M}"


def since(given: str | None, now: datetime) -> str:
    """``09:00, 20 min ago``; empty where it is not known."""
    if given is None:
        return ""
    when = moment(given)
    return f"{time_of_day(when, now)}, {span((now - when).total_seconds())} ago"


def until(given: str, now: datetime) -> str:
    """``09:00, in 20 min``."""
    when = moment(given)
    return f"{time_of_day(when, now)}, in {span((when - now).total_seconds())}"


def some_of(names: Sequence[str], count: int, most: int = 3) -> str:
    """``a, b, c and 4 more`` of so many."""
    shown = list(names[:most])
    left = count - len(shown)
    return f"{', '.join(shown)} and {left} more" if left > 0 else ", ".join(shown)


# How it goes --------------------------------------------------------------------------------------


class Waiting:
    """Says on standard error how a wait goes: on a terminal in one line that is gone afterwards, else every minute.

    Parameters
    ----------
    what : str
        What is waited for, such as ``Starting defects``.
    past : callable, optional
        How long the like took before, in seconds; asked once, and only where the wait is no short one.
    """

    def __init__(self, what: str, past: Callable[[], Sequence[float]] = tuple) -> None:
        self._what, self._past = what, past
        self._took: str | None = None
        self._said = -MINUTE

    def __call__(self, seconds: float, doing: str) -> None:
        """Say it."""
        if self._took is None and seconds > _SHORT:
            self._took = _took(self._past())
        how = ", ".join(filter(None, (doing, self._took)))
        live = err.is_terminal and not err.is_dumb_terminal
        if live:
            line = printable(f"{self._what}: {int(seconds) // 60}:{int(seconds) % 60:02} min{how and f', {how}'}")
            err.file.write(f"\r\x1b[2K{line[: err.width - 1]}")
            err.file.flush()
            _Line.is_open = True
        elif seconds - self._said >= MINUTE:
            self._said = seconds
            err.print(text(f"{self._what}: {int(seconds) // 60} min{how and f', {how}'}"), soft_wrap=True)


class _Line:
    """Whether a line of progress is on the terminal now."""

    is_open = False


def clear() -> None:
    """Take the line of progress away, before anything else is written."""
    if _Line.is_open:
        err.file.write("\r\x1b[2K")
        err.file.flush()
        _Line.is_open = False


MINUTE, _SHORT = 60.0, 10.0


def _took(past: Sequence[float]) -> str:
    """``the last start took 11 min``, ``the last 3 starts took 11 to 14 min``."""
    if not past:
        return ""
    least, most = span(min(past)), span(max(past))
    took = least if least == most else f"{least} to {most}"
    return f"the last start took {took}" if len(past) == 1 else f"the last {len(past)} starts took {took}"


@contextmanager
def working(what: str) -> Iterator[None]:
    """Says on standard error, on a terminal, that an answer is waited for."""
    if not err.is_terminal:
        yield
        return
    with err.status(text(f"{what} ...")):
        yield


@contextmanager
def reported(failed: int | None = None, interrupted: str = GOES_ON) -> Iterator[None]:
    """Turn what goes wrong into a sentence and an exit code; ``failed`` where the others are a command's own."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = lambda message, *_, **__: warn(str(message))
            yield
    except NotRunError as error:
        clear()
        err.print(text(str(error)), soft_wrap=not err.is_terminal)
        raise typer.Exit(error.code) from error
    except errors.CustomLabelsError as error:
        failure(error)
        own = {errors.NotDeployed: NOT_DEPLOYED, errors.InvalidRequest: WRONG_USE}.get(type(error), 1)
        raise typer.Exit(failed or own) from error
    except KeyboardInterrupt:
        clear()
        err.print(f"Interrupted. {interrupted}")
        raise typer.Exit(INTERRUPTED) from None


def failure(error: errors.CustomLabelsError) -> None:
    """What went wrong, and what to do."""
    clear()
    err.print(Text.assemble(("Error: ", "bold red"), printable(error.message)), soft_wrap=not err.is_terminal)
    for line in (*error.remedy.splitlines(), *getattr(error, "__notes__", ())):
        below(line, err)
