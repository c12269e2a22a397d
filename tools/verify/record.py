"""The recorded expectations: what the emulator's engine saw, in a file for each definition.

``RENEW_GOLDEN=1 .venv/bin/pytest tests/verify -n 0`` writes them anew; the difference is for a person to read.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tools.asl import StateMachine
from tools.definitions import formatted
from tools.verify.cases import Case

Json = Any
Record = Mapping[str, Mapping[str, Mapping[str, Mapping[str, Json]]]]
"""By program, state and branch, what is expected."""
FOLDER = Path(__file__).parent / "expected"


def recorded(folder: Path = FOLDER) -> Record:
    """All that is recorded."""
    files = sorted(folder.glob("*.json"))
    return {program: states for file in files for program, states in json.loads(file.read_text("utf-8")).items()}


def write(machine: str, record: Record, folder: Path = FOLDER) -> None:
    """Write the file of a machine, with the programs of its Maps."""
    (folder / f"{machine}.json").write_text(f"{formatted(record)}\n", "utf-8")


def record_of(found: Iterable[tuple[Case, Mapping[str, Json]]], programs: Iterable[StateMachine]) -> Record:
    """What was seen, as it is recorded: of a pause that jitter shortens its bound."""
    states = {(program.name, name): state for program in programs for name, state in program.states.items()}
    record: dict[str, dict[str, dict[str, Mapping[str, Json]]]] = {}
    for case, was in found:
        expected = dict(was)
        if "Retry" in was:
            retrier = states[case.machine, case.state]["Retry"][was["Retry"]]
            if retrier.get("JitterStrategy") == "FULL":
                del expected["Seconds"]
                tried = case.request.get("stateConfiguration", {}).get("retrierRetryCount", 0)
                expected["WithinSeconds"] = longest_pause(retrier, tried)
        record.setdefault(case.machine, {}).setdefault(case.state, {})[case.branch] = expected
    return record


def longest_pause(retrier: Mapping[str, Json], tried: int) -> int:
    """Seconds before the next try, without jitter."""
    seconds = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** tried
    return int(min(seconds, retrier.get("MaxDelaySeconds", seconds)))
