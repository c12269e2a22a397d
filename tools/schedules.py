"""Show when the schedules of cdk.json come next: ``python -m tools.schedules [NAME]``."""

import sys
from datetime import UTC, datetime

from rich.console import Console

from infra.settings import schedule_report
from infra.settings.cdk_json import settings_of
from infra.settings.settings import Settings, SettingsError


def show(settings: Settings, now: datetime, console: Console, name: str | None = None) -> None:
    """What comes of each schedule, or of the one of a name."""
    if not settings.schedules:
        console.print("No model in cdk.json has schedules. How to give it one: docs/schedules.md.")
    elif name and name not in settings.schedules:
        console.print(f"There is no schedule {name}, only {', '.join(settings.schedules)}.")
    schedule_report.show(settings, now, console, name, settings.not_taken)


def main(arguments: list[str]) -> str | None:
    """Show them; answers what is wrong with cdk.json."""
    try:
        places = settings_of()
    except SettingsError as error:
        return str(error)
    console = Console()
    for settings in places:
        if len(places) > 1:
            console.print(f"{settings.place}", style="bold")
        show(settings, datetime.now(UTC), console, arguments[0] if arguments else None)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
