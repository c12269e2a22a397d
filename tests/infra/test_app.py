"""``python app.py``, as the CDK CLI and people run it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SETTINGS
from tests.infra.configurations import ROOT
from tools.templates import STACK, Template

NO_NETWORK_IN_PYTHON = """
import sys

def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo"}:
        raise RuntimeError(f"no network: {arguments}")

sys.addaudithook(refuse)
"""
NO_NETWORK_IN_NODE = """
require('net').Socket.prototype.connect = () => { throw new Error('no network') };
require('dns').lookup = () => { throw new Error('no network') };
"""


def run(app: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py"], cwd=app, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project in another folder, with other times, and whatever else an installer or a run may leave there."""
    root = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(ROOT / "app.py", root)
    for part in ("infra", "functions", "statemachine", "build/vendor"):
        shutil.copytree(ROOT / part, root / part, copy_function=shutil.copy)
    for package in ("functions/handlers", "functions/lifecycle", "build/vendor/jmespath"):
        (root / package / "__pycache__").mkdir(exist_ok=True)
        (root / package / "__pycache__" / "left_over.pyc").write_bytes(os.urandom(8))
    vendor = root / "build" / "vendor"
    (vendor / ".lock").write_text("another installer")
    (vendor / "bin").mkdir(exist_ok=True)
    (vendor / "bin" / "jp.py").write_text("#!/another/python")
    for info in vendor.glob("*.dist-info"):
        for note in ("RECORD", "INSTALLER", "REQUESTED"):
            (info / note).write_text("another installer")
    return root


@pytest.mark.xdist_group("copy")
def test_another_folder_without_environment_and_network_gives_the_same_template(copy: Path, stack: Template) -> None:
    """Byte for byte: the same asset's hash, and so no new versions of the functions."""
    (copy / "cdk.json").write_text(json.dumps({"context": {"custom-labels-lifecycle": SETTINGS}}))
    hooks = copy / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(NO_NETWORK_IN_PYTHON)
    (hooks / "no_network.js").write_text(NO_NETWORK_IN_NODE)
    environment = {
        "PATH": str(Path(sys.executable).parent),  # no docker, no node, no aws
        "PYTHONPATH": str(hooks),
        "NODE_OPTIONS": f"--require {hooks / 'no_network.js'}",
    }
    app = run(copy, environment)
    assert app.returncode == 0, app.stderr
    assert (copy / "cdk.out" / f"{STACK}.template.json").read_text() == stack.text


@pytest.mark.xdist_group("copy")
def test_a_cdk_json_without_settings_is_told_so(copy: Path) -> None:
    (copy / "cdk.json").write_text("{}")
    app = run(copy, {})
    assert app.returncode == 1
    assert app.stderr.startswith("cdk.json, context:\n  custom-labels-lifecycle.input: must be of type object")


def test_wrong_settings_are_told_without_a_traceback(tmp_path: Path) -> None:
    context = {"custom-labels-lifecycle": {**SETTINGS, "projcts": ["x"], "removal_policy": "keep"}}
    app = run(ROOT, {"CDK_CONTEXT_JSON": json.dumps(context), "CDK_OUTDIR": str(tmp_path)})
    assert app.returncode == 1
    assert app.stdout == ""
    assert app.stderr.splitlines() == [
        "cdk.json, context:",
        "  custom-labels-lifecycle.projcts: is unknown, did you mean projects?",
        '  custom-labels-lifecycle.removal_policy: must be one of destroy, retain, for example "retain"; got "keep"',
        "The keys are described in infra/settings/settings.schema.json.",
    ]
