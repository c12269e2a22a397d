"""The functions' bundle. That it is the same wherever it is built: test_app.py."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from infra.bundle import NotSetUp, write
from infra.settings import Settings
from lifecycle.configuration import Configuration, Model, Policy, Unleased, load
from tests.conftest import SETTINGS
from tests.infra.configurations import MINIMAL, ROOT
from tools.templates import Template


def pinned(requirements: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", requirements.read_text("utf-8"), re.MULTILINE))


def test_it_has_our_code_the_schemas_the_configuration_and_what_is_pinned(bundle: Path) -> None:
    vendored = {entry.name for entry in bundle.glob("*.dist-info")}
    of_functions = pinned(ROOT / "functions" / "requirements.txt").items()
    assert vendored == {f"{name.replace('-', '_')}-{version}.dist-info" for name, version in of_functions}
    names = {entry.name for entry in bundle.iterdir()} - vendored
    ours = {"handlers", "lifecycle", "schemas", "configuration.json"}
    assert names == ours | {"aws_lambda_powertools", "fastjsonschema", "jmespath", "typing_extensions.py"}


def test_it_is_pure_python_small_and_leaves_boto3_to_the_runtime(bundle: Path) -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in bundle.rglob("*"):
            assert file.suffix not in {".so", ".pyd", ".pyc"}, file
            archive.write(file, file.relative_to(bundle))
    assert not [*bundle.rglob("boto3"), *bundle.rglob("botocore")]
    assert len(zipped.getvalue()) < 1_500_000


def test_it_has_the_configuration_as_the_functions_read_it(bundle: Path) -> None:
    defects, logos = (model["project_version_arn"] for model in SETTINGS["models"])
    units = {"min_inference_units": 1, "max_inference_units": None, "lease_minutes": 120}
    assert json.loads((bundle / "configuration.json").read_text("utf-8")) == {
        "models": {
            "defects": {"project_version_arn": defects, **units},
            "logos": {"project_version_arn": logos, **units, "max_inference_units": 2},
        },
        "inference_unit_hour_usd": 4.0,
        "projects": ["packaging"],
        "sweep_minutes": 1,
        "lease_warning_minutes": 30,
        "unleased_models": "stop",
        "restart_when_down": True,
    }
    assert load(bundle) == Configuration(
        models={"defects": Model(defects), "logos": Model(logos, max_inference_units=2)},
        inference_unit_hour_usd=4.0,
        projects=("packaging",),
        sweep=Policy(timedelta(minutes=30), Unleased.STOP, restart_when_down=True),
        sweep_minutes=1,
    )


@pytest.mark.parametrize("handler", ["prepare", "check", "start", "stop", "notify", "settle", "sweep"])
def test_a_handler_needs_nothing_but_the_bundle_and_the_runtime(
    handler: str, bundle: Path, stack: Template, tmp_path: Path
) -> None:
    environment = {
        **stack.functions[handler]["Environment"]["Variables"],
        "PYTHONPATH": os.pathsep.join([str(bundle), str(ROOT / "build" / "runtime")]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(bundle),
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    code = f"from {stack.functions[handler]['Handler'].rpartition('.')[0]} import handler; assert callable(handler)"
    command = [sys.executable, "-S", "-c", code]
    imported = subprocess.run(  # noqa: S603 - our own arguments
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert imported.returncode == 0, imported.stderr


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotSetUp, match="make setup"):
        write(Settings.from_context(MINIMAL), tmp_path / "bundle", root=tmp_path)


def test_the_functions_run_on_the_versions_that_the_tests_run_on() -> None:
    tested = pinned(ROOT / "requirements.txt")
    vendored = pinned(ROOT / "functions" / "requirements.txt")
    assert "aws-lambda-powertools" in vendored
    assert vendored.items() <= tested.items()


@pytest.mark.parametrize("requirements", ["requirements.txt", "functions/requirements.txt"])
def test_every_requirement_is_pinned_with_its_hash(requirements: str) -> None:
    text = (ROOT / requirements).read_text("utf-8")
    blocks = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n?", "", text).strip())
    assert blocks
    for block in blocks:
        assert re.match(r"[\w.-]+==\S+( ;[^\\]+)? \\\n(\s+--hash=sha256:[0-9a-f]{64}( \\)?\n?)+$", block), block[:80]
