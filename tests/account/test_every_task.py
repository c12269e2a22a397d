"""Whatever a Task fails with: what passes is tried again, what doesn't ends the execution under a name that says what.

For each Retry, Catch and Choice of the definitions there is a story here, or in the campaign, that needs it.
"""

import io
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from typing import Any

import pytest
import time_machine

from tests.account.account import Account
from tests.account.faults import Answer, Fault, Lost, Silence, What
from tests.account.services import Execution
from tests.account.stories import BEGIN, END, QUICK, TrialRunner
from tests.unit.examples import MACHINES, NOW, WORKLOAD

pytestmark = pytest.mark.xdist_group("faults")

START, STOP = "rekognition:StartProjectVersion", "rekognition:StopProjectVersion"
DESCRIBE, DESCRIBE_EXECUTION = "rekognition:DescribeProjectVersions", "stepfunctions:DescribeExecution"
DENIED, THROTTLED = Answer("AccessDeniedException"), Answer("ThrottlingException")
SECOND = 600.0
"""When a second execution begins: the first run's model is RUNNING, and its workload goes on."""
JAMMED: Mapping[str, Any] = {
    "StartAt": "Inspect",
    "States": {
        "Inspect": {"Type": "Wait", "Seconds": 900, "Next": "Jammed"},
        "Jammed": {"Type": "Fail", "Error": "BeltJammed", "Cause": "The belt of line 1 is jammed."},
    },
}
WARNED: Mapping[str, Any] = {
    "StartAt": "Done",
    "States": {"Done": {"Type": "Succeed", "Output": {"Warnings": ["The belt of line 1 is worn."]}}},
}


@dataclass(frozen=True)
class Asked:
    """An execution, and what goes wrong with it anyway.

    Parameters
    ----------
    twice : bool
        It is the second one with its token.
    """

    machine_arn: str
    given: Mapping[str, Any]
    fault: Fault | None = None
    status: str = "STOPPED"
    workload: Mapping[str, Any] | None = None
    twice: bool = False


@dataclass(frozen=True)
class Ended:
    """How an execution has ended, and which outcomes were reported of it and of others, by how their names begin."""

    execution: Execution
    reported: Mapping[str, Sequence[str]]
    account: Account

    @property
    def end(self) -> tuple[Any, ...]:
        """What people and pipelines get to see."""
        return self.execution.status, self.execution.error, self.output.get("Outcome"), self.reported

    @property
    def senders(self) -> set[str]:
        """The functions that have sent notifications: Settle where Notify has failed."""
        return {function for _, function, operation in self.account.wire.calls if operation == "sns:Publish"}

    @property
    def happened(self) -> Sequence[float]:
        """When something has gone wrong."""
        return self.account.wire.faults.happened

    @property
    def output(self) -> Any:
        return json.loads(self.execution.output or "{}")

    @property
    def cause(self) -> Any:
        return json.loads(self.execution.cause or "{}")


def ended(run_trial: TrialRunner, asked: Asked, fault: Fault | None = None) -> Ended:
    with time_machine.travel(NOW, tick=False) as traveller, redirect_stdout(io.StringIO()):
        account = Account(
            run_trial.functions,
            traveller,
            faults=[one for one in (fault, asked.fault) if one],
            labels={**QUICK, "script": ((0, asked.status),)},
            sweeps=False,
        )
        account.definitions = {WORKLOAD: asked.workload} if asked.workload else {}
        if asked.twice:
            account.start(asked.machine_arn, "first", asked.given, BEGIN)
        account.start(asked.machine_arn, "it", asked.given, SECOND if asked.twice else BEGIN)
        account.run(END)
    (execution,) = (one for one in account.stepfunctions.executions.values() if one.name == "it")
    reported = defaultdict[str, list[str]](list)
    for _, _, detail in account.bus.sent:
        reported[detail["ExecutionArn"].rpartition(":")[2].partition("-")[0]].append(detail["Outcome"])
    return Ended(execution, dict(reported), account)


MODEL = {"Model": "defects", "LeaseMinutes": 0}
WORK = {**MODEL, "Workload": {"StateMachineArn": WORKLOAD}}
A_START = Asked(MACHINES.start_model, MODEL)
A_STOP = Asked(MACHINES.stop_model, {"Model": "defects"}, status="RUNNING")
A_RUN = Asked(MACHINES.run_with_model, WORK)
A_DUPLICATE = Asked(MACHINES.run_with_model, {**WORK, "ClientRequestToken": "batch-7"}, twice=True)
A_DENIED_START = replace(A_START, fault=Fault(DENIED, START, calls=None))
A_DENIED_STOP = replace(A_STOP, fault=Fault(DENIED, STOP, calls=None))
A_FAILING_RUN = replace(A_RUN, workload=JAMMED)
A_WARNING_RUN = replace(A_RUN, workload=WARNED)

# Each Task that invokes a function: in which execution, which function, and its how-manieth invocation that is.
INVOKED = {
    "start: Prepare the request": (A_START, "prepare", 1),
    "start: Check the model": (A_START, "check", 1),
    "start: Start the model": (A_START, "start", 1),
    "start: Notify: running": (A_START, "notify", 1),
    "start: Notify: failed": (A_DENIED_START, "notify", 1),
    "stop: Prepare the request": (A_STOP, "prepare", 1),
    "stop: Check the model": (A_STOP, "check", 1),
    "stop: Stop the model": (A_STOP, "stop", 1),
    "stop: Notify: stopped or kept running": (A_STOP, "notify", 1),
    "stop: Notify: failed": (A_DENIED_STOP, "notify", 1),
    "run: Prepare the run": (A_RUN, "prepare", 1),
    "run: Check the first execution": (A_DUPLICATE, "check", 1),
    "run: Notify: warnings": (A_WARNING_RUN, "notify", 2),  # StartModel has sent the first
    "run: Notify: failed": (A_FAILING_RUN, "notify", 2),
}
REPORTED = {
    MACHINES.start_model: ["START_FAILED"],
    MACHINES.stop_model: ["STOP_FAILED"],
    MACHINES.run_with_model: ["WORKLOAD_FAILED"],
}


def always(what: What, operation: str, function: str | None = None, since: float = 0) -> Fault:
    return Fault(what, operation, function, calls=None, since=since)


def lost(named: str, function: str, asked: Asked, calls: Sequence[int] | None) -> Fault:
    return Fault(Lost(named), "lambda:Invoke", function, calls, since=SECOND if asked.twice else 0)


@pytest.mark.parametrize("named", ["Lambda.TooManyRequestsException", "Lambda.Unknown", "Runtime.OutOfMemory"])
@pytest.mark.parametrize("task", INVOKED)
def test_a_function_that_was_not_invoked_or_has_died_is_invoked_again(
    run_trial: TrialRunner, task: str, named: str
) -> None:
    asked, function, number = INVOKED[task]
    disturbed, plain = ended(run_trial, asked, lost(named, function, asked, [number])), ended(run_trial, asked)
    assert len(disturbed.happened) == len(plain.happened) + 1
    assert (disturbed.end, disturbed.senders) == (plain.end, {"notify"})


@pytest.mark.parametrize("asked", [A_START, A_STOP, A_RUN])
def test_an_execution_whose_turn_to_call_has_not_come_tries_again_until_it_has(
    run_trial: TrialRunner, asked: Asked
) -> None:
    found = ended(run_trial, asked, lost("RateLimited", "prepare", asked, range(1, 21)))
    assert len(found.happened) == 20
    assert found.end == ended(run_trial, asked).end


@pytest.mark.parametrize("task", [task for task, (_, function, _) in INVOKED.items() if function != "notify"])
def test_an_error_that_nobody_expects_is_service_unavailable_and_is_reported(run_trial: TrialRunner, task: str) -> None:
    asked, function, _ = INVOKED[task]
    found = ended(run_trial, asked, lost("Odd", function, asked, None))
    assert found.execution.error == "ServiceUnavailable"
    assert ": Odd " in found.cause["Message"]
    assert found.reported.get("it") == (None if asked.twice else REPORTED[asked.machine_arn])


@pytest.mark.parametrize("task", [task for task, (_, function, _) in INVOKED.items() if function == "notify"])
def test_a_notification_that_cannot_be_sent_changes_no_end_and_is_sent_by_settle(
    run_trial: TrialRunner, task: str
) -> None:
    asked, function, _ = INVOKED[task]
    found = ended(run_trial, asked, lost("Odd", function, asked, None))
    assert (found.end, found.senders) == (ended(run_trial, asked).end, {"settle"})


def test_a_model_that_runs_while_nobody_could_be_notified_is_a_warning(run_trial: TrialRunner) -> None:
    found = ended(run_trial, A_START, lost("Odd", "notify", A_START, None))
    assert found.output["Warnings"] == ["The notification could not be sent: Odd"]


@pytest.mark.parametrize(
    ("asked", "fault", "error", "message"),
    [
        (Asked(MACHINES.start_model, {"Model": "defect"}), None, "InvalidRequest", "'defect' is not configured"),
        (A_START, always(DENIED, DESCRIBE), "AccessDenied", "AccessDeniedException"),
        (A_START, always(DENIED, START), "AccessDenied", "AccessDeniedException"),
        (A_START, always(THROTTLED, START), "ServiceUnavailable", "ThrottlingException"),
        (A_START, always(Silence(), START), "ServiceUnavailable", "got no answer"),
        (Asked(MACHINES.stop_model, {"Model": "defect"}), None, "InvalidRequest", "'defect' is not configured"),
        (A_STOP, always(DENIED, DESCRIBE), "AccessDenied", "AccessDeniedException"),
        (A_STOP, always(DENIED, STOP), "AccessDenied", "AccessDeniedException"),
        (A_STOP, always(THROTTLED, STOP), "ServiceUnavailable", "ThrottlingException"),
        (A_STOP, always(Silence(), STOP), "ServiceUnavailable", "got no answer"),
        (Asked(MACHINES.run_with_model, {**WORK, "Modle": "?"}), None, "InvalidRequest", "did you mean Model?"),
        (A_DUPLICATE, always(DENIED, DESCRIBE_EXECUTION, "check", SECOND), "AccessDenied", "AccessDeniedException"),
    ],
)
def test_an_error_of_the_contract_keeps_its_name_and_cause(
    run_trial: TrialRunner, asked: Asked, fault: Fault | None, error: str, message: str
) -> None:
    found = ended(run_trial, asked, fault)
    assert found.execution.error == error
    assert message in found.cause["Message"]
    assert "errorMessage" not in found.cause["Message"]
    assert found.reported.get("it") == (None if asked.twice else REPORTED[asked.machine_arn])


@pytest.mark.parametrize("named", ["States.DataLimitExceeded", "Runtime.UnmarshalError"])
@pytest.mark.parametrize("asked", [A_START, A_STOP, A_RUN])
def test_an_input_that_no_function_can_be_given_is_an_invalid_request(
    run_trial: TrialRunner, asked: Asked, named: str
) -> None:
    found = ended(run_trial, asked, lost(named, "prepare", asked, None))
    assert found.execution.error == "InvalidRequest"
    assert found.reported == {"it": REPORTED[asked.machine_arn]}


@pytest.mark.parametrize("asked", [A_START, A_STOP])
def test_an_action_of_another_version_fails_loudly(
    run_trial: TrialRunner, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"Action": "HOP", "Progress": {}}
    monkeypatch.setitem(run_trial.functions.instead, "check", lambda _event, _context: answer)
    found = ended(run_trial, asked)
    assert found.execution.error == "ServiceUnavailable"
    assert "unknown action: HOP" in found.cause["Message"]


# --- RunWithModel -----------------------------------------------------------------------------------------------------

STARTS = [machine_arn.rpartition(":")[2] for machine_arn in (MACHINES.start_model, WORKLOAD, MACHINES.stop_model)]
"""What a run starts, one after another."""


@pytest.mark.parametrize("code", ["ThrottlingException", "KmsThrottlingException", "ExecutionLimitExceeded"])
@pytest.mark.parametrize("machine", STARTS)
def test_an_execution_that_was_not_started_for_a_moment_is_started_again(
    run_trial: TrialRunner, machine: str, code: str
) -> None:
    fault = Fault(Answer(code), "states:StartExecution", machine, calls=(1, 2))
    found = ended(run_trial, A_RUN, fault)
    assert len(found.happened) == 2
    assert found.end == ended(run_trial, A_RUN).end
    assert found.account.custom_labels.status == "STOPPED"


