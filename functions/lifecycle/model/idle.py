"""How much of the time that a model was billed it was idle: nothing of this app labelled an image. Pure.

What labels images for this app records the minutes in which it did: the workers of inboxes, and DetectBatch once a
batch has ended. Whoever calls DetectCustomLabels without them is not seen. So of a version of which nothing was
recorded in a month nothing is said.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from lifecycle.model.bill import Session, bounds
from lifecycle.shared.arns import version_name

PARTITION = "busy#"
"""With which the keys of what is recorded begin, followed by the month; who records it may write no others."""
MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Busy: TypeAlias = Mapping[str, Set[int]]
"""The minutes in which images were labelled with each version, by its ARN, as ``minute_of`` numbers them."""


@dataclass(frozen=True, slots=True)
class Idle:
    """How idle a version was in a month.

    Parameters
    ----------
    model : str
        As people called it then.
    version : str
        The name of the version.
    seconds : float
        For which it was billed, as far as that is known.
    share : float
        Of these, from 0 to 1, those in minutes in which no image was labelled.
    """

    model: str
    project_version_arn: str
    version: str
    seconds: float
    share: float


def minute_of(moment: datetime) -> int:
    """The number of the minute, since 1970."""
    return (moment - _EPOCH) // MINUTE


def moment_of(minute: int) -> datetime:
    """When a minute begins."""
    return _EPOCH + minute * MINUTE


def idle_times(month: str, sessions: Iterable[Session], busy: Busy) -> tuple[Idle, ...]:
    """Of each version that ran in a month, and of which something is recorded in it; the longest idle first.

    A minute in which an image was labelled counts as far as the version was billed in it: the first and the last one of
    a session in part, and none outside of what is known of the session.
    """
    begin, end = bounds(month)
    names: dict[str, str] = {}
    billed: dict[str, float] = defaultdict(float)
    worked: dict[str, float] = defaultdict(float)
    for session in sorted(sessions, key=lambda one: one.since):
        arn, since, until = session.project_version_arn, max(session.since, begin), min(session.until, end)
        if arn not in busy or until <= since:
            continue
        names[arn] = session.model or version_name(arn)
        billed[arn] += (until - since).total_seconds()
        worked[arn] += sum(
            (min(until, moment_of(minute + 1)) - max(since, moment_of(minute))).total_seconds()
            for minute in range(minute_of(since), minute_of(until) + 1)
            if minute in busy[arn]
        )
    found = [
        Idle(name, arn, version_name(arn), round(billed[arn], 3), round(1 - min(1, worked[arn] / billed[arn]), 4))
        for arn, name in names.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.seconds * one.share, one.model, one.project_version_arn)))
