"""What a check finds."""

from dataclasses import dataclass
from enum import StrEnum


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
