"""What a sweep costs: calls of Amazon Rekognition and seconds, by the number of model versions.

The real stack is deployed into the emulator, under its quota of 5 calls a second for each operation; the schedule's
target runs once for each number of projects and versions.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.report import table
from emulator.custom_labels import Quotas
from emulator.deploy import synthesise
from emulator.server import Emulator

HOME = "arn:aws:rekognition:us-east-1:123456789012:project"
SIZES = ((1, 1), (1, 100), (10, 10), (100, 1), (100, 100))
"""Projects, and versions in each."""
CONTEXT = {
    "custom-labels-lifecycle": {
        "models": [{"name": "first", "project_version_arn": f"{HOME}/p000/version/v000/1793520000000"}],
        "projects": ["*"],
        "unleased_models": "ignore",
    }
}


def sweep(emulator: Emulator, projects: int, versions: int) -> tuple[Counter[str], float]:
    """Calls of Amazon Rekognition by operation, and seconds that Lambda would bill, of one sweep."""
    emulator.custom_labels.clear()
    for project in range(projects):
        for version in range(versions):
            number = 1793520000000 + project * versions + version
            emulator.custom_labels.seed(f"{HOME}/p{project:03}/version/v{version:03}/{number}")
    decided, invoked = len(emulator.authoriser.decisions), len(emulator.runtime.invocations)
    answer = emulator.fire("EverySweep")
    if answer["Models"] != projects * versions or answer["Problems"]:
        sys.exit(f"the sweep did not see every version: {answer}")
    calls = Counter(one.action for one in emulator.authoriser.decisions[decided:] if one.action.startswith("rekog"))
    return calls, emulator.runtime.invocations[invoked].billed_ms / 1000


def report() -> str:
    """The section."""
    rows: list[tuple[object, ...]] = []
    with (
        tempfile.TemporaryDirectory() as assembly,
        Emulator(port=0, quotas=Quotas(calls_per_second=5)) as emulator,
    ):
        emulator.deploy(synthesise(CONTEXT, Path(assembly)))
        sweep(emulator, 1, 1)  # a cold start is not what is measured
        for projects, versions in SIZES:
            calls, seconds = sweep(emulator, projects, versions)
            listed, described = (calls[f"rekognition:Describe{what}"] for what in ("Projects", "ProjectVersions"))
            rows.append((projects, projects * versions, listed, described, f"{seconds:.1f}"))
    header = ("projects", "versions", "`DescribeProjects`", "`DescribeProjectVersions`", "seconds")
    return f"""## The sweep

The stack is deployed, projects with model versions are created, and the sweep runs once, under the service's quota of
5 calls per second for each operation. Seconds are the function's.

{table(header, rows, left=0)}

Calls grow with pages, not with versions: one call for each 100 versions of a project, and one for each 100 projects.
The seconds come from the pace of at most 4 calls per second; versions themselves cost next to nothing. The function's
timeout of 5 minutes is enough for some 1,100 pages. If a project can't be read, the others are swept all the same.
"""
