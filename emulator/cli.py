"""The emulator's commands: `run` shows the product at work, `up` keeps an endpoint open, the others talk to it.

Models are started, stopped and shown by `custom-labels`, as on AWS.
"""

from __future__ import annotations

import contextlib
import json
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import typer
from rich.console import Console
from rich.table import Table

from emulator import report
from emulator.custom_labels import Timing
from emulator.deploy import ROOT, DeployError, every_stack, synthesise
from emulator.remote import Remote, RemoteError, environment
from emulator.tour import Tour, announce, settings
from emulator.wire import region_of

if TYPE_CHECKING:
    from emulator.server import Emulator

DEFAULT_PORT = 4566

_CONTEXT = "custom-labels-lifecycle"
_INTERRUPTED = 130

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
faults = typer.Typer(help="Scripted faults: what goes wrong, on which call.", no_args_is_help=True)
app.add_typer(faults, name="faults")
console = Console()

Port = Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="Of 127.0.0.1; 0 takes any that is free.")]
Starting = Annotated[float, typer.Option(metavar="SECONDS", help="Seconds a model takes from STARTING to RUNNING.")]
Endpoint = Annotated[str, typer.Option(envvar="AWS_ENDPOINT_URL", help="Where the emulator listens.")]
_HERE = f"http://127.0.0.1:{DEFAULT_PORT}"
_COMMAND, _CLIENT = ".venv/bin/python -m emulator", ".venv/bin/custom-labels"
_ENDED = "Stopped; nothing is left behind."


@app.command()
def run(
    port: Port = DEFAULT_PORT,
    starting: Starting = Timing.starting,
    batch: Annotated[bool, typer.Option("--batch", help="End with a batch of images instead of an inbox.")] = False,
) -> None:
    """Deploy into a new emulator, and show the whole life of the first configured model."""

    def begin(model: str) -> None:
        announce(console, model, starting, Timing.stopping, batch=batch)

    with _deployed(port, starting, begin, **settings(next(iter(_configured_models())))) as (emulator, models):
        name, arn = next(iter(models.items()))
        remote = Remote(emulator.endpoint)
        succeeded = Tour(console, remote, name, arn, starting, Timing.stopping, batch=batch).run()
        report.say(console, "\nThe path of the first execution:", "bold")
        first = remote.executions()[-1]
        report.timeline(console, remote.history(first["executionArn"]))
        report.say(console, "\nWhat all of this would have cost on AWS:", "bold")
        histories = [event for one in remote.executions() for event in remote.history(one["executionArn"])]
        report.whole_bill(console, remote.report("bill"), histories, remote.ask("GET", "invocations"))
        report.say(console, "\nNext, in two terminals; the first one says what to export in the second:", "bold")
        report.say(console, f"  {_COMMAND} up{'' if port in (0, DEFAULT_PORT) else f' --port {port}'}")
        for command in (
            f"{_CLIENT} start {name} --lease-id me",
            f"{_CLIENT} models",
            f"{_CLIENT} stop {name} --lease-id me",
            f"{_COMMAND} notifications",
            f"{_COMMAND} faults add rekognition:StartProjectVersion --error ThrottlingException",
        ):
            report.say(console, f"  {command}")
    raise typer.Exit(0 if succeeded else 1)


@app.command()
def up(port: Port = DEFAULT_PORT, starting: Starting = Timing.starting) -> None:
    """Deploy into a new emulator and keep it open, until Ctrl-C."""
    with _deployed(port, starting) as (emulator, models):
        report.say(console, "\nFor the AWS CLI, the SDKs and custom-labels:", "bold")
        for name, value in environment(emulator.endpoint, emulator.region).items():
            report.say(console, f"  export {name}={value}")
        report.say(console, "\nOutputs:", "bold")
        for name, value in emulator.outputs.items():
            report.say(console, f"  {name}={value}")
        for region in (one for one in emulator.regions if one != emulator.region):
            report.say(console, f"\nOutputs in {region}:", "bold")
            for name, value in emulator.outputs_in(region).items():
                report.say(console, f"  {name}={value}")
        report.say(console, f"\nIts dashboards, in a browser: {emulator.endpoint}/console", "bold")
        report.say(console, f"\nModels: {', '.join(models)}. Ctrl-C ends it.")
        signal.pause()


