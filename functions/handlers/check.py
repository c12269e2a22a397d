"""Check the model's status, keep its leases, and decide what to do next."""

from dataclasses import replace
from datetime import UTC, datetime

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry
from lifecycle.executions.state_machines import Machine
from lifecycle.executions.steps import Step, queued
from lifecycle.shared.wire import from_wire
from lifecycle.workflows import WORKFLOWS

CONFIGURATION = bootstrap.configuration()
MODELS = bootstrap.models()
EXECUTIONS = bootstrap.executions()
ITEMS = bootstrap.items_and_ledger()
LEDGER = bootstrap.ledger()
LIMIT = bootstrap.rate_limit()


@entry
def handler(event: Event, _context: Context) -> Step:
    """``{"Machine", "Request": $request, "Progress": $progress}`` -> ``$next``."""
    workflow = WORKFLOWS[Machine(event["Machine"])]
    request, progress = from_wire(workflow.request, event["Request"]), from_wire(workflow.progress, event["Progress"])
    # It waits for its slot to call before the item is read; a duplicate asks for another execution instead.
    slot = None if request.duplicate_of else LIMIT.queue("DescribeProjectVersions", progress.slot)
    if slot:
        return queued(progress, slot, datetime.now(UTC))
    return workflow.check(
        request,
        replace(progress, slot=None),
        now=datetime.now(UTC),
        configuration=CONFIGURATION,
        models=MODELS,
        items=ITEMS,
        executions=EXECUTIONS,
        ledger=LEDGER,
    )
