"""No event rule is fired by what it starts: what is refused, what is accepted, and that nothing accepted ever is."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.settings.event_loops import CALLS
from infra.settings.event_rules import problems_of_event_rules
from lifecycle.executions.outcomes import Outcome
from tests.infra.configurations import ROOT, model
from tests.infra.grants import GRANTS

NAME = model()["name"]
HOME = "arn:aws:states:eu-west-1:111122223333"
RULE = {"name": "new-images", "model": NAME}
ENDS = {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]}
RECORDED = {"detail-type": ["AWS API Call via CloudTrail"]}
REPORTS = {"source": ["custom-labels-lifecycle"], "detail-type": ["Model Lifecycle"]}
OURS = {"event_bus": "CustomLabelsLifecycle-events"}
RELEASE = {"action": "stop", "lease_id": "event/new-images"}
BY_PATH = {"name": "new-images", "model_path": "$.version"}
TRIES = 120 * min(5, int(os.environ.get("ABUSE", "1")))
"""So many patterns of each kind; ``make abuse`` tries more."""


def problems(rule: Mapping[str, Any], *others: Mapping[str, Any]) -> list[str]:
    return problems_of_event_rules({"models": [model(), *others], "event_rules": [rule]}, "CustomLabelsLifecycle")


def machine(name: str) -> str:
    return f"{HOME}:stateMachine:{name}"


def ends(**detail: Any) -> dict[str, Any]:
    return {"pattern": {**ENDS, "detail": detail}}


def reports(**detail: Any) -> dict[str, Any]:
    return {"pattern": {"detail": detail}, **OURS}


NIGHTLY, STOP_MODEL = machine("Nightly"), machine("CustomLabelsLifecycle-StopModel")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        # That a field is there, or what it may be, says nothing about whose event it is.
        ({"pattern": ENDS}, "detail.stateMachineArn"),
        ({"pattern": {"source": ["aws.states"]}}, "detail.stateMachineArn"),
        (ends(stopDate=[{"exists": True}]), "detail.stateMachineArn"),
        (ends(stopDate=[{"numeric": [">", 0]}]), "detail.stateMachineArn"),
        (ends(inputDetails={"included": [True]}), "detail.stateMachineArn"),
        (ends(input=[{"wildcard": "*shift*"}]), "detail.stateMachineArn"),
        (ends(error=[{"exists": True}]), "detail.stateMachineArn"),
        (ends(error=["InvalidRequest"]), "detail.stateMachineArn"),
        (ends(status=["FAILED"]), "detail.stateMachineArn"),
        (ends(name=[{"anything-but": "nightly"}]), "detail.stateMachineArn"),
        (ends(stateMachineArn=[machine("CustomLabelsLifecycle-StartModel")]), "detail.stateMachineArn"),
        (ends(stateMachineArn=[NIGHTLY, STOP_MODEL]), "detail.stateMachineArn"),
        (ends(stateMachineArn=[{"suffix": "Model"}]), "detail.stateMachineArn"),
        (ends(stateMachineArn=[{"prefix": f"{HOME}:stateMachine:Custom"}]), "detail.stateMachineArn"),
        (ends(stateMachineArn=[{"wildcard": "arn:*:Nightly"}]), "detail.stateMachineArn"),
        (ends(stateMachineArn=[{"anything-but": STOP_MODEL}]), "detail.stateMachineArn"),
        (ends(stateMachineArn=[{"exists": True}]), "detail.stateMachineArn"),
        (ends(executionArn=[{"anything-but": {"prefix": ""}}]), "detail.stateMachineArn"),
        ({"pattern": {**ENDS, "resources": [{"prefix": f"{HOME}:execution:Custom"}]}}, "detail.stateMachineArn"),
        ({"pattern": {**ENDS, "resources": [{"exists": True}]}}, "detail.stateMachineArn"),
        # Without a source in full, whoever reads it can't be sure either.
        ({"pattern": {"account": ["111122223333"]}}, "source"),
        ({"pattern": {"detail": {"status": ["FAILED"]}}}, "source"),
        ({"pattern": {"detail": {"model": [NAME]}}}, "source"),
        ({"pattern": {"time": [{"prefix": "2026-"}]}}, "source"),
        ({"pattern": {"source": [{"prefix": "aws."}]}}, "source"),
        ({"pattern": {"source": [{"prefix": {"equals-ignore-case": "AWS."}}]}}, "source"),
        ({"pattern": {"source": [{"anything-but": "factory"}]}}, "source"),
        ({"pattern": {"source": [{"anything-but": {"prefix": "aws.s3"}}]}}, "source"),
        ({"pattern": {"source": [{"wildcard": "*.st*"}]}}, "source"),
        ({"pattern": {"source": [{"equals-ignore-case": "AWS.States"}]}}, "source"),
        ({"pattern": {"source": [{"suffix": "states"}]}}, "source"),
        ({"pattern": {"source": ["factory", {"exists": True}]}}, "source"),
        ({"pattern": {"$or": [{"source": ["factory"]}, ENDS]}}, "source"),
        ({"pattern": {**ENDS, "$or": [{"account": ["1"]}, {"detail": {"a": [1]}}]}}, "detail.stateMachineArn"),
        # What CloudTrail records of a start, and the alarms that a failed one sets off.
        ({"pattern": {"source": ["aws.sts"], **RECORDED}}, "detail-type"),
        ({"pattern": {"source": ["aws.s3", "aws.lambda"]}}, "detail-type"),
        ({"pattern": {"source": ["aws.rekognition"], **RECORDED}}, "detail-type"),
        ({"pattern": {**ENDS, **RECORDED, "detail": {"eventName": ["StopExecution"]}}}, "detail-type"),
        ({"pattern": {"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}}}, "detail.alarmName"),
        # Of our own bus, everything is about our executions.
        ({"pattern": REPORTS, **OURS}, "detail.Outcome"),
        ({"pattern": {"source": [{"prefix": "custom-labels"}]}, **OURS}, "source"),
        (reports(Severity=["ERROR"]), "source"),
        (reports(ExecutionArn=[{"exists": True}]), "source"),
        (reports(Error=[{"exists": True}]), "source"),
        (reports(ProjectName=[{"exists": True}]), "source"),
        (reports(Outcome=["MODEL_DOWN", "START_FAILED"]), "source"),
        (reports(Outcome=[{"prefix": "MODEL_"}], Model=[NAME]), "source"),
        (reports(Outcome=[{"anything-but": ["MODEL_STOPPED"]}]), "source"),
        (reports(Outcome=["START_FAILED"], Model=["another", {"exists": False}]), "source"),
        (reports(Outcome=["START_FAILED"], Model=[{"anything-but": NAME}]), "source"),
        ({**reports(Outcome=[{"anything-but": ["MODEL_STOPPED"]}]), **RELEASE}, "source"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("which", [RULE, BY_PATH], ids=["by name", "by path"])
def test_a_rule_that_what_it_starts_could_fire_again_is_refused(
    which: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    """It would go on for ever, and each turn costs."""
    said = problems({**which, **change})
    assert [one for one in said if one.startswith(f"event_rules.0.pattern.{field}: could match ")], said
    assert "would fire it again, for ever. " in said[-1]


def test_what_is_refused_is_said_with_the_field_and_the_way_out() -> None:
    assert problems({**RULE, "pattern": {"detail": {"status": ["FAILED"]}}}) == [
        "event_rules.0.pattern.source: could match the ends of CustomLabelsLifecycle-StartModel and "
        "CustomLabelsLifecycle-StopModel (source aws.states): what this rule starts would fire it again, for ever. "
        'Name the sources that are meant, such as ["factory"]; or, of aws.states, in pattern.detail.stateMachineArn: '
        "list the ARNs of the state machines that are meant, each in full and none of these: "
        f'["{HOME}:stateMachine:NAME"]'
    ]
    assert problems({**RULE, "pattern": REPORTS, **OURS, **RELEASE}) == [
        "event_rules.0.pattern.detail.Outcome: could match what is reported about its own executions (source "
        "custom-labels-lifecycle): what this rule starts would fire it again, for ever. List the outcomes that are "
        "meant, and none of MODEL_ALREADY_STOPPED, MODEL_KEPT_RUNNING, STOP_FAILED, STOP_TIMED_OUT, "
        "EXECUTION_ABORTED; or other models in pattern.detail.Model"
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"pattern": {"source": ["factory"]}},
        {"pattern": {"source": [{"prefix": "factory."}]}},
        {"pattern": {"source": [{"equals-ignore-case": "Factory"}]}},
        {"pattern": {"source": [{"wildcard": "factory.*"}]}},
        {"pattern": {"source": ["factory"], "detail": {"status": [{"exists": True}], "x": [{"numeric": [">", 1]}]}}},
        {"pattern": {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["in"]}}}},
        {"pattern": {"source": ["aws.s3"]}},
        {"pattern": {"source": ["aws.sagemaker"], "detail": {"status": ["Succeeded"]}}},
        {"pattern": {"source": [{"anything-but": {"prefix": "aws."}}]}},
        {"pattern": {"detail-type": ["Shift begins"]}},
        {"pattern": {"$or": [{"source": ["factory"]}, {"source": ["aws.s3"], "detail": {"x": [1]}}]}},
        ends(stateMachineArn=[NIGHTLY], status=["SUCCEEDED"]),
        {"pattern": {"source": ["aws.states"], "detail": {"stateMachineArn": [NIGHTLY, machine("Inspection")]}}},
        ends(stateMachineArn=[{"prefix": f"{HOME}:stateMachine:Nightly"}]),
        ends(stateMachineArn=[{"anything-but": {"prefix": machine("CustomLabelsLifecycle-")}}]),
        ends(executionArn=[{"prefix": f"{HOME}:execution:Nightly:"}]),
        {"pattern": {**ENDS, "resources": [{"prefix": f"{HOME}:execution:Nightly:"}]}},
        {"pattern": {**ENDS, "detail": {"$or": [{"stateMachineArn": [NIGHTLY]}, {"executionArn": [f"{HOME}:x"]}]}}},
        {"pattern": {"source": ["aws.states"], "account": ["444455556666"]}},
        {"pattern": {"source": ["aws.rekognition"], **RECORDED, "detail": {"eventName": ["CreateProjectVersion"]}}},
        {"pattern": {"source": ["aws.cloudwatch"], "detail": {"alarmName": ["QueueIsLong"]}}},
        reports(Outcome=["MODEL_DOWN"]),
        reports(Outcome=["MODEL_STARTED"]),
        {**reports(Outcome=["START_FAILED"]), **RELEASE},
        reports(Outcome=["START_FAILED"], Model=["another"]),
        {"pattern": {"source": ["factory"]}, **OURS},
        {"pattern": {"source": ["custom-labels-lifecycle"]}},
        {"pattern": {"source": ["custom-labels-lifecycle"]}, "event_bus": "factory"},
    ],
)  # fmt: skip
def test_a_rule_may_follow_upon_what_others_end(change: dict[str, Any]) -> None:
    """And upon what of ours does not come again from it."""
    assert problems({**RULE, **change}) == []


def test_a_model_of_the_same_project_is_no_other_model() -> None:
    """A version of it may be reported by that one's name."""
    newest = {"name": "newest", "project": model()["project_version_arn"].split("/")[1]}
    rule = {**RULE, **reports(Outcome=["START_FAILED"], Model=["newest"])}
    assert problems(rule) == []
    assert problems(rule, newest)[0].startswith("event_rules.0.pattern.source: could match what is reported")


