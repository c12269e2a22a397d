"""The other doors: what else calls functions, and what comes of what is no such call. Nothing in the account changes.

``act`` and ``page`` are called by whoever sees the dashboard, with whatever a browser sends; ``settle``, ``sweep`` and
``tick`` by EventBridge, and by whoever may invoke functions.
"""

import copy
import html.parser
import io
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import time_machine

from lifecycle.adapters.model_table import EXECUTION, MODEL
from lifecycle.errors import LifecycleError
from lifecycle.shared.wire import timestamp
from tests.abuse.fields import ELSEWHERE, HOSTILE, LENGTHS, MALFORMED, TYPES
from tests.abuse.hostile import NUMBERS, nested
from tests.abuse.judge import Verdict, account
from tests.account.account import Account
from tests.account.functions import Context, Functions, as_runtime_sends
from tests.account.kernel import Process
from tests.unit.examples import ARN, MACHINES, NOW

Json = Any
Chance = random.Random
MADE = timestamp(NOW)
FORMS = {"forms": {"all": {"minutes-defects": "60"}}, "theme": "dark", "timezone": {"offsetISO": "+01:00"}}
CALLS: Mapping[str, Sequence[dict[str, Json]]] = {
    "act": (
        {
            "Action": "start",
            "Model": "defects",
            "PageMadeAt": MADE,
            "MinutesField": "minutes-defects",
            "widgetContext": FORMS,
        },
        {
            "Action": "extend",
            "ProjectVersionArn": ARN,
            "LeaseId": "a",
            "ExpiresAt": MADE,
            "Minutes": 60,
            "PageMadeAt": MADE,
        },
        {"Action": "release", "ProjectVersionArn": ARN, "LeaseId": "a", "PageMadeAt": MADE},
        {"Action": "stop", "ProjectVersionArn": ARN, "PageMadeAt": MADE},
    ),
    "page": ({"widgetContext": FORMS}, {"Report": "bill", "Month": "2026-11"}),
    "settle": ({"detail": {"executionArn": "", "status": "FAILED"}},),
    "tick": ({"Schedule": "shift", "Action": "start", "ScheduledTime": MADE, "HoursAhead": 0},),
    "sweep": ({},),
}
"""What is right, to be made wrong."""
ODD_TIMES = (
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-11-24T07:00:00",
    "2026-11-24",
    "now",
    "1999-12-31T23:59:59Z",
    MADE + "\n",
)
OTHERS = (
    ARN,
    MACHINES.start_model,
    "arn:aws:states:us-east-1:123456789012:execution:Other:x",
    "arn:aws:states:eu-west-1:210987654321:execution:Lifecycle-StartModel:x",
    "arn:aws:states:us-east-1:123456789012:execution:Lifecycle-StartModel",
    "arn:aws:states:us-east-1:123456789012:execution:Lifecycle-DetectBatch:x",
)
WORDS: Mapping[str, tuple[str, int]] = {
    "act": ("`act`: a click on the page", 2000),
    "page": ("`page`: the dashboard's widget", 300),
    "settle": ("`settle`: the event of an execution's end", 2000),
    "tick": ("`tick`: a schedule", 2000),
    "sweep": ("`sweep`: a schedule", 200),
}
"""By the function: the words of its row, and how many calls."""


@dataclass(frozen=True)
class Call:
    """A call of a function."""

    function: str
    event: Json

    def __str__(self) -> str:
        return f"{self.function}: {json.dumps(self.event)[:300]}"


def calls(function: str, share: float = 1) -> Iterator[Call]:
    """The calls of a row; the same ones each time."""
    chance = random.Random(function)  # noqa: S311 - the same calls every time
    for _ in range(max(1, round(WORDS[function][1] * share))):
        yield Call(function, _wrong(function, chance))


def _wrong(function: str, chance: Chance) -> Json:
    if chance.random() < 0.1 or function == "sweep":
        return _anything(chance)
    event = copy.deepcopy(dict(chance.choice(CALLS[function])))
    places = list(_places(event))
    if function in ("act", "settle", "tick"):
        # What a theme is, or a field that is not asked for, makes no call wrong.
        places = [one for one in places if one[-1] not in ("theme", "offsetISO", "timezone", "status", "HoursAhead")]
    *way, name = chance.choice(places)
    inner = event
    for step in way:
        inner = inner[step]
    how = chance.random()
    if how < 0.15 and not (function == "act" and name == "widgetContext") and name != "Minutes":
        del inner[name]
    elif how < 0.3:
        inner[name.swapcase() + chance.choice(("", " ", "\u200b", "\u0000"))] = inner.pop(name)
    else:
        inner[name] = _bad(name, chance)
    return event


