"""The handlers, loaded once for all tests here, and gone before others: meanwhile boto3 makes other clients."""

from collections.abc import Iterator

import pytest

from tests.abuse.judge import abused
from tests.account.functions import Functions


@pytest.fixture(scope="package")
def functions() -> Iterator[Functions]:
    with abused() as loaded:
        yield loaded
