"""``custom-labels inbox``: see and operate inboxes, folders of S3 whose images are labelled as they come."""

import getpass
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from custom_labels import errors, terminal
from custom_labels.client import STACK, CustomLabels
from custom_labels.commands.reports import Report, shown
from custom_labels.options import AsJson, Region, Stack

Name = Annotated[str, typer.Argument(metavar="NAME", help="An inbox's name in cdk.json.")]
NameOrAll = Annotated[str | None, typer.Argument(metavar="NAME", help="An inbox's name in cdk.json; else all.")]

_COLUMNS = ("Inbox", "Model", "State", "Waiting", "In work", "Since (UTC)", "Labelled today", "Failed", "USD per image")
_NUMBERS = frozenset({"Waiting", "In work", "Labelled today", "Failed", "USD per image"})
_STYLES = {
    "LABELLING": "bold green",
    **dict.fromkeys(("STARTING", "LETTING_GO"), terminal.NOTABLE),
    "EMPTY": "",
    "WAITING": "",
}
_SOMEBODY = "somebody at a command line"
_QUEUED = "What was queued stays queued; the same command finds the rest."

inbox = typer.Typer(
    help="See and operate inboxes: folders of S3 whose images are labelled as they come.", no_args_is_help=True
)


@inbox.command()
def status(name: NameOrAll = None, as_json: AsJson = False, stack: Stack = STACK, region: Region = None) -> None:
    """Show the state of each inbox and why, what waits, and what was labelled today."""

    def chosen(report: Report) -> Report:
        return report if name is None else {**report, "Inboxes": [_named(name, report["Inboxes"])]}

    shown(_show, "inboxes", stack=stack, region=region, as_json=as_json, chosen=chosen)


@inbox.command()
def backfill(
    name: Name,
    retry_errors: Annotated[bool, typer.Option("--errors", help="Images too whose result is an error.")] = False,
    as_json: AsJson = False,
    stack: Stack = STACK,
    region: Region = None,
) -> None:
    """Queue the images that have no result, such as those that were there before the inbox."""
    with terminal.reported(interrupted=_QUEUED):
        going = CustomLabels(stack=stack, region=region).inbox(name)
        with terminal.working("Going through the images"):
            *_, done = going.backfill(errors=retry_errors)
        if as_json:
            terminal.as_json({"Inbox": name, "Images": done.images, "Queued": done.queued})
        else:
            terminal.say(f"{terminal.plural(done.images, 'image')} found, {done.queued} of them queued.")


@inbox.command()
def redrive(name: Name, as_json: AsJson = False, stack: Stack = STACK, region: Region = None) -> None:
    """Move the images that were given up back into the queue."""
    with terminal.reported(interrupted=_QUEUED):
        done = CustomLabels(stack=stack, region=region).inbox(name).redrive()
        if as_json:
            terminal.as_json(done)
        elif not done["DeadLetters"]:
            terminal.say(f"No image of {name} was given up.")
        else:
            moved = "is being moved" if done["DeadLetters"] == 1 else "are being moved"
            doing = f"{moved} back into the queue" if done["Begun"] else f"{moved} back already"
            terminal.say(f"{terminal.plural(done['DeadLetters'], 'image')} {doing}.")


@inbox.command()
def pause(name: Name, as_json: AsJson = False, stack: Stack = STACK, region: Region = None) -> None:
    """Let the model go, and start it no more until it is resumed; images keep waiting, for 14 days."""
    with terminal.reported(interrupted=terminal.NOTHING):
        done = CustomLabels(stack=stack, region=region).inbox(name).pause(by=_who())
        if as_json:
            terminal.as_json(done)
            return
        since = terminal.clock(terminal.moment(done["PausedSince"]))
        already = "" if done["Changed"] else " already"
        terminal.say(f"{name} is paused{already}, by {done['PausedBy']}, since {since}.")
        terminal.say(f"To go on: custom-labels inbox resume {name}")


@inbox.command()
def resume(name: Name, as_json: AsJson = False, stack: Stack = STACK, region: Region = None) -> None:
    """End a pause; an inbox that is blocked tries again at once."""
    with terminal.reported(interrupted=terminal.NOTHING):
        done = CustomLabels(stack=stack, region=region).inbox(name).resume()
        if as_json:
            terminal.as_json(done)
        elif done["Changed"]:
            terminal.say(f"{name} goes on: within a minute it starts its model, if images wait.")
        else:
            terminal.say(f"{name} is neither paused nor blocked: nothing was changed.")


def _who() -> str:
    """Who sits here, as the machine knows them."""
    try:
        return getpass.getuser()[:100] or _SOMEBODY
    except (OSError, KeyError):  # no such user, as in some containers
        return _SOMEBODY


def _named(name: str, found: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    for one in found:
        if one["Name"] == name:
            return one
    known = ", ".join(one["Name"] for one in found)
    raise errors.InvalidRequest(f"There is no inbox {name}.", remedy=f"The inboxes are: {known or 'none'}.")


def _show(report: Report) -> None:
    found, now = report["Inboxes"], terminal.moment(report["At"])
    if not found:
        terminal.say("There is no inbox. How to have one: docs/inbox.md.")
        return
    terminal.table(_COLUMNS, [_row(one, now) for one in found], numbers=_NUMBERS)
    for one in found:
        terminal.say(f"{one['Name']}: {one['Why']}", "bold red" if one["State"] == "BLOCKED" else "")
        if one["State"] == "PAUSED":
            terminal.say(f"To go on: custom-labels inbox resume {one['Name']}")
        if one.get("DeadLetters"):
            given_up = terminal.plural(one["DeadLetters"], "image")
            were = "was" if one["DeadLetters"] == 1 else "were"
            terminal.warn(f"{given_up} {were} given up. To try again: custom-labels inbox redrive {one['Name']}")


def _row(one: Mapping[str, Any], now: datetime) -> list[str | Text]:
    per_image = one.get("CostPerImageToday")
    return [
        one["Name"],
        one["Model"],
        terminal.text(one["State"], _STYLES.get(one["State"], "bold red")),
        str(one.get("Waiting", "?")),
        str(one.get("InWork", "?")),
        terminal.since(one.get("WaitingSince"), now),
        str(one["FinishedToday"] - one["FailedToday"]),
        str(one["FailedToday"]),
        "" if per_image is None else f"{per_image:,.4f}",
    ]
