"""``custom-labels``: start, use and release models from a terminal, a cron job or a pipeline's step."""

import dataclasses
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from custom_labels import errors
from custom_labels.client import STACK, CustomLabels
from custom_labels.process import FAILED, VARIABLE, Child, NotRunError
from custom_labels.results import Started, Stopped

WRONG_USE, NOT_DEPLOYED, INTERRUPTED = 2, 3, 130
GOES_ON = "What was asked for goes on. To end it: custom-labels stop, with the same --lease-id."
LET_GO = "The lease is released: the model is stopped unless others need it."

app = typer.Typer(
    help="Use Custom Labels models: started when needed, stopped when nobody needs them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out, err = Console(highlight=False), Console(stderr=True, highlight=False)

Name = Annotated[str, typer.Argument(metavar="NAME|ARN", help="A model's name in cdk.json, or a version's ARN.")]
Stack = Annotated[str, typer.Option(envvar="CUSTOM_LABELS_STACK", help="The stack's name.")]
Region = Annotated[str | None, typer.Option(help="The stack's Region. Left out: as for the AWS CLI.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Lease = Annotated[str | None, typer.Option(help="Who needs the model.")]
Minutes = Annotated[int | None, typer.Option(help="How long it is needed; 0: until it is released.")]


@app.command()
def start(
    model: Name,
    minutes: Minutes = None,
    lease_id: Lease = None,
    units: Annotated[int | None, typer.Option(help="Inference units.")] = None,
    ready_at: Annotated[str | None, typer.Option(help="Be RUNNING by then, such as 2026-12-01T08:00:00+01:00.")] = None,
    wait_for_capacity: Annotated[
        bool, typer.Option("--wait-for-capacity", help="Wait while others fill the quota.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    as_json: AsJson = False,
    stack: Stack = STACK,
    region: Region = None,
) -> None:
    """Start a model, and wait until it is RUNNING."""
    with _reported():
        _show(
            CustomLabels(stack=stack, region=region).start(
                model,
                lease_id=lease_id,
                minutes=minutes,
                units=units,
                ready_at=ready_at,
                wait_for_capacity=wait_for_capacity,
                dry_run=dry_run,
                progress=_progress(f"Starting {model}"),
            ),
            as_json=as_json,
        )


@app.command()
def stop(
    model: Name,
    lease_id: Lease = None,
    force: Annotated[bool, typer.Option("--force", help="Whoever needs it: all leases end.")] = False,
    as_json: AsJson = False,
    stack: Stack = STACK,
    region: Region = None,
) -> None:
    """Release a lease, and stop the model unless others hold it."""
    with _reported():
        labels = CustomLabels(stack=stack, region=region)
        _show(
            labels.stop(model, lease_id=lease_id, force=force, progress=_progress(f"Stopping {model}")), as_json=as_json
        )


@app.command()
def extend(
    model: Name,
    lease_id: Annotated[str, typer.Option(help="The lease to extend.")],
    minutes: Minutes = None,
    as_json: AsJson = False,
    stack: Stack = STACK,
    region: Region = None,
) -> None:
    """Extend a lease that holds a RUNNING model; it starts nothing."""
    with _reported():
        _show(CustomLabels(stack=stack, region=region).extend(model, lease_id, minutes=minutes), as_json=as_json)


@app.command()
def detect(
    model: Name,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="s3://bucket/name, or a file.")],
    min_confidence: Annotated[float | None, typer.Option(help="Per cent.")] = None,
    minutes: Annotated[int, typer.Option(help="The lease, extended at half of its time.")] = 15,
    stack: Stack = STACK,
    region: Region = None,
) -> None:
    """Label images, a line of JSON for each; the model is started before, and let go after."""
    with _reported(interrupted=LET_GO):
        labels = CustomLabels(stack=stack, region=region)
        with labels.running(model, minutes, progress=_progress(f"Starting {model}")) as running:
            for image in images:
                found = running.detect(image, min_confidence=min_confidence)
                typer.echo(json.dumps({"Image": image, "CustomLabels": [dataclasses.asdict(label) for label in found]}))


@app.command(context_settings={"ignore_unknown_options": True})
def run(
    model: Name,
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="What to run.")],
    minutes: Annotated[int, typer.Option(help="The lease, extended at half of its time.")] = 15,
    stack: Stack = STACK,
    region: Region = None,
) -> None:
    """Run a command while a model is RUNNING; its version's ARN is in CUSTOM_LABELS_PROJECT_VERSION_ARN."""
    child = Child()
    with child.signals(), _reported(failed=FAILED, interrupted=LET_GO):
        labels = CustomLabels(stack=stack, region=region)
        with labels.running(model, minutes, progress=_progress(f"Starting {model}")) as running:
            code = child.run(command, {VARIABLE: running.project_version_arn})
        raise typer.Exit(code)


@contextmanager
def _reported(failed: int | None = None, interrupted: str = GOES_ON) -> Iterator[None]:
    """Turn what goes wrong into a sentence and an exit code; ``failed`` where the others are a command's own."""
    try:
        yield
    except NotRunError as error:
        err.print(Text(printable(str(error))), soft_wrap=True)
        raise typer.Exit(error.code) from error
    except errors.CustomLabelsError as error:
        err.print(Text.assemble(("Error: ", "bold red"), printable(error.message)), soft_wrap=True)
        for line in (*error.remedy.splitlines(), *getattr(error, "__notes__", ())):
            err.print(Text(f"  {printable(line)}"), soft_wrap=True)
        own = {errors.NotDeployed: NOT_DEPLOYED, errors.InvalidRequest: WRONG_USE}.get(type(error), 1)
        raise typer.Exit(failed or own) from error
    except KeyboardInterrupt:
        err.print(f"Interrupted. {interrupted}")
        raise typer.Exit(INTERRUPTED) from None


def _progress(what: str) -> Any:
    """Says on standard error how it goes: on a terminal in one line, else every minute."""
    last = [-60.0]

    def show(seconds: float, _doing: str) -> None:
        if err.is_terminal:
            err.print(f"{what}: {int(seconds) // 60}:{int(seconds) % 60:02} min", end="\r")
        elif seconds - last[0] >= 60:
            last[0] = seconds
            err.print(f"{what}: {int(seconds) // 60} min", soft_wrap=True)

    return show


def _show(result: Started | Stopped, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result.output, indent=2))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in _lines(result):
        table.add_row(name, Text(printable(value)))
    out.print(table)
    for warning in result.warnings:
        err.print(Text.assemble(("Warning: ", "bold yellow"), printable(warning)), soft_wrap=True)


def _lines(result: Started | Stopped) -> Iterator[tuple[str, str]]:
    yield "Outcome", result.outcome
    yield "Model version", result.project_version_arn
    yield "Status", result.status
    if isinstance(result, Started):
        until = result.lease_expires_at
        yield "Lease", f"{result.lease_id}, {f'until {_clock(until)}' if until else 'until it is released'}"
        yield "Costs", f"USD {result.estimated_hourly_cost:.2f} per hour, until nobody needs it"
    elif result.estimated_cost is not None:
        yield "It has cost", f"USD {result.estimated_cost:.2f}"


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def printable(text: str) -> str:
    """A text that can't drive a terminal: what is no character to be seen is shown by its code."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def main() -> None:
    """The command of the wheel."""
    sys.exit(app())
