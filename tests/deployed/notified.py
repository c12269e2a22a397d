"""What executions of the real stack leave behind: what people were told, which calls were made, how they failed."""

import json
from collections.abc import Callable

from emulator.server import Emulator
from tests.contract import Notified
from tests.deployed.executions import Execution

NewModel = Callable[..., str]
QUICK = {"PollSeconds": 1, "TimeoutSeconds": 900}
"""A fixed interval of 1 s is raised where the timeout is longer than 990 s."""


def project_of(arn: str) -> str:
    """Limits a fault to the calls about one model: a describe names the project, a start the version."""
    return arn.split("/")[1]


class NotifiedOf(Notified):
    """What people and pipelines were told of one execution."""

    def __init__(self, emulator: Emulator, execution: Execution) -> None:
        link = f"/{execution.arn}\n"
        chats = emulator.control.chats()
        details = [json.loads(entry["Detail"]) for entry in emulator.control.events]
        super().__init__(
            mails=[one for one in emulator.control.notifications() if link in one["Message"]],
            chats=[one for one in chats if execution.arn in one["metadata"]["relatedResources"]],
            events=[detail for detail in details if detail.get("ExecutionArn") == execution.arn],
        )


def status_of(emulator: Emulator, arn: str) -> str:
    """A model's status, as the service has it."""
    return next(version.status for version in emulator.custom_labels.versions() if version.arn == arn)


def calls_of(emulator: Emulator, operation: str, arn: str) -> int:
    """How often functions were allowed to call an operation on a model or its project."""
    about = project_of(arn)
    return sum(one.action == operation and about in one.resource for one in emulator.authoriser.decisions)
