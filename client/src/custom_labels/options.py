"""The arguments and options that several commands have."""

from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(metavar="NAME|ARN", help="A model's name in cdk.json, or a version's ARN.")]
Stack = Annotated[str, typer.Option(envvar="CUSTOM_LABELS_STACK", help="The stack's name.")]
Region = Annotated[str | None, typer.Option(help="The stack's Region. Left out: as for the AWS CLI.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Print the execution's ARN, and don't wait for its end.")]
Lease = Annotated[str | None, typer.Option(help="Who needs the model.")]
Minutes = Annotated[int | None, typer.Option(help="How long it is needed; 0: until it is released.")]
LeaseOfABlock = Annotated[int, typer.Option(help="The lease, extended at half of its time.")]
IgnoreBudget = Annotated[bool, typer.Option("--ignore-budget", help="Start it even if the month's budget is used up.")]
