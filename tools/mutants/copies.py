"""Whether tests notice a mutant of a definition: they run in a copy of the project that has it.

Everything reads the definitions from the project's own folder: the tests, the synthesis, asl-validator.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

import pytest

from tools.mutants import definitions
from tools.mutants.definitions import TESTS
from tools.mutants.mutations import Mutant
from tools.mutants.record import Word
from tools.mutants.trying import ROOT, TestsFailError

LINKED = (".venv", "build/vendor", "build/runtime", "tools/node_modules")
"""What `make` has made, and no test changes."""
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "build", "node_modules", "cdk.out", ".*_cache", "__pycache__")
OPTIONS = ("-n", "0", "-x", "-p", "no:cacheprovider", "-p", "tools.mutants.cheapest", "--tb=no", "-rfE")
LONGEST = 1800
"""Seconds; tests that take longer have no end."""
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.*?)(?: - |$)", re.MULTILINE)


Copies = SimpleQueue[Path]
"""Copies of the project that no process uses."""


@contextmanager
def copied(number: int) -> Iterator[Copies]:
    """So many copies of the project, for a while."""
    copies = Copies()
    with TemporaryDirectory(prefix="mutants-") as folder:
        for one in range(number):
            copy = Path(folder, str(one))
            shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
            for name in LINKED:
                (copy / name).parent.mkdir(exist_ok=True)
                (copy / name).symlink_to(ROOT / name)
            copies.put(copy)
        yield copies


def check(copies: Copies) -> None:
    """See that the tests pass without a mutant.

    Raises
    ------
    TestsFailError
        They don't.
    """
    copy = copies.get()
    if failed := [test for _, asked in TESTS if (test := _failed(copy, asked))]:
        raise TestsFailError(f"Tests fail without a mutant: {failed}")
    copies.put(copy)


def tried(place: str, mutants: Iterable[Mutant], copies: Copies) -> Iterator[tuple[str, Word, str]]:
    """Try mutants of a definition side by side: of each its name, its fate, and the test that has noticed it."""
    with ThreadPoolExecutor(copies.qsize()) as pool:
        futures = {pool.submit(_fate, place, mutant.source, copies): mutant.name for mutant in mutants}
        for future in as_completed(futures):
            yield futures[future], *future.result()


def _fate(place: str, source: str, copies: Copies) -> tuple[Word, str]:
    copy = copies.get()
    definition = copy / definitions.path_of(place).relative_to(ROOT)
    before = definition.read_text("utf-8")
    definition.write_text(source, "utf-8")
    try:
        return next(
            ((word, test) for word, asked in TESTS if (test := _failed(copy, asked))), (Word.SURVIVED, "no test")
        )
    finally:
        definition.write_text(before, "utf-8")
        copies.put(copy)


def _failed(copy: Path, asked: Sequence[str]) -> str | None:
    """The first test that fails; None where all pass."""
    command = [sys.executable, "-m", "pytest", *OPTIONS, f"--basetemp={copy.with_suffix('.tmp')}", *asked]
    with subprocess.Popen(  # noqa: S603 - our own arguments
        command,
        cwd=copy,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return "none: they have no end"
    match process.returncode:
        case pytest.ExitCode.OK:
            return None
        case pytest.ExitCode.TESTS_FAILED | pytest.ExitCode.INTERRUPTED:
            return str(_FAILED.findall(said)[-1])
    raise TestsFailError(f"The tests could not be run: {' '.join(asked)}\n{said}")
