"""Every text that people are sent, word for word, in ``golden`` beside this file: read them before you change them.

Renew them, after a change of the words, with ``RENEW_GOLDEN=1 .venv/bin/pytest
tests/unit/notifications/test_golden.py -n 0``, and read what ``git diff`` says of them then, as an operator would at 8
in the morning.
"""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from lifecycle.configuration import Configuration, Inbox, OverBudget, Schedule, Unleased
from lifecycle.errors import (
    CONTRACT,
    AccessDenied,
    InvalidRequest,
    LifecycleError,
    ModelNotFound,
    ServiceUnavailable,
)
from lifecycle.executions.outcomes import SILENT, STARTED_BY_SWEEP, Failure, Outcome
from lifecycle.executions.state_machines import Machine
from lifecycle.inbox.decision import OVER_BUDGET, Report, ReportKind
from lifecycle.model import leases
from lifecycle.model.bill import Session
from lifecycle.model.budget import Spending
from lifecycle.model.decisions import Refusal
from lifecycle.model.leases import Lease, ModelItem, PendingLease
from lifecycle.model.usage import Running
from lifecycle.model.version import ModelVersion
from lifecycle.notifications.chat import chat_message
from lifecycle.notifications.execution_end import Abortion, Ending
from lifecycle.notifications.execution_messages import ending_notification
from lifecycle.notifications.inbox_messages import inbox_notification
from lifecycle.notifications.links import Telemetry
from lifecycle.notifications.notification import Notification
from lifecycle.reconciliation.sweep_messages import finding_notification
from lifecycle.reconciliation.sweep_rules import REMINDER, sweep_model
from lifecycle.run_with_model.request import run_request
from tests.unit.examples import (
    ARN,
    CONFIGURATION,
    CONFIGURED_ARN,
    MACHINES,
    NOW,
    OTHER_ARN,
    PROJECT,
    RUN,
    RUNS_WORKLOADS,
    configured,
    execution,
    request,
    run,
    stop,
)
from tests.unit.twins import NEVER, Ledger, Lost, Models, StopStory, Story

GOLDEN = Path(__file__).parent / "golden"
"""Mails; chat messages and events are below, a sample of them, and all of them are held against their schemas."""
TELEMETRY = Telemetry(NOW + timedelta(minutes=12), "CustomLabelsLifecycle-Logs", "1-69251e80-0123456789abcdef01234567")
IN_FULL = (
    *("MODEL_STARTED", "MODEL_KEPT_RUNNING", "START_FAILED-ModelFailed", "STOP_TIMED_OUT", "MODEL_DOWN"),
    "INBOX_BLOCKED",
)
"""Cases of which the chat message and the event are there too."""
SCHEMAS = Path(__file__).parents[3] / "statemachine" / "schemas"
is_event, is_chat_message = (
    fastjsonschema.compile(json.loads(path.read_text("utf-8")))
    for path in (SCHEMAS / "notification.event.schema.json", SCHEMAS / "notification.chat.schema.json")
)
EARLIER = NOW - timedelta(hours=1)
DAY = timedelta(days=1)
SHIFT, NIGHT = Lease("shift-2", EARLIER, NOW + timedelta(hours=1)), Lease("production", EARLIER)
BATCH = PendingLease("batch", execution("batch").id, NOW + timedelta(minutes=40))
RUNS = Running(EARLIER, 1)
SOON = [(0, "STARTING"), (664, "RUNNING")]
DENIED = AccessDenied(
    "StopProjectVersion answered AccessDeniedException: not authorized to perform rekognition:StopProjectVersion",
    project_version_arn=ARN,
)
THROTTLED = "StartProjectVersion answered ThrottlingException: Rate exceeded"
NO_SUCH_MODEL = ModelNotFound("There is no such model version.", project_version_arn=ARN)
SCHEDULED = configured(
    schedules={"weekdays": Schedule("welds", "Europe/Berlin", start="0 8 ? * MON-FRI *")},
    monthly_budget_usd=500,
    over_budget=OverBudget.STOP,
)
LIMITED = [ModelVersion(OTHER_ARN, "RUNNING", None, 3)]


