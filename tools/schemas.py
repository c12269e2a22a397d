"""The input schemas that repeat StartModel's fields: each field stands once, in ``start_model.input.schema.json``.

Schemas are whole for who validates with them; ``python -m tools.definitions`` writes into the others what they share.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.asl import DEFINITIONS

FOLDER = DEFINITIONS / "schemas"
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


def shared(machine: str, found: Mapping[str, Json]) -> dict[str, Json]:
    """The schema of a machine with StartModel's fields as StartModel has them: RunWithModel's has all of them."""
    start = json.loads(path_of("start_model").read_text("utf-8"))["properties"]
    same = {name: field for name, field in start.items() if name not in OF_ITS_OWN[machine]}
    has = found["properties"]
    if machine == "run_with_model":
        own = {name: field for name, field in has.items() if name not in start}
        passed_on = {name: same.get(name, has.get(name)) for name in start if name not in OF_A_START_ALONE}
        return {**found, "properties": own | passed_on}
    return {**found, "properties": {name: same.get(name, field) for name, field in has.items()}}
