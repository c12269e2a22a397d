"""Remove: what CloudFormation calls before it deletes anything of the stack. It answers, whatever happens.

`make destroy` calls it before CloudFormation does: a stack whose deletion was refused can't be updated any more.
"""

import time
from datetime import UTC, datetime, timedelta

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry, logger
from handlers._runtime.environment import ENVIRONMENT
from lifecycle.adapters.stacks import Request
from lifecycle.errors import LifecycleError
from lifecycle.inbox.removal import pause_inbox
from lifecycle.reconciliation.removal_obstacles import Obstacles
from lifecycle.reconciliation.stack_removal import MARGIN, Remover
from lifecycle.shared.wire import Json

CONFIGURATION = bootstrap.configuration()
STACKS = bootstrap.stacks()
MODELS = bootstrap.models(bootstrap.PATIENT)
EXECUTIONS = bootstrap.executions(bootstrap.PATIENT)
ITEMS = bootstrap.items(bootstrap.PATIENT)
RECORDS = bootstrap.inbox_records(bootstrap.PATIENT)
STOP_MODEL_ARN = ENVIRONMENT.stop_model_arn
OBSTACLES = Obstacles(
    executions=EXECUTIONS,
    dependents=bootstrap.dependents(),
    state_machine_arns=tuple(ENVIRONMENT.state_machine_arns.split(",")),
    policy_arns=tuple(ENVIRONMENT.policy_arns.split(",")),
    event_bus_name=ENVIRONMENT.event_bus_name,
    own_rules=ENVIRONMENT.own_rules,
)


@entry
def handler(event: Event, context: Context) -> dict[str, Json]:
    """A request of CloudFormation for a custom resource -> its answer, which goes to the URL in it; or ``{}``."""
    if not event:
        return _asked_before(context)
    request = Request.read(event)
    success = False
    try:
        reason = _decide(request, context)
        success = True
    except LifecycleError as error:
        reason = error.message
    except Exception as error:  # noqa: BLE001 - without an answer CloudFormation waits until its timeout
        reason = f"{type(error).__name__}: {error}"
    logger.info(reason, request=request.kind, success=success)
    request.answer(success=success, reason=reason)
    return {"Success": success, "Reason": reason}


def _decide(request: Request, context: Context) -> str:
    if request.kind != "Delete":
        return "There is nothing to make: it only counts when the stack is deleted."
    if not STACKS.is_being_deleted(request.stack_id):
        return "The stack stays: an update, or what undoes one, deletes this resource alone."
    return _remover(request.request_id[:8], context).run(CONFIGURATION.on_destroy)


def _asked_before(context: Context) -> dict[str, Json]:
    """Whether CloudFormation would be refused now; it stops nothing."""
    try:
        _remover("asked", context).ask(CONFIGURATION.on_destroy)
    except LifecycleError as error:
        return {"Success": False, "Reason": error.message}
    return {"Success": True, "Reason": f"Nothing is refused (on_destroy: {CONFIGURATION.on_destroy})."}


def _remover(attempt: str, context: Context) -> Remover:
    return Remover(
        attempt=attempt,
        until=datetime.now(UTC) + timedelta(milliseconds=context.get_remaining_time_in_millis()) - MARGIN,
        clock=lambda: datetime.now(UTC),
        sleep=time.sleep,
        configuration=CONFIGURATION,
        models=MODELS,
        items=ITEMS,
        executions=EXECUTIONS,
        stop_model_arn=STOP_MODEL_ARN,
        obstacles=OBSTACLES,
        inboxes=tuple(CONFIGURATION.inboxes),
        pause=lambda inbox: pause_inbox(inbox, RECORDS, datetime.now(UTC)),
    )
