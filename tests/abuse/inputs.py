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

from tests.abuse import schemas
from tests.abuse.hostile import ENDS_OF_TIME, HALVES, HOSTILE, NUMBERS, UNICODE, VALUES, nested
from tests.abuse.schemas import Field, Strategy, fields_of, has_halves, keeps
from tests.account.machine import PAYLOAD, payload_bytes
from tests.unit.examples import ARN, NOW, WORKLOAD

Json = Any
Draw = st.DrawFn
OR = "\n"
"""Between two of which one has to be named; in a path, which is on a line, there is none."""
ROOM = PAYLOAD - 2_000
"""Bytes of an input that leave room for what a state adds to it."""
FILES = {
    "StartModel": "start_model",
    "StopModel": "stop_model",
    "RunWithModel": "run_with_model",
    "DetectBatch": "detect_batch",
}
_FOLDER = Path(__file__).parents[2] / "statemachine" / "schemas"
SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    machine: json.loads((_FOLDER / f"{name}.input.schema.json").read_text(encoding="utf-8"))
    for machine, name in FILES.items()
}
FIELDS = {machine: {one.path: one for one in fields_of(schema)} for machine, schema in SCHEMAS.items()}
TYPED = {machine: [one for one in fields.values() if one.type] for machine, fields in FIELDS.items()}
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
MORE_WRONG: Mapping[str, Callable[[str], bool]] = {
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
    """An input, as text that an execution may be started with.

    Parameters
    ----------
    paths : tuple of str
        What is wrong; each has to be named.
    dry : bool
        It asks for a dry run, of which nobody is told.
    """

    machine: str
    text: str
    paths: tuple[str, ...] = ()
    dry: bool = False

    def __repr__(self) -> str:
        return f"{self.machine}, {self.paths}: {self.text[:1000]}"


def written(value: Json) -> str:
    """As JSON; half a surrogate pair is an escape in it."""
    return json.dumps(value).replace("Infinity", "1e400")


def _hostile(machine: str, payload: Json, *paths: str) -> Hostile:
    dry = isinstance(payload, dict) and payload.get("DryRun") is True
    return Hostile(machine, written(payload), paths, dry)


@st.composite
def right(draw: Draw, machine: str) -> dict[str, Json]:
    """An input that is right, and means harm where it may."""
    schema = SCHEMAS[machine]
    names = [*schema.get("required", ()), draw(st.sampled_from(WHICH))]
    names += ["Prefix"] if machine == "DetectBatch" else []  # the images are where they may be read
    others = [name for name in schema["properties"] if name not in (*names, *WHICH)]
    names += draw(st.lists(st.sampled_from(others), max_size=5, unique=True))
    known = {name: RIGHT[name] if name in RIGHT else schemas.right(schema["properties"][name]) for name in names}
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
        # Not null: to the interpreter of JSONata that is used here it is the same as nothing.
        given = draw(st.dictionaries(st.sampled_from(HOSTILE), schemas.anything(), max_size=2))
        payload["Workload"] = {**payload["Workload"], "Input": given}
    return _hostile(machine, payload)


# What is wrong ------------------------------------------------------------------------------------


def put(payload: dict[str, Json], path: str, value: Json) -> str:
    """Put a value in its place; what is to be named."""
    top, _, below = path.partition(".")
    if top in WHICH:
        for other in WHICH:
            payload.pop(other, None)
    payload[top] = {**(payload.get(top) or {}), below: value} if below else value
    if path == "Workload.ModelField":
        payload[top].setdefault("Input", {})
    if path == "Bucket":
        return f"Bucket{OR}Prefix"  # a bucket that is not configured is told of together with the prefix
    if path == "Model.ProjectVersionArn":
        return f"Model.ProjectVersionArn{OR}ProjectVersionArn"
    return f"{path}{OR}ProjectVersionArn, Model" if value is None and path in WHICH else path


def _values(make: Callable[[Field], Strategy], *types: str) -> Callable[[str], Strategy]:
    """A value in one field of these types, or of any, that is wrong."""

    def strategy(machine: str) -> Strategy:
        fields = [one for one in TYPED[machine] if not types or one.type in types]

        @st.composite
        def made(draw: Draw) -> Hostile:
            payload, field = draw(right(machine)), draw(st.sampled_from(fields))
            value = draw(make(field))
            return _hostile(machine, payload, put(payload, field.path, value))

        return made()

    return strategy


def _is_wrong(field: Field, value: str) -> bool:
    name = field.path.removeprefix("Model.")
    return not keeps(field.schema, value) or (name in MORE_WRONG and MORE_WRONG[name](value))


def _wrong_text(field: Field) -> Strategy:
    examples = EXAMPLES.get(field.path.removeprefix("Model."), ())
    return schemas.texts(field.schema, examples).filter(lambda value: _is_wrong(field, value))


def shown(name: str) -> str:
    """How the answer has to show a name that it does not know: so that it can't be taken for anything else."""
    if re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", name):
        return name
    quoted = json.dumps(name)
    return quoted if len(quoted) <= 80 else f"{quoted[:80]}..."


@st.composite
def unknown(draw: Draw, machine: str) -> Hostile:
    """A name that is not known, and looks like one that is, or means harm."""
    payload = draw(right(machine))
    within = draw(st.booleans()) and machine == "RunWithModel"
    known = FIELDS[machine] if not within else {path.partition(".")[2]: None for path in FIELDS[machine]}
    name = draw(schemas.lookalikes(draw(st.sampled_from(sorted(SCHEMAS[machine]["properties"])))))
    assume(name not in known)
    value: Json = draw(st.sampled_from((None, True, 1, "x", [], {}, *HOSTILE)))
    if within:
        payload["Workload"] = {**payload["Workload"], name: value}
        return _hostile(machine, payload, f"Workload.{shown(name)}")
    return _hostile(machine, {**payload, name: value}, shown(name))


@st.composite
def missing(draw: Draw, machine: str) -> Hostile:
    """Without something that has to be there, or with both of which exactly one is needed."""
    payload = draw(right(machine))
    required = [*SCHEMAS[machine].get("required", ()), *WHICH]
    path = draw(st.sampled_from(required))
    if path not in WHICH:
        del payload[path]
        if path == "Workload" and draw(st.booleans()):
            payload[path], path = {"Input": {}}, "Workload.StateMachineArn"
        return _hostile(machine, payload, path)
    if draw(st.booleans()):
        payload |= {
            "ProjectVersionArn": ARN,
            "Model": "defects" if machine != "DetectBatch" else {"ProjectVersionArn": ARN},
        }
    else:
        # That and nothing else is a question, of which nobody is told.
        payload = {
            "TimeoutSeconds" if machine != "DetectBatch" else "Bucket": 60 if machine != "DetectBatch" else BUCKET
        }
    return _hostile(machine, payload, "ProjectVersionArn, Model")


@st.composite
def no_object(draw: Draw, machine: str) -> Hostile:
    """The whole of it is something else."""
    wrong = [one for one in (*VALUES, *HOSTILE, ARN, '{"Model": "defects"}') if not isinstance(one, dict)]
    value = draw(
        st.sampled_from(wrong)
        | st.sampled_from((50, 400)).map(nested)
        | right(machine).map(lambda one: [{**one, "DryRun": True}])
        | st.sampled_from(("x" * 200_000, [0] * 50_000))
    )
    return _hostile(machine, value, "input")


@st.composite
def crowd(draw: Draw, machine: str) -> Hostile:
    """Very many names that are not known."""
    stem = draw(st.sampled_from(("Modell", "x", "LeaseMinute", "\u05e9", "<b>", "projectversionarn")))
    count = draw(st.sampled_from((40, 400, 4_000, 12_000)))
    more = {f"{stem}{number}": number for number in range(count)}
    return _hostile(machine, {**draw(right(machine)), **more}, "and * problems more")


@st.composite
def together(draw: Draw, machine: str) -> Hostile:
    """What is wrong only together with something else, or beyond what a schema can say."""
    payload = draw(right(machine))
    rules = {
        "DetectBatch": ["Prefix"],
        "StopModel": ["Context"],
        "StartModel": ["Context", "ReadyAt", "MaxInferenceUnits"],
        "RunWithModel": ["Context", "ReadyAt", "MaxInferenceUnits", "Workload.Input"],
    }
    path = draw(st.sampled_from(rules[machine]))
    match path:
        case "Prefix":
            payload["Prefix"] = draw(st.sampled_from(("line-2/", "line-1", "", "/line-1/", "LINE-1/")))
        case "ReadyAt":
            payload["ReadyAt"] = draw(st.sampled_from((*ENDS_OF_TIME[2:], (NOW + timedelta(days=31)).isoformat())))
        case "MaxInferenceUnits":
            payload |= {"MinInferenceUnits": draw(st.sampled_from((2, 3, 1000))), "MaxInferenceUnits": 1}
        case "Workload.Input":
            given = draw(st.sampled_from([one for one in VALUES if not isinstance(one, dict)]))
            field = draw(st.sampled_from(("M", *UNICODE)))
            payload["Workload"] = {**payload["Workload"], "Input": given, "ModelField": field}
        case "Context":
            payload["Context"] = draw(_bad_context())
    return _hostile(machine, payload, path)


def _bad_context() -> Strategy:
    """Larger than it may be, or nothing that anybody could give back untouched."""
    sizes = st.sampled_from((16_385, 17_000, 100_000, 200_000))
    texts = st.builds(
        lambda size, one: one * (size // (payload_bytes(one) - 2) + 1), sizes, st.sampled_from(schemas.WIDE)
    )
    lists = sizes.map(lambda size: ["x"] * (size // 4))
    infinite = st.sampled_from([one for one in NUMBERS if one in (float("inf"), float("-inf"))])
    halves = st.sampled_from(HALVES)
    return st.one_of(
        texts, lists, st.just([nested(400)] * 21), infinite, infinite.map(lambda one: {"a": [one]}),
        halves, halves.map(lambda one: {one: 1}), halves.map(lambda one: ["a", {"b": one}]),
    )  # fmt: skip


@st.composite
def whole(draw: Draw, machine: str) -> Hostile:
    """As large as an input may be, and so no state could be given it together with anything else."""
    payload = draw(right(machine))
    payload["Comment"] = ""
    left = PAYLOAD - draw(st.sampled_from((0, 1, 30, 100))) - payload_bytes(payload)
    return _hostile(machine, {**payload, "Comment": "x" * left}, "input")


@st.composite
def several(draw: Draw, machine: str) -> Hostile:
    """Two to four things at once, in different fields."""
    payload = draw(right(machine))
    free = [one for one in TYPED[machine] if one.path not in (*WHICH, "Bucket", "Prefix") and "." not in one.path]
    fields = draw(st.lists(st.sampled_from(free), min_size=1, max_size=3, unique_by=lambda one: one.path))
    paths = [put(payload, one.path, draw(schemas.other_type(one.schema))) for one in fields]
    name = draw(st.sampled_from(("Modle", "<b>", "a\nb", "\ud800", "{% $x %}")))
    return _hostile(machine, {**payload, name: 1}, *paths, shown(name))


WRONG: Mapping[str, Callable[[str], Strategy]] = {
    "A value of another type, in every field": _values(lambda field: schemas.other_type(field.schema)),
    "Lists and objects, up to 400 deep": _values(lambda field: schemas.deep(field.schema)),
    "Numbers at, past, and far past every bound": _values(
        lambda field: schemas.beyond(field.schema), "integer", "number"
    ),
    "Strings: wrong characters, injections, Unicode, ARNs of others, no times": _values(_wrong_text, "string"),
    "Strings up to 200 KB": _values(lambda field: schemas.long(field.schema), "string"),
    "Names that are not known, or look like one that is": unknown,
    "Something that has to be there is not, or both of which one is needed": missing,
    "No object at all": no_object,
    "40 to 12,000 names that are not known": crowd,
    "Fields that do not go together; a Context that is too large, or no text": together,
    "An input as large as an execution may be given": whole,
    "Several of these at once": several,
}
"""By the words of their row: what makes the inputs of a state machine."""


def wrong(machine: str, words: str) -> Strategy:
    """The inputs of a row, each as large as leaves room for what a state adds, but where it is to be too large."""
    return WRONG[words](machine).filter(
        lambda one: len(one.text) <= ROOM or "as large as" in words or payload_bytes(json.loads(one.text)) <= ROOM
    )
