"""Wrong inputs of all machines and their answers, as a page: ``golden/wrong-inputs.md``. RENEW_GOLDEN=1 writes it."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lifecycle.configuration import DetectBatch
from lifecycle.detect_batch.request import batch_request
from lifecycle.errors import InvalidRequest
from lifecycle.executions.requests import IGNORED, validator
from lifecycle.run_with_model.request import run_request
from lifecycle.shared.wire import Json
from lifecycle.start_model.request import start_request
from lifecycle.stop_model.request import stop_request
from tests.unit.examples import ACCOUNT, ARN, CONFIGURATION, RUN, RUNS_WORKLOADS, WORKLOAD, WORKLOAD_NAME, execution

PAGE = Path(__file__).parent / "golden" / "wrong-inputs.md"
SETTINGS = DetectBatch(images=("s3://imgs/line-1/",), results="s3://results/labels/")
RUNS = replace(RUNS_WORKLOADS, workloads=(WORKLOAD_NAME, "Lifecycle-DetectBatch"), detect_batch=SETTINGS)
BATCH = WORKLOAD.replace(WORKLOAD_NAME, "Lifecycle-DetectBatch")
WORK = {"StateMachineArn": WORKLOAD}
PROJECT_ARN = f"{ACCOUNT}:project/boards/1793510000000"
READ: dict[str, Callable[[Json], object]] = {
    "StartModel": lambda given: start_request(given, execution(), CONFIGURATION),
    "StopModel": lambda given: stop_request(given, execution(machine="StopModel"), CONFIGURATION),
    "RunWithModel": lambda given: run_request(given, RUN, RUNS),
    "DetectBatch": lambda given: batch_request(given, execution(machine="DetectBatch"), SETTINGS),
}


def start(**fields: Json) -> tuple[str, Json]:
    return "StartModel", {"Model": "defects", **fields}


def run(workload: Json = None, **fields: Json) -> tuple[str, Json]:
    return "RunWithModel", {"Model": "defects", "Workload": WORK if workload is None else workload, **fields}


def batch(**fields: Json) -> tuple[str, Json]:
    return "DetectBatch", {"Bucket": "imgs", "Prefix": "line-1/", "ProjectVersionArn": ARN, **fields}


WRONG: tuple[tuple[str, Json], ...] = (
    ("StartModel", {}),
    ("StartModel", {"Comment": "Insert your JSON here"}),
    ("StartModel", "defects"),
    ("StartModel", [{"Model": "defects"}]),
    ("StartModel", {"Model": ARN}),
    ("StartModel", {"Model": PROJECT_ARN}),
    ("StartModel", {"Model": "Defects"}),
    ("StartModel", {"Model": "defect"}),
    ("StartModel", {"Model": "defects "}),
    ("StartModel", {"Model": ""}),
    ("StartModel", {"Model": "two words"}),
    ("StartModel", {"Model": ["defects"]}),
    ("StartModel", {"Model": "defects", "ProjectVersionArn": ARN}),
    ("StartModel", {"ProjectVersionArn": "defects"}),
    ("StartModel", {"ProjectVersionArn": "boards"}),
    ("StartModel", {"ProjectVersionArn": PROJECT_ARN}),
    ("StartModel", {"ProjectVersionArn": ARN.rpartition("/")[0]}),
    ("StartModel", {"ProjectVersionArn": f"{ARN}\n"}),
    ("StartModel", {"ProjectVersionArn": f" {ARN}"}),
    ("StartModel", {"ProjectVersionArn": f'"{ARN}"'}),
    ("StartModel", {"ProjectVersionArn": ARN.replace("us-east-1", "eu-west-1")}),
    ("StartModel", {"ProjectVersionArn": ARN.replace("123456789012", "210987654321")}),
    ("StartModel", {"ProjectVersionArn": ARN.replace("arn:aws:", "arn:aws-cn:")}),
    ("StartModel", {"ProjectVersionArn": ARN.replace("rekognition", "sagemaker")}),
    ("StartModel", {"ProjectVersionArn": "arn:aws:s3:::imgs"}),
    ("StartModel", {"projectVersionArn": ARN}),
    ("StartModel", {"project_version_arn": ARN}),
    ("StartModel", {"model": "defects"}),
    start(LeaseMinuets=30),
    start(leaseId="shift-2"),
    start(LeaseMinutes="30"),
    start(LeaseMinutes=-1),
    start(LeaseMinutes=604800),
    start(LeaseId="shift 2"),
    start(LeaseId="x" * 200),
    start(MinInferenceUnits="2"),
    start(MinInferenceUnits=1.5),
    start(MinInferenceUnits=2, MaxInferenceUnits=1),
    start(WaitForCapacity="yes"),
    start(DryRun="true"),
    start(DryRun=1),
    start(TimeoutSeconds=0),
    start(ReadyAt="2026-12-01T19:12:54+0100"),
    start(ReadyAt="2026-12-01T19:12:54"),
    start(ReadyAt="2026-12-01 19:12Z"),
    start(ReadyAt="2026-12-01"),
    start(ReadyAt="2026-11-31T08:00:00Z"),
    start(ReadyAt="tomorrow"),
    start(ReadyAt=1793520000),
    start(ReadyAt="2027-11-24T07:00:00Z"),
    start(Context={"order": 9007199254740993}),
    start(ClientRequestToken=""),
    ("StopModel", {"Model": "defects", "Force": "true"}),
    ("StopModel", {"Model": "defects", "LeaseMinutes": 30}),
    ("StopModel", {"Model": "defects", "force": True}),
    ("RunWithModel", {"Model": "defects"}),
    run({"Input": {"Line": 1}}),
    run({"StateMachineArn": WORKLOAD_NAME}),
    run({"StateMachineArn": f"{WORKLOAD}:prod"}),
    run({**WORK, "Input": "{}"}),
    run({**WORK, "Input": None}),
    run({**WORK, "LeaseMinutes": 30}),
    run(Input={"Line": 1}),
    run({"StateMachineArn": BATCH, "Input": {"Bucket": "s3://imgs/line-1/"}, "ModelField": "Model"}),
    run({"StateMachineArn": BATCH, "Input": {"Bucket": "imgs", "Prefix": "line-1/"}}),
    run({"StateMachineArn": BATCH, "ModelField": "Model"}, Bucket="imgs", Prefix="line-1/"),
    batch(Bucket="s3://imgs"),
    batch(Bucket="imgs/line-1"),
    batch(Bucket="arn:aws:s3:::imgs"),
    batch(Bucket="https://imgs.s3.us-east-1.amazonaws.com/line-1/"),
    batch(Prefix="/line-1/today/"),
    batch(Prefix="s3://imgs/line-1/today/"),
    batch(Prefix="line-2/"),
    batch(MinConfidence="80"),
    batch(MinConfidence=180),
    batch(Bukcet="imgs"),
    ("DetectBatch", {"Bucket": "imgs", "Prefix": "line-1/", "Model": "defects"}),
)


def answer(machine: str, given: Json) -> list[str]:
    with pytest.raises(InvalidRequest) as refused:
        READ[machine](given)
    return refused.value.message.split("\n- ")[1:]


def page() -> str:
    blocks = ["# Wrong inputs, and what is answered"]
    for machine in READ:
        blocks.append(f"## {machine}")
        for given in (given for name, given in WRONG if name == machine):
            said = "\n".join(f"- {line}" for line in answer(machine, given))
            blocks.append(f"`{json.dumps(given)}`\n\n{said}")
    return "\n\n".join(blocks) + "\n"


def test_each_wrong_input_is_answered_as_on_the_page() -> None:
    if os.environ.get("RENEW_GOLDEN"):
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(), "utf-8")
    assert page() == PAGE.read_text("utf-8")


def test_no_answer_is_a_regular_expression() -> None:
    assert "must match" not in page()


ENORMOUS = 10**5000
"""An integer with more digits than Python writes; none comes by Lambda, which can't read it either."""


@pytest.mark.parametrize("machine", READ)
def test_a_number_of_thousands_of_digits_is_an_invalid_request_wherever_it_is(machine: str) -> None:
    fields = dict(asked for asked in (start(), ("StopModel", {"Model": "defects"}), run(), batch()))[machine]
    schema = validator("_".join(re.findall(r"[A-Z][a-z]+", machine)).lower())
    names = schema.fields() - IGNORED | {"Unknown"}
    wrong: list[Json] = [
        ENORMOUS,
        *({**fields, name: value} for name in sorted(names) for value in (ENORMOUS, [ENORMOUS])),
    ]
    for given in wrong:
        with pytest.raises(InvalidRequest):
            READ[machine](given)
