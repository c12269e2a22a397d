"""``python app.py``, as the CDK CLI and people run it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.settings.cdk_json import HANDED_OVER, settings_of
from infra.settings.settings import Settings, SettingsError
from tests.assemblies import Assemblies, said_of
from tests.conftest import SETTINGS
from tests.infra.configurations import MINIMAL, ROOT, model
from tools.templates import Template

NO_SETTINGS = ["cdk.json has no custom-labels-lifecycle under context: there the settings are."]
NO_JSON = ["cdk.json is no JSON: line 1, column 14: the file ends here, and { of line 1, column 13 is open."]
WRONG = {"models": [model()], "projcts": ["x"], "removal_policy": "keep"}
PROBLEMS = [
    "cdk.json, context:",
    "  custom-labels-lifecycle.projcts: is unknown, did you mean projects?",
    '  custom-labels-lifecycle.removal_policy: must be one of destroy, retain, for example "retain"; got "keep"',
    "The keys are described in infra/settings/settings.schema.json.",
]
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
    for file in ("app.py", "pyproject.toml"):
        shutil.copy(ROOT / file, root)
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


@pytest.mark.large
@pytest.mark.xdist_group("synthesis")  # never beside another that takes 0.7 GiB
def test_another_folder_without_environment_and_network_gives_the_same_template(copy: Path, stack: Template) -> None:
    """Byte for byte: the same asset's hash, and so no new versions of the functions. Nothing is said but what it is."""
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
    assert app.stderr == ""
    assert app.returncode == 0
    assert [one.partition(" has ")[2] for one in app.stdout.splitlines()] == [
        one.partition(" has ")[2] for one in said_of(stack.assembly)
    ]
    assert app.stdout.splitlines()[-1].startswith(f"cdk.out/{stack.file.name} has ")
    assert (copy / "cdk.out" / stack.file.name).read_text() == stack.text


def test_a_synthesis_says_what_it_made_and_what_was_assumed(stack: Template, minimal: Template) -> None:
    price, units, *schedules, made = said_of(stack.assembly)
    assert price == (
        "Info: The price of an inference unit in eu-west-1 is assumed to be us-east-1's, USD 4.00 per hour. "
        "Set inference_unit_hour_usd in cdk.json to yours."
    )
    assert units == (
        "Info: AWS recommends at least two inference units in production. defects, logos and welds would start with "
        "one (min_inference_units); changing that means a stop and a start."
    )
    assert "office-hours: model defects, lease schedule/office-hours" in schedules
    assert "A week of it: 52.5 h, USD 210.00." in schedules
    where = f"{stack.file} has {len(stack.resources)} resources"
    assert made == (
        f"{where} for account 111122223333 in eu-west-1. They run defects, logos, welds (as configured for up to USD "
        "16.00 per hour) and send mail to ml-operators@example.com, night-shift@example.com, packaging@example.com."
    )
    assert said_of(minimal.assembly)[-1].endswith(" per hour) and send mail to nobody.")


def test_of_many_models_three_are_named(hundred: Template) -> None:
    named = "circuit-boards-000, circuit-boards-001, circuit-boards-002, and 97 more"
    assert f" They run {named} (as configured for up to USD 400.00 per hour) " in said_of(hundred.assembly)[-1]


def test_a_synthesis_uses_nothing_deprecated_and_says_nothing_else(assemblies: Assemblies, stack: Template) -> None:
    """But for cdk-nag, which infra/__init__.py silences."""
    assert stack
    deprecated = re.findall(r"\[WARNING\] (\S+) is deprecated", assemblies.log)
    assert {*deprecated} == {"aws-cdk-lib.aws_events.CfnEventBusPolicy#principal"}


@pytest.mark.parametrize(
    ("cdk_json", "said"),
    [
        (None, ["cdk.json can't be read: No such file or directory."]),
        ('{"context": {', NO_JSON),
        ("[]", NO_SETTINGS),
        ("{}", NO_SETTINGS),
        (json.dumps({"context": {"custom-labels-lifecycle": WRONG}}), PROBLEMS),
    ],
    ids=["no file", "no JSON", "a list", "no settings", "wrong settings"],
)
def test_what_is_wrong_with_cdk_json_is_said(cdk_json: str | None, said: list[str], tmp_path: Path) -> None:
    if cdk_json is not None:
        (tmp_path / "cdk.json").write_text(cdk_json, "utf-8")
    with pytest.raises(SettingsError) as error:
        settings_of(tmp_path)
    assert str(error.value).splitlines() == said


def test_what_the_cdk_cli_hands_over_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cdk.json").write_text("{}", "utf-8")
    monkeypatch.setenv(HANDED_OVER, json.dumps({"custom-labels-lifecycle": MINIMAL, "another": {}}))
    assert settings_of(tmp_path) == (Settings.from_context(MINIMAL),)


def test_the_app_says_what_is_wrong_without_a_traceback_and_before_it_starts_node(tmp_path: Path) -> None:
    context = {"custom-labels-lifecycle": WRONG}
    app = run(ROOT, {"CDK_CONTEXT_JSON": json.dumps(context), "CDK_OUTDIR": str(tmp_path), "JSII_NODE": "no-node"})
    assert (app.returncode, app.stdout) == (1, "")
    assert app.stderr.splitlines() == PROBLEMS
