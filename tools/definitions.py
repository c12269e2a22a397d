"""Write the policies of ``statemachine/policies.json`` into the definitions: ``python -m tools.definitions [--check]``.

Definitions are whole for the console, Workflow Studio and every linter; the policies stand once. A state names its
policies at the end of its Comment, as ``Retry: safe-to-repeat. Catch: step-failed, then 'Notify: failed'.`` With
``--check`` nothing is written, and whatever differs is an error that names the state and the policy. It also writes
what other schemas share with StartModel's (``tools.schemas``).
"""

import difflib
import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools import schemas
from tools.asl import DEFINITIONS

POLICIES = DEFINITIONS / "policies.json"
WIDTH = 120
"""What fits into a line of so many characters stands on one line."""

Json = Any
_NAMED = re.compile(r"Retry: (?P<Retry>[\w, -]+)\. Catch: (?P<Catch>[\w, -]+?)(?:, then '(?P<then>[^']+)')?\.$")
_EXAMPLE = "Retry: <policy>. Catch: <policy>, then '<state>'."
_SPACE = "\N{NO-BREAK SPACE}"
_WHOLE: Any = {"break_long_words": False, "break_on_hyphens": False}
_REPEATS = frozenset({"Task", "Map", "Parallel"})
_AFTER = ("Assign", "Output", "Next", "End")
"""The fields before which Retry and Catch stand."""


class DefinitionError(Exception):
    """A state names no policy, or one that does not exist; or the policies contradict themselves."""


def policies_for(definition: str) -> dict[str, Json]:
    """The policies, for the definition of this file: ``start_model`` is StartModel in its messages."""
    machine = definition.title().replace("_", "")
    found: dict[str, Json] = json.loads(POLICIES.read_text("utf-8").replace("<Machine>", machine))
    return found


def stamped(definition: Mapping[str, Json], policies: Mapping[str, Json]) -> dict[str, Json]:
    """A definition with the Retry and Catch that its states' Comments name.

    Raises
    ------
    DefinitionError
        It names the state.
    """
    return {
        **definition,
        "States": {name: _state(name, state, policies) for name, state in definition["States"].items()},
    }


def _state(name: str, state: Mapping[str, Json], policies: Mapping[str, Json]) -> dict[str, Json]:
    if "ItemProcessor" in state:
        state = {**state, "ItemProcessor": stamped(state["ItemProcessor"], policies)}
    if state["Type"] not in _REPEATS:
        return dict(state)
    handling = dict(_handling(name, state, policies))
    written: dict[str, Json] = {}
    for field, value in state.items():
        if field in _AFTER:
            written |= handling
        if field not in handling:
            written[field] = value
    return written


def _policies_of(name: str, state: Mapping[str, Json]) -> re.Match[str]:
    named = _NAMED.search(state.get("Comment", ""))
    if named is None:
        raise DefinitionError(f"'{name}': its Comment has to end with \"{_EXAMPLE}\"")
    return named


def _handling(name: str, state: Mapping[str, Json], policies: Mapping[str, Json]) -> Iterator[tuple[str, list[Json]]]:
    named = _policies_of(name, state)
    for kind in ("Retry", "Catch"):
        blocks: list[Json] = []
        for policy in named[kind].split(", "):
            if policy not in policies[kind]:
                near = difflib.get_close_matches(policy, policies[kind], 1)
                raise DefinitionError(
                    f"'{name}': policies.json has no {kind} policy '{policy}'"
                    + "".join(f"; did you mean '{one}'?" for one in near)
                )
            blocks += policies[kind][policy]["Blocks"]
        then = {"Next": named["then"] or state["Next"]} if kind == "Catch" else {}
        yield kind, [_block(block, state, policies["Errors"]) | then for block in blocks]


def _block(block: Mapping[str, Json], state: Mapping[str, Json], errors: Mapping[str, Json]) -> dict[str, Json]:
    """A Retry or Catch as Step Functions takes it: lists of errors, and of variables, written out."""
    names = [name for one in block["ErrorEquals"] for name in (errors[one]["Names"] if one in errors else (one,))]
    if unknown := [name for name in names if " " in name]:
        raise DefinitionError(f"policies.json has no list of Errors '{unknown[0]}'")
    written = {**block, "ErrorEquals": names}
    if "*" in block.get("Assign", {}):
        assigned = dict(block["Assign"])
        empty = assigned.pop("*")
        written["Assign"] = assigned | {variable: empty for variable in state["Assign"] if variable not in assigned}
    return written


def formatted(value: Json, indent: int = 0, before: int = 0) -> str:
    """JSON text: what fits into a line stands on one, else each of its parts does; names fill their lines.

    Parameters
    ----------
    before : int
        The characters before it in its line.
    """
    text = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or before + len(text) < WIDTH:
        return text
    inner = indent + 2
    if isinstance(value, dict):
        parts = [
            f"{key}: {formatted(part, inner, inner + len(key) + 2)}"
            for key, part in ((json.dumps(name, ensure_ascii=False), part) for name, part in value.items())
        ]
    elif all(isinstance(part, str) for part in value):
        texts = ", ".join(json.dumps(part, ensure_ascii=False).replace(" ", _SPACE) for part in value)
        parts = [line.removesuffix(",").replace(_SPACE, " ") for line in textwrap.wrap(texts, WIDTH - inner, **_WHOLE)]
    else:
        parts = [formatted(part, inner, inner) for part in value]
    lines = ",\n".join(" " * inner + part for part in parts)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{lines}\n{' ' * indent}{closing}"


def differences(name: str, found: Mapping[str, Json], wanted: Mapping[str, Json]) -> Iterator[str]:
    """Which states' Retry and Catch are not what their policies say, with what they name."""
    for state, right in wanted["States"].items():
        is_now = found["States"][state]
        if "ItemProcessor" in right:
            yield from differences(name, is_now["ItemProcessor"], right["ItemProcessor"])
        for kind in ("Retry", "Catch"):
            if is_now.get(kind) != right.get(kind):
                named = _policies_of(state, right)[kind]
                yield f"{name}, '{state}': its {kind} is not what policies.json says of '{named}'"


def main(arguments: Sequence[str]) -> str | None:
    """Write, or check; answers what is wrong."""
    wrong: list[str] = []
    for path in sorted(DEFINITIONS.glob("*.json")):
        text = path.read_text("utf-8")
        found = wanted = json.loads(text)
        if path != POLICIES:
            try:
                wanted = stamped(found, policies_for(path.name.removesuffix(".asl.json")))
            except DefinitionError as error:
                return f"{path.name}: {error}"
            wrong += differences(path.name, found, wanted)
        fresh = f"{formatted(wanted)}\n"
        if fresh != text and wanted == found:
            wrong.append(f"{path.name} is formatted in another way")
        if fresh != text and "--check" not in arguments:
            path.write_text(fresh, "utf-8")
    for path, schema in schemas.wanted():
        fresh = f"{formatted(schema)}\n"
        if stale := fresh != path.read_text("utf-8"):
            wrong.append(f"{path.name} describes a field in another way than StartModel's schema, or lacks one")
        if stale and "--check" not in arguments:
            path.write_text(fresh, "utf-8")
    if wrong and "--check" in arguments:
        return "\n".join((*wrong, "Change the policy, or what the state's Comment names; then run 'make definitions'."))
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
