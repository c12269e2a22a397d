"""What an inbox is deployed as: nothing without one, and of each a rule, queues, and a worker that is switched off."""

import json

from lifecycle.inbox.record import WORKER_TIMEOUT
from tests.account.queues import Mapping, Queue
from tests.infra.grants import PLACE
from tools.templates import Template

INBOX = "InboxesInboxline1"
NAME = "CustomLabelsLifecycle-inbox-line-1"


def test_without_an_inbox_nothing_of_it_is_deployed(minimal: Template) -> None:
    assert not [name for name in minimal.resources if "nbox" in name]
    # The outcomes of the events' schema are a contract, whatever is deployed.
    schemas = minimal.of_type("AWS::EventSchemas::Schema")
    others = {name: resource for name, resource in minimal.resources.items() if name not in schemas}
    assert "inbox" not in json.dumps(others).lower()


def test_images_wait_for_14_days_and_are_put_aside_after_ten_tries(stack: Template) -> None:
    queues = stack.of_type("AWS::SQS::Queue")
    images, dead, undelivered = (queues[f"{INBOX}{kind}"] for kind in ("Images", "Dead", "Undelivered"))
    assert [queue["QueueName"] for queue in (images, dead, undelivered)] == [
        *(NAME, f"{NAME}-dead", f"{NAME}-undelivered")
    ]
    assert {queue["MessageRetentionPeriod"] for queue in (images, dead, undelivered)} == {14 * 24 * 3600}
    assert images["RedrivePolicy"] == {"deadLetterTargetArn": f"${{{INBOX}Dead.Arn}}", "maxReceiveCount": 10}


def test_an_image_is_hidden_for_longer_than_any_worker_may_be_at_it(stack: Template) -> None:
    """Lambda Developer Guide, "Using Lambda with Amazon SQS": six times the function's timeout."""
    timeout = stack.functions["inbox_worker"]["Timeout"]
    assert timeout == WORKER_TIMEOUT.total_seconds()
    assert 6 * timeout == stack.of_type("AWS::SQS::Queue")[f"{INBOX}Images"]["VisibilityTimeout"] <= 360


def test_the_queue_of_the_simulated_account_is_as_the_one_that_is_deployed(stack: Template) -> None:
    """So what tests/account shows of deliveries holds for these values, and fails with others."""
    images = stack.of_type("AWS::SQS::Queue")[f"{INBOX}Images"]
    (mapping,) = stack.of_type("AWS::Lambda::EventSourceMapping").values()
    assert images["VisibilityTimeout"] == Queue.visibility
    assert images["RedrivePolicy"]["maxReceiveCount"] == Queue.tries
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == Mapping.concurrency


def test_the_rule_takes_objects_that_have_something_in_them_from_this_folder_alone(stack: Template) -> None:
    rule = stack.of_type("AWS::Events::Rule")[f"{INBOX}Created"]
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "account": ["111122223333"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": ["factory-inbox"]},
            "object": {"key": [{"prefix": "line-1/"}], "size": [{"numeric": [">", 0]}]},
        },
    }
    (target,) = rule["Targets"]
    assert target["Arn"] == f"${{{INBOX}Images.Arn}}"
    assert target["DeadLetterConfig"] == {"Arn": f"${{{INBOX}Undelivered.Arn}}"}
    assert "Input" not in target
    assert "InputTransformer" not in target


def test_only_this_rule_may_put_events_into_the_queues(stack: Template) -> None:
    for queue in ("Images", "Undelivered"):
        statements = stack.of_type("AWS::SQS::QueuePolicy")[f"{INBOX}{queue}Policy"]["PolicyDocument"]["Statement"]
        (allowed,) = (one for one in statements if one["Effect"] == "Allow")
        assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
        assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": f"${{{INBOX}Created.Arn}}"}}


def test_the_worker_is_switched_off_in_the_template_and_no_deploy_changes_what_its_mapping_is_of(
    stack: Template,
) -> None:
    """A published version in it would be another with every deploy, and would switch off what runs."""
    (mapping,) = stack.of_type("AWS::Lambda::EventSourceMapping").values()
    assert mapping == {
        "Enabled": False,
        "EventSourceArn": f"${{{INBOX}Images.Arn}}",
        "FunctionName": f"${{{INBOX}WorkerFunction}}",
        "BatchSize": 1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 5},
        "Tags": mapping["Tags"],
    }
    assert stack.functions["inbox_worker"]["FunctionName"] == NAME
    assert f"{INBOX}WorkerFunctionCurrentVersion" not in stack.of_type("AWS::Lambda::Version")


def test_whoever_switches_workers_may_switch_the_inboxes_own_alone(stack: Template) -> None:
    for policy in stack.policies.values():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Action"] == "lambda:UpdateEventSourceMapping":
                workers = [f"arn:${{AWS::Partition}}:lambda:{PLACE}:function:{NAME}"]
                assert statement["Condition"] == {"ArnEquals": {"lambda:FunctionArn": workers}}


def test_a_tick_comes_every_minute_and_one_that_failed_is_not_repeated(stack: Template) -> None:
    schedule = stack.of_type("AWS::Scheduler::Schedule")["InboxesEveryMinute"]
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
    assert stack.functions["inbox_tick"]["Timeout"] < 60
    (config,) = (
        one
        for one in stack.of_type("AWS::Lambda::EventInvokeConfig").values()
        if one["FunctionName"] == "${InboxesTickFunction}"
    )
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (0, 60)
    assert "DestinationConfig" not in config
