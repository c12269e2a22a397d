"""Least privilege, shown by use: every action that a function's role is granted, it needs, on what it is granted."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from emulator.custom_labels import Timing
from emulator.faults import Fault
from emulator.schedules import FireError
from emulator.server import Emulator
from tests.conftest import Synthesised
from tests.deployed.app import LATEST, SETTINGS, TIMING
from tests.deployed.executions import StateMachine, wait_until
from tests.deployed.removals import forget_models, refused_removal
from tests.deployed.told import QUICK, NewModel, Told, project_of

NOT_CALLED_BY_OUR_CODE = {
    "logs:CreateLogStream": "Lambda writes the logs",
    "logs:PutLogEvents": "Lambda writes the logs",
    "kms:GenerateDataKey": "SNS encrypts, with the publisher's rights",
    "kms:Decrypt": "SNS encrypts, with the publisher's rights",
    "sqs:SendMessage": "Lambda keeps the calls that were lost",
}
ONE_WORKLOAD_STANDS_FOR_ALL = {("states:StopExecution", "DetectBatch")}
ONE_PROJECT_STANDS_FOR_ALL = {"rekognition:StartProjectVersion", "rekognition:StopProjectVersion"}
Grant = tuple[str, str, str]


@pytest.fixture
def restarting(emulator: Emulator, synthesised: Synthesised, assembly: Path) -> Iterator[Emulator]:
    """The emulator with no models but this test's, and a sweep that starts again what is down."""
    forget_models(emulator)
    emulator.deploy(synthesised({**SETTINGS, "restart_when_down": True}))
    yield emulator
    emulator.deploy(assembly)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def granted(emulator: Emulator) -> set[Grant]:
    """The role, action and resource of everything that the stack's functions are granted."""
    iam = emulator.client("iam")
    grants = set[Grant]()
    for role in (one for page in iam.get_paginator("list_roles").paginate() for one in page["Roles"]):
        name, trusted = role["RoleName"], json.dumps(role["AssumeRolePolicyDocument"])
        if not name.startswith("CustomLabelsLifecycle-") or "lambda.amazonaws.com" not in trusted:
            continue
        policies = [
            iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
        for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
            found = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)
            policies.append(found["PolicyVersion"]["Document"])
        grants |= {
            (name, action, "*" if action in ONE_PROJECT_STANDS_FOR_ALL else resource)
            for policy in policies
            for statement in policy["Statement"]
            for action in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])
        }
    return grants


def use_runs(emulator: Emulator, inspection: StateMachine, new_model: NewModel) -> list[str]:
    """A run and its duplicate; and of runs that are aborted, while the model starts and while the workload goes on, the
    event is lost or not. Answers the ARNs of those of which it is lost.
    """
    machine = StateMachine(emulator.outputs["RunWithModelArn"], inspection.stepfunctions)
    batch = emulator.outputs["DetectBatchArn"]

    def given(workload: str, do: str, status: str) -> dict[str, Any]:
        asked = {"StateMachineArn": workload, "Input": {"Do": do}}
        later = {} if status == "RUNNING" else {"ReadyAt": f"{datetime.now(UTC) + timedelta(days=1):%FT%TZ}"}
        return {"ProjectVersionArn": new_model(status), "Workload": asked, "LeaseMinutes": 0, **later, **QUICK}

    twice = {**given(inspection.arn, "succeed", "RUNNING"), "ClientRequestToken": "t"}
    assert [machine.run(twice).status for _ in range(2)] == ["SUCCEEDED", "SUCCEEDED"]
    start_arn = emulator.outputs["StartModelArn"]
    runs = {
        f"{event}-{phase}": (workload, status, child)
        for event in ("grants-lost-run", "grants-run")
        for phase, workload, status, child in (
            ("starts", batch, "STOPPED", start_arn),
            ("works", inspection.arn, "RUNNING", inspection.arn),
        )
    }
    started = {
        name: machine.start(given(workload, "wait", status), name) for name, (workload, status, _) in runs.items()
    }
    for name, (*_, child) in runs.items():
        wait_until(partial(_is_running, inspection.stepfunctions, child, name))
        machine.abort(started[name])
    return [arn for name, arn in started.items() if "lost" in name]


def _is_running(stepfunctions: Any, machine: str, name: str) -> bool:
    running = stepfunctions.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    return any(one["name"].endswith(name) for one in running)


def use_names(emulator: Emulator, start_model: StateMachine, stop_model: StateMachine) -> None:
    """Two versions of the project whose newest is meant, both stopped by one name."""
    home = f"arn:aws:rekognition:{emulator.region}:{emulator.account_id}:project/{LATEST}/version"
    for version in ("g1", "g2"):
        emulator.custom_labels.seed(f"{home}/{version}/1793520000000")
        given = {
            "Model": "latest",
            "LeaseId": version,
            "ReadyAt": f"{datetime.now(UTC) + timedelta(seconds=30):%FT%TZ}",
            **QUICK,
        }
        assert start_model.run(given).status == "SUCCEEDED"
    stopped = stop_model.run({"Model": "latest", "Force": True, **QUICK})
    assert [stop_model.wait(arn).status for arn in stopped.output["OtherExecutions"]] == ["SUCCEEDED"]


def use_the_page(emulator: Emulator, arn: str) -> None:
    """While a start is under way, which is begun and ended by its buttons."""
    (act,) = (
        one
        for one in emulator.client("lambda").list_functions()["Functions"]
        if "-PageActFunction" in one["FunctionName"]
    )
    which = {"ProjectVersionArn": arn, "PageMadeAt": f"{datetime.now(UTC):%FT%TZ}"}

    def invoke(function: str, event: dict[str, Any]) -> str:
        return str(emulator.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))["Payload"].read())

    assert "It is being started" in invoke(act["FunctionArn"], {"Action": "start", "Minutes": 60, **which})
    wait_until(lambda: "its start is under way" in invoke(emulator.outputs["PageFunctionName"], {}))
    assert "It is being stopped" in invoke(act["FunctionArn"], {"Action": "stop", **which})


