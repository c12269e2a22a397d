"""The words of a run whose workload succeeded, and warned of something: WORKLOAD_SUCCEEDED. Pure."""

from lifecycle.configuration import Configuration
from lifecycle.executions.state_machines import Machines
from lifecycle.notifications import reasons
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.notification import Text, in_subject
from lifecycle.notifications.workload_failed import AGAIN, what_it_costs, workload
from lifecycle.shared.text import clause, first_sentence, plural


def workload_succeeded(ending: Ending, configuration: Configuration, _machines: Machines) -> Text:
    """The workload answered with warnings; without any nobody is notified."""
    name, warnings = ending.name(configuration), ending.workload_warnings
    only = len(warnings) == 1
    said = clause(first_sentence(warnings[0])) if only else f"{plural(len(warnings), 'warning')}, named below"
    return Text(
        subject=f"The run with {in_subject(name)} succeeded with {'a warning' if only else 'warnings'}",
        headline=f"The run of {workload(ending)} with {name} succeeded, with {f'a warning: {said}' if only else said}.",
        what_it_costs=what_it_costs(ending, configuration),
        what_to_do=[
            "Check the run's input: capitals and slashes in a prefix count. The workload's execution, linked below, "
            "shows what it was given and what it answered.",
            f"If the input was wrong, correct it and {AGAIN}",
        ],
        what_happened=[reasons.requested(ending), *([] if only else (f"It warned: {one}" for one in warnings))],
    )
