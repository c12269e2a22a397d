"""``custom-labels sweep``."""

from custom_labels import terminal
from custom_labels.client import STACK, CustomLabels
from custom_labels.options import AsJson, Region, Stack


def sweep(as_json: AsJson = False, stack: Stack = STACK, region: Region = None) -> None:
    """Sweep now, as the schedule does every few minutes: leases are compared with what runs."""
    with terminal.reported(interrupted="The sweep goes on."):
        with terminal.working("Sweeping"):
            swept = CustomLabels(stack=stack, region=region).sweep()
        if as_json:
            terminal.as_json(swept)
            return
        terminal.say(
            f"{terminal.plural(swept['Models'], 'model')} checked: {terminal.plural(swept['Reported'], 'finding')} "
            f"reported, {terminal.plural(swept['Stops'], 'stop')} and {terminal.plural(swept['Restarts'], 'restart')} "
            f"begun, {terminal.plural(swept['Settled'], 'ended execution')} settled."
        )
