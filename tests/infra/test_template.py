"""The synthesised template: what is deployed, and how."""

import pytest

from infra.settings import Settings
from lifecycle.aws import CLIENT_CONFIG
from tests.conftest import SETTINGS
from tools.templates import Template, referenced

HANDLERS = {"prepare", "check", "start", "notify"}
KEPT = ("AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::DynamoDB::Table")
WITHOUT_TAGS = {
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::Lambda::Version",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
}


def versions(template: Template) -> dict[str, str]:
    """The logical ids, of which a new one is a new version of the function."""
    return {name: template.logical_ids[name] for name in template.of_type("AWS::Lambda::Version")}


def test_outputs_are_those_of_the_contract(stack: Template) -> None:
    assert stack.outputs == {
        "StartModelArn": "${StartModelStateMachine}",
        "NotificationTopicArn": "${NotificationsTopic}",
        "EventBusName": "${NotificationsBus}",
    }


# --- Functions --------------------------------------------------------------------------------------------------------


def test_every_function_is_of_one_kind(stack: Template) -> None:
    assert stack.functions.keys() == HANDLERS
    for handler, function in stack.functions.items():
        kind = (function["Runtime"], function["Architectures"], function["Handler"])
        assert kind == ("python3.13", ["arm64"], f"handlers.{handler}.handler")
        assert function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == handler


@pytest.mark.parametrize("what", ["Role", "LoggingConfig"])
def test_every_function_has_its_own(stack: Template, what: str) -> None:
    own = [str(function[what]) for function in stack.functions.values()]
    assert len(set(own)) == len(HANDLERS)


def test_logs_are_encrypted_and_end(stack: Template) -> None:
    groups = stack.of_type("AWS::Logs::LogGroup")
    used = {referenced(function["LoggingConfig"]["LogGroup"]) for function in stack.functions.values()}
    assert groups.keys() == used | {"StartModelLogs"}
    for group in groups.values():
        assert (group["RetentionInDays"], group["KmsKeyId"]) == (30, "${SharedKey.Arn}")


def test_a_call_without_an_answer_ends_before_its_function(stack: Template) -> None:
    """So that it ends as an error with a name, and not as Sandbox.Timedout."""
    longest_call = CLIENT_CONFIG.connect_timeout + CLIENT_CONFIG.read_timeout  # type: ignore[attr-defined]
    assert longest_call < min(function["Timeout"] for function in stack.functions.values())
    assert CLIENT_CONFIG.retries == {"total_max_attempts": 1}  # type: ignore[attr-defined]


# --- Versions ---------------------------------------------------------------------------------------------------------


def test_the_state_machine_calls_versions_that_stay(stack: Template) -> None:
    """An execution in flight ends on the code it began with."""
    (machine,) = stack.of_type("AWS::StepFunctions::StateMachine").values()
    called = machine["DefinitionSubstitutions"].values()
    assert {stack.invoked(version) for version in called} == HANDLERS  # a KeyError where one is no version
    for version in called:
        resource = stack.resources[referenced(version)]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_another_configuration_is_another_version(minimal: Template, hundred: Template) -> None:
    """It is part of the bundle. That the same one is the same version: test_app.py."""
    before, after = versions(minimal), versions(hundred)
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


# --- State machine ----------------------------------------------------------------------------------------------------


def test_the_state_machine_logs_errors_without_data_and_is_traced(stack: Template) -> None:
    (machine,) = stack.of_type("AWS::StepFunctions::StateMachine").values()
    assert machine["LoggingConfiguration"] == {
        "Level": "ERROR",
        "IncludeExecutionData": False,
        "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": "${StartModelLogs.Arn}"}}],
    }
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert machine.get("StateMachineType", "STANDARD") == "STANDARD"


# --- Topic, bus, key, table -------------------------------------------------------------------------------------------


def test_the_topic_is_encrypted_and_refuses_plain_http(stack: Template) -> None:
    (topic,) = stack.of_type("AWS::SNS::Topic").values()
    assert topic["KmsMasterKeyId"] == "${SharedKey.Arn}"
    (policy,) = stack.of_type("AWS::SNS::TopicPolicy").values()
    assert policy["Topics"] == ["${NotificationsTopic}"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement.pop("Sid")
    assert statement == {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": "${NotificationsTopic}",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_each_address_is_subscribed(stack: Template, minimal: Template) -> None:
    subscriptions = stack.of_type("AWS::SNS::Subscription").values()
    assert [(one["Protocol"], one["Endpoint"], one["TopicArn"]) for one in subscriptions] == [
        ("email", address, "${NotificationsTopic}") for address in SETTINGS["notification_emails"]
    ]
    assert not minimal.of_type("AWS::SNS::Subscription")


def test_the_key_turns_and_serves_this_account_and_its_logs(stack: Template) -> None:
    (key,) = stack.of_type("AWS::KMS::Key").values()
    assert key["EnableKeyRotation"] is True
    account, logs = key["KeyPolicy"]["Statement"]
    assert account == {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:${AWS::Partition}:iam::111122223333:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    assert logs == {
        "Effect": "Allow",
        "Principal": {"Service": "logs.eu-west-1.amazonaws.com"},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": "arn:${AWS::Partition}:logs:eu-west-1:111122223333:log-group:*"
            }
        },
    }


def test_the_table_is_encrypted_and_forgets(stack: Template) -> None:
    (table,) = stack.of_type("AWS::DynamoDB::Table").values()
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiration", "Enabled": True}
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["BillingMode"] == "PAY_PER_REQUEST"


# --- Settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("configuration", "policy"), [("stack", "Retain"), ("minimal", "Delete")])
def test_what_holds_something_is_kept_or_removed_as_the_settings_say(
    request: pytest.FixtureRequest, configuration: str, policy: str
) -> None:
    template: Template = request.getfixturevalue(configuration)
    holding = [resource for resource in template.resources.values() if resource["Type"] in KEPT]
    assert {resource["Type"] for resource in holding} == set(KEPT)
    assert {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in holding} == {(policy, policy)}


def test_everything_that_can_is_tagged(stack: Template) -> None:
    for name, resource in stack.resources.items():
        if resource["Type"] not in WITHOUT_TAGS:
            tags = {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}
            assert tags == SETTINGS["tags"], name


def test_a_minimal_configuration_synthesises_with_its_defaults(minimal: Template) -> None:
    groups = minimal.of_type("AWS::Logs::LogGroup").values()
    assert {group["RetentionInDays"] for group in groups} == {Settings.log_retention_days}
    assert minimal.outputs.keys() == {"StartModelArn", "NotificationTopicArn", "EventBusName"}
