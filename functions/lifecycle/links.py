"""Links into the AWS console. Their shapes are not documented: what is assumed of them is assumed here."""

from lifecycle.arns import VersionArn, region_and_account


def execution(execution_arn: str) -> str:
    """A Step Functions execution, with its graph and history."""
    region, _ = region_and_account(execution_arn)
    return f"https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/{execution_arn}"


def model(project_version_arn: str) -> str:
    """The project of a model version; the version is one click from there."""
    version = VersionArn.parse(project_version_arn)
    return (
        f"https://{version.region}.console.aws.amazon.com/rekognition/custom-labels?region={version.region}"
        f"#/projects/{version.project_name}"
    )


def state_machine(state_machine_arn: str) -> str:
    """A Step Functions state machine, with its executions and the button that starts one."""
    region, _ = region_and_account(state_machine_arn)
    return (
        f"https://{region}.console.aws.amazon.com/states/home?region={region}#/statemachines/view/{state_machine_arn}"
    )
