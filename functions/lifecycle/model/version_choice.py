"""Which version is meant by a name: of the newest of a project, or of the one that cdk.json named before."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lifecycle.configuration import Model
from lifecycle.errors import ModelNotFound, ModelNotStartable
from lifecycle.model.leases import ModelItem
from lifecycle.model.statuses import BILLS, NOT_RUNNING, TRAINED, Target
from lifecycle.model.version import ModelVersion
from lifecycle.shared.arns import project_name, version_name
from lifecycle.shared.text import shortened

MAX_NAMED = 5
"""Versions of which a message says why they were passed over; more are counted."""
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Choice:
    """The version that a name stands for in one execution.

    Parameters
    ----------
    reason : str or None
        Why this one; None where the name is of one version.
    others : tuple of str
        ARNs of further versions that are to be stopped.
    """

    project_version_arn: str
    reason: str | None = None
    others: tuple[str, ...] = ()


Choose = Callable[[str], Choice]
"""From a configured name to the version that it stands for."""


def newest_good(model: Model, versions: Sequence[ModelVersion]) -> Choice:
    """The newest version of the model's project whose training succeeded, and whose F1 score is high enough.

    Raises
    ------
    ModelNotFound
        The project has no version.
    ModelNotStartable
        None is good enough; the message says why of each.
    """
    newest_first = _newest_first(versions)
    if not newest_first:
        raise ModelNotFound(f"The project {model.project} has no model version yet.")
    passed_over: list[str] = []
    for version in newest_first:
        problem = _problem(version, model.minimum_f1)
        if problem is None:
            return Choice(version.project_version_arn, _chosen(version, model) + _newer(passed_over))
        passed_over.append(f"{_name(version)} ({problem})")
    raise ModelNotStartable(
        f"No version of the project {model.project} is {_good(model)}: {_few(passed_over)}.",
        remedy="Train a version that is good enough, or lower the model's minimum_f1 in cdk.json and deploy.",
    )


def to_stop(
    model: Model, versions: Sequence[ModelVersion], items: Sequence[ModelItem], lease_id: str | None, now: datetime
) -> Choice:
    """The versions that a stop by name is about: those with the lease; else those that are held, or managed and run.

    Where there are none of them it is the newest one that runs, else simply the newest.

    Parameters
    ----------
    items : sequence
        Of all models.
    lease_id : str or None
        The lease that is to be released, if it is one.

    Raises
    ------
    ModelNotFound
        The project has no version, and none is remembered.
    """
    newest_first = _newest_first(versions)
    order = {version.project_version_arn: place for place, version in enumerate(newest_first)}
    may_run = {version.project_version_arn for version in newest_first if version.status not in NOT_RUNNING}

    def concerned(item: ModelItem) -> bool:
        runs = item.managed and item.project_version_arn in may_run
        return _project(item) == model.project and bool(runs or item.claim or item.is_held(now))

    found = sorted(filter(concerned, items), key=lambda item: order.get(item.project_version_arn, len(order)))
    with_lease = [item for item in found if lease_id and item.has_lease(lease_id)]
    if arns := [item.project_version_arn for item in with_lease or found]:
        why = f"has the lease {lease_id}" if with_lease else "is held, or runs and was started by this app"
        return Choice(arns[0], f"{version_name(arns[0])} {why}.", tuple(arns[1:]))
    if not newest_first:
        raise ModelNotFound(f"The project {model.project} has no model version.")
    running = [version for version in newest_first if version.status in BILLS]
    version = (running or newest_first)[0]
    which = "runs" if running else f"is the newest version of {model.project}"
    return Choice(version.project_version_arn, f"{_name(version)} {which}; this app holds none of this project.")


def to_extend(
    model: Model, versions: Sequence[ModelVersion], items: Sequence[ModelItem], lease_id: str, now: datetime
) -> Choice | None:
    """The version that a lease holds, where its extension names the project's newest: another may be the newest by now.

    Of several the newest that runs; None where it holds none.
    """
    by_arn = {item.project_version_arn: item for item in items if _project(item) == model.project}

    def is_held(version: ModelVersion) -> bool:
        item = by_arn.get(version.project_version_arn)
        return item is not None and item.lease(lease_id) in item.held(now)

    found = [version for version in _newest_first(versions) if is_held(version)]
    version = next((one for one in found if one.status == Target.RUNNING), found[0] if found else None)
    return Choice(version.project_version_arn, f"{_name(version)} has the lease {lease_id}.") if version else None


def left_behind(
    project_version_arn: str, items: Sequence[ModelItem], named: Collection[str], lease_id: str
) -> Choice | None:
    """The versions that hold a lease, where the one that cdk.json names by now does not: they were named before.

    Only those of the same project which no other name means; None where there are none.

    Parameters
    ----------
    project_version_arn : str
        The version that the name means.
    named : collection of str
        The ARNs of all versions that cdk.json names.
    """
    holding = set(with_lease(items, lease_id))
    project = project_name(project_version_arn)
    found = sorted(arn for arn in holding.difference(named) if project_name(arn) == project)
    if project_version_arn in holding or not found:
        return None
    names = f"{version_name(found[0])} has the lease {lease_id}, and {version_name(project_version_arn)} has not"
    return Choice(found[0], f"{names}, which cdk.json names by now.", tuple(found[1:]))


def with_lease(items: Sequence[ModelItem], lease_id: str) -> list[str]:
    """The ARNs of all versions that have a lease of this id, settled or pending."""
    return sorted(item.project_version_arn for item in items if item.has_lease(lease_id))


def _newest_first(versions: Sequence[ModelVersion]) -> list[ModelVersion]:
    return sorted(versions, key=lambda version: version.created_at or _LONG_AGO, reverse=True)


def _problem(version: ModelVersion, minimum_f1: float) -> str | None:
    """Why a version can't be meant."""
    if version.status not in TRAINED:
        return version.status
    if version.f1_score is None:
        return "no F1 score is known" if minimum_f1 else None
    return f"F1 {version.f1_score:.2f}" if version.f1_score < minimum_f1 else None


def _chosen(version: ModelVersion, model: Model) -> str:
    score = f" (F1 {version.f1_score:.2f})" if version.f1_score is not None else ""
    return f"{_name(version)}{score} is the newest version of the project {model.project} that is {_good(model)}."


def _good(model: Model) -> str:
    return f"trained with an F1 score of at least {model.minimum_f1:.2f}" if model.minimum_f1 else "trained"


def _newer(passed_over: Sequence[str]) -> str:
    return f" Newer, but passed over: {_few(passed_over)}." if passed_over else ""


def _few(passed_over: Sequence[str]) -> str:
    return ", ".join(shortened(passed_over, MAX_NAMED))


def _name(version: ModelVersion) -> str:
    return version_name(version.project_version_arn)


def _project(item: ModelItem) -> str:
    return project_name(item.project_version_arn)
