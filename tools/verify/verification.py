"""The verification itself: each case is asked, and what is seen is held against what was recorded."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tools.asl import StateMachine
from tools.verify.cases import Case, cases, programs, substituted
from tools.verify.given import HOME
from tools.verify.record import Record
from tools.verify.seen import differences, in_short, seen

Json = Any
_OF_THE_CALLER = frozenset(
    {
        "AccessDeniedException", "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException",
        "InvalidSignatureException", "UnknownOperationException",
    }
)  # fmt: skip
"""Refusals of whoever asks, which each further call would meet too."""
_WHOLE, _VALID = "(the whole definition)", "is valid"


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    machine: str
    state: str
    branch: str
    expected: str
    seen: str
    differences: Sequence[str] = ()


@dataclass
class StepFunctions:
    """The two operations, asked in the caller's own account and Region, and no faster than is polite.

    Parameters
    ----------
    client : Any
        Has ``test_state`` and ``validate_state_machine_definition``, as boto3's client does.
    home : str
        Region and account, as an ARN has them.
    per_second : float
        Calls at most; 0 for any number.
    """

    client: Any
    home: str = HOME
    per_second: float = 0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _next: float = field(default=0, init=False)

    def test_state(self, request: Mapping[str, Json]) -> dict[str, Json]:
        """Ask TestState."""
        answer: dict[str, Json] = self._here(self._asked(self.client.test_state, request))
        return answer

    def problems_of(self, definition: str) -> list[str]:
        """Ask ValidateStateMachineDefinition what is wrong with a definition."""
        answer = self._asked(self.client.validate_state_machine_definition, {"definition": definition})
        said = [f"{one['code']}: {one['message']}" for one in answer["diagnostics"]]
        return said or ([] if answer["result"] == "OK" else ["it is not valid"])

    def _asked(self, operation: Callable[..., Json], request: Mapping[str, Json]) -> Json:
        if self.per_second:
            self.sleep(max(0, self._next - self.clock()))
            self._next = self.clock() + 1 / self.per_second
        return operation(**_replaced(request, HOME, self.home))

    def _here(self, answer: Json) -> Json:
        return _replaced({name: value for name, value in answer.items() if name != "ResponseMetadata"}, self.home, HOME)


def _replaced(part: Json, old: str, new: str) -> Json:
    if isinstance(part, str):
        return part.replace(old, new)
    if isinstance(part, Mapping):
        return {name: _replaced(value, old, new) for name, value in part.items()}
    return part


def observed(
    stepfunctions: StepFunctions, machines: Iterable[StateMachine], record: Record
) -> Iterator[tuple[Case, dict[str, Json]]]:
    """Ask every case, those of the record too; what was seen of each.

    Raises
    ------
    ClientError
        Of whoever asks, such as one who may not.
    """
    for program in programs(machines):
        for case in cases(program, record.get(program.name, {})):
            try:
                found = seen(case, stepfunctions.test_state(case.request))
            except ClientError as error:
                if error.response["Error"]["Code"] in _OF_THE_CALLER:
                    raise
                found = {"Refused": str(error)}
            yield case, found


def rows(stepfunctions: StepFunctions, machines: Sequence[StateMachine], record: Record) -> Iterator[Row]:
    """The table, row by row as it is asked."""
    for machine in machines:
        said = stepfunctions.problems_of(substituted(machine.text))
        yield Row(machine.name, _WHOLE, _VALID, "OK", "; ".join(said) or "OK", said)
    asked = set()
    for case, found in observed(stepfunctions, machines, record):
        asked.add(case.key)
        expected = record.get(case.machine, {}).get(case.state, {}).get(case.branch)
        wrong = ["nothing is recorded of this case"] if expected is None else [*differences(expected, found)]
        short = in_short(found)
        if expected and not wrong:
            short = in_short(expected)  # a pause that jitter chose is within its bound
        yield Row(*case.key, in_short(expected or {}), short, wrong)
    for program, states in record.items():
        for state, branches in states.items():
            for branch, expected in branches.items():
                if (program, state, branch) not in asked:
                    missing = ["it is recorded, and there is no such case any more"]
                    yield Row(program, state, branch, in_short(expected), "nothing", missing)
