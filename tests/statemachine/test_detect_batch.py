"""What holds for DetectBatch's definition alone: its Map. What holds for all: test_definitions.py, test_policies.py."""

import json
import re
from typing import Any

import pytest
from botocore.loaders import Loader
from jsonata import Jsonata

from lifecycle.detect_batch.summary import _NO_IMAGE_IS_TO_BLAME
from lifecycle.images.refusals import Meaning, meaning
from tests.statemachine.graph import machine_called
from tools.asl import DEFINITIONS, expressions

MACHINE = machine_called("detect_batch")
MAP = MACHINE.states["Detect labels in each image"]
CHILD = MACHINE.children["Detect labels in each image"]
DETECT = CHILD.states["Detect labels"]
QUOTA = 50
"""Calls of DetectCustomLabels a second (Amazon Rekognition endpoints and quotas)."""
UNDOCUMENTED = "Rekognition.RekognitionException"
"""How Step Functions names what is not among them, such as the service's ValidationException: by the base class."""
EXPRESS_SECONDS = 300
"""The longest that an Express execution may take (Step Functions Developer Guide, "Choosing workflow type")."""


def documented() -> set[str]:
    """What DetectCustomLabels can answer, as Step Functions names it: by the classes of AWS's Java SDK."""
    operation = Loader().load_service_model("rekognition", "service-2")["operations"]["DetectCustomLabels"]
    names = (error["shape"] for error in operation["errors"])
    return {f"Rekognition.{name if name.endswith('Exception') else f'{name}Exception'}" for name in names}


def of_handling(handlers: list[dict[str, Any]]) -> set[str]:
    return {error for handler in handlers for error in handler["ErrorEquals"]}


def test_every_documented_error_of_the_call_is_retried_or_recorded_or_ends_the_batch_by_what_it_means() -> None:
    retried, recorded = of_handling(DETECT["Retry"]), of_handling(DETECT["Catch"])
    assert retried & documented() == meaning_one_of(Meaning.THROTTLED, Meaning.SERVICE)
    assert recorded == meaning_one_of(Meaning.BROKEN_IMAGE, Meaning.UNCLEAR) | {UNDOCUMENTED}
    assert UNDOCUMENTED in retried
    ends = documented() - retried - recorded
    assert ends == meaning_one_of(Meaning.NOT_RUNNING, Meaning.NO_MODEL, Meaning.DENIED)
    assert set(_NO_IMAGE_IS_TO_BLAME) == set(Meaning) - {Meaning.BROKEN_IMAGE, Meaning.UNKNOWN}


def meaning_one_of(*meanings: Meaning) -> set[str]:
    return {name for name in documented() if meaning(name.removeprefix("Rekognition.")) in meanings}


def test_throttled_children_come_back_slower_and_spread() -> None:
    retrier, _ = DETECT["Retry"]
    assert retrier["BackoffRate"] >= 2
    assert retrier["JitterStrategy"] == "FULL"
    assert retrier["MaxAttempts"] >= 5


def test_all_tries_of_a_child_end_before_step_functions_ends_it() -> None:
    """Else an image would fail with States.Timeout of the child, and nobody would know why."""
    seconds = 0
    for task in CHILD.tasks.values():
        waits = [
            min(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** attempt, retrier.get("MaxDelaySeconds", 60))
            for retrier in task["Retry"]
            for attempt in range(retrier["MaxAttempts"])
        ]
        seconds += sum(waits) + (len(waits) + 1) * task["TimeoutSeconds"]
    assert seconds < EXPRESS_SECONDS


def test_children_are_express_and_call_nothing_but_two_operations_of_one_right() -> None:
    assert MAP["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    assert {task["Resource"] for task in CHILD.tasks.values()} == {
        "arn:aws:states:::aws-sdk:rekognition:detectCustomLabels",
        "arn:aws:states:::aws-sdk:s3:headObject",  # allowed by s3:GetObject (Service Authorization Reference)
    }


def variables_of(part: Any) -> set[str]:
    """The variables that the expressions of a part of a definition read."""
    return {name for one in expressions(part) for name in re.findall(r"\$([a-z]\w*)\b(?!\s*\()", one)}


def test_children_read_no_variables_which_a_distributed_map_does_not_give_them() -> None:
    assert variables_of(CHILD.definition) == {"states"}


def test_the_maps_own_fields_read_its_input_and_no_variables() -> None:
    """Whether a Distributed Map may read variables of the machine in them is not documented."""
    own = {name: one for name, one in MAP.items() if name not in {"ItemProcessor", "Retry", "Catch"}}
    assert variables_of(own) == {"states"}
    assert MAP["ItemReader"]["Arguments"]["Bucket"] == "{% $states.input.Bucket %}"


def test_results_are_json_lines_one_for_each_image() -> None:
    assert MAP["ResultWriter"]["WriterConfig"] == {"Transformation": "FLATTEN", "OutputType": "JSONL"}


@pytest.mark.parametrize(("key", "folder"), [("a/", True), ("a/b.png", False), ("/", True), ("ü", False)])
def test_a_key_that_ends_with_a_slash_is_a_folder(key: str, folder: bool) -> None:
    (condition,) = expressions(CHILD.states["Is it an image?"]["Choices"][0]["Condition"])
    given = {"states": {"input": {"Image": {"S3Object": {"Name": key}}}}}
    assert Jsonata(condition).evaluate(None, given) is folder


@pytest.mark.parametrize("labels", [[], [{"Name": "a"}], [{"Name": "a"}, {"Name": "b"}]])
def test_labels_are_a_list_however_many_there_are(labels: list[dict[str, str]]) -> None:
    (expression,) = expressions(DETECT["Output"]["CustomLabels"])
    assert Jsonata(expression).evaluate(None, {"states": {"result": {"CustomLabels": labels}}}) == labels


def test_a_map_that_fails_is_summarised_too() -> None:
    (catcher,) = MAP["Catch"]
    assert (catcher["ErrorEquals"], catcher["Next"]) == (["States.ALL"], "Summarise the results")
    assert of_handling(MAP["Retry"]) == {"States.ItemReaderFailed"}, "or images would be looked at again"


def test_the_default_concurrency_stays_under_the_quota_of_calls() -> None:
    """A call takes some 0.3 s and more, so that 20 side by side rarely make 50 a second; what is more is retried."""
    schema = json.loads((DEFINITIONS.parent / "infra/settings/settings.schema.json").read_text("utf-8"))
    assert schema["properties"]["detect_batch"]["properties"]["max_concurrency"]["default"] < QUOTA
