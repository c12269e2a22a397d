"""What can be done from the page: the buttons with what they ask, and what becomes of a click. Pure.

A button's name for its execution has the time in it at which the page was made. So a double click meets the same
execution, and a click on tomorrow's page another one.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from lifecycle.configuration import Configuration
from lifecycle.errors import InvalidRequest
from lifecycle.executions.names import execution_name
from lifecycle.executions.state_machines import Machine
from lifecycle.model.leases import LONGEST_LEASE, Lease, ModelItem
from lifecycle.model.statuses import BILLS, TARGET_RUNNING, Rule
from lifecycle.shared.arns import VersionArn
from lifecycle.shared.text import all_of, as_text, per_hour, plural, usd
from lifecycle.shared.wire import Json, parse_timestamp, timestamp

LEASE_ID = "dashboard"
"""The lease of what is started from the page."""
MINUTES = (15, 30, 60, 120, 240, 480)
"""That a lease can be taken or extended by."""
OLDEST_PAGE = timedelta(minutes=15)
"""A click on an older page does nothing: its buttons may be out of date."""
_AHEAD = timedelta(minutes=5)
"""That the clocks of two functions may differ by."""
MOST_NAMED = 5
"""Leases that a question names; more are counted."""
_MAX_QUOTED = 60
_LEASE_ID = re.compile(r"[A-Za-z0-9._:/-]{1,128}")
_DIGITS = re.compile(r"[0-9]{1,5}")


class Action(StrEnum):
    """What a button does."""

    START = "start"
    EXTEND = "extend"
    RELEASE = "release"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Button:
    """A button: what it is called, what it asks before, and what it gives to the function ``act``."""

    label: str
    description: str
    confirmation: str
    payload: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Buttons:
    """Those of one model.

    Parameters
    ----------
    key : str
        Of the model on the page; its form field is named after it.
    shown : str
        How people call the model.
    name : str or None
        The configured name that a start goes by; without one it goes by the version.
    hourly : float
        USD per hour while RUNNING.
    managed : bool
        This app manages the model's project; else there are none.
    """

    now: datetime
    key: str
    shown: str
    name: str | None
    item: ModelItem
    status: str
    hourly: float
    may_start: bool
    managed: bool = True

    def start(self) -> Button | None:
        """Start the model, or keep one running that runs already; where the page holds it, its lease is extended."""
        if not (self.may_start and self.managed):
            return None
        if self.runs:
            return None if LEASE_ID in self._holders() else self._keep()
        startable = TARGET_RUNNING.get(self.status, (Rule.FAIL_UNKNOWN,))[0] in {Rule.REQUEST, Rule.REQUEST_ONCE}
        if not startable or any(lease.lease_id == LEASE_ID for lease in self.item.awaited(self.now)):
            return None
        asks = (
            f"Start {self.shown} for the time chosen? Once it is RUNNING, it costs {per_hour(self.hourly)} "
            f"until its lease '{LEASE_ID}' ends."
        )
        return Button("Start", f"Start {self.shown}", asks, self._payload(Action.START, **self._by_name()))

    def _keep(self) -> Button:
        asks = (
            f"Keep {self.shown} running for the time chosen, with the lease '{LEASE_ID}'? "
            f"It costs {per_hour(self.hourly)} until its last lease ends."
        )
        payload = self._payload(Action.START, **self._by_name())
        return Button("Keep running", f"Keep running: {self.shown}", asks, payload)

    def extend(self, lease: Lease) -> Button | None:
        """Make a lease last longer; one without an end can't be."""
        if lease.expires_at is None or not (self.runs and self.managed):
            return None
        asks = (
            f"Extend the lease '{lease.lease_id}' of {self.shown} by the time chosen? "
            f"Each further hour costs {usd(self.hourly)}, unless other leases hold the model as long."
        )
        ends = timestamp(lease.expires_at)
        payload = self._payload(Action.EXTEND, LeaseId=lease.lease_id, ExpiresAt=ends, MinutesField=self.field)
        return Button("Extend", f"Extend the lease {lease.lease_id} of {self.shown}", asks, payload)

    def release(self, lease_id: str) -> Button | None:
        """End a lease."""
        if not self.managed:
            return None
        asks = f"Release the lease '{lease_id}' of {self.shown}? {self._after_release(lease_id)}"
        described = f"Release the lease {lease_id} of {self.shown}"
        return Button("Release", described, asks, self._payload(Action.RELEASE, LeaseId=lease_id))

    def _after_release(self, lease_id: str) -> str:
        others = [other for other in self._holders() if other != lease_id]
        if not self.runs:
            return f"It is {self.status}: nothing is stopped."
        if others:
            return f"It keeps running for {all_of(others, MOST_NAMED)}, at {per_hour(self.hourly)}."
        return f"Nobody else holds it: it is stopped, which saves {per_hour(self.hourly)}."

    def stop(self) -> Button | None:
        """Stop the model, whoever needs it."""
        if not (self.runs and self.managed):
            return None
        holders = self._holders()
        ends = (
            f"It ends {plural(len(holders), 'lease')}: {all_of(holders, MOST_NAMED)}."
            if holders
            else "Nobody holds it."
        )
        saves = f"It saves {per_hour(self.hourly)}; starting it again takes minutes."
        return Button(
            "Stop", f"Stop {self.shown}", f"Stop {self.shown} now? {ends} {saves}", self._payload(Action.STOP)
        )

    @property
    def runs(self) -> bool:
        """Whether it bills, or will without anybody doing anything."""
        return self.status in BILLS

    @property
    def field(self) -> str:
        """The name of the form field with the minutes."""
        return f"minutes-{self.key}"

    def _holders(self) -> list[str]:
        settled = [lease.lease_id for lease in self.item.held(self.now)]
        pending = [lease.lease_id for lease in self.item.awaited(self.now)]
        return list(dict.fromkeys([*settled, *pending]))

    def _by_name(self) -> dict[str, Json]:
        which = {"Model": self.name} if self.name else {"ProjectVersionArn": self.item.project_version_arn}
        return {"MinutesField": self.field, **which}

    def _payload(self, action: Action, **fields: Json) -> Mapping[str, Json]:
        which = {} if "Model" in fields else {"ProjectVersionArn": self.item.project_version_arn}
        return {"Action": action.value, **which, **fields, "PageMadeAt": timestamp(self.now)}


