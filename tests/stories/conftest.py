"""What is told end to end, in one emulator for all stories: each has models and leases of its own.

A story that is over leaves nothing: its executions are ended, its models stopped, and nobody holds them. All else is as
it was.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from emulator.faults import Fault, Script
from emulator.model_versions import COUNTS_AS_RUNNING, TRANSITIONS
from emulator.server import Emulator
from tests.deployed.app import HOURLY, LATEST, MODEL, SCHEDULED
from tests.deployed.executions import end_what_waits, wait_until
from tests.deployed.fixtures import are_delivered
from tests.deployed.notified import NewModel


def pytest_itemcollected(item: pytest.Item) -> None:
    """One process tells all stories: pytest-xdist keeps a group together."""
    item.add_marker(pytest.mark.xdist_group("stories"))


@dataclass(frozen=True)
class World:
    """What there is in the emulator: the statuses of models, what the table has of each, executions, faults."""

    statuses: Mapping[str, str]
    items: Mapping[str, Mapping[str, Any]]
    executions: frozenset[str]
    """Those that go on."""
    faults: tuple[Script, ...]

    def without(self, arns: set[str]) -> "World":
        """The same but for some models."""
        return World(
            {arn: status for arn, status in self.statuses.items() if arn not in arns},
            {arn: item for arn, item in self.items.items() if arn not in arns},
            self.executions,
            self.faults,
        )


def _seen(emulator: Emulator) -> World:
    stepfunctions, table = emulator.client("stepfunctions"), emulator.outputs["ModelTableName"]
    machines = [one["stateMachineArn"] for one in stepfunctions.list_state_machines()["stateMachines"]]
    running = (stepfunctions.list_executions(stateMachineArn=arn, statusFilter="RUNNING") for arn in machines)
    items = emulator.client("dynamodb").scan(TableName=table)["Items"]
    return World(
        {version.arn: version.status for version in emulator.custom_labels.versions()},
        {item["Id"]["S"]: item for item in items if item["Kind"]["S"] in ("MODEL", "EXECUTION")},
        frozenset(one["executionArn"] for listed in running for one in listed["executions"]),
        tuple(emulator.faults.list()),
    )


@dataclass
class Own:
    """What belongs to a story."""

    emulator: Emulator
    models: set[str] = field(default_factory=set)
    faults: list[Script] = field(default_factory=list)

    def fails(self, fault: Fault) -> Script:
        """Let something go wrong, until the story is over."""
        self.faults.append(self.emulator.faults.add(fault))
        return self.faults[-1]

    def ended(self) -> bool:
        """End what goes on; whether nothing does any more, and Settle has heard of it."""
        stepfunctions = self.emulator.client("stepfunctions")
        machines = [one["stateMachineArn"] for one in stepfunctions.list_state_machines()["stateMachines"]]
        # What the story has not waited for, such as a stop that looks at the model's status every 10 s.
        return end_what_waits(stepfunctions, machines) and are_delivered(self.emulator)

    def leave(self) -> None:
        """Stop its models, and let nobody hold them."""
        for script in self.faults:
            self.emulator.faults.clear(script.id)
        wait_until(self.ended)
        for arn in self.models & {version.arn for version in self.emulator.custom_labels.versions()}:
            self.emulator.custom_labels.put(arn, "STOPPED")
        # Of a run that was aborted the sweep settles more, a minute later.
        items = _seen(self.emulator).items
        _forget(self.emulator, [item for item in items if item in self.models or ":execution:" in item])


def _forget(emulator: Emulator, items: Iterable[str]) -> None:
    dynamodb, table = emulator.client("dynamodb"), emulator.outputs["ModelTableName"]
    for item in items:
        dynamodb.delete_item(TableName=table, Key={"Id": {"S": item}})


def _begun_anew(emulator: Emulator, own: Own) -> World:
    """What there is once nothing goes on that other tests have left, and the table has none of their models."""
    wait_until(own.ended)
    for version in emulator.custom_labels.versions():
        if version.status in {*COUNTS_AS_RUNNING, *TRANSITIONS}:
            emulator.custom_labels.put(version.arn, "STOPPED")
    _forget(emulator, _seen(emulator).items)  # the sweep would settle them as the story's minutes pass
    return _seen(emulator)


@pytest.fixture(autouse=True)
def own(emulator: Emulator) -> Iterator[Own]:
    """The models of a story; at its end nothing else has changed."""
    own = Own(emulator)
    before = _begun_anew(emulator, own)
    yield own
    own.leave()
    assert _seen(emulator).without(own.models) == before.without(own.models)


@pytest.fixture
def new_model(own: Own, new_model: NewModel) -> NewModel:
    """Makes a model of the story's own, in a project of its own."""

    def make(*status: str) -> str:
        arn = new_model(*status)
        own.models.add(arn)
        return arn

    return make


@pytest.fixture
def configured(own: Own, emulator: Emulator) -> str:
    """The ARN of the model that is configured by the name "defects"; it is stopped."""
    own.models.add(MODEL)
    emulator.custom_labels.put(MODEL, "STOPPED")
    return MODEL


@pytest.fixture
def scheduled(own: Own, emulator: Emulator) -> dict[str, str]:
    """The models that have schedules, stopped."""
    for arn in (SCHEDULED, HOURLY):
        own.models.add(arn)
        emulator.custom_labels.seed(arn)
        emulator.custom_labels.put(arn, "STOPPED")
    return {"scheduled": SCHEDULED, "hourly": HOURLY}


@pytest.fixture
def train(own: Own, emulator: Emulator) -> Callable[..., str]:
    """Makes a new version, newer than all others, of the project whose newest is meant by the name "latest"."""

    def make(name: str, f1: float = 0.9) -> str:
        arn = f"arn:aws:rekognition:{emulator.region}:{emulator.account_id}:project/{LATEST}/version/{name}/1"
        own.models.add(arn)
        emulator.custom_labels.seed(arn, f1=f1)
        return arn

    return make
