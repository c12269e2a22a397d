"""StartModel end to end: the deployed template, the real ASL, the packaged handlers, IAM enforced."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from emulator.custom_labels import Quotas, Timing
from emulator.faults import Fault
from emulator.server import Emulator
from tests.contract import failed_well, valid_output
from tests.deployed.executions import StateMachine, wait_until
from tests.deployed.story import a_model_is_started_and_everybody_is_told
from tests.deployed.told import QUICK, NewModel, Told, calls_of, project_of

DESCRIBE, START = "rekognition:DescribeProjectVersions", "rekognition:StartProjectVersion"
SECRET = "hunter2-b61f"  # noqa: S105 - as a password looks
LIMITED = {"PollSeconds": 5, "TimeoutSeconds": 40}
"""The timeout counts from the execution's start: it leaves cold functions time for the first look and the request."""

# --- Starting -----------------------------------------------------------------------------------------------------


def test_a_model_is_started_and_everybody_is_told(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    execution = a_model_is_started_and_everybody_is_told(start_model, arn, QUICK)
    valid_output(execution.output)
    assert execution.states()[:5] == [
        "Prepare the request",
        "Check the model",
        "What next?",
        "Start the model",
        "Wait",
    ]
    assert execution.states()[-2:] == ["Notify: running", "Model is RUNNING"]
    assert calls_of(emulator, "rekognition:StartProjectVersion", arn) == 1
    mail = Told(emulator, execution).once("MODEL_STARTED", "INFO")
    assert mail["Emails"] == ["ml-operators@example.com"]
    assert mail["Event"]["Output"] == execution.output
    assert f"Dashboard: {emulator.outputs['DashboardUrl']}\n" in mail["Message"]
    assert "Logs: " not in mail["Message"]


def test_one_query_follows_a_start_through_all_functions(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    execution = start_model.run({"ProjectVersionArn": new_model(), **QUICK})
    wait_until(lambda: "settle" in [one["service"] for one in emulator.control.follow(execution.arn)])
    followed = emulator.control.follow(execution.arn)
    services = [one["service"] for one in followed]
    assert services[:3] == ["prepare", "check", "start"]
    assert set(services[3:-2]) == {"check"}
    assert sorted(services[-2:]) == ["notify", "settle"]
    assert all(one["level"] == "INFO" and one["message"] for one in followed)


def test_a_configured_model_is_started_by_its_name(
    emulator: Emulator, start_model: StateMachine, configured: str
) -> None:
    execution = start_model.run({"Model": "defects", **QUICK}, name="office-hours-20261123T0700Z")
    assert execution.output["ProjectVersionArn"] == configured
    assert execution.output["Model"] == "defects"
    assert execution.output["LeaseId"] == "office-hours-20261123T0700Z"
    assert "defects" in Told(emulator, execution).mails[0]["Subject"]


@pytest.mark.parametrize(
    "status", ["TRAINING_COMPLETED", "COPYING_COMPLETED", "FAILED", "STOPPING", "TRAINING_IN_PROGRESS"]
)
def test_a_model_is_started_from_any_status_that_allows_it(
    start_model: StateMachine, new_model: NewModel, status: str
) -> None:
    execution = start_model.run({"ProjectVersionArn": new_model(status), **QUICK})
    assert execution.output["Outcome"] == "MODEL_STARTED"


@pytest.mark.parametrize("status", ["STARTING", "RUNNING"])
def test_starting_what_somebody_else_started_succeeds_without_a_request(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel, status: str
) -> None:
    arn = new_model(status)
    execution = start_model.run({"ProjectVersionArn": arn, **QUICK})
    valid_output(execution.output)
    assert execution.output["Outcome"] == "MODEL_ALREADY_RUNNING"
    assert calls_of(emulator, "rekognition:StartProjectVersion", arn) == 0
    Told(emulator, execution).once("MODEL_ALREADY_RUNNING", "INFO")


def test_other_inference_units_than_asked_for_are_a_warning(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    start_model.run({"ProjectVersionArn": arn, **QUICK})
    execution = start_model.run({"ProjectVersionArn": arn, "MinInferenceUnits": 2, "MaxInferenceUnits": 3, **QUICK})
    assert execution.output["MinInferenceUnits"] == 1
    assert execution.output["EstimatedHourlyCost"] == pytest.approx(4)
    assert "MinInferenceUnits 2" in execution.output["Warnings"][0]
    assert "MinInferenceUnits 2" in Told(emulator, execution).once("MODEL_ALREADY_RUNNING", "WARNING")["Message"]


def test_a_start_waits_until_ready_at_makes_it_due(start_model: StateMachine, new_model: NewModel) -> None:
    due = datetime.now(UTC) + timedelta(seconds=4)
    ready_at = (due + timedelta(minutes=30)).isoformat()
    execution = start_model.run({"ProjectVersionArn": new_model(), "ReadyAt": ready_at, **QUICK})
    assert datetime.fromisoformat(execution.output["RequestedAt"]) >= due
    assert execution.output["Outcome"] == "MODEL_STARTED"


def test_the_context_comes_back_untouched_and_neither_it_nor_a_token_is_logged(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    context = {
        "who": 'O\'Neill "quotes" \\ \n {% $uuid() %} ${Placeholder}',
        "é": [1, 2.5, None, {"": True}],
        "empty": [],
        "Password": SECRET,
    }
    token = f"token-{SECRET}"
    asked = {"ProjectVersionArn": new_model("RUNNING"), "Context": context, "ClientRequestToken": token, **QUICK}
    execution = start_model.run(asked)
    assert execution.output["Context"] == context
    assert Told(emulator, execution).events[0]["Context"] == context
    assert emulator.control.follow(execution.arn)
    assert not [line for name in emulator.runtime.functions() for line in emulator.runtime.logs(name) if SECRET in line]


# --- Dry runs -------------------------------------------------------------------------------------------------------


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    request = {"ProjectVersionArn": arn, "ClientRequestToken": "dry", **QUICK}
    execution = start_model.run({**request, "DryRun": True})
    valid_output(execution.output)
    assert execution.output["Outcome"] == "DRY_RUN"
    assert execution.output["Decision"]["Action"] == "REQUEST"
    assert calls_of(emulator, "rekognition:StartProjectVersion", arn) == 0
    assert Told(emulator, execution).mails == []
    assert start_model.run(request).output["Outcome"] == "MODEL_STARTED", "a dry run holds no token"


def test_a_dry_run_that_fails_tells_nobody(emulator: Emulator, start_model: StateMachine, new_model: NewModel) -> None:
    execution = start_model.run({"ProjectVersionArn": new_model("EXPIRED"), "DryRun": True})
    failed_well(execution, "ModelNotStartable")
    told = Told(emulator, execution)
    assert (told.mails, told.events) == ([], [])


# --- Wrong input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, ["exactly one of the two is needed"]),
        ({"Comment": "Insert your JSON here"}, ["exactly one of the two is needed"]),
        ("[]", ["must be of type object"]),
        ('"defects"', ["must be of type object"]),
        ({"model": "defects"}, ["model: is unknown, did you mean Model?"]),
        ({"Model": "defcts"}, ["'defcts' is not configured", "configured models: defects"]),
        ({"Model": "defects", "MinInferenceUnits": 0, "PollSeconds": "2"}, ["MinInferenceUnits: ", "PollSeconds: "]),
        ({"Model": "defects", "ReadyAt": "tomorrow"}, ["ReadyAt: must be"]),
        ({"ProjectVersionArn": "arn:aws:s3:::bucket"}, ["ProjectVersionArn: must match"]),
    ],
)  # fmt: skip
def test_wrong_input_is_answered_with_what_to_type_and_starts_nothing(
    emulator: Emulator, start_model: StateMachine, given: object, says: list[str]
) -> None:
    before = len(emulator.authoriser.decisions)
    execution = start_model.run(given)
    cause = failed_well(execution, "InvalidRequest")
    assert all(text in cause["Message"] for text in says), cause["Message"]
    assert '{"Model": "defects"}' in cause["Remedy"]
    # Executions of other tests may be under way still.
    own = ("PrepareRole", "StartRole", "NotifyRole")
    called = {one.action for one in emulator.authoriser.decisions[before:] if any(name in one.role for name in own)}
    assert called
    assert not any(action.startswith("rekognition:") for action in called)
    Told(emulator, execution).once("START_FAILED", "ERROR")


# --- Models that can't be started -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["TRAINING_FAILED", "COPYING_FAILED", "DELETING", "DEPRECATED", "EXPIRED"])
def test_a_model_that_can_never_be_started_fails_at_once(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel, status: str
) -> None:
    arn = new_model(status, "The manifest file contains too many invalid images.")
    execution = start_model.run({"ProjectVersionArn": arn, **QUICK})
    cause = failed_well(execution, "ModelNotStartable")
    assert (cause["Status"], cause["ProjectVersionArn"]) == (status, arn)
    mail = Told(emulator, execution).once("START_FAILED", "ERROR")
    home = f"https://us-east-1.console.aws.amazon.com/cloudwatch/home?region={emulator.region}#"
    assert f"Logs: {home}" in mail["Message"]
    assert emulator.outputs["LogGroupName"] in mail["Message"]
    assert "too many invalid images" in mail["Message"]
    assert f"Nothing now: the model was {status}" in mail["Message"]
    assert calls_of(emulator, "rekognition:StartProjectVersion", arn) == 0


def test_a_status_of_the_future_fails_loudly(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    emulator.faults.add(
        Fault("rekognition:DescribeProjectVersions", contains=project_of(arn), calls=None, status="HIBERNATING")
    )
    cause = failed_well(start_model.run({"ProjectVersionArn": arn, **QUICK}), "ModelNotStartable")
    assert "HIBERNATING" in cause["Message"]


@pytest.mark.parametrize("missing", ["project", "version"])
def test_a_model_that_is_not_there_is_not_found(start_model: StateMachine, new_model: NewModel, missing: str) -> None:
    arn = new_model()
    absent = arn + "1" if missing == "version" else arn.replace(project_of(arn), "nowhere")
    cause = failed_well(start_model.run({"ProjectVersionArn": absent, **QUICK}), "ModelNotFound")
    assert cause["ProjectVersionArn"] == absent


def test_a_start_that_the_service_fails_is_model_failed(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    emulator.custom_labels.timing = Timing(starting=3600)
    arn = new_model()
    execution_arn = start_model.start({"ProjectVersionArn": arn, **QUICK})
    status_is(emulator, arn, "STARTING")
    emulator.custom_labels.put(arn, "FAILED", "Internal capacity problem.")
    execution = start_model.wait(execution_arn)
    cause = failed_well(execution, "ModelFailed")
    assert cause["StatusMessage"] == "Internal capacity problem."
    mail = Told(emulator, execution).once("START_FAILED", "ERROR")
    assert "Internal capacity problem." in mail["Message"]
    assert mail["Emails"] == ["ml-operators@example.com", "on-call@example.com"]  # who is told of errors


def test_a_model_that_somebody_stops_while_it_starts_is_model_stopped(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    emulator.custom_labels.timing = Timing(starting=3600, stopping=1)
    arn = new_model()
    execution_arn = start_model.start({"ProjectVersionArn": arn, **QUICK})
    wait_until(lambda: calls_of(emulator, DESCRIBE, arn) >= 3, 90)  # the second look has seen STARTING
    emulator.custom_labels.put(arn, "STOPPING")
    failed_well(start_model.wait(execution_arn), "ModelStopped")


@pytest.mark.waits
def test_a_start_that_takes_too_long_times_out_and_says_that_it_may_still_bill(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    emulator.custom_labels.timing = Timing(starting=3600)
    arn = new_model()
    execution = start_model.wait(start_model.start({"ProjectVersionArn": arn, **LIMITED}), seconds=300)
    assert failed_well(execution, "TimedOut")["Status"] == "STARTING"
    mail = Told(emulator, execution).once("START_TIMED_OUT", "ERROR")
    assert "Once it is RUNNING, it costs about USD 4.00 per hour" in mail["Message"]
    assert f"stop-project-version --region us-east-1 --project-version-arn {arn}" in mail["Message"]


def status_is(emulator: Emulator, arn: str, status: str) -> None:
    """Wait until a model has a status."""
    wait_until(lambda: any((one.arn, one.status) == (arn, status) for one in emulator.custom_labels.versions()), 90)


# --- Errors of the service --------------------------------------------------------------------------------------------


FOR_A_MOMENT = pytest.mark.parametrize(
    ("error", "calls"),
    [
        ("ThrottlingException", (1,)),
        ("InternalServerError", (1, 2)),
        ("ProvisionedThroughputExceededException", (2,)),
    ],
)
"""The fault campaign tries each error at each attempt (docs/evidence/reliability.md); here the retries are real."""


@FOR_A_MOMENT
def test_a_describe_that_fails_for_a_moment_is_retried_where_it_can_be_seen(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel, error: str, calls: tuple[int, ...]
) -> None:
    arn = new_model()
    emulator.faults.add(Fault(DESCRIBE, contains=project_of(arn), calls=calls, error=error))
    execution = start_model.run({"ProjectVersionArn": arn, **QUICK})
    assert execution.output["Outcome"] == "MODEL_STARTED"
    assert execution.failed_tasks() == ["ServiceUnavailable"] * len(calls), "one for each: the SDK does not retry"


@pytest.mark.parametrize(("error", "calls"), [("ThrottlingException", (1,)), ("InternalServerError", (1, 2))])
def test_a_start_that_fails_for_a_moment_is_retried(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel, error: str, calls: tuple[int, ...]
) -> None:
    arn = new_model()
    emulator.faults.add(Fault(START, contains=project_of(arn), calls=calls, error=error))
    execution = start_model.run({"ProjectVersionArn": arn, **QUICK})
    assert execution.output["Outcome"] == "MODEL_STARTED"
    assert execution.failed_tasks() == ["ServiceUnavailable"] * len(calls)


@pytest.mark.parametrize(
    ("operation", "error", "becomes"),
    [
        (DESCRIBE, "ResourceNotFoundException", "ModelNotFound"),
        (DESCRIBE, "AccessDeniedException", "AccessDenied"),
        (DESCRIBE, "InvalidParameterException", "InvalidRequest"),
        (START, "ResourceNotFoundException", "ModelNotFound"),
        (START, "AccessDeniedException", "AccessDenied"),
        (START, "InvalidParameterException", "InvalidRequest"),
        (START, "LimitExceededException", "CapacityExceeded"),
    ],
)
def test_an_error_that_no_retry_mends_fails_at_once(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel, operation: str, error: str, becomes: str
) -> None:
    arn = new_model()
    script = emulator.faults.add(Fault(operation, contains=project_of(arn), calls=None, error=error, message="No."))
    execution = start_model.run({"ProjectVersionArn": arn, **QUICK})
    cause = failed_well(execution, becomes)
    assert error in cause["Message"]
    assert script.applied == 1
    Told(emulator, execution).once("START_FAILED", "ERROR")


def test_a_model_in_use_is_looked_at_again(emulator: Emulator, start_model: StateMachine, new_model: NewModel) -> None:
    arn = new_model()
    emulator.faults.add(Fault(START, contains=project_of(arn), error="ResourceInUseException"))
    execution = start_model.run({"ProjectVersionArn": arn, **QUICK})
    assert execution.output["Outcome"] == "MODEL_STARTED"
    assert execution.states().count("Start the model") == 2


@pytest.mark.waits
def test_throttling_that_outlasts_the_retries_is_service_unavailable(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    script = emulator.faults.add(Fault(START, contains=project_of(arn), calls=None, error="ThrottlingException"))
    execution = start_model.wait(start_model.start({"ProjectVersionArn": arn, **QUICK}), seconds=420)
    assert "ThrottlingException" in failed_well(execution, "ServiceUnavailable")["Message"]
    assert script.applied == 11, "the first try and the definition's ten retries"
    assert (
        "no status check shows what became of the start"
        in Told(emulator, execution).once("START_FAILED", "ERROR")["Message"]
    )


@pytest.mark.waits
@pytest.mark.parametrize(
    "fault",
    [
        Fault(START, lose_answer=True),
        Fault(START, delay_seconds=8, after=True),
        Fault(START, error="InternalServerError", after=True),
        # The payload of Start alone has Retries.
        Fault("lambda:Invoke", contains='"Retries"', lose_answer=True),
        Fault("lambda:Invoke", contains='"Retries"', error="ServiceException", after=True),
    ],
    ids=["connection lost", "answer too late", "server error after the deed", "Lambda's answer lost", "Lambda failed"],
)
def test_a_start_whose_answer_is_lost_is_made_once_and_counts_as_ours(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel, fault: Fault
) -> None:
    emulator.custom_labels.timing = Timing(starting=40)
    arn = new_model()
    script = emulator.faults.add(dataclasses.replace(fault, contains=fault.contains or project_of(arn)))
    execution = start_model.wait(start_model.start({"ProjectVersionArn": arn, **QUICK}), seconds=420)
    assert script.applied == 1
    assert execution.output["Outcome"] == "MODEL_STARTED"
    Told(emulator, execution).once("MODEL_STARTED", "INFO")


@pytest.mark.waits
def test_nothing_follows_an_unclear_start_until_its_call_can_no_longer_land(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    emulator.faults.add(Fault(START, contains=project_of(arn), lose_answer=True))
    execution = start_model.wait(start_model.start({"ProjectVersionArn": arn, **QUICK}), seconds=420)
    lost = next(event["timestamp"] for event in execution.history if event["type"] == "TaskFailed")
    after = [event["timestamp"] for event in execution.history if event["timestamp"] > lost]
    assert (after[0] - lost).total_seconds() >= 25


@pytest.mark.waits
def test_a_start_that_is_denied_after_a_lost_answer_may_bill_all_the_same(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    emulator.faults.add(Fault(START, contains=project_of(arn), calls=(1,), lose_answer=True))
    emulator.faults.add(Fault(START, contains=project_of(arn), calls=(2,), error="AccessDeniedException"))
    execution = start_model.wait(start_model.start({"ProjectVersionArn": arn, **QUICK}), seconds=420)
    failed_well(execution, "AccessDenied")
    mail = Told(emulator, execution).once("START_FAILED", "ERROR")
    assert "no status check shows what became of the start" in mail["Message"]
    assert "stop-project-version" in mail["Message"]


# --- Errors of Lambda -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ("TooManyRequestsException", "Lambda.TooManyRequestsException"),
        ("ServiceException", "Lambda.ServiceException"),
    ],
)
def test_a_lambda_that_fails_for_a_moment_is_retried(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel, error: str, name: str
) -> None:
    arn = new_model()
    emulator.faults.add(Fault("lambda:Invoke", contains=project_of(arn), error=error))
    execution = start_model.run({"ProjectVersionArn": arn, **QUICK})
    assert execution.output["Outcome"] == "MODEL_STARTED"
    assert execution.failed_tasks() == [name]


# --- Capacity ---------------------------------------------------------------------------------------------------------


def test_a_full_quota_names_the_models_that_fill_it(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    emulator.custom_labels.clear()
    running = new_model("RUNNING")
    emulator.custom_labels.quotas = Quotas(running_models=1, calls_per_second=1000)
    execution = start_model.run({"ProjectVersionArn": new_model(), **QUICK})
    cause = failed_well(execution, "CapacityExceeded")
    assert running in cause["Message"]
    assert "2 running models" in cause["Message"]
    assert "WaitForCapacity" in Told(emulator, execution).once("START_FAILED", "ERROR")["Message"]


def test_with_wait_for_capacity_a_start_waits_for_room(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    emulator.custom_labels.clear()
    running = new_model("RUNNING")
    emulator.custom_labels.quotas = Quotas(running_models=1, calls_per_second=1000)
    arn = new_model()
    execution_arn = start_model.start({"ProjectVersionArn": arn, "WaitForCapacity": True, **QUICK})
    wait_until(lambda: calls_of(emulator, START, arn) >= 2, 90)
    emulator.custom_labels.put(running, "STOPPED")
    execution = start_model.wait(execution_arn)
    assert execution.output["Outcome"] == "MODEL_STARTED"
    assert execution.states().count("Start the model") > 1


def test_waiting_for_capacity_is_no_use_where_no_other_model_fills_the_quota(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    emulator.custom_labels.clear()
    execution = start_model.run(
        {"ProjectVersionArn": new_model(), "WaitForCapacity": True, "MinInferenceUnits": 6, **QUICK}
    )
    cause = failed_well(execution, "CapacityExceeded")
    assert "No other model holds capacity" in cause["Message"]
    assert "fewer inference units" in cause["Remedy"]


# --- Duplicates -------------------------------------------------------------------------------------------------------


def test_a_duplicate_waits_with_the_first_and_ends_with_its_lease(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    request = {"ProjectVersionArn": arn, "ClientRequestToken": "one", "LeaseId": "inspection", **QUICK}
    first_arn = start_model.start(request)
    status_is(emulator, arn, "STARTING")
    second, third = start_model.start(request), start_model.start({**request, "Comment": "delivered twice"})
    first = start_model.wait(first_arn)
    assert first.output["Outcome"] == "MODEL_STARTED"
    for duplicate in (start_model.wait(second), start_model.wait(third), start_model.run(request)):
        valid_output(duplicate.output)
        assert duplicate.output["Outcome"] == "DUPLICATE"
        assert duplicate.output["DuplicateOf"] == first.arn
        assert duplicate.output["LeaseId"] == "inspection"
        assert Told(emulator, duplicate).mails == []
    assert calls_of(emulator, START, arn) == 1
    Told(emulator, first).once("MODEL_STARTED", "INFO")


@pytest.mark.waits
def test_a_duplicate_fails_as_the_first_did_and_the_token_is_free_again(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    emulator.custom_labels.timing = Timing(starting=3600)
    arn = new_model()
    request = {"ProjectVersionArn": arn, "ClientRequestToken": "two", **LIMITED}
    first = start_model.start(request)
    # Some seconds before the duplicate, which looks only every 75 s after its own deadline.
    wait_until(lambda: calls_of(emulator, DESCRIBE, arn) >= 3, 90)
    duplicate = start_model.start(request)
    start_model.wait_for_state(duplicate, "Wait")
    running = start_model.stepfunctions.describe_execution(executionArn=first)["status"] == "RUNNING"
    assert running, "or the duplicate would not be one"
    first_ended, duplicate_ended = (start_model.wait(one, seconds=300) for one in (first, duplicate))
    assert failed_well(duplicate_ended, "TimedOut") == failed_well(first_ended, "TimedOut")
    assert Told(emulator, duplicate_ended).mails == []
    emulator.custom_labels.put(arn, "RUNNING")
    assert start_model.run(request).output["Outcome"] == "MODEL_ALREADY_RUNNING"


def test_a_duplicate_of_an_aborted_execution_ends_too(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    emulator.custom_labels.timing = Timing(starting=3600)
    arn = new_model()
    request = {"ProjectVersionArn": arn, "ClientRequestToken": "three", **QUICK}
    first = start_model.start(request)
    status_is(emulator, arn, "STARTING")
    duplicate = start_model.start(request)
    start_model.wait_for_state(duplicate, "Wait")
    start_model.stepfunctions.stop_execution(executionArn=first)
    failed_well(start_model.wait(duplicate), "ModelStopped")


def test_a_token_can_not_be_used_for_something_else(start_model: StateMachine, new_model: NewModel) -> None:
    request = {"ProjectVersionArn": new_model(), "ClientRequestToken": "four", **QUICK}
    first = start_model.run(request)
    cause = failed_well(start_model.run({**request, "MinInferenceUnits": 2}), "InvalidRequest")
    assert first.arn in cause["Message"]


def test_starts_that_race_without_a_token_all_succeed(start_model: StateMachine, new_model: NewModel) -> None:
    arn = new_model()
    started = [start_model.start({"ProjectVersionArn": arn, **QUICK}) for _ in range(3)]
    outcomes = [start_model.wait(one).output["Outcome"] for one in started]
    assert outcomes.count("MODEL_STARTED") == 1
    assert outcomes.count("MODEL_ALREADY_RUNNING") == 2


# --- Notifications ----------------------------------------------------------------------------------------------------


# The first try publishes to two topics, and the second to both again.
@pytest.mark.parametrize(("channel", "calls"), [("sns:Publish", (1, 2, 3)), ("events:PutEvents", (1, 2))])
def test_a_channel_that_fails_is_retried_alone(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel, channel: str, calls: tuple[int, ...]
) -> None:
    arn = new_model("RUNNING")
    emulator.faults.add(Fault(channel, contains=project_of(arn), calls=calls, error="InternalFailure"))
    execution = start_model.run({"ProjectVersionArn": arn, **QUICK})
    Told(emulator, execution).once("MODEL_ALREADY_RUNNING", "INFO")
    assert execution.failed_tasks() == ["ServiceUnavailable"] * 2


def test_a_notify_function_that_dies_after_sending_does_not_send_again(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model("RUNNING")
    emulator.faults.add(Fault("lambda:Invoke", contains="MODEL_ALREADY_RUNNING", error="ServiceException", after=True))
    execution = start_model.run({"ProjectVersionArn": arn, **QUICK})
    assert execution.failed_tasks() == ["Lambda.ServiceException"]
    Told(emulator, execution).once("MODEL_ALREADY_RUNNING", "INFO")


@pytest.mark.waits
def test_a_notification_that_can_not_be_sent_never_fails_a_start(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model("RUNNING")
    for channel in ("sns:Publish", "events:PutEvents"):
        emulator.faults.add(Fault(channel, contains=project_of(arn), calls=None, error="InternalFailure"))
    execution = start_model.wait(start_model.start({"ProjectVersionArn": arn, **QUICK}), seconds=420)
    valid_output(execution.output)
    assert execution.output["Outcome"] == "MODEL_ALREADY_RUNNING"
    assert "could not be sent" in execution.output["Warnings"][-1]


# --- IAM --------------------------------------------------------------------------------------------------------------


def test_a_project_that_is_not_configured_is_denied(emulator: Emulator, start_model: StateMachine) -> None:
    arn = f"arn:aws:rekognition:{emulator.region}:{emulator.account_id}:project/not-ours/version/v1/1793520000001"
    emulator.custom_labels.seed(arn)
    cause = failed_well(start_model.run({"ProjectVersionArn": arn, **QUICK}), "AccessDenied")
    assert "cdk.json" in cause["Remedy"]
