"""Since when a model runs, and who has held it for how long. Pure.

Counted whenever its leases change: in between they are what the item says, each until it expires.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from lifecycle.shared.wire import Stored

MAX_HOLDERS = 50
"""Of one session, so that the item stays small: what is beyond is counted together."""
OTHERS = "(others)"
"""For those. No lease has such an id: it may not have brackets in it."""

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Share:
    """How long somebody has held a running model; where several did at a time, each has its part of it."""

    lease_id: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Running(Stored):
    """Since when a model runs, and with how many inference units, as far as this app has seen it.

    Parameters
    ----------
    counted_until : datetime, optional
        Until when ``shares`` count who held it; nothing is counted yet where there is none.
    found : bool
        Its beginning was not seen: a sweep has found it RUNNING.
    max_inference_units : int, optional
        Up to which it scales, where it does.
    """

    since: datetime
    min_inference_units: int
    counted_until: datetime | None = None
    shares: tuple[Share, ...] = ()
    found: bool = False
    max_inference_units: int | None = None


def counted(running: Running, ends: Mapping[str, datetime | None], now: datetime) -> Running:
    """Count who has held it since it was counted last.

    Parameters
    ----------
    ends : Mapping
        Until when each lease holds that was there since then, by its id; None: until it is released.
    """
    begin = running.counted_until or running.since
    if now <= begin:
        return running
    held = defaultdict(int, {share.lease_id: share.milliseconds for share in running.shares})
    edges = sorted({begin, now, *(end for end in ends.values() if end and begin < end < now)})
    for start, end in pairwise(edges):
        holders = [lease_id for lease_id, ends_at in ends.items() if ends_at is None or ends_at >= end]
        for lease_id in holders:
            held[lease_id] += (end - start) // _MILLISECOND // len(holders)
    return replace(running, counted_until=now, shares=_at_most(held))


def _at_most(held: Mapping[str, int]) -> tuple[Share, ...]:
    """The longest holders, and the others together."""
    longest = sorted((lease_id for lease_id in held if lease_id != OTHERS), key=lambda one: -held[one])
    kept, rest = longest[:MAX_HOLDERS], longest[MAX_HOLDERS:]
    others = held.get(OTHERS, 0) + sum(held[lease_id] for lease_id in rest)
    shares = [Share(lease_id, held[lease_id]) for lease_id in kept]
    return (*shares, Share(OTHERS, others)) if others else tuple(shares)
