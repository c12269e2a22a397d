"""One cdk.json for two Regions of an account: their stacks side by side, each with its own model of the same name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.server import Emulator
from tests.conftest import Synthesised
from tests.deployed.app import MODEL, THERE, TWO_REGIONS
from tests.deployed.executions import PATIENCE, StateMachine, wait_until
from tests.deployed.fixtures import are_delivered
from tests.deployed.notified import QUICK

REGION = "eu-west-1"


@pytest.fixture
def two_deployed(emulator: Emulator, synthesised: Synthesised) -> Iterator[Path]:
    """Where the first of the Regions was deployed before; the other one is removed again."""
    assembly = synthesised(TWO_REGIONS)
    there, cloudformation = emulator.custom_labels_in(REGION), emulator.client("cloudformation", REGION)
    there.seed(THERE)
    emulator.deploy(assembly)
    yield assembly
    wait_until(lambda: are_delivered(emulator))
    there.put(THERE, "STOPPED")
    cloudformation.delete_stack(StackName="CustomLabelsLifecycle")
    waiter = cloudformation.get_waiter("stack_delete_complete")
    waiter.wait(StackName="CustomLabelsLifecycle", WaiterConfig={"Delay": 1, "MaxAttempts": PATIENCE})


@pytest.mark.large
def test_two_regions_are_deployed_side_by_side_and_each_starts_its_own_model(
    emulator: Emulator, two_deployed: Path, configured: str
) -> None:
    assert len([*two_deployed.glob("*.template.json")]) == 2
    models = {emulator.region: configured, REGION: THERE}
    machines = {
        region: StateMachine(emulator.outputs_in(region)["StartModelArn"], emulator.client("stepfunctions", region))
        for region in models
    }
    executions = {region: machine.start({"Model": "defects", **QUICK}) for region, machine in machines.items()}
    ended = {region: machines[region].wait(execution) for region, execution in executions.items()}
    assert {region: one.output["ProjectVersionArn"] for region, one in ended.items()} == models
    running = {one["ProjectVersionArn"] for one in emulator.control.models() if one["Status"] == "RUNNING"}
    assert {MODEL, THERE} <= running
    for region, arn in models.items():
        outputs, dynamodb = emulator.outputs_in(region), emulator.client("dynamodb", region)
        held = [item["Id"]["S"] for item in dynamodb.scan(TableName=outputs["ModelTableName"])["Items"]]
        assert [one for one in held if one in models.values()] == [arn]
        mails = [one for one in emulator.control.notifications() if one["TopicArn"] == outputs["NotificationTopicArn"]]
        assert executions[region] in mails[-1]["Message"]
