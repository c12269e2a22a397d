"""What becomes of a mutant: whether the tests notice it. Each is tried in a process of its own, forked from a warm one.

mutmut's own runner would want a package of the same name as its folder, and functions/ is none.
"""

import gc
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from tools.mutants import cheapest
from tools.mutants.record import Word

ROOT = Path(__file__).parents[2]
CORE = ROOT / "functions" / "lifecycle"

OPTIONS = (
    "-o",
    "addopts=",
    "--import-mode=importlib",
    "-p",
    "no:xdist",
    "-p",
    "no:cacheprovider",
    "-q",
    "-x",
    "--tb=no",
)
SLOWER = 3
"""A mutant that takes this much longer than the module itself, and ``ALLOWANCE`` more, has no end: noticed."""
ALLOWANCE = 10
"""Seconds of the processor."""
WAITING = 300
"""Seconds of waiting: this long only a mutant takes that computes nothing."""
MEMORY = 2 << 30
"""Bytes that a mutant may take on top of what the warm process has."""
_NOT_TRIED, _NO_PROGRAM = 70, 71
"""Exit codes beside pytest's."""


class TestsFailError(Exception):
    """The tests fail without a mutant, or can't be run."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A source to be tried in the place of a module of the core.

    Parameters
    ----------
    tests : sequence of str
        Files, the likeliest to notice it first.
    seconds : float
        Of the processor, after which it is taken to have no end.
    """

    module: str
    name: str
    source: str
    tests: Sequence[str]
    seconds: float


class _InItsPlace(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads a mutant where the module is imported."""

    def __init__(self, module: str, code: CodeType) -> None:
        self._name, self._code = f"lifecycle.{module}", code

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, vars(module))  # noqa: S102 - it is what is tried


class _Hasty:
    """Does not look for the simplest example that fails, as that there is one says all."""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        import hypothesis  # not before pytest has, which wants to rewrite its assertions

        found = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("hasty", hypothesis.settings(), phases=found)
        hypothesis.settings.load_profile("hasty")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus:
            os._exit(exitstatus)  # without tidying up, which takes longer than many a test


def files(tests: Iterable[str]) -> list[str]:
    """The paths of test files by their short names."""
    return [f"tests/unit/{folder}test_{name}.py" for folder, name in map(_folder_and_name, tests)]


def path_of(module: str) -> Path:
    """The file of a module of the core."""
    return CORE / f"{module.replace('.', '/')}.py"


def _folder_and_name(test: str) -> tuple[str, str]:
    folder, slash, name = test.rpartition("/")
    return folder + slash, name


def warm_up(tests: Iterable[str]) -> None:
    """Import what the tests import, but for what is ours: that has to be imported anew with each mutant."""
    sys.dont_write_bytecode = False
    before = sys.path[:]
    sink, out = os.open(os.devnull, os.O_WRONLY), os.dup(1)
    os.dup2(sink, 1)
    code = pytest.main([*OPTIONS, "--collect-only", *tests])
    os.dup2(out, 1)
    if code:
        raise TestsFailError("The tests can't be collected.")
    sys.path[:] = before
    for name, module in list(sys.modules.items()):
        path = Path(getattr(module, "__file__", None) or "/")
        ours = path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / ".venv")
        if ours and not name.startswith("tools.mutants") and name != "__main__":
            del sys.modules[name]
    gc.freeze()


def seconds_without(module: str, tests: Sequence[str]) -> float:
    """How long the tests take for the module as it is, in seconds of the processor.

    Raises
    ------
    TestsFailError
        They fail.
    """
    source = path_of(module).read_text("utf-8")
    ((_, fate, seconds),) = tried([Trial(module, "as it is", source, tests, 600)], processes=1)
    if fate is not Word.SURVIVED:
        raise TestsFailError(f"{module}: its tests fail without a mutant, or take too long ({fate}).")
    return seconds


def tried(trials: Iterable[Trial], processes: int) -> Iterator[tuple[Trial, Word | None, float]]:
    """Try them side by side; as they end what became of each, None of what is no program, and its processor seconds."""
    waiting, running = iter(trials), dict[int, Trial]()
    while True:
        while len(running) < processes and (trial := next(waiting, None)):
            running[_forked(trial)] = trial
        if not running:
            return
        pid, status, usage = os.wait4(-1, 0)
        if trial := running.pop(pid, None):
            yield trial, _fate(trial, status), usage.ru_utime + usage.ru_stime


def _forked(trial: Trial) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = _NOT_TRIED
    try:
        sink = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(sink, stream)
        signal.setitimer(signal.ITIMER_REAL, WAITING)
        resource.setrlimit(resource.RLIMIT_CPU, (int(trial.seconds) + 1, int(trial.seconds) + 2))
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
        code = _noticed(trial)
    finally:
        os._exit(code)


def _noticed(trial: Trial) -> int:
    try:
        program = compile(trial.source, str(path_of(trial.module)), "exec")
    except SyntaxError:
        return _NO_PROGRAM
    sys.meta_path.insert(0, _InItsPlace(trial.module, program))
    first, *others = files(trial.tests)  # most mutants are noticed by the first, and to collect the others takes long
    code = int(pytest.main([*OPTIONS, first], plugins=[_Hasty(), cheapest]))
    return code or int(pytest.main([*OPTIONS, *others], plugins=[_Hasty(), cheapest])) if others else code


def _fate(trial: Trial, status: int) -> Word | None:
    if os.WIFSIGNALED(status):
        return Word.NO_END if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL, signal.SIGALRM) else Word.KILLED
    match os.WEXITSTATUS(status):
        case pytest.ExitCode.OK:
            return Word.SURVIVED
        case pytest.ExitCode.TESTS_FAILED | pytest.ExitCode.INTERRUPTED:
            return Word.KILLED
        case code if code == _NO_PROGRAM:
            return None
        case code:
            raise TestsFailError(f"{trial.module}, {trial.name}: the tests could not be run, exit code {code}.")
