"""The developer's loop: what the commands take, by the clock and of the processors."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

from benchmarks import ROOT
from benchmarks.report import table

MODULES = {"the emulator": "emulator.server", "the stack": "infra.app", "cfn-lint": "cfnlint.api"}
COLLECT = ("-m", "pytest", "tests", "-n", "6", "-k", "fixed_interval_is_raised")
"""Six processes import all tests, and run next to none."""


def took(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds by the clock, and of the processors, of Python with these arguments, its children included."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, *arguments]
    subprocess.run(command, cwd=ROOT, env=dict(environment), capture_output=True, check=True)
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report() -> str:
    """The section."""
    with tempfile.TemporaryDirectory() as folder:
        plain = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        without = {**plain, "PYTHONPYCACHEPREFIX": f"{folder}/none", "PYTHONDONTWRITEBYTECODE": "1"}
        kept = {**plain, "PYTHONPYCACHEPREFIX": f"{folder}/kept"}
        steps: dict[str, Sequence[str]] = {
            **{f"import of {name}": ("-c", f"import {module}") for name, module in MODULES.items()},
            "`make synth`": ("app.py",),
            "`make run`: synth, deploy, three starts and stops": ("-m", "emulator", "run", "--port", "0"),
            "`make test`: six processes collect the tests": COLLECT,
        }
        rows = []
        for name, arguments in steps.items():
            outdir = {"CDK_OUTDIR": f"{folder}/out"}
            figures = [took(arguments, {**where, **outdir}) for where in (without, kept, kept)]
            rows.append((name, *(f"{clock:.1f} ({processors:.1f})" for clock, processors in figures)))
    header = ("", "byte code never kept", "kept, first time", "kept, again")
    return f"""## The developer's loop

Seconds of real time, with processor time in brackets. "Byte code never kept": where `PYTHONDONTWRITEBYTECODE` is set,
as in many containers, every process compiles all that it imports; the Makefile unsets it.

{table(header, rows)}

What dominates: in a synthesis, Node's hashing of the bundle and jsii's messages; in the tests (by `pytest
--durations=40`), the search of all interleavings (a minute of processor time), and what each of the six processes does
for itself: importing moto and collecting (4 s), deploying the stack, starting each function cold. The time for the
files of the bundle and for the imports of the tests was halved.
"""
