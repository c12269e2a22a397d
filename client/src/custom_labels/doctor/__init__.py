"""What is wrong with a deployment, and what mends it. It changes nothing, and starts no model."""

from collections.abc import Iterator, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from custom_labels import errors
from custom_labels.doctor.checks import CHECKS
from custom_labels.doctor.findings import Check, Finding, State
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
        wrong = False
        try:
            for one in check.look(stack):
                wrong = True
                yield Finding(check.name, State.WRONG, one.said, one.mend)
            if not wrong:
                yield Finding(check.name, State.WELL, check.said_when_well(stack))
        except (errors.AccessDenied, errors.ServiceUnavailable) as error:
            yield Finding(check.name, State.NOT_CHECKED, error.message, error.remedy)
        except (ClientError, BotoCoreError) as error:
            needs = f"It needs {check.needs}." if code_of(error) in DENIED else ""
            yield Finding(check.name, State.NOT_CHECKED, str(error), needs)
