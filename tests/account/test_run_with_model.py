"""RunWithModel however a run ends: the workload gets its model, and the model is let go, in simulated time."""

from typing import Any

import pytest

from tests.account.account import Delivery
from tests.account.faults import Answer
from tests.account.scene import RUN_WITH_MODEL, START_MODEL, STOP_MODEL, Scene
from tests.account.services import Execution
from tests.contract import failed_well, valid_run_output
from tests.deployed.app import INSPECTION
from tests.unit.examples import ARN, WORKLOAD


@pytest.fixture
def working(scene: Scene) -> Scene:
    """The scene with a workload that does what its input says."""
    scene.account.definitions = {WORKLOAD: INSPECTION}
    return scene


def asked(do: str = "succeed", **fields: Any) -> dict[str, Any]:
    """The input of a run."""
    return {"Model": "defects", "Workload": {"StateMachineArn": WORKLOAD, "Input": {"Do": do}}, **fields}


def executions(scene: Scene, machine: str) -> list[Execution]:
    """Of one state machine, in order."""
    return [one for one in scene.account.stepfunctions.executions.values() if one.machine_arn == machine]


def at_work(scene: Scene, **fields: Any) -> tuple[Execution, Execution]:
    """A run whose workload goes on: both executions."""
    run = scene.begin(RUN_WITH_MODEL, asked("wait", **fields), name="nightly")
    scene.until(lambda: executions(scene, WORKLOAD))
    return run, executions(scene, WORKLOAD)[0]


def let_go(scene: Scene) -> bool:
    """Whether nobody holds the model any more, and it is STOPPED."""
    return scene.status == "STOPPED" and scene.lease_ids == [] and not scene.item.get("Pending")


def test_a_workload_that_succeeds_gets_its_input_and_the_model_is_stopped_after_it(working: Scene) -> None:
    given = asked(Context={"Batch": 7})
    given["Workload"]["ModelField"] = "Model"
    run = working.run(RUN_WITH_MODEL, given, name="nightly")
    valid_run_output(run.output)
    assert run.output["Model"]["Outcome"] == "MODEL_STARTED"
    assert run.output["Model"]["LeaseId"] == "run/nightly"
    assert run.output["Model"]["Context"] == {"Batch": 7}
    assert run.output["Workload"]["Given"] == {"Do": "succeed", "Model": run.output["Model"]}
    working.until(lambda: let_go(working) and "MODEL_STOPPED" in working.outcomes)
    assert working.outcomes == ["MODEL_STARTED", "MODEL_STOPPED"]
    assert working.notified(run).nothing, "StartModel and StopModel have sent theirs"


@pytest.mark.parametrize(
    ("error", "cause"), [(None, None), (None, "by hand"), ("Maintenance", None), ("Maintenance", "by hand")]
)
def test_a_run_whose_start_was_ended_by_somebody_fails_as_model_stopped_whatever_they_said(
    working: Scene, error: str | None, cause: str | None
) -> None:
    """StopExecution's Error and Cause are optional."""
    run = working.begin(RUN_WITH_MODEL, asked(), name="nightly")
    working.until(lambda: working.status == "STARTING")
    (start,) = executions(working, START_MODEL)
    working.abort(start, cause, error)
    ended = working.wait(run)
    assert (ended.status, ended.error) == ("FAILED", "ModelStopped")
    assert start.arn in ended.cause["Message"]
    working.until(lambda: working.notified(ended).nothing and "EXECUTION_ABORTED" in working.outcomes)


def test_a_start_of_a_run_that_step_functions_throttles_is_tried_again(working: Scene) -> None:
    """To a Task throttling is the SDK's base class, since StartExecution's model lacks its code."""
    working.fails(Answer("ThrottlingException"), "states:StartExecution", START_MODEL.rpartition(":")[2], calls=(1, 2))
    assert working.run(RUN_WITH_MODEL, asked()).status == "SUCCEEDED"


def answering(output: Any) -> dict[str, Any]:
    """A workload that answers so."""
    return {"StartAt": "Done", "States": {"Done": {"Type": "Succeed", "Output": output}}}


def test_what_a_workload_warns_of_is_notified_though_it_succeeded(working: Scene) -> None:
    """Else a mistyped prefix would be a success of no images, and nobody would know."""
    output = {"Images": 0, "Warnings": ["There is no image under s3://imgs/lien-1/."]}
    working.account.definitions = {WORKLOAD: answering(output)}
    run = working.run(RUN_WITH_MODEL, asked())
    assert (run.status, run.output["Workload"]) == ("SUCCEEDED", output)
    mail = working.notified(run).once("WORKLOAD_SUCCEEDED", "WARNING")
    assert "with a warning: there is no image under s3://imgs/lien-1/." in mail["Message"]
    assert mail["Event"]["Output"] == {"Workload": {"Warnings": output["Warnings"]}}
    working.until(lambda: let_go(working))
    assert working.notified(run).outcomes == ["WORKLOAD_SUCCEEDED"], "Settle has nothing to add"


