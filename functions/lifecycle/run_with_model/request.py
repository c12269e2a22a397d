"""From the input of a RunWithModel execution to a request that the rest can rely on. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lifecycle.configuration import Configuration
from lifecycle.executions.names import nested_name
from lifecycle.executions.requests import (
    Execution,
    Request,
    lease_id_of,
    model_of,
    nothing_chosen,
    refuse,
    validator,
)
from lifecycle.executions.state_machines import Machine, drain_inbox_arn, execution_arn
from lifecycle.model.version_choice import Choice, Choose
from lifecycle.run_with_model.workload import misplaced, problems_of_workload, warnings_of_workload
from lifecycle.shared.wire import Json
from lifecycle.start_model.request import problems_between_fields

LONGEST_RUN = timedelta(days=366)
"""An execution of Step Functions ends within a year (Step Functions quotas)."""
_NOT_PASSED_ON = frozenset({"Workload", "ClientRequestToken", "Comment"})


@dataclass(frozen=True, slots=True)
class Names:
    """What a run calls its lease and the executions that it starts: always the same, so that others find them.

    Parameters
    ----------
    child : str
        Of the executions of StartModel and of the workload.
    release : str
        Of the execution of StopModel that releases the lease.
    """

    lease_id: str
    child: str
    release: str

    @classmethod
    def of(cls, execution: Execution) -> "Names":
        """Of a RunWithModel execution."""
        child, release = (nested_name(what, execution.id) for what in ("run", "release"))
        return cls(f"run/{lease_id_of(execution)}", child, release)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest(Request):
    """A validated RunWithModel input.

    ``project_version_arn`` is empty where the name that was asked for means the newest version: StartModel chooses it.

    Parameters
    ----------
    start_input : Mapping
        The input of the StartModel execution.
    """

    lease_id: str
    child_name: str
    release_name: str
    workload_arn: str
    start_input: Mapping[str, Any]

    @property
    def workload_execution_arn(self) -> str:
        """Of the workload's execution, whether or not there is one yet."""
        return execution_arn(self.workload_arn, self.child_name)


def run_request(
    payload: Json, execution: Execution, configuration: Configuration, _choose: Choose = nothing_chosen
) -> RunRequest:
    """Validate the input of a RunWithModel execution.

    Raises
    ------
    InvalidRequest
        Naming every problem, each with its path.
    """
    workload = {
        "StateMachineArn": next(
            (arn for arn in configuration.workload_arns(execution.id) if arn != drain_inbox_arn(execution.id)),
            validator("run_with_model").example("Workload.StateMachineArn"),
        )
    }
    further = _problems_between_fields(payload, execution, configuration) if isinstance(payload, dict) else ()
    example = {"Workload": workload}
    refuse(payload, Machine.RUN_WITH_MODEL, execution, configuration, further=further, further_example=example)
    names = Names.of(execution)
    name, choice = model_of(payload, configuration, lambda _: Choice("", reason=""))
    unused = f"LeaseId {payload.get('LeaseId')} was not used: a run holds the model under the lease {names.lease_id}."
    return RunRequest(
        execution_arn=execution.id,
        project_version_arn=choice.project_version_arn,
        selection=choice.reason,
        model=name,
        began_at=execution.start_time,
        due_at=execution.start_time,
        deadline=execution.start_time + LONGEST_RUN,
        lease_id=names.lease_id,
        child_name=names.child,
        release_name=names.release,
        workload_arn=payload["Workload"]["StateMachineArn"],
        start_input={
            **{name: value for name, value in payload.items() if name not in _NOT_PASSED_ON},
            "LeaseId": names.lease_id,
            "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": execution.id,
        },
        dry_run=payload.get("DryRun", False),
        client_request_token=payload.get("ClientRequestToken"),
        context=payload.get("Context"),
        warnings=(
            *((unused,) if "LeaseId" in payload else ()),
            *(warnings_of_workload(payload["Workload"], execution) if payload.get("DryRun") else ()),
        ),
    )


def _problems_between_fields(
    payload: Mapping[str, Json], execution: Execution, configuration: Configuration
) -> list[str]:
    of_the_start = problems_between_fields(payload, execution, configuration)
    of_the_workload = problems_of_workload(payload.get("Workload"), execution, configuration)
    return [*of_the_start, *misplaced(payload), *of_the_workload]
