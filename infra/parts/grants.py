"""What several functions may do to models and executions: each grant in one place, with its reason."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import aws_cdk as cdk
from constructs import Construct

from infra.parts.functions import LifecycleFunction
from infra.parts.machines import OF_A_MODEL, any_execution, executions_arn, full_name, machine_arn
from infra.parts.nag import acknowledge
from infra.parts.shared import Shared
from infra.parts.statements import allow
from infra.parts.workloads import workload_executions
from infra.settings.settings import Settings
from lifecycle.model.idle import PARTITION

MACHINES = ("StartModel", "StopModel", "RunWithModel")


def _projects(function: LifecycleFunction, resource: str) -> str:
    return cdk.Stack.of(function).format_arn(service="rekognition", resource="project", resource_name=resource)


def allow_to_find_projects(function: LifecycleFunction) -> None:
    """DescribeProjects has no resource type (Service Authorization Reference, Amazon Rekognition)."""
    function.allow("rekognition:DescribeProjects", on=["*"])
    reason = "DescribeProjects has no resource type (Service Authorization Reference)."
    acknowledge(function, {"AwsSolutions-IAM5[Resource::*]": reason})


def allow_to_describe_models(function: LifecycleFunction) -> None:
    """Find projects, and read the versions of every project."""
    allow_to_find_projects(function)
    reason = (
        "Read only: a refusal for want of capacity names the models that fill the quota, and the sweep finds managed "
        "models in whatever project."
    )
    _allow_on_projects(function, "rekognition:DescribeProjectVersions", {"*": reason})


def allow_to_choose_versions(function: LifecycleFunction, settings: Settings) -> None:
    """Read the versions of the projects of which the newest is meant, and start the stops of further ones."""
    projects = [model.project for model in settings.models.values() if model.project]
    if not projects:
        return
    reason = "The newest good version is chosen among all of the project."
    _allow_on_projects(function, "rekognition:DescribeProjectVersions", {f"{name}/*": reason for name in projects})
    function.allow("states:StartExecution", on=[machine_arn(function, "StopModel")])


def allow_to_start_models(function: LifecycleFunction, settings: Settings) -> None:
    """Start the configured models, and any version of the projects that are configured so."""
    action = "rekognition:StartProjectVersion"
    models = settings.models.values()
    if versions := [model.project_version_arn for model in models if model.project_version_arn]:
        function.allow(action, on=versions)
    newest = [model.project for model in models if model.project and model.project not in settings.projects]
    reason = "cdk.json asks for it ('projects', 'version'): any version may be started, so retraining needs no deploy."
    _allow_on_versions(function, action, [*settings.projects, *newest], reason)


def allow_to_stop_models(function: LifecycleFunction, settings: Settings) -> None:
    """Stop any version of the projects that the sweep checks, those of the configured models among them.

    Not only the configured versions: the one that a retrained model replaced in cdk.json may be running still.
    """
    reason = (
        "The sweep stops what nobody holds in these projects: the versions that were configured before, and with "
        "'unleased_models' any other."
    )
    _allow_on_versions(function, "rekognition:StopProjectVersion", sorted(settings.swept_projects), reason)


def _allow_on_versions(function: LifecycleFunction, action: str, projects: Sequence[str], reason: str) -> None:
    named = ["*"] if "*" in projects else projects
    _allow_on_projects(function, action, {f"{project}/version/*/*": reason for project in named})


def _allow_on_projects(function: LifecycleFunction, action: str, reasons: Mapping[str, str]) -> None:
    """Allow an action on resources below ``project/``, each with the reason of its wildcard."""
    function.allow(action, on=[_projects(function, resource) for resource in reasons])
    stack = cdk.Stack.of(function)
    home = f"arn:<AWS::Partition>:rekognition:{stack.region}:{stack.account}:project"
    acknowledge(function, {f"AwsSolutions-IAM5[Resource::{home}/{resource}]": why for resource, why in reasons.items()})


def allow_to_record_busy_minutes(function: LifecycleFunction, shared: Shared) -> None:
    """Add to the minutes in which images were labelled, and to nothing else of the ledger."""
    # LeadingKeys has several values, so it needs an operator for sets (DynamoDB Developer Guide, fine-grained access).
    only = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{PARTITION}*"]}}
    allow(function.role, ["dynamodb:UpdateItem"], [shared.ledger_table.table_arn], only)


class Detection(NamedTuple):
    """Resources on which DetectCustomLabels is granted, and what is acknowledged of their wildcards."""

    resources: list[str]
    acknowledged: dict[str, str]


DETECT = "rekognition:DetectCustomLabels"
_ROOM = 2_500
"""Characters that a managed policy has left for them."""


def detection(scope: Construct, settings: Settings, *, in_one_policy: bool = False) -> Detection:
    """Any version of the projects that the sweep checks: retraining needs no deploy.

    Parameters
    ----------
    in_one_policy : bool
        They have to fit into a managed policy that has others already: where there are too many projects, all of the
        account are meant.
    """
    stack = cdk.Stack.of(scope)
    projects = sorted(settings.swept_projects)
    shown = stack.format_arn(service="rekognition", resource="project", resource_name="/version/*/*")
    too_many = in_one_policy and sum(len(shown) + len(project) for project in projects) > _ROOM
    versions = [f"{project}/version/*/*" for project in (["*"] if "*" in projects or too_many else projects)]
    home = f"arn:<AWS::Partition>:rekognition:{stack.region}:{stack.account}:project"
    reason = "Any version of these projects may be the one that runs: retraining needs no deploy."
    return Detection(
        [stack.format_arn(service="rekognition", resource="project", resource_name=one) for one in versions],
        {f"AwsSolutions-IAM5[Resource::{home}/{one}]": reason for one in versions},
    )


def allow_to_read_executions(function: LifecycleFunction) -> None:
    """Ask Step Functions how an execution of this app stands."""
    function.allow("states:DescribeExecution", on=[executions_arn(function, name) for name in MACHINES])
    reason = "Any execution of these machines may hold a token, a lease or a claim."
    acknowledge(function, any_execution(function, (full_name(function, name) for name in MACHINES), reason))


def allow_to_start_once(function: LifecycleFunction) -> None:
    """Start StartModel and StopModel, and see what an execution is about that has the name already."""
    function.allow("states:StartExecution", on=[machine_arn(function, name) for name in OF_A_MODEL])
    function.allow("states:DescribeExecution", on=[executions_arn(function, name) for name in OF_A_MODEL])
    reason = "Any execution of these machines may have the name that one is to be started under."
    acknowledge(function, any_execution(function, (full_name(function, name) for name in OF_A_MODEL), reason))


def allow_to_end_runs(function: LifecycleFunction, settings: Settings) -> None:
    """End what a run has started, where the run was ended, and start the release of its lease."""
    function.allow("states:StartExecution", on=[machine_arn(function, "StopModel")])
    function.allow("states:StopExecution", on=[executions_arn(function, "StartModel")])
    if workloads := workload_executions(function, settings):
        function.allow("states:DescribeExecution", "states:StopExecution", on=workloads)
    reason = "A run that was ended may have started any of them."
    acknowledge(function, any_execution(function, settings.workloads, reason))
