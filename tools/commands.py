"""Write docs/commands.md: what can be typed, from the Makefile's own list and the commands' own help."""

from collections.abc import Iterator
from typing import Any

import typer

from custom_labels.cli import app as client
from emulator.cli import app as emulator
from emulator.deploy import ROOT

PAGE = ROOT / "docs" / "commands.md"
HEAD = """# Commands

Everything that can be typed in a clone of this project. The page is written by `make docs` from the commands' own help.

## make

`make` alone lists these. Each creates what it needs first: `.venv`, the functions' bundle, the tools of npm.

"""
CLIENT = """
## custom-labels

In `.venv/bin` of a clone, or wherever [`pip install ./client`](client.md) puts it. All take `--stack` and `--region`.
They work on AWS, and on the emulator with what its `up` says to export.

"""
EMULATOR = """
## The emulator

Each begins with `.venv/bin/python -m emulator`. What talks to an emulator that is open finds it by `--endpoint`, or the
variable `AWS_ENDPOINT_URL`; without either it is `http://127.0.0.1:4566`. `--help` says what each option means.

"""


def page() -> str:
    """The whole page, in Markdown."""
    parts = (_of_make(), *(_of_typer(typer.main.get_command(app)) for app in (client, emulator)))
    return "".join(head + _table(rows) for head, rows in zip((HEAD, CLIENT, EMULATOR), parts, strict=True))


def _table(rows: Iterator[tuple[str, str]]) -> str:
    lines = (
        " | ".join(("", f"`{command}`".replace("|", "\\|"), does.replace("|", "\\|"), "")).strip()
        for command, does in rows
    )
    return "\n".join(["| command | does |", "|---|---|", *lines, ""])


def _of_make() -> Iterator[tuple[str, str]]:
    for file in (ROOT / "Makefile", ROOT / "tools" / "audit" / "audit.mk"):
        for line in file.read_text("utf-8").splitlines():
            targets, separator, does = line.partition("## ")
            if separator and not line.startswith((" ", "\t", "#")):
                yield f"make {' | '.join(targets.partition(':')[0].split())}", f"{does.strip()}."


def _of_typer(command: Any, path: str = "") -> Iterator[tuple[str, str]]:
    parts = getattr(command, "commands", {})
    if parts:
        for name, part in parts.items():
            yield from _of_typer(part, f"{path} {name}".lstrip())
    else:
        parameters = (one for one in command.params if one.name not in {"help", "endpoint", "stack", "region"})
        yield " ".join([path, *map(_synopsis, parameters)]), " ".join((command.help or "").split())


def _synopsis(parameter: Any) -> str:
    if parameter.param_type_name == "option":
        takes = "" if parameter.is_flag else f" {parameter.name.upper()}"
        return f"[{parameter.opts[0]}{takes}]{'...' if parameter.multiple else ''}"
    name = parameter.metavar or (parameter.name or "").upper()
    return name if parameter.required else f"[{name}]"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
