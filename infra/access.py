"""What several functions may do to models and executions: each grant in one place, with its reason."""

from collections.abc import Sequence

import aws_cdk as cdk

from infra.functions import LifecycleFunction
from infra.machines import executions_arn
from infra.nag import acknowledge
from infra.settings import Settings
from lifecycle.configuration import Configuration

MACHINES = ("StartModel", "StopModel")


def _projects(function: LifecycleFunction, resource: str) -> str:
    return cdk.Stack.of(function).format_arn(service="rekognition", resource="project", resource_name=resource)


def allow_to_find_projects(function: LifecycleFunction) -> None:
    """DescribeProjects has no resource type (Service Authorization Reference, Amazon Rekognition)."""
    function.allow("rekognition:DescribeProjects", on=["*"])
    reason = "DescribeProjects has no resource type (Service Authorization Reference)."
    acknowledge(function, {"AwsSolutions-IAM5[Resource::*]": reason})


def allow_to_look_at_models(function: LifecycleFunction) -> None:
    """Find projects, and read the versions of every project."""
    allow_to_find_projects(function)
    function.allow("rekognition:DescribeProjectVersions", on=[_projects(function, "*")])
    stack = cdk.Stack.of(function)
    every = f"arn:<AWS::Partition>:rekognition:{stack.region}:{stack.account}:project/*"
    reason = (
        "Read only: a refusal for want of capacity names the models that fill the quota, and the sweep finds models "
        "of ours, in whatever project."
    )
    acknowledge(function, {f"AwsSolutions-IAM5[Resource::{every}]": reason})


def allow_to_start_models(function: LifecycleFunction, settings: Settings) -> None:
    """Start the configured models, and any version of the projects that are configured so."""
    action = "rekognition:StartProjectVersion"
    function.allow(action, on=[model.project_version_arn for model in settings.models.values()])
    reason = "'projects' in cdk.json asks for it: any version may be started, so that a retrained one needs no deploy."
    _allow_on_versions(function, action, settings.projects, reason)


def allow_to_stop_models(function: LifecycleFunction, settings: Settings) -> None:
    """Stop any version of the projects that the sweep looks at, those of the configured models among them.

    Not only the configured versions: the one that a retrained model replaced in cdk.json may be running still.
    """
    projects = Configuration(settings.models, projects=settings.projects).swept_projects
    reason = (
        "The sweep stops what nobody holds in these projects: the versions that were configured before, and with "
        "'unleased_models' any other."
    )
    _allow_on_versions(function, "rekognition:StopProjectVersion", sorted(projects), reason)


def _allow_on_versions(function: LifecycleFunction, action: str, projects: Sequence[str], reason: str) -> None:
    named = ["*"] if "*" in projects else projects
    function.allow(action, on=[_projects(function, f"{project}/version/*/*") for project in named])
    stack = cdk.Stack.of(function)
    home = f"arn:<AWS::Partition>:rekognition:{stack.region}:{stack.account}:project"
    acknowledge(
        function,
        {f"AwsSolutions-IAM5[Resource::{home}/{project}/version/*/*]": reason for project in named},
    )


def allow_to_read_executions(function: LifecycleFunction) -> None:
    """Ask Step Functions how an execution of ours stands."""
    function.allow("states:DescribeExecution", on=[executions_arn(function, name) for name in MACHINES])
    stack = cdk.Stack.of(function)
    reason = "Any execution of these machines may hold a token, a lease or a claim."
    acknowledge(
        function,
        {
            f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:{stack.region}:{stack.account}:execution:"
            f"{stack.stack_name}-{name}:*]": reason
            for name in MACHINES
        },
    )
