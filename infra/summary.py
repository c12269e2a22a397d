"""What a synthesis has made, in words for whoever ran `make synth`."""

import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from aws_cdk import cx_api
from rich.console import Console

from infra.settings import budget_report, schedule_report
from infra.settings.inboxes import remarks_on_inboxes
from infra.settings.settings import ROOT, Settings
from lifecycle.shared.pricing import hourly_cost
from lifecycle.shared.text import shortened, usd

WIDTH = 120
NAMED = 3
"""Models and addresses; of more, how many more."""


def summary(places: Sequence[Settings], assembly: cx_api.CloudAssembly) -> str:
    """What to know before a deploy of each place, and where the templates are."""
    notes, made = [], []
    for settings in places:
        stack = assembly.get_stack_artifact(settings.stack_id)
        where = f" ({settings.place})" if len(places) > 1 else ""
        notes += [f"{note}{where}" for note in _notes(stack)]
        notes += [f"Warning: {remark}{where}" for remark in remarks_on_inboxes(settings.inboxes)]
        made += [f"{line}{where}" for line in budget_report.sentences(settings)]
        made += [*_schedules(settings, where), _sentence(settings, Path(stack.template_full_path))]
    return "\n".join([*dict.fromkeys(notes), *made, *_sum_of_budgets(places)])


def _sum_of_budgets(places: Sequence[Settings]) -> Iterator[str]:
    """Nothing counts across places, so somebody has to know what they may cost together."""
    budgets = [one.monthly_budget_usd for one in places if one.monthly_budget_usd]
    if len(budgets) > 1:
        yield (
            f"Each place has a budget of its own, of {usd(budgets[0])} per month (monthly_budget_usd): the "
            f"{len(budgets)} places together have {usd(sum(budgets))}."
        )


def _schedules(settings: Settings, where: str) -> list[str]:
    """What its schedules come to, of which place where there are several: ``custom-labels schedules`` says it later."""
    text = io.StringIO()
    console = Console(file=text, width=WIDTH)
    schedule_report.show(settings, datetime.now(UTC), console, not_taken=settings.not_taken)
    title = [f"Schedules{where}"] if where else []
    return [*title, text.getvalue().rstrip("\n")] if settings.schedules else []


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
