"""Show what the models have cost, by model and lease holder: ``python -m tools.bill [2026-11]``, against AWS.

It asks the function behind the dashboard, with whatever credentials the AWS CLI would use.
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

import infra  # puts functions/ on the path
from infra.settings.cdk_json import settings_of
from infra.settings.settings import STACK_NAME, SettingsError

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


def show(told: Any, console: Console) -> None:
    """Print a bill: a table for people, a line for each row where the output is a pipe."""
    rows = [
        (line["Model"], line.get("LeaseId", "(nobody)"), f"{line['Seconds'] / 3600:.2f} h", f"{line['Cost']:,.2f}")
        for line in told["Lines"]
    ]
    total = f"{told['Total']:,.2f}"
    if not console.is_terminal:
        for row in [*rows, ("All models", total)]:
            console.print("  ".join((told["Month"], *row)), markup=False, highlight=False, soft_wrap=True)
        return
    costs = Column("USD", justify="right", footer=total)
    table = Table(Column("Model", footer="All models"), "Lease", Column("Held", justify="right"), costs)
    table.title, table.show_footer = f"{told['Month']}, so far, estimated from list prices", True
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def main(arguments: Sequence[str]) -> int:
    """Print it; 1 where it can't be had."""
    console = Console()
    try:
        places = settings_of(place=os.environ.get("PLACE", ""))
        for settings in places:
            if len(places) > 1:
                console.print(str(settings.place), style="bold", highlight=False)
            show(bill(arguments[0] if arguments else None, settings.region), console)
    except (BillError, SettingsError, BotoCoreError, ClientError) as error:
        console.print(str(error), style="bold red", markup=False, highlight=False, soft_wrap=True)
        return 1
    return 0


if __name__ == "__main__":
    assert infra.__name__  # noqa: S101 - imported for what it does
    sys.exit(main(sys.argv[1:]))
