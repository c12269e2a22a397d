"""What the inputs of all state machines have in common, and how one that is wrong is answered. Pure."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from lifecycle.configuration import Configuration
from lifecycle.errors import InvalidRequest, ModelNotFound
from lifecycle.executions.state_machines import Machine
from lifecycle.model.polling import fixed_interval
from lifecycle.model.version_choice import Choice, Choose
from lifecycle.shared.arns import VersionArn, region_and_account
from lifecycle.shared.known_mistakes import VERSION_ARN
from lifecycle.shared.mistaken import mistake
from lifecycle.shared.suggestions import nearest
from lifecycle.shared.text import as_text, escaped, shortened
from lifecycle.shared.wire import Json

if TYPE_CHECKING:
    from lifecycle.shared.json_schema import Validator

DEFAULT_TIMEOUT_SECONDS = 3600
MAX_CONTEXT_BYTES = 16 * 1024
MAX_NUMBER = 2**53
"""Up to here every integer is a number of JavaScript's and JSONata's too: beyond, they round (RFC 8259, 6. Numbers)."""
MAX_GIVEN = 80
"""Characters of what was given that a problem shows."""
MAX_NUMBERS = 3
"""So many numbers that are too large are named; more are counted."""
MAX_NAMES = 30
"""Configured models that a message names; more are counted."""
IGNORED = frozenset({"Comment", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"})


def is_silent(payload: Json, machine: Machine) -> bool:
    """Whether nobody is notified however an execution with this input ends, also if the input is invalid.

    A dry run changes nothing; an extension of a lease is a heartbeat. ``{}``, or a ``Comment`` alone such as the
    console's ``{"Comment": "Insert your JSON here"}``, is a question: its answer concerns nobody else. The definitions
    say the same to Notify, which is not given the input.
    """
    if not isinstance(payload, dict):
        return False
    extension = machine is Machine.START_MODEL and payload.get("ExtendOnly") is True
    return payload.get("DryRun") is True or extension or payload.keys() <= {"Comment"}


@dataclass(frozen=True, slots=True)
class Execution:
    """The Step Functions execution that asks: from the state machine's context object."""

    id: str
    name: str
    start_time: datetime


def lease_id_of(execution: Execution) -> str:
    """The id of a lease that is named after an execution.

    Names of executions may have characters that ids of leases may not (a quote, an umlaut): such a lease could not be
    released, as StopModel would refuse its id.
    """
    plain = re.sub(r"[^A-Za-z0-9._:/-]", "-", execution.name)
    return plain if plain == execution.name else f"{plain}-{digest_of(execution)}"


