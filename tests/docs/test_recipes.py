"""docs/recipes.md with the tools that it names, each in an environment of its own, against the emulator."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import images
from emulator.server import Emulator
from tests.deployed.executions import wait_until
from tests.deployed.tables import item_of, let_starts_be_known
from tests.deployed.terminal import BASH, said_by
from tests.docs.reading import ROOT, blocks

pytestmark = [pytest.mark.large, pytest.mark.waits, pytest.mark.xdist_group("recipes")]
PAGE = "docs/recipes.md"
HOME = "arn:aws:states:eu-west-1:111122223333"
AIRFLOW, DAGSTER = blocks(PAGE, "python")
REQUIREMENTS = ROOT / "tests" / "docs" / "recipes"


@pytest.fixture
def model(emulator: Emulator, configured: str) -> str:
    """The configured model, whose starts are known to be short."""
    let_starts_be_known(emulator, configured)
    return configured


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes a virtual environment with a tool, as it is pinned."""

    def made(tool: str) -> Path:
        folder = tmp_path_factory.mktemp(tool)
        uv = [str(Path(sys.executable).parent / "uv"), "--quiet"]
        more = {**os.environ, "VIRTUAL_ENV": str(folder), "UV_SYSTEM_CERTS": "1"}
        subprocess.run([*uv, "venv", "--clear", str(folder)], check=True, env=more)  # noqa: S603 - our own tool
        install = [*uv, "pip", "install", "--require-hashes", "-r", str(REQUIREMENTS / f"{tool}.txt")]
        subprocess.run(install, check=True, env=more)  # noqa: S603 - our own tool
        return folder / "bin" / "python"

    return made


def of_the_emulator(program: str, emulator: Emulator) -> str:
    """The accounts of the page are its reader's; the rest is as printed."""
    return program.replace(HOME, emulator.outputs["StartModelArn"].rsplit(":", 2)[0])


# Airflow's own scheduler and database are left out: each takes longer to make than all else here.
OPERATE = """
from unittest.mock import MagicMock
made = inspection()
context = {"run_id": "manual__2026-11-24T07:00:00+00:00", "ti": MagicMock()}
start, running, inspect, release = (made.get_task(one) for one in ("start", "running", "inspect", "release"))
for task_ in (start, release):
    task_.render_template_fields(context)
running.execution_arn = start.execute(context)
while not running.poke(context):
    time.sleep(0.5)
inspect.python_callable()
release.execute(context)
"""


def test_airflow_s_own_operators_have_the_model_while_its_work_runs(
    emulator: Emulator, model: str, environment: Callable[[str], Path], tmp_path: Path
) -> None:
    program = of_the_emulator(AIRFLOW, emulator).replace('"Model": "defects"', f'"ProjectVersionArn": "{model}"')
    program = program.removesuffix("inspection()\n") + "import time\n" + OPERATE
    airflow = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    said = said_by(emulator, [str(environment("airflow")), "-c", program], tmp_path, airflow)
    assert "The model is RUNNING." in said
    wait_until(lambda: item_of(emulator, model).get("Leases") == [])


def test_dagster_has_the_model_while_its_assets_are_made(
    emulator: Emulator, model: str, environment: Callable[[str], Path], tmp_path: Path
) -> None:
    images.ensure_bucket(emulator.client("s3"), "factory-images")
    emulator.client("s3").put_object(Bucket="factory-images", Key="line-1/0001.png", Body=images.png((200, 30, 30)))
    program = DAGSTER.replace('Model(name="defects")', f'Model(name="{model}")')
    program += "\nprint(dagster.materialize([labels], resources=resources).output_for_node('labels'))\n"
    more = {"PYTHONPATH": str(ROOT / "client" / "src"), "DAGSTER_HOME": str(tmp_path), "DAGSTER_DISABLE_TELEMETRY": "1"}
    said = said_by(emulator, [str(environment("dagster")), "-c", program], tmp_path, more)
    assert re.search(r"^\['\w+'", said, re.MULTILINE)
    wait_until(lambda: item_of(emulator, model)["Leases"] == [])  # the release is requested, and not waited for


def test_a_github_action_has_the_model_while_its_step_runs(emulator: Emulator, model: str, tmp_path: Path) -> None:
    (workflow,) = blocks(PAGE, "yaml")
    *_, step = re.findall(r"- run: (.+)", workflow)
    command = step.replace("run defects", f"run {model}")
    assert said_by(emulator, [*BASH, command], tmp_path, {"HOME": str(tmp_path)}).strip() == model
