"""What the emulator adds to moto's Distributed Map, seen from outside. One that fails says that moto has changed."""

import itertools
import json
from typing import Any

import pytest

from emulator import images
from emulator.server import Emulator
from tests.deployed.executions import Execution, StateMachine
from tests.emulator.stacks import deploy, machine

_numbers = itertools.count()
BUCKET = "mapped"
JSON_LINES = {"Transformation": "FLATTEN", "OutputType": "JSONL"}
GOOD = {"Type": "Succeed"}
# A child fails where its key has "bad" in it.
PICKY = {
    "Bad?": {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $contains($states.input.Key, 'bad') %}", "Next": "No"}],
        "Default": "Yes",
    },
    "No": {"Type": "Fail", "Error": "Bad", "Cause": "{% $states.input.Key %}"},
    "Yes": {"Type": "Succeed", "Output": "{% $states.input.Key %}"},
}


@pytest.fixture
def s3(bare: Emulator) -> Any:
    client = bare.client("s3")
    images.ensure_bucket(client, BUCKET)
    return client


def put(s3: Any, *names: str) -> str:
    """Objects under a prefix of their own; the prefix."""
    prefix = f"in-{next(_numbers)}/"
    for name in names:
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}{name}", Body=b"x")
    return prefix


def run(
    emulator: Emulator,
    prefix: str,
    children: dict[str, Any],
    *,
    writer: dict[str, Any] | None = None,
    bucket: str = BUCKET,
    **fields: Any,
) -> Execution:
    """Of a Map over a prefix; results go to the same prefix below ``out/``."""
    writing = {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": BUCKET, "Prefix": "{% $out %}"}}
    states = {
        "Begin": {
            "Type": "Pass",
            "Assign": {"out": f"out/{prefix}", "given": {"Percentage": 50}},
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "Label": "Each",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:listObjectsV2",
                "Arguments": {"Bucket": bucket, "Prefix": prefix},
            },
            "ItemSelector": {"Key": "{% $states.context.Map.Item.Value.Key %}"},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                "StartAt": next(iter(children)),
                "States": children,
            },
            "MaxConcurrency": 2,
            **({"ResultWriter": {**writing, **writer}} if writer is not None else {}),
            "End": True,
            **fields,
        },
    }
    resources = machine(states)
    del resources["Machine"]["Properties"]["DefinitionSubstitutions"]
    return StateMachine(deploy(emulator, resources)["Machine"], emulator.client("stepfunctions")).run({})


def written(s3: Any, prefix: str) -> dict[str, str]:
    """The texts of the result files, by name."""
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"out/{prefix}").get("Contents", [])
    texts = {one["Key"]: s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read().decode() for one in found}
    return {key.rpartition("/")[2]: text for key, text in texts.items()}