@dataclass(frozen=True, slots=True)
class Asked:
    """A click that is understood: the execution that it starts."""

    action: Action
    shown: str
    machine: Machine
    execution_name: str
    payload: Mapping[str, Json]


def asked(event: Json, now: datetime, configuration: Configuration, here: str) -> Asked:
    """What a click asks for.

    Parameters
    ----------
    event : dict
        What the function was given. Anybody who may invoke it may give it anything, so nothing of it is relied on.
    here : str
        The ARN of anything of this app: of its account and Region.

    Raises
    ------
    InvalidRequest
        Naming every problem. Nothing is to be started then.
    """
    given = event if isinstance(event, dict) else {}
    problems: list[str] = []
    action = _action(given, problems)
    made_at = _made_at(given, now, problems)
    which, shown = _which(given, configuration, here, problems)
    fields: dict[str, Json] = {}
    if action in {Action.EXTEND, Action.RELEASE}:
        fields["LeaseId"] = _lease_id(given, problems)
    if action is Action.START:
        fields |= {"LeaseId": LEASE_ID, "LeaseMinutes": _minutes(given, problems)}
    if action is Action.EXTEND:
        fields["LeaseMinutes"] = _longer(given, now, problems)
    if action is Action.STOP:
        fields["Force"] = True
    if problems or action is None or made_at is None:
        raise InvalidRequest(
            "\n- ".join(["Nothing was started:", *problems]),
            remedy="Refresh the page, and use its buttons.",
        )
    machine = Machine.START_MODEL if action in {Action.START, Action.EXTEND} else Machine.STOP_MODEL
    return Asked(
        action,
        shown,
        machine,
        execution_name(
            f"console-{action}-{shown}", here, which, fields.get("LeaseId"), when=_to_the_millisecond(made_at)
        ),
        {**which, **fields, "Context": {"AskedOn": "the dashboard", "PageMadeAt": timestamp(made_at)}},
    )