def ended(story: Story, *, prepared: bool = True, **payload: Any) -> Ending:
    """How an execution ends, as the state machine tells Notify."""
    stops = isinstance(story, StopStory)
    machine = Machine.STOP_MODEL if stops else Machine.START_MODEL
    fields = {name: value for name, value in payload.items() if name != "Model"}
    asked = (stop(**fields) if stops else request(**fields)) if prepared else None
    bare = Ending(machine, story.execution, request=asked)
    try:
        return replace(bare, result=story.run({"Model": "defects", **payload}))
    except LifecycleError as error:
        known = next(known for known in CONTRACT if isinstance(error, known))
        return replace(bare, progress=story.progress, failure=Failure(known.__name__, str(error)))


def start(models: Models, item: dict[str, Any] | None = None, **payload: Any) -> Ending:
    story = Story(models)
    story.items.change(lambda found: replace(found, **item or {}))
    return ended(story, **payload)


def on_a_budget(models: Models, hours: float = 128.1, **payload: Any) -> Ending:
    """This month's models have run for so long."""
    spent = Session(OTHER_ARN, NOW - timedelta(hours=hours), NOW, 1, 4.0)
    return ended(Story(models, configuration=SCHEDULED, ledger=Ledger([spent])), **payload)


def spent(usd: float, per_hour: float = 4.0) -> Spending:
    return Spending(NOW, "2026-11", usd, per_hour, forecast=659.98, budget=500)


def stopped(models: Models, item: dict[str, Any] | None = None, **payload: Any) -> Ending:
    story = StopStory(models)
    story.items.change(lambda found: replace(found, **{"managed": True, "running": RUNS, **(item or {})}))
    return ended(story, **payload)


def released_meanwhile() -> Ending:
    story = Story(Models(once_started=SOON))

    def release() -> None:
        if story.clock.seconds == 90:
            story.items.change(lambda found: leases.release(found, "shift-2", story.clock.now))

    story.before_check = release
    return ended(story, LeaseId="shift-2")


def aborted(machine: Machine, status: str | None, *, held: bool = False, by: str = "ABORTED") -> Ending:
    why = "Wrong model" if by == "ABORTED" else None
    starts = machine is Machine.START_MODEL
    return Ending(
        machine,
        execution() if starts else execution("evening", machine="StopModel"),
        request=request() if starts else stop(LeaseId="shift-2"),
        abortion=Abortion(by, why, status, held),
    )


def run_that(failure: Failure | None) -> Ending:
    return Ending(Machine.RUN_WITH_MODEL, RUN, request=run(), failure=failure)


def warned(*warnings: str) -> Ending:
    return replace(run_that(None), succeeded=True, workload_warnings=warnings)


def run_that_was_refused() -> Ending:
    with pytest.raises(InvalidRequest) as refused:
        run_request({"Model": "defects", "Workload": {"StateMachineArn": "x"}}, RUN, RUNS_WORKLOADS)
    return Ending(Machine.RUN_WITH_MODEL, RUN, failure=Failure("InvalidRequest", str(refused.value)))


def running(**more: Any) -> Models:
    return Models(script=[(0, "RUNNING")], **more)


