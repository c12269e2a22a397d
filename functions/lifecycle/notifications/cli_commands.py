"""The AWS CLI commands that messages offer, fit to be pasted into a shell."""

import json

from lifecycle.executions.state_machines import Machines
from lifecycle.shared.arns import VersionArn, region_and_account


def extend_command(
    machines: Machines,
    model: str | None,
    project_version_arn: str,
    lease_id: str,
    minutes: int,
    *,
    ignore_budget: bool = False,
) -> str:
    """Takes a lease, or holds it that many minutes longer from now on."""
    fields = {"LeaseId": lease_id, "LeaseMinutes": minutes, **({"IgnoreBudget": True} if ignore_budget else {})}
    return _start(machines.start_model, model, project_version_arn, **fields)


def release_command(machines: Machines, model: str | None, project_version_arn: str, lease_id: str) -> str:
    """Releases a lease; the model is stopped if no other holds it."""
    return _start(machines.stop_model, model, project_version_arn, LeaseId=lease_id)


def again_command(machines: Machines, model: str | None, project_version_arn: str, **fields: object) -> str:
    """Starts a model as it was to be started; what is None of the fields is left out."""
    given = {name: value for name, value in fields.items() if value is not None}
    return _start(machines.start_model, model, project_version_arn, **given)


def force_command(machines: Machines, model: str | None, project_version_arn: str) -> str:
    """Stops the model, whoever needs it."""
    return _start(machines.stop_model, model, project_version_arn, Force=True)


def stop_command(project_version_arn: str) -> str:
    """The AWS CLI command that stops a model by hand, without this app."""
    region = VersionArn.parse(project_version_arn).region
    return f"aws rekognition stop-project-version --region {region} --project-version-arn {project_version_arn}"


def who_called_command(project_version_arn: str, operation: str) -> str:
    """The AWS CLI command that shows who has called an operation of Amazon Rekognition lately."""
    region = VersionArn.parse(project_version_arn).region
    return (
        f"aws cloudtrail lookup-events --region {region} "
        f"--lookup-attributes AttributeKey=EventName,AttributeValue={operation} --max-results 5"
    )


def status_command(project_version_arn: str, project_arn: str) -> str:
    """The AWS CLI command that shows what a model is now."""
    version = VersionArn.parse(project_version_arn)
    return (
        f"aws rekognition describe-project-versions --region {version.region} --project-arn {project_arn} "
        f"--version-names {version.version_name}"
    )


def is_command(line: str) -> bool:
    """Whether a line of a notification is a command to be pasted into a terminal."""
    return line.startswith(("aws ", "custom-labels "))


def _start(machine_arn: str, model: str | None, project_version_arn: str, **fields: object) -> str:
    """Fit to be pasted into a shell: neither names nor ids can have a quote in them."""
    which = {"Model": model} if model else {"ProjectVersionArn": project_version_arn}
    region, _ = region_and_account(machine_arn)
    return (
        f"aws stepfunctions start-execution --region {region} --state-machine-arn {machine_arn} "
        f"--input '{json.dumps({**which, **fields})}'"
    )
