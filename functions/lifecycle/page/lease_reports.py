"""Who holds which model, as data for machines: statemachine/schemas/report.leases.schema.json. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from lifecycle.configuration import Configuration
from lifecycle.model.leases import ModelItem
from lifecycle.page.reports import Report
from lifecycle.shared.text import plural

MOST_LEASES = 5_000
"""That a report names; more are counted. AWS Lambda answers 6 MB at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedLease:
    """A lease of a model; ``expires_at`` of a pending one is when its start gives up.

    Parameters
    ----------
    pending : bool
        Its start is under way.
    execution_arn : str, optional
        Of a pending one: the execution that starts the model for it.
    """

    model: str
    project_version_arn: str
    lease_id: str
    pending: bool
    since: datetime | None = None
    expires_at: datetime | None = None
    execution_arn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedStop:
    """A stop that is under way."""

    model: str
    project_version_arn: str
    execution_arn: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Leases(Report):
    """Who holds which model; those that end first come first, of each model."""

    leases: tuple[ReportedLease, ...]
    stops: tuple[ReportedStop, ...]


def leases_report(
    items: Iterable[ModelItem], problems: Sequence[str], now: datetime, configuration: Configuration
) -> Leases:
    """Who holds which model now."""
    by_name = sorted(items, key=lambda item: configuration.display_name(item.project_version_arn))
    found = [lease for item in by_name for lease in _leases(item, now, configuration)]
    left = len(found) - MOST_LEASES
    return Leases(
        report="leases",
        at=now,
        problems=(*problems, *([f"{plural(left, 'further lease')} had no room here"] if left > 0 else [])),
        leases=tuple(found[:MOST_LEASES]),
        stops=tuple(
            ReportedStop(
                model=configuration.display_name(item.project_version_arn),
                project_version_arn=item.project_version_arn,
                execution_arn=item.claim.execution_arn,
                since=item.claim.since,
            )
            for item in by_name
            if item.claim
        ),
    )


def _leases(item: ModelItem, now: datetime, configuration: Configuration) -> list[ReportedLease]:
    arn = item.project_version_arn
    lease_of = partial(ReportedLease, model=configuration.display_name(arn), project_version_arn=arn)
    held = sorted(item.held(now), key=lambda lease: (lease.expires_at is None, lease.expires_at))
    awaited = sorted(item.awaited(now), key=lambda lease: lease.expires_at)
    return [
        *(
            lease_of(lease_id=lease.lease_id, pending=False, since=lease.since, expires_at=lease.expires_at)
            for lease in held
        ),
        *(
            lease_of(
                lease_id=lease.lease_id, pending=True, expires_at=lease.expires_at, execution_arn=lease.execution_arn
            )
            for lease in awaited
        ),
    ]
