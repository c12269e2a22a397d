"""StartModel under everything that can go wrong: the real definition and handlers, in simulated time."""

from datetime import timedelta
from typing import Any

import pytest

from lifecycle.shared.wire import parse_timestamp, timestamp
from tests.account.faults import Answer, Death, Lost, Reply, Silence, What
from tests.account.scene import START_MODEL, Scene
from tests.contract import failed_well, valid_output
from tests.unit.examples import ARN

DESCRIBE, START = "rekognition:DescribeProjectVersions", "rekognition:StartProjectVersion"
PUBLISH, PUT_EVENTS = "sns:Publish", "events:PutEvents"

# --- Statuses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["STOPPED", "TRAINING_COMPLETED", "COPYING_COMPLETED", "FAILED"])
def test_a_model_is_started_from_any_status_that_allows_it(scene: Scene, status: str) -> None:
    scene.put(status)
    execution = scene.run(START_MODEL)
    valid_output(execution.output)
    assert execution.output["Outcome"] == "MODEL_STARTED"
    assert len(scene.requests(START)) == 1
    scene.notified(execution).once("MODEL_STARTED", "INFO")


@pytest.mark.parametrize(
    ("status", "follows"), [("STOPPING", "STOPPED"), ("TRAINING_IN_PROGRESS", "TRAINING_COMPLETED")]
)
def test_what_can_be_started_soon_is_waited_for(scene: Scene, status: str, follows: str) -> None:
    scene.labels.follow(((0, status), (120, follows)))
    execution = scene.run(START_MODEL)
    assert execution.output["Outcome"] == "MODEL_STARTED"
    assert scene.labels.starts[0] >= 120


@pytest.mark.parametrize("status", ["STARTING", "RUNNING"])
def test_starting_what_somebody_else_started_succeeds_without_a_request(scene: Scene, status: str) -> None:
    scene.labels.follow(((0, status), (300, "RUNNING")))
    execution = scene.run(START_MODEL)
    valid_output(execution.output)
    assert execution.output["Outcome"] == "MODEL_ALREADY_RUNNING"
    assert scene.requests(START) == []
    scene.notified(execution).once("MODEL_ALREADY_RUNNING", "INFO")


def test_other_inference_units_than_asked_for_are_a_warning(scene: Scene) -> None:
    scene.run(START_MODEL)
    execution = scene.run(START_MODEL, MinInferenceUnits=2, MaxInferenceUnits=3)
    assert execution.output["MinInferenceUnits"] == 1
    assert execution.output["EstimatedHourlyCost"] == pytest.approx(4)
    assert "instead of 2 to 3 inference units as requested" in execution.output["Warnings"][0]
    assert (
        "instead of 2 to 3 inference units as requested"
        in scene.notified(execution).once("MODEL_ALREADY_RUNNING", "WARNING")["Message"]
    )


def test_a_start_waits_until_ready_at_makes_it_due(scene: Scene) -> None:
    ready_at = scene.now + timedelta(hours=2)
    execution = scene.run(START_MODEL, ReadyAt=timestamp(ready_at))
    requested_at = parse_timestamp(execution.output["RequestedAt"])
    assert ready_at - timedelta(minutes=30) <= requested_at <= ready_at - timedelta(minutes=29)
    assert execution.output["Outcome"] == "MODEL_STARTED"


@pytest.mark.parametrize("status", ["TRAINING_FAILED", "COPYING_FAILED", "DELETING", "DEPRECATED", "EXPIRED"])
def test_a_model_that_can_never_be_started_fails_at_once(scene: Scene, status: str) -> None:
    scene.put(status, "The manifest file contains too many invalid images.")
    execution = scene.run(START_MODEL)
    cause = failed_well(execution, "ModelNotStartable")
    assert (cause["Status"], cause["ProjectVersionArn"]) == (status, ARN)
    mail = scene.notified(execution).once("START_FAILED", "ERROR")
    assert "too many invalid images" in mail["Message"]
    assert f"Nothing now: the model was {status}" in mail["Message"]
    assert scene.requests(START) == []


def test_a_status_of_the_future_fails_loudly(scene: Scene) -> None:
    scene.put("HIBERNATING")
    assert "HIBERNATING" in failed_well(scene.run(START_MODEL), "ModelNotStartable")["Message"]


@pytest.mark.parametrize("absent", [f"{ARN}1", ARN.replace("boards", "nowhere")], ids=["version", "project"])
def test_a_model_that_is_not_there_is_not_found(scene: Scene, absent: str) -> None:
    cause = failed_well(scene.run(START_MODEL, {"ProjectVersionArn": absent}), "ModelNotFound")
    assert cause["ProjectVersionArn"] == absent