def use_the_removal(emulator: Emulator, start_model: StateMachine, arn: str) -> None:
    """While a start waits for capacity, which may be there at any time."""
    emulator.faults.add(
        Fault("rekognition:StartProjectVersion", contains=arn, calls=None, error="LimitExceededException")
    )
    given = {"ProjectVersionArn": arn, "LeaseId": "removal", "WaitForCapacity": True, **QUICK}
    started = start_model.start(given, "grants-waits-for-capacity")
    start_model.wait_for_state(started, "Wait", 90)
    with refused_removal(emulator) as reason:
        assert "is being started by grants-waits-for-capacity, held by removal" in reason
    start_model.abort(started)


def use_everything(
    emulator: Emulator,
    start_model: StateMachine,
    stop_model: StateMachine,
    inspection: StateMachine,
    new_model: NewModel,
) -> None:
    """Let executions and sweeps go the ways on which the functions do all that they ever do."""
    emulator.custom_labels.timing = Timing(starting=3600)
    emulator.faults.add(Fault("events:Deliver", contains="grants-lost", calls=None, lose=True))
    started = [
        start_model.start({"ProjectVersionArn": new_model(), "ClientRequestToken": "t", **QUICK}, name=name)
        for name in ("grants-lost-start", "grants-settled")
    ]
    # Two starts are aborted. Of one the event is lost; of the other it is told at the second try.
    emulator.faults.add(Fault("sns:Publish", contains="grants-settled", error="InternalFailure"))
    for execution_arn in started:
        start_model.wait_for_state(execution_arn, "Wait", 90)
    lost_start, settled = (start_model.abort(execution_arn) for execution_arn in started)
    lost_stop = stop_model.run({"ProjectVersionArn": new_model(), **QUICK}, name="grants-lost-stop")
    wait_until(lambda: Told(emulator, settled).events, 90)
    emulator.custom_labels.timing = TIMING

    # A start that is told at the second try, a stop, the duplicates of both, and a start that finds the quota full.
    leased = new_model()
    emulator.faults.add(Fault("sns:Publish", contains=project_of(leased), error="InternalFailure"))
    for machine, arn in ((start_model, leased), (stop_model, new_model("RUNNING"))):
        request = {"ProjectVersionArn": arn, "ClientRequestToken": "t", **QUICK}
        assert [machine.run(request).status, machine.run(request).output["Outcome"]] == ["SUCCEEDED", "DUPLICATE"]
    refused = new_model()
    emulator.faults.add(Fault("rekognition:StartProjectVersion", contains=refused, error="LimitExceededException"))
    assert start_model.run({"ProjectVersionArn": refused, **QUICK}).error == "CapacityExceeded"

    lost_runs = use_runs(emulator, inspection, new_model)
    use_names(emulator, start_model, stop_model)

    use_the_page(emulator, new_model())
    use_the_removal(emulator, start_model, new_model())

    # The ticks of a schedule start and stop.
    for name in ("new-year-start", "new-year-stop"):
        assert emulator.fire(name)["Outcome"] == "ACTED"

    # The sweep stops what the aborted starts have left, and settles them; it starts again what is down under its lease,
    # and tells so at the second try.
    emulator.custom_labels.put(leased, "FAILED")
    emulator.faults.add(Fault("sns:Publish", contains="MODEL_DOWN", error="InternalFailure"))
    with pytest.raises(FireError, match="was not sent on: topic"):
        emulator.fire("EverySweep")

    def is_open(execution_arn: str) -> bool:
        key = {"Id": {"S": execution_arn}}
        return "Item" in emulator.client("dynamodb").get_item(TableName=emulator.outputs["ModelTableName"], Key=key)

    def all_settled() -> bool:
        emulator.fire("EverySweep")
        return not any(map(is_open, (lost_start.arn, lost_stop.arn, *lost_runs)))

    wait_until(all_settled, 300)  # the events are given a minute
    for machine in (start_model, stop_model):
        listed = machine.stepfunctions.list_executions(stateMachineArn=machine.arn)["executions"]
        for execution_arn in (one["executionArn"] for one in listed if one["name"].startswith("sweep-")):
            assert machine.wait(execution_arn, 300).status == "SUCCEEDED"


@pytest.mark.waits
def test_every_action_that_a_role_is_granted_is_used(
    restarting: Emulator,
    start_model: StateMachine,
    stop_model: StateMachine,
    workload: StateMachine,
    new_model: NewModel,
) -> None:
    before = len(restarting.authoriser.decisions)
    use_everything(restarting, start_model, stop_model, workload, new_model)
    used = {(one.role, one.action, one.resource) for one in restarting.authoriser.decisions[before:] if one.allowed}
    grants = {grant for grant in granted(restarting) if "DetectBatch" not in grant[0]}  # test_detect_batch.py
    unused = {
        (role, action, resource)
        for role, action, resource in grants
        if action not in NOT_CALLED_BY_OUR_CODE
        and not any(action == known and name in resource for known, name in ONE_WORKLOAD_STANDS_FOR_ALL)
        and not any(used_by == role and called == action and fnmatchcase(on, resource) for used_by, called, on in used)
    }
    assert len({role for role, *_ in grants}) == 11, (
        "Prepare, Check, Start, Stop, Notify, Settle, Sweep, Tick, Page, Act, Remove"
    )
    assert unused == set()
    assert NOT_CALLED_BY_OUR_CODE.keys() <= {action for _, action, _ in grants}