@app.command()
def status(endpoint: Endpoint = _HERE) -> None:
    """Show the models and the executions under way."""
    with _errors_in_a_sentence():
        remote = Remote(endpoint)
        names = {arn: name for name, arn in remote.models.items()}
        _table(
            ("Model", "Status", "Message"),
            [
                (
                    names.get(one["ProjectVersionArn"], one["ProjectVersionArn"]),
                    one["Status"],
                    one["StatusMessage"] or "",
                )
                for one in remote.ask("GET", "models")
            ],
        )
        running = [one for one in remote.executions() if one["status"] == "RUNNING"]
        _table(("Execution", "Since"), [(one["name"], f"{one['startDate']:%H:%M:%S}") for one in running])


@app.command()
def history(
    execution: Annotated[str, typer.Argument(help="Its name or ARN; without: the last one.")] = "",
    endpoint: Endpoint = _HERE,
) -> None:
    """Show an execution's timeline, its end, and what its transitions would have cost on AWS."""
    with _errors_in_a_sentence():
        remote = Remote(endpoint)
        arn = _execution(remote, execution)["executionArn"]
        report.say(console, arn)
        events = remote.history(arn)
        report.timeline(console, events)
        report.ending(console, remote.stepfunctions.describe_execution(executionArn=arn))
        report.transitions(console, events)


@app.command()
def notifications(
    chat: Annotated[bool, typer.Option("--chat", help="As chat channels get them, in JSON.")] = False,
    events: Annotated[bool, typer.Option("--events", help="As events on the bus, in JSON.")] = False,
    endpoint: Endpoint = _HERE,
) -> None:
    """Show every notification, as a mail or as another channel gets it."""
    with _errors_in_a_sentence():
        remote = Remote(endpoint)
        if not (chat or events):
            for notification in remote.notifications():
                report.mail(console, notification)
        for message in remote.ask("GET", "chats") if chat else ():
            report.say(console, json.dumps(message, indent=2, ensure_ascii=False))
        for entry in remote.ask("GET", "events") if events else ():
            report.say(console, json.dumps({**entry, "Detail": json.loads(entry["Detail"])}, indent=2))


@app.command()
def logs(
    execution: Annotated[str, typer.Argument(help="Its name or ARN; without: the last one.")] = "",
    endpoint: Endpoint = _HERE,
) -> None:
    """Follow one execution through the logs of all functions."""
    with _errors_in_a_sentence():
        remote = Remote(endpoint)
        arn = _execution(remote, execution)["executionArn"]
        report.say(console, arn)
        for record in remote.ask("GET", f"follow?{urlencode({'id': arn})}"):
            line = "  ".join(str(record.get(name, "")) for name in ("timestamp", "service", "level", "message"))
            report.say(console, line)


@app.command()
def metrics(endpoint: Endpoint = _HERE) -> None:
    """Show the functions' metrics: how many values, their sum, the last one."""
    with _errors_in_a_sentence():
        rows = []
        for one in Remote(endpoint).ask("GET", "metrics"):
            dimensions = ", ".join(f"{name} {value}" for name, value in one["Dimensions"].items())
            numbers = (f"{one[which]:.10g}" for which in ("SampleCount", "Sum", "Last"))
            rows.append((one["MetricName"], dimensions, *numbers, "" if one["Unit"] == "None" else one["Unit"]))
        _table(("Metric", "Dimensions", "Values", "Sum", "Last", "Unit"), rows)


@app.command()
def fire(
    schedule: Annotated[str, typer.Argument(help="Its name, or a part of it that no other schedule has.")],
    at: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="The time it fires for, as 2026-11-01T12:00:00Z; without: now, by the emulator's clock.",
        ),
    ] = "",
    twice: Annotated[bool, typer.Option(help="Twice for the same time, as Scheduler may.")] = False,
    endpoint: Endpoint = _HERE,
) -> None:
    """Let a schedule fire, and show what its target answers."""
    with _errors_in_a_sentence():
        given = {"Schedule": schedule, "Times": 2 if twice else 1, **({"At": at} if at else {})}
        for answer in Remote(endpoint).ask("POST", "fire", given):
            report.say(console, json.dumps(answer))


