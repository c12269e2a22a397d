"""From the input of a StartModel execution to a request that the rest can rely on. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from lifecycle.configuration import Configuration, Model
from lifecycle.executions.requests import (
    DEFAULT_TIMEOUT_SECONDS,
    Execution,
    Request,
    lease_id_of,
    model_of,
    nothing_chosen,
    poll_seconds_of,
    refuse,
)
from lifecycle.executions.state_machines import Machine
from lifecycle.model.leases import PastStart, Starter
from lifecycle.model.polling import lead_seconds
from lifecycle.model.version_choice import Choose
from lifecycle.shared import rfc3339
from lifecycle.shared.text import as_text, escaped
from lifecycle.shared.wire import Json

START_LEAD = timedelta(minutes=30)
"""How long before ReadyAt a start is due that has no past ones to go by: the longest that users report one to take."""
READY_AT_HORIZON = timedelta(days=30)
_OF_A_START = ("MinInferenceUnits", "MaxInferenceUnits", "ReadyAt", "WaitForCapacity", "IgnoreBudget")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest(Request):
    """A validated StartModel input with its defaults."""

    min_inference_units: int
    lease_id: str
    lease_minutes: int
    max_inference_units: int | None = None
    ready_at: datetime | None = None
    wait_for_capacity: bool = False
    extend_only: bool = False
    ignore_budget: bool = False

    @property
    def starter(self) -> Starter:
        """What it says of itself to the model's item."""
        return Starter(self.execution_arn, self.lease_id, self.deadline, self.lease_minutes, self.ignore_budget)

    def as_late_as(self, starts: Sequence[PastStart]) -> Self:
        """The same request, due as late before ReadyAt as the model's past starts allow, if there are any."""
        if self.ready_at is None or not starts:
            return self
        due_at = max(self.began_at, self.ready_at - timedelta(seconds=lead_seconds(starts)))
        return replace(self, due_at=due_at, deadline=due_at + (self.deadline - self.due_at))


def start_request(
    payload: Json, execution: Execution, configuration: Configuration, choose: Choose = nothing_chosen
) -> StartRequest:
    """Validate the input of a StartModel execution and fill in its defaults.

    "Now" is the execution's start, so that a function that is retried answers the same.

    Raises
    ------
    InvalidRequest
        Naming every problem, each with its path.
    LifecycleError
        What choosing a version fails with.
    """
    further = problems_between_fields(payload, execution, configuration) if isinstance(payload, dict) else ()
    refuse(payload, Machine.START_MODEL, execution, configuration, further=further)
    name, choice = model_of(payload, configuration, choose)
    timeout = int(payload.get("TimeoutSeconds", DEFAULT_TIMEOUT_SECONDS))
    poll_seconds, warnings = poll_seconds_of(payload, timeout)
    defaults = configuration.model(name)
    ready_at = rfc3339.parse(payload["ReadyAt"]) if "ReadyAt" in payload else None
    now = execution.start_time
    if ready_at and ready_at <= now:
        ready_at = None  # past means now, however long past
    due_at = max(now, ready_at - START_LEAD) if ready_at else now
    min_units, max_units = _inference_units(payload, defaults)
    return StartRequest(
        execution_arn=execution.id,
        began_at=now,
        project_version_arn=choice.project_version_arn,
        selection=choice.reason,
        model=name,
        min_inference_units=min_units,
        max_inference_units=max_units,
        lease_id=payload.get("LeaseId", lease_id_of(execution)),
        lease_minutes=int(payload.get("LeaseMinutes", defaults.lease_minutes)),
        due_at=due_at,
        deadline=due_at + timedelta(seconds=timeout),
        ready_at=ready_at,
        wait_for_capacity=payload.get("WaitForCapacity", False),
        extend_only=payload.get("ExtendOnly", False),
        ignore_budget=payload.get("IgnoreBudget", False),
        dry_run=payload.get("DryRun", False),
        client_request_token=payload.get("ClientRequestToken"),
        context=payload.get("Context"),
        poll_seconds=poll_seconds,
        warnings=warnings,
    )


def _inference_units(payload: Mapping[str, Json], defaults: Model) -> tuple[int, int | None]:
    """As asked, else as configured; a configured maximum never undercuts a minimum that was asked for."""
    min_units = int(payload.get("MinInferenceUnits", defaults.min_inference_units))
    max_units = payload.get("MaxInferenceUnits", defaults.max_inference_units)
    if max_units is None or max_units < min_units:
        return min_units, None
    return min_units, int(max_units)


def problems_between_fields(
    payload: Mapping[str, Json], execution: Execution, configuration: Configuration
) -> list[str]:
    """What a JSON Schema can't say of a start, or says badly. It reads values of the right type only."""
    problems: list[str] = []
    min_units, max_units = payload.get("MinInferenceUnits"), payload.get("MaxInferenceUnits")
    if min_units is None:
        min_units = configuration.model(_name(payload, configuration)).min_inference_units
    if isinstance(max_units, int | float) and isinstance(min_units, int | float) and 1 <= max_units < min_units:
        problems.append(f"MaxInferenceUnits: {as_text(max_units)} is less than MinInferenceUnits, {as_text(min_units)}")
    if payload.get("ExtendOnly") is True:
        problems += [f"ExtendOnly: {problem}" for problem in _not_to_extend(payload)]
    if payload.get("IgnoreBudget") is True and not configuration.allow_ignore_budget:
        problems.append("IgnoreBudget: is not allowed in this deployment: allow_ignore_budget in cdk.json is false")
    if type(payload.get("ReadyAt")) is int:
        problems.append(f"ReadyAt: must be of type string: {rfc3339.what_is_wrong(as_text(payload['ReadyAt'])[:20])}")
    if isinstance(payload.get("ReadyAt"), str):
        problems += _unready(payload["ReadyAt"], execution.start_time)
    return problems


def _not_to_extend(payload: Mapping[str, Json]) -> Iterator[str]:
    if "LeaseId" not in payload:
        yield "LeaseId is needed: the lease to extend"
    if unfit := [name for name in _OF_A_START if name in payload]:
        yield f"nothing is started, so leave out {', '.join(unfit)}"


def _name(payload: Mapping[str, Json], configuration: Configuration) -> str | None:
    """Of the model that is asked for, if it is configured, by its name or by its ARN."""
    if isinstance(payload.get("Model"), str):
        return str(payload["Model"])
    try:
        return configuration.name_of(str(payload.get("ProjectVersionArn")))
    except ValueError:
        return None  # the schema has said so


def _unready(text: str, now: datetime) -> list[str]:
    if not rfc3339.is_time(text):
        wrong = rfc3339.what_is_wrong(text)
        return [f"ReadyAt: {wrong}{'' if 'RFC 3339' in wrong else ' (RFC 3339)'}; got {json.dumps(text[-80:])}"]
    ready_at = rfc3339.parse(text)
    too_far = ready_at > now + READY_AT_HORIZON
    return [f"ReadyAt: {escaped(text)} is more than {READY_AT_HORIZON.days} days ahead"] if too_far else []
