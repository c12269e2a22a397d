"""The words of an execution that was ended from outside: EXECUTION_ABORTED, by its state machine. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from lifecycle.configuration import Configuration
from lifecycle.executions.state_machines import Machine, Machines
from lifecycle.model.statuses import NOT_RUNNING
from lifecycle.notifications import costs, reasons, workload_failed
from lifecycle.notifications.execution_end import Abortion, Ending
from lifecycle.notifications.notification import Text, in_subject, step
from lifecycle.notifications.start_failed import start_again, stop_by_hand


def execution_aborted(ending: Ending, configuration: Configuration, machines: Machines) -> Text:
    """Somebody ended it, or Step Functions did."""
    return _BY_MACHINE[ending.machine](ending, configuration, machines)


def _start(ending: Ending, configuration: Configuration, machines: Machines) -> Text:
    abortion, arn = _abortion(ending), ending.project_version_arn
    again = start_again(ending, configuration, machines)
    needed = "If the model is needed, start it again"
    may_run = arn and abortion.model_status not in NOT_RUNNING
    if abortion.held:
        becomes, to_do = ["Another lease holds it, so it is not stopped."], ["Nothing."]
    else:
        becomes = [f"{costs.sweep(configuration)} stops it, since no lease holds it."] if may_run else []
        to_do = [
            *(step(needed, again) if again else [f"{needed}."]),
            *(stop_by_hand(ending, arn) if may_run and arn else []),
        ]
    return Text(
        **_who(ending, f"start of {in_subject(ending.name(configuration))}", f"start of {ending.name(configuration)}"),
        what_it_costs=[*_what_it_costs(ending, configuration, "Nothing: no model was started."), *becomes],
        what_to_do=to_do,
        what_happened=[
            reasons.requested(ending),
            *(["The lease that it was about to take was taken back."] if ending.request else []),
            *_status_now(ending),
        ],
    )


def _stop(ending: Ending, configuration: Configuration, _machines: Machines) -> Text:
    abortion, arn = _abortion(ending), ending.project_version_arn
    may_run = arn and abortion.model_status not in NOT_RUNNING
    if abortion.held:
        becomes = ["A lease holds it, so it is not stopped."]
        to_do = ["If that lease is the one to be released, start StopModel again."]
    else:
        becomes = [f"{costs.sweep(configuration)} stops it, if no lease holds it."] if may_run else []
        to_do = ["If the model is to be stopped, start StopModel again."]
        to_do += stop_by_hand(ending, arn) if may_run and arn else []
    return Text(
        **_who(ending, f"stop of {in_subject(ending.name(configuration))}", f"stop of {ending.name(configuration)}"),
        what_it_costs=[*_what_it_costs(ending, configuration, "Unknown: nothing was stopped."), *becomes],
        what_to_do=to_do,
        what_happened=[reasons.requested(ending), *_status_now(ending)],
    )


def _run(ending: Ending, configuration: Configuration, _machines: Machines) -> Text:
    abortion, name = _abortion(ending), ending.name(configuration)
    stopped = abortion.model_status in NOT_RUNNING
    return Text(
        **_who(ending, f"run with {in_subject(name)}", f"run of {workload_failed.workload(ending)} with {name}"),
        what_it_costs=[f"Nothing now: the model is {abortion.model_status}."]
        if stopped
        else workload_failed.what_it_costs(ending, configuration),
        what_to_do=[f"If its work is still needed, {workload_failed.AGAIN}"],
        what_happened=[
            reasons.requested(ending),
            "What it had started is stopped, and its lease on the model is released.",
        ],
    )


_BY_MACHINE: Mapping[Machine, Callable[[Ending, Configuration, Machines], Text]] = {
    Machine.START_MODEL: _start,
    Machine.STOP_MODEL: _stop,
    Machine.RUN_WITH_MODEL: _run,
}


def _abortion(ending: Ending) -> Abortion:
    assert ending.abortion is not None  # noqa: S101 - for the type checker
    return ending.abortion


def _who(ending: Ending, in_subject: str, what: str) -> dict[str, str]:
    """Subject and headline: who ended it, and why."""
    abortion = _abortion(ending)
    cause = (abortion.cause or "").strip()[: reasons.MAX_REASON]
    if abortion.by_step_functions:
        headline = f"Step Functions ended the {what}: it had been going on for too long."
    elif cause:
        headline = f"Somebody ended the {what}, and gave this reason: {cause.rstrip('.')}."
    else:
        headline = f"Somebody ended the {what}, and gave no reason."
    return {"subject": f"The {in_subject} was aborted", "headline": headline}


def _what_it_costs(ending: Ending, configuration: Configuration, of_no_model: str) -> Sequence[str]:
    arn = ending.project_version_arn
    if not arn:
        return [of_no_model]
    return [costs.by_status(ending.last_status, costs.price(ending, arn, configuration))]


def _status_now(ending: Ending) -> Iterator[str]:
    status = _abortion(ending).model_status
    if ending.project_version_arn:
        yield f"The model is {status} now." if status else "The model's status could not be read."
