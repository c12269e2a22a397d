"""The handlers, loaded once for the tests of a package or module, and gone before others: meanwhile boto3 makes other
clients.
"""

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace

import pytest
import time_machine

from tests.account.account import Account
from tests.account.campaign import Calls
from tests.account.functions import CONFIGURATION, ENVIRONMENT, Functions, loaded
from tests.account.scene import CHAT, Scene
from tests.account.stories import Teller
from tests.account.telling import counted
from tests.unit.examples import NOW

SCENES = replace(CONFIGURATION, lease_warning_minutes=15)


@pytest.fixture(scope="package")
def tell() -> Iterator[Teller]:
    with loaded() as functions:
        yield Teller(functions)


@pytest.fixture(scope="package")
def calls(tell: Teller) -> Calls:
    return counted(tell.functions)


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    """The handlers with a chat's topic, and leases that are warned of."""
    with loaded(settings=SCENES, environment={**ENVIRONMENT, "CHAT_TOPIC_ARN": CHAT}) as functions:
        yield functions


@pytest.fixture
def scene(functions: Functions) -> Iterator[Scene]:
    """The model is STOPPED, and nobody holds it."""
    with time_machine.travel(NOW, tick=False) as traveller, redirect_stdout(io.StringIO()) as printed:
        yield Scene(Account(functions, traveller, sweeps=False), printed)
