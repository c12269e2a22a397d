"""The cases: which requests of TestState show each way through each state of a definition."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.asl import StateMachine
from tools.verify.given import (
    ANSWER,
    EXECUTION_CONTEXT,
    GIVEN,
    HOME,
    ITEMS,
    NESTED_ENDS,
    STATE_MACHINE,
    VARIABLES,
    Branch,
)

Json = Any

OTHER_ERRORS = ("Some.OtherError", "States.Timeout", "States.DataLimitExceeded")
"""Errors that every Task may meet, beside those that its Retry and Catch name."""
_MOCKED = frozenset({"Task", "Map"})
_TEXTS = frozenset({"input", "variables", "context"})
"""What TestState takes as JSON text."""
_ALL = frozenset({"States.ALL", "States.TaskFailed"})
_CALLBACK = ".waitForTaskToken"
_UNTYPED = (":lambda:invoke", ".sync:2", _CALLBACK)
"""Integrations whose answers a Task gets as objects where the service's API has text: Lambda's Payload, the Output of
DescribeExecution; and what a token brings is whatever somebody sent. STRICT validation wants the API's own answer, so
that these are mocked without validation."""


@dataclass(frozen=True)
class Case:
    """One request: a state, the way through it, and what TestState is asked."""

    machine: str
    state: str
    branch: str
    request: Mapping[str, Json] = field(repr=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is recorded under."""
        return self.machine, self.state, self.branch


def programs(machines: Iterable[StateMachine]) -> Iterator[StateMachine]:
    """The definitions, with those that Maps run as machines of their own: TestState knows states of the top level."""
    for machine in machines:
        yield StateMachine(machine.name, json.dumps(_without_pauses(json.loads(substituted(machine.text)))))
        for name, child in machine.children.items():
            program = _without_pauses(json.loads(substituted(child.text)))
            program.pop("ProcessorConfig", None)
            yield StateMachine(f"{machine.name}/{name}", json.dumps(program))


def _without_pauses(program: dict[str, Json]) -> dict[str, Json]:
    """With Waits of no length where a definition names one: TestState waits."""
    for state in program["States"].values():
        if state["Type"] == "Wait" and isinstance(state.get("Seconds"), int):
            state["Seconds"] = 0
    return program


def substituted(text: str) -> str:
    """A definition as a deploy fills it: with ARNs where the template has placeholders."""

    def arn(placeholder: re.Match[str]) -> str:
        name = placeholder[1].removesuffix("Arn")
        if name.endswith("Function"):
            return f"arn:aws:lambda:{HOME}:function:CustomLabelsLifecycle-{name.removesuffix('Function')}:1"
        return f"arn:aws:states:{HOME}:stateMachine:CustomLabelsLifecycle-{name}"

    return re.sub(r"\$\{(\w+)\}", arn, text)


def cases(program: StateMachine, recorded: Mapping[str, Iterable[str]]) -> Iterator[Case]:
    """All of a program.

    Parameters
    ----------
    recorded : Mapping
        By state, the branches of an earlier record: what they ask is asked again, also if the definition does not name
        it any more.
    """
    for name, state in program.states.items():
        for branch, request in _of_state(program, name, state, recorded.get(name, ())).items():
            texts = {part: json.dumps(value) for part, value in request.items() if part in _TEXTS}
            whole = {"definition": program.text, "stateName": name, "inspectionLevel": "DEBUG"}
            yield Case(program.name, name, branch, {**request, **texts, **whole})


def _of_state(
    program: StateMachine, name: str, state: Mapping[str, Json], recorded: Iterable[str]
) -> Mapping[str, dict[str, Json]]:
    branches = GIVEN.get(program.name, {}).get(name) or {"as ever": Branch()}
    found = {said: _request(name, state, branch) for said, branch in branches.items()}
    if state["Type"] in _MOCKED:
        first = next(iter(branches.values()))
        for said, request in found.items():
            request["mock"] = _result(state, branches[said])
        found |= {said: _request(name, state, first, *asked) for said, asked in _errors(state, recorded).items()}
    if state["Type"] == "Map":
        # A guess: AWS does not document how TestState is given the items of a list of S3 objects.
        read = {"stateConfiguration": {"mapItemReaderData": json.dumps(ITEMS)}}
        found["the items that were read"] = {**found[next(iter(branches))], **read}
    return found


