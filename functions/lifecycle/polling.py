"""When to look at a model's status next. Pure; all durations in seconds."""

import math
from datetime import datetime

FIRST_LOOK = 30
"""After a request: no model was ever seen RUNNING sooner."""
INTERVAL = 15
"""Between two looks: the late notice of a 4 USD/h model then costs less than a cent on average."""
MAX_TURNS = 990
"""Looks in one execution. The contract says under 1,000: a turn is some 9 to 20 history events, of which Step
Functions allows 25,000."""


def fixed_interval(poll_seconds: int, timeout_seconds: int) -> int:
    """A wished-for fixed interval, raised where it would take more than ``MAX_TURNS`` looks until the timeout."""
    return max(poll_seconds, math.ceil(timeout_seconds / MAX_TURNS))


def wait_seconds(
    *, now: datetime, deadline: datetime, turns: int, poll_seconds: int | None, just_requested: bool = False
) -> int:
    """Seconds until the next look, at least 1 and not past the deadline.

    Without a fixed interval the first half of the turns is spent freely; the other half is spread evenly over what is
    left of the timeout, so that any allowed timeout stays within ``MAX_TURNS``.

    Parameters
    ----------
    turns : int
        Looks made so far.
    poll_seconds : int or None
        The caller's fixed interval, already raised by ``fixed_interval``.
    just_requested : bool
        The start was requested a moment ago, so nothing can be RUNNING yet.
    """
    left = (deadline - now).total_seconds()
    if poll_seconds is not None:
        interval = float(poll_seconds)
    else:
        interval = FIRST_LOOK if just_requested else INTERVAL
        if turns >= MAX_TURNS // 2:
            interval = max(interval, left / max(MAX_TURNS - turns, 1))
    return max(1, math.ceil(min(interval, left)))
