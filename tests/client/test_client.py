"""The client in Python: what it asks for, what it answers, and how it fails."""

import json
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

import custom_labels
from custom_labels import AccessDenied, CustomLabels, Label, client, executions
from custom_labels.images import Image
from tests.client.aws import ARN, HOME, Aws, failed, refusal, succeeded
from tests.deployed.executions import wait_until

SCHEMAS = Path(__file__).parents[2] / "statemachine" / "schemas"
READY_AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    monkeypatch.setattr(executions, "FIRST_PAUSE", 0)
    monkeypatch.setattr(client, "MINUTE", 10**6)  # no lease is extended unasked, however long this machine may pause
    return Aws()


def of(aws: Aws, **options: Any) -> CustomLabels:
    session: Any = aws
    return CustomLabels(session=session, **options)


def labelled(aws: Aws, image: Image) -> list[Label]:
    with of(aws).running(ARN) as model:
        return model.detect(image)


def test_a_block_has_a_running_model_and_releases_it(aws: Aws) -> None:
    with of(aws).running("defects", minutes=20) as model:
        labels = model.detect("s3://factory-images/line-1/0001.png", min_confidence=80)
    (_, started), (_, released) = aws.asked
    assert (started["Model"], started["LeaseMinutes"]) == ("defects", 20)
    assert released == {"ProjectVersionArn": ARN, "LeaseId": started["LeaseId"]}, "the name may mean another by now"
    assert model.lease_id == started["LeaseId"]
    assert started["LeaseId"].startswith("client/")
    assert [(label.name, label.confidence, label.box and label.box["Top"]) for label in labels] == [
        ("scratch", 98.1, 0.2)
    ]
    assert aws.images[0]["Image"] == {"S3Object": {"Bucket": "factory-images", "Name": "line-1/0001.png"}}
    assert (aws.images[0]["ProjectVersionArn"], aws.images[0]["MinConfidence"]) == (ARN, 80)


HOW: dict[str, tuple[Any, str, Any]] = {
    "units": (2, "MinInferenceUnits", 2),
    "ready_at": (READY_AT, "ReadyAt", "2026-11-24T09:00:00+00:00"),
    "wait_for_capacity": (True, "WaitForCapacity", True),
    "ignore_budget": (True, "IgnoreBudget", True),
    "context": ({"Order": 7}, "Context", {"Order": 7}),
}
"""What a start and a block may both be given, and what of it stands in StartModel's input."""
OF_A_START: dict[str, tuple[Any, str, Any]] = {
    "lease_id": ("shift", "LeaseId", "shift"),
    "minutes": (0, "LeaseMinutes", 0),
    "dry_run": (True, "DryRun", True),
}
"""What a block does not have: its lease is its own, and it needs a model."""
NOT_OFFERED = {"MaxInferenceUnits", "TimeoutSeconds", "PollSeconds", "ClientRequestToken", "ExtendOnly", "Comment"} | {
    "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
}
"""As configured, of an extension, or of machines that start machines."""


def test_every_field_of_a_start_is_offered_or_left_out_on_purpose() -> None:
    schema = json.loads((SCHEMAS / "start_model.input.schema.json").read_text("utf-8"))
    offered = [field for _, field, _ in (HOW | OF_A_START).values()]
    assert sorted([*offered, *NOT_OFFERED, "Model", "ProjectVersionArn"]) == sorted(schema["properties"])


@pytest.mark.parametrize("name", HOW | OF_A_START)
def test_a_start_asks_for_what_it_is_given(aws: Aws, name: str) -> None:
    given, field, asked = (HOW | OF_A_START)[name]
    of(aws).start("defects", **{name: given})
    assert aws.asked == [("start", {"Model": "defects", field: asked})]


@pytest.mark.parametrize("name", HOW)
def test_a_block_starts_its_model_as_a_start_does(aws: Aws, name: str) -> None:
    given, field, asked = HOW[name]
    with of(aws).running("defects", **{name: given}), of(aws).running("defects"):
        pass
    assert [start.get(field) for kind, start in aws.asked if kind == "start"] == [asked, None]


