"""A change of a model's item, while others change it too."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from lifecycle.errors import ServiceUnavailable
from lifecycle.executions.compare_and_set import MAX_CONFLICTS, change, write
from lifecycle.model import leases
from lifecycle.model.leases import Lease, ModelItem
from lifecycle.model.usage import Running
from lifecycle.shared.wire import to_wire
from tests.unit.examples import ARN, CONFIGURATION, NOW
from tests.unit.twins import Items

SHIFT = Lease("shift", NOW - timedelta(hours=1))
HELD = ModelItem(ARN, leases=(SHIFT,), running=Running(SHIFT.since, 1))


def table(conflicts: int = 0) -> Items:
    """One in which somebody else changes the item between a read and the next write, so many times."""
    items = Items()
    assert items.put(HELD)
    items.meanwhile = [touched] * conflicts
    return items


def touched(items: Items) -> None:
    item = items.get(ARN)
    changed = replace(item, revision=item.revision + 1, reported=(*item.reported, "x"))
    items.kept[ARN] = json.dumps(to_wire(changed))


def released(item: ModelItem) -> tuple[ModelItem, bool]:
    after = leases.release(item, "shift", NOW)
    return after, after.is_held(NOW)


def test_a_change_is_written_in_place_of_what_was_read() -> None:
    items = table()
    assert change(items, ARN, released, now=NOW, configuration=CONFIGURATION) is False
    assert (items.get(ARN).leases, items.get(ARN).revision) == ((), 2)


@pytest.mark.parametrize("conflicts", [1, MAX_CONFLICTS - 1])
def test_after_a_conflict_all_of_it_is_done_again(conflicts: int) -> None:
    items = table(conflicts=conflicts)
    assert change(items, ARN, released, now=NOW, configuration=CONFIGURATION) is False
    assert (items.get(ARN).leases, items.get(ARN).reported) == ((), ("x",) * conflicts)


def test_an_item_that_never_stands_still_is_an_error_that_is_tried_again() -> None:
    items = table(conflicts=MAX_CONFLICTS)
    with pytest.raises(ServiceUnavailable, match="changed 5 times while they were read"):
        change(items, ARN, released, now=NOW, configuration=CONFIGURATION)
    assert items.get(ARN).leases == (SHIFT,)


def test_nothing_is_written_where_nothing_changes() -> None:
    items = table(conflicts=1)
    assert change(items, ARN, lambda item: (item, "as it was"), now=NOW, configuration=CONFIGURATION) == "as it was"
    assert items.get(ARN).revision == 1


def test_a_session_that_a_change_ends_is_recorded_with_it() -> None:
    items = table()
    before = items.get(ARN)
    assert write(items, before, replace(before, running=None), now=NOW, configuration=CONFIGURATION)
    (session,) = items.ended
    assert (session.since, session.until) == (SHIFT.since, NOW)
