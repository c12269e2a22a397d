"""The tests of a group share what is dear to make: pytest-xdist keeps them in one process."""

import pytest


@pytest.mark.xdist_group("any")
def test_groups_are_kept_together(request: pytest.FixtureRequest, worker_id: str) -> None:
    """pytest-xdist marks them in their id; with pytest 9.2 it is lost, and each process starts a browser."""
    assert worker_id == "master" or request.node.nodeid.endswith("@any")
