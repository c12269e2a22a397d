"""The table of the state machines: every machine has its row, and is found by its ARN."""

from dataclasses import fields

from lifecycle.executions.state_machines import Machine, Machines
from lifecycle.workflows import WORKFLOWS
from tests.unit.examples import MACHINES


def test_every_machine_has_a_row() -> None:
    assert WORKFLOWS.keys() == set(Machine)


def test_every_machine_is_found_by_its_executions() -> None:
    assert [field.name for field in fields(Machines)] == [machine.name.lower() for machine in Machine]
    for machine in Machine:
        arn = getattr(MACHINES, machine.name.lower())
        assert MACHINES.of(f"{arn.replace(':stateMachine:', ':execution:')}:any") is machine
