"""The emulator takes metrics from what functions log, as CloudWatch Logs does."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.metrics import Metrics, read
from emulator.server import Emulator
from tests.emulator.stacks import deploy_machine, task


def line(*dimensions: list[str], metrics: dict[str, Any] | None = None, **fields: Any) -> str:
    """A line in the embedded metric format."""
    named = [{"Name": name, "Unit": "Count"} for name in metrics or {}]
    directive = {"Namespace": "Test", "Dimensions": list(dimensions), "Metrics": named}
    about = {"Timestamp": int(datetime.now(UTC).timestamp() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": about, **fields, **(metrics or {})})


def test_each_set_of_dimensions_makes_a_metric_of_each_name() -> None:
    data = list(read(line(["Model"], [], metrics={"Polls": [3, 4], "Starts": 1}, Model="defects")))
    assert [(one.name, dict(one.dimensions), one.value) for one in data] == [
        ("Polls", {"Model": "defects"}, 3),
        ("Polls", {"Model": "defects"}, 4),
        ("Starts", {"Model": "defects"}, 1),
        ("Polls", {}, 3),
        ("Polls", {}, 4),
        ("Starts", {}, 1),
    ]


@pytest.mark.parametrize(
    "text", ["", "START RequestId", '{"message": "Done."}', '{"CloudWatchMetrics": 1}', '["CloudWatchMetrics"]']
)
def test_other_lines_have_none(text: str) -> None:
    assert list(read(text)) == []


def test_values_are_counted_summed_and_the_last_is_known() -> None:
    metrics = Metrics("123456789012", "us-east-1")
    for value in (5, 2):
        metrics.hear(line([], metrics={"Summed": value}))
    (metric,) = metrics.list()
    assert metric.to_json() == {
        "Namespace": "Test",
        "MetricName": "Summed",
        "Dimensions": {},
        "Unit": "Count",
        "SampleCount": 2,
        "Sum": 7,
        "Last": 2,
    }


def test_what_a_function_logs_is_heard_once(bare: Emulator) -> None:
    code = f"def handler(event, context): print({line(['Who'], metrics={'Heard': 1}, Who='function')!r})"
    deploy_machine(bare, {"Call": task()}, code).run({})
    (metric,) = (one for one in bare.metrics.list() if one.name == "Heard")
    assert (metric.dimensions, metric.values) == ({"Who": "function"}, [1])


def test_cloudwatch_answers_with_what_was_heard(bare: Emulator) -> None:
    """As the AWS CLI asks it."""
    began = datetime.now(UTC)
    bare.metrics.hear(line(["Model"], metrics={"Asked": [3.0, 4.0]}, Model="defects"))
    (point,) = bare.client("cloudwatch").get_metric_statistics(
        Namespace="Test",
        MetricName="Asked",
        Dimensions=[{"Name": "Model", "Value": "defects"}],
        StartTime=began - timedelta(minutes=5),
        EndTime=began + timedelta(hours=1),
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    assert (point["Sum"], point["SampleCount"], point["Unit"]) == (7, 2, "Count")