def test_a_start_that_the_service_fails_is_model_failed(scene: Scene) -> None:
    scene.labels.models.once_started = ((0, "STARTING"), (60, "FAILED"))
    scene.labels.message = "Internal capacity problem."
    execution = scene.run(START_MODEL)
    assert failed_well(execution, "ModelFailed")["StatusMessage"] == "Internal capacity problem."
    assert "Internal capacity problem." in scene.notified(execution).once("START_FAILED", "ERROR")["Message"]


def test_a_model_that_somebody_stops_while_it_starts_is_model_stopped(scene: Scene) -> None:
    scene.labels.models.once_started = ((0, "STARTING"), (100, "STOPPING"), (200, "STOPPED"))
    failed_well(scene.run(START_MODEL), "ModelStopped")


def test_a_start_that_takes_too_long_times_out_and_says_that_it_may_still_bill(scene: Scene) -> None:
    scene.labels.models.once_started = ((0, "STARTING"),)
    execution = scene.run(START_MODEL, TimeoutSeconds=300)
    assert failed_well(execution, "TimedOut")["Status"] == "STARTING"
    mail = scene.notified(execution).once("START_TIMED_OUT", "ERROR")
    assert "Once it is RUNNING, it costs about USD 4.00 per hour" in mail["Message"]
    assert f"stop-project-version --region us-east-1 --project-version-arn {ARN}" in mail["Message"]


# --- Dry runs, and wrong input ----------------------------------------------------------------------------------------


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(scene: Scene) -> None:
    execution = scene.run(START_MODEL, ClientRequestToken="dry", DryRun=True)
    valid_output(execution.output)
    assert execution.output["Outcome"] == "DRY_RUN"
    assert execution.output["Decision"]["Action"] == "REQUEST"
    assert scene.requests(START) == []
    assert scene.notified(execution).nothing
    started = scene.run(START_MODEL, ClientRequestToken="dry")
    assert started.output["Outcome"] == "MODEL_STARTED", "a dry run holds no token"


def test_a_dry_run_that_fails_notifies_nobody(scene: Scene) -> None:
    scene.put("EXPIRED")
    execution = scene.run(START_MODEL, DryRun=True)
    failed_well(execution, "ModelNotStartable")
    assert scene.notified(execution).nothing


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"LeaseId": "shift"}, ["exactly one of the two is needed"]),
        ("[]", ["must be of type object"]),
        ('"defects"', ["must be of type object"]),
        ({"model": "defects"}, ["model: is unknown, did you mean Model?"]),
        ({"Model": "defcts"}, ["'defcts' is not configured", "configured models: defects"]),
        ({"Model": "defects", "MinInferenceUnits": 0, "PollSeconds": "2"}, ["MinInferenceUnits: ", "PollSeconds: "]),
        ({"Model": "defects", "ReadyAt": "tomorrow"}, ["ReadyAt: must be"]),
        ({"ProjectVersionArn": "arn:aws:s3:::bucket"}, ["ProjectVersionArn: is a bucket's ARN; must be"]),
    ],
)  # fmt: skip
def test_wrong_input_is_answered_with_what_to_type_and_starts_nothing(
    scene: Scene, given: object, says: list[str]
) -> None:
    execution = scene.run(START_MODEL, given)
    cause = failed_well(execution, "InvalidRequest")
    assert all(text in cause["Message"] for text in says), cause["Message"]
    assert '{"Model": "defects"}' in cause["Remedy"]
    assert not [called for *_, called in scene.account.wire.calls if called.startswith("rekognition:")]
    scene.notified(execution).once("START_FAILED", "ERROR")


# --- Errors of the service --------------------------------------------------------------------------------------------

FOR_A_MOMENT = pytest.mark.parametrize(
    ("error", "calls"),
    [
        ("ThrottlingException", (1,)),
        ("InternalServerError", (1, 2)),
        ("ProvisionedThroughputExceededException", (2,)),
    ],
)
"""The campaign tries each error at each attempt (docs/evidence/reliability.md); here is what a reader sees of it."""


