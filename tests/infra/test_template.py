"""The synthesised template: what is deployed, and how."""

import json
import re

import fastjsonschema
import pytest
from botocore.config import Config

from infra.parts.names import chat_name
from lifecycle.adapters.aws import CLIENT_CONFIG, PATIENT_CONFIG
from lifecycle.model.leases import LONGEST_CALL
from lifecycle.reconciliation.stack_removal import MARGIN
from tests.conftest import SETTINGS
from tools.templates import STACK, Template, referenced

SHARED = {"prepare", "check", "notify"}
OF_BATCHES = {"detect_batch_prepare", "detect_batch_summarise"}
OF_INBOXES = {"inbox_open"}
CALLED_BY = {
    "StartModel": SHARED | {"start"},
    "StopModel": SHARED | {"stop"},
    "RunWithModel": SHARED,
    "DetectBatch": OF_BATCHES,
    "DrainInbox": OF_INBOXES,
}
"""The functions of each state machine."""
HANDLERS = SHARED | {"start", "stop", "settle", "sweep", "tick", "inbox_tick"} | OF_BATCHES | OF_INBOXES
NEWEST = {"page", "act", "remove", "inbox_worker"}
"""What the dashboard, CloudFormation and event source mappings call: of no execution in flight, so always the newest
code."""
KEPT = ("AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::DynamoDB::Table")
FOR_PEOPLE = ("Command", "Console", "PolicyArn", "RoleArn", "FunctionName")
CLOUDWATCH = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
WITHOUT_TAGS = {
    "AWS::CloudFormation::CustomResource",
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::QueryDefinition",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
}


def versions(template: Template) -> dict[str, str]:
    """The logical ids, of which a new one is a new version of the function."""
    return {name: template.logical_ids[name] for name in template.of_type("AWS::Lambda::Version")}


def called_versions(template: Template) -> dict[str, str]:
    """By handler, the version that a state machine, the rule or the schedule calls; a KeyError where it is none."""
    machines = template.of_type("AWS::StepFunctions::StateMachine").values()
    references = {
        version
        for machine in machines
        for name, version in machine["DefinitionSubstitutions"].items()
        if name.endswith("FunctionArn")
    }
    rules = template.of_type("AWS::Events::Rule").values()
    references |= {one["Arn"] for rule in rules for one in rule["Targets"] if "CurrentVersion" in one["Arn"]}
    references |= {schedule["Target"]["Arn"] for schedule in template.of_type("AWS::Scheduler::Schedule").values()}
    called = {template.invoked(reference): referenced(reference) for reference in references}
    assert len(called) == len(references)
    return called


def longest(config: Config) -> float:
    """Seconds until one attempt of a call without an answer has ended."""
    return float(config.connect_timeout + config.read_timeout)  # type: ignore[attr-defined]  # botocore sets them from its options


def attempts(config: Config) -> int:
    return int(config.retries["total_max_attempts"])  # type: ignore[attr-defined]  # botocore sets them from its options


def test_outputs_are_those_of_the_contract_beside_what_is_for_people(stack: Template) -> None:
    """For people: test_people.py."""
    contract = {name: value for name, value in stack.outputs.items() if not name.endswith(FOR_PEOPLE)}
    assert contract == {
        "StartModelArn": "${StartModelStateMachine}",
        "StopModelArn": "${StopModelStateMachine}",
        "RunWithModelArn": "${RunWithModelStateMachine}",
        "NotificationTopicArn": "${NotificationsTopic}",
        "ChatTopicArn": "${NotificationsChatTopic}",
        "LogGroupName": "${SharedLogs}",
        "EventBusName": "${NotificationsBus}",
        "ModelTableName": "${SharedModels}",
        "LedgerTableName": "${SharedLedger}",
        "DashboardUrl": f"{CLOUDWATCH}#dashboards/dashboard/CustomLabelsLifecycle-eu-west-1",
        "DetectBatchArn": "${DetectBatchStateMachine}",
        "DrainInboxArn": "${DrainInboxStateMachine}",
    }


# --- Functions --------------------------------------------------------------------------------------------------------


