"""Which version an execution by name stays with: the one that it chose first, or the one whose lease it is about."""

from dataclasses import replace

from lifecycle.configuration import Configuration
from lifecycle.model.version_choice import Choice, left_behind
from lifecycle.ports import ModelItems, OpenExecutions, left_to_the_sweep
from lifecycle.shared.arns import version_name


def kept(choice: Choice, execution_arn: str, open_executions: OpenExecutions) -> Choice:
    """The choice that an execution made first: a step that is tried again goes on with the same version."""
    first = open_executions.choose(execution_arn, choice.project_version_arn)
    if first == choice.project_version_arn:
        return choice
    return replace(choice, project_version_arn=first, reason=f"{version_name(first)} was chosen when this began.")


def of_lease(name: str | None, lease_id: str | None, configuration: Configuration, items: ModelItems) -> Choice | None:
    """The versions that a configured name meant when a lease was taken, if it means another one by now."""
    now_means = configuration.models[name].project_version_arn if name else None
    if now_means is None or lease_id is None or items.get(now_means).has_lease(lease_id):
        return None  # as nearly always: one item is read, not all
    named = {model.project_version_arn for model in configuration.models.values() if model.project_version_arn}
    return left_behind(now_means, items.all(left_to_the_sweep), named, lease_id)
