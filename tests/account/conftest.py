"""The handlers, loaded once for the tests of a package or module, and gone before others: meanwhile boto3 makes other
clients.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import time_machine

from emulator.custom_labels import Quotas
from lifecycle.configuration import Model
from tests.account.account import Account
from tests.account.campaign import Calls
from tests.account.custom_labels import CustomLabels
from tests.account.functions import CAMPAIGN, CONFIGURATION, ENVIRONMENT, Functions, loaded
from tests.account.scene import CHAT, Scene
from tests.account.stories import TrialRunner
from tests.account.trial_process import counted
from tests.unit.examples import ACCOUNT, NOW

RETRAINED = f"{ACCOUNT}:project/packaging/version/v8/1793540000000"
"""The version that a name means since it was retrained."""
SCENES = replace(
    CONFIGURATION,
    models={
        **CONFIGURATION.models,
        "newest": Model(project="welds", minimum_f1=0.8),
        "retrained": Model(RETRAINED),
    },
    projects=("cables",),
    lease_warning_minutes=15,
)


@pytest.fixture(scope="package")
def run_trial() -> Iterator[TrialRunner]:
    with loaded(settings=CAMPAIGN) as functions:
        yield TrialRunner(functions)


@pytest.fixture(scope="package")
def calls(run_trial: TrialRunner) -> Calls:
    return counted(run_trial.functions)


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    """The handlers with a chat's topic, and leases that are warned of."""
    with loaded(settings=SCENES, environment={**ENVIRONMENT, "CHAT_TOPIC_ARN": CHAT}) as functions:
        yield functions


@pytest.fixture
def fleet(scene: Scene) -> CustomLabels:
    """Instead of the one model of the scene as many as its story puts there, under the usual quotas."""
    scene.labels.models.clear()
    scene.labels.models.quotas = Quotas()
    return scene.labels


@pytest.fixture
def scene(functions: Functions) -> Iterator[Scene]:
    """The model is STOPPED, and nobody holds it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield Scene(Account(functions, traveller, sweeps=False))
