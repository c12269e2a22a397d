"""Inputs of the four state machines from their schemas: right ones, and those in which a known thing is made wrong.

An input is begun as a right one; then something is made wrong, and the path of that is what the answer has to name.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from tests.abuse.hostile import ENDS_OF_TIME, HALVES, HOSTILE, UNICODE, VALUES, WIDE, nested
from tests.abuse.schemas import (
    Field,
    Strategy,
    anything,
    fields_of,
    has_halves,
    right_value,
    wrong_value,
)
from tests.account.machine import PAYLOAD, payload_bytes
from tests.unit.examples import ARN, NOW, WORKLOAD

Json = Any
Draw = st.DrawFn
OR = "\n"
"""Between two of which one has to be named; in a path, which is on a line, there is none."""
ROOM = PAYLOAD - 2_000
"""Bytes of an input that leave room for what a state adds to it."""
FOLDER = Path(__file__).parents[2] / "statemachine" / "schemas"
SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    machine: json.loads((FOLDER / f"{name}.input.schema.json").read_text(encoding="utf-8"))
    for machine, name in {
        "StartModel": "start_model",
        "StopModel": "stop_model",
        "RunWithModel": "run_with_model",
        "DetectBatch": "detect_batch",
    }.items()
}
FIELDS = {machine: list(fields_of(schema)) for machine, schema in SCHEMAS.items()}
BUCKET, PLACE = "factory-images", "line-1/"
WHICH = ("ProjectVersionArn", "Model")
"""Exactly one of them is needed."""
RIGHT: Mapping[str, Strategy] = {
    "ProjectVersionArn": st.just(ARN),
    "Model": st.just("defects"),
    "LeaseId": st.sampled_from(("A" * 128, "../../x", "::", "run/x", "schedule/shift", "dashboard", "-")),
    "Workload": st.just({"StateMachineArn": WORKLOAD}),
    "Bucket": st.just(BUCKET),
    "Prefix": st.sampled_from(UNICODE).map(PLACE.__add__),
}
"""Of fields of which the schema does not say all: what is configured here."""
WRONG_HERE: Mapping[str, Callable[[str], bool]] = {
    "ProjectVersionArn": lambda value: value.split(":")[:5] != ARN.split(":")[:5],
    "Model": lambda value: value != "defects",
    "Workload.StateMachineArn": lambda value: value != WORKLOAD,
    "Bucket": lambda value: value != BUCKET,
    "Prefix": lambda value: not value.startswith(PLACE),
    "ClientRequestToken": has_halves,
    "ReadyAt": lambda _value: True,  # no string that is tried is a time
}
"""What is wrong although it keeps to the schema."""
EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "ProjectVersionArn": (ARN,),
    "Model": ("defects", "none"),
    "Workload.StateMachineArn": (WORKLOAD, WORKLOAD.replace("NightlyInspection", "Lifecycle-StopModel")),
    "Bucket": (BUCKET,),
    "Prefix": ("line-2/", "Line-1/", "/line-1/"),
}


@dataclass(frozen=True)
class Hostile:
    """An input, as text that an execution may be started with; each of ``paths`` is wrong, and has to be named."""

    machine: str
    text: str
    paths: tuple[str, ...] = ()

    @property
    def dry(self) -> bool:
        """Whether it asks for a dry run, of which nobody is told."""
        given = json.loads(self.text)
        return isinstance(given, dict) and given.get("DryRun") is True

    def __repr__(self) -> str:
        return f"{self.machine}, {self.paths}: {self.text[:1000]}"


def written(value: Json) -> str:
    """As JSON; half a surrogate pair is an escape in it."""
    return json.dumps(value).replace("Infinity", "1e400")


@st.composite
def right(draw: Draw, machine: str) -> dict[str, Json]:
    """An input that is right, and means harm where it may."""
    schema = SCHEMAS[machine]
    names = [*schema.get("required", ()), draw(st.sampled_from(WHICH))]
    names += ["Prefix"] if machine == "DetectBatch" else []  # the images are where they may be read
    others = [name for name in schema["properties"] if name not in (*names, *WHICH)]
    names += draw(st.lists(st.sampled_from(others), max_size=5, unique=True))
    known = {name: RIGHT[name] if name in RIGHT else right_value(schema["properties"][name]) for name in names}
    payload = {name: draw(strategy) for name, strategy in known.items()}
    if machine == "DetectBatch" and "Model" in payload:
        payload["Model"] = {"ProjectVersionArn": ARN, "Status": "RUNNING"}
    if {"MinInferenceUnits", "MaxInferenceUnits"} & set(payload):
        payload |= {"MinInferenceUnits": 1, "MaxInferenceUnits": draw(st.sampled_from((1, 2.0, 1000)))}
    if "DryRun" in payload:
        payload["DryRun"] = draw(st.booleans())
    return payload


@st.composite
def legal(draw: Draw, machine: str) -> Hostile:
    """An input that is right; a run's workload is given anything."""
    payload = draw(right(machine))
    if machine == "RunWithModel":
        given = draw(st.dictionaries(st.sampled_from(HOSTILE), anything(), max_size=2))
        payload["Workload"] = {**payload["Workload"], "Input": given}
    return Hostile(machine, written(payload))


