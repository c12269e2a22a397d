"""Inputs and calls tried by the process that is asked to, which loads the handlers once."""

import functools
from contextlib import ExitStack

from tests.abuse import doors, inputs, judge, sizes
from tests.account.functions import Functions

PARTS = 8
"""Of a row: as many as the processes share."""
_loaded = ExitStack()
"""Until the process ends."""
Asked = tuple[str, str, float, int]
"""The row, the state machine or function, the share, and which part of it."""


def tried(asked: Asked) -> list[judge.Verdict]:
    """What came of a part of a row's inputs."""
    row, machine, share, part = asked
    return judge.judged(list(inputs.hostile(machine, row, share))[part::PARTS], _functions())


def let_in(asked: Asked) -> list[judge.Verdict]:
    """What came of a part of the inputs that are right."""
    _, machine, share, part = asked
    return judge.let_in(list(inputs.legal(machine, share))[part::PARTS], _functions())


def called(asked: Asked) -> list[judge.Verdict]:
    """What came of a part of a function's calls."""
    _, function, share, part = asked
    return doors.judged(list(doors.calls(function, share))[part::PARTS], _functions())


def large(number: int) -> sizes.Sized:
    """What came of something large."""
    return sizes.sized(sizes.CASES[number], _functions())


@functools.cache
def _functions() -> Functions:
    """This process's own."""
    return _loaded.enter_context(judge.abused())
