"""Which modules are mutated, and which unit tests are to notice: those that concern the module, the likeliest first."""

from collections.abc import Mapping, Sequence

GROUPS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "decisions": {
        "model.decisions": (
            "model/decisions",
            "start_model/steps",
            "stop_model/steps",
            "notifications/golden",
            "notifications/start_messages",
            "notifications/stop_messages",
        ),
        "model.statuses": (
            "model/decisions",
            "start_model/steps",
            "stop_model/steps",
            "reconciliation/sweep_rules",
            "start_model/leased_starts",
            "notifications/golden",
            "model/version_choice",
        ),
        "model.version_choice": (
            "model/version_choice",
            "start_model/request",
            "stop_model/request",
            "run_with_model/runs",
            "reconciliation/settle",
        ),
        "executions.chosen_version": (
            "model/version_choice",
            "stop_model/steps",
            "start_model/steps",
        ),
    },
    "leases": {
        "model.leases": (
            "model/leases",
            "start_model/steps",
            "stop_model/steps",
            "start_model/leased_starts",
            "reconciliation/sweep_rules",
            "model/bill",
            "page/acts",
            "start_model/budget",
            "reconciliation/budget",
        ),
        "model.usage": (
            "model/bill",
            "model/leases",
        ),
        "model.bill": (
            "model/bill",
            "model/budget",
            "page/view",
            "page/reports",
            "page/inboxes",
            "notifications/golden",
        ),
        "model.idle": ("model/idle",),
        "model.sweep_record": ("model/sweep_record",),
        "reconciliation.sweep_rules": (
            "reconciliation/sweep_rules",
            "reconciliation/budget",
            "reconciliation/sweep",
            "reconciliation/sweep_messages",
        ),
    },
    "budgets": {
        "model.budget": (
            "model/budget",
            "start_model/budget",
            "reconciliation/budget",
        ),
        "start_model.budget": ("start_model/budget",),
    },
    "inboxes": {
        "inbox.decision": (
            "inbox/decision_details",
            "inbox/decision",
            "inbox/ticking",
            "inbox/operating",
        ),
        "inbox.record": (
            "inbox/decision_details",
            "inbox/decision",
            "inbox/ticking",
            "inbox/operating",
        ),
        "inbox.changing": (
            "inbox/operating",
            "inbox/ticking",
        ),
        "inbox.arrivals": (
            "inbox/arrivals",
            "inbox/worker",
            "inbox/backfill",
            "inbox/results",
        ),
        "inbox.results": (
            "inbox/results",
            "inbox/worker",
            "inbox/backfill",
        ),
    },
    "polling": {
        "model.polling": (
            "model/polling",
            "start_model/steps",
            "start_model/leased_starts",
        ),
    },
    "page": {
        "page.freshness": ("page/freshness",),
    },
    "messages": {
        "notifications.notification": (
            "notifications/golden",
            "notifications/start_messages",
            "notifications/stop_messages",
            "reconciliation/sweep_messages",
            "notifications/chat",
            "notifications/inbox_routine",
        ),
        "notifications.execution_messages": (
            "notifications/golden",
            "notifications/start_messages",
            "notifications/stop_messages",
            "run_with_model/runs",
            "model/version_choice",
            "notifications/inbox_routine",
        ),
        "notifications.reasons": (
            "notifications/golden",
            "notifications/start_messages",
            "notifications/stop_messages",
            "run_with_model/runs",
        ),
        "notifications.costs": (
            "notifications/golden",
            "notifications/start_messages",
            "notifications/stop_messages",
        ),
        "notifications.started": (
            "notifications/golden",
            "notifications/start_messages",
            "notifications/stop_messages",
            "model/version_choice",
        ),
        "notifications.start_failed": (
            "notifications/golden",
            "notifications/start_messages",
        ),
        "notifications.stopped": (
            "notifications/golden",
            "notifications/stop_messages",
            "reconciliation/sweep_messages",
        ),
        "notifications.stop_failed": (
            "notifications/golden",
            "notifications/stop_messages",
        ),
        "notifications.aborted": (
            "notifications/golden",
            "notifications/stop_messages",
            "run_with_model/runs",
        ),
        "reconciliation.sweep_messages": (
            "notifications/golden",
            "reconciliation/sweep_messages",
            "reconciliation/budget",
        ),
        "notifications.workload_failed": (
            "notifications/golden",
            "run_with_model/runs",
            "notifications/stop_messages",
        ),
        "notifications.chat": (
            "notifications/chat",
            "notifications/golden",
        ),
    },
    "schedules": {
        "schedules.cron": (
            "schedules/cron",
            "schedules/cron_mistakes",
            "../infra/schedule_checks",
            "../infra/next_occurrences",
            "../infra/scheduler_crons",
            "schedules/ticks",
            "schedules/usual_week",
            "page/acts",
            "page/view",
        ),
        "schedules.windows": (
            "schedules/windows",
            "schedules/ticks",
            "schedules/usual_week",
            "../infra/next_occurrences",
        ),
        "schedules.usual_week": (
            "schedules/usual_week",
            "../infra/next_occurrences",
        ),
        "schedules.ticks": (
            "schedules/ticks",
            "../infra/scheduler_crons",
        ),
        "schedules.outlook": (
            "schedules/outlook",
            "../infra/next_occurrences",
            "page/reports",
            "../infra/schedule_checks",
        ),
    },
    "requests": {
        "executions.names": (
            "executions/names",
            "run_with_model/runs",
            "reconciliation/sweep",
        ),
        "executions.client_tokens": (
            "executions/client_tokens",
            "start_model/steps",
            "stop_model/steps",
            "run_with_model/runs",
            "reconciliation/settle",
            "model/version_choice",
        ),
        "executions.requests": (
            "start_model/request",
            "stop_model/request",
            "executions/wrong_inputs",
            "run_with_model/runs",
            "model/version_choice",
            "executions/names",
        ),
        "start_model.request": (
            "start_model/request",
            "executions/wrong_inputs",
            "start_model/extensions",
            "start_model/budget",
            "start_model/steps",
            "run_with_model/runs",
        ),
        "stop_model.request": (
            "stop_model/request",
            "start_model/request",
        ),
        "run_with_model.request": ("run_with_model/runs",),
        "run_with_model.workload": (
            "run_with_model/runs",
            "executions/wrong_inputs",
        ),
        "shared.json_schema": (
            "shared/json_schema",
            "executions/wrong_inputs",
            "shared/mistaken",
            "start_model/request",
            "stop_model/request",
            "run_with_model/runs",
            "detect_batch/request",
        ),
    },
    "mistakes": {
        "shared.suggestions": (
            "shared/suggestions",
            "shared/json_schema",
            "../infra/mistakes",
            "executions/wrong_inputs",
            "start_model/request",
        ),
        "shared.mistaken": (
            "shared/mistaken",
            "../infra/mistakes",
            "shared/json_schema",
        ),
        "shared.known_mistakes": (
            "shared/mistaken",
            "../infra/mistakes",
        ),
    },
}
"""Groups of modules of functions/lifecycle, and for each its test files, seen from tests/unit, without ``test_``."""

MODULES: Mapping[str, Sequence[str]] = {
    module: tests for modules in GROUPS.values() for module, tests in modules.items()
}