def test_every_service_that_our_functions_call_is_among_those_whose_calls_are_kept_out() -> None:
    """CloudTrail may record each of them."""
    actions = {action for grants in GRANTS.values() for of_resource in grants.values() for action in of_resource}
    called = {f"aws.{action.partition(':')[0]}" for action in actions}
    at_removal, in_runs = {"aws.cloudformation", "aws.iam"}, {"aws.s3"}
    assert called - CALLS.keys() == at_removal | in_runs, "and no rule starts either"


# --- What is accepted never matches what an execution brings about ----------------------------------------------------


def status_changes() -> Iterator[dict[str, Any]]:
    """With every field that the Step Functions Developer Guide has, "Automating event delivery with EventBridge"."""
    ended: dict[str, dict[str, Any]] = {
        "SUCCEEDED": {"output": "{}", "stopDate": 1793520009000},
        "FAILED": {"error": "InvalidRequest", "cause": '{"Message": "..."}', "stopDate": 1793520009000},
        "TIMED_OUT": {"error": "States.Timeout", "stopDate": 1793520009000},
        "ABORTED": {"error": None, "cause": None, "stopDate": 1793520009000},
        "RUNNING": {"stopDate": None, "output": None},
    }
    for name, (status, fields) in product(("StartModel", "StopModel"), ended.items()):
        execution = f"{HOME}:execution:CustomLabelsLifecycle-{name}:9f0c1a52_5d1c7e44"
        detail = {
            "executionArn": execution,
            "stateMachineArn": machine(f"CustomLabelsLifecycle-{name}"),
            "name": "9f0c1a52_5d1c7e44",
            "status": status,
            "startDate": 1793520000000,
            "input": f'{{"Model": "{NAME}"}}',
            "inputDetails": {"included": True},
            "outputDetails": {"included": True},
            "stateMachineVersionArn": None,
            "redriveCount": 0,
            **fields,
        }
        yield event("aws.states", "Step Functions Execution Status Change", detail, execution)


