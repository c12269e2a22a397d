"""Inputs of the four state machines that are wrong in a way that is known, and those that are right and mean harm.

An input is begun as a right one; then something is made wrong, and the path of that is what the answer has to name.
"""

import functools
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.abuse.fields import FREE, HOSTILE, OPTIONAL, REQUIRED, WHICH, Kind
from tests.abuse.hostile import INJECTIONS, NUMBERS, WHOLE_UNICODE, nested
from tests.account.machine import PAYLOAD, payload_bytes
from tests.unit.examples import ARN, WORKLOAD

Json = Any
Chance = random.Random
Paths = tuple[str, ...]
"""Each has to be named."""
OR = "\n"
"""Between two of which one has to be named; in a path, which is on a line, there is none."""


@dataclass(frozen=True)
class Hostile:
    """An input, as text that an execution may be started with.

    Parameters
    ----------
    paths : tuple of str
        What is wrong; none where nothing is.
    dry : bool
        It asks for a dry run, of which nobody is told.
    """

    machine: str
    row: str
    text: str
    paths: Paths = ()
    dry: bool = False

    def __str__(self) -> str:
        return f"{self.machine}, {self.row}, {self.paths}: {self.text[:300]}"


def written(value: Json) -> str:
    """As JSON; half a surrogate pair is an escape in it."""
    return json.dumps(value).replace("Infinity", "1e400")


# What is right ------------------------------------------------------------------------------------


def right(machine: str, chance: Chance, *, dry: float = 0.05) -> dict[str, Json]:
    """An input that is right, and means harm where it may."""
    payload: dict[str, Json] = {}
    which = chance.choice([name for name in WHICH[machine] if "." not in name])
    payload[which] = WHICH[machine][which].right(chance)
    for name, kind in REQUIRED[machine].items():
        if "." not in name:
            payload[name] = kind.right(chance)
    optional = OPTIONAL[machine]
    for name in chance.sample(list(optional), chance.randint(0, min(4, len(optional)))):
        payload[name] = optional[name].right(chance)
    if "MinInferenceUnits" in payload or "MaxInferenceUnits" in payload:
        payload |= {"MinInferenceUnits": 1, "MaxInferenceUnits": chance.choice((1, 2.0, 1000))}
    for name in FREE[machine]:
        if chance.random() < 0.3:
            payload[name] = free(chance)
    if "DryRun" in optional and chance.random() < dry:
        payload["DryRun"] = True
    return payload


def free(chance: Chance) -> Json:
    """Whatever fits into 16 KiB and can be written as JSON in UTF-8."""
    texts = (*INJECTIONS, *WHOLE_UNICODE)
    return chance.choice(
        (
            chance.choice(texts),
            {chance.choice(texts): chance.choice(texts), "__proto__": {"DryRun": True}, "": None},
            [chance.choice(texts), [], {}, None, True, 2**63, -0.0, 1e308, 10**300],
            nested(chance.choice((1, 30, 200)), chance.choice(("list", "dict"))),
            [[[]]],
            [chance.choice(texts)],
            chance.choice(("x" * 16_000, "\u00e9" * 8_000, "\U0001f600" * 4_000, '"' * 8_000)),
            {"StartedBySweep": chance.choice(texts)},
            None,
            chance.choice((0, -1, 1.5, 2**63, False)),
        )
    )


# What is wrong ------------------------------------------------------------------------------------

Made = tuple[Json, Paths]
"""An input, and the paths of what is wrong with it."""
Maker = Callable[[str, Chance], Made]


def shown(name: str) -> str:
    """How the answer has to show a name that it does not know: so that it can't be taken for anything else."""
    if re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", name):
        return name
    quoted = json.dumps(name)
    return quoted if len(quoted) <= 80 else f"{quoted[:80]}..."


@functools.cache
def kinds(machine: str) -> Mapping[str, Kind]:
    """Every field that is not free, by its path."""
    return {**OPTIONAL[machine], **WHICH[machine], **REQUIRED[machine]}


def put(payload: dict[str, Json], path: str, value: Json, machine: str) -> Paths:
    """Put a value in its place; the paths that are to be named."""
    top, _, below = path.partition(".")
    if top in WHICH[machine]:
        for other in WHICH[machine]:
            payload.pop(other, None)
    if below:
        payload[top] = {**(payload.get(top) or {}), below: value}
    else:
        payload[top] = value
    if path == "Bucket":
        return (f"Bucket{OR}Prefix",)  # a bucket that is not configured is told of together with the prefix
    if path == "Model.ProjectVersionArn":
        return (f"Model.ProjectVersionArn{OR}ProjectVersionArn",)
    if value is None and top in ("ProjectVersionArn", "Model") and not below:
        return (f"{top}{OR}ProjectVersionArn, Model",)
    return (path,)


def wrong(row: str, make: Callable[[Kind, Chance], Json] | None = None) -> Maker:
    """A value that is wrong in the way of a row, in any field that knows of it."""

    def maker(machine: str, chance: Chance) -> Made:
        payload = right(machine, chance)
        known = kinds(machine)
        if make:
            path = chance.choice([path for path, kind in known.items() if kind.types])
            value = make(known[path], chance)
        else:
            path = chance.choice([path for path, kind in known.items() if row in kind.wrong])
            value = known[path].wrong[row](chance)
        return payload, put(payload, path, value, machine)

    return maker


