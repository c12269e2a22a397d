"""The other doors: what else calls functions, and what comes of what is no such call. Nothing in the account changes.

``act`` and ``page`` are called by whoever sees the dashboard, with whatever a browser sends; ``settle``, ``sweep`` and
``tick`` by EventBridge, and by whoever may invoke functions.
"""

import copy
import html.parser
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hypothesis import strategies as st

from lifecycle.adapters.model_table import EXECUTION, MODEL
from lifecycle.errors import LifecycleError
from lifecycle.shared.wire import timestamp
from tests.abuse.hostile import ENDS_OF_TIME, HOSTILE, TIMES, VALUES, nested
from tests.abuse.judge import new_scene
from tests.abuse.schemas import Strategy, corrupted
from tests.account.functions import Functions
from tests.account.scene import Scene
from tests.unit.examples import ARN, MACHINES, NOW

Json = Any
MADE = timestamp(NOW)
"""Stands for the moment of the call."""
MINUTES = "minutes-defects"
FORMS = {"forms": {"all": {MINUTES: "60"}}, "theme": "dark", "timezone": {"offsetISO": "+01:00"}}
LEASE = {"ProjectVersionArn": ARN, "LeaseId": "a", "PageMadeAt": MADE}
CALLS: Mapping[str, Sequence[dict[str, Json]]] = {
    "act": (
        {"Action": "start", "Model": "defects", "PageMadeAt": MADE, "MinutesField": MINUTES, "widgetContext": FORMS},
        {"Action": "extend", **LEASE, "ExpiresAt": MADE, "Minutes": 60},
        {"Action": "release", **LEASE},
        {"Action": "stop", "ProjectVersionArn": ARN, "PageMadeAt": MADE},
    ),
    "page": ({"widgetContext": FORMS}, {"Report": "bill", "Month": "2026-11"}),
    "settle": ({"detail": {"executionArn": "", "status": "FAILED"}},),
    "tick": ({"Schedule": "shift", "Action": "start", "ScheduledTime": MADE, "HoursAhead": 0},),
    "sweep": ({},),
}  # fmt: skip
"""What is right, to be made wrong."""
OF_NO_MATTER = frozenset({"theme", "offsetISO", "timezone", "status", "HoursAhead"})
"""What makes no call wrong that changes anything."""
RIGHT_ALL_THE_SAME = {"Minutes": "[0-9]+", MINUTES: "[0-9]+", "LeaseId": "[A-Za-z0-9._:/-]+"}
WRONG_MINUTES = (0, -1, 10_081, 10**6, "1e3", "\u0661", 1.5, True, "60 ")
_EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:Lifecycle-StartModel:x"
ODD: Mapping[str, Strategy] = {
    "ProjectVersionArn": corrupted((ARN,)).filter(lambda one: one != ARN),
    "executionArn": corrupted((_EXECUTION, _EXECUTION.replace("StartModel", "DetectBatch"), ARN, MACHINES.start_model)),
    "PageMadeAt": st.sampled_from((*TIMES, *ENDS_OF_TIME, f"{MADE}\n")),
    "ExpiresAt": st.sampled_from(("now", "08:00\n", "+12026-11-24T08:00:00Z")),
    "ScheduledTime": st.sampled_from((*TIMES, *ENDS_OF_TIME, f"{MADE}\n")),
    "Month": st.sampled_from(("2026-13", "0000-01", "9999-12", "2026-1\n", "\uff12026-11", "x" * 100_000)),
    "Minutes": st.sampled_from(WRONG_MINUTES),
    MINUTES: st.sampled_from(WRONG_MINUTES),
}  # fmt: skip


def anything() -> Strategy:
    """Whatever may be sent."""
    crowd = st.builds(
        lambda stem, count: {f"{stem}{n}": n for n in range(count)}, st.sampled_from(HOSTILE), st.just(2_000)
    )
    deep = st.builds(nested, st.sampled_from((3, 100, 400)), st.sampled_from(("list", "dict")))
    return st.sampled_from((*VALUES[1:], *HOSTILE, "x" * 200_000, "<b>" * 60_000)) | deep | crowd


@st.composite
def wrong(draw: st.DrawFn, function: str) -> Json:
    """A call in which one thing is wrong, or that is none at all."""
    event = copy.deepcopy(dict(draw(st.sampled_from(CALLS[function]))))
    places = [one for one in _places(event) if function == "page" or one[-1] not in OF_NO_MATTER]
    place = draw(st.none() | st.sampled_from(places)) if places else None
    if place is None:
        return draw(anything())
    *way, name = place
    inner = event
    for step in way:
        inner = inner[step]
    how = draw(st.sampled_from(("without", "renamed", "other", "other", "other")))
    if how == "without" and name not in ("Minutes", "widgetContext"):  # without these it is right
        del inner[name]
    elif how == "renamed":
        inner[name.swapcase() + draw(st.sampled_from(("", " ", "\u200b", "\0")))] = inner.pop(name)
    else:
        inner[name] = draw(anything() | ODD.get(name, st.nothing()).filter(lambda one: one != inner[name]))
        if re.fullmatch(RIGHT_ALL_THE_SAME.get(name, "(?!)"), str(inner[name])):
            inner[name] = "no id, no number"
    return event


def _places(event: dict[str, Json]) -> Iterator[tuple[str, ...]]:
    for name, value in event.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *below) for below in _places(value))


LARGEST_ANSWER = 64 * 1024


@contextmanager
def held(functions: Functions) -> Iterator[Scene]:
    """A scene in which a model runs under a lease."""
    with new_scene(functions, labels={"once_started": ((0, "RUNNING"),)}) as scene:
        scene.run(MACHINES.start_model, LeaseId="a", LeaseMinutes=0)
        scene.passes(300)
        yield scene


def call(function: str, event: Json, scene: Scene) -> None:
    """Answered with a page, or an error of the contract, in which what was sent is only text."""
    made_now = json.loads(json.dumps(event).replace(MADE, timestamp(scene.now)))
    try:
        answer = scene.call(function, made_now)
    except LifecycleError as error:
        answer = str(error)
    assert len(json.dumps(answer)) <= LARGEST_ANSWER
    if isinstance(answer, str):
        _Tags().feed(answer)


def state(scene: Scene) -> Mapping[str, Json]:
    """What no wrong call may change: tables, executions, the model, and what was told."""
    account = scene.account
    tables = {
        name: {key: item for key, item in table.items() if item.get("Kind", {}).get("S", MODEL) in (MODEL, EXECUTION)}
        for name, table in account.dynamodb.tables.items()
        if table
    }  # not when the sweep came by last, nor how many calls there were of late
    return {
        "tables": copy.deepcopy(tables),
        "executions": {arn: one.status for arn, one in account.stepfunctions.executions.items()},
        "model": (list(scene.labels.starts), list(scene.labels.stops)),
        "notified": (len(account.topic.sent), len(account.bus.sent)),
    }


class _Tags(html.parser.HTMLParser):
    """Finds what a custom widget should not have, and what was sent as markup."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "iframe", "object", "embed", "link", "meta", "base", "img", "b"}
        assert not [name for name, _ in attrs if name.startswith("on")]
        assert tag != "cwdb-action" or (dict(attrs)["endpoint"] or "").rpartition(":")[2] == "act"
