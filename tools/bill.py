"""Show what the models have cost, by model and lease holder: ``python -m tools.bill [2026-11]``, against AWS.

It asks the function behind the dashboard, with whatever credentials the AWS CLI would use.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

import infra  # puts functions/ on the path
from emulator import report
from infra.settings.settings import CONTEXT_KEY, ROOT, STACK_NAME, Settings, SettingsError

OUTPUT = "PageFunctionName"


class BillError(Exception):
    """The function could not be found, or refused."""


def bill(month: str | None, region: str, stack_name: str = STACK_NAME) -> Any:
    """The bill of a month, or of this one, as the deployed stack has it.

    Raises
    ------
    BillError
        With what the function says.
    """
    (stack,) = boto3.client("cloudformation", region).describe_stacks(StackName=stack_name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    if OUTPUT not in outputs:
        raise BillError(f"The stack {stack_name} has no output {OUTPUT}: deploy this version of it.")
    asked = {"Report": "bill", **({"Month": month} if month else {})}
    answer = boto3.client("lambda", region).invoke(FunctionName=outputs[OUTPUT], Payload=json.dumps(asked))
    said = json.load(answer["Payload"])
    if "FunctionError" in answer:
        raise BillError(said.get("errorMessage", said))
    return said


def main(arguments: Sequence[str]) -> int:
    """Print it; 1 where it can't be had."""
    console = Console()
    context = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"][CONTEXT_KEY]
    try:
        report.bill(console, bill(arguments[0] if arguments else None, Settings.from_context(context).region))
    except (BillError, SettingsError, BotoCoreError, ClientError) as error:
        report.say(console, str(error), "bold red")
        return 1
    return 0


if __name__ == "__main__":
    assert infra.__name__  # noqa: S101 - imported for what it does
    sys.exit(main(sys.argv[1:]))