@FOR_A_MOMENT
@pytest.mark.parametrize("operation", [DESCRIBE, START])
def test_a_call_that_fails_for_a_moment_is_retried_where_it_can_be_seen(
    scene: Scene, operation: str, error: str, calls: tuple[int, ...]
) -> None:
    failing = (1,) if operation == START and calls == (2,) else calls  # there is but one start
    scene.fails(Answer(error), operation, calls=failing)
    execution = scene.run(START_MODEL)
    assert execution.output["Outcome"] == "MODEL_STARTED"
    assert execution.failed_tasks() == ["ServiceUnavailable"] * len(failing), "one for each: the SDK does not retry"


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
def test_an_error_that_no_retry_mends_fails_at_once(scene: Scene, operation: str, error: str, becomes: str) -> None:
    scene.fails(Answer(error), operation, "check" if operation == DESCRIBE else "start", calls=None)
    execution = scene.run(START_MODEL)
    assert error in failed_well(execution, becomes)["Message"]
    assert execution.states().count("Start the model") == (1 if operation == START else 0)
    scene.notified(execution).once("START_FAILED", "ERROR")


def test_a_model_in_use_is_checked_again(scene: Scene) -> None:
    scene.fails(Answer("ResourceInUseException"), START)
    execution = scene.run(START_MODEL)
    assert execution.output["Outcome"] == "MODEL_STARTED"
    assert execution.states().count("Start the model") == 2


def test_throttling_that_outlasts_the_retries_is_service_unavailable(scene: Scene) -> None:
    scene.fails(Answer("ThrottlingException"), START, calls=None)
    execution = scene.run(START_MODEL)
    assert "ThrottlingException" in failed_well(execution, "ServiceUnavailable")["Message"]
    assert len(scene.requests(START)) == 11, "the first try and the definition's ten retries"
    mail = scene.notified(execution).once("START_FAILED", "ERROR")
    assert "no status check shows what became of the start" in mail["Message"]


# --- Answers that are lost --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "operation"),
    [
        (Silence(), START),
        (Answer("InternalServerError"), START),
        (Death("Sandbox.Timedout"), START),
        (Lost("Lambda.SdkClientException"), "lambda:Invoke"),
        (Lost("Lambda.ServiceException"), "lambda:Invoke"),
        (Lost("Lambda.Unknown"), "lambda:Invoke"),
        (Lost("States.Timeout", late=8), "lambda:Invoke"),
    ],
    ids=str,
)
def test_a_start_whose_answer_is_lost_is_made_once_and_counts_as_its_own(
    scene: Scene, what: What, operation: str
) -> None:
    scene.fails(what, operation, "start", after=True)
    execution = scene.run(START_MODEL)
    assert len(scene.labels.starts) == 1
    assert len(execution.failed_tasks()) == 1
    assert execution.output["Outcome"] == "MODEL_STARTED"
    scene.notified(execution).once("MODEL_STARTED", "INFO")


def test_nothing_follows_an_unclear_start_until_its_call_can_no_longer_land(scene: Scene) -> None:
    scene.fails(Silence(), START, after=True)
    execution = scene.run(START_MODEL)
    ((lost_at, error),) = execution.failures
    assert error == "NoAnswer"
    _, again = scene.requests(START)
    assert again - scene.account.second(lost_at) >= 25


def test_a_start_that_is_denied_after_a_lost_answer_may_bill_all_the_same(scene: Scene) -> None:
    scene.fails(Silence(), START, calls=(1,), after=True)
    scene.fails(Answer("AccessDeniedException"), START, calls=(2,))
    execution = scene.run(START_MODEL)
    failed_well(execution, "AccessDenied")
    mail = scene.notified(execution).once("START_FAILED", "ERROR")
    assert "no status check shows what became of the start" in mail["Message"]
    assert "stop-project-version" in mail["Message"]


@pytest.mark.parametrize("name", ["Lambda.TooManyRequestsException", "Lambda.ServiceException"])
def test_a_lambda_that_fails_for_a_moment_is_retried(scene: Scene, name: str) -> None:
    scene.fails(Lost(name), "lambda:Invoke", "prepare")
    execution = scene.run(START_MODEL)
    assert execution.output["Outcome"] == "MODEL_STARTED"
    assert execution.failed_tasks() == [name]


# --- Duplicates -------------------------------------------------------------------------------------------------------


def test_a_duplicate_waits_with_the_first_and_ends_with_its_lease(scene: Scene) -> None:
    asked: Any = {"ClientRequestToken": "one", "LeaseId": "inspection"}
    begun = scene.begin(START_MODEL, **asked)
    scene.until(lambda: scene.status == "STARTING")
    others = [scene.begin(START_MODEL, **asked), scene.begin(START_MODEL, **asked, Comment="delivered twice")]
    first = scene.wait(begun)
    assert first.output["Outcome"] == "MODEL_STARTED"
    for duplicate in (*map(scene.wait, others), scene.run(START_MODEL, **asked)):
        valid_output(duplicate.output)
        assert duplicate.output["Outcome"] == "DUPLICATE"
        assert duplicate.output["DuplicateOf"] == first.arn
        assert duplicate.output["LeaseId"] == "inspection"
        assert scene.notified(duplicate).nothing
    assert len(scene.requests(START)) == 1
    scene.notified(first).once("MODEL_STARTED", "INFO")


