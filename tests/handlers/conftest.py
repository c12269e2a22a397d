"""The time of these tests: it stands still, so that nothing is over before a slow machine has looked."""

from collections.abc import Iterator

import pytest
import time_machine

from tests.unit.examples import NOW


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Stands at NOW; a test may move it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller
