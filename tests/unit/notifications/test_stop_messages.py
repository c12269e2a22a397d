"""What people are told of a stop: whether the model bills still, who keeps it, and how it is stopped by hand."""

import json
import re
import shlex
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lifecycle.configuration import Model
from lifecycle.errors import CONTRACT, LifecycleError, TimedOut
from lifecycle.executions.outcomes import Failure, Outcome
from lifecycle.executions.state_machines import Machine
from lifecycle.model.decisions import StopProgress
from lifecycle.model.leases import Lease, PendingLease
from lifecycle.model.usage import Running
from lifecycle.notifications.execution_end import Abortion, Ending
from lifecycle.notifications.execution_messages import ending_notification
from lifecycle.notifications.notification import Notification
from lifecycle.shared.wire import from_wire, to_wire
from lifecycle.start_model.request import start_request
from lifecycle.stop_model.request import stop_request
from lifecycle.stop_model.result import StopResult
from tests.unit.examples import (
    ACCOUNT,
    ARN,
    CONFIGURATION,
    CONFIGURED_ARN,
    MACHINES,
    NOW,
    OTHER_ARN,
    execution,
    request,
    stop,
)
from tests.unit.notifications.test_start_messages import STARTED, failure, section
from tests.unit.twins import Models, StopStory, Story

STOP = Machine.STOP_MODEL
BY_HAND = f"  aws rekognition stop-project-version --region us-east-1 --project-version-arn {ARN}\n"
REQUESTED_AT = "  The execution evening requested the stop at 2026-11-24 07:00 UTC{}.\n"
SWEPT = "The sweep, every 5 minutes, tries again to stop it."
EARLIER = NOW - timedelta(hours=1)
SHIFT, NIGHT = Lease("shift", EARLIER, NOW + timedelta(hours=1)), Lease("night", EARLIER)
BATCH = PendingLease("batch", execution("batch").id, NOW + timedelta(minutes=40))


def ending_of(models: Models, item: dict[str, Any] | None = None, **fields: Any) -> Ending:
    """How a StopModel execution ends whose model behaves like this."""
    story = StopStory(models)
    story.items.change(lambda found: replace(found, **item or {}))
    try:
        return Ending(STOP, story.execution, request=stop(**fields), result=story.run({"Model": "defects", **fields}))
    except LifecycleError as error:
        failed = failure(error)
        return Ending(STOP, story.execution, request=stop(**fields), progress=story.progress, failure=failed)


def failed(error: LifecycleError, progress: StopProgress | None = None, *, prepared: bool = True) -> Ending:
    at_work = execution("evening", machine="StopModel")
    asked = stop() if prepared else None
    return Ending(STOP, at_work, request=asked, progress=progress or StopProgress(), failure=failure(error))


def aborted(status: str | None, *, held: bool = False, machine: Machine = STOP, by: str = "ABORTED") -> Ending:
    at_work, asked = (execution("evening", machine=machine), stop()) if machine is STOP else (execution(), request())
    return Ending(machine, at_work, request=asked, abortion=Abortion(by, None, status, held))


def compose(ending: Ending) -> Notification:
    return ending_notification(ending, CONFIGURATION, MACHINES)


def commands(sent: Notification) -> list[tuple[str, Any]]:
    """The state machines and inputs of the commands that a text has, as a shell would take them."""
    lines = [shlex.split(line) for line in sent.text.splitlines() if "start-execution" in line]
    assert all(line[:5] == ["aws", "stepfunctions", "start-execution", "--region", "us-east-1"] for line in lines)
    return [
        (line[line.index("--state-machine-arn") + 1], json.loads(line[line.index("--input") + 1])) for line in lines
    ]


def running(**more: Any) -> Models:
    return Models(script=[(0, "RUNNING")], **more)


STOPPED = ending_of(running(), {"leases": (SHIFT,), "running": Running(EARLIER, 2)}, LeaseId="shift")
ALREADY = ending_of(Models())
KEPT = ending_of(running(), {"leases": (SHIFT, NIGHT), "pending": (BATCH,)}, LeaseId="shift")
FAILURES = [failed(error("Why.", project_version_arn=ARN, status="RUNNING")) for error in CONTRACT]


@pytest.mark.parametrize(
    ("ending", "outcome", "severity", "subject"),
    [
        (STOPPED, "MODEL_STOPPED", "INFO", "[INFO] defects is stopped"),
        (ALREADY, "MODEL_ALREADY_STOPPED", "INFO", "[INFO] defects was not running"),
        (ending_of(Models(), LeaseId="x"), "MODEL_ALREADY_STOPPED", "WARNING", "[WARNING] defects was not running"),
        (KEPT, "MODEL_KEPT_RUNNING", "INFO", "[INFO] defects was not stopped: others need it"),
        *(
            (ending, "STOP_FAILED", "ERROR", "[ERROR] defects may still cost money: it could not be stopped")
            for ending, error in zip(FAILURES, CONTRACT, strict=True)
            if error is not TimedOut
        ),
        (
            FAILURES[CONTRACT.index(TimedOut)],
            "STOP_TIMED_OUT",
            "ERROR",
            "[ERROR] defects may still cost money: it was not stopped in time",
        ),
        (aborted("RUNNING"), "EXECUTION_ABORTED", "WARNING", "[WARNING] The stop of defects was aborted"),
        (
            aborted("RUNNING", machine=Machine.START_MODEL),
            "EXECUTION_ABORTED",
            "WARNING",
            "[WARNING] The start of defects was aborted",
        ),
    ],
)
def test_each_end_has_its_outcome_severity_and_subject(
    ending: Ending, outcome: str, severity: str, subject: str
) -> None:
    sent = compose(ending)
    assert (sent.outcome, sent.severity, sent.subject) == (outcome, severity, subject)
    assert (sent.detail["Outcome"], sent.detail["Severity"]) == (outcome, severity)


def test_a_stop_says_how_long_it_took_how_long_the_model_ran_and_what_that_cost() -> None:
    sent = compose(STOPPED)
    assert sent.headline == "defects is stopped and costs nothing any more: its last lease, shift, was released."
    assert section(sent, "What happened") == (
        f"{REQUESTED_AT.format(', for the lease shift')}"
        "  The stop took 2 min; the model is STOPPED.\n"
        "  The model had been RUNNING for 1 h 2 min.\n"
    )
    assert section(sent, "What it costs") == (
        "  Nothing any more. It cost about USD 8.27 while it was RUNNING (2 inference units).\n"
    )
    assert section(sent, "What to do") == "  Nothing.\n"


def test_what_is_not_known_of_the_time_it_ran_is_not_said() -> None:
    sent = compose(ending_of(running()))
    assert sent.headline == "defects is stopped and costs nothing any more: no lease held it."
    assert section(sent, "What happened") == (
        f"{REQUESTED_AT.format('')}  The stop took 2 min; the model is STOPPED.\n"
    )
    assert section(sent, "What it costs") == "  Nothing any more.\n"


@pytest.mark.parametrize(
    ("fields", "title", "says"),
    [
        ({"stop_seconds": 0}, "What happened", "The stop took 0 s; the model is STOPPED."),
        ({"min_inference_units": None}, "What it costs", "(1 inference unit)"),
        (
            {"other_executions": tuple(execution(name).id for name in ("evening-v2", "evening-v3"))},
            "What happened",
            "Other versions of it have an execution, and a message, of their own: evening-v2, evening-v3.",
        ),
    ],
    ids=["no time", "inference units that are not known", "other versions"],
)
def test_a_stop_reports_its_result(fields: dict[str, Any], title: str, says: str) -> None:
    assert isinstance(STOPPED.result, StopResult)
    assert says in section(compose(replace(STOPPED, result=replace(STOPPED.result, **fields))), title)


def test_a_stop_by_force_says_that_it_ended_all_leases() -> None:
    sent = compose(ending_of(running(), {"leases": (SHIFT, NIGHT)}, Force=True, LeaseId="shift"))
    assert sent.headline.endswith(": all its leases were ended by force.")
    assert "was released" not in sent.text
    nothing_to_stop = compose(ending_of(Models(), {"leases": (SHIFT,)}, Force=True))
    assert "  All its leases were ended by force.\n" in section(nothing_to_stop, "What happened")