ENDINGS: dict[str, Callable[[], Ending]] = {
    "MODEL_STARTED": lambda: start(Models(once_started=SOON)),
    "MODEL_STARTED-until-released": lambda: start(
        Models(once_started=SOON), LeaseId="production", LeaseMinutes=0, MinInferenceUnits=2, MaxInferenceUnits=5
    ),
    "MODEL_STARTED-by-the-sweep": lambda: start(
        Models(once_started=SOON), LeaseId="shift-2", Context={STARTED_BY_SWEEP: "The model was down under this lease."}
    ),
    "MODEL_STARTED-by-a-schedule": lambda: start(
        Models(once_started=SOON),
        LeaseId="schedule/weekdays",
        Context={"Schedule": "weekdays", "ScheduledTime": "2026-11-24T07:00:00.000Z"},
    ),
    "MODEL_ALREADY_RUNNING": lambda: start(running(), LeaseId="shift-2"),
    "MODEL_ALREADY_RUNNING-by-the-dashboard": lambda: start(
        running(),
        LeaseId="dashboard",
        LeaseMinutes=30,
        Context={"AskedOn": "the dashboard", "PageMadeAt": "2026-11-24T06:58:00.000Z"},
    ),
    "MODEL_ALREADY_RUNNING-started-by-others": lambda: start(Models(script=[(0, "STARTING"), (90, "RUNNING")])),
    "MODEL_ALREADY_RUNNING-extended": lambda: start(running(), {"leases": (SHIFT,)}, LeaseId="shift-2"),
    "MODEL_ALREADY_RUNNING-other-units": lambda: start(running(runs_with=(2, None)), LeaseId="shift-2"),
    "MODEL_ALREADY_RUNNING-over-budget": lambda: on_a_budget(running(), LeaseId="shift-2"),
    "MODEL_STARTED-ignoring-the-budget": lambda: on_a_budget(
        Models(once_started=SOON), LeaseId="shift-2", IgnoreBudget=True
    ),
    "START_FAILED-BudgetExceeded": lambda: on_a_budget(Models(), LeaseId="shift-2", LeaseMinutes=480),
    "START_FAILED-AccessDenied": lambda: start(Models(answers=[replace_service(DENIED)])),
    "START_FAILED-CapacityExceeded": lambda: start(
        Models(answers=[Refusal.NO_CAPACITY], others=LIMITED, quota_free_at=NEVER)
    ),
    "START_FAILED-CapacityExceeded-alone": lambda: start(
        Models(answers=[Refusal.NO_CAPACITY], quota_free_at=NEVER), MinInferenceUnits=9
    ),
    "START_FAILED-InvalidRequest": lambda: ended(
        Story(Models()), prepared=False, Model="nails", MinInferenceUnits=0, leaseId="x"
    ),
    "START_FAILED-ModelFailed": lambda: start(
        Models(once_started=[(0, "STARTING"), (90, "FAILED")], status_message="Internal error")
    ),
    "START_FAILED-ModelNotFound": lambda: Ending(
        Machine.START_MODEL, execution(), request=request(), failure=Failure("ModelNotFound", str(NO_SUCH_MODEL))
    ),
    "START_FAILED-ModelNotStartable": lambda: start(
        Models(script=[(0, "TRAINING_FAILED")], status_message="The manifest file has too many errors.")
    ),
    "START_FAILED-ModelStopped": lambda: start(Models(once_started=[(0, "STARTING"), (90, "STOPPED")])),
    "START_FAILED-released": released_meanwhile,
    "START_FAILED-ServiceUnavailable": lambda: start(Models(answers=[ServiceUnavailable(THROTTLED)] * 99)),
    "START_FAILED-ServiceUnavailable-unclear": lambda: start(Models(answers=[Lost(made=False)] * 99)),
    "START_FAILED-without-a-cause": lambda: Ending(
        Machine.START_MODEL, execution(), request=request(), failure=Failure("Lambda.Unknown", "")
    ),
    "START_FAILED-unknown-status": lambda: start(Models(script=[(0, "HIBERNATING")])),
    "START_TIMED_OUT": lambda: start(Models(once_started=[(0, "STARTING")])),
    "START_TIMED_OUT-no-capacity": lambda: start(
        Models(answers=[Refusal.NO_CAPACITY] * 999, others=LIMITED, quota_free_at=NEVER), WaitForCapacity=True
    ),
    "MODEL_STOPPED": lambda: stopped(running(), {"leases": (SHIFT,)}, LeaseId="shift-2"),
    "MODEL_STOPPED-by-force": lambda: stopped(running(), {"leases": (SHIFT, NIGHT)}, Force=True),
    "MODEL_STOPPED-with-a-warning": lambda: stopped(running(), PollSeconds=1, TimeoutSeconds=86_400),
    "MODEL_STOPPED-by-the-sweep": lambda: stopped(running(), Context={STARTED_BY_SWEEP: "No lease holds it any more."}),
    "MODEL_STOPPED-by-the-budget": lambda: stopped(
        running(),
        {"leases": (SHIFT, NIGHT)},
        Force=True,
        Context={STARTED_BY_SWEEP: "This month's budget is used up (USD 512.40 of USD 500.00)."},
    ),
    "MODEL_ALREADY_STOPPED": lambda: stopped(Models(), {"leases": (SHIFT,)}, LeaseId="shift-2"),
    "MODEL_ALREADY_STOPPED-unknown-lease": lambda: stopped(Models(), LeaseId="shift-2"),
    "MODEL_ALREADY_STOPPED-gone": lambda: stopped(Models(script=[(0, "NOT_FOUND")])),
    "MODEL_KEPT_RUNNING": lambda: stopped(
        running(), {"leases": (SHIFT, NIGHT), "pending": (BATCH,)}, LeaseId="shift-2"
    ),
    "MODEL_KEPT_RUNNING-unknown-lease": lambda: stopped(running(), {"leases": (NIGHT,)}, LeaseId="shift-2"),
    "MODEL_KEPT_RUNNING-not-running-yet": lambda: stopped(Models(), {"pending": (BATCH,), "running": None}),
    "STOP_FAILED-AccessDenied": lambda: stopped(running(answers=[DENIED])),
    "STOP_FAILED-InvalidRequest": lambda: ended(StopStory(Models()), prepared=False, Forced=True),
    "STOP_FAILED-unknown-status": lambda: stopped(Models(script=[(0, "HIBERNATING")])),
    "STOP_TIMED_OUT": lambda: stopped(running(once_stopped=[(0, "RUNNING")])),
    "STOP_TIMED_OUT-of-a-known-project": lambda: replace(
        stopped(running(once_stopped=[(0, "RUNNING")])), request=replace(stop(), project_arn=PROJECT)
    ),
    "STOP_TIMED_OUT-STARTING": lambda: stopped(Models(script=[(0, "STARTING")])),
    "STOP_TIMED_OUT-STOPPING": lambda: stopped(Models(script=[(0, "STOPPING")])),
    "EXECUTION_ABORTED-start": lambda: aborted(Machine.START_MODEL, "STARTING"),
    "EXECUTION_ABORTED-start-held": lambda: aborted(Machine.START_MODEL, "RUNNING", held=True),
    "EXECUTION_ABORTED-start-stopped": lambda: aborted(Machine.START_MODEL, "STOPPED"),
    "EXECUTION_ABORTED-start-unprepared": lambda: replace(aborted(Machine.START_MODEL, None), request=None),
    "EXECUTION_ABORTED-start-timed-out": lambda: aborted(Machine.START_MODEL, None, by="TIMED_OUT"),
    "EXECUTION_ABORTED-stop-unseen": lambda: aborted(Machine.STOP_MODEL, None),
    "EXECUTION_ABORTED-stop": lambda: aborted(Machine.STOP_MODEL, "RUNNING"),
    "EXECUTION_ABORTED-stop-held": lambda: aborted(Machine.STOP_MODEL, "RUNNING", held=True),
    "EXECUTION_ABORTED-run": lambda: replace(
        run_that(None), abortion=Abortion("ABORTED", "Not needed today", "RUNNING", held=False)
    ),
    "WORKLOAD_SUCCEEDED": lambda: warned("There is no image under s3://factory-images/line-9/."),
    "WORKLOAD_SUCCEEDED-with-warnings": lambda: warned("Line 1 was not lit.", "Line 2 was not lit."),
    "WORKLOAD_FAILED": lambda: run_that(Failure("BeltJammed", "The belt of line 1 is jammed.")),
    "WORKLOAD_FAILED-with-a-remedy": lambda: run_that(
        Failure("TooManyFailures", str(AccessDenied("9 of 20 images failed.", remedy="Mend or remove these images.")))
    ),
    "WORKLOAD_FAILED-InvalidRequest": run_that_was_refused,
}

