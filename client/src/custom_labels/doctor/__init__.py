"""What is wrong with a deployment, and what mends it. It changes nothing, and starts no model."""

from collections.abc import Iterator, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from custom_labels import errors
from custom_labels.doctor.checks import CHECKS, Check
from custom_labels.doctor.findings import Finding, State
from custom_labels.doctor.stack import DeployedStack
from custom_labels.executions import code_of

__all__ = ["Finding", "State", "examined"]

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "AccessDeniedFault"}


def examined(stack: DeployedStack, checks: Sequence[Check] = CHECKS) -> Iterator[Finding]:
    """What each check finds, one after the other; one that can't be made keeps no other from being made.

    Raises
    ------
    NotDeployed
        There is no such stack: nothing else can be said.
    """
    for check in checks:
        try:
            wrong = [Finding(check.name, State.WRONG, one.said, one.mend) for one in check.look(stack)]
        except (errors.AccessDenied, errors.ServiceUnavailable) as error:
            yield Finding(check.name, State.NOT_CHECKED, error.message, error.remedy)
        except (ClientError, BotoCoreError) as error:
            needs = f"It needs {check.needs}." if code_of(error) in DENIED else ""
            yield Finding(check.name, State.NOT_CHECKED, str(error), needs)
        else:
            yield from wrong or [Finding(check.name, State.WELL, check.well)]
