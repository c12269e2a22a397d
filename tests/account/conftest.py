"""The handlers, loaded once for all tests here, and gone before others: meanwhile boto3 makes other clients."""

from collections.abc import Iterator

import pytest

from tests.account.campaign import Calls
from tests.account.functions import loaded
from tests.account.stories import Teller
from tests.account.telling import counted


@pytest.fixture(scope="package")
def tell() -> Iterator[Teller]:
    with loaded() as functions:
        yield Teller(functions)


@pytest.fixture(scope="package")
def calls(tell: Teller) -> Calls:
    return counted(tell.functions)