@pytest.mark.parametrize("code", ["StateMachineDoesNotExist", "AccessDeniedException"])
@pytest.mark.parametrize(
    ("machine", "message", "others"),
    [
        (STARTS[0], "The start of the model could not be requested: ", {}),
        (STARTS[1], "The workload could not be started: ", {"run": ["MODEL_STARTED"], "release": ["MODEL_STOPPED"]}),
    ],
)
def test_what_cannot_be_started_at_all_is_reported_and_the_model_is_released(
    run_trial: TrialRunner, machine: str, message: str, others: Mapping[str, Sequence[str]], code: str
) -> None:
    fault = Fault(Answer(code), "states:StartExecution", machine, None)
    found = ended(run_trial, A_RUN, fault)
    assert found.execution.error == "ServiceUnavailable"
    assert found.cause["Message"].startswith(message)
    assert found.reported == {"it": ["WORKLOAD_FAILED"], **others}
    assert found.senders == {"notify"}  # at once, not Settle afterwards


def test_a_workload_whose_input_or_output_is_too_large_is_an_invalid_request(run_trial: TrialRunner) -> None:
    fault = Fault(Lost("States.DataLimitExceeded"), "states:StartExecution", STARTS[1], calls=None)
    found = ended(run_trial, A_RUN, fault)
    assert found.execution.error == "InvalidRequest"
    assert found.cause["Message"].startswith("Workload: its input and its output together")
    assert found.reported == {"run": ["MODEL_STARTED"], "it": ["WORKLOAD_FAILED"], "release": ["MODEL_STOPPED"]}


def test_a_release_that_cannot_be_started_changes_no_result(run_trial: TrialRunner) -> None:
    fault = Fault(Answer("StateMachineDoesNotExist"), "states:StartExecution", STARTS[2], None)
    found, plain = ended(run_trial, A_RUN, fault), ended(run_trial, A_RUN)
    assert (found.execution.status, found.output["Workload"]) == ("SUCCEEDED", plain.output["Workload"])


def test_a_run_has_its_model_until_its_workload_is_done(run_trial: TrialRunner) -> None:
    found = ended(run_trial, A_RUN)
    assert (found.execution.status, found.output["Workload"]) == ("SUCCEEDED", {"Boards": 12})
    assert found.reported == {"run": ["MODEL_STARTED"], "release": ["MODEL_STOPPED"]}


def test_a_workload_that_fails_gives_the_run_its_error_and_the_model_is_stopped(run_trial: TrialRunner) -> None:
    found = ended(run_trial, A_FAILING_RUN)
    assert (found.execution.error, found.execution.cause) == ("BeltJammed", "The belt of line 1 is jammed.")
    assert found.reported == {"run": ["MODEL_STARTED"], "it": ["WORKLOAD_FAILED"], "release": ["MODEL_STOPPED"]}


def test_a_start_that_fails_gives_the_run_its_error_and_is_reported_once(run_trial: TrialRunner) -> None:
    found = ended(run_trial, A_RUN, always(DENIED, START))
    assert found.execution.error == "AccessDenied"
    assert found.reported == {"run": ["START_FAILED"]}


def test_a_dry_run_runs_no_workload(run_trial: TrialRunner) -> None:
    found = ended(run_trial, Asked(MACHINES.run_with_model, {**WORK, "DryRun": True}))
    assert found.output["Model"]["Outcome"] == "DRY_RUN"
    assert set(found.output) == {"Model"}
    assert found.reported == {}


@pytest.mark.parametrize("workload", [None, JAMMED])
def test_a_duplicate_runs_nothing_and_ends_as_the_first(
    run_trial: TrialRunner, workload: Mapping[str, Any] | None
) -> None:
    found = ended(run_trial, replace(A_DUPLICATE, workload=workload))
    executions = list(found.account.stepfunctions.executions.values())
    (first,) = (one for one in executions if one.name == "first")
    assert (found.execution.error, found.execution.cause) == (first.error, first.cause)
    assert found.output.get("Workload") == json.loads(first.output or "{}").get("Workload")
    assert found.output.get("Model", {}).get("Outcome") == (None if workload else "DUPLICATE")
    assert [one.machine_arn for one in executions].count(WORKLOAD) == 1
    assert "it" not in found.reported
    assert found.execution.states.count("Wait") > 1  # the first went on