def test_a_lease_that_was_not_there_is_not_said_to_be_released() -> None:
    sent = compose(ending_of(Models(), LeaseId="x"))
    assert sent.headline == "defects was not running (it is STOPPED): there was nothing to stop."
    assert section(sent, "What happened") == REQUESTED_AT.format(", for the lease x")
    assert section(sent, "What to do").startswith("  There is no lease x on this model: it had expired, or was")
    stopped = compose(ending_of(running(), LeaseId="x"))
    assert stopped.headline.endswith(": no lease held it.")


def test_a_model_that_is_kept_running_is_reported_with_who_keeps_it_what_it_costs_and_the_way_out() -> None:
    sent = compose(KEPT)
    assert sent.headline == "defects was not stopped: the leases night and batch hold it."
    assert section(sent, "What happened") == (
        f"{REQUESTED_AT.format(', for the lease shift')}"
        "  The lease shift was released.\n"
        "  The model is RUNNING.\n"
        "  It is held by the lease night until it is released.\n"
        "  It is held by the lease batch, whose start is under way.\n"
    )
    assert section(sent, "What it costs") == "  About USD 4.00 per hour, until the last of these leases ends.\n"
    assert section(sent, "What to do") == "  Nothing.\n"
    assert commands(sent) == [(MACHINES.stop_model, {"Model": "defects", "Force": True})]
    assert isinstance(KEPT.result, StopResult)
    free = compose(replace(KEPT, result=replace(KEPT.result, estimated_hourly_cost=0)))
    assert section(free, "What it costs").startswith("  About USD 0.00 per hour, until")
    timed = compose(ending_of(running(), {"leases": (SHIFT,)}))
    assert timed.headline.endswith(": the lease shift holds it.")
    assert "It is held by the lease shift until 2026-11-24 08:00 UTC." in timed.text


@pytest.mark.parametrize(
    "ending", [STOPPED, ALREADY, KEPT, *(aborted("RUNNING", machine=machine) for machine in Machine)]
)
def test_a_model_that_was_given_by_its_arn_is_called_by_its_name(ending: Ending) -> None:
    assert ending.request
    by_arn = compose(replace(ending, request=replace(ending.request, model=None)))
    assert (by_arn.subject, by_arn.headline) == (compose(ending).subject, compose(ending).headline)


# Stops that went wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize("ending", FAILURES)
def test_a_failed_stop_says_that_the_model_bills_how_much_and_how_to_stop_it_by_hand(ending: Ending) -> None:
    sent = compose(ending)
    assert ", and may still cost money: " in sent.headline
    assert section(sent, "What it costs") == (
        "  The model was RUNNING at the last status check and costs about USD 4.00 per hour until it is stopped.\n"
    )
    steps = sent.sections["What to do"]
    at = steps.index("To stop it by hand:")
    assert f"  {steps[at + 1]}\n" == BY_HAND
    first = ending.error not in ("InvalidRequest", "TimedOut")
    assert at == (0 if first else len(steps) - 2)


@pytest.mark.parametrize(
    ("status", "progress", "costs", "by_hand", "swept"),
    [
        ("RUNNING", StopProgress(polls=1), "was RUNNING at the last status check and costs about", "", True),
        ("RUNNING", StopProgress(), "was RUNNING at the last status check and costs about", "", False),
        ("STARTING", StopProgress(polls=1), "Once it is RUNNING, it costs about", " once it is RUNNING", True),
        (
            "STOPPING",
            StopProgress(polls=1),
            "was STOPPING at the last status check. If it is RUNNING",
            ", if it is RUNNING",
            False,
        ),
        (None, StopProgress(), "Unknown: if the model is RUNNING, it costs about", ", if it is RUNNING", False),
        (None, StopProgress(1, "RUNNING"), "was RUNNING at the last status check and costs about", "", True),
        ("HIBERNATING", StopProgress(1), "was HIBERNATING at the last status check. If", ", if it is RUNNING", False),
        ("STOPPED", StopProgress(1), "Nothing now: the model was STOPPED at the last status check.", None, False),
    ],
)
def test_a_failed_stop_says_as_much_as_the_last_status_check_saw(
    status: str | None, progress: StopProgress, costs: str, by_hand: str | None, swept: bool
) -> None:
    sent = compose(failed(TimedOut("The time is up.", project_version_arn=ARN, status=status), progress))
    steps = sent.sections["What to do"]
    assert costs in section(sent, "What it costs")
    assert (f"To stop it by hand{by_hand}:" in steps) is (f"{BY_HAND.strip()}" in steps) is (by_hand is not None)
    assert (SWEPT in section(sent, "What it costs")) is swept
    assert (", and may still cost money" in sent.headline) is (by_hand is not None)


def test_a_failed_stop_reckons_with_the_inference_units_that_are_configured() -> None:
    welds = replace(failed(TimedOut("The time is up.", status="RUNNING")), request=stop(Model="welds"))
    assert "costs about USD 8.00 per hour" in compose(welds).text
    unprepared = failed(TimedOut("", project_version_arn=CONFIGURED_ARN, status="RUNNING"), prepared=False)
    assert "costs about USD 8.00 per hour" in compose(unprepared).text
    assert compose(unprepared).subject.startswith("[ERROR] welds may still cost money")
    other = failed(TimedOut("", project_version_arn=OTHER_ARN, status="RUNNING"), prepared=False)
    assert "costs about USD 4.00 per hour" in compose(other).text


def test_a_stop_that_never_was_valid_and_names_no_model_says_no_more_than_it_knows() -> None:
    sent = compose(failed(CONTRACT[0]("exactly one of the two is needed"), prepared=False))
    assert sent.subject == "[ERROR] A model may still cost money: it could not be stopped"
    assert section(sent, "What it costs").startswith("  Unknown: nothing was stopped.")
    assert "aws rekognition" not in sent.text


def test_a_stop_that_never_was_prepared_and_gives_no_remedy_says_no_more_than_it_knows() -> None:
    at_work = execution("evening", machine="StopModel")
    sent = compose(Ending(STOP, at_work, failure=Failure("ServiceUnavailable", '{"Message": "m"}')))
    assert sent.sections["What to do"] == [
        "See in the execution, linked below, how far it came; then start StopModel again."
    ]
    late = compose(Ending(STOP, at_work, failure=Failure("TimedOut", '{"Message": "m"}')))
    assert late.headline.startswith("A model was not stopped in time, and may still cost money: ")


def test_a_model_that_was_stopped_after_all_costs_nothing_any_more() -> None:
    sent = compose(failed(TimedOut("The time is up.", project_version_arn=ARN, status="STOPPED")))
    assert sent.headline.startswith("defects was not stopped within 1 h: ")


@pytest.mark.parametrize("once_stopped", ["RUNNING", "STOPPING"])
def test_a_stop_that_times_out_says_so_as_a_story(once_stopped: str) -> None:
    sent = compose(ending_of(running(once_stopped=[(0, once_stopped)])))
    assert (sent.outcome, sent.severity) == (Outcome.STOP_TIMED_OUT, "ERROR")
    assert sent.headline == f"defects was not stopped within 1 h, and may still cost money: it is still {once_stopped}."
    assert f"The model was {once_stopped} at the last status check" in section(sent, "What it costs")
    assert "Start StopModel again" in section(sent, "What to do")
    assert BY_HAND in section(sent, "What to do")


# Executions that were ended from outside ----------------------------------------------------------

START = Machine.START_MODEL


@pytest.mark.parametrize(
    ("ending", "becomes", "says", "by_hand"),
    [
        (aborted("RUNNING"), "stops it, if no lease holds it.", "If the model is to be stopped, start StopModel", True),
        (
            aborted("STARTING"),
            "stops it, if no lease holds it.",
            "If the model is to be stopped, start StopModel",
            True,
        ),
        (aborted(None), "stops it, if no lease holds it.", "If the model is to be stopped, start StopModel", True),
        (aborted("STOPPED"), "", "If the model is to be stopped, start StopModel again", False),
        (aborted("RUNNING", held=True), "A lease holds it, so it is not stopped.", "is the one to be released", False),
        (aborted("RUNNING", machine=START), "stops it, since no lease holds it.", "needed, start it again:", True),
        (aborted("STARTING", machine=START), "stops it, since no lease holds it.", "needed, start it again:", True),
        (aborted(None, machine=START), "stops it, since no lease holds it.", "needed, start it again:", True),
        (aborted("STOPPED", machine=START), "", "If the model is needed, start it again:", False),
        (aborted("RUNNING", held=True, machine=START), "Another lease holds it, so it is not", "Nothing.", False),
    ],
)
def test_an_execution_that_was_ended_from_outside_says_what_becomes_of_the_model(
    ending: Ending, becomes: str, says: str, by_hand: bool
) -> None:
    """A model that somebody holds is not to be stopped by hand."""
    sent = compose(ending)
    assert says in section(sent, "What to do")
    assert (BY_HAND in section(sent, "What to do")) is by_hand
    _, *more = sent.sections["What it costs"]
    assert len(more) == (1 if becomes else 0)
    assert becomes in "".join(more)


@pytest.mark.parametrize(
    ("by", "cause", "says"),
    [
        ("ABORTED", "Not model X.", "Somebody ended the {}, and gave this reason: Not model X."),
        ("ABORTED", None, "Somebody ended the {}, and gave no reason."),
        ("TIMED_OUT", None, "Step Functions ended the {}: it had been going on for too long."),
    ],
)
@pytest.mark.parametrize("machine", Machine)
def test_who_ended_an_execution_and_why_is_reported(by: str, cause: str | None, says: str, machine: Machine) -> None:
    ending = aborted("STOPPED", machine=machine)
    sent = compose(replace(ending, abortion=Abortion(by, cause, "STOPPED")))
    what = {
        START: "start of defects",
        STOP: "stop of defects",
        Machine.RUN_WITH_MODEL: "run of a workload with defects",
    }
    assert sent.headline == says.format(what[machine])
    _, *rest = section(sent, "What happened").splitlines()
    left = {
        START: ["  The lease that it was about to take was taken back.", "  The model is STOPPED now."],
        STOP: ["  The model is STOPPED now."],
        Machine.RUN_WITH_MODEL: ["  What it had started is stopped, and its lease on the model is released."],
    }
    assert rest == left[machine]
    assert "The model's status could not be read." in compose(aborted(None)).text


@pytest.mark.parametrize(
    ("machine", "costs"), [(START, "Nothing: no model was started."), (STOP, "Unknown: nothing was stopped.")]
)
def test_an_execution_that_was_ended_before_it_knew_a_model_says_so(machine: Machine, costs: str) -> None:
    sent = compose(replace(aborted(None, machine=machine), request=None))
    assert section(sent, "What it costs") == f"  {costs}\n"


# Leases and commands ------------------------------------------------------------------------------


def test_a_start_says_until_when_its_lease_holds_and_how_it_is_released_and_extended() -> None:
    sent = compose(STARTED)
    assert "the lease nightly, which holds it until 2026-11-24 09:11 UTC." in sent.headline
    assert section(sent, "What to do") == "  Nothing.\n"
    assert [line for line in sent.sections["If plans change"] if not line.startswith("aws ")] == [
        "To release the lease earlier:",
        "To hold the model longer, until 120 minutes after you run this:",
    ]
    assert commands(sent) == [
        (MACHINES.stop_model, {"Model": "defects", "LeaseId": "nightly"}),
        (MACHINES.start_model, {"Model": "defects", "LeaseId": "nightly", "LeaseMinutes": 120}),
    ]


def extended(minutes: int = 30, **fields: Any) -> Notification:
    """Of a start that extends the lease of a model that runs."""
    story = Story(running(), execution=execution("again"))
    story.items.change(lambda found: replace(found, leases=(SHIFT,)))
    fields = {"LeaseId": "shift", "LeaseMinutes": minutes, **fields}
    return compose(
        Ending(START, story.execution, request=request(**fields), result=story.run({"Model": "defects", **fields}))
    )


@pytest.mark.parametrize(
    ("minutes", "says"),
    [
        (90, "until 2026-11-24 08:30 UTC."),
        (0, "until it is released."),
        (60, None),
    ],
)
def test_a_start_that_extends_a_lease_says_what_has_moved(minutes: int, says: str | None) -> None:
    sent = extended(minutes)
    moved = "The lease shift, which held it until 2026-11-24 08:00 UTC, was extended."
    assert (moved in section(sent, "What happened")) is (says is not None)
    assert f"the lease shift now holds it {says or 'until 2026-11-24 08:00 UTC.'}" in sent.headline