@pytest.mark.parametrize("name", [*sorted(OF_A_START.keys() - {"minutes"}), "unit"])
def test_a_block_refuses_what_it_does_not_have(aws: Aws, name: str) -> None:
    with pytest.raises(TypeError, match=name), of(aws).running("defects", **{name: "a"}):  # type: ignore[arg-type] # that is the point
        pass
    with pytest.raises(TypeError, match="minuts"):
        of(aws).start("defects", minuts=3)  # type: ignore[call-arg] # nor is a slip left out in silence
    assert aws.asked == []


def test_two_blocks_have_leases_of_their_own(aws: Aws) -> None:
    with of(aws).running("defects") as one, of(aws).running("defects") as other:
        assert one.lease_id != other.lease_id


def test_a_block_that_fails_releases_and_fails_as_it_did(aws: Aws) -> None:
    with pytest.raises(ZeroDivisionError), of(aws).running("defects"):
        raise ZeroDivisionError
    assert [kind for kind, _ in aws.asked] == ["start", "stop"]


@pytest.mark.parametrize("stops", [KeyboardInterrupt, SystemExit])
def test_who_gives_up_while_it_starts_releases_the_lease_that_is_pending(aws: Aws, stops: type[BaseException]) -> None:
    aws.refuses["describe_execution"] = [stops()]
    with pytest.raises(stops), of(aws).running("defects"):
        pytest.fail("It never ran.")
    (_, started), (kind, released) = aws.asked
    assert (kind, released["LeaseId"]) == ("stop", started["LeaseId"])


def test_a_release_that_fails_is_a_note_on_the_blocks_own_error(aws: Aws) -> None:
    def work() -> None:
        with of(aws).running("defects"):
            aws.refuses["start_execution"] = [refusal("ThrottlingException")]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as raised:
        work()
    assert "its lease expires within 15 minutes" in raised.value.__notes__[0]


def test_a_release_that_fails_is_raised_where_nothing_else_is(aws: Aws) -> None:
    with pytest.raises(custom_labels.ServiceUnavailable, match="Could not start StopModel"), of(aws).running("defects"):
        aws.refuses["start_execution"] = [refusal("ThrottlingException")]


@pytest.mark.parametrize(
    "name",
    [
        *("InvalidRequest", "ModelNotFound", "ModelNotStartable", "ModelFailed", "ModelStopped"),
        *("AccessDenied", "CapacityExceeded", "BudgetExceeded", "ServiceUnavailable", "TimedOut"),
    ],
)
def test_an_execution_that_fails_is_an_exception_of_that_name(aws: Aws, name: str) -> None:
    aws.ends["start"] = failed(name, "Other models use up the quota.", "Stop one.\nOr raise the quota.")
    with pytest.raises(getattr(custom_labels, name)) as raised:
        of(aws).start("defects")
    assert str(raised.value) == "Other models use up the quota.\nStop one.\nOr raise the quota."
    assert (raised.value.project_version_arn, raised.value.status) == (ARN, "STOPPED")
    assert raised.value.execution_arn.startswith(f"{HOME}:execution:CustomLabelsLifecycle-StartModel:client-start-")


@pytest.mark.parametrize(
    ("status", "says"), [("ABORTED", "was ended by hand: Not now"), ("TIMED_OUT", "ran out of its time")]
)
def test_an_execution_that_is_ended_says_so(aws: Aws, status: str, says: str) -> None:
    aws.ends["start"] = lambda _given: {"status": status, **({"cause": "Not now"} if status == "ABORTED" else {})}
    with pytest.raises(custom_labels.ExecutionAborted, match=says):
        of(aws).start("defects")


def test_a_young_execution_that_is_not_known_yet_is_waited_for(aws: Aws) -> None:
    aws.refuses["describe_execution"] = [refusal("ExecutionDoesNotExist"), refusal("ThrottlingException")]
    assert of(aws).start("defects").status == "RUNNING"


def test_an_execution_that_can_not_be_read_for_long_is_given_up(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executions, "PATIENCE", -1)
    aws.refuses["describe_execution"] = [refusal("ThrottlingException")]
    with pytest.raises(custom_labels.ServiceUnavailable, match="Could not read the execution"):
        of(aws).start("defects")


def test_who_may_not_read_the_execution_is_not_kept_waiting(aws: Aws) -> None:
    aws.refuses["describe_execution"] = [refusal("AccessDeniedException")]
    with pytest.raises(custom_labels.AccessDenied):
        of(aws).start("defects")


