"""A stop whose answer is lost, on its way from the service or from Lambda: whatever was done, it ends STOPPED."""

import dataclasses

import pytest

from emulator.custom_labels import Timing
from emulator.faults import Fault
from emulator.server import Emulator
from tests.contract import valid_stop_output
from tests.deployed.executions import StateMachine
from tests.deployed.told import QUICK, NewModel, Told, project_of

STOP = "rekognition:StopProjectVersion"
# The payload of Stop alone has Retries.
LAMBDA_ANSWER_LOST = Fault("lambda:Invoke", contains='"Retries"', lose_answer=True)
LAMBDA_FAILED = Fault("lambda:Invoke", contains='"Retries"', error="ServiceException", after=True)


@pytest.mark.waits
@pytest.mark.parametrize(
    ("fault", "stopping"),
    [
        pytest.param(Fault(STOP, delay_seconds=8, after=True), 40, id="answer too late"),
        pytest.param(Fault(STOP, error="InternalServerError", after=True), 40, id="server error after the deed"),
        pytest.param(LAMBDA_ANSWER_LOST, 40, id="Lambda's answer lost"),
        pytest.param(LAMBDA_FAILED, 40, id="Lambda failed"),
        pytest.param(LAMBDA_FAILED, 1, id="Lambda failed, and the model is STOPPED by the next try"),
    ],
)
def test_a_stop_whose_answer_is_lost_counts_as_ours(
    emulator: Emulator, stop_model: StateMachine, new_model: NewModel, fault: Fault, stopping: float
) -> None:
    emulator.custom_labels.timing = Timing(stopping=stopping)
    arn = new_model("RUNNING")
    script = emulator.faults.add(dataclasses.replace(fault, contains=fault.contains or project_of(arn)))
    execution = stop_model.wait(stop_model.start({"ProjectVersionArn": arn, **QUICK}), seconds=300)
    assert script.applied == 1
    assert execution.status == "SUCCEEDED", execution.cause
    valid_stop_output(execution.output)
    assert execution.output["Outcome"] == "MODEL_STOPPED"
    Told(emulator, execution).once("MODEL_STOPPED", "INFO")
    assert next(one.status for one in emulator.custom_labels.versions() if one.arn == arn) == "STOPPED"
