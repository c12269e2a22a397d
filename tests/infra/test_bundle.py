"""The functions' bundle. That it is the same wherever it is built: test_app.py."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.parts.bundle import NotSetUp, write
from infra.settings.settings import Settings
from lifecycle.configuration import Configuration, DetectBatch, Model, Policy, Schedule, Unleased, load
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
    theirs = {"aws_lambda_powertools", "cronsim", "fastjsonschema", "jmespath", "typing_extensions.py", "tzdata"}
    theirs |= {"jinja2", "markupsafe"}
    assert names == ours | theirs


def test_it_is_pure_python_small_and_leaves_boto3_to_the_runtime(bundle: Path) -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in bundle.rglob("*"):
            assert file.suffix not in {".so", ".pyd", ".pyc"}, file
            archive.write(file, file.relative_to(bundle))
    assert not [*bundle.rglob("boto3"), *bundle.rglob("botocore")]
    assert len(zipped.getvalue()) < 750_000


BATCHES = ("detect_batch_prepare", "detect_batch_summarise")
HOME = "arn:aws:states:eu-west-1:111122223333:stateMachine:"
WORKLOAD = f"{HOME}Inspection"


def test_it_has_the_configuration_as_the_functions_read_it(bundle: Path) -> None:
    defects, logos = (model["project_version_arn"] for model in SETTINGS["models"][:2])
    units = {"min_inference_units": 1, "max_inference_units": None, "lease_minutes": 120}
    unnamed = {"project": None, "minimum_f1": 0.0}
    office: dict[str, Any] = {
        "start": "30 7 ? * MON-FRI *",
        "stop": "0 18 ? * MON-FRI *",
        "excluded_dates": ("2090-12-25", "2090-12-26"),
        "start_date": "2090-01-01",
        "end_date": "2098-12-31",
        "too_late_minutes": 60,
    }
    night: dict[str, Any] = {"ready_by": "0 1,22 ? * SAT *"}
    schedules = {
        name: Schedule("defects", "Europe/Berlin", **fields)
        for name, fields in {"night": night, "office-hours": office}.items()
    }
    assert json.loads((bundle / "configuration.json").read_text("utf-8")) == {
        "models": {
            "defects": {"project_version_arn": defects, **units, **unnamed},
            "logos": {"project_version_arn": logos, **units, **unnamed, "max_inference_units": 2},
            "welds": {"project_version_arn": None, **units, "project": "welds", "minimum_f1": 0.8},
        },
        "inference_unit_hour_usd": 4.0,
        "projects": ["packaging"],
        "sweep_minutes": 1,
        "lease_warning_minutes": 30,
        "unleased_models": "stop",
        "restart_when_down": True,
        "schedules": json.loads(json.dumps({name: asdict(schedule) for name, schedule in schedules.items()})),
        "disabled_schedules": ["night"],
        "workloads": [WORKLOAD, f"{HOME}CustomLabelsLifecycle-DetectBatch"],
        "detect_batch": SETTINGS["detect_batch"],
        "bill_retention_days": 400,
        "calls_per_second": 4,
        "runbook_url": SETTINGS["runbook_url"],
    }
    assert load(bundle) == Configuration(
        models={
            "defects": Model(defects),
            "logos": Model(logos, max_inference_units=2),
            "welds": Model(project="welds", minimum_f1=0.8),
        },
        inference_unit_hour_usd=4.0,
        projects=("packaging",),
        sweep=Policy(timedelta(minutes=30), Unleased.STOP, restart_when_down=True),
        sweep_minutes=1,
        schedules=schedules,
        disabled_schedules=("night",),
        workloads=(WORKLOAD, f"{HOME}CustomLabelsLifecycle-DetectBatch"),
        detect_batch=DetectBatch(**{**SETTINGS["detect_batch"], "images": tuple(SETTINGS["detect_batch"]["images"])}),
        runbook_url=SETTINGS["runbook_url"],
    )


@pytest.mark.parametrize(
    "handler",
    ["prepare", "check", "start", "stop", "notify", "settle", "sweep", "tick", "page", "act", *BATCHES],
)
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
    # What makes HTML is no part of the others' cold starts.
    code += f"; import sys; assert ('jinja2' in sys.modules) is {handler in {'page', 'act'}}"
    command = [sys.executable, "-S", "-c", code]
    imported = subprocess.run(  # noqa: S603 - our own arguments
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert imported.returncode == 0, imported.stderr


def test_it_has_the_time_zones_of_its_schedules_and_no_others(bundle: Path, minimal: Template) -> None:
    """Lambda's runtime need not have any, and all of them would double what is uploaded."""
    zones = bundle / "tzdata" / "zoneinfo"
    files = {str(path.relative_to(zones)) for path in zones.rglob("*") if path.is_file()}
    assert files == {"__init__.py", "UTC", "Europe/__init__.py", "Europe/Berlin"}
    code = "from datetime import *; from zoneinfo import ZoneInfo; print(datetime(2026, 7, 1, tzinfo=ZoneInfo('{}')))"
    environment = {"PYTHONPATH": str(bundle), "PYTHONTZPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    found = {
        zone: subprocess.run(  # noqa: S603 - our own arguments
            [sys.executable, "-S", "-c", code.format(zone)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        for zone in ("Europe/Berlin", "Asia/Tokyo")
    }
    assert found == {"Europe/Berlin": "2026-07-01 00:00:00+02:00", "Asia/Tokyo": ""}
    assert not [*minimal.assembly.glob("asset.*/tzdata")]


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