def lookalike(machine: str, chance: Chance) -> Made:
    """A name that is not known, and looks like one that is, or means harm."""
    payload = right(machine, chance)
    known = [name for name in (*kinds(machine), *FREE[machine]) if "." not in name]
    field = chance.choice(known)
    name = chance.choice(
        (
            field.lower(),
            field.upper(),
            field[0].lower() + field[1:],
            f" {field}",
            f"{field} ",
            f"{field}\n",
            f"{field}\u200b",
            f"\ufeff{field}",
            f"{field}\u0000",
            f"{field}.$",
            f"{field}.",
            f"${field}",
            field.replace("o", "\u043e").replace("e", "\u0435").replace("a", "\u0430"),
            field[:-1],
            f"{field}s",
            field[1:] + field[0],
            "".join(f"_{one.lower()}" if one.isupper() else one for one in field).lstrip("_"),
            f"{field}: is fine",
            "__proto__",
            "constructor",
            "__class__",
            "toString",
            "$ref",
            "$schema",
            "StateMachineArn",
            "Leases",
            "",
            "." * 7,
            "x" * chance.choice((80, 81, 300, 100_000)),
            chance.choice(HOSTILE),
            chance.choice(HOSTILE) * 50,
        )
    )
    if name in known:
        name = f"{name}_"
    payload[name] = chance.choice((None, True, 1, "x", [], {}, chance.choice(HOSTILE)))
    if machine == "RunWithModel" and chance.random() < 0.3:
        payload["Workload"] = {**payload["Workload"], name: payload.pop(name)}
        if name in ("StateMachineArn", "Input", "ModelField"):
            payload["Workload"] = {"StateMachineArn": WORKLOAD, f"{name}_": 1}
            name = f"{name}_"
        return payload, (f"Workload.{shown(name)}",)
    return payload, (shown(name),)


def missing(machine: str, chance: Chance) -> Made:
    """Without something that has to be there."""
    payload = right(machine, chance)
    which = [name for name in WHICH[machine] if "." not in name]
    paths = [name for name in REQUIRED[machine] if machine != "DetectBatch" or name == "Bucket"]
    path = chance.choice([*paths, "ProjectVersionArn, Model", "ProjectVersionArn, Model"])
    if path == "ProjectVersionArn, Model":
        for name in which:
            payload.pop(name, None)
        return payload, (path,)
    top, _, below = path.partition(".")
    if below:
        payload[top] = {"Input": {}}
    else:
        del payload[top]
    return payload, (path,)


def both(machine: str, chance: Chance) -> Made:
    """Both of those of which exactly one is needed."""
    payload = right(machine, chance)
    for name, kind in WHICH[machine].items():
        if "." not in name:
            payload[name] = kind.right(chance)
    return payload, ("ProjectVersionArn, Model",)


def no_object(machine: str, chance: Chance) -> Made:
    """The whole of it is something else."""
    ok = right(machine, chance, dry=0)
    value = chance.choice(
        (
            None,
            True,
            False,
            chance.choice(NUMBERS),
            chance.choice(HOSTILE),
            json.dumps({"Model": "defects"}),
            ARN,
            [],
            [ok],
            [[ok]],
            [{"DryRun": True, "Model": "defects"}],
            nested(chance.choice((3, 50, 400))),
            "x" * chance.choice((1, 1000, 200_000)),
            [chance.choice(HOSTILE)] * chance.choice((1, 100)),
            [0] * chance.choice((1, 1000, 50_000)),
        )
    )
    return value, ("input",)


def crowd(machine: str, chance: Chance) -> Made:
    """Very many names that are not known."""
    payload = right(machine, chance)
    count = chance.choice((40, 400, 4_000, 12_000))
    stem = chance.choice(("Modell", "x", "LeaseMinute", "\u05e9", "<b>", "projectversionarn"))
    payload |= {f"{stem}{number}": number for number in range(count)}
    return payload, ("and * problems more",)


