"""Changing a model's item while others may: read it, change it, and write it in place of what was read, or again.

No lock is held. Whoever changes an item records by the same write the session that the change ends, if it does.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from lifecycle.configuration import Configuration
from lifecycle.errors import ServiceUnavailable
from lifecycle.model.bill import ended_session
from lifecycle.model.leases import ModelItem
from lifecycle.ports import ModelItems

T = TypeVar("T")
Record = TypeVar("Record")

MAX_CONFLICTS = 5
"""Tries that may find the item changed by somebody else meanwhile, before whoever called tries again."""


def write(
    items: ModelItems, before: ModelItem, after: ModelItem, *, now: datetime, configuration: Configuration
) -> bool:
    """Write a change in place of what was read; False where that is not the present item any more."""
    return after == before or items.put(after, ended_session(before, after, now, configuration))


def change(
    items: ModelItems,
    project_version_arn: str,
    changed: Callable[[ModelItem], tuple[ModelItem, T]],
    *,
    now: datetime,
    configuration: Configuration,
) -> T:
    """Change the item of a model, and answer what the change came with.

    Parameters
    ----------
    changed : callable
        Of the item as it was read: the item as it is to be, and an answer. It is called again after a conflict.

    Raises
    ------
    ServiceUnavailable
        The item never stood still; and whatever ``changed`` raises.
    """
    return change_record(
        lambda: items.get(project_version_arn),
        lambda before, after: write(items, before, after, now=now, configuration=configuration),
        changed,
        never=ServiceUnavailable(
            f"The leases of the model changed {MAX_CONFLICTS} times while they were read.",
            project_version_arn=project_version_arn,
        ),
    )


def change_record(
    read: Callable[[], Record],
    write: Callable[[Record, Record], bool],
    changed: Callable[[Record], tuple[Record, T]],
    *,
    never: ServiceUnavailable,
) -> T:
    """Change whatever is written in place of what was read; raise ``never`` if it never stood still."""
    for _ in range(MAX_CONFLICTS):
        before = read()
        after, answer = changed(before)
        if write(before, after):
            return answer
    raise never
