"""Which mutants a definition has: without each retrier and each catcher, and each Choice rule always or never taken.

All of them are valid Amazon States Language: no linter sees that anything is wrong.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.asl import DEFINITIONS
from tools.definitions import formatted
from tools.mutants.mutations import Mutant
from tools.mutants.record import Word

TESTS: Sequence[tuple[Word, Sequence[str]]] = (
    (
        Word.SIMULATED,
        ["tests/account/test_detect_batch.py", "tests/account/test_every_task.py", "tests/account/test_inbox.py"],
    ),
    (
        Word.SIMULATED,
        [
            "tests/account",
            "--ignore=tests/account/test_statuses.py",
            "--deselect=tests/account/test_stories.py::test_the_simulated_functions_are_as_the_template_has_them",
        ],
    ),
    (Word.READ, ["tests/unit/tools/test_definitions.py", "tests/statemachine"]),
)
"""What pytest is asked to run until a test fails, the likeliest to notice first, and what the record then says.

Of the tests of the account two run no definition.
"""
_SUFFIX = ".asl"


def places() -> list[str]:
    """The definitions, such as ``start_model.asl``, that the simulated account runs."""
    return sorted(path.stem for path in DEFINITIONS.glob(f"*{_SUFFIX}.json"))


def is_one(place: str) -> bool:
    """Whether it is a definition, and no module of the core."""
    return place.endswith(_SUFFIX)


def path_of(place: str) -> Path:
    """The file of a definition."""
    return DEFINITIONS / f"{place}.json"


def mutants(text: str) -> Iterator[Mutant]:
    """All mutants of a definition, in its order.

    A handler is named by the first error that it names, which no other of its state does; a rule by its condition.
    """
    definition = json.loads(text)
    for name, state in _states(definition):
        for kind in ("Retry", "Catch"):
            handlers = state.get(kind, [])
            for index, handler in enumerate(list(handlers)):
                del handlers[index]
                yield Mutant(f"{name} => no {kind} of {handler['ErrorEquals'][0]}", f"{formatted(definition)}\n")
                handlers.insert(index, handler)
        for rule in state.get("Choices", ()):
            condition = rule["Condition"]
            said = condition.removeprefix("{%").removesuffix("%}").strip()
            for taken, changed in (("always", f"true or ({said})"), ("never", f"false and ({said})")):
                rule["Condition"] = f"{{% {changed} %}}"
                yield Mutant(f"{name} => {taken} {said}", f"{formatted(definition)}\n")
            rule["Condition"] = condition


def _states(definition: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """With those that a Map runs for each of its items."""
    for name, state in definition["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from _states(state["ItemProcessor"])
