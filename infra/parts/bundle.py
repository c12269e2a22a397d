"""The Lambda asset: our code, the schemas of inputs, the vendored requirements and the configuration, in one folder.

No Docker and no network: ``make setup`` has vendored ``functions/requirements.txt`` into ``build/vendor``. What differs
between two machines is left out, so that the same sources give the same asset hash anywhere.
"""

import shutil
from pathlib import Path

from infra.settings.settings import Settings
from lifecycle import configuration

ROOT = Path(__file__).parents[2]
NOT_REPRODUCIBLE = shutil.ignore_patterns(
    *("__pycache__", "bin", ".done", ".lock", "RECORD", "INSTALLER", "REQUESTED", "METADATA", "*.so")
)
"""Scripts with the path of their interpreter, caches, notes of installers and for them; and what is compiled for one
processor: MarkupSafe, which has it, does the same in Python."""

USED_UTILITIES = frozenset({"batch", "data_classes", "idempotency", "jmespath_utils", "typing"})
"""Of Powertools' utilities, those that the functions import, or what they import."""

UNUSED_PARTS = (
    "metrics/provider/datadog",
    "utilities/data_classes/api_gateway_authorizer_event.py",
    "utilities/data_classes/cognito_user_pool_event.py",
    "utilities/data_classes/s3_object_event.py",
    "utilities/idempotency/persistence/redis.py",
)
"""The largest parts of the others that nothing imports: other events, other stores, other services of metrics."""


class NotSetUp(Exception):
    """The vendored requirements are missing."""


def write(settings: Settings, target: Path, root: Path = ROOT) -> Path:
    """Write the asset's folder anew.

    Parameters
    ----------
    settings : Settings
        Of which what the functions need goes into the bundle.
    target : Path
        The folder; what was there is removed.
    root : Path
        The project, for a test that builds from two folders.
    """
    vendor = root / "build" / "vendor"
    if not (vendor / ".done").exists():
        raise NotSetUp("The functions' requirements are not vendored yet: run 'make setup'.")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(vendor, target, ignore=NOT_REPRODUCIBLE)
    _keep_time_zones(target / "tzdata", {schedule.time_zone for schedule in settings.schedules.values()})
    _drop_unused(target / "aws_lambda_powertools")
    for package in ("handlers", "lifecycle"):
        shutil.copytree(root / "functions" / package, target / package, ignore=NOT_REPRODUCIBLE)
    (target / "schemas").mkdir()
    for schema in (root / "statemachine" / "schemas").glob("*.input.schema.json"):  # no function reads another one
        shutil.copy(schema, target / "schemas")
    configuration.save(settings.configuration, target)
    return target


def _drop_unused(powertools: Path) -> None:
    """Leave of Powertools what the functions import: the rest is most of what would be hashed and uploaded."""
    for folder in (powertools / "event_handler", *(powertools / "utilities").iterdir()):
        if folder.is_dir() and folder.name not in USED_UTILITIES:
            shutil.rmtree(folder)
    for part in UNUSED_PARTS:
        (shutil.rmtree if (powertools / part).is_dir() else Path.unlink)(powertools / part)


def _keep_time_zones(package: Path, zones: set[str]) -> None:
    """Leave of all the world's time zones those of the schedules: the others would double what is uploaded.

    The Lambda runtime need not have any. ``zoneinfo`` reads them as resources of packages.
    """
    if not zones:
        shutil.rmtree(package)
        return
    kept = {package / "zoneinfo" / zone for zone in zones} | {package / "zoneinfo" / "UTC"}
    for path in sorted(package.rglob("*"), reverse=True):  # what is in a folder before the folder
        if path.is_dir():
            _remove_if_unused(path)
        elif path not in kept and path.name != "__init__.py":
            path.unlink()


def _remove_if_unused(folder: Path) -> None:
    if {path.name for path in folder.iterdir()} <= {"__init__.py"}:
        shutil.rmtree(folder)
