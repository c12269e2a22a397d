"""Least privilege, shown by use: every action that a function's role is granted, it needs, on what it is granted.

That nothing else is needed, every story in this account shows: a call that is not granted is denied (``iam``).
"""

import io
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
import time_machine

from lifecycle.configuration import OnDestroy, OverBudget
from lifecycle.shared.wire import timestamp
from tests.account.account import Account, Delivery
from tests.account.conftest import SCENES
from tests.account.faults import Answer
from tests.account.functions import ENVIRONMENT, TIMEOUTS, Functions, loaded
from tests.account.iam import STACK, Grant, role_of
from tests.account.scene import CHAT, RUN_WITH_MODEL, START_MODEL, STOP_MODEL, Scene
from tests.account.services import Execution
from tests.infra.grants import GRANTS
from tests.unit.examples import ACCOUNT, ARN, NOW, WORKLOAD

NOT_CALLED_BY_OUR_CODE = {
    "logs:CreateLogStream": "Lambda writes the logs",
    "logs:PutLogEvents": "Lambda writes the logs",
    "kms:GenerateDataKey": "SNS encrypts, with the publisher's rights",
    "kms:Decrypt": "SNS encrypts, with the publisher's rights",
    "s3:GetBucketLocation": "the account has no S3: tests/stories/test_detect_batch.py uses it",
    "sqs:SendMessage": "Lambda keeps the calls that were lost",
}
ONE_WORKLOAD_STANDS_FOR_ALL = {"states:DescribeExecution", "states:StopExecution", "states:DescribeStateMachine"}
ONE_MODEL_STANDS_FOR_ALL = {"rekognition:StartProjectVersion", "rekognition:StopProjectVersion"}
FUNCTIONS = (*TIMEOUTS, "act", "page", "remove")
LOST = Delivery("settle", ())


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    """All of them, as they are with every setting: the sweep starts again what is down, the removal stops what runs."""
    held: Any = {"monthly_budget_usd": 1_000_000, "over_budget": OverBudget.REFUSE}
    settings = replace(SCENES, restart_when_down=True, on_destroy=OnDestroy.STOP, **held)
    environment = {**ENVIRONMENT, "CHAT_TOPIC_ARN": CHAT}
    with loaded(FUNCTIONS, settings, environment) as functions:
        yield functions


def a_start_and_a_stop_are_asked_for_twice_and_reported_at_the_second_try(scene: Scene) -> None:
    scene.fails(Answer("InternalErrorException"), "sns:Publish")
    for machine in (START_MODEL, STOP_MODEL):
        asked = {"ClientRequestToken": "t", "LeaseId": "shift"}
        outcomes = [scene.run(machine, **asked).output["Outcome"] for _ in range(2)]
        assert outcomes[1] == "DUPLICATE"


def executions_are_aborted_and_settled_by_their_events(scene: Scene) -> None:
    started = scene.begin(START_MODEL, ClientRequestToken="t")
    scene.until_in(started, "Wait")
    scene.fails(Answer("InternalErrorException"), "sns:Publish")
    scene.abort(started)
    _aborted_runs(scene)
    scene.until(lambda: scene.outcomes.count("EXECUTION_ABORTED") == 3)
    scene.passes(60)


def executions_are_aborted_and_settled_by_the_sweep(scene: Scene) -> None:
    scene.account.deliveries = [LOST]
    started = scene.begin(START_MODEL, ClientRequestToken="t")
    scene.until_in(started, "Wait")
    scene.abort(started)
    _aborted_runs(scene)
    scene.run(STOP_MODEL, Force=True)
    while scene.unsettled:
        scene.passes(61)
        scene.sweep()