def test_credentials_that_are_none_are_said_at_once(aws: Aws) -> None:
    aws.refuses["get_caller_identity"] = [NoCredentialsError()]
    with pytest.raises(custom_labels.AccessDenied, match="whose credentials these are"):
        of(aws)


def test_a_lease_that_is_lost_is_raised_in_the_block_and_at_its_end(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MINUTE", 0.001)
    aws.ends["extend"] = failed("ModelStopped", "Somebody stopped it by force.")

    def refused(model: custom_labels.RunningModel) -> bool:
        try:
            model.detect(b"...")
        except custom_labels.ModelStopped:
            return True
        return False

    seen: list[bool] = []

    def work() -> None:
        with of(aws).running(ARN, at_most_minutes=10**9) as model:  # however long this machine may pause
            seen.append(wait_until(lambda: refused(model)))

    with pytest.raises(custom_labels.ModelStopped, match="by force"):
        work()
    assert seen
    assert aws.asked[-1][0] == "stop"


@pytest.mark.parametrize("model", [None, ""])
def test_a_model_that_a_variable_does_not_name_is_said_so(aws: Aws, model: Any) -> None:
    for use in (lambda: of(aws).start(model), lambda: of(aws).stop(model), lambda: of(aws).extend(model, "shift")):
        with pytest.raises(custom_labels.InvalidRequest, match=f"The model is {model!r}: it has to be a name"):
            use()
    assert aws.asked == []


def test_minutes_that_are_a_text_are_said_so(aws: Aws) -> None:
    minutes: Any = "15"
    for given in ({"minutes": minutes}, {"at_most_minutes": minutes}):
        with (
            pytest.raises(custom_labels.InvalidRequest, match="minutes: '15' is no number"),
            of(aws).running(ARN, **given),
        ):
            pass
    assert aws.asked == []


@pytest.mark.parametrize("minutes", [0, -1])
def test_a_block_has_a_lease_that_ends(aws: Aws, minutes: int) -> None:
    with pytest.raises(custom_labels.InvalidRequest, match="less than 1"), of(aws).running(ARN, minutes):
        pytest.fail("It never ran.")
    assert aws.asked == []


def test_where_nothing_is_deployed_it_says_where(aws: Aws) -> None:
    aws.refuses["start_execution"] = [refusal("StateMachineDoesNotExist")]
    with pytest.raises(custom_labels.NotDeployed, match="111122223333 has no stack Vision in eu-west-1"):
        of(aws, stack="Vision").start("defects")


def test_without_a_region_it_says_how_to_give_one() -> None:
    with pytest.raises(custom_labels.InvalidRequest, match="--region"):
        of(Aws(region_name=None))


def test_an_answer_has_its_types(aws: Aws) -> None:
    started = of(aws).start(ARN, lease_id="shift", minutes=60, units=2)
    assert aws.asked == [
        ("start", {"ProjectVersionArn": ARN, "LeaseId": "shift", "LeaseMinutes": 60, "MinInferenceUnits": 2})
    ]
    assert started.lease_expires_at is not None
    assert started.lease_expires_at.isoformat() == "2026-11-24T09:00:00+00:00"
    assert started.output["Outcome"] == started.outcome


def test_an_extension_starts_nothing(aws: Aws) -> None:
    of(aws).extend("defects", "shift", minutes=15)
    assert aws.asked == [("extend", {"Model": "defects", "LeaseId": "shift", "LeaseMinutes": 15, "ExtendOnly": True})]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ResourceNotReadyException", custom_labels.ModelStopped),
        ("InvalidS3ObjectException", custom_labels.InvalidRequest),
        ("AccessDeniedException", custom_labels.AccessDenied),
        ("ThrottlingException", custom_labels.ServiceUnavailable),
    ],
)
def test_an_image_that_is_refused_says_why(aws: Aws, code: str, error: type[Exception]) -> None:
    aws.refuses["detect_custom_labels"] = [refusal(code, "DetectCustomLabels")]
    with pytest.raises(error, match=f"Because of {code}"):
        labelled(aws, b"...")


