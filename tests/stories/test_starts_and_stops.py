"""A model is started, shared, kept and stopped: the deployed template, definitions and bundle, with IAM enforced."""

import json
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from emulator.metrics import Metric
from emulator.server import Emulator
from lifecycle.observability.metrics import METRICS
from tests.contract import failed_well, valid_output, valid_stop_output
from tests.deployed.app import PROJECTS
from tests.deployed.executions import StateMachine, wait_until
from tests.deployed.notified import QUICK, NewModel, NotifiedOf, calls_of, status_of
from tests.deployed.story import a_model_is_started_and_everybody_is_notified, a_model_is_stopped_when_nobody_holds_it
from tests.deployed.tables import item_of, sessions_of
from tests.stories.conftest import Own

START, STOP = "rekognition:StartProjectVersion", "rekognition:StopProjectVersion"
SECRET = "hunter2-b61f"  # noqa: S105 - as a password looks


def ours(emulator: Emulator) -> list[Metric]:
    """The metrics of this app."""
    return [one for one in emulator.metrics.list() if one.namespace == "CustomLabelsLifecycle"]


def measured(emulator: Emulator) -> dict[tuple[str, ...], int]:
    """How often each metric was emitted, in all Regions, by name and dimensions' values."""
    counted: Counter[tuple[str, ...]] = Counter()
    for one in ours(emulator):
        counted[(one.name, *one.dimensions.values())] += len(one.values)
    return counted


def bill_of(emulator: Emulator, **month: str) -> Any:
    """The bill of a month, or of this one."""
    page, given = emulator.outputs["PageFunctionName"], json.dumps({"Report": "bill", **month})
    return json.loads(emulator.client("lambda").invoke(FunctionName=page, Payload=given)["Payload"].read())


def test_a_model_is_started_and_people_pipelines_logs_and_metrics_say_so(
    emulator: Emulator, start_model: StateMachine, configured: str
) -> None:
    before, calls = measured(emulator), calls_of(emulator, START, configured)
    execution = a_model_is_started_and_everybody_is_notified(start_model, configured, QUICK)
    valid_output(execution.output)
    assert execution.states()[:5] == [
        "Prepare the request",
        "Check the model",
        "What next?",
        "Start the model",
        "Wait",
    ]
    assert execution.states()[-2:] == ["Notify: running", "Model is RUNNING"]
    assert calls_of(emulator, START, configured) - calls == 1

    mail = NotifiedOf(emulator, execution).once("MODEL_STARTED", "INFO")
    assert mail["Emails"] == ["ml-operators@example.com"], "who gets errors alone does not"
    assert "defects" in mail["Subject"]
    assert mail["Event"]["Output"] == execution.output
    assert "Dashboard: " in mail["Message"]
    assert emulator.outputs["LogGroupName"] not in mail["Message"], "the long link to the logs is for failures"

    wait_until(lambda: "settle" in [one["service"] for one in emulator.control.follow(execution.arn)])
    followed = emulator.control.follow(execution.arn)
    services = [one["service"] for one in followed]
    assert services[:3] == ["prepare", "check", "start"]
    assert set(services[3:-2]) == {"check"}
    assert sorted(services[-2:]) == ["notify", "settle"]
    assert all(one["level"] == "INFO" and one["message"] for one in followed)

    emitted = {key: count - before.get(key, 0) for key, count in measured(emulator).items()}
    assert {key: count for key, count in emitted.items() if count} == {
        ("Outcomes", "MODEL_STARTED"): 1,
        ("StartSeconds", "defects"): 1,
        ("Polls", "defects"): 1,
        ("NoticeDelaySeconds", "defects"): 1,
    }
    for one in ours(emulator):
        assert (one.unit, tuple(one.dimensions)) == (METRICS[one.name].unit, METRICS[one.name].dimensions)


