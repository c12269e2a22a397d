"""What a check is, and what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from custom_labels.doctor.stack import DeployedStack


class State(StrEnum):
    """How it is with what was checked."""

    WELL = "WELL"
    WRONG = "WRONG"
    NOT_CHECKED = "NOT_CHECKED"


@dataclass(frozen=True)
class Finding:
    """One thing that was seen.

    Parameters
    ----------
    check : str
        What was checked.
    said : str
        What was seen; of what was not checked, the right that it needs.
    mend : str
        What mends it: a command, or a sentence where no command does.
    """

    check: str
    state: State
    said: str
    mend: str = ""


@dataclass(frozen=True)
class Wrong:
    """What a check yields for each thing that is wrong."""

    said: str
    mend: str


@dataclass(frozen=True)
class Check:
    """A check: what it is called, what it says when all is well, and the right that it needs."""

    name: str
    well: str | Callable[[DeployedStack], str]
    needs: str
    look: Callable[[DeployedStack], Iterator[Wrong]]

    def said_when_well(self, stack: DeployedStack) -> str:
        """What it says when all is well."""
        return self.well if isinstance(self.well, str) else self.well(stack)