def test_an_image_is_an_address_a_file_or_its_bytes(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(b"png")
    for image in (tmp_path / "one.png", str(tmp_path / "one.png"), b"png"):
        labelled(aws, image)
    assert [given["Image"] for given in aws.images] == [{"Bytes": b"png"}] * 3


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("s3://bucket", "names no object"),
        ("s3://bucket/line-1/", "is a folder"),
        ("https://example.com/1.png", "https://example.com/1.png is a web address"),
        ("nowhere.png", "can't be read"),
        (b"", "is empty"),
        (b"x" * 4_000_001, "s3:// address"),
    ],
)
def test_what_is_no_image_is_refused_before_it_is_sent(aws: Aws, image: str | bytes, says: str) -> None:
    with pytest.raises(custom_labels.InvalidRequest, match=says):
        labelled(aws, image)
    assert aws.images == []


def test_what_is_asked_is_what_the_contract_has() -> None:
    fields = {
        name: set(json.loads((SCHEMAS / f"{name}.input.schema.json").read_text("utf-8"))["properties"])
        for name in ("start_model", "stop_model")
    }
    aws = Aws()
    labels = of(aws)
    labels.extend("defects", "a", minutes=1)
    labels.release(ARN, lease_id="a", force=True)
    for kind, payload in aws.asked:
        assert set(payload) <= fields["stop_model" if kind == "stop" else "start_model"]


# How it goes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "doing"),
    [
        (["Wait", "What next?"], "waiting for the model"),
        (["Check the model", "Prepare the request"], "checking the model's status"),
        (["A new state"], "A new state"),
        ([], ""),
    ],
)
def test_progress_says_what_the_execution_is_doing(aws: Aws, states: list[str], doing: str) -> None:
    aws.states = states
    ends = iter([{"status": "RUNNING"}, succeeded({})])
    aws.describe_execution = lambda **given: {"executionArn": given["executionArn"], **next(ends)}  # type: ignore[method-assign]
    said: list[str] = []
    of(aws).start("defects", progress=lambda _seconds, doing: said.append(doing))
    assert said == [doing]


def test_a_history_that_may_not_be_read_ends_no_wait(aws: Aws) -> None:
    aws.refuses["get_execution_history"] = [refusal("AccessDeniedException", "GetExecutionHistory")]
    ends = iter([{"status": "RUNNING"}, succeeded({})])
    aws.describe_execution = lambda **given: {"executionArn": given["executionArn"], **next(ends)}  # type: ignore[method-assign]
    assert of(aws).start("defects", progress=lambda *_: None).status == "RUNNING"


def test_past_starts_are_those_of_the_model_that_really_started_it() -> None:
    mine = {"Model": "defects", "ProjectVersionArn": ARN, "Outcome": "MODEL_STARTED"}
    aws = Aws(
        past=[
            {**mine, "StartSeconds": 660},
            {**mine, "Outcome": "MODEL_ALREADY_RUNNING", "StartSeconds": 400},
            {**mine, "Model": "welds", "ProjectVersionArn": "other", "StartSeconds": 700},
            {**mine, "Outcome": "LEASE_EXTENDED"},
            {**mine, "StartSeconds": 840},
        ]
    )
    assert of(aws).past_starts("defects") == of(aws).past_starts(ARN) == [660, 840]
    aws.refuses["list_executions"] = [refusal("AccessDeniedException", "ListExecutions")]
    assert of(aws).past_starts("defects") == []


# Credentials ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["2026-11-24T07:00:00+00:00", "2026-11-24T07:00:00Z"])
def test_credentials_that_end_too_early_are_warned_of(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", end)
    with (
        pytest.warns(UserWarning, match=r"end at 2026-11-24 07:00 UTC, before at_most_minutes \(480\)") as warned,
        of(Aws()).running("defects"),
    ):
        pass
    assert warned[0].filename == __file__, "it names the block"


@pytest.mark.parametrize("end", ["9999-11-24T07:00:00+00:00", "tomorrow", ""])
def test_what_lasts_or_is_not_known_is_not_warned_of(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", end)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with of(Aws()).running("defects"):
            pass


def test_credentials_that_have_ended_meanwhile_are_a_denial() -> None:
    """botocore raises a RuntimeError where those of the environment can't be renewed."""
    aws = Aws(refuses={"start_execution": [RuntimeError("Credentials were refreshed, but are still expired.")]})
    with pytest.raises(AccessDenied, match="still expired"):
        of(aws).stop("defects")