@st.composite
def wrong(draw: Draw, machine: str, words: str) -> Hostile:
    """An input that is wrong in one of these ways."""
    payload, *paths = WRONG[words](draw, draw(right(machine)), machine)
    text = written(payload)
    assume(len(text) <= ROOM or "as large" in words or payload_bytes(payload) <= ROOM)
    return Hostile(machine, text, tuple(paths))


# In which ways ------------------------------------------------------------------------------------

Payload = dict[str, Json]
Made = tuple[Any, ...]
"""An input, and the paths of what is wrong with it."""


def put(payload: Payload, path: str, value: Json) -> str:
    """Put a value in its place; what is to be named."""
    top, _, below = path.partition(".")
    for other in WHICH if top in WHICH else ():
        payload.pop(other, None)
    payload[top] = {**(payload.get(top) or {}), below: value} if below else value
    if path == "Workload.ModelField":
        payload[top].setdefault("Input", {})
    if path == "Bucket":
        return f"Bucket{OR}Prefix"  # a bucket that is not configured is told of together with the prefix
    if path == "Model.ProjectVersionArn":
        return f"{path}{OR}ProjectVersionArn"
    return f"{path}{OR}ProjectVersionArn, Model" if value is None and path in WHICH else path


def a_value(draw: Draw, payload: Payload, machine: str) -> Made:
    """Of another type, past a bound, of wrong characters, not configured, too long, or deep."""
    field = draw(st.sampled_from([one for one in FIELDS[machine] if one.type]))
    name = field.path.removeprefix("Model.")
    value = draw(wrong_value(field, EXAMPLES.get(name, ()), WRONG_HERE.get(name, lambda _value: False)))
    return payload, put(payload, field.path, value)


def unknown(draw: Draw, payload: Payload, machine: str) -> Made:
    """A name that is not known, and looks like one that is, or means harm."""
    name = draw(lookalikes(draw(st.sampled_from(sorted(SCHEMAS[machine]["properties"])))))
    value: Json = draw(st.sampled_from((None, True, 1, "x", [], {}, *HOSTILE)))
    within = machine == "RunWithModel" and draw(st.booleans())
    assume(name not in {one.path.removeprefix("Workload.") for one in FIELDS[machine]})
    if within:
        return {**payload, "Workload": {**payload["Workload"], name: value}}, f"Workload.{shown(name)}"
    return {**payload, name: value}, shown(name)


def lookalikes(name: str) -> Strategy:
    """Names like one that is known, and names that mean harm."""
    snake = re.sub("(?<!^)([A-Z])", r"_\1", name).lower()
    alike = (name.lower(), name.upper(), name[0].lower() + name[1:], snake, name[:-1], f"{name}s", name[1:] + name[0])
    marked = (f" {name}", f"{name}\n", f"{name}\u200b", f"\ufeff{name}", f"{name}\0", f"{name}.$", f"${name}")
    others = ("__proto__", "constructor", "__class__", "$ref", "Leases", "", ".......", f"{name}: is fine")
    cyrillic = name.replace("o", "\u043e").replace("e", "\u0435").replace("a", "\u0430")
    long = ("x" * 80, "x" * 81, "x" * 300, "x" * 100_000, *(one * 50 for one in HOSTILE))
    return st.one_of([st.sampled_from(names) for names in (alike, marked, others, (cyrillic, *HOSTILE), long)])


def shown(name: str) -> str:
    """How the answer has to show a name that it does not know: so that it can't be taken for anything else."""
    if re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", name):
        return name
    quoted = json.dumps(name)
    return quoted if len(quoted) <= 80 else f"{quoted[:80]}..."


def missing(draw: Draw, payload: Payload, machine: str) -> Made:
    """Without something that has to be there, or with both of which exactly one is needed."""
    path = draw(st.sampled_from((*SCHEMAS[machine].get("required", ()), "both", "none")))
    batch = machine == "DetectBatch"
    if path == "both":
        model = {"ProjectVersionArn": ARN} if batch else "defects"
        return {**payload, "ProjectVersionArn": ARN, "Model": model}, "ProjectVersionArn, Model"
    if path == "none":  # and something else: an input of nothing is a question
        payload |= {"Bucket": BUCKET} if batch else {"TimeoutSeconds": 60}
        return {name: one for name, one in payload.items() if name not in WHICH}, "ProjectVersionArn, Model"
    del payload[path]
    if path == "Workload" and draw(st.booleans()):
        return {**payload, path: {"Input": {}}}, "Workload.StateMachineArn"
    return payload, path