def calls() -> Iterator[dict[str, Any]]:
    for source, names in CALLS.items():
        for name in names or ["AssumeRole", "Invoke", "PutItem"]:
            detail = {"eventName": name, "eventSource": f"{source[4:]}.amazonaws.com", "readOnly": False}
            yield event(source, "AWS API Call via CloudTrail", detail)


def alarms() -> Iterator[dict[str, Any]]:
    name = "CustomLabelsLifecycle-StartsFailed"
    arn = f"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"
    detail = {"alarmName": name, "state": {"value": "ALARM"}, "previousState": {"value": "OK"}}
    yield event("aws.cloudwatch", "CloudWatch Alarm State Change", detail, arn)


def reported(*outcomes: Outcome) -> list[dict[str, Any]]:
    facts = {
        "schema_version": "1.0",
        "NotificationId": "0b0c9a3b-1f0c-9a3b-7e1f-0c9a3b7e1f0c",
        "ProjectName": NAME,
        "Model": NAME,
        "ExecutionArn": f"{HOME}:execution:CustomLabelsLifecycle-StartModel:x",
        "Error": "InvalidRequest",
        "Context": {"EventRule": "new-images"},
    }
    details = [{**facts, "Outcome": one.value, "Severity": level} for one in outcomes for level in ("INFO", "ERROR")]
    return [event("custom-labels-lifecycle", "Model Lifecycle", detail) for detail in details]


