"""The state machines of this app, and the commands with which people start them."""

import json
from dataclasses import dataclass
from enum import StrEnum

from lifecycle.arns import VersionArn, region_and_account


class Machine(StrEnum):
    """A state machine, by its name in the contract."""

    START_MODEL = "StartModel"
    STOP_MODEL = "StopModel"
    RUN_WITH_MODEL = "RunWithModel"


@dataclass(frozen=True, slots=True)
class Machines:
    """The ARNs of the state machines."""

    start_model: str
    stop_model: str
    run_with_model: str

    def of(self, execution_arn: str) -> Machine:
        """The machine of an execution; ValueError where it is none of ours."""
        machine_arn = execution_arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]
        by_arn = {
            self.start_model: Machine.START_MODEL,
            self.stop_model: Machine.STOP_MODEL,
            self.run_with_model: Machine.RUN_WITH_MODEL,
        }
        if machine_arn not in by_arn:
            raise ValueError(f"{execution_arn} is not an execution of this app")
        return by_arn[machine_arn]

    def extend_command(self, model: str | None, project_version_arn: str, lease_id: str, minutes: int) -> str:
        """Takes a lease, or holds it that many minutes longer from now on."""
        return _start(self.start_model, model, project_version_arn, LeaseId=lease_id, LeaseMinutes=minutes)

    def release_command(self, model: str | None, project_version_arn: str, lease_id: str) -> str:
        """Releases a lease; the model is stopped if no other holds it."""
        return _start(self.stop_model, model, project_version_arn, LeaseId=lease_id)

    def again_command(self, model: str | None, project_version_arn: str, **fields: object) -> str:
        """Starts a model as it was to be started; what is None of the fields is left out."""
        given = {name: value for name, value in fields.items() if value is not None}
        return _start(self.start_model, model, project_version_arn, **given)

    def force_command(self, model: str | None, project_version_arn: str) -> str:
        """Stops the model, whoever needs it."""
        return _start(self.stop_model, model, project_version_arn, Force=True)


def execution_arn(state_machine_arn: str, name: str) -> str:
    """The ARN of a state machine's execution of this name."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"


def stop_command(project_version_arn: str) -> str:
    """The AWS CLI command that stops a model by hand, without this app."""
    region = VersionArn.parse(project_version_arn).region
    return f"aws rekognition stop-project-version --region {region} --project-version-arn {project_version_arn}"


def who_stopped_command(project_version_arn: str) -> str:
    """The AWS CLI command that shows who has stopped models lately."""
    region = VersionArn.parse(project_version_arn).region
    return (
        f"aws cloudtrail lookup-events --region {region} "
        "--lookup-attributes AttributeKey=EventName,AttributeValue=StopProjectVersion --max-results 5"
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
    return line.startswith("aws ")


def _start(machine_arn: str, model: str | None, project_version_arn: str, **fields: object) -> str:
    """Fit to be pasted into a shell: neither names nor ids can have a quote in them."""
    which = {"Model": model} if model else {"ProjectVersionArn": project_version_arn}
    region, _ = region_and_account(machine_arn)
    return (
        f"aws stepfunctions start-execution --region {region} --state-machine-arn {machine_arn} "
        f"--input '{json.dumps({**which, **fields})}'"
    )