@pytest.mark.parametrize(
    ("asked", "configured", "offered"), [(45, 60, 45), (0, 60, 60), (0, 0, 120)], ids=["its own", "the model's", "none"]
)
def test_a_lease_is_extended_by_its_own_minutes_and_always_to_an_end(asked: int, configured: int, offered: int) -> None:
    models = {**CONFIGURATION.models, "defects": Model(ARN, lease_minutes=configured)}
    ending = replace(STARTED, request=request(LeaseMinutes=asked))
    sent = ending_notification(ending, replace(CONFIGURATION, models=models), MACHINES)
    assert commands(sent)[1][1]["LeaseMinutes"] == offered


def test_a_model_that_is_not_configured_is_named_by_its_version_and_in_commands_by_its_arn() -> None:
    asked = stop_request({"ProjectVersionArn": OTHER_ARN, "LeaseId": "shift"}, KEPT.execution, CONFIGURATION)
    assert isinstance(KEPT.result, StopResult)
    kept = replace(KEPT.result, model=None, project_version_arn=OTHER_ARN)
    sent = compose(replace(KEPT, request=asked, result=kept))
    assert sent.subject == "[INFO] cables/v7 was not stopped: others need it"
    assert commands(sent) == [(MACHINES.stop_model, {"ProjectVersionArn": OTHER_ARN, "Force": True})]
    assert "Model" not in sent.detail


@pytest.mark.parametrize("sent", [compose(STARTED), compose(KEPT)], ids=lambda sent: sent.outcome)
def test_the_commands_are_inputs_that_the_state_machines_accept(sent: Notification) -> None:
    for machine_arn, payload in commands(sent):
        if machine_arn == MACHINES.start_model:
            assert start_request(payload, execution(), CONFIGURATION).project_version_arn == ARN
        else:
            assert stop_request(payload, execution(), CONFIGURATION).project_version_arn == ARN


def test_an_execution_of_the_sweep_says_why_it_was_begun() -> None:
    sent = compose(ending_of(running(), Context={"StartedBySweep": "No lease holds it any more."}))
    assert section(sent, "What happened").startswith(
        "  The sweep requested the stop at 2026-11-24 07:00 UTC: no lease holds it any more.\n"
    )
    other = compose(ending_of(running(), Context={"StartedBySweep": {"not": "ours"}}))
    assert "The sweep" not in other.text


# Channels -----------------------------------------------------------------------------------------


@example("x" * 255, "ServiceUnavailable")
@given(
    st.text(alphabet=st.sampled_from("abcXYZ019._-"), min_size=1, max_size=255),
    st.sampled_from([error.__name__ for error in CONTRACT]),
)
def test_a_subject_is_short_ascii_on_one_line_whatever_the_model_is_called(name: str, error: str) -> None:
    cause = json.dumps({"Message": "m", "ProjectVersionArn": f"{ACCOUNT}:project/p/version/{name}/1"})
    sent = compose(Ending(STOP, execution(machine="StopModel"), failure=Failure(error, cause)))
    assert re.fullmatch(r"[ -~]{1,99}", sent.subject)
    shown = name if name.startswith("p") else f"p/{name}"
    assert shown[:40] in sent.subject
    assert sent.subject.endswith("not stopped in time" if error == "TimedOut" else "it could not be stopped")


def test_the_event_of_a_stop_has_its_output_and_context() -> None:
    detail = compose(ending_of(running(), Context={"run": 7})).detail
    output = detail["Output"]
    assert (output["Outcome"], output["StopSeconds"], output["Context"]) == ("MODEL_STOPPED", 120, {"run": 7})
    assert (detail["ExecutionArn"], detail["Model"]) == (execution("evening", machine="StopModel").id, "defects")
    kept = compose(KEPT).detail["Output"]["Leases"]
    assert kept == [
        {"LeaseId": "night", "Pending": False},
        {"LeaseId": "batch", "Pending": True, "ExpiresAt": "2026-11-24T07:40:00.000Z"},
    ]


def test_a_result_survives_the_state_machine() -> None:
    assert KEPT.result is not None
    assert from_wire(StopResult, json.loads(json.dumps(to_wire(KEPT.result)))) == KEPT.result
