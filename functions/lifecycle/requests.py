"""From the input of an execution to a request that the rest can rely on. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

from lifecycle.arns import VersionArn, region_and_account
from lifecycle.configuration import Configuration, Model
from lifecycle.errors import InvalidRequest
from lifecycle.polling import fixed_interval
from lifecycle.validation import Validator
from lifecycle.wire import Json, parse_timestamp

DEFAULT_TIMEOUT_SECONDS = 3600
START_LEAD = timedelta(minutes=30)
"""How long before ReadyAt a start is due: the longest that users report a start to take."""
READY_AT_HORIZON = timedelta(days=30)
MAX_CONTEXT_BYTES = 16 * 1024
IGNORED = frozenset({"Comment", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"})

_VALIDATOR = Validator(json.loads(files("schemas").joinpath("start_model.input.schema.json").read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Execution:
    """The Step Functions execution that asks: from the state machine's context object."""

    id: str
    name: str
    start_time: datetime


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A validated StartModel input with its defaults; it travels through the state machine as ``$request``.

    Times are absolute: ``due_at`` is when the start may be requested, ``deadline`` when the model must be RUNNING.
    """

    project_version_arn: str
    min_inference_units: int
    lease_id: str
    lease_minutes: int
    due_at: datetime
    deadline: datetime
    model: str | None = None
    project_arn: str | None = None
    max_inference_units: int | None = None
    ready_at: datetime | None = None
    poll_seconds: int | None = None
    wait_for_capacity: bool = False
    dry_run: bool = False
    client_request_token: str | None = None
    duplicate_of: str | None = None
    warnings: tuple[str, ...] = ()
    context: Any = None

    def warn(self, *warnings: str) -> "StartRequest":
        """The same request with further warnings."""
        return replace(self, warnings=(*self.warnings, *warnings))


def start_request(payload: Json, execution: Execution, configuration: Configuration) -> StartRequest:
    """Validate the input of a StartModel execution and fill in its defaults.

    "Now" is the execution's start, so that a function that is retried answers the same.

    Raises
    ------
    InvalidRequest
        Naming every problem, each with its path.
    """
    problems = _VALIDATOR.problems(payload)
    if isinstance(payload, dict):
        said = {problem.partition(":")[0] for problem in problems}
        further = _problems_between_fields(payload, execution, configuration)
        problems += [problem for problem in further if problem.partition(":")[0] not in said]
    if problems:
        raise InvalidRequest(
            "\n- ".join(["The input is not a StartModel request:", *problems]),
            project_version_arn=_known_arn(payload, configuration),
            remedy=_how_to_ask(configuration),
        )

    name = payload.get("Model")
    arn = payload.get("ProjectVersionArn") or configuration.models[name].project_version_arn
    name = name or configuration.name_of(arn)
    defaults = configuration.models[name] if name else Model(arn)
    ready_at = parse_timestamp(payload["ReadyAt"]) if "ReadyAt" in payload else None
    now = execution.start_time
    if ready_at and ready_at <= now:
        ready_at = None  # past means now, however long past
    due_at = max(now, ready_at - START_LEAD) if ready_at else now
    timeout = int(payload.get("TimeoutSeconds", DEFAULT_TIMEOUT_SECONDS))
    min_units, max_units = _inference_units(payload, defaults)
    request = StartRequest(
        project_version_arn=arn,
        model=name,
        min_inference_units=min_units,
        max_inference_units=max_units,
        lease_id=payload.get("LeaseId", execution.name),
        lease_minutes=int(payload.get("LeaseMinutes", defaults.lease_minutes)),
        due_at=due_at,
        deadline=due_at + timedelta(seconds=timeout),
        ready_at=ready_at,
        wait_for_capacity=payload.get("WaitForCapacity", False),
        dry_run=payload.get("DryRun", False),
        client_request_token=payload.get("ClientRequestToken"),
        context=payload.get("Context"),
    )
    if "PollSeconds" not in payload:
        return request
    wished = int(payload["PollSeconds"])
    poll_seconds = fixed_interval(wished, timeout)
    request = replace(request, poll_seconds=poll_seconds)
    if poll_seconds == wished:
        return request
    return request.warn(
        f"PollSeconds was raised from {wished} to {poll_seconds}: a timeout of {timeout} s must stay under 1,000 looks."
    )


def fingerprint(payload: Mapping[str, Json]) -> str:
    """The same for two inputs that ask for the same; a token may be used again with the same one only."""
    asked = {name: value for name, value in payload.items() if name not in IGNORED}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _inference_units(payload: Mapping[str, Json], defaults: Model) -> tuple[int, int | None]:
    """As asked, else as configured; a configured maximum never undercuts a minimum that was asked for."""
    min_units = int(payload.get("MinInferenceUnits", defaults.min_inference_units))
    max_units = payload.get("MaxInferenceUnits", defaults.max_inference_units)
    if max_units is None or ("MaxInferenceUnits" not in payload and max_units < min_units):
        return min_units, None
    return min_units, int(max_units)


def _problems_between_fields(
    payload: Mapping[str, Json], execution: Execution, configuration: Configuration
) -> list[str]:
    """What a JSON Schema can't say, or says badly. Looks only at values of the right type."""
    problems = []
    arn, name = payload.get("ProjectVersionArn"), payload.get("Model")
    if (arn is None) == (name is None):
        problems.append("ProjectVersionArn, Model: exactly one of the two is needed")
    if isinstance(name, str) and name not in configuration.models:
        problems.append(f"Model: {name[:64]!r} is not configured; {_configured(configuration)}")
    if isinstance(arn, str):
        problems += _elsewhere(arn, execution)
    min_units, max_units = payload.get("MinInferenceUnits"), payload.get("MaxInferenceUnits")
    if min_units is None and isinstance(name, str) and name in configuration.models:
        min_units = configuration.models[name].min_inference_units
    if isinstance(max_units, int | float) and isinstance(min_units, int | float) and max_units < min_units:
        problems.append(f"MaxInferenceUnits: {max_units} is less than MinInferenceUnits, {min_units}")
    if isinstance(payload.get("ReadyAt"), str):
        problems += _unready(payload["ReadyAt"], execution.start_time)
    if _bytes(payload.get("Context")) > MAX_CONTEXT_BYTES:
        problems.append("Context: must be at most 16 KiB of JSON; pass a reference, such as an S3 URI, instead")
    return problems