def test_every_function_is_of_one_kind(stack: Template) -> None:
    assert stack.functions.keys() == HANDLERS | NEWEST
    for handler, function in stack.functions.items():
        kind = (function["Runtime"], function["Architectures"], function["Handler"])
        assert kind == ("python3.13", ["arm64"], f"handlers.{handler}.handler")
        assert function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == handler


def test_every_function_has_its_own_role(stack: Template) -> None:
    own = [function["Role"] for function in stack.functions.values()]
    assert len(set(own)) == len(HANDLERS | NEWEST)


def test_there_is_one_log_group_for_all_functions_encrypted_and_with_an_end(stack: Template) -> None:
    assert {function["LoggingConfig"]["LogGroup"] for function in stack.functions.values()} == {"${SharedLogs}"}
    groups = stack.of_type("AWS::Logs::LogGroup")
    assert groups.keys() == {"SharedLogs"}
    assert (groups["SharedLogs"]["RetentionInDays"], groups["SharedLogs"]["KmsKeyId"]) == (30, "${SharedKey.Arn}")


def test_the_log_group_takes_nothing_of_the_regions_resource_policy_and_is_this_stacks_own(stack: Template) -> None:
    """Of a state machine's group Step Functions makes an entry in it, unless its name begins so."""
    name = stack.of_type("AWS::Logs::LogGroup")["SharedLogs"]["LogGroupName"]
    assert name == "/aws/vendedlogs/states/CustomLabelsLifecycle-${AWS::StackId/2}"


def test_a_call_without_an_answer_ends_before_its_function(stack: Template) -> None:
    """So that it ends as an error with a name, and not as Sandbox.Timedout."""
    assert attempts(CLIENT_CONFIG) == 1
    assert longest(CLIENT_CONFIG) < min(function["Timeout"] for function in stack.functions.values())


def test_what_nobody_retries_at_once_does_it_itself_and_has_time_for_it(stack: Template) -> None:
    assert attempts(PATIENT_CONFIG) == 5
    pauses = 1 + 2 + 4 + 8  # seconds at most: AWS SDKs and Tools Reference Guide, retry behavior, standard mode
    assert 5 * longest(PATIENT_CONFIG) + pauses < min(
        stack.functions[name]["Timeout"] for name in ("settle", "sweep", "tick", "inbox_tick")
    )


def test_a_claim_is_taken_over_only_once_no_call_of_its_execution_can_land_any_more(stack: Template) -> None:
    start_up_seconds = 10
    longest_call = max(stack.functions[name]["Timeout"] for name in ("start", "stop")) + start_up_seconds
    assert longest_call < LONGEST_CALL.total_seconds()


# --- Versions ---------------------------------------------------------------------------------------------------------


def test_every_function_is_called_as_a_version_that_stays(stack: Template) -> None:
    """An execution in flight ends on the code it began with."""
    called = called_versions(stack)
    assert called.keys() == HANDLERS
    for version in called.values():
        resource = stack.resources[version]
        # One that a failed deploy has published goes with it: else Lambda would not publish the same code once more.
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_another_configuration_is_another_version(minimal: Template, every_project: Template) -> None:
    """It is part of the bundle. That the same one is the same version: test_app.py."""
    before, after = versions(minimal), versions(every_project)
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


# --- State machines ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", CALLED_BY)
def test_a_state_machine_has_its_name_calls_its_functions_and_logs_errors_without_data(
    machine: str, stack: Template
) -> None:
    properties = stack.of_type("AWS::StepFunctions::StateMachine")[f"{machine}StateMachine"]
    assert properties["StateMachineName"] == f"CustomLabelsLifecycle-{machine}"
    substituted = properties["DefinitionSubstitutions"].items()
    called = {stack.invoked(version) for name, version in substituted if name.endswith("FunctionArn")}
    assert called == CALLED_BY[machine]
    assert properties["LoggingConfiguration"] == {
        "Level": "ERROR",
        "IncludeExecutionData": False,
        "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": "${SharedLogs.Arn}"}}],
    }
    assert properties["TracingConfiguration"] == {"Enabled": True}
    assert properties.get("StateMachineType", "STANDARD") == "STANDARD"


