"""What keeps the promises of leases: what calls Settle and Sweep, and where lost calls go."""

from typing import Any

import botocore.session
import pytest

from tools.templates import Template, referenced

PLACE = "eu-west-1:111122223333"
LOST_CALLS = "${ReconciliationLostCalls.Arn}"
EVERY = {"minimal": 5, "stack": 1, "hundred": 60}
"""Minutes between sweeps: the default, the least and the most."""


def execution_ended(template: Template) -> dict[str, Any]:
    """The rule that calls Settle; those of the settings start state machines."""
    return template.of_type("AWS::Events::Rule")["ReconciliationExecutionEnded"]


def only(template: Template, resource_type: str) -> dict[str, Any]:
    (properties,) = template.of_type(resource_type).values()
    return properties


def every_sweep(template: Template) -> dict[str, Any]:
    return template.of_type("AWS::Scheduler::Schedule")["ReconciliationEverySweep"]


@pytest.fixture(params=EVERY)
def configured(request: pytest.FixtureRequest) -> tuple[Template, int]:
    """A template, and its sweep_minutes."""
    return request.getfixturevalue(request.param), EVERY[request.param]


# --- Settle -----------------------------------------------------------------------------------------------------------


def test_the_rule_matches_every_end_of_our_executions_and_nothing_else(stack: Template) -> None:
    """Field names and values: Step Functions Developer Guide, "Automating event delivery with EventBridge"."""
    names = [f"CustomLabelsLifecycle-{machine}" for machine in ("StartModel", "StopModel", "RunWithModel")]
    rule = execution_ended(stack)
    assert rule["EventPattern"] == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [f"arn:${{AWS::Partition}}:states:{PLACE}:stateMachine:{name}" for name in names],
            "status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"],
        },
    }
    machines = stack.of_type("AWS::StepFunctions::StateMachine").values()
    workloads = {"CustomLabelsLifecycle-DetectBatch", "CustomLabelsLifecycle-DrainInbox"}
    assert {machine["StateMachineName"] for machine in machines} == {*names, *workloads}


def test_the_rule_knows_every_status_of_an_execution_that_has_ended(stack: Template) -> None:
    statuses = execution_ended(stack)["EventPattern"]["detail"]["status"]
    api = botocore.session.get_session().get_service_model("stepfunctions")
    not_ended = {"RUNNING", "PENDING_REDRIVE"}  # the second: of children of a distributed Map only
    assert set(statuses) == set(api.shape_for("ExecutionStatus").enum) - not_ended  # type: ignore[attr-defined]  # botocore's stubs know no enum


def test_the_rule_calls_settle_tries_for_an_hour_and_then_keeps_the_event(stack: Template) -> None:
    rule = execution_ended(stack)
    assert rule["State"] == "ENABLED"
    assert "EventBusName" not in rule  # the default bus, on which AWS's services put their events
    (target,) = rule["Targets"]
    assert stack.invoked(target["Arn"]) == "settle"
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 3600}
    assert target["DeadLetterConfig"] == {"Arn": LOST_CALLS}
    assert "Input" not in target
    assert "InputPath" not in target


# --- Sweep ------------------------------------------------------------------------------------------------------------


def test_the_schedule_is_as_frequent_as_the_settings_say(configured: tuple[Template, int]) -> None:
    template, minutes = configured
    schedule = every_sweep(template)
    rates = {5: "rate(5 minutes)", 1: "rate(1 minute)", 60: "rate(1 hour)"}
    assert schedule["ScheduleExpression"] == rates[minutes]
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["State"] == "ENABLED"
    assert schedule.keys().isdisjoint({"StartDate", "EndDate"})


def test_the_schedule_calls_sweep_and_tries_until_the_next_is_due(configured: tuple[Template, int]) -> None:
    template, minutes = configured
    target = every_sweep(template)["Target"]
    assert template.invoked(target["Arn"]) == "sweep"
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60 * minutes}
    assert target["DeadLetterConfig"] == {"Arn": LOST_CALLS}


def test_the_schedule_waits_until_its_role_may_call(stack: Template) -> None:
    assert {"ReconciliationEverySweepRole", "ReconciliationEverySweepRoleDefaultPolicy"} <= stack.depends_on(
        "ReconciliationEverySweep"
    )


def test_the_role_of_the_schedule_is_the_same_in_every_version(minimal: Template, every_project: Template) -> None:
    """One that went with its version would be made anew by each deploy, in use before IAM has told it everywhere."""
    assert (
        minimal.logical_ids["ReconciliationEverySweepRole"] == every_project.logical_ids["ReconciliationEverySweepRole"]
    )


# --- Lost calls -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "seconds"), [("ReconciliationSettle", 900), ("ReconciliationSweep", 900), ("SchedulesTick", 6 * 3600)]
)
def test_a_call_that_fails_is_tried_twice_more_and_then_kept(name: str, seconds: int, stack: Template) -> None:
    """Of the very version that is called: each has its own configuration."""
    (properties,) = (
        config
        for config in stack.of_type("AWS::Lambda::EventInvokeConfig").values()
        if referenced(config["FunctionName"]) == f"{name}Function"
    )
    assert properties == {
        "FunctionName": f"${{{name}Function}}",
        "Qualifier": f"${{{name}FunctionCurrentVersion.Version}}",
        "MaximumRetryAttempts": 2,
        "MaximumEventAgeInSeconds": seconds,
        "DestinationConfig": {"OnFailure": {"Destination": LOST_CALLS}},
    }


def test_what_nobody_waits_for_has_a_place_for_its_lost_calls(stack: Template) -> None:
    waited_for = {
        "prepare",
        "check",
        "start",
        "stop",
        "notify",
        "detect_batch_prepare",
        "detect_batch_summarise",
        "inbox_open",
        "inbox_worker",
        "page",
    }
    waited_for |= {"act", "remove"}
    configured = {config["FunctionName"] for config in stack.of_type("AWS::Lambda::EventInvokeConfig").values()}
    assert {stack.handler(referenced(name)) for name in configured} == stack.functions.keys() - waited_for


def test_the_queue_is_encrypted_refuses_plain_http_and_takes_events_of_the_rule(stack: Template) -> None:
    """Lambda and the schedule send with their roles."""
    queue = stack.of_type("AWS::SQS::Queue")["ReconciliationLostCalls"]
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600  # the most that SQS keeps
    policy = stack.of_type("AWS::SQS::QueuePolicy")["ReconciliationLostCallsPolicy"]
    assert policy["Queues"] == ["${ReconciliationLostCalls}"]
    https, rule, _of_the_settings = policy["PolicyDocument"]["Statement"]
    assert https == {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sqs:*",
        "Resource": LOST_CALLS,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    assert rule == {
        "Sid": rule["Sid"],
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": LOST_CALLS,
        "Condition": {"ArnEquals": {"aws:SourceArn": "${ReconciliationExecutionEnded.Arn}"}},
    }
