"""Audit the template, the dependencies, the files and the workflows: ``python -m tools.audit [--write] [HOME]``.

With ``--write`` the table goes into docs/evidence/threat-model.md too.
"""

import sys
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.audit.auditors import ROOT, Place, all_audits
from tools.audit.findings import Audit, Excuse, excuses_of, exit_code, judged

EXCEPTIONS = Path(__file__).with_name("exceptions.toml")
DOCUMENT = ROOT / "docs/evidence/threat-model.md"
BEGIN, END = (f"<!-- {which} of python -m tools.audit -->" for which in ("begin", "end"))
NAMES = ("audit", "looked at", "found", "excused, with a reason", "verdict")


def main(arguments: Sequence[str]) -> int:
    """Run them all; say what each found, and what could not be run."""
    homes = [one for one in arguments if one != "--write"]
    place = Place(Path(homes[0] if homes else ROOT / "build/audit").resolve())
    excuses = excuses_of(tomllib.loads(EXCEPTIONS.read_text("utf-8")))
    audits, stale = judged([*all_audits(place)], excuses)
    console = Console()
    show(console, audits, stale)
    if "--write" in arguments:
        write(audits)
    code = exit_code(audits, stale)
    console.print(SAYS[code])
    return code


SAYS = {
    0: "[bold green]Nothing was found.",
    1: "[bold red]Something was found: mend it, or excuse it in tools/audit/exceptions.toml with the reason.",
    2: "[bold yellow]Nothing was found by what could be run. What could not be run is not clean.",
}


def show(console: Console, audits: Sequence[Audit], stale: Sequence[Excuse]) -> None:
    """The findings, and the table last."""
    for audit in audits:
        for finding in audit.findings:
            console.print(
                f"{audit.tool}: {finding.rule}: {finding.where}: {finding.says}", markup=False, soft_wrap=True
            )
    for excuse in stale:
        console.print(f"exceptions.toml: {excuse.tool} {excuse.rule} {excuse.where}: excuses nothing", markup=False)
    table = Table(*NAMES)
    for audit in audits:
        table.add_row(*cells(audit))
    console.print(table)


def cells(audit: Audit) -> list[str]:
    """A line of the table."""
    return [audit.tool, audit.looked_at, str(len(audit.findings)), str(audit.excused), audit.verdict]


def write(audits: Sequence[Audit]) -> None:
    """Put the table between its marks."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    head = [f"| {' | '.join(NAMES)} |", "|---|---|---:|---:|---|"]
    lines = [*head, *(f"| {' | '.join(cells(audit))} |" for audit in audits)]
    when = f"On {datetime.now(UTC):%Y-%m-%d}, as it was run before it was committed:"
    DOCUMENT.write_text("\n".join([f"{before}{BEGIN}\n\n{when}\n", *lines, f"\n{END}{after}"]), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
