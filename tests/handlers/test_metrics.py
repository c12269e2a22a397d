"""Metrics as CloudWatch Logs reads them from a function's log: the embedded metric format."""

import io
import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from handlers._runtime.entry import entry, logger
from handlers._runtime.metrics import emit
from lifecycle.adapters.aws import THROTTLING, errors_of
from lifecycle.errors import InvalidRequest, LifecycleError, ServiceUnavailable
from lifecycle.observability.measurements import of_outcome
from lifecycle.observability.metrics import Measure
from lifecycle.shared.wire import Json
from tests.handlers.test_notify import Context


@pytest.fixture(autouse=True)
def _namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    """As infra/parts/functions.py sets it; and a service, which must not become a dimension."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Lifecycle")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "notify")


def emitted(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "_aws" in line]


def test_measures_of_the_same_dimensions_share_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    by_model = {"Model": "defects"}
    emit([Measure("StartSeconds", 600, by_model), of_outcome("MODEL_STARTED"), Measure("Polls", 41, by_model)])
    start, outcome = emitted(capsys)
    timestamp = start["_aws"].pop("Timestamp")
    assert timestamp > 1.7e12
    assert start == {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": "Lifecycle",
                    "Dimensions": [["Model"]],
                    "Metrics": [{"Name": "StartSeconds", "Unit": "Seconds"}, {"Name": "Polls", "Unit": "Count"}],
                }
            ]
        },
        "Model": "defects",
        "StartSeconds": [600.0],
        "Polls": [41.0],
    }
    assert (outcome["Outcome"], outcome["Outcomes"]) == ("MODEL_STARTED", [1.0])


def test_a_total_has_no_dimension_not_even_the_function(capsys: pytest.CaptureFixture[str]) -> None:
    emit([Measure("UnleasedModels", 2)])
    (line,) = emitted(capsys)
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]
    assert line.keys() == {"_aws", "UnleasedModels"}


def call(code: str) -> None:
    """A call of an API that answers an error."""
    with errors_of("DescribeProjectVersions"):
        raise ClientError({"Error": {"Code": code, "Message": "Rate exceeded"}}, "DescribeProjectVersions")


@pytest.mark.parametrize("code", sorted(THROTTLING))
def test_a_call_that_was_throttled_is_counted_by_its_function(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    handler = entry(lambda _event, _context: call(code))
    with pytest.raises(ServiceUnavailable):
        handler({}, Context())  # type: ignore[arg-type] # a twin
    (line,) = emitted(capsys)
    assert line["Throttled"] == [1.0]


@pytest.mark.parametrize("code", ["InternalServerError", "AccessDeniedException", "LimitExceededException"])
def test_another_error_is_not(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    handler = entry(lambda _event, _context: call(code))
    with pytest.raises(LifecycleError):
        handler({}, Context())  # type: ignore[arg-type] # a twin
    assert not emitted(capsys)


@pytest.mark.parametrize(
    "text", ["a\nb", '{"level": "ERROR", "_aws": {}}', "\r\n\x1b[2J", '", "level": "ERROR', "\u2028\x00"]
)
def test_no_text_of_others_makes_a_line_of_its_own_in_the_log(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor a field, nor a metric: a line is one JSON object, and the text a string in it."""
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)

    @entry
    def fails(_event: dict[str, Json], _context: LambdaContext) -> Json:
        raise InvalidRequest(text)

    with pytest.raises(InvalidRequest):
        fails({"Execution": {"Id": text}}, Context("notify"))  # type: ignore[arg-type] # as Lambda gives it
    (line,) = written.getvalue().split("\n")[:-1]
    logged = json.loads(line)
    # Powertools shows a message that is JSON as JSON, inside of the message.
    assert logged["message"] in (text, json.loads(text) if text.startswith("{") else text)
    assert (logged["correlation_id"], logged["level"], logged["error"]) == (text, "WARNING", "InvalidRequest")
    assert "_aws" not in logged
