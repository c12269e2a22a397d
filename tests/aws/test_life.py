"""The stories of a start and a stop, against a real account."""

from tests.deployed.executions import StateMachine
from tests.deployed.story import a_model_is_started_and_everybody_is_told, a_model_is_stopped_when_nobody_holds_it

SLOW = {"TimeoutSeconds": 3600}


def test_a_model_is_started_shared_and_stopped(start_model: StateMachine, stop_model: StateMachine, model: str) -> None:
    a_model_is_started_and_everybody_is_told(start_model, model, {"LeaseId": "a", **SLOW}, seconds=3700)
    a_model_is_stopped_when_nobody_holds_it(start_model, stop_model, model, SLOW, seconds=3700)


def test_a_dry_run_changes_nothing(start_model: StateMachine, model: str) -> None:
    execution = start_model.run({"ProjectVersionArn": model, "DryRun": True})
    assert execution.output["Outcome"] == "DRY_RUN"
