"""The arguments and options that several commands have."""

import json
from typing import Annotated, Any

import typer


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def json_of(text: str) -> Any:
    """The JSON of an option.

    Raises
    ------
    BadParameter
        It is none.
    """
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise typer.BadParameter(f"This is no JSON ({error}); text is given as '\"text\"'.") from error


Name = Annotated[str, typer.Argument(metavar="NAME|ARN", help="A model's name in cdk.json, or a version's ARN.")]
Stack = Annotated[str, typer.Option(envvar="CUSTOM_LABELS_STACK", help="The stack's name.")]
Region = Annotated[str | None, typer.Option(help="The stack's Region. Left out: as for the AWS CLI.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Print the execution's ARN, and don't wait for its end.")]
Lease = Annotated[str | None, typer.Option(metavar="ID", help="Who needs the model.")]
Minutes = Annotated[int | None, typer.Option(metavar="N", help="How long it is needed; 0: until it is released.")]
LeaseOfABlock = Annotated[int, typer.Option(metavar="N", help="The lease, extended at half of its time.")]
AtMostMinutes = Annotated[int, typer.Option(metavar="N", help="After so long the lease is extended no more.")]

# How a model is started: the same options of every command that starts one.
Units = Annotated[int | None, typer.Option(metavar="N", help="Inference units.")]
ReadyAt = Annotated[
    str | None, typer.Option(metavar="TIME", help="Be RUNNING by then, such as 2026-12-01T08:00:00+01:00.")
]
WaitForCapacity = Annotated[bool, typer.Option("--wait-for-capacity", help="Wait while others fill the quota.")]
IgnoreBudget = Annotated[bool, typer.Option("--ignore-budget", help="Start it even if the month's budget is used up.")]
Context = Annotated[
    Any, typer.Option(parser=json_of, metavar="JSON", help="Any JSON, returned untouched in the output and the event.")
]
