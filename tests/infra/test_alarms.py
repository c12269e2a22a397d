"""Who is alarmed, of what, and from when on."""

import math
import re
from collections.abc import Iterator
from typing import Any

import pytest

from lifecycle.observability.metrics import METRICS
from tests.conftest import SETTINGS
from tests.infra.configurations import ROOT
from tools.templates import STACK, Template

EVERY = {"minimal": 5, "stack": 1, "hundred": 60}
"""Minutes between sweeps: the default, the least and the most."""
ONCE = {"EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 1}
QUIET = {"TreatMissingData": "notBreaching"}
OF_EACH_MODEL, OF_INBOXES = "UnaccountedRuns", "Inbox"


@pytest.fixture(params=EVERY)
def configured(request: pytest.FixtureRequest) -> tuple[Template, int]:
    """A template, and its sweep_minutes."""
    return request.getfixturevalue(request.param), EVERY[request.param]


def alarms_of(template: Template) -> dict[str, dict[str, Any]]:
    """By the alarm's name without the stack's."""
    alarms = template.of_type("AWS::CloudWatch::Alarm").values()
    return {alarm["AlarmName"].removeprefix(f"{STACK}-"): alarm for alarm in alarms}


def watched(alarm: dict[str, Any]) -> dict[str, Any]:
    """What an alarm compares, without its words and whom it tells."""
    said = {"AlarmName", "AlarmDescription", "AlarmActions", "OKActions", "Tags"}
    return {key: value for key, value in alarm.items() if key not in said}


def own(name: str, statistic: str, minutes: int) -> dict[str, Any]:
    return {"Namespace": STACK, "MetricName": name, "Statistic": statistic, "Period": 60 * minutes}


def waiting(queue: str) -> dict[str, Any]:
    return {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": f"${{{queue}.QueueName}}"}],
        "Statistic": "Maximum",
        "Period": 300,
    }


def failed(topic: str) -> dict[str, Any]:
    return {
        "Namespace": "AWS/SNS",
        "MetricName": "NumberOfNotificationsFailed",
        "Dimensions": [{"Name": "TopicName", "Value": f"${{{topic}.TopicName}}"}],
        "Statistic": "Sum",
        "Period": 300,
    }


def test_the_alarms_are_these(configured: tuple[Template, int]) -> None:
    template, minutes = configured
    swept = max(5, minutes)
    sweep = {
        "Namespace": "AWS/Lambda",
        "Dimensions": [{"Name": "FunctionName", "Value": "${ReconciliationSweepFunction}"}],
        "Statistic": "Sum",
        "Period": 60 * minutes,
        "EvaluationPeriods": 3,
        "Threshold": 1,
    }
    found = {name: watched(alarm) for name, alarm in alarms_of(template).items()}
    found.pop("MonthlyCostOverBudget", None)
    has_chat = "NotificationsChatTopic" in template.of_type("AWS::SNS::Topic")
    chat = {"NotificationsFailed-chat": {**failed("NotificationsChatTopic"), **ONCE, **QUIET}} if has_chat else {}
    apart = (OF_EACH_MODEL, OF_INBOXES)
    assert {name: alarm for name, alarm in found.items() if not name.startswith(apart)} == {
        "StartFailed": {**own("FailedStarts", "Sum", 5), **ONCE, **QUIET},
        "StopFailed": {**own("FailedStops", "Sum", 5), **ONCE, **QUIET},
        "ThrottlingSustained": {
            **own("Throttled", "Sum", 5),
            **ONCE,
            **QUIET,
            "Threshold": 3,
            "EvaluationPeriods": 3,
        },
        # Lambda reports nothing of a function that is not called: nothing is an alarm.
        "SweepMissing": {
            "MetricName": "Invocations",
            "ComparisonOperator": "LessThanThreshold",
            "TreatMissingData": "breaching",
            **sweep,
        },
        "SweepFailing": {"MetricName": "Errors", **ONCE, **QUIET, **sweep},
        "ModelWithoutLease": {**own("UnleasedModels", "Maximum", swept), **ONCE, **QUIET, "EvaluationPeriods": 3},
        "CallsLost": {**waiting("ReconciliationLostCalls"), **ONCE, **QUIET},
        "NotificationsUndelivered": {**waiting("NotificationsUndelivered"), **ONCE, **QUIET},
        "NotificationsFailed": {**failed("NotificationsTopic"), **ONCE, **QUIET},
        **chat,
    }


def test_inboxes_have_alarms_of_their_own_and_only_where_there_are_any(stack: Template, minimal: Template) -> None:
    assert not [name for name in alarms_of(minimal) if name.startswith(OF_INBOXES)]
    found = {name: watched(alarm) for name, alarm in alarms_of(stack).items() if name.startswith(OF_INBOXES)}
    waits = found.pop("InboxWaiting-line-1")
    tick = {
        "Namespace": "AWS/Lambda",
        "Dimensions": [{"Name": "FunctionName", "Value": "${InboxesTickFunction}"}],
        "Statistic": "Sum",
        "Period": 300,
    }
    missing = {"ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching"}
    assert found == {
        "InboxTickMissing": {"MetricName": "Invocations", **ONCE, **tick, **missing},
        "InboxTickFailing": {"MetricName": "Errors", **ONCE, **QUIET, **tick, "EvaluationPeriods": 3},
        "InboxFailures-line-1": {**waiting("InboxesInboxline1Dead"), **ONCE, **QUIET},
        "InboxEventsUndelivered-line-1": {**waiting("InboxesInboxline1Undelivered"), **ONCE, **QUIET},
    }
    age, done = waits["Metrics"][1:]
    assert [one["MetricStat"]["Metric"]["MetricName"] for one in (age, done)] == [
        "ApproximateAgeOfOldestMessage",
        "NumberOfMessagesDeleted",
    ]
    assert {one["MetricStat"]["Metric"]["Dimensions"][0]["Value"] for one in (age, done)} == {
        "${InboxesInboxline1Images.QueueName}"
    }


@pytest.mark.parametrize(
    ("age", "labelled", "goes_off"),
    [
        (5_401, 0, True),  # it waits, and nothing goes on
        (5_401, None, True),  # SQS reports nothing that was deleted
        (5_400, 0, False),  # half an hour until the start, an hour for it
        (90_000, 1, False),  # a long queue takes its time
    ],
)
def test_images_that_wait_are_an_alarm_once_a_start_does_not_explain_it_and_none_is_labelled(
    stack: Template, age: int, labelled: int | None, *, goes_off: bool
) -> None:
    alarm = alarms_of(stack)["InboxWaiting-line-1"]
    (expression,) = (one["Expression"] for one in alarm["Metrics"] if "Expression" in one)
    known = {
        "FILL": lambda value, instead: instead if value is None else value,
        "IF": lambda condition, then, other: then if condition else other,
    }
    value = eval(expression, {**known, "age": age, "labelled": labelled})  # noqa: S307 - our own expression
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert (value > alarm["Threshold"]) is goes_off


def test_an_alarm_on_the_month_is_there_where_a_budget_is(stack: Template, minimal: Template) -> None:
    assert "MonthlyCostOverBudget" not in alarms_of(minimal)
    alarm = alarms_of(stack)["MonthlyCostOverBudget"]
    assert watched(alarm) == {
        **own("MonthToDateCost", "Maximum", 5),
        **ONCE,
        "Threshold": 500,
        "TreatMissingData": "ignore",  # else it would be over while nobody measures
    }
    assert "USD 500.00" in alarm["AlarmDescription"]


# --- The guard's guard ------------------------------------------------------------------------------------------------


def test_each_model_with_a_known_version_is_compared_with_the_services_own_count(stack: Template) -> None:
    """Dimensions: Rekognition Developer Guide, "CloudWatch metrics for Rekognition"."""
    guards = {name: alarm for name, alarm in alarms_of(stack).items() if name.startswith(OF_EACH_MODEL)}
    assert guards.keys() == {f"{OF_EACH_MODEL}-defects", f"{OF_EACH_MODEL}-logos"}  # of "welds" it is the newest
    difference, in_service, leased = guards["UnaccountedRuns-logos"]["Metrics"]
    assert (difference["Expression"], difference.get("ReturnData", True)) == (
        "FILL(in_service, 0) - FILL(leased, 0)",
        True,
    )
    assert in_service == {
        "Id": "in_service",
        "ReturnData": False,
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Rekognition",
                "MetricName": "InServiceInferenceUnits",
                "Dimensions": [{"Name": "ProjectName", "Value": "brands"}, {"Name": "VersionName", "Value": "v2"}],
            },
            "Period": 300,
            "Stat": "Maximum",
        },
    }
    assert leased["MetricStat"]["Metric"] == {
        "Namespace": STACK,
        "MetricName": "LeasedUnits",
        "Dimensions": [{"Name": "Model", "Value": "logos"}],
    }


