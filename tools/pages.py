"""The page in states that matter, on the emulator's console in Chromium, without an emulator: its time stands still.

Pictures are taken of them, and tests measure that nothing in them is cut or hidden.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, Route

import infra  # puts functions/ on the path
from lifecycle.configuration import Configuration, Model, OverBudget, Schedule
from lifecycle.model.bill import Session
from lifecycle.model.leases import Claim, Lease, ModelItem, PastStart, PendingLease
from lifecycle.model.usage import Running, Share
from lifecycle.model.version import ModelVersion
from lifecycle.page.composition import page_of
from lifecycle.page.html import page_html
from lifecycle.page.view import Facts

STATIC = Path(infra.__file__).parent.parent / "emulator" / "static"
NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
WIDTHS = (390, 800, 1280)
"""A telephone, half a screen, a screen."""
HOST = "http://emulator.invalid"
_ACT = "arn:aws:lambda:us-east-1:123456789012:function:CustomLabelsLifecycle-act"
_OPERATORS = "CustomLabelsLifecycle-us-east-1-operators"
_VIEWERS = "CustomLabelsLifecycle-us-east-1-viewers"
_HOME = "arn:aws:rekognition:us-east-1:123456789012"
_HOUR = timedelta(hours=1)
_OFFICE = Schedule("defects", "Europe/Berlin", start="30 7 ? * MON-FRI *", stop="0 18 ? * MON-FRI *")


def _arn(project: str, version: str, number: int) -> str:
    return f"{_HOME}:project/{project}/version/{version}/{1793520000000 + number}"


_DEFECTS, _LOGOS, _WELDS = (
    _arn("circuit-boards", "boards-2026-11", 0),
    _arn("brands", "brands-2026-10", 1),
    _arn("welds", "welds-2026-09", 2),
)
_THREE = Configuration(
    models={"defects": Model(_DEFECTS), "logos": Model(_LOGOS, 2), "welds": Model(_WELDS)},
    schedules={"office-hours": _OFFICE},
)
_STARTS = tuple(
    PastStart(NOW - timedelta(days=6 - day), 0, took) for day, took in enumerate((690, 640, 905, 655, 700, 675))
)
_ENDED = (
    Session(
        _DEFECTS,
        NOW - 55 * _HOUR,
        NOW - 46 * _HOUR,
        1,
        4.0,
        "defects",
        (Share("schedule/office-hours", 25_200_000), Share("line-1", 5_400_000)),
    ),
    Session(
        _LOGOS, NOW - 29 * _HOUR, NOW - 26 * _HOUR, 2, 4.0, "logos", (Share("run/nightly-inspection", 10_800_000),)
    ),
)


def _execution(machine: str, name: str) -> str:
    return f"arn:aws:states:us-east-1:123456789012:execution:CustomLabelsLifecycle-{machine}:{name}"


def _lease(lease_id: str, ends_in: timedelta | None = None) -> Lease:
    return Lease(lease_id, NOW - 2 * _HOUR, None if ends_in is None else NOW + ends_in)


def _facts(
    statuses: Mapping[str, str], *items: ModelItem, messages: Mapping[str, str] | None = None, swept: bool = True
) -> Facts:
    versions = {
        arn: ModelVersion(arn, status, (messages or {}).get(arn), 1, f1_score=0.9) for arn, status in statuses.items()
    }
    return Facts(
        now=NOW,
        versions=versions,
        items={item.project_version_arn: item for item in items},
        began={_execution("StartModel", "nightly"): NOW - timedelta(minutes=4)},
        last_sweep=NOW - timedelta(minutes=2) if swept else None,
        ended=_ENDED if swept else (),
    )


def _all(status: str) -> dict[str, str]:
    return dict.fromkeys((_DEFECTS, _LOGOS, _WELDS), status)


_RUNNING = ModelItem(
    _DEFECTS,
    leases=(_lease("line-1", timedelta(minutes=9)), _lease("schedule/office-hours", 3.5 * _HOUR)),
    running=Running(NOW - timedelta(hours=2, minutes=9), 1),
    managed=True,
    starts=_STARTS,
)
_HELD_BY_FIVE = ("line-1", "line-2", "night-shift", "schedule/office-hours", "run/nightly-inspection")


_LONG = "surface-defects-of-line-{:02}-camera-a-in-high-resolution"
_HOLDERS = ("run/" + "x" * 124, "arn:aws:sts::123456789012:assumed-role/inspection/somebody", "line-1")
_NO_CAPACITY = "The model could not be started: there is not enough capacity."


def _thirty() -> tuple[Facts, Configuration]:
    """Names as long as people give them, and one as long as the settings allow; some run, some have failed."""
    project = "surface-inspection_of_the_second_plant.in-the-north"
    names = [*(_LONG.format(number) for number in range(29)), "M" * 64]
    arns = {name: _arn(project, f"{name}.2026-11-01T08.00.00", 100 + place) for place, name in enumerate(names)}
    statuses = dict.fromkeys(arns.values(), "STOPPED")
    running, failed = ([arns[names[place]] for place in places] for places in ((5, 15, 25), (3, 17)))
    statuses |= dict.fromkeys(running, "RUNNING") | dict.fromkeys(failed, "FAILED")
    items = [
        ModelItem(
            arn,
            leases=tuple(_lease(one, hours * _HOUR) for one, hours in zip(_HOLDERS, (10, 20, 30), strict=True)),
            running=Running(NOW - 30 * _HOUR, 1),
            managed=True,
            starts=_STARTS,
        )
        for arn in running
    ]
    schedules = {
        f"working-days-of-{name}"[:64]: replace(_OFFICE, model=name, time_zone="America/Argentina/Buenos_Aires")
        for name in names[::3]
    }
    configuration = Configuration(models={name: Model(arn) for name, arn in arns.items()}, schedules=schedules)
    return _facts(statuses, *items, messages=dict.fromkeys(failed, _NO_CAPACITY)), configuration


STATES: Mapping[str, tuple[Facts, Configuration]] = {
    "new": (_facts(_all("TRAINING_COMPLETED"), swept=False), _THREE),
    "stopped": (
        _facts({**_all("STOPPED"), _WELDS: "TRAINING_IN_PROGRESS"}, ModelItem(_DEFECTS, starts=_STARTS)),
        _THREE,
    ),
    "starting": (
        _facts(
            {**_all("STOPPED"), _LOGOS: "STARTING", _WELDS: "STOPPING"},
            ModelItem(
                _LOGOS,
                pending=(PendingLease("run/nightly", _execution("StartModel", "nightly"), NOW + _HOUR),),
                managed=True,
            ),
            ModelItem(
                _WELDS, claim=Claim(_execution("StopModel", "evening"), NOW - timedelta(minutes=1)), managed=True
            ),
        ),
        _THREE,
    ),
    "running": (
        _facts({**_all("STOPPED"), _DEFECTS: "RUNNING"}, _RUNNING),
        replace(_THREE, monthly_budget_usd=500, over_budget=OverBudget.REFUSE),
    ),
    "failed": (
        _facts(
            {**_all("STOPPED"), _DEFECTS: "FAILED", _WELDS: "TRAINING_FAILED"},
            ModelItem(
                _DEFECTS, leases=tuple(_lease(one, 3 * _HOUR) for one in _HELD_BY_FIVE), managed=True, starts=_STARTS
            ),
            messages={_DEFECTS: _NO_CAPACITY},
        ),
        _THREE,
    ),
    "thirty": _thirty(),
}


def html_of(state: str, theme: str) -> str:
    """The page in one of the states."""
    facts, configuration = STATES[state]
    return page_html(page_of(facts, configuration), theme=theme, zone=UTC, act_arn=_ACT, operators=_OPERATORS)


_BODY = {
    "widgets": [
        {"type": "text", "width": 24, "height": 1, "properties": {"markdown": "## What runs now"}},
        {"type": "custom", "y": 1, "width": 24, "height": 12, "properties": {"title": "Custom Labels models"}},
        {"type": "text", "y": 13, "width": 24, "height": 1, "properties": {"markdown": "## What it costs"}},
        {
            "type": "metric",
            "y": 14,
            "properties": {"title": "USD per hour", "metrics": [["Lifecycle", "EstimatedCost", "Model", "defects"]]},
        },
        {"type": "alarm", "y": 14, "x": 12, "properties": {"title": "Alarms", "alarms": ["arn:aws:x:y:z:alarm:Sweep"]}},
    ]
}


def opened(browser: Browser, answer: str | None, *, width: int, theme: str = "light", **query: str) -> Page:
    """The emulator's console, whose one widget has answered with this HTML; with None it has not answered yet."""
    dashboards = {
        "AccountId": "123456789012",
        "Region": "us-east-1",
        "Dashboards": [{"Name": "CustomLabelsLifecycle-us-east-1", "Body": _BODY}],
        "Policies": [_OPERATORS, _VIEWERS],
    }

    def serve(route: Route) -> None:
        name = route.request.url.partition("?")[0].removeprefix(f"{HOST}/console").strip("/")
        if name == "dashboards":
            route.fulfill(json=dashboards)
        elif name == "invoke":
            if answer is not None:
                route.fulfill(json={"Payload": answer})
        else:
            route.fulfill(path=STATIC / (name or "console.html"))

    page = browser.new_page(viewport={"width": width, "height": 800}, device_scale_factor=1)
    page.route(f"{HOST}/**", serve)
    asked = {"refresh": "0", "theme": theme, **query}
    page.goto(f"{HOST}/console?{'&'.join(f'{name}={value}' for name, value in asked.items())}")
    page.locator("#grid > *").first.wait_for()
    if answer is not None:
        page.locator(".cll").first.wait_for()
    return page