FINDINGS: dict[str, tuple[str, Configuration, ModelItem]] = {
    "LEASE_EXPIRING": (
        "RUNNING",
        CONFIGURATION,
        ModelItem(ARN, leases=(replace(SHIFT, expires_at=NOW + timedelta(minutes=12)),), managed=True),
    ),
    "LEASE_EXPIRING-held-by-others": (
        "RUNNING",
        CONFIGURATION,
        ModelItem(
            CONFIGURED_ARN,
            leases=(replace(SHIFT, expires_at=NOW + timedelta(minutes=12)), NIGHT),
            pending=(BATCH,),
            managed=True,
        ),
    ),
    "LEASE_EXPIRING-endless": (
        "RUNNING",
        CONFIGURATION,
        ModelItem(ARN, leases=(replace(NIGHT, since=NOW - REMINDER),), managed=True),
    ),
    "LEASE_EXPIRED": ("RUNNING", CONFIGURATION, ModelItem(ARN, leases=(replace(SHIFT, expires_at=NOW),), managed=True)),
    "LEASE_EXPIRED-held-by-others": (
        "RUNNING",
        CONFIGURATION,
        ModelItem(ARN, leases=(replace(SHIFT, expires_at=NOW), NIGHT), managed=True),
    ),
    "LEASE_EXPIRED-not-running": (
        "STOPPED",
        CONFIGURATION,
        ModelItem(OTHER_ARN, leases=(replace(SHIFT, expires_at=NOW),), managed=True),
    ),
    "UNLEASED_MODEL": ("RUNNING", CONFIGURATION, ModelItem(OTHER_ARN)),
    "UNLEASED_MODEL-stopped": ("RUNNING", configured(unleased_models=Unleased.STOP), ModelItem(ARN)),
    "MODEL_DOWN": ("FAILED", CONFIGURATION, ModelItem(ARN, leases=(SHIFT, NIGHT), managed=True)),
    "MODEL_DOWN-stopped": (
        "STOPPED",
        CONFIGURATION,
        ModelItem(ARN, leases=(replace(SHIFT, extended_at=NOW - timedelta(minutes=5), since=NOW - DAY),), managed=True),
    ),
    "MODEL_DOWN-deleted": ("NOT_FOUND", CONFIGURATION, ModelItem(ARN, leases=(SHIFT,), managed=True)),
    "MODEL_DOWN-restarted": (
        "STOPPED",
        configured(restart_when_down=True),
        ModelItem(ARN, leases=(NIGHT,), managed=True),
    ),
    "MODEL_DOWN-over-budget": (
        "STOPPED",
        replace(SCHEDULED, restart_when_down=True),
        ModelItem(ARN, leases=(SHIFT,), managed=True),
    ),
    "BUDGET_REACHED": ("RUNNING", SCHEDULED, ModelItem(ARN, leases=(SHIFT, NIGHT), pending=(BATCH,), managed=True)),
    "BUDGET_REACHED-inbox": (
        "RUNNING",
        replace(SCHEDULED, inboxes={"line-1": Inbox("defects", "s3://factory-images/a/", "s3://factory-results/a/")}),
        ModelItem(ARN, leases=(NIGHT,), managed=True),
    ),
    "BUDGET_REACHED-already": ("STARTING", SCHEDULED, ModelItem(ARN, pending=(BATCH,), managed=True)),
}
SPENT = {
    "MODEL_DOWN-over-budget": spent(512.4, per_hour=0),
    "BUDGET_REACHED": spent(499.2),
    "BUDGET_REACHED-inbox": spent(499.2),
    "BUDGET_REACHED-already": spent(512.4, per_hour=8),
}
"""What this month has cost, in the findings that go by it."""


