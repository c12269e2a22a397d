"""What answers of Custom Labels are made of."""

from __future__ import annotations

import datetime
from typing import Any

Answer = dict[str, Any]


def time(seconds: float | None) -> datetime.datetime | None:
    """A point in time, from seconds since the epoch."""
    return None if seconds is None else datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def without_none(members: Answer) -> Answer:
    """The members that have a value: the service leaves the others out."""
    return {name: value for name, value in members.items() if value is not None}