def _bad(name: str, chance: Chance) -> Json:
    special: Mapping[str, Sequence[Json]] = {
        "ProjectVersionArn": (*ELSEWHERE, *MALFORMED),
        "executionArn": (*OTHERS, *MALFORMED),
        "PageMadeAt": ODD_TIMES,
        "ExpiresAt": [one for one in ODD_TIMES if one[0] not in "019"],
        "ScheduledTime": ODD_TIMES,
        "Month": ("2026-13", "0000-01", "9999-12", "2026-1\n", "\uff12\uff10\uff12\uff16-11", "x" * 100_000),
        "Minutes": (0, -1, 10_081, 10**6, "1e3", "\u0661", 1.5, True, "60 ", ""),
        "minutes-defects": (0, -1, 10_081, "1e3", "\u0661", 1.5, True, "60 ", ""),
    }
    if name in special and chance.random() < 0.6:
        return chance.choice(list(special[name]))
    value = _anything(chance)
    if name in ("Minutes", "minutes-defects") and (value is None or str(value).isdigit()):
        return "x"
    return "no id" if name == "LeaseId" and isinstance(value, str) and value.isalnum() else value


def _anything(chance: Chance) -> Json:
    kind = chance.choice(("type", "text", "number", "deep", "long", "many"))
    match kind:
        case "type":
            # What is nothing at all counts as left out.
            return chance.choice([one for values in TYPES.values() for one in values])
        case "text":
            return chance.choice(HOSTILE)
        case "number":
            return chance.choice(NUMBERS)
        case "deep":
            return nested(chance.choice((3, 100, 400)), chance.choice(("list", "dict")))
        case "long":
            return chance.choice(("x", "<b>", "\u00e9")) * (chance.choice(LENGTHS) // 3)
    return {f"{chance.choice(HOSTILE)}{number}": number for number in range(chance.choice((3, 2_000)))}


def _places(event: dict[str, Json]) -> Iterator[tuple[str, ...]]:
    for name, value in event.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *below) for below in _places(value))


PROPERTIES = {
    "unchanged": "no table, execution or model is changed, and nobody is told anything",
    "answered": "a page in HTML, or an error of the contract; no function fails with anything else",
    "safe": "HTML that has nothing of what was sent in it but text; no answer is larger than 64 KB",
}
LARGEST_ANSWER = 64 * 1024


def judged(chosen: Sequence[Call], functions: Functions) -> list[Verdict]:
    """What comes of calls, all in an account in which a model runs under a lease."""
    with time_machine.travel(NOW, tick=False) as traveller, redirect_stdout(io.StringIO()):
        here = account(functions, traveller, labels={"once_started": ((0, "RUNNING"),)})
        here.start(MACHINES.start_model, "held", {"Model": "defects", "LeaseId": "a", "LeaseMinutes": 0}, 0)
        here.run(600)
        traveller.move_to(NOW)
        return [_judged(one, here) for one in chosen]


def _judged(one: Call, here: Account) -> Verdict:
    before = _state(here)
    ended: list[Json] = []

    def body() -> None:
        try:
            with here.functions.environment(one.function) as handler:
                answer = handler(one.event, Context(lambda: 30.0, one.function))
            ended.append(as_runtime_sends(answer))
        except LifecycleError as error:
            ended.append(error)

    process: Process = here.simulation.begin(body)
    process.caller = _Caller(one.function)  # type: ignore[attr-defined] # whose calls they are
    here.simulation.run(here.simulation.seconds + 60)
    checks: Mapping[str, Callable[[], Iterator[str]]] = {
        "unchanged": lambda: (f"{name} changed" for name, value in _state(here).items() if value != before[name]),
        "answered": lambda: iter([f"{type(process.error).__name__}: {process.error}"[:300]] if process.error else []),
        "safe": lambda: _unsafe(ended[0]) if ended else iter(()),
    }
    return Verdict(str(one), {name: "; ".join(found) for name, check in checks.items() if (found := list(check()))})


@dataclass
class _Caller:
    function: str
    died: str | None = None


def _state(here: Account) -> Mapping[str, Json]:
    tables = {
        name: {key: item for key, item in table.items() if item.get("Kind", {}).get("S", MODEL) in (MODEL, EXECUTION)}
        for name, table in here.dynamodb.tables.items()
        if table
    }  # not when the sweep came by last, nor how many calls there were of late
    return {
        "tables": copy.deepcopy(tables),
        "executions": {arn: one.status for arn, one in here.stepfunctions.executions.items()},
        "model": (list(here.custom_labels.starts), list(here.custom_labels.stops)),
        "told": (len(here.topic.sent), len(here.bus.sent)),
    }


def _unsafe(answer: Json) -> Iterator[str]:
    if isinstance(answer, LifecycleError):
        text = str(answer)
        if len(text) > LARGEST_ANSWER:
            yield f"an error of {len(text)} characters"
        return
    if len(answer) > LARGEST_ANSWER:
        yield f"an answer of {len(answer)} characters"
    said = json.loads(answer)
    if isinstance(said, str):
        tags = _Tags()
        tags.feed(said)
        yield from tags.found


class _Tags(html.parser.HTMLParser):
    """Finds what a custom widget should not have, and what was sent as markup."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "link", "meta", "base", "img", "b"}:
            self.found.append(f"<{tag}> in it")
        self.found += [f"{name} in it" for name, _ in attrs if name.startswith("on")]
        if tag == "cwdb-action" and (dict(attrs).get("endpoint") or "").rpartition(":")[2] != "act":
            self.found.append("another endpoint")