def digest_of(execution: Execution) -> str:
    """A few characters that tell an execution from any other."""
    return hashlib.sha256(execution.id.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A validated input with its defaults; it travels through the state machine as ``$request``.

    Times are absolute: ``began_at`` is the execution's start, ``due_at`` when the work may begin, ``deadline`` when the
    target must be reached. ``selection`` says why this version, where the name that was asked for means the newest.
    """

    execution_arn: str
    project_version_arn: str
    began_at: datetime
    due_at: datetime
    deadline: datetime
    model: str | None = None
    project_arn: str | None = None
    poll_seconds: int | None = None
    dry_run: bool = False
    client_request_token: str | None = None
    duplicate_of: str | None = None
    warnings: tuple[str, ...] = ()
    context: Any = None
    selection: str | None = None

    @property
    def token_scope(self) -> str:
        """What a token belongs to: the model that was asked for, by its version or by the name of many."""
        return self.project_version_arn if self.selection is None else self.model or ""


@cache
def validator(machine: str) -> "Validator":
    """Of a machine's input schema, by the machine's name in file names, such as ``start_model``.

    Made when it is needed first: most functions never do, and compiling all schemas would be a tenth of a cold start.
    """
    from lifecycle.shared.json_schema import Validator

    return Validator(json.loads(files("schemas").joinpath(f"{machine}.input.schema.json").read_text("utf-8")))


def refuse(
    payload: Json,
    machine: Machine,
    execution: Execution,
    configuration: Configuration,
    *,
    further: Sequence[str] = (),
    further_example: Mapping[str, Json] | None = None,
) -> None:
    """Raise InvalidRequest where the machine's schema, or what all machines ask of an input, finds problems.

    Parameters
    ----------
    further : list
        What the machine itself finds, a line each that begins with the field's path.
    further_example : dict, optional
        What an input needs beside the model.

    Raises
    ------
    InvalidRequest
        Naming every problem, each with its path.
    """
    schema = validator(machine.name.lower())
    further = [*(_problems_of_any(payload, execution, configuration) if isinstance(payload, dict) else ()), *further]
    # Of a field that the schema speaks of too, these say it better.
    said = {problem.partition(":")[0] for problem in further}
    lines = [*(problem for problem in schema.problems(payload) if problem.partition(":")[0] not in said), *further]
    if lines:
        lines = _said_of_the_event(payload, lines)
        example = {"ProjectVersionArn": schema.example("ProjectVersionArn")}
        raise InvalidRequest(
            "\n- ".join([f"The input is not a {machine} request:", *lines]),
            project_version_arn=_known_arn(payload, configuration),
            remedy=_how_to_ask(configuration, example, further_example or {}),
        )


def _said_of_the_event(payload: Json, lines: list[str]) -> list[str]:
    """The problems of an input that an event rule has made (``infra/event_rules.py``): which event, and where in it."""
    given = payload if isinstance(payload, dict) else {}
    context, comment = given.get("Context"), given.get("Comment")
    if not (isinstance(context, dict) and isinstance(comment, dict) and isinstance(path := comment.get("Path"), str)):
        return lines
    rule, event = (escaped(as_text(context.get(name)), 64) for name in ("EventRule", "EventId"))
    at = f"event {event} of the event rule {rule}", escaped(path, 100)
    return [_of_event(line, payload, comment, *at) for line in lines]


def _of_event(line: str, payload: Mapping[str, Json], comment: Mapping[str, Json], event: str, path: str) -> str:
    field = line.partition(":")[0]
    if field not in {"Model", "ProjectVersionArn"}:
        return line
    given = _found(comment["Event"], str(comment["Path"])) if "Event" in comment else payload.get(field) or _NOTHING
    if given is _NOTHING:
        return f"{field}: {event} has nothing at {path}"
    if "Event" not in comment:
        return f"{line} (from {event}, at {path})"
    shown = as_text(given, json.dumps)
    shown = shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}..."
    return f"{field}: {event} has {shown} at {path}, which is no configured model"


MAX_SHOWN = 80
"""Characters of what an event has where a model is meant."""
_NOTHING = object()


def _found(event: Json, path: str) -> Json:
    """What is at a path such as ``$.detail.model``."""
    for name in path.removeprefix("$.").split("."):
        event = event.get(name, _NOTHING) if isinstance(event, dict) else _NOTHING
    return event


def fingerprint(payload: Mapping[str, Json]) -> str:
    """The same for two inputs that ask for the same; a token may be used again with the same one only.

    Numbers that are equal are equal: Step Functions gives functions 1 for 1.0, and answers what was typed.
    """
    asked = {name: value for name, value in payload.items() if name not in IGNORED}
    whole = json.loads(json.dumps(asked), parse_float=_number)
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def model_of(payload: Mapping[str, Json], configuration: Configuration, choose: Choose) -> tuple[str | None, Choice]:
    """The model's configured name, if it has one, and its version; of a payload without problems."""
    name: str | None = payload.get("Model")
    if name is None:
        arn: str = payload["ProjectVersionArn"]
        return configuration.name_of(arn), Choice(arn)
    fixed = configuration.models[name].project_version_arn
    return name, Choice(fixed) if fixed else choose(name)


def nothing_chosen(name: str) -> Choice:
    """Where nobody chooses, a name that does not stand for one version stands for none."""
    raise ModelNotFound(f"No version of the model {name} was chosen.")


def poll_seconds_of(payload: Mapping[str, Json], timeout_seconds: int) -> tuple[int | None, tuple[str, ...]]:
    """The interval that is asked for, raised where it means too many status checks, and the warning of that."""
    if "PollSeconds" not in payload:
        return None, ()
    wished = int(payload["PollSeconds"])
    poll_seconds = fixed_interval(wished, timeout_seconds)
    raised = (
        f"PollSeconds was raised from {wished} to {poll_seconds}, to stay under 1,000 status checks in "
        f"{timeout_seconds} s: for a shorter interval, request a shorter TimeoutSeconds."
    )
    return poll_seconds, () if poll_seconds == wished else (raised,)


def _problems_of_any(payload: Mapping[str, Json], execution: Execution, configuration: Configuration) -> list[str]:
    """What a JSON Schema can't say, or says badly, of the fields that all machines have."""
    problems = []
    arn, name = payload.get("ProjectVersionArn"), payload.get("Model")
    if (arn is None) == (name is None):
        problems.append("ProjectVersionArn, Model: exactly one of the two is needed")
    if isinstance(name, str) and name not in configuration.models:
        problems += _no_model(name, configuration)
    if isinstance(arn, str):
        problems += _no_arn(arn, configuration) or problems_of_place(arn, execution)
    token = payload.get("ClientRequestToken")
    if isinstance(token, str) and _unwritable(token):
        problems.append(f"ClientRequestToken: {_HALVES}")
    return [*problems, *_unreturnable(payload.get("Context"))]


def _no_model(name: str, configuration: Configuration) -> list[str]:
    """A text in Model that is no configured name: an ARN belongs elsewhere, and a name may be mistyped."""
    if name.strip().startswith("arn:"):
        if _is_version(name.strip()):
            return [f"Model: is a model version's ARN; put it into ProjectVersionArn; got {_ending(name)}"]
        found = mistake(name, VERSION_ARN, _is_version)
        return [f"Model: {found.why}; Model is a name; {_configured(configuration)}; got {_ending(name)}. {found.find}"]
    if not _NAME.fullmatch(name) and name.strip() not in configuration.models:
        return []  # the schema says which characters it may have
    near = name.strip() if name.strip() in configuration.models else nearest(name, configuration.models)
    hint = f", did you mean {near}?" if near else ""
    return [f"Model: '{escaped(name)}' is not configured; {_configured(configuration)}{hint}"]


def _no_arn(arn: str, configuration: Configuration) -> list[str]:
    """A name in ProjectVersionArn; of any other text that is no version's ARN the schema says what it is."""
    if arn.strip() in configuration.models:
        return [f"ProjectVersionArn: {_ending(arn)} is a configured model's name; put it into Model"]
    return []


def _is_version(text: str) -> bool:
    try:
        VersionArn.parse(text)
    except ValueError:
        return False
    return True


def _ending(text: str) -> str:
    """What was given; of a long text its end, which tells more than its beginning."""
    return json.dumps(text) if len(text) <= MAX_GIVEN else f"... {json.dumps(text[-MAX_GIVEN:])}"


_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HALVES = "has half of a surrogate pair in it, such as \\ud800, which is no character"


def _unreturnable(context: Json) -> list[str]:
    """Why a Context could not be returned untouched."""
    try:
        text = json.dumps(context, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except RecursionError:
        return [_TOO_LARGE]
    except ValueError:  # it has Infinity, as JSON's 1e400 is read, or more digits than Python writes
        return [f"Context: has a number {_TOO_MANY_DIGITS}"]
    if len(text.encode(errors="replace")) > MAX_CONTEXT_BYTES:
        return [_TOO_LARGE]
    problems = [f"Context: {_HALVES}"] if _unwritable(text) else []
    too_large = [
        f"Context: {escaped(path or 'the number')} is {escaped(json.dumps(number), 40)}, {_TOO_MANY_DIGITS}"
        for path, number in _numbers(context)
        if abs(number) > MAX_NUMBER
    ]
    return problems + shortened(too_large, MAX_NUMBERS, "such numbers")


_TOO_MANY_DIGITS = "beyond 2^53, where readers of JSON begin to lose digits of a number; pass it as a string"


def _numbers(document: Json) -> Iterator[tuple[str, int | float]]:
    """The numbers of a document, each with its path; without recursion, as it may be nested deep."""
    left = [("", document)]
    while left:
        where, one = left.pop()
        if isinstance(one, dict):
            left += [(f"{where}.{name}" if where else name, inner) for name, inner in reversed(one.items())]
        elif isinstance(one, list):
            left += [(f"{where}[{index}]", one[index]) for index in reversed(range(len(one)))]
        elif isinstance(one, int | float) and not isinstance(one, bool):
            yield where, one


_TOO_LARGE = "Context: must be at most 16 KiB of JSON; pass a reference, such as an S3 URI, instead"


def _unwritable(text: str) -> bool:
    """Whether UTF-8 can't write a text: a function could not answer with it, nor a table keep it."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def problems_of_place(arn: str, execution: Execution, here: str = "this app manages models in") -> list[str]:
    """Whether the model lives in another account, Region or partition than this app."""
    try:
        version = VersionArn.parse(arn)
    except ValueError:
        return []  # the schema has said so
    region, account = region_and_account(execution.id)
    where = version.elsewhere(execution.id)
    only = f"{here} account {account}, {region} only"
    return [f"ProjectVersionArn: the model is in {where}; {only}"] if where else []


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
    return f"configured models: {', '.join(shortened(sorted(configuration.models), MAX_NAMES))}"


def _how_to_ask(configuration: Configuration, example: Json, further: Mapping[str, Json]) -> str:
    if configuration.models:
        example = {"Model": min(configuration.models)}
    given = json.dumps({**example, **further})
    return f"Nothing was done. Start a new execution with an input such as {given} ({_configured(configuration)})."