@pytest.mark.parametrize(
    ("in_service", "leased", "goes_off"),
    [
        ([0, 0, 0], [0, 0, 0], False),  # stopped
        ([1, 1, 1], [1, 1, 1], False),  # leased
        ([1, 1, 1], [0, 0, 0], True),  # runs, and no lease is known
        ([2, 2, 2], [1, 1, 1], True),  # somebody started it with more
        ([1, 1, 1], [5, 5, 5], False),  # scales: as many as five may be in service
        ([1, 1, 0], [0, 0, 0], False),  # is being stopped
        ([None, None, None], [0, 0, 0], False),  # the service reports nothing of a model that is stopped
        ([1, 1, 1], [None, None, None], True),  # nothing of ours, because the sweep is dead
    ],
)
def test_the_comparison_goes_off_where_more_is_in_service_than_is_leased(
    stack: Template, in_service: list[int | None], leased: list[int | None], *, goes_off: bool
) -> None:
    """The expression as CloudWatch computes it, three periods in a row: User Guide, "Using metric math", FILL."""
    alarm = alarms_of(stack)["UnaccountedRuns-defects"]
    expression = alarm["Metrics"][0]["Expression"]

    def fill(value: int | None, instead: int) -> int:
        return instead if value is None else value

    points = [
        eval(expression, {"FILL": fill, "in_service": one, "leased": other})  # noqa: S307 - our own expression
        for one, other in zip(in_service, leased, strict=True)
    ]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (3, "notBreaching")
    assert all(point > 0 for point in points) is goes_off