def event(source: str, kind: str, detail: Mapping[str, Any], *resources: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "315c1398-40ff-a850-213b-158f73e60175",
        "source": source,
        "detail-type": kind,
        "account": "111122223333",
        "region": "eu-west-1",
        "time": "2026-11-24T07:00:00Z",
        "resources": list(resources),
        "detail": dict(detail),
    }


BROUGHT_ABOUT = {
    "default": [*status_changes(), *calls(), *alarms()],
    "start": reported(Outcome.MODEL_ALREADY_RUNNING, Outcome.START_FAILED, Outcome.MODEL_STOPPED),
    "stop": reported(Outcome.MODEL_ALREADY_STOPPED, Outcome.MODEL_KEPT_RUNNING, Outcome.STOP_FAILED),
}  # fmt: skip


def matches(pattern: Mapping[str, Any], value: Any) -> bool:
    """As EventBridge does (User Guide, "Comparison operators"), of what the patterns here are made of."""
    node = value if isinstance(value, Mapping) else {}
    return all(
        any(matches(one, node) for one in wanted)
        if name == "$or"
        else matches(wanted, node.get(name))
        if isinstance(wanted, Mapping)
        else any(passes(one, each) for one in wanted for each in values_of(node, name))
        for name, wanted in pattern.items()
    )


ABSENT = object()


def values_of(node: Mapping[str, Any], name: str) -> list[Any]:
    value = node.get(name, ABSENT)
    return value if isinstance(value, list) else [value]


def passes(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return value is not ABSENT and (wanted, type(wanted)) == (value, type(value))
    ((name, given),) = wanted.items()
    if name == "exists":
        return given is (value is not ABSENT)
    if value is ABSENT:
        return False
    if name == "anything-but":
        return not any(passes(one, value) for one in (given if isinstance(given, list) else [given]))
    if name == "numeric":
        return isinstance(value, int)
    return isinstance(value, str) and bool(TEXT_FILTERS[name](value, given))


TEXT_FILTERS: Mapping[str, Callable[[str, str], Any]] = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "equals-ignore-case": lambda value, text: value.lower() == text.lower(),
    "wildcard": lambda value, text: re.fullmatch(".*".join(map(re.escape, text.split("*"))), value, re.DOTALL),
}


