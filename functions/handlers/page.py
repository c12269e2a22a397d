"""Page: what the dashboard shows of every model. It reads, and changes nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from handlers._runtime import bootstrap
from handlers._runtime.entry import Context, Event, entry
from handlers._runtime.environment import ENVIRONMENT
from lifecycle.errors import LifecycleError
from lifecycle.executions.budget import refuses
from lifecycle.inbox.watching import Watcher
from lifecycle.model.leases import ModelItem
from lifecycle.page.composition import page_of
from lifecycle.page.facts import Reader
from lifecycle.page.html import page_html, theme_and_zone
from lifecycle.page.inboxes import InboxReader, InboxView
from lifecycle.page.reporting import report
from lifecycle.shared.wire import Json

CONFIGURATION = bootstrap.configuration()
MODELS = bootstrap.models(bootstrap.PATIENT)
EXECUTIONS = bootstrap.executions()
ITEMS = bootstrap.items()
SWEEPS = bootstrap.sweeps()
LEDGER = bootstrap.ledger()
BUSY = bootstrap.busy_minutes(bootstrap.PATIENT)
RECORDS = bootstrap.inbox_records(bootstrap.PATIENT)
COUNTS = bootstrap.inbox_counts(bootstrap.PATIENT)
QUEUES = bootstrap.queues(bootstrap.PATIENT)
MAPPINGS = bootstrap.mappings(bootstrap.PATIENT)
RUN_WITH_MODEL_ARN = ENVIRONMENT.run_with_model_arn
ACT_ARN, OPERATORS = ENVIRONMENT.act_arn, ENVIRONMENT.operators_policy


def _watcher(items: Sequence[ModelItem], now: datetime) -> Watcher:
    return Watcher(
        now=now,
        configuration=CONFIGURATION,
        items=items,
        queues=QUEUES,
        counts=COUNTS,
        mappings=MAPPINGS,
        models=MODELS,
        executions=EXECUTIONS,
        run_with_model_arn=RUN_WITH_MODEL_ARN,
        budget_refuses=partial(refuses, ITEMS, LEDGER, now, CONFIGURATION),
    )


INBOXES = InboxReader(RECORDS, _watcher)
ABOUT = """## Custom Labels models

What runs, since when, for whom, at what cost and until when; and buttons that start, extend, release and stop.
Only operators may use the buttons. It takes no parameters.
"""


@entry
def handler(event: Event, _context: Context) -> Json:
    """A call of a CloudWatch custom widget -> its HTML; with ``describe`` -> what it is, in Markdown.

    ``{"Report": "bill", "Month": "2026-11"}`` and the like -> data (``page.reporting``).
    """
    event = event if isinstance(event, dict) else {}
    if event.get("describe"):
        return {"markdown": ABOUT}
    reader = Reader(CONFIGURATION, MODELS, ITEMS, EXECUTIONS, LEDGER, BUSY, SWEEPS, lambda: datetime.now(UTC), INBOXES)
    if "Report" in event:
        return report(event, reader)
    theme, zone = theme_and_zone(event)
    page = page_of(reader.read(quickly=True), CONFIGURATION)
    return page_html(page, theme=theme, zone=zone, act_arn=ACT_ARN, operators=OPERATORS, inboxes=_inboxes(reader))


def _inboxes(reader: Reader) -> Sequence[InboxView]:
    try:
        return reader.read_inboxes()
    except LifecycleError:
        return []  # the page says already that the table could not be read