def _request(
    name: str, state: Mapping[str, Json], branch: Branch, error: Mapping[str, str] | None = None, tried: int = 0
) -> dict[str, Json]:
    read = set(re.findall(r"\$(\w+)", json.dumps(state)))
    variables = {one: value for one, value in {**VARIABLES, **branch.variables}.items() if one in read}
    request: dict[str, Json] = {"variables": variables, "input": branch.given or {}}
    if state["Type"] == "Task":  # a Map takes no context; the others take none without a mock, and no mock
        given = EXECUTION_CONTEXT["Input"] if branch.execution is None else branch.execution
        request["context"] = {
            "Execution": {**EXECUTION_CONTEXT, "Input": given},
            "State": {"Name": name, "EnteredTime": "2026-11-30T12:00:01.000Z", "RetryCount": tried},
            "StateMachine": STATE_MACHINE,
            **({"Task": {"Token": "a-token"}} if _CALLBACK in state["Resource"] else {}),
        }
    if error is not None:
        request["mock"] = {"errorOutput": error}
        if tried:
            request["stateConfiguration"] = {"retrierRetryCount": tried}
    return request


def _result(state: Mapping[str, Json], branch: Branch) -> dict[str, Json]:
    resource = state.get("Resource", "")
    if resource.endswith(":lambda:invoke"):
        result: Json = {"StatusCode": 200, "Payload": ANSWER if branch.result is None else branch.result}
    elif branch.result is not None:
        result = branch.result
    elif resource.endswith(_CALLBACK):
        result = {"Labelled": 7}
    elif resource.endswith(".sync:2"):
        result = {"Status": "SUCCEEDED", "Output": {"Inspected": 3}}
    else:
        result = {"ExecutionArn": EXECUTION_CONTEXT["Id"], "StartDate": EXECUTION_CONTEXT["StartTime"]}
    mode = "NONE" if resource.endswith(_UNTYPED) else "STRICT"
    return {"result": json.dumps(result), **({"fieldValidationMode": mode} if state["Type"] == "Task" else {})}


def _errors(state: Mapping[str, Json], recorded: Iterable[str]) -> Mapping[str, tuple[Mapping[str, str], int]]:
    """By branch: the error that is mocked, and how often it was tried again."""
    retriers, catchers = state.get("Retry", ()), state.get("Catch", ())
    names = [name for block in (*retriers, *catchers) for name in block["ErrorEquals"] if name not in _ALL]
    others = (*OTHER_ERRORS, *(["States.HeartbeatTimeout"] if "HeartbeatSeconds" in state else []))
    found = {name: (_mocked(name), 0) for name in dict.fromkeys((*names, *others))}
    if ".sync" in state.get("Resource", ""):
        found |= {said: (error, 0) for said, error in NESTED_ENDS.items()}
    for retrier in retriers:
        attempts = retrier.get("MaxAttempts", 3)
        caught_by_name = {name for catcher in catchers for name in catcher["ErrorEquals"]}
        for name in retrier["ErrorEquals"]:
            if name == retrier["ErrorEquals"][0] or name in caught_by_name:
                found[f"{name}, tried {attempts} times"] = (_mocked(name), attempts)
        first = retrier["ErrorEquals"][0]
        found[f"{first}, tried {attempts - 1} times"] = (_mocked(first), attempts - 1)
    for said in recorded:
        if (error := re.fullmatch(r"(?P<name>[A-Z][\w.]+)(, tried (?P<tried>\d+) times)?", said)) and said not in found:
            found[said] = (_mocked(error["name"]), int(error["tried"] or 0))
    return found


def _mocked(error: str) -> Mapping[str, str]:
    """As Step Functions reports it: a function's error has its message in JSON, a timeout has no cause."""
    if error == "States.Timeout":
        return {"error": error}
    return {"error": error, "cause": json.dumps({"errorMessage": f"{error} happened.", "errorType": error})}