def test_a_duplicate_fails_as_the_first_did_and_the_token_is_free_again(scene: Scene) -> None:
    scene.labels.models.once_started = ((0, "STARTING"),)
    asked: Any = {"ClientRequestToken": "two", "TimeoutSeconds": 300}
    first = scene.begin(START_MODEL, **asked)
    scene.until(lambda: scene.status == "STARTING")
    duplicate = scene.wait(scene.begin(START_MODEL, **asked))
    assert failed_well(duplicate, "TimedOut") == failed_well(scene.wait(first), "TimedOut")
    assert scene.notified(duplicate).nothing
    scene.put("RUNNING")
    assert scene.run(START_MODEL, **asked).output["Outcome"] == "MODEL_ALREADY_RUNNING"


def test_a_duplicate_of_an_aborted_execution_ends_too(scene: Scene) -> None:
    first = scene.begin(START_MODEL, ClientRequestToken="three")
    scene.until(lambda: scene.status == "STARTING")
    duplicate = scene.begin(START_MODEL, ClientRequestToken="three")
    scene.until_in(duplicate, "Wait")
    scene.abort(first)
    failed_well(scene.wait(duplicate), "ModelStopped")


def test_a_young_token_is_no_ones_else_though_step_functions_does_not_know_its_execution_yet(scene: Scene) -> None:
    scene.account.stepfunctions.unknown_for = 60
    first = scene.begin(START_MODEL, ClientRequestToken="young", name="first")
    scene.until(lambda: scene.status == "STARTING")
    duplicate = scene.run(START_MODEL, ClientRequestToken="young", name="second")
    assert (duplicate.output["Outcome"], duplicate.output["DuplicateOf"]) == ("DUPLICATE", first.arn)
    assert len(scene.labels.starts) == 1


def test_a_token_can_not_be_used_for_something_else(scene: Scene) -> None:
    first = scene.run(START_MODEL, ClientRequestToken="four")
    cause = failed_well(scene.run(START_MODEL, ClientRequestToken="four", MinInferenceUnits=2), "InvalidRequest")
    assert first.arn in cause["Message"]


def test_starts_that_race_without_a_token_all_succeed(scene: Scene) -> None:
    begun = [scene.begin(START_MODEL) for _ in range(3)]
    outcomes = sorted(scene.wait(one).output["Outcome"] for one in begun)
    assert outcomes == ["MODEL_ALREADY_RUNNING", "MODEL_ALREADY_RUNNING", "MODEL_STARTED"]


# --- Notifications ----------------------------------------------------------------------------------------------------

REFUSED = Reply({"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "As scripted."}]})


# The first try publishes to two topics, and the second to both again.
@pytest.mark.parametrize(
    ("what", "channel", "calls"),
    [
        (Answer("InternalErrorException"), PUBLISH, (1, 2, 3)),
        (Answer("InternalException"), PUT_EVENTS, (1, 2)),
        (REFUSED, PUT_EVENTS, (1, 2)),
    ],
)
def test_a_channel_that_fails_is_retried_alone(scene: Scene, what: What, channel: str, calls: tuple[int, ...]) -> None:
    scene.put("RUNNING")
    scene.fails(what, channel, calls=calls)
    execution = scene.run(START_MODEL)
    scene.notified(execution).once("MODEL_ALREADY_RUNNING", "INFO")
    assert execution.failed_tasks() == ["ServiceUnavailable"] * 2


def test_a_notify_function_that_dies_after_sending_does_not_send_again(scene: Scene) -> None:
    scene.put("RUNNING")
    scene.fails(Lost("Lambda.ServiceException"), "lambda:Invoke", "notify", after=True)
    execution = scene.run(START_MODEL)
    assert execution.failed_tasks() == ["Lambda.ServiceException"]
    scene.notified(execution).once("MODEL_ALREADY_RUNNING", "INFO")


def test_a_notification_that_can_not_be_sent_never_fails_a_start(scene: Scene) -> None:
    scene.put("RUNNING")
    for channel, code in ((PUBLISH, "InternalErrorException"), (PUT_EVENTS, "InternalException")):
        scene.fails(Answer(code), channel, calls=None)
    execution = scene.run(START_MODEL)
    valid_output(execution.output)
    assert execution.output["Outcome"] == "MODEL_ALREADY_RUNNING"
    assert "could not be sent" in execution.output["Warnings"][-1]
