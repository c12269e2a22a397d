"""The stack that the browser sees, and what becomes of it."""

import json
from functools import partial
from typing import Any

from tests.deployed.executions import StateMachine, wait_until
from tools.browser import Site


def let_nothing_go_on(site: Site) -> None:
    """Abort what other tests have left under way, and wait until it is settled.

    Each once it waits: a function that is at work may still write into the table after its execution is aborted.
    """
    stepfunctions, dynamodb = site.client("stepfunctions"), site.client("dynamodb")
    for name in ("StartModel", "StopModel"):
        machine = StateMachine(site.outputs[f"{name}Arn"], stepfunctions)
        for arn in machine.running():
            wait_until(partial(_rests, machine, arn))
            stepfunctions.stop_execution(executionArn=arn)

    def settled() -> bool:
        items = dynamodb.scan(TableName=site.outputs["ModelTableName"])["Items"]
        return all(item["Kind"]["S"] != "EXECUTION" for item in items)

    wait_until(settled)


def _rests(machine: StateMachine, execution_arn: str) -> bool:
    """An execution waits, or has ended meanwhile."""
    return execution_arn not in machine.running() or machine.state(execution_arn) == "Wait"


def executions(site: Site, name: str) -> list[str]:
    """The names of a state machine's executions."""
    listed = site.client("stepfunctions").list_executions(stateMachineArn=site.outputs[f"{name}Arn"])["executions"]
    return [one["name"] for one in listed]


def input_of(site: Site, name: str, execution: str) -> Any:
    """What an execution was given."""
    arn = f"{site.outputs[f'{name}Arn'].replace(':stateMachine:', ':execution:')}:{execution}"
    return json.loads(site.client("stepfunctions").describe_execution(executionArn=arn)["input"])