def _aborted_runs(scene: Scene) -> None:
    """One while its model starts, and one while its workload goes on."""
    asked = {"Model": "defects", "Workload": {"StateMachineArn": WORKLOAD}}
    starts = scene.begin(RUN_WITH_MODEL, {**asked, "ReadyAt": timestamp(scene.now + timedelta(days=1))})
    scene.until(lambda: _of(scene, START_MODEL, "RUNNING"))
    scene.passes(5)
    scene.abort(starts)
    works = scene.begin(RUN_WITH_MODEL, asked)
    scene.until(lambda: _of(scene, WORKLOAD, "RUNNING"))
    scene.abort(works)


def _of(scene: Scene, machine: str, status: str) -> list[Execution]:
    executions = scene.account.stepfunctions.executions.values()
    return [one for one in executions if (one.machine_arn, one.status) == (machine, status)]


def a_run_is_asked_for_twice(scene: Scene) -> None:
    asked = {"Model": "defects", "Workload": {"StateMachineArn": WORKLOAD}, "ClientRequestToken": "t"}
    assert [scene.run(RUN_WITH_MODEL, asked).status for _ in range(2)] == ["SUCCEEDED", "SUCCEEDED"]


def all_versions_that_a_name_means_are_stopped(scene: Scene) -> None:
    for version in ("g1", "g2"):
        scene.passes(60)
        scene.labels.put(f"{ACCOUNT}:project/welds/version/{version}/1793520000000")
        ready_at = timestamp(scene.now + timedelta(hours=1))
        assert scene.run(START_MODEL, Model="newest", LeaseId=version, ReadyAt=ready_at).status == "SUCCEEDED"
    stopped = scene.run(STOP_MODEL, Model="newest", Force=True)
    (other,) = stopped.output["OtherExecutions"]
    assert scene.wait(scene.account.stepfunctions.executions[other]).status == "SUCCEEDED"


def a_start_finds_the_quota_full(scene: Scene) -> None:
    scene.fails(Answer("LimitExceededException"), "rekognition:StartProjectVersion")
    assert scene.run(START_MODEL).error == "CapacityExceeded"


def the_page_is_looked_at_and_clicked(scene: Scene) -> None:
    def click(action: str, **fields: Any) -> str:
        which = {"ProjectVersionArn": ARN, "PageMadeAt": timestamp(scene.now)}
        return str(scene.call("act", {"Action": action, **which, **fields}))

    assert "It is being started" in click("start", Minutes=60)
    scene.until(lambda: scene.status == "STARTING")
    assert "its start is under way" in scene.call("page")
    assert scene.call("page", {"Report": "bill"})["Month"] == "2026-11"
    swept = SimpleNamespace(invoke=lambda **_: {"Payload": io.BytesIO(b'{"Models": 1}')})
    scene.account.wire.services |= {"lambda": swept}
    assert scene.call("act", {"Action": "sweep"})["Swept"] == {"Models": 1}
    assert "It is being stopped" in click("stop")


def what_clicks_have_started_is_over_and_they_come_again(scene: Scene) -> None:
    for action, fields in (("start", {"Minutes": 60}), ("stop", {})):
        asked = {"Action": action, "ProjectVersionArn": ARN, "PageMadeAt": timestamp(scene.now), **fields}
        scene.call("act", asked)
        scene.until(lambda: not scene.under_way)
        assert "This click was received before" in str(scene.call("act", asked))


def a_schedule_starts_and_stops_and_its_ticks_come_again(scene: Scene) -> None:
    for action in ("start", "stop"):
        event = {"Schedule": "shift", "Action": action, "ScheduledTime": timestamp(scene.now)}
        assert scene.call("tick", event)["Outcome"] == "ACTED"
        scene.until(lambda: not scene.under_way)
        assert scene.call("tick", event)["Outcome"] == "REPEATED"


def the_sweep_stops_what_nobody_holds_and_starts_again_what_is_down(scene: Scene) -> None:
    scene.run(START_MODEL, LeaseMinutes=30)
    scene.put("FAILED")
    scene.fails(Answer("InternalErrorException"), "sns:Publish")
    with pytest.raises(Exception, match="was not sent on: topic"):
        scene.sweep()
    scene.sweep()
    scene.until(lambda: scene.outcomes.count("MODEL_STARTED") == 2)
    scene.passes(3600)
    assert scene.sweep()["Stops"] == 1