def context(machine: str, chance: Chance) -> Made:
    """A Context that is larger than it may be, or that nobody could give back untouched."""
    payload = right(machine, chance)
    large = chance.choice((16_385, 17_000, 100_000, 200_000))
    payload["Context"] = chance.choice(
        (
            "x" * large,
            "\u00e9" * (large // 2),
            "\U0001f600" * (large // 4),
            "\u0001" * (large // 6 + 1),
            ["x"] * (large // 4),
            {f"field-{number}": None for number in range(large // 16 + 200)},
            [nested(400)] * 21,
            float("inf"),
            {"a": [float("-inf")]},
            "\ud800",
            {"\udfff": 1},
            ["a", {"b": "c\udc00\ud800"}],
        )
    )
    return payload, ("Context",)


def between(machine: str, chance: Chance) -> Made:
    """What is wrong only together with something else."""
    payload = right(machine, chance)
    if machine == "DetectBatch":
        payload["Prefix"] = chance.choice(("line-2/", "line-1", "", "/line-1/", "LINE-1/"))
        return payload, ("Prefix",)
    if machine == "StopModel":
        return both(machine, chance)
    if machine == "RunWithModel" and chance.random() < 0.5:
        given: Json = chance.choice((None, True, 0, "x", [], [{}], chance.choice(HOSTILE)))
        payload["Workload"] = {
            **payload["Workload"],
            "Input": given,
            "ModelField": chance.choice(("M", *WHOLE_UNICODE)),
        }
        return payload, ("Workload.Input",)
    if chance.random() < 0.5:
        return payload, put(payload, "ReadyAt", kinds(machine)["ReadyAt"].wrong["between"](chance), machine)
    least = chance.choice((2, 3, 1000))
    payload |= {"MinInferenceUnits": least, "MaxInferenceUnits": chance.choice((1, least - 1, 1.0))}
    return payload, ("MaxInferenceUnits",)


def whole_of_it(machine: str, chance: Chance) -> Made:
    """As large as an input may be, and so no state could be given it together with anything else."""
    payload = right(machine, chance, dry=0)
    left = PAYLOAD - chance.choice((0, 1, 30, 100)) - payload_bytes({**payload, "Comment": ""})
    payload["Comment"] = "x" * left
    return payload, ("input",)


def several(machine: str, chance: Chance) -> Made:
    """Two to four things at once, in different fields."""
    payload = right(machine, chance)
    known = kinds(machine)
    which = set(WHICH[machine])
    free_to_choose = [path for path in known if path not in which and "." not in path]
    chosen = [*chance.sample(free_to_choose, min(len(free_to_choose), chance.randint(1, 3)))]
    paths: list[str] = []
    for path in chosen:
        if path in ("Bucket", "Prefix", "MinInferenceUnits", "MaxInferenceUnits"):
            continue
        paths += put(payload, path, known[path].of_wrong_type(chance), machine)
    name = chance.choice(("Modle", "<b>", "a\nb", "\ud800", "{% $x %}"))
    payload[name] = 1
    return payload, (*paths, shown(name))


ROWS: Mapping[str, tuple[str, Maker, int]] = {
    "types": (
        "A value of another type, in every field",
        wrong("", lambda kind, chance: kind.of_wrong_type(chance)),
        2000,
    ),
    "nested": ("Lists and objects, up to 400 deep", wrong("", lambda kind, chance: kind.nested(chance)), 600),
    "strings": ("Strings: wrong characters, injections, Unicode", wrong("strings"), 2000),
    "numbers": ("Numbers at, past, and far past every bound", wrong("numbers"), 1500),
    "ARNs": ("ARNs of others, and malformed ones", wrong("ARNs"), 800),
    "huge": ("Strings up to 200 KB", wrong("huge"), 400),
    "lookalike": ("Names that are not known, or look like one that is", lookalike, 1500),
    "missing": ("Something that has to be there is not", missing, 300),
    "both": ("Both of those of which exactly one is needed", both, 200),
    "no object": ("No object at all", no_object, 500),
    "crowd": ("40 to 12,000 names that are not known", crowd, 60),
    "context": ("A Context that is too large, or no text", context, 300),
    "between": ("Fields that do not go together", between, 300),
    "whole": ("An input as large as an execution may be given", whole_of_it, 60),
    "several": ("Several of these at once", several, 600),
}
"""By their key: the words of the row, who makes its inputs, and how many of them for each machine."""
ROOM = PAYLOAD - 2_000
"""Bytes of an input that leave room for what a state adds to it."""
_NEVER = {("context", "DetectBatch")}


def hostile(machine: str, row: str, share: float = 1) -> Iterator[Hostile]:
    """The inputs of a row; the same ones each time."""
    if (row, machine) in _NEVER:
        return
    _, make, count = ROWS[row]
    chance = random.Random(f"{machine} {row}")  # noqa: S311 - the same inputs every time
    for _ in range(max(1, round(count * share))):
        text = ""
        while not text or (len(text) > ROOM and row != "whole" and payload_bytes(json.loads(text)) > ROOM):
            payload, paths = make(machine, chance)
            text = written(payload)
        dry = isinstance(payload, dict) and payload.get("DryRun") is True
        yield Hostile(machine, row, text, paths, dry)


def legal(machine: str, share: float = 1) -> Iterator[Hostile]:
    """Inputs that are right, and mean harm where they may."""
    chance = random.Random(f"{machine} legal")  # noqa: S311 - the same inputs every time
    for _ in range(max(1, round(LEGAL * share))):
        payload = right(machine, chance, dry=0.1)
        if machine == "RunWithModel":
            # Not null: to the interpreter of JSONata that is used here it is the same as nothing.
            given = chance.choice((free(chance) or 0, {chance.choice(HOSTILE): free(chance)}))
            payload["Workload"] = {**payload["Workload"], "Input": given}
        yield Hostile(machine, "legal", written(payload), (), payload.get("DryRun") is True)


LEGAL = 500
