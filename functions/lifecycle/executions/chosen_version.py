"""Which version an execution by name stays with: the one that it chose first, or the one whose lease it is about."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lifecycle.configuration import Configuration
from lifecycle.executions.requests import Request
from lifecycle.model.version_choice import MAX_NAMED, Choice, left_behind, with_lease
from lifecycle.ports import ModelItems, OpenExecutions, left_to_the_sweep
from lifecycle.shared.arns import project_name, version_name
from lifecycle.shared.text import all_of, shortened


def kept(choice: Choice, execution_arn: str, open_executions: OpenExecutions) -> Choice:
    """The choice that an execution made first: a step that is tried again goes on with the same version."""
    first = open_executions.choose(execution_arn, choice.project_version_arn)
    if first == choice.project_version_arn:
        return choice
    return replace(choice, project_version_arn=first, reason=f"{version_name(first)} was chosen when this began.")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a lease is that the version which a name means does not have.

    Parameters
    ----------
    choice : Choice or None
        The versions that the name meant before, where that is known.
    hint : str or None
        What else has a lease of this id, and how it is released: whether the name meant that before, nobody knows.
    """

    choice: Choice | None = None
    hint: str | None = None


def of_lease(request: Request, lease_id: str | None, configuration: Configuration, items: ModelItems) -> Found:
    """Where the lease is that an execution by name is about, if the name means another version by now."""
    now_means = request.project_version_arn
    if request.model is None or lease_id is None or items.get(now_means).has_lease(lease_id):
        return Found()  # as nearly always: one item is read, not all
    everything = items.all(left_to_the_sweep)
    if configuration.models[request.model].project_version_arn:
        named = {model.project_version_arn for model in configuration.models.values() if model.project_version_arn}
        if choice := left_behind(now_means, everything, named, lease_id):
            return Found(choice)
    unnamed = [arn for arn in with_lease(everything, lease_id) if configuration.name_of(arn) is None]
    return Found(hint=_hint(unnamed, request.model, lease_id, configuration)) if unnamed else Found()


def _hint(arns: Sequence[str], name: str, lease_id: str, configuration: Configuration) -> str:
    which = shortened([f"{version_name(arn)} of the project {project_name(arn)}" for arn in arns], MAX_NAMED)
    inputs = [json.dumps({"ProjectVersionArn": arn, "LeaseId": lease_id}) for arn in arns[:MAX_NAMED]]
    projects = sorted({project_name(arn) for arn in arns if not configuration.manages(arn)})
    before = (
        f" Before that, add {all_of(projects, MAX_NAMED)} to 'projects' in cdk.json and deploy." if projects else ""
    )
    return (
        f"A lease {lease_id} is on {', '.join(which)}, which no name in cdk.json means. If {name} meant it when the "
        f"lease was taken, release it by the ARN: StopModel {', '.join(inputs)}.{before}"
    )