def the_stack_is_removed_while_a_start_is_under_way_and_while_the_model_runs(scene: Scene) -> None:
    asked = {
        "RequestType": "Delete",
        "RequestId": "1",
        "StackId": STACK,
        "LogicalResourceId": "Removal",
        "ResponseURL": "https://cloudformation.example",
    }
    stack = SimpleNamespace(describe_stacks=lambda **_: {"Stacks": [{"StackStatus": "DELETE_IN_PROGRESS"}]})
    nobody: Any = {"PolicyGroups": [], "PolicyRoles": [], "PolicyUsers": []}
    policies = SimpleNamespace(list_entities_for_policy=lambda **_: nobody)
    scene.account.wire.services |= {"cloudformation": stack, "iam": policies}
    with mock.patch.object(urllib.request, "urlopen"):
        scene.fails(Answer("LimitExceededException"), "rekognition:StartProjectVersion", calls=None)
        workload: Any = {"Workload": {"StateMachineArn": WORKLOAD}}
        run = scene.begin(RUN_WITH_MODEL, WaitForCapacity=True, **workload)
        started = scene.begin(START_MODEL, WaitForCapacity=True)
        scene.until_in(started, "Wait")
        assert scene.call("remove", asked)["Success"]
        assert [scene.wait(one).status for one in (run, started)] == ["ABORTED", "ABORTED"]
        scene.mends()
        scene.run(START_MODEL)
        assert scene.call("remove", {**asked, "RequestId": "2"})["Success"]
    assert scene.status == "STOPPED"


STORIES: tuple[Callable[[Scene], None], ...] = (
    a_start_and_a_stop_are_asked_for_twice_and_reported_at_the_second_try,
    executions_are_aborted_and_settled_by_their_events,
    executions_are_aborted_and_settled_by_the_sweep,
    a_run_is_asked_for_twice,
    all_versions_that_a_name_means_are_stopped,
    a_start_finds_the_quota_full,
    the_page_is_looked_at_and_clicked,
    what_clicks_have_started_is_over_and_they_come_again,
    a_schedule_starts_and_stops_and_its_ticks_come_again,
    the_sweep_stops_what_nobody_holds_and_starts_again_what_is_down,
    the_stack_is_removed_while_a_start_is_under_way_and_while_the_model_runs,
)
"""The ways on which the functions do all that they ever do."""


@pytest.fixture(scope="module")
def used(functions: Functions) -> set[Grant]:
    """The grants that these stories need."""
    found = set[Grant]()
    for story in STORIES:
        with time_machine.travel(NOW, tick=False) as traveller:
            scene = Scene(Account(functions, traveller, sweeps=False))
            story(scene)
            found |= scene.account.wire.used
    return found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_action_that_a_function_is_granted_is_used(function: str, used: set[Grant]) -> None:
    role = role_of(function)
    assert role
    needed = {(action, resource) for by, action, resource in used if by == role}
    called = {action for action, _ in needed}
    unused = {
        (action, resource)
        for resource, actions in GRANTS[role].items()
        for action in actions - NOT_CALLED_BY_OUR_CODE.keys()
        if (action, resource) not in needed
        and not (action in ONE_MODEL_STANDS_FOR_ALL and action in called)
        and not (
            action in ONE_WORKLOAD_STANDS_FOR_ALL
            and resource.partition(":CustomLabelsLifecycle-")[2].startswith(("DetectBatch", "DrainInbox"))
            and action in called
        )
    }
    assert unused == set()


def test_every_role_is_some_function_s_and_what_others_call_is_granted_somewhere() -> None:
    assert {role_of(function) for function in FUNCTIONS} == set(GRANTS)
    granted = {action for grants in GRANTS.values() for actions in grants.values() for action in actions}
    assert NOT_CALLED_BY_OUR_CODE.keys() <= granted
