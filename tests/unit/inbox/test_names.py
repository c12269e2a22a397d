"""Names of an inbox's parts: AWS takes them, and the lease of a run leads back to its inbox."""

import pytest

from lifecycle.inbox import names

STACK = "CustomLabelsLifecycle"
LONGEST = "x" * 40


@pytest.mark.parametrize(
    ("named", "longest"),
    [
        (names.queue_name, 80),
        (names.dead_queue_name, 80),
        (names.undelivered_queue_name, 80),
        (names.worker_name, 64),
        (names.rule_name, 64),
    ],
)
def test_every_name_fits_and_no_two_inboxes_share_one(named: names.Named, longest: int) -> None:
    assert len(named(STACK, LONGEST)) <= longest
    assert named(STACK, LONGEST) != named(STACK, f"{LONGEST[:-1]}y")
    assert named(STACK, "line-1").startswith("CustomLabelsLifecycle-inbox-line-1")


@pytest.mark.parametrize(
    ("lease_id", "inbox"),
    [
        ("run/inbox-line-1-7-20261130T0142Z", "line-1"),
        ("run/inbox-line-1-2-7-20261130T0142Z", None),  # of another inbox, line-1-2, which is not configured
        ("run/nightly", None),
        ("inbox-line-1-7-20261130T0142Z", None),  # a lease of somebody who has called it so
        ("run/inbox-line-1-20261130T0142Z", None),
        (None, None),
    ],
)
def test_the_lease_of_a_run_leads_to_its_inbox(lease_id: str | None, inbox: str | None) -> None:
    assert names.inbox_of_lease(lease_id, {"line-1", "line-2"}) == inbox