def test_there_are_no_other_state_machines(stack: Template) -> None:
    assert stack.of_type("AWS::StepFunctions::StateMachine").keys() == {f"{name}StateMachine" for name in CALLED_BY}


@pytest.mark.parametrize("handler", ["notify", "settle", "sweep", "tick", "inbox_tick"])
def test_a_function_that_names_the_state_machines_knows_their_arns(handler: str, stack: Template) -> None:
    """They are written out, because the state machines refer to their functions."""
    environment = stack.functions[handler]["Environment"]["Variables"]
    for variable, machine in (("START_MODEL_ARN", "StartModel"), ("STOP_MODEL_ARN", "StopModel")):
        name = stack.of_type("AWS::StepFunctions::StateMachine")[f"{machine}StateMachine"]["StateMachineName"]
        assert environment[variable] == f"arn:${{AWS::Partition}}:states:eu-west-1:111122223333:stateMachine:{name}"


# --- Topic, bus, key, tables ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", ["NotificationsTopic", "NotificationsChatTopic"])
def test_a_topic_is_encrypted_refuses_plain_http_and_takes_alarms_of_this_account(stack: Template, topic: str) -> None:
    assert stack.of_type("AWS::SNS::Topic")[topic]["KmsMasterKeyId"] == "${SharedKey.Arn}"
    policies = stack.of_type("AWS::SNS::TopicPolicy").values()
    (policy,) = (one for one in policies if one["Topics"] == [f"${{{topic}}}"])
    https, alarms = policy["PolicyDocument"]["Statement"]
    assert https == {
        "Sid": "AllowPublishThroughSSLOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": f"${{{topic}}}",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    assert alarms == {
        "Sid": "1",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": f"${{{topic}}}",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
    }


def test_each_address_is_subscribed_with_its_filter_and_what_it_does_not_get_is_kept(
    stack: Template, minimal: Template
) -> None:
    subscriptions = stack.of_type("AWS::SNS::Subscription").values()
    for one in subscriptions:
        assert (one["Protocol"], one["TopicArn"]) == ("email", "${NotificationsTopic}")
        assert one["RedrivePolicy"] == {"deadLetterTargetArn": "${NotificationsUndelivered.Arn}"}
        # From the beginning: SNS refuses to change the filter of one whose scope was never set.
        assert one["FilterPolicyScope"] == "MessageAttributes"
    home = "arn:${AWS::Partition}:rekognition:eu-west-1:111122223333:project"
    assert {one["Endpoint"]: one.get("FilterPolicy") for one in subscriptions} == {
        "ml-operators@example.com": None,
        "night-shift@example.com": {"Severity": ["WARNING", "ERROR"]},
        "packaging@example.com": {
            "Outcome": ["MODEL_DOWN"],
            "ProjectVersionArn": [
                SETTINGS["models"][0]["project_version_arn"],
                {"prefix": f"{home}/welds/version/"},
            ],
        },
    }
    assert not minimal.of_type("AWS::SNS::Subscription")


def test_undelivered_mails_are_kept_encrypted_for_two_weeks(stack: Template) -> None:
    queue = stack.of_type("AWS::SQS::Queue")["NotificationsUndelivered"]
    assert (queue["SqsManagedSseEnabled"], queue["MessageRetentionPeriod"]) == (True, 14 * 24 * 3600)
    policy = stack.of_type("AWS::SQS::QueuePolicy")["NotificationsUndeliveredPolicy"]
    https, *topics = policy["PolicyDocument"]["Statement"]
    assert (https["Effect"], https["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    for statement in topics:
        assert (statement["Principal"], statement["Action"]) == ({"Service": "sns.amazonaws.com"}, "sqs:SendMessage")
        assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": "${NotificationsTopic}"}}


def warnings_of(template: Template) -> list[str]:
    metadata = json.loads((template.assembly / f"{template.stack_id}.metadata.json").read_text("utf-8"))
    return [one["data"] for entries in metadata.values() for one in entries if one["type"] == "aws:cdk:warning"]


def test_a_deploy_warns_where_alarms_would_reach_nobody_and_of_nothing_else(
    stack: Template, minimal: Template, every_project: Template
) -> None:
    assert warnings_of(stack) == warnings_of(minimal) == []
    (warning,) = warnings_of(every_project)  # its only address has a filter
    assert "no mail reports an alarm" in warning


def test_chat_channels_are_notified_and_nobody_can_do_anything_from_there(stack: Template, minimal: Template) -> None:
    """A channel without a guardrail has AdministratorAccess for one."""
    (slack,) = stack.of_type("AWS::Chatbot::SlackChannelConfiguration").values()
    (teams,) = stack.of_type("AWS::Chatbot::MicrosoftTeamsChannelConfiguration").values()
    for channel in (slack, teams):
        assert channel["SnsTopicArns"] == ["${NotificationsChatTopic}"]
        assert channel["IamRoleArn"] == "${NotificationsChatRole.Arn}"
        assert channel["GuardrailPolicies"] == ["arn:${AWS::Partition}:iam::aws:policy/ReadOnlyAccess"]
    assert (slack["SlackWorkspaceId"], slack["SlackChannelId"]) == ("T0123456789", "C0123456789")
    assert "NotificationsChatRole" not in stack.grants
    assert not [one for one in minimal.resources.values() if one["Type"].startswith("AWS::Chatbot")]
    assert "NotificationsChatTopic" not in minimal.resources


def test_a_chat_configuration_has_a_name_that_no_other_channel_place_or_stack_has(stack: Template) -> None:
    """Names are global in an account, and a configuration whose team changes is made anew before the old one goes."""
    (slack,) = stack.of_type("AWS::Chatbot::SlackChannelConfiguration").values()
    (teams,) = stack.of_type("AWS::Chatbot::MicrosoftTeamsChannelConfiguration").values()
    names = slack["ConfigurationName"], teams["ConfigurationName"]
    assert [name.rpartition("-")[0] for name in names] == [
        "CustomLabelsLifecycle-eu-west-1-Slack",
        "CustomLabelsLifecycle-eu-west-1-Teams",
    ]
    channel = SETTINGS["chat"]["teams"][0]
    assert chat_name(STACK, "eu-west-1", "Teams", channel) == names[1]
    for changed in channel:
        assert chat_name(STACK, "eu-west-1", "Teams", {**channel, changed: "another"}) != names[1]


def test_the_chat_topic_is_there_alone_for_channels_that_have_a_configuration(every_project: Template) -> None:
    assert every_project.outputs["ChatTopicArn"] == "${NotificationsChatTopic}"
    of_chat = {one["Type"] for name, one in every_project.resources.items() if name.startswith("NotificationsChat")}
    assert of_chat == {"AWS::SNS::Topic", "AWS::SNS::TopicPolicy"}, "nor a role that nobody takes"


def test_the_schema_of_our_events_is_registered(stack: Template) -> None:
    (schema,) = stack.of_type("AWS::EventSchemas::Schema").values()
    (registry,) = stack.of_type("AWS::EventSchemas::Registry").values()
    assert schema["RegistryName"] == registry["RegistryName"] == "CustomLabelsLifecycle-events"
    assert (schema["Type"], schema["SchemaName"]) == ("JSONSchemaDraft4", "custom-labels-lifecycle@ModelLifecycle")
    content = json.loads(schema["Content"])
    fastjsonschema.compile(content)
    assert content["properties"]["detail"]["properties"]["schema_version"]


def test_ready_queries_ask_the_one_log_group(stack: Template) -> None:
    queries = stack.of_type("AWS::Logs::QueryDefinition").values()
    assert {query["Name"]: query["LogGroupNames"] for query in queries} == {
        f"CustomLabelsLifecycle/{name}": ["${SharedLogs}"]
        for name in ("follow-one-execution", "warnings-and-errors", "what-the-sweep-did", "slow-or-throttled-calls")
    }


def test_the_key_turns_and_serves_this_account_its_logs_and_its_alarms(stack: Template) -> None:
    (key,) = stack.of_type("AWS::KMS::Key").values()
    assert key["EnableKeyRotation"] is True
    account, logs, alarms = key["KeyPolicy"]["Statement"]
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
    assert alarms == {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
    }


def test_there_are_three_tables(stack: Template) -> None:
    assert stack.of_type("AWS::DynamoDB::Table").keys() == {"SharedIdempotency", "SharedModels", "SharedLedger"}


def test_tokens_and_what_was_sent_are_encrypted_and_forgotten(stack: Template) -> None:
    table = stack.of_type("AWS::DynamoDB::Table")["SharedIdempotency"]
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiration", "Enabled": True}
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_leases_and_claims_are_encrypted_can_be_restored_and_are_never_forgotten(stack: Template) -> None:
    table = stack.of_type("AWS::DynamoDB::Table")["SharedModels"]
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert "TimeToLiveSpecification" not in table
    assert table["KeySchema"] == [{"AttributeName": "Id", "KeyType": "HASH"}]
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_what_models_have_cost_is_encrypted_can_be_restored_and_is_kept_for_a_time(stack: Template) -> None:
    table = stack.of_type("AWS::DynamoDB::Table")["SharedLedger"]
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ExpiresAt", "Enabled": True}
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [
        ("Month", "HASH"),
        ("Id", "RANGE"),
    ]
    assert table["BillingMode"] == "PAY_PER_REQUEST"


# --- Removal ----------------------------------------------------------------------------------------------------------


def test_before_anything_is_deleted_cloudformation_asks_whether_it_may(stack: Template) -> None:
    """What depends on everything is deleted first; and where it refuses, it is all that CloudFormation tried."""
    ((name, asks),) = stack.of_type("AWS::CloudFormation::CustomResource").items()
    assert stack.handler(referenced(asks["ServiceToken"])) == "remove"
    assert stack.depends_on(name) == stack.resources.keys() - {name}
    assert not [other for other in stack.resources if name in stack.depends_on(other)]
    assert not re.search(rf"\${{{name}[.}}]", json.dumps(stack.resources))


@pytest.mark.parametrize(("configuration", "seconds"), [("stack", 900), ("minimal", 300)])
def test_it_does_as_the_settings_say_and_is_not_waited_for_in_vain(
    request: pytest.FixtureRequest, configuration: str, seconds: int
) -> None:
    template: Template = request.getfixturevalue(configuration)
    (asks,) = template.of_type("AWS::CloudFormation::CustomResource").values()
    remove = template.functions["remove"]
    timeout = remove["Timeout"]
    assert timeout == seconds
    assert timeout < asks["ServiceTimeout"] <= timeout + 60
    assert MARGIN.total_seconds() < timeout


# --- Settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("configuration", "policies"),
    [("stack", ("RetainExceptOnCreate", "Retain")), ("minimal", ("Delete", "Delete"))],
)
def test_what_holds_something_is_kept_or_removed_as_the_settings_say(
    request: pytest.FixtureRequest, configuration: str, policies: tuple[str, str]
) -> None:
    """But a first deploy that fails leaves nothing behind."""
    template: Template = request.getfixturevalue(configuration)
    holding = [resource for resource in template.resources.values() if resource["Type"] in KEPT]
    assert {resource["Type"] for resource in holding} == set(KEPT)
    assert {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in holding} == {policies}


def test_everything_that_can_is_tagged(stack: Template) -> None:
    for name, resource in stack.resources.items():
        if resource["Type"] not in WITHOUT_TAGS:
            given = resource["Properties"]["Tags"]
            tags = given if isinstance(given, dict) else {tag["Key"]: tag["Value"] for tag in given}
            assert tags == SETTINGS["tags"], name


def test_a_minimal_configuration_synthesises_with_its_defaults(minimal: Template, stack: Template) -> None:
    groups = minimal.of_type("AWS::Logs::LogGroup").values()
    assert {group["RetentionInDays"] for group in groups} == {90}
    assert minimal.outputs.keys() == stack.outputs.keys() - {
        *("CallerRoleArn", "ChatTopicArn", "DetectBatchArn", "DrainInboxArn")
    }