def test_the_context_comes_back_untouched_and_neither_it_nor_a_token_is_logged(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    context = {
        "who": 'O\'Neill "quotes" \\ \n {% $uuid() %} ${Placeholder}',
        "é": [1, 2.5, None, {"": True}],
        "empty": [],
        "Password": SECRET,
    }
    token = f"token-{SECRET}"
    asked = {"ProjectVersionArn": new_model("RUNNING"), "Context": context, "ClientRequestToken": token, **QUICK}
    execution = start_model.run(asked)
    assert execution.output["Context"] == context
    assert NotifiedOf(emulator, execution).events[0]["Context"] == context
    assert emulator.control.follow(execution.arn)
    assert not [line for name in emulator.runtime.functions() for line in emulator.runtime.logs(name) if SECRET in line]


def test_a_model_is_shared_kept_and_stopped_when_nobody_holds_it_and_the_ledger_says_for_whom_it_ran(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    start_model.run({"ProjectVersionArn": arn, "LeaseId": "a", **QUICK})
    stopped = a_model_is_stopped_when_nobody_holds_it(start_model, stop_model, arn, QUICK)
    valid_stop_output(stopped.output)
    assert calls_of(emulator, STOP, arn) == 1
    NotifiedOf(emulator, stopped).once("MODEL_STOPPED", "INFO")
    (session,) = sessions_of(emulator, arn)
    assert session["Shares"] != []
    assert session["EstimatedCost"] == Decimal(str(stopped.output["EstimatedCost"]))
    bill = bill_of(emulator)
    costs = {one.get("LeaseId"): one["Cost"] for one in bill["Lines"] if one["ProjectVersionArn"] == arn}
    assert bill["Total"] >= costs["a"] > 0
    assert bill_of(emulator, Month="2020-01")["Lines"] == []


def test_a_model_is_stopped_by_force_whoever_holds_it(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, configured: str
) -> None:
    emulator.custom_labels.put(configured, "RUNNING")
    held = start_model.run({"Model": "defects", "LeaseMinutes": 0, **QUICK}, name=f"office-hours-{time.time():.0f}")
    assert (held.output["LeaseId"], held.output["Model"]) == (held.arn.rpartition(":")[2], "defects")
    kept = stop_model.run({"Model": "defects", **QUICK})
    assert kept.output["Outcome"] == "MODEL_KEPT_RUNNING"
    forced = stop_model.run({"Model": "defects", "Force": True, **QUICK})
    assert forced.output["Outcome"] == "MODEL_STOPPED"
    assert item_of(emulator, configured)["Leases"] == []
    assert status_of(emulator, configured) == "STOPPED"


def test_a_wrong_input_reaches_no_model_and_those_who_get_errors(emulator: Emulator, start_model: StateMachine) -> None:
    before = len(emulator.authoriser.decisions)
    execution = start_model.run('{"model": "defects", "PollSeconds": "2"}')
    cause = failed_well(execution, "InvalidRequest")
    assert "model: is unknown, did you mean Model?" in cause["Message"]
    assert '{"Model": "defects"}' in cause["Remedy"]
    assert not [one for one in emulator.authoriser.decisions[before:] if one.action.startswith("rekognition:")]
    mail = NotifiedOf(emulator, execution).once("START_FAILED", "ERROR")
    assert mail["Emails"] == ["ml-operators@example.com", "on-call@example.com"]


def test_a_project_that_is_not_configured_is_denied(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, own: Own
) -> None:
    arn = f"arn:aws:rekognition:{emulator.region}:{emulator.account_id}:project/not-ours/version/v1/1793520000001"
    own.models.add(arn)
    emulator.custom_labels.seed(arn, "RUNNING")
    for machine in (start_model, stop_model):
        cause = failed_well(machine.run({"ProjectVersionArn": arn, **QUICK}), "AccessDenied")
        assert "cdk.json" in cause["Remedy"]
    assert status_of(emulator, arn) == "RUNNING"
    assert "not-ours" not in PROJECTS


def test_a_start_that_is_aborted_is_settled_by_its_event(
    emulator: Emulator, start_model: StateMachine, new_model: NewModel
) -> None:
    arn = new_model()
    started = start_model.start({"ProjectVersionArn": arn, "LeaseId": "aborted", "PollSeconds": 60})
    start_model.wait_for_state(started, "Wait")
    aborted = start_model.abort(started, "Not needed today")
    wait_until(lambda: NotifiedOf(emulator, aborted).everywhere and not item_of(emulator, arn)["Pending"])
    mail = NotifiedOf(emulator, aborted).once("EXECUTION_ABORTED", "WARNING")
    assert "Not needed today" in mail["Message"]
    assert item_of(emulator, arn)["Leases"] == []


def test_a_name_means_the_newest_good_version_and_by_force_all_of_them(
    emulator: Emulator, start_model: StateMachine, stop_model: StateMachine, train: Callable[..., str]
) -> None:
    v1 = train("v1")
    first = start_model.run({"Model": "latest", "LeaseId": "monday", **QUICK})
    assert first.output["ProjectVersionArn"] == v1
    v2 = train("v2")
    train("v3", f1=0.5)
    second = start_model.run({"Model": "latest", "LeaseId": "tuesday", **QUICK})
    valid_output(second.output)
    assert (second.output["ProjectVersionArn"], second.output["Outcome"]) == (v2, "MODEL_STARTED")
    assert second.output["Selection"].endswith("passed over: v3 (F1 0.50).")
    mail = NotifiedOf(emulator, second).once("MODEL_STARTED", "INFO")
    assert mail["Emails"] == ["ml-operators@example.com", "latest@example.com"], "who asks for any version of it"

    forced = stop_model.run({"Model": "latest", "Force": True, **QUICK})
    (other,) = (stop_model.wait(arn) for arn in forced.output["OtherExecutions"])
    assert {one.output["ProjectVersionArn"] for one in (forced, other)} == {v1, v2}
    assert [NotifiedOf(emulator, one).outcomes for one in (forced, other)] == [["MODEL_STOPPED"], ["MODEL_STOPPED"]]
