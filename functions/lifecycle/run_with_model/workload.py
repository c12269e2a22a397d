"""The workload of a run, before anybody pays for a model: whether it is there, and what is seen to be wrong with it."""

from collections.abc import Mapping

from lifecycle.configuration import Configuration
from lifecycle.detect_batch.request import problems_of_batch, warnings_of
from lifecycle.detect_batch.steps import OTHER_BUCKET, problem_of_bucket
from lifecycle.errors import InvalidRequest
from lifecycle.executions.requests import MAX_NAMES, Execution, validator
from lifecycle.executions.state_machines import detect_batch_arn, drain_inbox_arn
from lifecycle.inbox.names import inbox_of_lease
from lifecycle.ports import Executions, Objects, StateMachine
from lifecycle.shared.arns import region_and_account
from lifecycle.shared.text import escaped, shortened
from lifecycle.shared.wire import Json

MODEL_FIELD = "Model"
"""The field of its input in which DetectBatch takes StartModel's output."""


_OTHER_WORKLOAD = (
    "Nothing was done. List your state machines with 'aws stepfunctions list-state-machines', correct the input, or "
    "create the workload, and start a new execution."
)


def problems_of_workload(workload: Json, execution: Execution, configuration: Configuration) -> list[str]:
    """What a JSON Schema can't say of ``Workload``. It reads values of the right type only."""
    if not isinstance(workload, dict) or not isinstance(arn := workload.get("StateMachineArn"), str):
        return []
    allowed = configuration.workload_arns(execution.id)
    if arn not in allowed:
        return [f"Workload.StateMachineArn: {_not_allowed(arn, allowed)}"]
    if configuration.inboxes and arn == drain_inbox_arn(execution.id):
        return _problems_of_inbox(workload.get("Input"), execution, configuration)
    if configuration.detect_batch and arn == detect_batch_arn(execution.id):
        return _problems_of_batch(workload, execution, configuration)
    return []


def misplaced(payload: Mapping[str, Json]) -> list[str]:
    """Fields that belong somewhere else in an input."""
    schema, workload = validator("run_with_model"), payload.get("Workload")
    outside, inside = schema.fields(), schema.fields("Workload")
    batch = validator("detect_batch").fields() - outside
    inner = workload if isinstance(workload, dict) else {}
    return [
        *(f"{name}: belongs into Workload" for name in payload if name in inside),
        *(f"{name}: belongs into Workload.Input" for name in payload if name in batch),
        *(f"Workload.{name}: belongs beside Workload, not into it" for name in inner if name in outside - inside),
        *(f"Workload.{name}: belongs into Workload.Input" for name in inner if name in batch),
    ]


def _not_allowed(arn: str, allowed: tuple[str, ...]) -> str:
    names = ", ".join(shortened(allowed, MAX_NAMES)) or "none is"
    return (
        f"{escaped(arn, 200)} is not among the workloads that cdk.json allows ({names}); add its name to 'workloads' "
        "there and deploy. Versions and aliases can't be named"
    )


def _problems_of_inbox(given: Json, execution: Execution, configuration: Configuration) -> list[str]:
    """What nobody but an inbox's tick starts: the run of this name is in the inbox's record."""
    named = given.get("Inbox") if isinstance(given, dict) else None
    if named is not None and named == inbox_of_lease(f"run/{execution.name}", configuration.inboxes):
        return []
    inboxes = ", ".join(shortened(sorted(configuration.inboxes), MAX_NAMES))
    return [
        f"Workload.StateMachineArn: DrainInbox is started by the inboxes ({inboxes}) alone, as soon as images wait; "
        "put images into an inbox's folder instead, or, if it is paused, run 'custom-labels inbox resume NAME'"
    ]


def _problems_of_batch(workload: Mapping[str, Json], execution: Execution, configuration: Configuration) -> list[str]:
    """What DetectBatch would say of its input, with the model in it that is not there yet."""
    given, field = workload.get("Input", {}), workload.get("ModelField")
    if not isinstance(given, dict) or not isinstance(field, str | None) or configuration.detect_batch is None:
        return []  # the schema has said so
    problems = _problems_of_model_field(field, given)
    if problems or field:
        given = {name: value for name, value in given.items() if name != "ProjectVersionArn"}
        given[MODEL_FIELD] = _some_model(execution)
    found = problems_of_batch(given, execution, configuration.detect_batch)
    return problems + [f"Workload.Input.{problem}" for problem in found]


def _problems_of_model_field(field: str | None, given: Mapping[str, Json]) -> list[str]:
    """How DetectBatch comes to know the model."""
    if field is None and not {MODEL_FIELD, "ProjectVersionArn"} & given.keys():
        return ['Workload.ModelField: is missing: DetectBatch has to know the model; add "ModelField": "Model"']
    if field not in (None, MODEL_FIELD):
        return [f'Workload.ModelField: DetectBatch takes the model in its field "Model", not in "{escaped(field)}"']
    if field and "ProjectVersionArn" in given:
        return ["Workload.Input.ProjectVersionArn: leave it out, since ModelField puts the model into Model"]
    return []


def _some_model(execution: Execution) -> Mapping[str, Json]:
    """What StartModel will answer, as much as DetectBatch reads of it: which model is the start's to check."""
    region, account = region_and_account(execution.id)
    partition = execution.id.split(":")[1]
    version = f"arn:{partition}:rekognition:{region}:{account}:project/any/version/any/1"
    return {"ProjectVersionArn": version}


def check_workload(
    workload: Mapping[str, Json], execution: Execution, executions: Executions, objects: Objects
) -> None:
    """See that RunWithModel can start a workload, and wait for it, and that DetectBatch can read the images' bucket.

    Parameters
    ----------
    workload : Mapping
        Of an input without problems.

    Raises
    ------
    InvalidRequest
        It can't.
    AccessDenied, ServiceUnavailable
    """
    arn = workload["StateMachineArn"]
    problem, remedy = None, _OTHER_WORKLOAD
    if unfit := _unfit(executions.state_machine(arn)):
        problem = f"Workload.StateMachineArn: {unfit}: {escaped(arn, 200)}"
    elif arn == detect_batch_arn(execution.id):
        found = problem_of_bucket(workload["Input"]["Bucket"], execution, objects)
        problem, remedy = found and f"Workload.Input.{found}", OTHER_BUCKET
    if problem:
        raise InvalidRequest(f"The input is not a RunWithModel request:\n- {problem}", remedy=remedy)


def warnings_of_workload(workload: Mapping[str, Json], execution: Execution) -> tuple[str, ...]:
    """What DetectBatch will warn of, as far as its input shows it."""
    if workload["StateMachineArn"] != detect_batch_arn(execution.id):
        return ()
    return tuple(f"Workload.Input.{warning}" for warning in warnings_of(workload["Input"]))


def _unfit(found: StateMachine | None) -> str | None:
    if found is None:
        return "there is no such state machine"
    if found.status != "ACTIVE":
        return f"this state machine is {found.status}"
    if found.kind != "STANDARD":
        return f"this state machine is of type {found.kind}; Step Functions waits for the end of STANDARD ones only"
    return None
