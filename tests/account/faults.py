"""What may go wrong, as data: a call that fails, an answer that is lost, a function that dies."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Any


@dataclass(frozen=True)
class Answer:
    """The service answers with an error."""

    code: str
    more: Mapping[str, Json] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.code


@dataclass(frozen=True)
class Silence:
    """No answer comes; after some seconds the SDK gives up."""

    def __str__(self) -> str:
        return "no answer"


@dataclass(frozen=True)
class Death:
    """The function ends in the middle of it. ``named`` is how Step Functions calls that."""

    named: str = "Runtime.ExitError"

    def __str__(self) -> str:
        return self.named


@dataclass(frozen=True)
class Lost:
    """Of a Task: the state machine is told of an error at once, or is told nothing until its own timeout.

    ``late``: the function begins so many seconds later, or goes on for so long.
    """

    named: str
    late: float = 0

    def __str__(self) -> str:
        return f"{self.named}{', the function begins late' if self.late else ''}"


@dataclass(frozen=True)
class Change:
    """Somebody else changes the model's item, or is about to, between its reading and its writing."""

    def __str__(self) -> str:
        return "the item was changed meanwhile"


@dataclass(frozen=True)
class Reply:
    """The service answers this, and does nothing."""

    value: Json

    def __str__(self) -> str:
        return "an answer that reports a failure"


What = Answer | Silence | Death | Lost | Change | Reply


@dataclass(frozen=True)
class Fault:
    """Something goes wrong with some calls.

    Parameters
    ----------
    operation : str
        As ``rekognition:StartProjectVersion`` or ``rekognition:*``; ``*`` is any call of the function,
        ``lambda:Invoke`` the function itself, and ``states:StartExecution`` a Task that starts an execution.
    function : str, optional
        Whose calls: ``start``; else anybody's. Of ``states:StartExecution`` the state machine that is to be started.
    calls : collection of int, optional
        Which of those, the first is 1; else all.
    after : bool
        The call has taken effect.
    since, until : float
        Only in this time, in seconds.
    about : str
        Only calls that ask for something with this in it.
    """

    what: What
    operation: str
    function: str | None = None
    calls: Collection[int] | None = (1,)
    after: bool = False
    since: float = 0
    until: float = float("inf")
    about: str = ""


@dataclass
class Faults:
    """The faults of a story, and when they happened."""

    scripted: Sequence[Fault] = ()
    happened: list[float] = field(default_factory=list)
    _seen: Counter[int] = field(default_factory=Counter)

    def add(self, fault: Fault) -> None:
        """Let something more go wrong from now on; its calls count from now."""
        self.scripted = [*self.scripted, fault]

    def due(self, function: str, operation: str, seconds: float, request: Json = None) -> Fault | None:
        """Count a call, and say what is to happen to it: the first that is scripted."""
        due = None
        for number, fault in enumerate(self.scripted):
            if fault.function not in (None, function) or not _meant(fault.operation, operation):
                continue
            if not fault.since <= seconds < fault.until or fault.about not in str(request or ""):
                continue
            self._seen[number] += 1
            if due is None and (fault.calls is None or self._seen[number] in fault.calls):
                due = fault
        if due:
            self.happened.append(seconds)
        return due


def _meant(scripted: str, operation: str) -> bool:
    if scripted == "*":
        return operation not in ("lambda:Invoke", "states:StartExecution")
    return operation == scripted or (scripted.endswith(":*") and operation.startswith(scripted[:-1]))
