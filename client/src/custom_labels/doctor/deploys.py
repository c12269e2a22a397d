"""The checks of the account and of the deploys to it."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from custom_labels.doctor.findings import Wrong
from custom_labels.doctor.stack import DeployedStack
from custom_labels.version import VERSION

BOOTSTRAP = "CDKToolkit"
"""The stack that `cdk bootstrap` makes, and `make deploy` needs."""
WELL_DEPLOYED = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
WAITED_FOR_BY = {
    "CREATE_IN_PROGRESS": "stack-create-complete",
    "UPDATE_IN_PROGRESS": "stack-update-complete",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "stack-update-complete",
    "UPDATE_ROLLBACK_IN_PROGRESS": "stack-rollback-complete",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "stack-rollback-complete",
    "DELETE_IN_PROGRESS": "stack-delete-complete",
    "IMPORT_IN_PROGRESS": "stack-import-complete",
}
"""What of `aws cloudformation wait` waits for the end of what goes on; in all else a new deploy is what helps."""


def credentials_are_of_its_account(stack: DeployedStack) -> Iterator[Wrong]:
    """The caller's credentials are of the account in which the stack is."""
    if stack.account != (owner := _account(stack)):
        yield Wrong(
            f"Your credentials are of the account {stack.account}, and the stack is in {owner}. Set AWS_PROFILE to a "
            "profile of that account.",
            "aws configure list-profiles",
        )


def whose_credentials(stack: DeployedStack) -> str:
    """Where all this is."""
    return f"They are of the stack's account, {stack.account}; {stack.name} is in {stack.region}."


def _account(stack: DeployedStack) -> str:
    account: str = stack.description["StackId"].split(":")[4]
    return account


def stack_is_deployed(stack: DeployedStack) -> Iterator[Wrong]:
    """The last deploy went through."""
    status = stack.description["StackStatus"]
    if status not in WELL_DEPLOYED:
        why = stack.description.get("StackStatusReason")
        yield Wrong(f"The stack is {status}{f': {why}' if why else '.'}", _settled_by(status, stack))


def _settled_by(status: str, stack: DeployedStack) -> str:
    named = ("--stack-name", stack.name)
    if status == "UPDATE_ROLLBACK_FAILED":  # CloudFormation refuses every update until then
        return stack.command("cloudformation", "continue-update-rollback", *named)
    if status in WAITED_FOR_BY:
        return stack.command("cloudformation", "wait", WAITED_FOR_BY[status], *named)
    return "make deploy"


def versions_are_the_same(stack: DeployedStack) -> Iterator[Wrong]:
    """The deployed app and this client are of one version."""
    deployed = stack.description.get("Description", "").partition(", version ")[2]
    if not deployed:
        yield Wrong(f"The stack does not name its version: it is older than this client, {VERSION}.", "make deploy")
    elif deployed != VERSION:
        older = _ordered(deployed) < _ordered(VERSION)
        yield Wrong(
            f"The stack is of version {deployed}, and this client of {VERSION}.",
            "make deploy" if older else "pip install ./client",
        )


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def account_is_bootstrapped(stack: DeployedStack) -> Iterator[Wrong]:
    """`make deploy` will find what it needs."""
    try:
        stack.client("cloudformation").describe_stacks(StackName=BOOTSTRAP)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        yield Wrong(f"There is no stack {BOOTSTRAP}: the next deploy will fail.", "make bootstrap")
