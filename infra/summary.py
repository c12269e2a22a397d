"""What a synthesis has made, in words for whoever ran `make synth`."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from aws_cdk import cx_api
from rich.console import Console

from infra.settings import schedule_report
from infra.settings.settings import ROOT, Settings
from lifecycle.shared.pricing import hourly_cost
from lifecycle.shared.text import shortened, usd

WIDTH = 120
NAMED = 3
"""Models and addresses; of more, how many more."""


def summary(settings: Settings, assembly: cx_api.CloudAssembly) -> str:
    """What to know before a deploy, and where the templates are."""
    told = [*dict.fromkeys(note for stack in assembly.stacks for note in _notes(stack))]
    return "\n".join(
        [
            *told,
            *_schedules(settings),
            *(_sentence(settings, Path(stack.template_full_path)) for stack in assembly.stacks),
        ]
    )


def _schedules(settings: Settings) -> list[str]:
    """What its schedules come to, as ``make schedules`` shows it."""
    text = io.StringIO()
    console = Console(file=text, width=WIDTH)
    schedule_report.show(settings, datetime.now(UTC), console, not_taken=settings.not_taken)
    return [text.getvalue().rstrip("\n")] if settings.schedules else []


def _notes(stack: cx_api.CloudFormationStackArtifact) -> Iterator[str]:
    """What the constructs remark on the settings, of which the CDK CLI alone would print anything."""
    for message in stack.messages:
        # The CDK appends by which id to acknowledge it.
        yield f"{message.level.name.capitalize()}: {str(message.entry.data).partition(' [ack: ')[0]}"


def _sentence(settings: Settings, template: Path) -> str:
    resources = len(json.loads(template.read_text("utf-8"))["Resources"])
    units = sum(model.max_inference_units or model.min_inference_units for model in settings.models.values())
    cost = hourly_cost(units, settings.inference_unit_hour_usd)
    addresses = [one.address for one in settings.notification_emails] or ["nobody"]
    where = template.relative_to(ROOT) if template.is_relative_to(ROOT) else template
    return (
        f"{where} has {resources} resources for account {settings.account} in {settings.region}. They run "
        f"{', '.join(shortened([*settings.models], NAMED))} (as configured for up to {usd(cost)} per hour) "
        f"and send mail to {', '.join(shortened(addresses, NAMED))}."
    )