@pytest.mark.parametrize(
    "output", [{"Warnings": []}, {"Warnings": [7]}, [{"Warnings": ["x"]}], "Warnings", None, {"Warnings": {"a": 1}}]
)
def test_an_output_without_warnings_is_any_json_and_nobody_is_notified(working: Scene, output: Any) -> None:
    working.account.definitions = {WORKLOAD: answering(output)}
    run = working.run(RUN_WITH_MODEL, asked())
    assert (run.status, run.output["Workload"]) == ("SUCCEEDED", output)
    working.until(lambda: let_go(working))
    assert working.notified(run).nothing


def test_a_warning_that_could_not_be_sent_is_sent_by_settle(working: Scene) -> None:
    working.account.definitions = {WORKLOAD: answering({"Warnings": ["x" * 5000, 7, *"abcdefghijkl"]})}
    run = working.begin(RUN_WITH_MODEL, asked())
    working.until_in(run, "Notify: warnings")
    working.fails(Answer("AuthorizationErrorException"), "sns:Publish", "notify", calls=None)
    ended = working.wait(run)
    assert ended.status == "SUCCEEDED"
    working.until(lambda: working.notified(ended).mails and working.notified(ended).chats)
    event = working.notified(ended).once("WORKLOAD_SUCCEEDED", "WARNING")["Event"]
    assert event["Output"]["Workload"]["Warnings"] == ["x" * 1000, *"abcdefghi"]


def test_a_workload_that_fails_is_reported_and_the_model_is_stopped(working: Scene) -> None:
    run = working.run(RUN_WITH_MODEL, asked("fail"))
    assert (run.status, run.error, run.cause) == ("FAILED", "BeltJammed", "The belt of line 1 is jammed.")
    mail = working.notified(run).once("WORKLOAD_FAILED", "ERROR")
    assert "The belt of line 1 is jammed." in mail["Message"]
    assert f"{WORKLOAD.replace(':stateMachine:', ':execution:')}:run-" in mail["Message"]
    assert mail["Event"]["ProjectVersionArn"] == ARN
    working.until(lambda: let_go(working))


def test_a_workload_that_somebody_ends_fails_the_run(working: Scene) -> None:
    run, workload = at_work(working)
    working.abort(workload, "Line 1 is closed")
    ended = working.wait(run)
    assert (ended.status, ended.error, ended.cause) == ("FAILED", "WorkloadAborted", "Line 1 is closed")
    assert working.notified(ended).outcomes == ["WORKLOAD_FAILED"]
    working.until(lambda: let_go(working))


def test_a_start_that_fails_is_reported_once_and_no_workload_runs(working: Scene) -> None:
    working.put("TRAINING_FAILED")
    run = working.run(RUN_WITH_MODEL, asked())
    failed_well(run, "ModelNotStartable")
    assert working.notified(run).nothing
    assert working.outcomes == ["START_FAILED"]
    assert executions(working, WORKLOAD) == []


def test_a_start_that_somebody_ends_fails_the_run(working: Scene) -> None:
    run = working.begin(RUN_WITH_MODEL, asked(), name="changed-my-mind")
    working.until(lambda: working.status == "STARTING")
    (start,) = executions(working, START_MODEL)
    assert start.name.startswith("run-changed-my-mind-")
    working.abort(start, "Wrong model")
    ended = working.wait(run)
    assert failed_well(ended, "ModelStopped")["Message"].endswith(f"{start.arn} Wrong model")
    assert working.notified(ended).nothing


def test_a_workload_that_is_not_allowed_is_refused_and_reported(working: Scene) -> None:
    given = asked()
    given["Workload"]["StateMachineArn"] = WORKLOAD.replace("Nightly", "Another")
    run = working.run(RUN_WITH_MODEL, given)
    assert "Workload.StateMachineArn: " in failed_well(run, "InvalidRequest")["Message"]
    assert working.notified(run).outcomes == ["WORKLOAD_FAILED"]
    assert working.status == "STOPPED"


@pytest.mark.parametrize("fields", [{}, {"DryRun": True}])
def test_a_workload_that_does_not_exist_is_refused_before_the_model_is_started(
    working: Scene, fields: dict[str, Any]
) -> None:
    working.account.stepfunctions.gone = {WORKLOAD}
    run = working.run(RUN_WITH_MODEL, asked(**fields))
    assert "there is no such state machine" in failed_well(run, "InvalidRequest")["Message"]
    assert working.requests("rekognition:StartProjectVersion") == []
    assert working.notified(run).outcomes == ([] if fields else ["WORKLOAD_FAILED"])


