"""The handlers, loaded once for all tests here, and gone before others: meanwhile boto3 makes other clients."""

from collections.abc import Iterator

import pytest

from tests.faults.campaign import Calls
from tests.faults.functions import loaded
from tests.faults.stories import Teller
from tests.faults.telling import counted


@pytest.fixture(scope="package")
def tell() -> Iterator[Teller]:
    with loaded() as functions:
        yield Teller(functions)


@pytest.fixture(scope="package")
def calls(tell: Teller) -> Calls:
    return counted(tell.functions)