def _bytes(document: Json) -> int:
    """The size of some JSON, at its shortest; one that is nested too deep to be written is too large."""
    try:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return MAX_CONTEXT_BYTES + 1
    return len(text.encode(errors="replace"))


def _elsewhere(arn: str, execution: Execution) -> list[str]:
    """Whether the model lives in another account or Region than this app."""
    try:
        version = VersionArn.parse(arn)
    except ValueError:
        return []  # the schema has said so
    here = region_and_account(execution.id)
    if (version.region, version.account) == here:
        return []
    return [
        f"ProjectVersionArn: the model is in account {version.account}, {version.region}; "
        f"this app can start models in account {here[1]}, {here[0]} only"
    ]


def _unready(text: str, now: datetime) -> list[str]:
    try:
        ready_at = parse_timestamp(text)
    except ValueError:
        return ["ReadyAt: must be an RFC 3339 time with its UTC offset, for example 2026-11-24T08:00:00+01:00"]
    too_far = ready_at > now + READY_AT_HORIZON
    return [f"ReadyAt: {text} is more than {READY_AT_HORIZON.days} days ahead"] if too_far else []


def _known_arn(payload: Json, configuration: Configuration) -> str | None:
    """The model that a wrong input nevertheless names, so that the failure can name it too."""
    if not isinstance(payload, dict):
        return None
    name, arn = payload.get("Model"), payload.get("ProjectVersionArn")
    if isinstance(name, str) and name in configuration.models:
        return configuration.models[name].project_version_arn
    try:
        VersionArn.parse(str(arn))
    except ValueError:
        return None
    return str(arn)


def _configured(configuration: Configuration) -> str:
    if not configuration.models:
        return "no model is configured in cdk.json yet"
    return f"configured models: {', '.join(sorted(configuration.models))}"


def _how_to_ask(configuration: Configuration) -> str:
    if configuration.models:
        example = json.dumps({"Model": min(configuration.models)})
    else:
        example = json.dumps({"ProjectVersionArn": _VALIDATOR.example("ProjectVersionArn")})
    return f"Nothing was started. Start a new execution with an input such as {example} ({_configured(configuration)})."