INBOXES = configured(
    models={**CONFIGURATION.models, "welds": CONFIGURATION.model("welds")},
    inboxes={"line-1": Inbox("welds", "s3://factory-images/line-1/", "s3://factory-results/line-1/")},
)
DEAD = Report(ReportKind.FAILURES, "line-1#dead#9", "", images=0, since=None, dead=1, next_try=None, paused=False)
BLOCKED = Report(
    ReportKind.BLOCKED,
    "line-1#blocked#7",
    "defects could not be started: other models use up the account's quota (packaging: RUNNING, 3 units).",
    images=312,
    since=EARLIER,
    dead=0,
    next_try=NOW + timedelta(minutes=5),
    paused=False,
)
REPORTS: dict[str, Report] = {
    "INBOX_BLOCKED": BLOCKED,
    "INBOX_BLOCKED-aged": replace(
        BLOCKED,
        why="1 image waits. Paused by a stop by force, until somebody resumes.",
        images=1,
        since=NOW - timedelta(days=10),
        dead=2,
        next_try=None,
        paused=True,
    ),
    "INBOX_BLOCKED-uncounted": replace(BLOCKED, why=OVER_BUDGET, images=None, since=None, next_try=None),
    "INBOX_FAILURES": replace(DEAD, dead=3),
    "INBOX_FAILURES-one": replace(DEAD, dead=1),
}


