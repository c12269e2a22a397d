"""``custom-labels``: start, use and release models from a terminal, a cron job or a pipeline's step."""

import sys
from collections.abc import Callable
from typing import Any

import typer
from typer import rich_utils

from custom_labels import terminal
from custom_labels.commands.bill import bill
from custom_labels.commands.detect import detect
from custom_labels.commands.doctor import doctor
from custom_labels.commands.extend import extend
from custom_labels.commands.inbox import inbox
from custom_labels.commands.leases import leases
from custom_labels.commands.models import models
from custom_labels.commands.run import run
from custom_labels.commands.schedules import schedules
from custom_labels.commands.start import start
from custom_labels.commands.stop import stop
from custom_labels.commands.stop_all import stop_all
from custom_labels.commands.sweep import sweep

_USE, _SEE, _OPERATE = "Use a model", "See what runs and what it costs", "Operate"
COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    (_USE, start),
    (_USE, stop),
    (_USE, extend),
    (_USE, run),
    (_USE, detect),
    (_SEE, models),
    (_SEE, leases),
    (_SEE, schedules),
    (_SEE, bill),
    (_OPERATE, doctor),
    (_OPERATE, sweep),
    (_OPERATE, stop_all),
)
"""Every command, by what it is for, in the order of ``--help``."""
_SETTINGS: dict[Callable[..., None], dict[str, Any]] = {run: {"ignore_unknown_options": True}}

# Typer's own help is in yellow and cyan, which can't be read on white.
rich_utils.STYLE_USAGE = rich_utils.STYLE_OPTION = rich_utils.STYLE_COMMANDS_TABLE_FIRST_COLUMN = "bold"
rich_utils.STYLE_TYPES, rich_utils.STYLE_OPTION_ENVVAR = terminal.NOTABLE, "dim"

app = typer.Typer(
    help="Use Custom Labels models: started when needed, stopped when nobody needs them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for panel, command in COMMANDS:
    app.command(rich_help_panel=panel, context_settings=_SETTINGS.get(command))(command)
app.add_typer(inbox, name="inbox", rich_help_panel=_OPERATE)


def main() -> None:
    """The command of the wheel."""
    sys.exit(app())