@app.command()
def advance(minutes: Annotated[int, typer.Argument(min=1, help="By so many.")] = 1, endpoint: Endpoint = _HERE) -> None:
    """Let minutes pass by the emulator's clock; schedules that come at a fixed rate fire when they are due."""
    with _errors_in_a_sentence():
        for fired in Remote(endpoint).ask("POST", "advance", {"Minutes": minutes}):
            report.say(console, f"{fired['Schedule']}: {json.dumps(fired.get('Answer', fired.get('Error')))}")


@app.command()
def destroy(endpoint: Endpoint = _HERE) -> None:
    """Delete the stack, or show why it is not deleted."""
    with _errors_in_a_sentence():
        Remote(endpoint).destroy()
        report.say(console, "The stack is deleted.")


@app.command()
def event(
    file: Annotated[Path, typer.Argument(help="JSON: source, detail-type, detail; if need be id, time, bus.")],
    twice: Annotated[bool, typer.Option(help="Twice with the same id, as EventBridge may.")] = False,
    endpoint: Endpoint = _HERE,
) -> None:
    """Put an event on its bus, and show which rules match and what they start."""
    with _errors_in_a_sentence():
        try:
            given = json.loads(file.read_text("utf-8"))
        except ValueError as error:
            raise RemoteError(f"{file} is not JSON: {error}") from error
        happened = Remote(endpoint).ask("POST", "event", {"Event": given, "Twice": twice})
        report.say(
            console, f"Event {happened['Id']} on the bus {happened['Bus']} matches {', '.join(happened['Rules'])}"
        )
        for one in happened["Deliveries"]:
            report.say(console, f"  {one['Rule']}: {one['Status']}  {one['ExecutionArn'] or one['Target']}")
            if one["Error"]:
                report.say(console, f"    {one['Error']}")


@faults.command("add")
def add_fault(
    operation: Annotated[
        str, typer.Argument(help="As rekognition:StartProjectVersion, sns:Publish, lambda:Invoke, events:Deliver.")
    ],
    call: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Which call from now on (1); can be repeated.")
    ] = None,
    every: Annotated[bool, typer.Option(help="Every call.")] = False,
    contains: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only requests that have this text in them.")
    ] = None,
    error: Annotated[
        str | None, typer.Option(metavar="CODE", help="The error code to answer, as ThrottlingException.")
    ] = None,
    message: Annotated[str | None, typer.Option(metavar="TEXT", help="The error's text.")] = None,
    delay: Annotated[float | None, typer.Option(metavar="SECONDS", help="Seconds to wait.")] = None,
    model_status: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", help="The model status to answer.")
    ] = None,
    after: Annotated[bool, typer.Option(help="Do what was asked before the delay and the error.")] = False,
    lose_answer: Annotated[bool, typer.Option(help="Do what was asked, and drop the connection.")] = False,
    lose: Annotated[bool, typer.Option(help="An event's delivery: it does not arrive.")] = False,
    twice: Annotated[bool, typer.Option(help="An event's delivery: it arrives twice.")] = False,
    endpoint: Endpoint = _HERE,
) -> None:
    """Let a call of an AWS operation go wrong."""
    fault = {
        "Operation": operation,
        "Calls": "all" if every else call or [1],
        "Contains": contains,
        "Error": error,
        "Message": message,
        "DelaySeconds": delay,
        "Status": model_status,
        "After": after,
        "LoseAnswer": lose_answer,
        "Lose": lose,
        "Twice": twice,
    }
    with _errors_in_a_sentence():
        given = {name: value for name, value in fault.items() if value is not None}
        report.say(console, f"Fault {Remote(endpoint).ask('POST', 'faults', given)['Id']} is set.")


@faults.command("list")
def list_faults(endpoint: Endpoint = _HERE) -> None:
    """Show the faults that are set, and how often each has happened."""
    with _errors_in_a_sentence():
        for fault in Remote(endpoint).ask("GET", "faults"):
            shown = {name: value for name, value in fault.items() if value not in (None, False, 0)}
            report.say(console, json.dumps({**shown, "Applied": fault["Applied"]}))


@faults.command("clear")
def clear_faults(
    fault: Annotated[int | None, typer.Argument(help="Its id; without: all.")] = None, endpoint: Endpoint = _HERE
) -> None:
    """Forget a fault, or all."""
    with _errors_in_a_sentence():
        Remote(endpoint).ask("DELETE", "faults" if fault is None else f"faults?id={fault}")