def replace_service(error: LifecycleError) -> LifecycleError:
    """The same of a start."""
    return AccessDenied(error.message.replace("Stop", "Start"), project_version_arn=ARN)


def notification_of(name: str, runbook_url: str | None = None) -> Notification:
    """The notification of a case."""
    configuration = replace(SCHEDULED, runbook_url=runbook_url)
    if name in ENDINGS:
        return ending_notification(ENDINGS[name](), configuration, MACHINES, TELEMETRY)
    if name in REPORTS:
        inboxes = replace(INBOXES, runbook_url=runbook_url)
        return inbox_notification("line-1", REPORTS[name], NOW, inboxes, MACHINES)
    status, swept_by, item = FINDINGS[name]
    spending = SPENT.get(name)
    (finding,) = sweep_model(item, status, NOW, swept_by, ended=(), claim_over=False, spending=spending).findings
    says = "Internal error" if status == "FAILED" else None
    seen = replace(finding, min_inference_units=1, status_message=says)
    return finding_notification(seen, NOW, replace(configuration, inboxes=swept_by.inboxes), MACHINES)


CASES = [*ENDINGS, *FINDINGS, *REPORTS]


@pytest.mark.parametrize("name", CASES)
def test_people_are_notified_in_these_words(name: str) -> None:
    notification = notification_of(name)
    assert notification.outcome == name.partition("-")[0]
    assert kept(f"{name}.txt", text := f"{notification.subject}\n\n{notification.text}") == text


def kept(name: str, text: str) -> str:
    """What the golden file says, renewed first where that is asked for."""
    golden = GOLDEN / name
    if os.environ.get("RENEW_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    return golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", IN_FULL)
def test_chat_and_pipelines_get_this(name: str) -> None:
    notification = notification_of(name)
    for kind, document in (("chat", chat_message(notification)), ("events", notification.detail)):
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        assert kept(f"{kind}/{name}.json", text) == text


@pytest.mark.parametrize("name", CASES)
def test_every_chat_message_and_every_event_is_valid_by_its_schema(name: str) -> None:
    notification = notification_of(name)
    is_event(json.loads(json.dumps(notification.detail)))
    is_chat_message(chat_message(notification))


def test_every_outcome_that_is_reported_has_its_words_and_no_text_is_left_over() -> None:
    assert {name.partition("-")[0] for name in CASES} == set(Outcome) - SILENT
    assert {golden.stem for golden in GOLDEN.glob("*.txt")} == set(CASES)
    assert {golden.stem for golden in GOLDEN.glob("*/*")} == set(IN_FULL)
