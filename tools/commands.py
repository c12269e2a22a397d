"""Write docs/commands.md: what can be typed, from the Makefile's own list and the commands' own help."""

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from custom_labels.cli import app as client
from emulator.cli import app as emulator
from emulator.deploy import ROOT

PAGE = ROOT / "docs" / "commands.md"
HEAD = """# Commands

Everything that can be typed in a clone of this project, written by `make docs` from the commands' own help.

## make

`make` alone lists these. Each creates what it needs first: `.venv`, the functions' bundle, the tools of npm.

"""
CLIENT = """
## custom-labels

In `.venv/bin` of a clone, or wherever [`pip install ./client`](client.md) puts it. They work on AWS, and on the
emulator with what its `up` says to export. All take `--stack` and `--region`{json}.
`[HOW]` stands for the options that say how a model is started: `{how}`.

"""
EMULATOR = """
## The emulator

Each begins with `.venv/bin/python -m emulator`. What talks to an emulator that is open finds it by `--endpoint`, or the
variable `AWS_ENDPOINT_URL`; without either it is `http://127.0.0.1:4566`. `--help` says what each option means.

"""
SAID_ONCE = frozenset({"help", "endpoint", "stack", "region", "as_json"})
"""Parameters that the head of a list speaks of."""
HOW = ("units", "ready_at", "wait_for_capacity", "ignore_budget", "context")
"""Those that say how a model is started, in each command that may start one."""


def page() -> str:
    """The whole page, in Markdown."""
    of_the_client = dict(_of_typer(typer.main.get_command(client)))
    parts = (
        (HEAD, _of_make()),
        (_head_of_the_client(of_the_client), _listed(of_the_client)),
        (EMULATOR, _listed(dict(_of_typer(typer.main.get_command(emulator))))),
    )
    return "".join(head + "".join(f"- {command}: {does}\n" for command, does in rows) for head, rows in parts)


def _of_make() -> Iterator[tuple[str, str]]:
    for file in (ROOT / "Makefile", ROOT / "tools" / "audit" / "audit.mk"):
        for line in file.read_text("utf-8").splitlines():
            targets, separator, does = line.partition("## ")
            if separator and not line.startswith((" ", "\t", "#")):
                names = targets.partition(":")[0].split()
                yield f"`make {'`, `'.join(names)}`", f"{does.strip()}."


def _of_typer(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    parts = getattr(command, "commands", {})
    if not parts:
        yield path, command
    for name, part in parts.items():
        yield from _of_typer(part, f"{path} {name}".lstrip())


def _listed(commands: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for path, command in commands.items():
        yield f"`{' '.join([path, *_synopses(command)])}`", " ".join((command.help or "").split())


def _synopses(command: Any) -> Iterator[str]:
    """An argument or option each; those of ``HOW`` are one word where the command has them all."""
    has_all = {one.name for one in command.params}.issuperset(HOW)
    for one in command.params:
        if has_all and one.name == HOW[0]:
            yield "[HOW]"
        elif one.name not in SAID_ONCE and not (has_all and one.name in HOW):
            yield _synopsis(one)


def _synopsis(parameter: Any) -> str:
    name = parameter.metavar or (parameter.name or "").upper()
    if parameter.param_type_name == "option":
        takes = "" if parameter.is_flag else f" {name}"
        return f"[{parameter.opts[0]}{takes}]{'...' if parameter.multiple else ''}"
    return name if parameter.required else f"[{name}]"


def _head_of_the_client(commands: Mapping[str, Any]) -> str:
    """With what its commands have in common."""
    without = [f"`{path}`" for path, one in commands.items() if "as_json" not in {given.name for given in one.params}]
    given = {one.name: _synopsis(one) for one in commands["start"].params}
    json = f", all but {' and '.join(without)} also `--json`"
    return CLIENT.format(json=json, how=" ".join(given[name] for name in HOW))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
