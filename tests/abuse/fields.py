"""The contract's inputs again, told by what breaks them: written from docs/contract.md, not from what checks it.

Each kind of field gives values that are wrong, in words, and values that are right and mean harm all the same.
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.abuse.hostile import INJECTIONS, NUMBERS, UNICODE, WHOLE_UNICODE, nested
from tests.unit.examples import ARN, NOW, WORKLOAD

Json = Any
Chance = random.Random
Wrong = Callable[[Chance], Json]

TYPES: Mapping[str, tuple[Json, ...]] = {
    "null": (None,),
    "boolean": (True, False),
    "number": (0, 7, -3.5),
    "string": ("", "x", "1", "true"),
    "array": ([], [1], ["defects"], [{}]),
    "object": ({}, {"a": 1}, {"Ref": "x"}, {"S": "x"}),
}
"""Values of each type of JSON."""
HOSTILE = (*INJECTIONS, *UNICODE)
LENGTHS = (300, 3_000, 60_000, 200_000)


@dataclass(frozen=True)
class Kind:
    """What a field may hold.

    Parameters
    ----------
    types : frozenset of str
        Of JSON.
    wrong : Mapping
        By the row of the table, functions that make a value which is wrong.
    right : callable
        Makes one that is right.
    """

    types: frozenset[str]
    right: Wrong
    wrong: Mapping[str, Wrong] = field(default_factory=dict)

    def of_wrong_type(self, chance: Chance) -> Json:
        """A value of another type."""
        kind = chance.choice([one for one in TYPES if one not in self.types])
        return chance.choice(TYPES[kind])

    def nested(self, chance: Chance) -> Json:
        """A value of another type, deep within others."""
        kinds = [kind for kind, name in (("list", "array"), ("dict", "object")) if name not in self.types]
        return nested(chance.choice((2, 40, 120, 400)), chance.choice(kinds))


def whole(least: int, most: int) -> Kind:
    """An integer."""

    def beyond(chance: Chance) -> Json:
        near = [least - 1, most + 1, -most - 1, least + 0.5, most - 0.5]
        far = [one for one in NUMBERS if not least <= one <= most or one != int(one)]
        return chance.choice([*near, *far])

    return Kind(
        frozenset({"number"}),
        lambda chance: chance.choice((least, most, chance.randint(least, most), float(least))),
        {"numbers": beyond, "strings": lambda chance: str(chance.randint(least, most))},
    )


def share() -> Kind:
    """A percentage."""
    far = [one for one in NUMBERS if not 0 <= one <= 100]
    return Kind(
        frozenset({"number"}),
        lambda chance: chance.choice((0, 100, 12.5, 1e-9)),
        {"numbers": lambda chance: chance.choice([-0.001, 100.0001, *far]), "strings": lambda _: "50"},
    )


def flag() -> Kind:
    """A boolean."""
    return Kind(
        frozenset({"boolean"}),
        lambda _: False,
        {
            "numbers": lambda chance: chance.choice((0, 1, -1, *NUMBERS)),
            "strings": lambda chance: chance.choice(("true", "false", "yes", "", *HOSTILE)),
        },
    )


def text(legal: str, longest: int, *, right: Wrong, also_wrong: tuple[str, ...] = ()) -> Kind:
    """A string of certain characters."""

    def wrong(chance: Chance) -> str:
        wrong = [one for one in (*HOSTILE, *also_wrong) if not one or set(one) - set(legal)]
        one = chance.choice(wrong)
        return chance.choice((one, f"a{one}", f"a{one}b" * chance.randint(1, 3)) if one else ("",))

    return Kind(
        frozenset({"string"}),
        right,
        {
            "strings": wrong,
            "huge": lambda chance: legal[0] * (longest + 1) if chance.random() < 0.2 else _long(chance, longest),
            "numbers": lambda chance: chance.choice(NUMBERS),
        },
    )


def any_text(longest: int, *, of_pairs: bool = True) -> Kind:
    """A string of any characters; ``of_pairs``: that UTF-8 can write."""

    def halves(chance: Chance) -> str:
        return chance.choice(("\ud800", "a\udfffb", "\udc00\ud800", "\ud83d" * 9, "x" * 200 + "\udead"))

    def right(chance: Chance) -> str:
        return chance.choice((*INJECTIONS, *(WHOLE_UNICODE if of_pairs else UNICODE)))

    wrong = {"huge": lambda chance: _long(chance, longest), "numbers": lambda chance: chance.choice(NUMBERS)}
    if of_pairs:
        wrong["strings"] = lambda chance: chance.choice(("", halves(chance)))
    else:
        wrong["strings"] = lambda _: ""
    return Kind(frozenset({"string"}), right, wrong)


def _long(chance: Chance, longest: int) -> str:
    """Longer than that, of characters that are short or long in UTF-8, or in JSON."""
    length = chance.choice([longest + 1, *(one for one in LENGTHS if one > longest)])
    one = chance.choice(("A", "A", "\u00e9", "\U0001f600", "\u0001", '"', "\\", "{% $x %}", "<b>"))
    most = 200_000 // max(len(one.encode()), len(json.dumps(one, ensure_ascii=False)) - 2)
    return (one * length)[: max(longest + 1, min(length, most))]


def moment() -> Kind:
    """An RFC 3339 time."""
    wrong = (
        "",
        "now",
        "2026-11-24",
        "08:00",
        "2026-11-24T08:00:00",
        "2026-11-24 08:00:00",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-24T25:00:00Z",
        "2026-11-24T08:00:61Z",
        "2026-11-24T08:00:00+99:00",
        "2026-W48-2T08:00:00Z",
        "20261124T080000",
        "+12026-11-24T08:00:00Z",
        "1793520000",
        "2026-11-24T08:00:00Z\n",
        "2026-11-24\ud80008:00:00Z",
        "\uff12\uff10\uff12\uff16-11-24T08:00:00Z",
    )
    far = ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", (NOW + timedelta(days=31)).isoformat())
    return Kind(
        frozenset({"string"}),
        lambda chance: chance.choice(
            ("0001-01-01T00:00:00+23:59", "1969-12-31T23:59:59Z", "2026-11-24T08:00:00.000000000+01:00")
        ),
        {
            "strings": lambda chance: chance.choice((*wrong, *HOSTILE)),
            "numbers": lambda chance: chance.choice((1793520000, *NUMBERS)),
            "between": lambda chance: chance.choice(far),
            "huge": lambda chance: _long(chance, 40),
        },
    )


_PARTS = ARN.split(":", 5)


def _arn(**changed: str) -> str:
    names = ("arn", "partition", "service", "region", "account", "resource")
    parts = dict(zip(names, _PARTS, strict=True)) | changed
    return ":".join(parts.values())


ELSEWHERE = (
    _arn(account="210987654321"),
    _arn(account="000000000000"),
    _arn(region="eu-west-1"),
    _arn(region="us-east-2"),
    _arn(region="us-east-1a"),
    _arn(partition="aws-cn"),
    _arn(partition="aws-us-gov"),
    _arn(partition="aws-iso"),
    _arn(partition="a" * 200),
    _arn(account="210987654321", region="eu-west-1", partition="aws-cn"),
)
MALFORMED = (
    "",
    "arn",
    "arn:aws:rekognition",
    _arn(partition=""),
    _arn(region=""),
    _arn(account=""),
    _arn(account="12345678901"),
    _arn(account="1234567890123"),
    _arn(account="\uff11" * 12),
    _arn(account="aws"),
    _arn(service="s3"),
    _arn(service="states"),
    _arn(service="Rekognition"),
    _arn(partition="AWS"),
    _arn(resource="project/boards/1793510000000"),
    _arn(resource="project/boards/version/v1"),
    _arn(resource="project/boards/version/v1/"),
    _arn(resource="project//version/v1/1"),
    _arn(resource="project/boards/version//1"),
    _arn(resource="project/bo ards/version/v1/1"),
    _arn(resource="project/*/version/*/1"),
    _arn(resource="project/b\u043eards/version/v1/1793520000000"),
    _arn(resource="project/boards/version/v1/\u0661\u0662"),
    _arn(resource=f"project/{'b' * 256}/version/v1/1"),
    _arn(resource="project/boards/version/v1/1793520000000/x"),
    _arn(resource="project/{% $states.input %}/version/v1/1"),
    _arn(resource="project/boards/version/v1/1\ud800"),
    f" {ARN}",
    f"{ARN} ",
    f"{ARN}\n",
    f"{ARN}\u2028",
    f"{ARN},{ARN}",
    ARN.upper(),
    ARN.replace(":", "\uff1a"),
    ARN.replace("arn:", "arn::"),
    "*",
    "arn:aws:rekognition:*:*:project/*/version/*/*",
    "arn:aws:states:us-east-1:123456789012:stateMachine:Lifecycle-StartModel",
)


def _long_arn(chance: Chance) -> str:
    length = chance.choice((2_049, 20_000, 100_000, 200_000))
    return ARN + "1" * (length - len(ARN))


def version_arn(*, bounded: bool = True) -> Kind:
    """A model version of this account, Region and partition."""
    wrong: dict[str, Wrong] = {
        "ARNs": lambda chance: chance.choice((*ELSEWHERE, *MALFORMED)),
        "strings": lambda chance: chance.choice(HOSTILE),
        "numbers": lambda chance: chance.choice(NUMBERS),
    }
    if bounded:
        wrong["huge"] = _long_arn
    return Kind(frozenset({"string"}), lambda _: ARN, wrong)


NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
LEASE = f"{NAME}:/"
_NAMES = ("Defects", "defects ", " defects", "d\u0435fects", "defects\n", "def", "none", "__proto__", "")


def workload() -> Kind:
    """An object of its own; its fields are below."""
    return Kind(frozenset({"object"}), lambda _: {"StateMachineArn": WORKLOAD})


_BY_NAME: Mapping[str, Kind] = {
    "ProjectVersionArn": version_arn(),
    "Model": text("\x00", 64, right=lambda _: "defects", also_wrong=_NAMES),
}
WHICH: Mapping[str, Mapping[str, Kind]] = {
    "StartModel": _BY_NAME,
    "StopModel": _BY_NAME,
    "RunWithModel": _BY_NAME,
    "DetectBatch": {
        "ProjectVersionArn": version_arn(),
        "Model": Kind(frozenset({"object"}), lambda _: {"ProjectVersionArn": ARN, "Status": "RUNNING"}),
        "Model.ProjectVersionArn": version_arn(),
    },
}
"""The fields that say which model: exactly one of those at the top."""
_COMMON: Mapping[str, Kind] = {
    "TimeoutSeconds": whole(1, 86400),
    "PollSeconds": whole(1, 900),
    "ClientRequestToken": any_text(256),
    "DryRun": flag(),
}
_LEASE = text(
    LEASE,
    128,
    right=lambda chance: chance.choice(("a", "A" * 128, "../../x", "::", "run/x", "schedule/shift", "dashboard", "-")),
    also_wrong=("",),
)
_START: Mapping[str, Kind] = {
    **_COMMON,
    "MinInferenceUnits": whole(1, 1000),
    "MaxInferenceUnits": whole(1, 1000),
    "LeaseId": _LEASE,
    "LeaseMinutes": whole(0, 10080),
    "ReadyAt": moment(),
    "WaitForCapacity": flag(),
}
OPTIONAL: Mapping[str, Mapping[str, Kind]] = {
    "StartModel": _START,
    "StopModel": {**_COMMON, "LeaseId": _LEASE, "Force": flag()},
    "RunWithModel": _START,
    "DetectBatch": {
        "MinConfidence": share(),
        "MaxResults": whole(0, 1_000_000),
        "ToleratedFailurePercentage": share(),
    },
}
"""The fields that may be left out, but Context, Comment and what calls."""
BUCKET = "factory-images"
REQUIRED: Mapping[str, Mapping[str, Kind]] = {
    "StartModel": {},
    "StopModel": {},
    "RunWithModel": {
        "Workload": workload(),
        "Workload.StateMachineArn": Kind(
            frozenset({"string"}),
            lambda _: WORKLOAD,
            {
                "strings": lambda chance: chance.choice(HOSTILE),
                "numbers": lambda chance: chance.choice(NUMBERS),
                "ARNs": lambda chance: chance.choice(
                    (
                        f"{WORKLOAD}:1",
                        f"{WORKLOAD} ",
                        f"{WORKLOAD}\n",
                        WORKLOAD.lower(),
                        WORKLOAD.replace("123456789012", "210987654321"),
                        WORKLOAD.replace("us-east-1", "eu-west-1"),
                        WORKLOAD.replace("aws", "aws-cn"),
                        WORKLOAD.replace("NightlyInspection", "Lifecycle-StopModel"),
                        "",
                        *ELSEWHERE,
                    )
                ),
                "huge": lambda chance: WORKLOAD + "A" * chance.choice((2_000, 60_000, 200_000)),
            },
        ),
    },
    "DetectBatch": {
        "Bucket": Kind(
            frozenset({"string"}),
            lambda _: BUCKET,
            {
                "strings": lambda chance: chance.choice(["", "ab", *HOSTILE]),
                "numbers": lambda chance: chance.choice(NUMBERS),
                "huge": lambda chance: _long(chance, 63),
            },
        ),
        "Prefix": Kind(
            frozenset({"string"}),
            lambda chance: f"line-1/{chance.choice(WHOLE_UNICODE)}",
            {
                "strings": lambda chance: chance.choice(["", "line-2/", "Line-1/", "/line-1/", *HOSTILE]),
                "numbers": lambda chance: chance.choice(NUMBERS),
                "huge": lambda chance: f"line-1/{_long(chance, 1024)}",
            },
        ),
    },
}
"""The fields that have to be there: in DetectBatch so that the images are where they may be read."""
FREE: Mapping[str, tuple[str, ...]] = {
    "StartModel": ("Context", "Comment", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"),
    "StopModel": ("Context", "Comment", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"),
    "RunWithModel": ("Context", "Comment", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"),
    "DetectBatch": ("Comment", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"),
}
"""The fields that may hold anything."""
MACHINES = tuple(OPTIONAL)
