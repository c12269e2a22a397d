"""Trials told by the process that is asked to, which loads the handlers once."""

import functools
import io
from contextlib import ExitStack, redirect_stdout

import time_machine

from tests.account.campaign import ALL, ROWS, Calls, calls_of
from tests.account.functions import CAMPAIGN, Functions, loaded
from tests.account.stories import TrialRunner, Verdict
from tests.unit.examples import NOW

_loaded = ExitStack()
"""Until the process ends."""


def verdicts_of(asked: tuple[int, float, int, int]) -> list[Verdict]:
    """What came of a part of a row's trials: the row's number, the share, which part of how many."""
    number, share, part, parts = asked
    run_trial, calls = _runner()
    return [run_trial(trial) for trial in ROWS[number].chosen(calls, share)[part::parts]]


def counted(functions: Functions) -> Calls:
    """The calls of each story where nothing goes wrong."""
    with time_machine.travel(NOW, tick=False) as traveller, redirect_stdout(io.StringIO()):
        return calls_of(ALL, lambda trial: trial.play(functions, traveller).wire.calls)


@functools.cache
def _runner() -> tuple[TrialRunner, Calls]:
    """This process's own, with what happens where nothing goes wrong."""
    functions = _loaded.enter_context(loaded(settings=CAMPAIGN))
    return TrialRunner(functions), counted(functions)
