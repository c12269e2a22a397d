"""Which projects the page reads afresh, and which it may show as the last sweep saw them. Pure.

Amazon Rekognition answers 5 calls of DescribeProjectVersions per second, one for each project: who reads thirty of them
waits for eight seconds. The sweep reads them all anyway.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lifecycle.configuration import Configuration
from lifecycle.model.leases import ModelItem
from lifecycle.model.statuses import NOT_RUNNING
from lifecycle.model.sweep_record import SweepRecord, SweptProject
from lifecycle.model.version import ModelVersion
from lifecycle.shared.arns import project_name

FEW = 8
"""Projects that are read in any case: in two seconds, as calls are paced to 4 per second."""
MOST_PERIODS = 3
"""Of the sweep: an older record is not used, and the page says that the sweep is late."""


@dataclass(frozen=True, slots=True)
class ReadingOrder:
    """The names of the projects that have to be read afresh, and of the others.

    The others keep their order, so that of two pages the same ones are read afresh: a status must not go back.
    """

    first: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def afresh(self) -> tuple[str, ...]:
        """Those that are read, as they come; the others are shown as the sweep saw them."""
        return (*self.first, *self.others[: max(0, FEW - len(self.first))])


def usable(record: SweepRecord | None, now: datetime, configuration: Configuration) -> SweepRecord | None:
    """The record, unless it is too old to be shown, or of a time to come."""
    oldest = now - MOST_PERIODS * timedelta(minutes=configuration.sweep_minutes)
    return record if record and oldest <= record.at <= now else None


def reading_order(
    names: Sequence[str],
    record: SweepRecord | None,
    items: Collection[ModelItem],
    unreadable: Iterable[str],
    configuration: Configuration,
) -> ReadingOrder:
    """In which order projects are read.

    Parameters
    ----------
    names : sequence of str
        Of all projects that there are.
    record : SweepRecord, optional
        None where everything has to be read.
    unreadable : iterable of str
        ARNs of models whose items can't be read: nobody knows what happens to them.
    """
    if record is None:
        return ReadingOrder(tuple(names))
    at_rest = {project.name for project in record.projects if _is_at_rest(project, configuration)}
    busy = {project_name(item.project_version_arn) for item in items if _is_in_use(item, record.at)}
    busy |= {arn.split("/")[1] for arn in unreadable if "/" in arn}
    may_wait = at_rest - busy
    return ReadingOrder(
        tuple(name for name in names if name not in may_wait), tuple(name for name in names if name in may_wait)
    )


def versions_of(record: SweepRecord | None, names: Collection[str]) -> dict[str, ModelVersion]:
    """The versions of these projects as the sweep saw them, by their ARNs."""
    swept = [project for project in record.projects if project.name in names] if record else []
    return {version.project_version_arn: version for project in swept for version in project.versions}


def _is_at_rest(project: SweptProject, configuration: Configuration) -> bool:
    """Whether nothing ran in a project or was about to, and no version is missing that is configured."""
    seen = {version.project_version_arn for version in project.versions}
    configured = {model.project_version_arn for model in configuration.models.values() if model.project_version_arn}
    missing = any(project_name(arn) == project.name for arn in configured - seen)
    return not missing and all(version.status in NOT_RUNNING for version in project.versions)


def _is_in_use(item: ModelItem, seen_at: datetime) -> bool:
    """Whether a model is held, runs or is being stopped, or was changed since the sweep saw it."""
    return bool(
        item.leases
        or item.pending
        or item.claim
        or item.running
        or (item.changed_at is not None and item.changed_at >= seen_at)
    )
