"""How amounts, times and names, and what others have written, read in a sentence: one form for each, everywhere."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

NOT_PLAIN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
"""What nobody sees, or what changes how others are seen: controls, what has no width, what turns the direction of a
text, and half a surrogate pair, which can't be sent at all."""

# Amounts ------------------------------------------------------------------------------------------


def usd(amount: float) -> str:
    """``USD 4.00``."""
    return f"USD {amount:,.2f}"


def per_hour(amount: float) -> str:
    """``USD 4.00 per hour``."""
    return f"{usd(amount)} per hour"


def percent(share: float) -> str:
    """``62 %`` of 0.62."""
    return f"{round(100 * share)} %"


def duration(seconds: float) -> str:
    """To the second where that matters: ``47 s``, ``11 min 4 s``, ``12 min``, ``2 h 5 min``, ``7 days``."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if 60 <= whole < 3600 and rest:
        return f"{minutes} min {rest} s"
    return span(seconds)


def span(seconds: float) -> str:
    """As exact as people need it: ``47 s``, ``12 min``, ``1 h 20 min``, ``3 days``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    if not hours:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return plural(hours // 24, "day")


def plural(count: int, word: str) -> str:
    """``1 minute``, ``5 minutes``."""
    return f"{count} {word}{'' if count == 1 else 's'}"


# Times --------------------------------------------------------------------------------------------


def clock(moment: datetime, zones: Sequence[str] = ()) -> str:
    """``2026-11-24 07:12 UTC``, and in these IANA time zones: ``2026-11-24 07:12 UTC (08:12 Europe/Berlin)``."""
    utc = moment.astimezone(UTC)
    local = ", ".join(_local(utc, zone) for zone in zones if zone != "UTC")
    return f"{utc:%Y-%m-%d %H:%M} UTC{f' ({local})' if local else ''}"


def time_of_day(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """``14:03``, with its day where that is not today: ``14:03 on Thu 26 Nov``."""
    local = moment.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == now.astimezone(zone).date() else f"{local:%H:%M on %a %d %b}"


def _local(utc: datetime, zone: str) -> str:
    local = utc.astimezone(ZoneInfo(zone))
    return f"{local:%H:%M} {zone}" if local.date() == utc.date() else f"{local:%Y-%m-%d %H:%M} {zone}"


# Names and sentences ------------------------------------------------------------------------------


def taken_as_percent(name: str, given: float) -> str:
    """What is to be said of a percentage that looks like a share."""
    return (
        f"{name} {given:g} was taken as {given:g} percent: if the share {given:g} was meant, that is {given * 100:g}."
    )


def all_of(names: Sequence[str], most: int) -> str:
    """``a``, ``a and b``; where there are more than ``most`` of them: ``a, b and 3 more``."""
    *others, last = names
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return f"{', '.join(others)} and {last}" if others else last


def shortened(texts: Sequence[str], most: int, what: str = "") -> list[str]:
    """The first of many, and how many more there are: ``["a", "b", "and 7 more"]``."""
    left = len(texts) - most
    return [*texts[:most], *([f"and {left} {what} more" if what else f"and {left} more"] if left > 0 else [])]


_SMALL = re.compile(r"(The|This|That|There|It|Its|A|An|No|None|Nobody|Somebody|Another|Other)\b")


def clause(sentence: str) -> str:
    """A sentence as the end of another one, after a colon."""
    begun = sentence[0].lower() + sentence[1:] if _SMALL.match(sentence) else sentence
    return begun.rstrip(". ")


def first_sentence(text: str) -> str:
    """A text up to its first full stop or line's end, and that without the full stop."""
    return re.split(r"\.\s|\.$|[\r\n]", text.strip(), maxsplit=1)[0]


NESTED_TOO_DEEP = "something nested too deep to be shown"
TOO_MANY_DIGITS = "a number of too many digits to be shown"
"""Python writes no integer of more than 4,300 digits, and raises a ValueError instead."""


def as_text(value: object, write: Callable[[object], str] = str) -> str:
    """Whatever somebody has given, written; in words where it can't be."""
    try:
        return write(value)
    except RecursionError:
        return NESTED_TOO_DEEP
    except ValueError:
        return TOO_MANY_DIGITS


def escaped(text: str, most: int = 80) -> str:
    """A text of somebody else's in a sentence of this app: with JSON's escapes, and no longer than that."""
    ascii_text = json.dumps(text)[1:-1]
    return ascii_text if len(ascii_text) <= most else f"{ascii_text[:most]}..."


def on_a_line(text: str) -> str:
    """The same text on one line, with whatever nobody would see as an escape."""
    joined = " ".join(text.splitlines()).replace("\t", " ")
    return NOT_PLAIN.sub(lambda found: json.dumps(found[0])[1:-1], joined)