def test_a_run_that_is_aborted_ends_its_workload_and_lets_the_model_go(working: Scene) -> None:
    run, workload = at_work(working)
    aborted = working.abort(run, "Not needed today")
    working.until(lambda: let_go(working))
    assert workload.status == "ABORTED"
    mail = working.notified(aborted).once("EXECUTION_ABORTED", "WARNING")
    assert "Not needed today" in mail["Message"]
    assert mail["Subject"] == "[WARNING] The run with defects was aborted"


def test_a_run_that_is_aborted_while_its_model_starts_ends_the_start(working: Scene) -> None:
    run = working.begin(RUN_WITH_MODEL, asked())
    working.until(lambda: working.status == "STARTING")
    aborted = working.abort(run)
    working.until(lambda: let_go(working))
    (start,) = executions(working, START_MODEL)
    assert start.status in ("ABORTED", "FAILED")
    assert working.notified(aborted).outcomes == ["EXECUTION_ABORTED"]


@pytest.mark.parametrize("later", [0.01, 0.5])
@pytest.mark.parametrize("do", ["succeed", "fail"])
def test_a_run_that_is_aborted_while_it_releases_lets_the_model_go_and_is_notified_once(
    working: Scene, do: str, later: float
) -> None:
    """The call that starts the release is throttled at first, so that there is time for it."""
    working.fails(Answer("ThrottlingException"), "states:StartExecution", STOP_MODEL.rpartition(":")[2])
    run = working.begin(RUN_WITH_MODEL, asked(do))
    working.until_in(run, "Release the model")
    working.passes(later)
    working.abort(run)
    working.until(lambda: let_go(working))
    working.passes(600)
    assert working.notified(run).outcomes == ["EXECUTION_ABORTED"]
    assert working.outcomes.count("MODEL_STOPPED") == 1
    working.sweep()
    assert working.unsettled == [], "a run that was ended from outside is settled once more, by the sweep"


def test_a_workload_that_times_out_ends_its_run_as_timed_out_and_the_model_is_let_go(working: Scene) -> None:
    run, workload = at_work(working)
    working.account.time_out(workload)
    ended = working.wait(run)
    assert (ended.status, ended.error) == ("FAILED", "TimedOut")
    working.until(lambda: let_go(working))
    mail = working.notified(run).once("WORKLOAD_FAILED", "ERROR")
    assert "The workload ended as TIMED_OUT" in mail["Message"]


def test_where_the_event_of_its_end_is_lost_the_sweep_does_it(working: Scene) -> None:
    run, workload = at_work(working)
    working.account.deliveries = [Delivery("settle", ())]
    aborted = working.abort(run)
    for _ in range(3):
        working.passes(61)
        working.sweep()
    working.until(lambda: let_go(working))
    assert workload.status == "ABORTED"
    assert working.notified(aborted).outcomes == ["EXECUTION_ABORTED"]


def test_a_notification_that_can_not_be_sent_keeps_nothing(working: Scene) -> None:
    working.labels.models.once_stopped = ((0, "STOPPING"), (10, "STOPPED"))
    run = working.begin(RUN_WITH_MODEL, asked("fail"), name="unheard-of")
    working.until(lambda: executions(working, WORKLOAD))
    working.fails(Answer("AuthorizationErrorException"), "sns:Publish", calls=None)
    working.until(lambda: let_go(working))
    assert run.states[-1] == "Notify: failed", "it tries again for minutes"


def test_a_second_run_with_the_same_token_ends_as_the_first_and_runs_nothing(working: Scene) -> None:
    given = asked(ClientRequestToken="batch-7")
    first, second = working.run(RUN_WITH_MODEL, given), working.run(RUN_WITH_MODEL, given)
    assert second.output["Workload"] == first.output["Workload"]
    duplicate = {"Outcome": "DUPLICATE", "DuplicateOf": first.arn}
    assert second.output["Model"] == {**first.output["Model"], **duplicate}
    assert second.states() == [
        "Prepare the run",
        "Is it a duplicate?",
        "Check the first execution",
        "Has the first execution ended?",
        "First execution succeeded",
    ]
    assert len(executions(working, WORKLOAD)) == 1


def test_a_dry_run_runs_nothing(working: Scene) -> None:
    run = working.run(RUN_WITH_MODEL, asked(DryRun=True, LeaseId="mine"))
    valid_run_output(run.output)
    assert list(run.output) == ["Model"]
    assert run.output["Model"]["Outcome"] == "DRY_RUN"
    assert run.output["Model"]["Warnings"][0].startswith("LeaseId mine was not used")
    assert working.status == "STOPPED"
