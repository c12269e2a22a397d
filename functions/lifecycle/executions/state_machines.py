"""The state machines of this app, by their names and by their ARNs."""

from dataclasses import dataclass
from enum import StrEnum


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
        """The machine of an execution; ValueError where it is none of this app's."""
        machine_arn = state_machine_arn(execution_arn)
        for machine in Machine:
            if machine_arn == getattr(self, machine.name.lower()):
                return machine
        raise ValueError(f"{execution_arn} is not an execution of this app")


def state_machine_arn(execution_arn: str) -> str:
    """The ARN of an execution's state machine."""
    return execution_arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]


def detect_batch_arn(here: str) -> str:
    """The ARN of DetectBatch, which is there where it is configured, from that of an execution of RunWithModel."""
    return state_machine_arn(here).removesuffix(Machine.RUN_WITH_MODEL) + "DetectBatch"


def drain_inbox_arn(here: str) -> str:
    """The ARN of DrainInbox, which is there where an inbox is configured, from that of an execution of RunWithModel."""
    return state_machine_arn(here).removesuffix(Machine.RUN_WITH_MODEL) + "DrainInbox"


def execution_arn(state_machine_arn: str, name: str) -> str:
    """The ARN of a state machine's execution of this name."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
