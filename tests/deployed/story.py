"""The story that is told against the emulator and against a real account alike."""

from collections.abc import Mapping

from tests.deployed.executions import PATIENCE, Execution, StateMachine


def a_model_is_started_and_everybody_is_notified(
    start_model: StateMachine, project_version_arn: str, extra: Mapping[str, object], seconds: float = PATIENCE
) -> Execution:
    """A stopped model is started; the execution ends when it is RUNNING, and says so."""
    context = {"pipeline": "inspection", "run": 7}
    execution = start_model.wait(
        start_model.start({"ProjectVersionArn": project_version_arn, "Context": context, **extra}), seconds
    )
    assert execution.status == "SUCCEEDED", execution.cause
    output = execution.output
    assert (output["Outcome"], output["Status"]) == ("MODEL_STARTED", "RUNNING")
    assert (output["ProjectVersionArn"], output["Context"]) == (project_version_arn, context)
    assert output["RequestedAt"] < output["RunningAt"]
    assert execution.states()[-1] == "Model is RUNNING"
    return execution


def a_model_is_stopped_when_nobody_holds_it(
    start_model: StateMachine,
    stop_model: StateMachine,
    project_version_arn: str,
    extra: Mapping[str, object],
    seconds: float = PATIENCE,
) -> Execution:
    """A model that runs under the lease ``a`` is shared by ``b``, kept for ``b`` when ``a`` ends, and then stopped."""
    asked = {"ProjectVersionArn": project_version_arn, **extra}
    joined = start_model.wait(start_model.start({**asked, "LeaseId": "b"}), seconds)
    assert joined.output["Outcome"] == "MODEL_ALREADY_RUNNING"
    kept = stop_model.wait(stop_model.start({**asked, "LeaseId": "a"}), seconds)
    assert kept.output["Outcome"] == "MODEL_KEPT_RUNNING"
    assert [lease["LeaseId"] for lease in kept.output["Leases"]] == ["b"]
    stopped = stop_model.wait(stop_model.start({**asked, "LeaseId": "b"}), seconds)
    assert (stopped.output["Outcome"], stopped.output["Status"]) == ("MODEL_STOPPED", "STOPPED")
    assert stopped.output["RunningSeconds"] >= 0
    return stopped
