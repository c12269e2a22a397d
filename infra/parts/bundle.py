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
    *("__pycache__", "bin", ".done", ".lock", "RECORD", "INSTALLER", "REQUESTED", "METADATA"),
    *("*.so", "*.c", "*.pyi"),
)
"""Scripts with the path of their interpreter, caches, notes of installers and for them; and what is compiled for one
processor, with its source and types: MarkupSafe, which has it, does the same in Python."""

USED_UTILITIES = frozenset({"batch", "data_classes", "idempotency", "jmespath_utils", "typing"})
"""Of Powertools' utilities, those that the functions import, or what they import."""

UNUSED_PARTS = (
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/metrics/provider/datadog",
    "aws_lambda_powertools/utilities/data_classes/api_gateway_authorizer_event.py",
    "aws_lambda_powertools/utilities/data_classes/cognito_user_pool_event.py",
    "aws_lambda_powertools/utilities/data_classes/s3_object_event.py",
    "aws_lambda_powertools/utilities/idempotency/persistence/redis.py",
    "jinja2/meta.py",
    "jinja2/nativetypes.py",
    "jinja2/sandbox.py",
)
"""The largest other parts that nothing imports: other events, stores and services of metrics, other uses of Jinja."""


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
    _drop_unused(target)
    for package in ("handlers", "lifecycle"):
        shutil.copytree(root / "functions" / package, target / package, ignore=NOT_REPRODUCIBLE)
    (target / "schemas").mkdir()
    for schema in (root / "statemachine" / "schemas").glob("*.input.schema.json"):  # no function reads another one
        shutil.copy(schema, target / "schemas")
    configuration.save(settings.configuration, target)
    return target


def _drop_unused(bundle: Path) -> None:
    """Leave of others' packages what the functions import: the rest is most of what would be hashed and uploaded."""
    utilities = [folder for folder in (bundle / "aws_lambda_powertools" / "utilities").iterdir() if folder.is_dir()]
    unused = [folder for folder in utilities if folder.name not in USED_UTILITIES]
    for path in (*unused, *(bundle / part for part in UNUSED_PARTS)):
        (shutil.rmtree if path.is_dir() else Path.unlink)(path)


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
