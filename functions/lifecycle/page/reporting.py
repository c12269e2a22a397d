"""Which report is asked for, what of the account it needs, and what it answers."""

from collections.abc import Callable, Mapping

from lifecycle.errors import ASK_AGAIN, InvalidRequest
from lifecycle.model.bill import bill_so_far, month_asked_for, month_of, sessions_so_far
from lifecycle.model.budget import spending
from lifecycle.model.idle import idle_times
from lifecycle.page.bill_reports import bill_report
from lifecycle.page.composition import page_of
from lifecycle.page.facts import Reader
from lifecycle.page.inbox_reports import inboxes_report
from lifecycle.page.lease_reports import leases_report
from lifecycle.page.model_reports import models_report
from lifecycle.page.reports import Report
from lifecycle.page.schedule_reports import schedules_report
from lifecycle.shared.text import as_text, escaped
from lifecycle.shared.wire import Json

Asked = Mapping[str, Json]


def report(asked: Asked, reader: Reader) -> Report:
    """The report that ``Report`` names.

    Parameters
    ----------
    asked : mapping
        What the function was given. Anybody who may invoke it may give it anything.

    Raises
    ------
    InvalidRequest
        There is no such report, or none of what it is asked for.
    LifecycleError
        What it is made of can't be read at all.
    """
    name = asked.get("Report")
    made = REPORTS.get(name) if isinstance(name, str) else None
    if made is None:
        raise InvalidRequest(
            f"Report: '{escaped(as_text(name), 40)}' is none of {', '.join(REPORTS)}", remedy=ASK_AGAIN
        )
    return made(asked, reader)


def _models(_asked: Asked, reader: Reader) -> Report:
    facts = reader.read()
    return models_report(page_of(facts, reader.configuration), facts.items, reader.configuration)


def _leases(_asked: Asked, reader: Reader) -> Report:
    items = reader.all_items()
    return leases_report(items, reader.problems, reader.clock(), reader.configuration)


def _schedules(_asked: Asked, reader: Reader) -> Report:
    return schedules_report(reader.clock(), reader.configuration)


def _bill(asked: Asked, reader: Reader) -> Report:
    now = reader.clock()
    month = month_asked_for(asked.get("Month"), now)
    ended, items = reader.sessions(month, now), reader.all_items()
    settings = reader.configuration
    spent = spending(ended, items, now, settings) if month == month_of(now) else None
    bill = bill_so_far(month, ended, items, now, settings)
    idle = idle_times(month, sessions_so_far(ended, items, now, settings), reader.busy(month))
    return bill_report(bill, idle, reader.problems, now, spent, settings)


def _inboxes(_asked: Asked, reader: Reader) -> Report:
    views = reader.read_inboxes()
    return inboxes_report(views, reader.problems, reader.clock())


REPORTS: Mapping[str, Callable[[Asked, Reader], Report]] = {
    "models": _models,
    "leases": _leases,
    "schedules": _schedules,
    "bill": _bill,
    "inboxes": _inboxes,
}
"""Every report by its name."""