def test_a_definition_is_kept_as_it_was_given(bare: Emulator, s3: Any) -> None:
    execution = run(bare, put(s3, "a"), PICKY, writer={"WriterConfig": JSON_LINES})
    arn = execution.arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    definition = bare.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["definition"]
    each = json.loads(definition)["States"]["Each"]
    assert each["ResultWriter"]["WriterConfig"] == JSON_LINES
    assert each["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] == "EXPRESS"


def test_results_are_written_as_json_lines_and_the_output_says_where(bare: Emulator, s3: Any) -> None:
    prefix = put(s3, "a", "b")
    execution = run(bare, prefix, PICKY, writer={"WriterConfig": JSON_LINES})
    where = execution.output["ResultWriterDetails"]
    run_id = execution.output["MapRunArn"].rpartition(":")[2]
    assert ":mapRun:" in execution.output["MapRunArn"]
    assert where == {"Bucket": BUCKET, "Key": f"out/{prefix}{run_id}/manifest.json"}
    files = written(s3, prefix)
    assert files["SUCCEEDED_0.jsonl"].splitlines() == [f'"{prefix}a"', f'"{prefix}b"']
    manifest = json.loads(files["manifest.json"])
    assert (manifest["DestinationBucket"], manifest["MapRunArn"]) == (BUCKET, execution.output["MapRunArn"])
    assert manifest["ResultFiles"] == {
        "FAILED": [],
        "PENDING": [],
        "SUCCEEDED": [
            {
                "Key": f"out/{prefix}{run_id}/SUCCEEDED_0.jsonl",
                "Size": len(files["SUCCEEDED_0.jsonl"].encode()),
            }
        ],
    }


@pytest.mark.parametrize(
    ("transformation", "expected"), [("COMPACT", [["x", "y"], ["x", "y"]]), ("FLATTEN", ["x", "y", "x", "y"])]
)
def test_results_are_an_array_where_nobody_asks_for_lines(
    bare: Emulator, s3: Any, transformation: str, expected: list[Any]
) -> None:
    prefix = put(s3, "a", "b")
    two = {"Two": {"Type": "Succeed", "Output": ["x", "y"]}}
    assert run(bare, prefix, two, writer={"WriterConfig": {"Transformation": transformation}}).status == "SUCCEEDED"
    assert json.loads(written(s3, prefix)["SUCCEEDED_0.json"]) == expected


def test_without_a_transformation_each_child_is_described(bare: Emulator, s3: Any) -> None:
    prefix = put(s3, "a")
    run(bare, prefix, PICKY, writer={})
    (described,) = json.loads(written(s3, prefix)["SUCCEEDED_0.json"])
    assert described["Status"] == "SUCCEEDED"
    assert json.loads(described["Input"]) == {"Key": f"{prefix}a"}
    assert json.loads(described["Output"]) == f"{prefix}a"


@pytest.mark.parametrize("percentage", [50, 50.0, "{% $given.Percentage %}"])
def test_failures_are_tolerated_up_to_a_percentage_and_described_whole(
    bare: Emulator, s3: Any, percentage: float | str
) -> None:
    prefix = put(s3, "a", "bad")
    writer = {"WriterConfig": JSON_LINES}
    execution = run(bare, prefix, PICKY, writer=writer, ToleratedFailurePercentage=percentage)
    assert execution.status == "SUCCEEDED"
    failed = json.loads(written(s3, prefix)["FAILED_0.jsonl"])
    assert (failed["Status"], failed["Error"], failed["Cause"]) == ("FAILED", "Bad", f"{prefix}bad")
    assert json.loads(failed["Input"]) == {"Key": f"{prefix}bad"}


def test_more_failures_end_the_run_early_and_what_there_is_is_written(bare: Emulator, s3: Any) -> None:
    prefix = put(s3, "a", *(f"bad-{number}" for number in range(5)), "z")
    execution = run(
        bare, prefix, PICKY, writer={"WriterConfig": JSON_LINES}, MaxConcurrency=1, ToleratedFailurePercentage=20
    )
    assert (execution.status, execution.error) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    files = written(s3, prefix)
    assert len(files["SUCCEEDED_0.jsonl"].splitlines()) == 1
    assert len(files["FAILED_0.jsonl"].splitlines()) == 2
    assert len(files["PENDING_0.jsonl"].splitlines()) == 4
    assert len(json.loads(files["manifest.json"])["ResultFiles"]["PENDING"]) == 1


def test_one_failure_ends_a_run_that_tolerates_none(bare: Emulator, s3: Any) -> None:
    assert run(bare, put(s3, "a", "bad"), PICKY).error == "States.ExceedToleratedFailureThreshold"


def test_more_objects_than_fit_on_a_page_are_all_mapped(
    bare: Emulator, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pages of two; on AWS, and here otherwise, they have a thousand."""
    prefix = put(s3, *"abcde")
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["IsTruncated"]
    execution = run(bare, prefix, PICKY)
    assert [key.removeprefix(prefix) for key in execution.output] == list("abcde")


def test_an_empty_prefix_is_an_empty_run(bare: Emulator, s3: Any) -> None:
    prefix = put(s3)
    assert run(bare, prefix, PICKY).output == []


def test_an_item_is_what_step_functions_makes_of_an_object(bare: Emulator, s3: Any) -> None:
    prefix = put(s3, "a")
    execution = run(bare, prefix, {"Is": GOOD}, ItemSelector={"Item": "{% $states.context.Map.Item.Value %}"})
    (item,) = (one["Item"] for one in execution.output)
    assert item.keys() == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
    assert (item["Key"], item["Size"]) == (f"{prefix}a", 1)


def test_a_list_that_can_not_be_read_has_an_error_of_its_own(bare: Emulator) -> None:
    execution = run(bare, "any/", PICKY, bucket="no-such-bucket")
    assert execution.error == "States.ItemReaderFailed"
    assert "NoSuchBucket" in str(execution.cause)


def test_an_sdk_integration_names_errors_as_the_java_sdk_does(bare: Emulator, s3: Any) -> None:
    arn = "arn:aws:rekognition:us-east-1:123456789012:project/none/version/v1/1"
    detect = {
        "Detect": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:rekognition:detectCustomLabels",
            "Arguments": {"ProjectVersionArn": arn, "Image": {"S3Object": {"Bucket": BUCKET, "Name": "x"}}},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput.Error %}", "Next": "Told"}],
            "End": True,
        },
        "Told": GOOD,
    }
    assert run(bare, put(s3, "a"), detect).output == ["Rekognition.ResourceNotFoundException"]
