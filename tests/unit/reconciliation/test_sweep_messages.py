"""What people are told of what a sweep found: which lease, which model, what it costs, and the command that helps."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lifecycle.configuration import Configuration, Schedule
from lifecycle.executions.outcomes import Outcome
from lifecycle.model.budget import Spending
from lifecycle.model.leases import Lease
from lifecycle.notifications.notification import Notification
from lifecycle.reconciliation.sweep_messages import finding_notification
from lifecycle.reconciliation.sweep_rules import Finding
from lifecycle.shared.wire import from_wire, to_wire
from lifecycle.start_model.request import start_request
from lifecycle.stop_model.request import stop_request
from lifecycle.stop_model.result import HoldingLease
from tests.unit.examples import ACCOUNT, ARN, CONFIGURATION, CONFIGURED_ARN, MACHINES, NOW, OTHER_ARN, execution
from tests.unit.notifications.test_start_messages import DASHBOARD_LINK, MODEL_LINK, section
from tests.unit.notifications.test_stop_messages import commands

EARLIER = NOW - timedelta(hours=1)
SHIFT = Lease("shift", EARLIER, NOW + timedelta(minutes=12))
ENDLESS = Lease("production", NOW - timedelta(days=7, hours=3))
BY_HAND = "aws rekognition stop-project-version --region us-east-1 --project-version-arn"


def finding(outcome: Outcome, *held: Lease, status: str = "RUNNING", arn: str = ARN, **more: Any) -> Finding:
    return Finding(outcome, arn, "key", status, held, min_inference_units=2, **more)


EXPIRING = finding(Outcome.LEASE_EXPIRING, SHIFT)
REMINDER = finding(Outcome.LEASE_EXPIRING, ENDLESS)
EXPIRED = finding(Outcome.LEASE_EXPIRED, replace(SHIFT, since=NOW - timedelta(minutes=45), expires_at=NOW))
UNLEASED = finding(Outcome.UNLEASED_MODEL)
DOWN = finding(Outcome.MODEL_DOWN, SHIFT, ENDLESS, status="FAILED")
ALL = [EXPIRING, REMINDER, EXPIRED, UNLEASED, replace(UNLEASED, stopped=True), DOWN, replace(DOWN, restarted=True)]


def compose(found: Finding, configuration: Configuration = CONFIGURATION) -> Notification:
    return finding_notification(found, NOW, configuration, MACHINES)


@pytest.mark.parametrize(
    ("found", "severity", "subject"),
    [
        (EXPIRING, "WARNING", "[WARNING] defects: a lease ends at 2026-11-24 07:12 UTC"),
        (REMINDER, "WARNING", "[WARNING] defects: a lease has held it for 7 days"),
        (EXPIRED, "WARNING", "[WARNING] defects: a lease has expired"),
        (UNLEASED, "WARNING", "[WARNING] defects runs, and no lease holds it"),
        (DOWN, "ERROR", "[ERROR] defects is down, and somebody needs it"),
        (
            replace(UNLEASED, project_version_arn=OTHER_ARN),
            "WARNING",
            "[WARNING] cables/v7 runs, and no lease holds it",
        ),
    ],
)
def test_each_finding_has_its_severity_and_subject(found: Finding, severity: str, subject: str) -> None:
    sent = compose(found)
    assert (sent.outcome, sent.severity, sent.subject) == (found.outcome, severity, subject)
    assert not sent.only_event


@pytest.mark.parametrize("found", ALL)
def test_every_text_says_the_model_what_it_costs_what_to_do_and_where_to_begin(found: Finding) -> None:
    sent = compose(found)
    assert "defects" in sent.text.splitlines()[0]
    units = found.min_inference_units
    runbook = f"  Runbook: the heading {found.outcome} of docs/operations.md\n"
    unit_line = f"  Inference units: {units}\n" * (units is not None)
    assert section(sent, "Details") == f"  Model version: {ARN}\n{unit_line}{runbook}"
    assert section(sent, "What happened")
    assert section(sent, "What to do")
    costs = (
        "Nothing: it does not run. But every call of DetectCustomLabels for it fails."
        if found.status == "FAILED"
        else "About USD 8.00 per hour (2 inference units), used or not, while it is RUNNING."
    )
    assert section(sent, "What it costs") == f"  {costs}\n"
    assert section(sent, "Links") == f"  Dashboard: {DASHBOARD_LINK}\n  Model: {MODEL_LINK}\n"


def test_a_lease_that_ends_soon_comes_with_the_command_that_extends_it() -> None:
    sent = compose(EXPIRING)
    assert sent.headline == (
        "The lease shift on defects ends at 2026-11-24 07:12 UTC, in 12 min. "
        "No other lease holds the model: it is stopped then, unless this one is extended."
    )
    assert section(sent, "What happened") == (
        "  The model is RUNNING.\n  The lease shift: from 2026-11-24 06:00 UTC until 2026-11-24 07:12 UTC.\n"
    )
    extend = {"Model": "defects", "LeaseId": "shift", "LeaseMinutes": 72}
    assert commands(sent) == [(MACHINES.start_model, extend)]


def test_a_lease_that_ends_soon_names_who_else_holds_the_model() -> None:
    others = (HoldingLease("night", False), HoldingLease("batch", True, NOW + timedelta(hours=1)))
    sent = compose(replace(EXPIRING, others=others))
    assert sent.headline.endswith("The model keeps running, since the leases night and batch hold it too.")
    assert section(sent, "What happened").endswith(
        "  It is also held by the lease night until it is released.\n"
        "  It is also held by the lease batch, whose start is under way.\n"
    )


def test_times_are_those_of_the_zones_too_in_which_the_model_has_schedules() -> None:
    schedules = {
        "weekdays": Schedule("defects", "Europe/Berlin", start="0 8 ? * MON-FRI *"),
        "nights": Schedule("defects", "America/New_York", start="0 2 ? * MON-FRI *"),
        "others": Schedule("welds", "Asia/Tokyo", start="0 8 ? * MON-FRI *"),
    }
    sent = compose(EXPIRING, replace(CONFIGURATION, schedules=schedules))
    assert " ends at 2026-11-24 07:12 UTC (02:12 America/New_York, 08:12 Europe/Berlin), in 12 min." in sent.headline
    assert "Tokyo" not in sent.text


@pytest.mark.parametrize(
    ("lease", "minutes"),
    [
        (SHIFT, 72),
        (replace(SHIFT, extended_at=NOW - timedelta(minutes=33)), 45),
        (Lease("shift", NOW, NOW + timedelta(seconds=20)), 1),
    ],
    ids=["as it was taken", "as it was extended last", "a moment"],
)
def test_a_lease_is_extended_by_its_own_minutes(lease: Lease, minutes: int) -> None:
    ((_, payload),) = commands(compose(finding(Outcome.LEASE_EXPIRING, lease)))
    assert payload == {"Model": "defects", "LeaseId": "shift", "LeaseMinutes": minutes}


def test_a_new_lease_has_the_models_own_minutes_where_they_are_configured() -> None:
    ((_, payload),) = commands(compose(replace(UNLEASED, project_version_arn=CONFIGURED_ARN)))
    assert payload == {"Model": "welds", "LeaseId": "my-lease", "LeaseMinutes": 45}
    endless = replace(CONFIGURATION.models["welds"], lease_minutes=0)
    configuration = replace(CONFIGURATION, models={"welds": endless})
    ((_, payload),) = commands(compose(replace(UNLEASED, project_version_arn=CONFIGURED_ARN), configuration))
    assert payload["LeaseMinutes"] == 120  # a lease that somebody is offered has an end


@pytest.mark.parametrize(
    ("found", "fields"),
    [
        (EXPIRING, [{"LeaseId": "shift", "LeaseMinutes": 72}]),
        (REMINDER, [{"LeaseId": "production"}]),
        (DOWN, [{"LeaseId": "shift", "LeaseMinutes": 72}, {"LeaseId": "production", "LeaseMinutes": 0}]),
    ],
    ids=["extend", "release", "take again"],
)
def test_a_model_that_is_not_configured_is_named_by_its_arn_in_commands(
    found: Finding, fields: list[dict[str, object]]
) -> None:
    payloads = [payload for _, payload in commands(compose(replace(found, project_version_arn=OTHER_ARN)))]
    assert payloads == [{"ProjectVersionArn": OTHER_ARN, **more} for more in fields]


def test_the_link_to_the_runbook_is_where_it_is_served() -> None:
    sent = compose(EXPIRING, replace(CONFIGURATION, runbook_url="https://wiki.example.com/operations"))
    assert sent.sections["Links"][-1] == "Runbook: https://wiki.example.com/operations#lease_expiring"


def test_a_lease_without_an_end_comes_with_the_command_that_releases_it() -> None:
    sent = compose(REMINDER)
    assert sent.headline == "The lease production has held defects for 7 days, and has no end: is it still needed?"
    assert commands(sent) == [(MACHINES.stop_model, {"Model": "defects", "LeaseId": "production"})]


@pytest.mark.parametrize(
    ("status", "others", "then"),
    [
        ("RUNNING", (), "No other lease holds the model: it is being stopped."),
        ("RUNNING", (HoldingLease("night", False),), "The model keeps running, since the lease night holds it too."),
        ("STOPPED", (), "The model is STOPPED."),
    ],
)
def test_a_lease_that_has_expired_comes_with_what_follows_and_the_command_that_takes_it_again(
    status: str, others: tuple[HoldingLease, ...], then: str
) -> None:
    sent = compose(replace(EXPIRED, status=status, others=others))
    assert sent.headline == (
        f"The lease shift on defects expired at 2026-11-24 07:00 UTC: nobody released or extended it. {then}"
    )
    assert ("Nothing now: the model is STOPPED." in section(sent, "What it costs")) is (status == "STOPPED")
    assert commands(sent) == [(MACHINES.start_model, {"Model": "defects", "LeaseId": "shift", "LeaseMinutes": 45})]


def test_what_the_service_does_not_say_of_inference_units_is_reckoned_as_one() -> None:
    costs = section(compose(replace(EXPIRED, min_inference_units=None)), "What it costs")
    assert costs.startswith("  About USD 4.00 per hour (1 inference unit)")


def test_a_model_that_nobody_holds_can_be_leased_or_stopped_and_one_that_is_being_stopped_needs_nothing() -> None:
    sent = compose(UNLEASED)
    assert commands(sent) == [(MACHINES.start_model, {"Model": "defects", "LeaseId": "my-lease", "LeaseMinutes": 120})]
    steps = sent.sections["What to do"]
    assert steps[steps.index("If not, stop it:") + 1] == f"{BY_HAND} {ARN}"
    assert "AttributeValue=StartProjectVersion" in steps[-1]
    stopped = compose(replace(UNLEASED, stopped=True))
    assert stopped.headline.endswith(" It is being stopped.")
    assert section(stopped, "What to do") == (
        "  Nothing: it is stopped because 'unleased_models' in cdk.json is 'stop'.\n"
    )


def test_a_model_that_is_down_names_all_its_leases_and_the_commands_that_take_them_again() -> None:
    sent = compose(DOWN)
    assert sent.headline == "defects is down although the leases shift and production hold it: it has FAILED."
    assert section(sent, "What happened") == (
        "  The model is FAILED.\n"
        "  The lease shift: from 2026-11-24 06:00 UTC until 2026-11-24 07:12 UTC.\n"
        "  The lease production: from 2026-11-17 04:00 UTC until it is released.\n"
    )
    assert commands(sent) == [
        (MACHINES.start_model, {"Model": "defects", "LeaseId": "shift", "LeaseMinutes": 72}),
        (MACHINES.start_model, {"Model": "defects", "LeaseId": "production", "LeaseMinutes": 0}),
    ]
    restarted = compose(replace(DOWN, restarted=True))
    assert restarted.headline.endswith(" It is being started again.")
    assert section(restarted, "What to do") == (
        "  Nothing: it is being started again because 'restart_when_down' in cdk.json is true.\n"
    )


@pytest.mark.parametrize(
    ("status", "why", "step"),
    [
        ("FAILED", "it has FAILED, and its status message is: Internal error.", "If it fails again, train the version"),
        ("STOPPED", "it is STOPPED, and this app did not stop it.", "To see who has stopped models lately:"),
    ],
)
def test_a_model_that_is_down_says_why_as_far_as_that_is_known(status: str, why: str, step: str) -> None:
    sent = compose(replace(DOWN, status=status, status_message="Internal error"))
    assert sent.headline.endswith(f": {why}")
    assert step in section(sent, "What to do")
    assert "  The service says: Internal error\n" in section(sent, "What happened")


@pytest.mark.parametrize(
    ("message", "quoted"), [("No. 5 failed.", "No. 5 failed."), ("X" * 101, f"{'X' * 100}.")], ids=["short", "long"]
)
def test_a_status_message_is_quoted_up_to_100_characters_and_has_one_full_stop(message: str, quoted: str) -> None:
    assert compose(replace(DOWN, status_message=message)).headline.endswith(f" and its status message is: {quoted}")


def test_of_many_leases_a_headline_names_three() -> None:
    held = [replace(SHIFT, lease_id=f"line-{number}") for number in range(5)]
    sent = compose(finding(Outcome.MODEL_DOWN, *held, status="FAILED"))
    assert "although the leases line-0, line-1, line-2 and 2 more hold it" in sent.headline


def test_a_model_that_was_deleted_is_not_advised_to_be_started() -> None:
    sent = compose(replace(DOWN, status="NOT_FOUND"))
    assert sent.headline.endswith(": it was deleted.")
    assert commands(sent) == []


def over_budget(*held: Lease, usd: float = 512.4, budget: float = 500, **more: Any) -> Finding:
    spent = Spending(NOW, "2026-11", usd, per_hour=4.0, forecast=600, budget=budget)
    return finding(Outcome.BUDGET_REACHED, *held, spending=spent, **more)


NOT_IGNORED = replace(CONFIGURATION, allow_ignore_budget=False)


def test_who_may_not_ignore_the_budget_is_not_offered_it() -> None:
    for found in (over_budget(SHIFT), over_budget(SHIFT, status="STOPPED")):
        sent = compose(replace(found, outcome=Outcome.MODEL_DOWN) if found.status == "STOPPED" else found, NOT_IGNORED)
        assert "IgnoreBudget" not in sent.text
        assert "ignores the budget" not in sent.text
        assert commands(sent) == []


def test_a_model_that_the_budget_keeps_down_is_needed_only_with_a_larger_budget() -> None:
    sent = compose(replace(over_budget(SHIFT, status="STOPPED"), outcome=Outcome.MODEL_DOWN), NOT_IGNORED)
    assert section(sent, "What to do") == (
        "  If it is needed, raise monthly_budget_usd in cdk.json, and deploy; its leases have ended.\n"
    )


@pytest.mark.parametrize(
    ("held", "lease", "minutes"),
    [((SHIFT, ENDLESS), "shift", 72), ((ENDLESS,), "production", 120), ((), "my-lease", 120)],
    ids=["its own minutes", "no end", "nobody holds it"],
)
def test_over_the_budget_the_first_lease_is_offered_to_go_on(held: tuple[Lease, ...], lease: str, minutes: int) -> None:
    ((_, payload),) = commands(compose(over_budget(*held)))
    assert payload == {"Model": "defects", "LeaseId": lease, "LeaseMinutes": minutes, "IgnoreBudget": True}


@pytest.mark.parametrize(
    ("warning", "usd", "headline"),
    [
        (0, 500, "now, whoever needs it: this month's budget is used up (USD 500.00 of USD 500.00)."),
        (
            15,
            512.4,
            "in about 15 minutes, whoever needs it: this month's budget is used up (USD 512.40 of USD 500.00).",
        ),
        (
            60,
            500 - 4 * 3599 / 3600,  # a second before the hour is full
            "in about 60 minutes, whoever needs it: this month's budget will be used up in 59 min "
            "(USD 496.00 of USD 500.00 so far).",
        ),
    ],
)
def test_over_the_budget_it_is_said_when_the_model_is_stopped_and_why(warning: int, usd: float, headline: str) -> None:
    sent = compose(over_budget(SHIFT, usd=usd), replace(NOT_IGNORED, lease_warning_minutes=warning))
    assert sent.headline == f"defects will be stopped {headline}"


@pytest.mark.parametrize("found", ALL)
def test_the_commands_are_inputs_that_the_state_machines_accept(found: Finding) -> None:
    for machine_arn, payload in commands(compose(found)):
        if machine_arn == MACHINES.start_model:
            assert start_request(payload, execution(), CONFIGURATION).project_version_arn == ARN
        else:
            assert stop_request(payload, execution(), CONFIGURATION).project_version_arn == ARN


# Channels -----------------------------------------------------------------------------------------


@example("x" * 255, ALL[0])
@example("x" * 255, ALL[1])
@given(st.text(alphabet=st.sampled_from("abcXYZ019._-"), min_size=1, max_size=255), st.sampled_from(ALL))
def test_a_subject_is_short_ascii_on_one_line_whatever_the_model_is_called(name: str, found: Finding) -> None:
    sent = compose(replace(found, project_version_arn=f"{ACCOUNT}:project/p/version/{name}/1"))
    assert re.fullmatch(r"[ -~]{1,99}", sent.subject)
    assert not sent.subject.endswith("...")
    shown = name if name.startswith("p") else f"p/{name}"
    assert shown[:40] in sent.subject
    assert shown in sent.text.splitlines()[0]


@pytest.mark.parametrize("found", ALL)
def test_a_finding_has_one_id_however_often_it_is_reported_and_no_other_has_it(found: Finding) -> None:
    later = finding_notification(found, NOW + timedelta(minutes=5), CONFIGURATION, MACHINES)
    assert later.notification_id == compose(found).notification_id
    others = [
        replace(found, key="another"),
        replace(found, project_version_arn=OTHER_ARN),
        replace(
            found,
            outcome=next(
                outcome for outcome in (Outcome.MODEL_DOWN, Outcome.LEASE_EXPIRED) if outcome != found.outcome
            ),
            leases=(SHIFT,),
        ),
    ]
    assert compose(found).notification_id not in {compose(other).notification_id for other in others}


def test_the_event_of_a_finding_has_the_facts_of_the_contract_and_no_execution() -> None:
    sent = compose(replace(DOWN, leases=(replace(SHIFT, extended_at=NOW, warned_at=NOW), ENDLESS)))
    assert sent.detail == {
        "schema_version": "1.0",
        "NotificationId": sent.notification_id,
        "Outcome": "MODEL_DOWN",
        "Severity": "ERROR",
        "ProjectVersionArn": ARN,
        "ProjectName": "boards",
        "VersionName": "v1",
        "Model": "defects",
        "Status": "FAILED",
        "Leases": [
            {
                "LeaseId": "shift",
                "Since": "2026-11-24T06:00:00.000Z",
                "ExpiresAt": "2026-11-24T07:12:00.000Z",
                "WarnedAt": "2026-11-24T07:00:00.000Z",
            },
            {"LeaseId": "production", "Since": "2026-11-17T04:00:00.000Z"},
        ],
    }
    assert "Leases" not in compose(UNLEASED).detail
    assert from_wire(Notification, json.loads(json.dumps(to_wire(sent)))) == sent
