"""The schemas that repeat StartModel's fields: each field stands once, in ``start_model.input.schema.json``.

Schemas are whole for who validates with them; ``python -m tools.definitions`` writes into the others what they share:
into inputs whole fields, and into the settings the bounds of what they set for a start.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.asl import DEFINITIONS

FOLDER = DEFINITIONS / "schemas"
SETTINGS = DEFINITIONS.parent / "infra" / "settings" / "settings.schema.json"
BOUNDS = ("minimum", "maximum", "pattern")
SET_FOR_A_START = {
    "lease_id": "LeaseId",
    "lease_minutes": "LeaseMinutes",
    "max_inference_units": "MaxInferenceUnits",
    "min_inference_units": "MinInferenceUnits",
    "project_version_arn": "ProjectVersionArn",
}
"""Settings, wherever they stand, and the field of StartModel whose bounds they have."""
OF_A_START_ALONE = frozenset({"ExtendOnly"})
"""What RunWithModel does not pass on to StartModel."""
OF_ITS_OWN = {
    "run_with_model": frozenset({"LeaseId"}),
    "stop_model": frozenset({"ProjectVersionArn", "LeaseId", "TimeoutSeconds"}),
}
"""Fields that these machines have too, and which mean something else there."""

Json = Any


def path_of(machine: str) -> Path:
    """The input schema of a machine, by its name in file names."""
    return FOLDER / f"{machine}.input.schema.json"


def wanted() -> Iterator[tuple[Path, Json]]:
    """Each schema that shares something with StartModel's, as it has to be."""
    for machine in OF_ITS_OWN:
        yield path_of(machine), shared(machine, _read(path_of(machine)))
    yield SETTINGS, bounded(_read(SETTINGS))


def shared(machine: str, found: Mapping[str, Json]) -> dict[str, Json]:
    """The schema of a machine with StartModel's fields as StartModel has them: RunWithModel's has all of them."""
    start = _fields()
    same = {name: field for name, field in start.items() if name not in OF_ITS_OWN[machine]}
    has = found["properties"]
    if machine == "run_with_model":
        own = {name: field for name, field in has.items() if name not in start}
        passed_on = {name: same.get(name, has.get(name)) for name in start if name not in OF_A_START_ALONE}
        return {**found, "properties": own | passed_on}
    return {**found, "properties": {name: same.get(name, field) for name, field in has.items()}}


def bounded(schema: Json) -> Json:
    """The schema of the settings with StartModel's bounds, which is what they are checked for before a deploy."""
    if isinstance(schema, list):
        return [bounded(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: part | _bounds(name) if name in SET_FOR_A_START and isinstance(part, dict) else bounded(part)
        for name, part in schema.items()
    }


def _bounds(setting: str) -> dict[str, Json]:
    field = _fields()[SET_FOR_A_START[setting]]
    return {bound: field[bound] for bound in BOUNDS if bound in field}


def _fields() -> dict[str, Json]:
    fields: dict[str, Json] = _read(path_of("start_model"))["properties"]
    return fields


def _read(path: Path) -> Json:
    return json.loads(path.read_text("utf-8"))