@contextlib.contextmanager
def _deployed(
    port: int, starting: float, begin: Callable[[str], None] = lambda _: None, **settings: Any
) -> Iterator[tuple[Emulator, dict[str, str]]]:
    """An emulator with the configured models and the stack; ended whatever happens, also by a signal.

    Parameters
    ----------
    begin
        Is called with the first model's name, as soon as the emulator listens.
    settings
        In place of those of cdk.json.
    """
    from emulator.server import Emulator  # takes seconds, which the other commands need not wait

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    models = _configured_models()
    first = next(iter(models.values())).split(":")
    with _errors_in_a_sentence(_ENDED), tempfile.TemporaryDirectory(prefix="emulator-assembly-") as assembly:
        emulator = Emulator(
            port=port,
            region=first[3],
            account_id=first[4],
            models=models,
            timing=Timing(starting=starting),
        )
        with emulator:
            begin(next(iter(models)))
            report.say(console, f"AWS endpoint:   {emulator.endpoint}  (account {first[4]}, {first[3]})")
            beside = f", with {' and '.join(settings)} of its own" if settings else ""
            report.say(console, f"Synthesising:   python app.py{beside}")
            synthesise({_CONTEXT: {**_settings(), **settings}}, Path(assembly))
            report.say(console, "Deploying:      through CloudFormation")
            emulator.deploy(Path(assembly))
            for stack in every_stack(Path(assembly), emulator.region):
                if stack.account != emulator.account_id:
                    report.say(
                        console, f"Not deployed:   {stack.account}/{stack.region} (the emulator has one account)"
                    )
            yield emulator, models


@contextlib.contextmanager
def _errors_in_a_sentence(interrupted: str = "Interrupted.") -> Iterator[None]:
    """Say what is expected to go wrong in one line, and end; anything else is a defect and keeps its traceback.

    Parameters
    ----------
    interrupted
        What Ctrl-C has left.
    """
    try:
        yield
    except (RemoteError, DeployError, OSError) as error:
        report.say(console, str(error), "bold red")
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        report.say(console, f"\n{interrupted}")
        raise typer.Exit(_INTERRUPTED) from None


def _execution(remote: Remote, execution: str) -> dict[str, Any]:
    """The one of a name or ARN, or the last one."""
    matching = [one for one in remote.executions() if execution in ("", one["name"], one["executionArn"])]
    if not matching:
        raise RemoteError(f"there is no execution {execution}" if execution else "there was no execution yet")
    return matching[0]


def _configured_models() -> dict[str, str]:
    """ARNs by name, as cdk.json has them; of a project without versions here it is one that the emulator makes up."""
    settings = _settings()
    arns = [model["project_version_arn"] for model in settings["models"] if "project_version_arn" in model]
    known = [_Home(*arn.split(":")[3:5]) for arn in arns] or [_Home(None, None)]
    home = _Home(settings.get("region") or known[0].region, settings.get("account") or known[0].account)
    models: dict[str, str] = {}
    for model in settings["models"]:
        arn = model.get("project_version_arn") or home.of(model.get("place", "")).latest(model["project"])
        # Names are unique in a Region only.
        models[f"{model['name']} ({region_of(arn)})" if model["name"] in models else model["name"]] = arn
    account = next(iter(models.values())).split(":")[4]
    return {name: arn for name, arn in models.items() if arn.split(":")[4] == account}


def _settings() -> dict[str, Any]:
    """As cdk.json has them."""
    settings: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"][_CONTEXT]
    return settings


@dataclass(frozen=True)
class _Home:
    """Where a model is, as far as it is known."""

    region: str | None
    account: str | None

    def of(self, place: str) -> _Home:
        """The same but for what ``Region`` or ``account/Region`` says."""
        account, _, region = place.rpartition("/")
        return _Home(region or self.region, account or self.account)

    def latest(self, project: str) -> str:
        """A version of a project that the emulator makes up."""
        home = f"arn:aws:rekognition:{self.region}:{self.account}"
        return f"{home}:project/{project}/version/{project}.latest/1793520000000"


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if not console.is_terminal:
        for row in rows:
            report.say(console, "  ".join(row))
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    console.print(table)