def paths(node: Mapping[str, Any], *above: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in node.items():
        if isinstance(value, Mapping):
            yield from paths(value, *above, name)
        else:
            yield (*above, name), next(iter(value), ABSENT) if isinstance(value, list) else value


FOREIGN = ["factory", "aws.s3", NIGHTLY, "Shift begins", "MODEL_DOWN", "another", "444455556666"]


@lru_cache(maxsize=None, typed=True)  # Hypothesis validates each strategy that is made anew: that took most of the time
def filters(value: Any) -> st.SearchStrategy[list[Any]]:
    """What may be wanted of a field, given what one of ours has there: much of it matches that, or nearly."""
    texts = [*([value] if isinstance(value, str) and value else []), *FOREIGN]
    text = st.sampled_from(texts)
    part = st.builds(lambda one, cut: one[:cut], text, st.integers(1, 60))
    end = st.builds(lambda one, cut: one[-cut:], text, st.integers(1, 60))
    star = st.builds(lambda one, at: f"{one[:at]}*{one[at + 3 :]}", text, st.integers(0, 60))
    ends_with = st.one_of(
        st.builds(lambda one: {"prefix": one}, part),
        st.builds(lambda one: {"suffix": one}, end),
        st.builds(lambda one: {"wildcard": one}, star),
        st.builds(lambda one: {"equals-ignore-case": one.swapcase()}, text),
    )
    one = st.one_of(
        st.just(value) if isinstance(value, str | int | None) else st.nothing(),
        text,
        ends_with,
        st.builds(
            lambda one: {"anything-but": one}, st.one_of(text, st.lists(text, min_size=1, max_size=3), ends_with)
        ),
        st.builds(lambda there: {"exists": there}, st.booleans()),
        st.just({"numeric": [">", 0]}),
    )
    return st.lists(one, min_size=1, max_size=2)


@st.composite
def patterns(draw: st.DrawFn, bus: str) -> dict[str, Any]:
    """Made of fields of one of our own events."""
    known = dict(paths(draw(st.sampled_from(BROUGHT_ABOUT[bus]))))
    pattern: dict[str, Any] = {}
    for path in draw(st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=4, unique=True)):
        node = pattern
        for name in path[:-1]:
            node = node.setdefault(name, {})
        node[path[-1]] = draw(filters(known[path]))
    if draw(st.integers(0, 4)) == 0:
        return {"$or": [pattern, draw(patterns(bus))]}
    return pattern


@pytest.mark.parametrize("action", ["start", "stop"])
@pytest.mark.parametrize("bus", ["default", "ours"])
def test_no_pattern_that_is_accepted_matches_what_an_execution_brings_about(action: str, bus: str) -> None:
    kind = "default" if bus == "default" else action
    fields = {**({} if bus == "default" else OURS), **(RELEASE if action == "stop" else {})}

    @settings(max_examples=TRIES, suppress_health_check=[HealthCheck.too_slow])
    @given(patterns(kind))
    def harmless(pattern: dict[str, Any]) -> None:
        if not problems({**RULE, "pattern": pattern, **fields}):
            assert not [one for one in BROUGHT_ABOUT[kind] if matches(pattern, one)], json.dumps(pattern)

    harmless()


@pytest.mark.parametrize("bus", ["default", "start"])
@settings(max_examples=40)
@given(data=st.data())
def test_the_judge_of_these_tests_matches_as_another_implementation_does(bus: str, data: st.DataObject) -> None:
    """moto's, as far as that goes: it does not compare lists of filters below "anything-but"."""
    from moto.events.models import EventPattern

    pattern = data.draw(patterns(bus))
    for one in BROUGHT_ABOUT[bus]:
        assert matches(pattern, one) == EventPattern(None, pattern).matches_event(one), json.dumps([pattern, one])  # type: ignore[arg-type]  # moto takes any


# --- The examples of the documents ------------------------------------------------------------------------------------


def examples(document: str) -> list[str]:
    return re.findall(r"```json\n(.*?)```", (ROOT / "docs" / document).read_text("utf-8"), re.DOTALL)


def test_every_rule_of_the_documents_is_accepted_and_a_pattern_for_people_is_none_for_a_rule() -> None:
    """docs/notifications.md and docs/contract.md show rules of one's own, with other targets than a start."""
    rules, stop, *_ = examples("events.md")
    for rule in (*json.loads(f"{{{rules}}}")["event_rules"], json.loads(stop)):
        assert problems({**rule, **({"model": NAME} if "model" in rule else {})}) == []
    everything = json.loads(examples("notifications.md")[-1])
    assert problems({**RULE, "pattern": everything, **OURS})[0].startswith("event_rules.0.pattern.detail.Outcome: ")
