"""The life of a model in a real account: who starts it, who joins, and all the ways in which it stops again."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from emulator.images import COLOURS, png
from tests.aws.deployment import LONGEST, Deployment
from tests.deployed.executions import StateMachine
from tests.deployed.story import a_model_is_started_and_everybody_is_notified, a_model_is_stopped_when_nobody_holds_it


def test_a_dry_run_changes_nothing(stack: Deployment, start_model: StateMachine, model: str) -> None:
    execution = start_model.run({"ProjectVersionArn": model, "DryRun": True})
    assert execution.output["Outcome"] == "DRY_RUN"
    assert stack.status() in {"STOPPED", "TRAINING_COMPLETED"}


def test_a_model_is_started_shared_and_stopped(
    stack: Deployment, start_model: StateMachine, stop_model: StateMachine, model: str
) -> None:
    asked = stack.patience
    a_model_is_started_and_everybody_is_notified(start_model, model, {"LeaseId": "a", **asked}, seconds=LONGEST)
    assert stack.status() == "RUNNING"
    a_model_is_stopped_when_nobody_holds_it(start_model, stop_model, model, asked, seconds=LONGEST)
    assert stack.status() == "STOPPED"


def test_what_an_aborted_start_began_is_stopped(stack: Deployment, start_model: StateMachine, model: str) -> None:
    started = start_model.start({"ProjectVersionArn": model, "LeaseId": "aborted", **stack.patience})
    stack.until(lambda: stack.status() == "STARTING")
    assert start_model.abort(started).status == "ABORTED"
    stack.until(lambda: stack.lease_ids() == [] and not stack.item().get("Pending"))
    if not stack.endpoint:  # where no sweep comes by itself
        stack.until(lambda: stack.status() == "STOPPED")


def test_the_sweep_stops_a_model_whose_lease_has_ended(
    stack: Deployment, start_model: StateMachine, model: str
) -> None:
    asked = {"ProjectVersionArn": model, "LeaseId": "forgotten", "LeaseMinutes": 15, **stack.patience}
    started = start_model.wait(start_model.start(asked), LONGEST)
    assert started.output["Outcome"] == "MODEL_STARTED"
    stack.let_leases_end()
    stack.fire("EverySweep")
    stack.until(lambda: stack.status() == "STOPPED")
    assert stack.lease_ids() == []


@pytest.fixture
def soon(stack: Deployment, schedule: str) -> Iterator[str]:
    """A schedule that fires once within two minutes, and is otherwise the one that starts the model."""
    scheduler = stack.client("scheduler")
    group = f"{stack.outputs['StartModelArn'].rpartition(':')[2].removesuffix('-StartModel')}-schedules"
    pages = scheduler.get_paginator("list_schedules").paginate(GroupName=group)
    names = [one["Name"] for page in pages for one in page["Schedules"]]
    found = [scheduler.get_schedule(GroupName=group, Name=name) for name in names]
    (given,) = (
        one
        for one in found
        if (said := json.loads(one["Target"]["Input"]))["Schedule"] == schedule and said["Action"] == "start"
    )
    name = f"verify-{uuid.uuid4()}"
    copied = {field: given[field] for field in ("Target", "KmsKeyArn") if field in given}
    scheduler.create_schedule(
        Name=name,
        GroupName=group,
        ScheduleExpression=f"at({datetime.now(UTC) + timedelta(minutes=2):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        State="ENABLED",
        **copied,
    )
    yield name
    scheduler.delete_schedule(GroupName=group, Name=name)


def test_a_schedule_s_tick_starts_the_model(
    stack: Deployment, start_model: StateMachine, stop_model: StateMachine, model: str, schedule: str, soon: str
) -> None:
    stack.fire(soon)
    listed = start_model.stepfunctions.list_executions

    def begun() -> list[str]:
        executions = listed(stateMachineArn=start_model.arn, maxResults=20)["executions"]
        recent = datetime.now(UTC) - timedelta(minutes=10)
        return [
            one["executionArn"]
            for one in executions
            if one["name"].startswith(f"{schedule}-start-") and one["startDate"] > recent
        ]

    stack.until(begun, seconds=300)
    started = start_model.wait(begun()[0], LONGEST)
    assert (started.output["ProjectVersionArn"], started.output["Outcome"]) == (model, "MODEL_STARTED")
    lease = started.output["LeaseId"]
    assert lease == f"schedule/{schedule}"
    released = {"ProjectVersionArn": model, "LeaseId": lease, **stack.patience}
    assert stop_model.wait(stop_model.start(released), LONGEST).output["Outcome"] == "MODEL_STOPPED"


@pytest.fixture
def three_images(stack: Deployment, images: str) -> Iterator[dict[str, str]]:
    """Where three images lie, as the input of a batch."""
    bucket, _, folder = images.removeprefix("s3://").partition("/")
    prefix = f"{folder}verify-{uuid.uuid4()}/"
    keys = [f"{prefix}{name}.png" for name in list(COLOURS)[:3]]
    s3 = stack.client("s3")
    for key, colour in zip(keys, COLOURS.values(), strict=False):
        s3.put_object(Bucket=bucket, Key=key, Body=png(colour))
    yield {"Bucket": bucket, "Prefix": prefix}
    for key in keys:
        s3.delete_object(Bucket=bucket, Key=key)


def test_a_run_labels_three_images_and_the_model_is_stopped_after_it(
    stack: Deployment, model: str, three_images: dict[str, str]
) -> None:
    run_with_model = stack.machine("RunWithModel")
    workload = {"StateMachineArn": stack.outputs["DetectBatchArn"], "Input": three_images, "ModelField": "Model"}
    asked = {"ProjectVersionArn": model, "LeaseMinutes": 0, "Workload": workload, **stack.patience}
    run = run_with_model.wait(run_with_model.start(asked), LONGEST)
    assert run.status == "SUCCEEDED", run.cause
    assert run.output["Model"]["Outcome"] == "MODEL_STARTED"
    assert run.output["Workload"]["Images"] == 3
    assert run.output["Workload"]["Failed"] == 0
    stack.until(lambda: stack.status() == "STOPPED")
    assert stack.lease_ids() == []