def _action(given: Mapping[str, Json], problems: list[str]) -> Action | None:
    try:
        return Action(as_text(given.get("Action")))
    except ValueError:
        problems.append(f"Action: {_quoted(given.get('Action'))} is none of {', '.join(Action)}")
        return None


def _made_at(given: Mapping[str, Json], now: datetime, problems: list[str]) -> datetime | None:
    try:
        made_at = parse_timestamp(given["PageMadeAt"])
    except (KeyError, TypeError, ValueError):
        problems.append("PageMadeAt: must be an RFC 3339 time with its UTC offset")
        return None
    age = now - made_at
    if not -_AHEAD <= age <= OLDEST_PAGE:
        old = f"{math.floor(age.total_seconds() / 60)} minutes old" if age > OLDEST_PAGE else "from the future"
        problems.append(f"PageMadeAt: the page is {old}, and its buttons may be out of date")
    return made_at


def _which(
    given: Mapping[str, Json], configuration: Configuration, here: str, problems: list[str]
) -> tuple[dict[str, Json], str]:
    """The model as an input names it, and how people call it."""
    name, arn = given.get("Model"), given.get("ProjectVersionArn")
    if (name is None) == (arn is None):
        problems.append("Model, ProjectVersionArn: exactly one of the two is needed")
        return {}, ""
    if arn is None:
        if not isinstance(name, str) or name not in configuration.models:
            problems.append(f"Model: {_quoted(name)} is not configured")
            return {}, ""
        return {"Model": name}, name
    try:
        version = VersionArn.parse(arn)
    except (TypeError, ValueError):
        problems.append(f"ProjectVersionArn: {_quoted(arn)} is not the ARN of a model version")
        return {}, ""
    if version.elsewhere(here) or not configuration.manages(arn):
        problems.append(f"ProjectVersionArn: {_quoted(arn)} is not of a project that this app manages")
    return {"ProjectVersionArn": arn}, configuration.exact_name(arn)


def _lease_id(given: Mapping[str, Json], problems: list[str]) -> str:
    lease_id = given.get("LeaseId")
    if not isinstance(lease_id, str) or not _LEASE_ID.fullmatch(lease_id):
        problems.append(f"LeaseId: {_quoted(lease_id)} is not the id of a lease")
        return ""
    return lease_id


def _minutes(given: Mapping[str, Json], problems: list[str]) -> int:
    """``Minutes``, or what was chosen in the form field that ``MinutesField`` names."""
    minutes = given.get("Minutes")
    if minutes is None:
        minutes = _chosen(given)
    text = as_text(minutes) if isinstance(minutes, int | str) and not isinstance(minutes, bool) else ""
    longest = LONGEST_LEASE // timedelta(minutes=1)
    if not _DIGITS.fullmatch(text) or not 1 <= int(text) <= longest:
        problems.append(f"Minutes: {_quoted(minutes)} is no number of minutes from 1 to {longest}")
        return 0
    return int(text)


def _chosen(given: Mapping[str, Json]) -> Json:
    """CloudWatch User Guide, "Details about custom widgets": the fields of the widget's forms by their names."""
    value: Json = given
    for name in ("widgetContext", "forms", "all", given.get("MinutesField")):
        value = value.get(name) if isinstance(value, dict) and isinstance(name, str) else None
    return value


def _longer(given: Mapping[str, Json], now: datetime, problems: list[str]) -> int:
    """The minutes from now on that are so many longer than the lease lasts. No lease is longer than the longest."""
    minutes = _minutes(given, problems)
    try:
        ends = parse_timestamp(given["ExpiresAt"])
    except (KeyError, TypeError, ValueError):
        problems.append("ExpiresAt: must be an RFC 3339 time with its UTC offset")
        return 0
    left = max(timedelta(0), ends - now)
    return -(-min(left + timedelta(minutes=minutes), LONGEST_LEASE) // timedelta(minutes=1))


def _to_the_millisecond(moment: datetime) -> str:
    """``20261125T140312345Z``."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}Z"


def _quoted(value: Json) -> str:
    text = as_text(value, repr)
    return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}..."
