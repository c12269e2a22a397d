"""The functions' bundle. That it is the same wherever it is built: test_app.py."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.parts.bundle import NotSetUp, write
from infra.settings.settings import Settings
from lifecycle import configuration
from lifecycle.configuration import Configuration
from lifecycle.shared.wire import to_wire
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


def test_it_has_what_the_functions_need_of_the_settings_and_nothing_else(bundle: Path) -> None:
    """In order: equal settings make equal bundles, and who is notified of what is none of the functions' code."""
    defects, logos = (model["project_version_arn"] for model in SETTINGS["models"][:2])
    units = {"MinInferenceUnits": 1, "LeaseMinutes": 120, "MinimumF1": 0.0}
    office = {
        "Start": "30 7 ? * MON-FRI *",
        "Stop": "0 18 ? * MON-FRI *",
        "ExcludeDates": ["2090-12-25", "2090-12-26"],
        "StartDate": "2090-01-01",
        "EndDate": "2098-12-31",
        "Enabled": True,
        "TooLateMinutes": 60,
    }
    night = {"ReadyBy": "0 1,22 ? * SAT *", "ExcludeDates": [], "Enabled": False, "TooLateMinutes": 120}
    text = (bundle / configuration.FILE).read_text("utf-8")
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True)
    assert json.loads(text) == to_wire(Configuration(models={})) | {
        "Models": {
            "defects": {"ProjectVersionArn": defects, **units},
            "logos": {"ProjectVersionArn": logos, **units, "MaxInferenceUnits": 2},
            "welds": {"Project": "welds", **units, "MinimumF1": 0.8},
        },
        "InferenceUnitHourUsd": 4.0,
        "PriceIsAssumed": True,
        "Projects": ["packaging"],
        "Schedules": {
            "night": {"Model": "defects", "TimeZone": "Europe/Berlin", **night},
            "office-hours": {"Model": "defects", "TimeZone": "Europe/Berlin", **office},
        },
        "Workloads": ["Inspection", "CustomLabelsLifecycle-DetectBatch", "CustomLabelsLifecycle-DrainInbox"],
        "DetectBatch": {
            "Images": SETTINGS["detect_batch"]["images"],
            "Results": "s3://factory-results/labels",
            "MaxConcurrency": 40,
        },
        "Inboxes": {
            "line-1": {
                "Model": "logos",
                "Images": "s3://factory-inbox/line-1/",
                "Results": "s3://factory-results/inbox/line-1/",
                "StartAtImages": 20,
                "StartAfterMinutes": 30,
                "IdleMinutes": 3,
                "MinConfidence": 80,
                "MaxResults": 10,
            }
        },
        "RunbookUrl": SETTINGS["runbook_url"],
        "SweepMinutes": 1,
        "LeaseWarningMinutes": 30,
        "UnleasedModels": "stop",
        "RestartWhenDown": True,
        "MonthlyBudgetUsd": 500,
        "OverBudget": "stop",
        "OnDestroy": "stop",
    }


def test_the_functions_read_the_settings_as_they_were_checked(bundle: Path) -> None:
    assert configuration.load(bundle) == Settings.from_context(SETTINGS).configuration


IMPORT_EACH = """
import importlib, json, os, sys
import boto3  # once, because it takes long
sys.dont_write_bytecode, sys.pycache_prefix = False, os.getcwd()  # what they share is compiled once, outside the bundle
for module, variables in json.load(sys.stdin):
    if os.fork() == 0:
        os.environ.update(variables)
        handler = importlib.import_module(module).handler
        print(json.dumps([module, callable(handler), "jinja2" in sys.modules]), flush=True)
        os._exit(0)
    os.wait()
"""
"""Each in a process of its own, as Lambda does."""


def test_the_handlers_need_nothing_but_the_bundle_and_the_runtime(
    bundle: Path, stack: Template, tmp_path: Path
) -> None:
    runtime = {
        "PYTHONPATH": os.pathsep.join([str(bundle), str(ROOT / "build" / "runtime")]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(bundle),
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    functions = {f"handlers.{name}": one["Environment"]["Variables"] for name, one in stack.functions.items()}
    imported = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-S", "-c", IMPORT_EACH],
        cwd=tmp_path,
        env=runtime,
        input=json.dumps([*functions.items()]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert imported.stderr == ""
    found = {module: tuple(how) for module, *how in map(json.loads, imported.stdout.splitlines())}
    # What makes HTML is no part of the others' cold starts.
    html = {"handlers.page", "handlers.act"}
    assert found == {module: (True, module in html) for module in functions}


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
