"""Cold starts: what importing a handler costs, as a ratio to what any function with a boto3 client pays; the bundle."""

import compileall
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.bundles import RUNTIME, Bundle, synthesised
from benchmarks.report import Bar, bars, table

RUNS = 5
LARGEST_RATIO = 1.25
LARGEST_BUNDLE = 1_500_000
BASE = 'import boto3; boto3.client("dynamodb")'
PARTS = {
    "a second client": f'{BASE}; boto3.client("rekognition")',
    "two more clients": f'{BASE}; boto3.client("rekognition"); boto3.client("stepfunctions")',
    "Powertools' Logger": f"{BASE}; from aws_lambda_powertools import Logger; Logger()",
    "Powertools' Idempotency": f"{BASE}; import aws_lambda_powertools.utilities.idempotency",
    "our own code for starts": f"{BASE}; import lifecycle.start_model.steps",
}
"""On top of boto3 and one client."""
_MEASURE = "import time; began = time.process_time()\n{}\nprint(time.process_time() - began)"


def seconds(code: Mapping[str, str], environments: Mapping[str, Mapping[str, str]], runs: int) -> dict[str, float]:
    """Of the processor, for each piece of code in fresh processes, taken in turns: the median."""
    taken: dict[str, list[float]] = {name: [] for name in code}
    for _ in range(runs):
        for name, statements in code.items():
            command = [sys.executable, "-c", _MEASURE.format(statements)]
            process = subprocess.run(command, env=environments[name], capture_output=True, text=True, check=True)
            taken[name].append(float(process.stdout))
    return {name: median(times) for name, times in taken.items()}


def _ratios(bundle: Bundle, folder: Path, runs: int) -> dict[str, float]:
    handlers = sorted(bundle.environments)
    code = {"": BASE, **{name: f"import handlers.{name}" for name in handlers}, **PARTS}
    environments = {name: bundle.environment(name if name in handlers else "check") for name in code}
    for environment in environments.values():
        environment |= {"PYTHONPATH": f"{folder}:{RUNTIME}", "LAMBDA_TASK_ROOT": str(folder)}
    taken = seconds(code, environments, runs)
    base = taken.pop("")
    return {name: one / base for name, one in taken.items()}


def report() -> str:
    """The section."""
    compileall.compile_dir(RUNTIME, quiet=2)  # Lambda's own boto3 is compiled
    with synthesised() as bundle, tempfile.TemporaryDirectory() as copies:
        size = bundle.zipped_bytes()
        ratios = _ratios(bundle, bundle.folder, RUNS)
        compiled = Path(shutil.copytree(bundle.folder, Path(copies) / "compiled"))
        compileall.compile_dir(compiled, quiet=2)
        with_byte_code = _ratios(bundle, compiled, RUNS)
        handlers = sorted(bundle.environments)
    worst, best = (choose(handlers, key=lambda name: ratios[name]) for choose in (max, min))
    rows = [(f"`{name}`", f"{ratios[name]:.2f}", f"{with_byte_code[name]:.2f}") for name in handlers]
    parts = [(f"boto3 + one client + {name}", f"{ratios[name]:.2f}", f"{with_byte_code[name]:.2f}") for name in PARTS]
    said = [
        Bar(
            f"importing and initialising any handler takes at most {LARGEST_RATIO} times `import boto3` and one client",
            f"{ratios[best]:.2f} (`{best}`) to {ratios[worst]:.2f} (`{worst}`)",
            ratios[worst] <= LARGEST_RATIO,
            "The clients that Check needs and Powertools' Logger alone exceed it (see below), so it can't be reached "
            "with Powertools. Improved already: the schemas are compiled when a request is checked, no longer by every "
            "function, some 20 ms of 290. What would help next: Lambda's own JSON log format in place of the Logger, "
            "and byte code in the bundle, which has to be built with Python 3.13 itself",
        ),
        Bar("the bundle, zipped, is under 1.5 MB", f"{size / 1e6:.2f} MB", size < LARGEST_BUNDLE),
    ]
    return f"""## Cold starts

Processor time of import and initialisation in a fresh process, in multiples of `import boto3` and one client in the
same run: medians of {RUNS}, measured in turn. "As deployed": the bundle has no byte code and Lambda can't write any, so
each cold start compiles the sources. "Compiled" shows the cost of that. boto3 is Lambda's own, and compiled in both.

{table(("handler", "as deployed", "compiled"), rows)}

Where it goes:

{table(("", "as deployed", "compiled"), parts)}

{bars(said)}
"""
