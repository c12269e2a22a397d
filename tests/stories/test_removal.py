"""The stack is deleted, but not while a model that it manages runs."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from emulator.cli import app
from emulator.deploy import DeployError
from emulator.server import Emulator
from tests.deployed.executions import StateMachine
from tests.deployed.generations import next_generation
from tests.deployed.notified import QUICK, NewModel
from tools.removal import refusal


@pytest.fixture
def removable(emulator: Emulator, assembly: Path) -> Iterator[Emulator]:
    """The emulator; the stack is deployed again, for the others."""
    yield emulator
    emulator.deploy(assembly)


def destroyed(emulator: Emulator, code: int = 0) -> str:
    """What the emulator's command says, which does what `make destroy` does on AWS."""
    done = CliRunner().invoke(app, ["destroy", "--endpoint", emulator.endpoint])
    assert done.exit_code == code, done.output
    return done.output


def in_the_way(emulator: Emulator, start_model: StateMachine, model: str) -> Iterator[tuple[Callable[[], object], str]]:
    """What would let the deletion fail half-way, one after the other: how it is mended, and as what it is named."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    waiting = start_model.start({"ProjectVersionArn": model, "ReadyAt": tomorrow})
    start_model.wait_for_state(waiting, "Wait")
    yield partial(start_model.abort, waiting), "1 execution goes on (CustomLabelsLifecycle-StartModel:"

    iam, policy = emulator.client("iam"), emulator.outputs["OperatorsPolicyArn"]
    iam.create_group(GroupName="inspectors")
    attached: Any = {"GroupName": "inspectors", "PolicyArn": policy}
    iam.attach_group_policy(**attached)
    command = f"aws iam detach-group-policy --group-name inspectors --policy-arn {policy}."
    yield partial(iam.detach_group_policy, **attached), command

    events, rule = emulator.client("events"), {"Name": "line-1", "EventBusName": emulator.outputs["EventBusName"]}
    events.put_rule(**rule, EventPattern='{"source": ["custom-labels-lifecycle"]}')
    yield partial(events.delete_rule, **rule), "has 1 rule of others (line-1)"


@pytest.mark.large
def test_while_a_model_runs_nothing_is_deleted_and_once_it_is_stopped_everything(
    removable: Emulator,
    start_model: StateMachine,
    stop_model: StateMachine,
    new_model: NewModel,
    assembly: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arn = new_model("RUNNING")
    assert start_model.run({"ProjectVersionArn": arn, "LeaseId": "shift", **QUICK}).status == "SUCCEEDED"

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", removable.endpoint)
    assert "v1 (RUNNING, held by shift)" in (refusal(removable.region) or ""), "make destroy asks before"

    reason = destroyed(removable, code=1)
    assert "1 model would go on to cost USD 4.00 per hour" in reason
    assert "v1 (RUNNING, held by shift)" in reason
    with pytest.raises(DeployError, match="is in DELETE_FAILED state and can not be updated"):
        removable.deploy(next_generation(assembly, tmp_path / "next"))

    # All that keeps the promises is still there.
    assert removable.fire("EverySweep")["Problems"] == []
    assert stop_model.run({"ProjectVersionArn": arn, "Force": True, **QUICK}).output["Outcome"] == "MODEL_STOPPED"

    for mend, named in in_the_way(removable, start_model, arn):
        said = refusal(removable.region) or ""
        assert said.startswith("Nothing was deleted.")
        assert named in said
        mend()
    assert refusal(removable.region) is None
    assert destroyed(removable) == "The stack is deleted.\n"
    assert "there is no stack CustomLabelsLifecycle" in destroyed(removable, code=1)
    for service, listed, found in (
        ("lambda", "list_functions", "Functions"),
        ("dynamodb", "list_tables", "TableNames"),
        ("sns", "list_topics", "Topics"),
    ):
        assert "CustomLabelsLifecycle" not in str(getattr(removable.client(service), listed)()[found]), service
    machines = start_model.stepfunctions.list_state_machines()["stateMachines"]
    assert start_model.arn not in [machine["stateMachineArn"] for machine in machines]
