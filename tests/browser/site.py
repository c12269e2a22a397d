"""The stack that the browser sees, and what becomes of it."""

import json
from typing import Any

from tests.deployed.executions import end_what_waits, wait_until
from tools.browser import Site


def let_nothing_go_on(site: Site) -> None:
    """End what other tests have left under way, and wait until it is settled."""
    stepfunctions, dynamodb = site.client("stepfunctions"), site.client("dynamodb")

    def settled() -> bool:
        if not end_what_waits(stepfunctions, [site.outputs[f"{name}Arn"] for name in ("StartModel", "StopModel")]):
            return False
        items = dynamodb.scan(TableName=site.outputs["ModelTableName"])["Items"]
        return all(item["Kind"]["S"] != "EXECUTION" for item in items)

    wait_until(settled)


def executions(site: Site, name: str) -> list[str]:
    """The names of a state machine's executions."""
    listed = site.client("stepfunctions").list_executions(stateMachineArn=site.outputs[f"{name}Arn"])["executions"]
    return [one["name"] for one in listed]


def input_of(site: Site, name: str, execution: str) -> Any:
    """What an execution was given."""
    arn = f"{site.outputs[f'{name}Arn'].replace(':stateMachine:', ':execution:')}:{execution}"
    return json.loads(site.client("stepfunctions").describe_execution(executionArn=arn)["input"])
