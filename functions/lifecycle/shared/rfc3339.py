"""Times as people write them: RFC 3339, all of it and nothing else, and what is wrong with another text. Pure."""

import re
from datetime import UTC, datetime, timedelta

from lifecycle.shared.text import escaped

_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt](?P<clock>[01]\d:[0-5]\d|2[0-3]:[0-5]\d):(?P<second>[0-5]\d|60)"
    r"(?P<fraction>\.\d+)?(?P<offset>[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
EXAMPLE = "2026-11-24T08:00:00+01:00"
_DAY, _CLOCK, _OFFSET = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d(?::\d\d(?:\.\d+)?)?", r"(?:[Zz]|[+-]\d\d:?\d\d|[+-]\d\d)"
_ALMOST = re.compile(rf"\s*({_DAY})(?:[Tt]|\s+)({_CLOCK})\s*({_OFFSET})?\s*", re.ASCII)


def parse(text: str) -> datetime:
    """The time; ValueError where the text is none (RFC 3339, 5.6). A leap second is the one that follows it."""
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError(f"{escaped(text)} is no time of RFC 3339")
    leap = found["second"] == "60"
    second = "59" if leap else found["second"]
    micros = int((found["fraction"] or ".0")[1:7].ljust(6, "0"))
    offset = "+00:00" if found["offset"] in "Zz" else found["offset"]
    moment = datetime.fromisoformat(f"{found['day']}T{found['clock']}:{second}{offset}")
    if not leap:
        return moment + timedelta(microseconds=micros)
    following = moment.astimezone(UTC) + timedelta(seconds=1)
    if (following.day, following.hour, following.minute) != (1, 0, 0):
        raise ValueError("a leap second is the last one of a month in UTC")
    return following


def is_time(text: str) -> bool:
    """Whether a text is a time of RFC 3339."""
    try:
        parse(text)
    except (ValueError, OverflowError):
        return False
    return True


def what_is_wrong(text: str) -> str:
    """Of a text that is none: what keeps it from being one, and what was probably meant."""
    stripped, found = text.strip(), _ALMOST.fullmatch(text)
    if found and not found[3]:
        given = f"{found[1]}T{_with_seconds(found[2])}"
        return f"has no UTC offset: end it with Z for UTC, or with yours, as in {given}+01:00"
    if found:
        offset = found[3] if found[3] in "Zz" else f"{found[3][:3]}:{found[3][3:].strip(':') or '00'}"
        meant = f"{found[1]}T{_with_seconds(found[2])}{offset}"
        if is_time(meant):
            return f"is not written as RFC 3339 writes it, did you mean {meant}?"
        return f"is no valid day, time or offset; an example is {EXAMPLE}"
    if re.fullmatch(_DAY, stripped, re.ASCII):
        return f"is a day without a time; an example is {EXAMPLE}"
    if re.fullmatch(r"\d{10}|\d{13}", stripped, re.ASCII):
        meant = datetime.fromtimestamp(int(stripped[:10]), UTC).isoformat().replace("+00:00", "Z")
        return f"is a number of seconds since 1970, did you mean {meant}?"
    return f"must be an RFC 3339 time with its UTC offset, for example {EXAMPLE}"


def _with_seconds(clock: str) -> str:
    return clock if clock.count(":") == 2 else f"{clock}:00"