def no_object(draw: Draw, payload: Payload, _machine: str) -> Made:
    """The whole of it is something else."""
    wrong = [one for one in (*VALUES, *HOSTILE, ARN, '{"Model": "defects"}') if not isinstance(one, dict)]
    large = (nested(50), nested(400), "x" * 200_000, [0] * 50_000, [{**payload, "DryRun": True}])
    return draw(st.sampled_from(wrong) | st.sampled_from(large)), "input"


def crowd(draw: Draw, payload: Payload, _machine: str) -> Made:
    """Very many names that are not known."""
    stem = draw(st.sampled_from(("Modell", "x", "LeaseMinute", "\u05e9", "<b>", "projectversionarn")))
    count = draw(st.sampled_from((40, 400, 4_000, 12_000)))
    return {**payload, **{f"{stem}{number}": number for number in range(count)}}, "and * problems more"


def together(draw: Draw, payload: Payload, machine: str) -> Made:
    """What is wrong only together with something else, or beyond what a schema can say."""
    rules = {"DetectBatch": ["Prefix"], "StopModel": ["Context"]}
    path = draw(st.sampled_from(rules.get(machine, ["Context", "ReadyAt", "MaxInferenceUnits"])))
    if machine == "RunWithModel" and draw(st.booleans()):
        given = draw(st.sampled_from([one for one in VALUES if not isinstance(one, dict)]))
        more = {"Input": given, "ModelField": draw(st.sampled_from(("M", *UNICODE)))}
        return {**payload, "Workload": {**payload["Workload"], **more}}, "Workload.Input"
    wrong: Mapping[str, Strategy] = {
        "Prefix": st.sampled_from(("line-2/", "line-1", "", "/line-1/", "LINE-1/")),
        "ReadyAt": st.sampled_from((*ENDS_OF_TIME[2:], (NOW + timedelta(days=31)).isoformat())),
        "MaxInferenceUnits": st.just(1),
        "Context": bad_context(),
    }
    payload |= {"MinInferenceUnits": 2} if path == "MaxInferenceUnits" else {}
    return {**payload, path: draw(wrong[path])}, path


def bad_context() -> Strategy:
    """Larger than it may be, or nothing that anybody could give back untouched."""
    sizes = st.sampled_from((16_385, 17_000, 100_000, 200_000))
    texts = st.builds(lambda size, one: one * (size // (payload_bytes(one) - 2) + 1), sizes, st.sampled_from(WIDE))
    infinite, halves = st.sampled_from((float("inf"), float("-inf"))), st.sampled_from(HALVES)
    digits = st.sampled_from((2**53 + 1, -(2**63), 1e308, 10**300))  # more than every reader of JSON keeps
    large = sizes.map(lambda size: ["x"] * (size // 4)) | st.just([nested(400)] * 21) | texts
    within = (lambda one: one, lambda one: {"a": [one]}, lambda one: {one: 1} if isinstance(one, str) else [one])
    return large | st.builds(lambda one, way: way(one), infinite | halves | digits, st.sampled_from(within))


def whole(draw: Draw, payload: Payload, _machine: str) -> Made:
    """As large as an input may be, and so no state could be given it together with anything else."""
    left = PAYLOAD - draw(st.sampled_from((0, 1, 30, 100))) - payload_bytes({**payload, "Comment": ""})
    return {**payload, "Comment": "x" * left}, "input"


def several(draw: Draw, payload: Payload, machine: str) -> Made:
    """Two to four things at once, in different fields."""
    free = [
        one
        for one in FIELDS[machine]
        if one.type and one.path not in (*WHICH, "Bucket", "Prefix") and "." not in one.path
    ]
    fields = draw(st.lists(st.sampled_from(free), min_size=1, max_size=3, unique_by=lambda one: one.path))
    paths = [put(payload, one.path, draw(wrong_value(Field(one.path, {"type": one.type})))) for one in fields]
    name = draw(st.sampled_from(("Modle", "<b>", "a\nb", "\ud800", "{% $x %}")))
    return {**payload, name: 1}, *paths, shown(name)


WRONG: Mapping[str, Callable[[Draw, Payload, str], Made]] = {
    "A value of another type, out of range, with wrong characters, not configured, of 200 KB, 400 levels deep": a_value,
    "An unknown name, or one that resembles a known one": unknown,
    "A required field that is missing, or both of two that exclude each other": missing,
    "No object at all": no_object,
    "40 to 12,000 unknown names": crowd,
    "Fields that do not go together, a Context that is too large or is no valid text": together,
    "An input as large as an execution's may be": whole,
    "Several of these at once": several,
}
"""By their words in the docs."""
