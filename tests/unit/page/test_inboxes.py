"""What the page shows of the inboxes, and its report."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from lifecycle.configuration import Inbox
from lifecycle.errors import LifecycleError, ServiceUnavailable
from lifecycle.inbox.counts import InboxCount
from lifecycle.inbox.decision import Seen
from lifecycle.inbox.record import Blocked, InboxRecord, RunState, begun, pause
from lifecycle.model.bill import Session
from lifecycle.model.leases import ModelItem
from lifecycle.model.usage import Running, Share
from lifecycle.page.composition import page_of
from lifecycle.page.html import page_html
from lifecycle.page.inbox_reports import inboxes_report
from lifecycle.page.inboxes import InboxReader, InboxState, InboxView, costs_today, inbox_view
from lifecycle.page.view import Facts
from lifecycle.shared.wire import to_wire
from tests.unit.examples import ARN, NOW, OTHER_ARN, configured

SCHEMA = Path(__file__).parents[3] / "statemachine" / "schemas" / "report.inboxes.schema.json"
VALID = fastjsonschema.compile(json.loads(SCHEMA.read_text("utf-8")))
INBOX = Inbox("defects", "s3://factory/line-1/", "s3://results/labels/", start_at_images=10)
NONE = InboxRecord(name="line")
RUNS = begun(NONE, 0, NOW)
HOUR = timedelta(hours=1)


def view(
    record: InboxRecord = NONE,
    *,
    waiting: int | None = 0,
    today: InboxCount | None = None,
    cost: float | None = None,
    **seen: Any,
) -> InboxView:
    watched = Seen(waiting=waiting, in_work=None if waiting is None else 0, **seen)
    return inbox_view("line", INBOX, record, watched, today or InboxCount(), now=NOW, cost_today=cost)


def in_state(state: RunState) -> InboxRecord:
    assert RUNS.run
    return replace(RUNS, run=replace(RUNS.run, state=state, token="token"))  # noqa: S106 - no secret


@pytest.mark.parametrize(
    ("record", "waiting", "state", "why"),
    [
        (NONE, 0, InboxState.EMPTY, "Nothing waits."),
        (NONE, None, InboxState.UNKNOWN, "can't be seen"),
        (NONE, 3, InboxState.WAITING, "3 of 10 images wait"),
        (in_state(RunState.STARTING), 12, InboxState.STARTING, "is"),
        (in_state(RunState.OPEN), 12, InboxState.LABELLING, "12 images wait or are in work."),
        (in_state(RunState.CLOSING), 0, InboxState.LETTING_GO, "let go"),
        (replace(NONE, blocked=Blocked(NOW, "Denied.", 1, NOW + HOUR)), 3, InboxState.BLOCKED, "Denied."),
        (pause(NONE, "Anna", NOW), 3, InboxState.PAUSED, "Anna"),
        (pause(in_state(RunState.OPEN), "Anna", NOW), 3, InboxState.PAUSED, "Anna"),
    ],
)
def test_an_inbox_has_a_state_and_says_why(
    record: InboxRecord, waiting: int | None, state: InboxState, why: str
) -> None:
    shown = view(record, waiting=waiting, model_status="RUNNING")
    assert shown.state is state
    assert why in shown.why


def test_the_report_is_as_its_schema_says_also_where_little_is_known() -> None:
    blocked = replace(
        pause(NONE, "Anna", NOW), blocked=Blocked(NOW, "Denied.", 1, NOW + HOUR), waiting_since=NOW - HOUR
    )
    views = [
        view(waiting=None, dead=None),
        view(in_state(RunState.OPEN), waiting=5, today=InboxCount(100, 3, NOW), cost=2.0, dead=2),
        view(blocked, waiting=5),
    ]
    sent = json.loads(json.dumps(to_wire(inboxes_report(views, ["problem"], NOW))))
    VALID(sent)
    unknown, running, paused = sent["Inboxes"]
    assert not {"Waiting", "DeadLetters"} & unknown.keys()
    assert (running["FinishedToday"], running["FailedToday"], running["DeadLetters"]) == (100, 3, 2)
    assert (running["CostToday"], running["CostPerImageToday"]) == (2.0, 0.02)
    assert running["Run"].startswith("inbox-line-1-")
    assert (paused["PausedBy"], paused["WaitingSince"]) == ("Anna", "2026-11-24T06:00:00.000Z")


@pytest.mark.parametrize(
    ("record", "next_try"),
    [
        (replace(NONE, blocked=Blocked(NOW, "Denied.", 1, NOW + HOUR)), "2026-11-24T08:00:00.000Z"),
        (replace(NONE, blocked=Blocked(NOW, "The month's budget is used up.", 0, NOW)), None),
        (pause(replace(NONE, blocked=Blocked(NOW, "Denied.", 1, NOW + HOUR)), "Anna", NOW), None),
    ],
)
def test_a_next_try_is_announced_where_one_is_due(record: InboxRecord, next_try: str | None) -> None:
    (inbox,) = to_wire(inboxes_report([view(record, waiting=5)], [], NOW))["Inboxes"]
    assert inbox.get("NextTry") == next_try


def test_an_image_costs_nothing_known_where_none_was_labelled() -> None:
    assert view(cost=2.0).cost_per_image is None
    assert view(cost=None, today=InboxCount(5)).cost_per_image is None


def test_what_an_inbox_costs_today_is_its_runs_part_of_the_models_time() -> None:
    configuration = configured(inboxes={"line": INBOX, "other": INBOX})
    midnight = datetime(2026, 11, 24, tzinfo=UTC)

    def ran(since: datetime, until: datetime, **shares: float) -> Session:
        held = tuple(
            Share(f"run/inbox-{name}-7-20261124T0000Z", int(hours * 3_600_000)) for name, hours in shares.items()
        )
        return Session(ARN, since, until, 1, 4.0, shares=held)

    ended = [
        ran(midnight - HOUR, midnight + HOUR, line=2),  # half of it is today's
        ran(midnight + 2 * HOUR, midnight + 4 * HOUR, line=0.5, other=1),
        ran(midnight - 5 * HOUR, midnight - 4 * HOUR, line=1),
        replace(ran(midnight, midnight + HOUR), shares=(Share("run/nightly", 3_600_000),)),
    ]
    going_on = ModelItem(
        OTHER_ARN, running=Running(NOW - HOUR, 2, NOW, (Share("run/inbox-line-8-20261124T0600Z", 3_600_000),))
    )
    assert costs_today(ended, [going_on], NOW, configuration) == pytest.approx({"line": 4 + 2 + 8, "other": 4})


class Watched:
    """``Watcher`` that sees the same of every inbox."""

    def __init__(self, seen: Seen, today: InboxCount, fails: LifecycleError | None = None) -> None:
        self.seen, self.today, self.problems = seen, today, ["line: the queue does not answer"]
        self.counts, self.fails = self, fails

    def see(self, *_: Any) -> Seen:
        if self.fails:
            raise self.fails
        return self.seen

    def on(self, _inbox: str, _day: Any) -> InboxCount:
        return self.today


class Records:
    """``InboxRecords`` with one that is empty."""

    def get(self, inbox: str) -> InboxRecord:
        return InboxRecord(name=inbox)

    def put(self, _record: InboxRecord) -> bool:
        raise NotImplementedError


def test_inboxes_are_read_with_what_could_not_be_seen() -> None:
    watched: Any = Watched(Seen(waiting=3, in_work=0), InboxCount(4))
    reader = InboxReader(Records(), lambda _items, _now: watched)
    views, problems = reader.read(configured(inboxes={"line": INBOX}), list, [], NOW)
    assert [(one.name, one.waiting, one.cost_today, one.cost_per_image) for one in views] == [("line", 3, 0.0, 0.0)]
    assert problems == ["line: the queue does not answer"]
    views, _ = reader.read(configured(inboxes={"line": INBOX}), list, None, NOW)
    assert views[0].cost_today is None  # the ledger can't be read


def test_an_inbox_whose_queue_can_not_be_read_is_shown_all_the_same() -> None:
    watched: Any = Watched(Seen(waiting=3, in_work=0), InboxCount(4), ServiceUnavailable("SQS does not answer"))
    reader = InboxReader(Records(), lambda _items, _now: watched)
    views, problems = reader.read(configured(inboxes={"line": INBOX}), list, [], NOW)
    assert [(one.state, one.today.finished) for one in views] == [(InboxState.UNKNOWN, 4)]
    assert "line: SQS does not answer" in problems


class NoRecords(Records):
    """``InboxRecords`` with one that somebody has made nonsense of."""

    def get(self, inbox: str) -> InboxRecord:
        raise ServiceUnavailable(f"The record of the inbox {inbox} can't be read")


def test_an_inbox_whose_record_can_not_be_read_is_not_taken_for_one_that_is_not_there() -> None:
    watched: Any = Watched(Seen(waiting=3, in_work=0), InboxCount(4))
    reader = InboxReader(NoRecords(), lambda _items, _now: watched)
    (view,), problems = reader.read(configured(inboxes={"line": INBOX}), list, [], NOW)
    assert (view.state, view.today.finished) == (InboxState.UNKNOWN, 4)
    assert view.why == "What is remembered of it can't be read."
    assert "line: The record of the inbox line can't be read" in problems


def test_the_page_shows_each_inbox_and_nothing_of_them_where_there_are_none() -> None:
    def html(*inboxes: InboxView) -> str:
        page = page_of(Facts(NOW), configured())
        return page_html(page, theme="light", zone=UTC, act_arn="act", operators="o", inboxes=inboxes)

    shown = html(view(replace(NONE, waiting_since=NOW), waiting=3, today=InboxCount(300, 2, NOW), cost=1.5, dead=1))
    for text in (
        "WAITING",
        "3 images wait, 0 in work",
        "1 image given up",
        "298 labelled today, 2 can't be",
        "USD 0.0050 per image",
    ):
        assert text in shown
    assert "LETTING GO" in html(view(in_state(RunState.CLOSING)))
    assert "can&#39;t be seen" in html(view(waiting=None))
    assert "Inbox" not in html()


def test_what_others_have_called_a_folder_is_no_markup_on_the_page() -> None:
    hostile = replace(view(), inbox=replace(INBOX, images="s3://factory/<script>/"))
    page = page_of(Facts(NOW), configured())
    shown = page_html(page, theme="light", zone=UTC, act_arn="act", operators="o", inboxes=[hostile])
    assert "<script>" not in shown
