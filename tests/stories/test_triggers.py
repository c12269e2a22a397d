"""What starts and stops models by itself: schedules, events of others, and callers of other accounts."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from emulator.happenings import EventError
from emulator.schedules import FireError
from emulator.server import Emulator
from tests.contract import failed_well, valid_output, valid_stop_output
from tests.deployed.executions import Execution, StateMachine
from tests.deployed.notified import QUICK, NewModel, NotifiedOf, calls_of
from tests.deployed.tables import let_starts_be_known

# --- Schedules --------------------------------------------------------------------------------------------------------


def named(machine: StateMachine, name: str) -> list[dict[str, Any]]:
    """The executions of this name: one at most."""
    listed = machine.stepfunctions.list_executions(stateMachineArn=machine.arn)["executions"]
    arns = [one["executionArn"] for one in listed if one["name"] == name]
    return [machine.stepfunctions.describe_execution(executionArn=arn) for arn in arns]


def test_a_model_runs_from_the_start_to_the_stop_of_its_schedule_and_as_long_as_a_pipeline_needs_it(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, scheduled: dict[str, str]
) -> None:
    let_starts_be_known(emulator, scheduled["scheduled"])
    # From the beginning of a minute, so that it is the same one when it is delivered again.
    at = datetime.now(UTC).replace(second=0)
    said = emulator.fire("new-year-start", at)
    assert said["Outcome"] == "ACTED"
    assert said["ExecutionName"].startswith(f"new-year-start-{at:%Y%m%dT%H%MZ}-")
    again = emulator.fire("new-year-start", at + timedelta(seconds=5))
    assert again["Outcome"] == "REPEATED"
    (begun,) = named(start_model, said["ExecutionName"])
    started = start_model.wait(begun["executionArn"])
    assert (started.output["Outcome"], started.output["LeaseId"]) == ("MODEL_STARTED", "schedule/new-year")
    assert started.output["Context"]["Schedule"] == "new-year"
    NotifiedOf(emulator, started).once("MODEL_STARTED", "INFO")

    start_model.run({"Model": "scheduled", "LeaseId": "pipeline", **QUICK})
    (begun,) = named(stop_model, emulator.fire("new-year-stop", at)["ExecutionName"])
    kept = stop_model.wait(begun["executionArn"])
    assert kept.output["Outcome"] == "MODEL_KEPT_RUNNING"
    assert [lease["LeaseId"] for lease in kept.output["Leases"]] == ["pipeline"]


def test_a_time_to_be_ready_by_is_asked_for_once_ahead_of_it(
    emulator: Emulator, start_model: StateMachine, scheduled: dict[str, str]
) -> None:
    """On the hour in Kolkata is half past in UTC."""
    emulator.custom_labels.put(scheduled["hourly"], "RUNNING")
    now = datetime.now(UTC)
    ready = now.replace(minute=30, second=0, microsecond=0) + timedelta(hours=1)
    first = emulator.fire("every-hour-ready-2h", ready - timedelta(hours=2))
    second = emulator.fire("every-hour-ready-1h", ready - timedelta(hours=1))
    assert [first["Outcome"], second["Outcome"]] == ["ACTED", "REPEATED"]
    (begun,) = named(start_model, first["ExecutionName"])
    given = json.loads(begun["input"])
    assert given["ReadyAt"] == f"{ready:%Y-%m-%dT%H:%M}:00.000Z"
    assert given["LeaseId"] == "schedule/every-hour"


def test_a_tick_that_is_not_to_act_says_why_and_one_that_cannot_fails_so_that_its_alarm_goes_off(
    emulator: Emulator,
) -> None:
    excluded = datetime(2020, 12, 25, 12, tzinfo=UTC)
    assert emulator.fire("new-year-start", excluded)["Outcome"] == "EXCLUDED_DAY"
    assert emulator.fire("new-year-start", excluded - timedelta(days=1))["Outcome"] == "TOO_LATE"
    functions = emulator.client("lambda").list_functions()["Functions"]
    (tick,) = (one["FunctionName"] for one in functions if "SchedulesTick" in one["FunctionName"])
    answer = emulator.client("lambda").invoke(FunctionName=tick, Payload=b'{"Schedule": "gone"}')
    assert answer["FunctionError"] == "Unhandled"
    with pytest.raises(FireError, match="is in none of"):
        emulator.fire("gone")


# --- Events -----------------------------------------------------------------------------------------------------------


def shift_begins(model: Any) -> dict[str, Any]:
    return {"source": "factory", "detail-type": "Shift begins", "detail": {"model": model}}


def trained(arn: str, status: str = "Succeeded", **fields: Any) -> dict[str, Any]:
    """An event of an AWS service, which nobody else can put on a bus."""
    detail = {"ProjectVersionArn": arn, "status": status}
    return {"source": "aws.sagemaker", "detail-type": "Pipeline Execution Status Change", "detail": detail, **fields}


def done_with(arn: str) -> dict[str, Any]:
    return {"source": "factory", "detail-type": "Tested", "detail": {"ProjectVersionArn": arn}}


def happened(
    emulator: Emulator, machine: StateMachine, event: dict[str, Any], *, twice: bool = False
) -> list[Execution]:
    """The executions that an event has started, at their end."""
    deliveries = emulator.event(event, twice=twice)["Deliveries"]
    return [machine.wait(one["ExecutionArn"]) for one in deliveries]


def test_an_event_that_comes_twice_starts_a_model_once_and_another_releases_it(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    let_starts_be_known(emulator, arn)
    event = trained(arn, id="5a1c", time="2026-11-23T06:00:00Z")
    executions = happened(emulator, start_model, event, twice=True)
    started, duplicate = sorted(executions, key=lambda one: str(one.output["Outcome"]), reverse=True)
    assert (started.output["Outcome"], duplicate.output["Outcome"]) == ("MODEL_STARTED", "DUPLICATE")
    valid_output(started.output)
    assert duplicate.output["DuplicateOf"] == started.arn
    assert NotifiedOf(emulator, duplicate).nothing
    assert calls_of(emulator, "rekognition:StartProjectVersion", arn) == 1
    assert started.output["LeaseId"] == "event/trained"
    assert started.output["Context"] == {
        "EventRule": "trained",
        "EventId": "5a1c",
        "EventTime": "2026-11-23T06:00:00Z",
        "Source": "aws.sagemaker",
    }
    NotifiedOf(emulator, started).once("MODEL_STARTED", "INFO")

    start_model.run({"ProjectVersionArn": arn, "LeaseId": "somebody", **QUICK})
    (released,) = happened(emulator, stop_model, done_with(arn))
    valid_stop_output(released.output)
    assert released.output["Outcome"] == "MODEL_KEPT_RUNNING"
    assert [lease["LeaseId"] for lease in released.output["Leases"]] == ["somebody"]


def test_an_event_names_a_configured_model(emulator: Emulator, start_model: StateMachine, configured: str) -> None:
    emulator.custom_labels.put(configured, "RUNNING")
    (execution,) = happened(emulator, start_model, shift_begins("defects"))
    assert execution.output["ProjectVersionArn"] == configured
    assert (execution.output["Outcome"], execution.output["LeaseId"]) == ("MODEL_ALREADY_RUNNING", "event/shift-begins")


NOWHERE: dict[str, Any] = {**shift_begins(""), "detail": {}}
WRONG_MODELS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown": (shift_begins("defcts"), '"defcts"'),
    "object": (shift_begins({"name": "defects"}), '{"name": "defects"}'),
    "no fields": (shift_begins({}), "{}"),
    "list": (shift_begins(["cables", 7]), '["cables", 7]'),
    "empty list": (shift_begins([]), "[]"),
    "number": (shift_begins(7), "7"),
    "switch": (shift_begins(True), "true"),
    "null": (shift_begins(None), "null"),
    "empty": (shift_begins(""), '""'),
    "newline": (shift_begins("defects\n"), '"defects\\n"'),
    "control character": (shift_begins("\u0001defects"), '"\\u0001defects"'),
    "quote": (shift_begins('defects", "LeaseMinutes": 0, "Comment": "'), '"defects\\", \\"LeaseMinutes'),
    "backslash": (shift_begins('defects", "MinInferenceUnits": 9, "a": "\\'), '"defects\\", \\"MinInference'),
    "long": (shift_begins("d" * 5000), '"ddd'),
    "nothing": (NOWHERE, "nothing"),
}
"""By what is wrong with the model that an event names: the event, and what people are told of it."""


@pytest.mark.parametrize(("event", "said"), WRONG_MODELS.values(), ids=WRONG_MODELS)
def test_an_event_with_a_wrong_model_is_answered_as_any_wrong_input_is_and_reported_once(
    emulator: Emulator, start_model: StateMachine, event: dict[str, Any], said: str
) -> None:
    """With what it takes to find the event. No string of it adds a field to the input."""
    (execution,) = happened(emulator, start_model, {**event, "id": "5a1c"})
    cause = failed_well(execution, "InvalidRequest")
    assert cause["Message"].startswith(
        f"The input is not a StartModel request:\n- Model: event 5a1c of the event rule shift-begins has {said}"
    )
    assert " at $.detail.model" in cause["Message"]
    assert "configured models: defects" in cause["Remedy"]
    mail = NotifiedOf(emulator, execution).once("START_FAILED", "ERROR")["Message"]
    assert "event 5a1c of the event rule shift-begins" in mail
    given = json.loads(start_model.stepfunctions.describe_execution(executionArn=execution.arn)["input"])
    assert given["LeaseMinutes"] == 480
    assert "MinInferenceUnits" not in given


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        (None, "ProjectVersionArn: event 5a1c of the event rule trained has nothing at $.detail.ProjectVersionArn"),
        ("defects", "(from event 5a1c of the event rule trained, at $.detail.ProjectVersionArn)"),
    ],
)
def test_an_event_without_a_versions_arn_is_reported_with_where_it_should_be(
    emulator: Emulator, start_model: StateMachine, arn: str | None, said: str
) -> None:
    event = trained(arn or "", id="5a1c")
    if arn is None:
        del event["detail"]["ProjectVersionArn"]
    (execution,) = happened(emulator, start_model, event)
    assert said in failed_well(execution, "InvalidRequest")["Message"]
    NotifiedOf(emulator, execution).once("START_FAILED", "ERROR")


def test_an_event_that_no_rule_matches_starts_nothing(emulator: Emulator, new_model: NewModel) -> None:
    with pytest.raises(EventError, match=r"CustomLabelsLifecycle\.trained"):
        emulator.event(trained(new_model(), status="Failed"))


# --- Other accounts ---------------------------------------------------------------------------------------------------


def test_a_caller_of_another_account_starts_models_reads_executions_and_does_nothing_else(
    emulator: Emulator, start_model: StateMachine, configured: str
) -> None:
    emulator.custom_labels.put(configured, "RUNNING")
    role = emulator.outputs["CallerRoleArn"]
    given = {"RoleArn": role, "RoleSessionName": "inspection", "ExternalId": "inspection-pipeline"}
    credentials = emulator.client("sts").assume_role(**given)["Credentials"]
    session = boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=emulator.region,
    )
    stepfunctions = session.client("stepfunctions", endpoint_url=emulator.endpoint)
    dynamodb = session.client("dynamodb", endpoint_url=emulator.endpoint)
    rekognition = session.client("rekognition", endpoint_url=emulator.endpoint)
    arn = stepfunctions.start_execution(stateMachineArn=start_model.arn, input='{"Model": "defects"}')["executionArn"]
    assert start_model.wait(arn).status == "SUCCEEDED"
    assert stepfunctions.get_execution_history(executionArn=arn)["events"]
    listed = stepfunctions.list_executions(stateMachineArn=start_model.arn)["executions"]
    assert arn in [one["executionArn"] for one in listed]
    calls: list[tuple[Any, dict[str, Any]]] = [
        (stepfunctions.stop_execution, {"executionArn": arn}),
        (stepfunctions.list_state_machines, {}),
        (dynamodb.scan, {"TableName": emulator.outputs["ModelTableName"]}),
        (rekognition.stop_project_version, {"ProjectVersionArn": configured}),
    ]
    for call, request in calls:
        with pytest.raises(ClientError, match="not authorized"):
            call(**request)