# --- What CloudWatch accepts, and people can use ----------------------------------------------------------------------


def metrics_of(alarm: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each metric that an alarm looks at, with its period and statistic."""
    if "MetricName" in alarm:
        yield {**alarm, "Stat": alarm["Statistic"]}
    for one in alarm.get("Metrics", ()):
        if stat := one.get("MetricStat"):
            yield {**stat["Metric"], "Period": stat["Period"], "Stat": stat["Stat"]}


def test_our_own_metrics_are_found_as_they_are_emitted(configured: tuple[Template, int]) -> None:
    template, _ = configured
    for name, alarm in alarms_of(template).items():
        for metric in metrics_of(alarm):
            if metric["Namespace"] == STACK:
                dimensions = tuple(one["Name"] for one in metric.get("Dimensions", ()))
                assert dimensions == METRICS[metric["MetricName"]].dimensions, name
                assert "Unit" not in metric, name
    environments = (function["Environment"]["Variables"] for function in template.functions.values())
    assert {variables["POWERTOOLS_METRICS_NAMESPACE"] for variables in environments} == {STACK}


def test_cloudwatch_accepts_how_far_the_alarms_look_back(configured: tuple[Template, int]) -> None:
    """A day at most, a week where the period is an hour or more (CloudWatch API reference, PutMetricAlarm)."""
    template, _ = configured
    for alarm in alarms_of(template).values():
        period = max(metric["Period"] for metric in metrics_of(alarm))
        assert period % 60 == 0
        assert period * alarm["EvaluationPeriods"] <= (86_400 if period < 3600 else 7 * 86_400)


def test_an_alarm_says_what_it_means_where_to_read_on_and_goes_to_mail_and_chat(stack: Template) -> None:
    """That CloudWatch may publish there, encrypted: test_template.py."""
    runbook = SETTINGS["runbook_url"]
    for name, alarm in alarms_of(stack).items():
        means, _, link = alarm["AlarmDescription"].partition(" What to do: ")
        assert means.endswith("."), name
        assert link == f"{runbook}#{name.split('-')[0].lower()}", name
        assert alarm["AlarmActions"] == ["${NotificationsTopic}", "${NotificationsChatTopic}"], name
        assert alarm.get("ActionsEnabled", True) is True, name


def test_only_where_nothing_else_says_that_it_is_over_recovery_is_reported(stack: Template) -> None:
    """A new stack's alarms all become OK, and nobody wants to be told of each."""
    assert [name for name, alarm in alarms_of(stack).items() if "OKActions" in alarm] == [
        "SweepMissing",
        "InboxTickMissing",
    ]


def test_a_new_stack_begins_in_no_alarm_but_those_of_the_sweep_and_the_tick(configured: tuple[Template, int]) -> None:
    template, _ = configured
    alarming = {name for name, alarm in alarms_of(template).items() if alarm["TreatMissingData"] == "breaching"}
    assert alarming - {"InboxTickMissing"} == {"SweepMissing"}


def test_every_alarm_is_a_heading_of_the_runbook(stack: Template, minimal: Template) -> None:
    """What its entry has to say: tests/unit/docs/test_runbook.py."""
    names = {name.split("-")[0] for template in (stack, minimal) for name in alarms_of(template)}
    runbook = (ROOT / "docs" / "operations.md").read_text("utf-8")
    section = runbook.partition("\n## Alarms\n")[2].partition("\n## ")[0]
    headings = [line.removeprefix("### ") for line in section.splitlines() if line.startswith("### ")]
    assert sorted(headings) == sorted(names)


def test_the_costs_of_the_alarms_are_as_documented(minimal: Template) -> None:
    """USD 0.10 for each metric that an alarm looks at."""
    metrics = sum(len(list(metrics_of(alarm))) for alarm in alarms_of(minimal).values())
    costs = " ".join((ROOT / "docs" / "costs.md").read_text("utf-8").split())
    total, key, alarms, others = map(float, re.findall(r"\b\d\.\d\d\b", costs.partition("**Idle**")[2])[:4])
    assert math.isclose(alarms, metrics * 0.10)
    assert math.isclose(total, key + alarms + others)
    assert f"USD {total:.2f} a month" in (ROOT / "README.md").read_text("utf-8")
