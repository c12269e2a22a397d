"""``custom-labels doctor``."""

import typer
from rich.text import Text

from custom_labels import terminal
from custom_labels.client import STACK, CustomLabels
from custom_labels.doctor import Finding, State
from custom_labels.options import AsJson, Region, Stack

_SAID = {
    State.WELL: ("ok", "green"),
    State.WRONG: ("wrong", "bold red"),
    State.NOT_CHECKED: ("not checked", terminal.NOTABLE),
}


def doctor(as_json: AsJson = False, stack: Stack = STACK, region: Region = None) -> None:
    """Say what is wrong with this deployment, and what mends it; nothing is changed or started."""
    with terminal.reported(interrupted=terminal.NOTHING):
        client = CustomLabels(stack=stack, region=region)
        with terminal.working("Examining"):
            found = list(client.examine())
        wrong = [one for one in found if one.state is State.WRONG]
        if as_json:
            terminal.as_json({"Findings": [_as_json(one) for one in found]})
        else:
            _show(found, len(wrong))
        if wrong:
            raise typer.Exit(1)


def _show(found: list[Finding], wrong: int) -> None:
    for one in found:
        word, style = _SAID[one.state]
        terminal.out.print(
            Text.assemble((f"{one.check}: ", "bold"), (word, style), ". ", terminal.printable(one.said)),
            soft_wrap=not terminal.out.is_terminal,
        )
        if one.mend:
            terminal.below(one.mend, terminal.out)
    unseen = sum(one.state is State.NOT_CHECKED for one in found)
    left = f" {terminal.plural(unseen, 'check')} could not be made." if unseen else ""
    terminal.out.print()
    if wrong:
        terminal.say(f"{terminal.plural(wrong, 'thing')} to mend.{left}", "bold red")
    else:
        terminal.say(f"Nothing is wrong as far as was checked.{left}" if unseen else "All is well.", "bold")


def _as_json(finding: Finding) -> dict[str, str]:
    mend = {"Mend": finding.mend} if finding.mend else {}
    return {"Check": finding.check, "State": finding.state, "Said": finding.said, **mend}
