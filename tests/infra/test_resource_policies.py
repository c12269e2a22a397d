"""What is kept is encrypted; and what can be reached from outside refuses other accounts and plain HTTP."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.infra.policies import Request, Statement, Verdict, listed, verdict
from tools.templates import Template, referenced

OURS, THEIRS = "111122223333", "999988887777"
TLS, PLAIN = {"aws:SecureTransport": "true"}, {"aws:SecureTransport": "false"}
WHO = {
    "an administrator of ours": ("AWS", f"arn:aws:iam::{OURS}:role/administrator"),
    "the root of another account": ("AWS", f"arn:aws:iam::{THEIRS}:root"),
    "a role of another account": ("AWS", f"arn:aws:iam::{THEIRS}:role/curious"),
    "nobody that AWS knows": ("AWS", "anonymous"),
}
OTHERS = [who for who in WHO if who != "an administrator of ours"]
WHATEVER = {
    "AWS::SNS::TopicPolicy": {"sns:Publish", "sns:Subscribe", "sns:AddPermission", "sns:SetTopicAttributes"},
    "AWS::SQS::QueuePolicy": {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:PurgeQueue"},
    "AWS::Events::EventBusPolicy": {"events:PutEvents", "events:PutRule", "events:PutTargets"},
    "AWS::KMS::Key": {"kms:Decrypt", "kms:GenerateDataKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"},
    "AWS::Lambda::Permission": {"lambda:InvokeFunction", "lambda:GetFunction", "lambda:UpdateFunctionCode"},
    "AWS::IAM::Role": {"sts:AssumeRole", "sts:TagSession"},
}
"""What somebody might want of each kind of resource, beside what its policy names."""
BY_HTTP = {
    "AWS::SNS::TopicPolicy": "sns:Publish",
    "AWS::SQS::QueuePolicy": "sqs:SendMessage",
    "AWS::Events::EventBusPolicy": "events:PutEvents",
}
"""What data goes by where the endpoint speaks plain HTTP too: SNS, SQS and EventBridge do (AWS General Reference)."""
WITHOUT_ACCOUNT = {
    "lambda.amazonaws.com": "a role is passed to functions of its own account only (iam:PassRole)",
    "chatbot.amazonaws.com": "its role may do nothing: test_template.py",
}
"""Services that assume a role without saying for which account."""
AWS_OWNED = {
    "AWS::Lambda::Function": "code and environment, without secrets",
    "AWS::StepFunctions::StateMachine": "definitions and executions",
    "AWS::Events::EventBus": "events on their way",
    "AWS::CloudWatch::Dashboard": "no data, only what to show",
    "AWS::EventSchemas::Schema": "the published schema",
}
"""Encrypted by AWS with keys of its own, whatever is configured (each service's guide, "Encryption at rest")."""


def policies(template: Template) -> dict[str, tuple[str, str, list[Statement]]]:
    """By name: the resource's type, what it is called in statements, and the statements."""
    found: dict[str, tuple[str, str, list[Statement]]] = {}
    for name, resource in template.resources.items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        match kind:
            case "AWS::SNS::TopicPolicy":
                (topic,) = properties["Topics"]
                found[name] = kind, topic, properties["PolicyDocument"]["Statement"]
            case "AWS::SQS::QueuePolicy":
                (queue,) = properties["Queues"]
                found[name] = kind, f"${{{referenced(queue)}.Arn}}", properties["PolicyDocument"]["Statement"]
            case "AWS::Events::EventBusPolicy":
                bus = f"${{{referenced(properties['EventBusName'])}.Arn}}"
                found[name] = kind, bus, [properties["Statement"]]
            case "AWS::KMS::Key":
                found[name] = kind, "*", properties["KeyPolicy"]["Statement"]
            case "AWS::Lambda::Permission":
                found[name] = kind, properties["FunctionName"], [permission(properties)]
            case "AWS::IAM::Role":
                found[name] = kind, "*", properties["AssumeRolePolicyDocument"]["Statement"]
    here: dict[str, tuple[str, str, list[Statement]]] = json.loads(
        json.dumps(found).replace("${AWS::Partition}", "aws")
    )
    return here


def permission(properties: Mapping[str, Any]) -> Statement:
    """What Lambda makes of a permission (Lambda API reference, AddPermission)."""
    conditions = {
        **({"ArnLike": {"aws:SourceArn": properties["SourceArn"]}} if "SourceArn" in properties else {}),
        **({"StringEquals": {"aws:SourceAccount": one}} if (one := properties.get("SourceAccount")) else {}),
    }
    return {
        "Effect": "Allow",
        "Principal": {"Service": properties["Principal"]},
        "Action": properties["Action"],
        "Resource": properties["FunctionName"],
        "Condition": conditions,
    }


def allowing(statements: list[Statement]) -> Iterator[tuple[str, Statement]]:
    """The services that are allowed something, each with the statement."""
    for statement in statements:
        if statement["Effect"] == "Allow" and statement["Principal"] != "*":
            for service in listed(statement["Principal"].get("Service", ())):
                yield service, statement


def fitting(statement: Statement, account: str) -> dict[str, str]:
    """A context that a service has for something of an account, and that fits the conditions but for the account."""
    context = dict(TLS)
    for keys in statement.get("Condition", {}).values():
        for key, wanted in keys.items():
            one = listed(wanted)[0].replace("*", "x")
            # What this template names by reference is ours; of another account it is called alike there.
            theirs = re.sub(r"\$\{(\w+)(\.Arn)?\}", rf"arn:aws:any:eu-west-1:{account}:\1", one)
            context[key] = one if account == OURS else theirs.replace(OURS, account)
    return context


def test_every_kind_of_resource_policy_in_the_template_is_checked(stack: Template) -> None:
    looked_at = {kind for kind, _, _ in policies(stack).values()}
    assert looked_at == WHATEVER.keys()
    has_policy = {
        resource["Type"]
        for resource in stack.resources.values()
        for name, value in resource.get("Properties", {}).items()
        if "Principal" in str(value) and ("Policy" in name or name == "Statement")
    }
    assert has_policy == looked_at - {"AWS::Lambda::Permission"}


@pytest.mark.parametrize("who", WHO)
def test_topics_queues_and_bus_refuse_plain_http_from_everybody(stack: Template, who: str) -> None:
    reached = {
        "AWS::SNS::Topic": "AWS::SNS::TopicPolicy",
        "AWS::SQS::Queue": "AWS::SQS::QueuePolicy",
        "AWS::Events::EventBus": "AWS::Events::EventBusPolicy",
    }
    resources = {name for kind in reached for name in stack.of_type(kind)}
    guarded = set()
    for kind, resource, statements in policies(stack).values():
        if kind in BY_HTTP:
            asked = Request(WHO[who], BY_HTTP[kind], resource)
            assert verdict(statements, Request(asked.principal, asked.action, resource, PLAIN)) is Verdict.DENIED
            assert verdict(statements, Request(asked.principal, asked.action, resource, TLS)) is Verdict.NOTHING_SAID
            guarded.add(referenced(resource))
    assert guarded == resources


@pytest.mark.parametrize("who", OTHERS)
def test_no_policy_allows_anything_to_another_account(stack: Template, who: str) -> None:
    """But the one role for them, and that to those who are configured: test_people.py."""
    for name, (kind, resource, statements) in policies(stack).items():
        named = {action for statement in statements for action in listed(statement["Action"]) if "*" not in action}
        for action in named | WHATEVER[kind]:
            said = verdict(statements, Request(WHO[who], action, resource, TLS))
            assert said is Verdict.NOTHING_SAID, (name, action)


def test_the_callers_role_is_taken_with_the_right_external_id_alone(stack: Template) -> None:
    _, _, statements = policies(stack)["OtherAccountsCallerRole"]

    def taken(principal: str, external_id: str | None) -> bool:
        context = {"sts:ExternalId": external_id} if external_id else {}
        return verdict(statements, Request(("AWS", principal), "sts:AssumeRole", "*", context)) is Verdict.ALLOWED

    pipeline, packaging = "arn:aws:iam::444455556666:role/pipeline", "arn:aws:iam::777788889999:role/packaging"
    assert taken(pipeline, "inspection-pipeline")
    assert taken(packaging, "packaging/line-1")
    assert not taken(pipeline, "packaging/line-1")
    assert not taken(pipeline, None)
    assert not taken("arn:aws:iam::777788889999:role/another", "packaging/line-1")


def test_no_service_is_served_on_behalf_of_another_account(stack: Template) -> None:
    """The confused deputy: a service that asks for somebody else's resource, with its own good name."""
    served = set()
    for name, (_, resource, statements) in policies(stack).items():
        for service, statement in allowing(statements):
            action = listed(statement["Action"])[0].replace("*", "")

            def says(account: str) -> Verdict:
                context = fitting(statement, account)  # noqa: B023 - called within the turn
                asked = Request(("Service", service), action, resource, context)  # noqa: B023 - called in this turn
                return verdict(statements, asked)  # noqa: B023 - so too

            assert says(OURS) is Verdict.ALLOWED, name
            if service in WITHOUT_ACCOUNT:
                assert not statement.get("Condition"), f"{service} needs no exception any more"
            else:
                assert says(THEIRS) is Verdict.NOTHING_SAID, (name, service)
            served.add(service)
    assert served >= {"sns.amazonaws.com", "events.amazonaws.com", "cloudwatch.amazonaws.com", *WITHOUT_ACCOUNT}


def test_whatever_keeps_data_is_encrypted(stack: Template) -> None:
    """Topics, logs and schedules by the stack's key, tables by DynamoDB's and queues by SQS's."""
    encrypted = {
        "AWS::SNS::Topic": lambda topic: topic["KmsMasterKeyId"] == "${SharedKey.Arn}",
        "AWS::Logs::LogGroup": lambda group: group["KmsKeyId"] == "${SharedKey.Arn}",
        "AWS::DynamoDB::Table": lambda table: table["SSESpecification"] == {"SSEEnabled": True},
        "AWS::SQS::Queue": lambda queue: queue["SqsManagedSseEnabled"] is True,
    }
    for kind, is_encrypted in encrypted.items():
        found = stack.of_type(kind)
        assert found
        assert all(map(is_encrypted, found.values())), kind
    schedules = stack.of_type("AWS::Scheduler::Schedule")
    assert all(one.get("KmsKeyArn") == "${SharedKey.Arn}" for name, one in schedules.items() if "Every" not in name)
    keeps_nothing = {
        *("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::CloudWatch::Alarm"),
        *("AWS::Lambda::Version", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission"),
        *("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::Events::EventBusPolicy", "AWS::SNS::Subscription"),
        *("AWS::Events::Rule", "AWS::Scheduler::ScheduleGroup", "AWS::Scheduler::Schedule"),
        *("AWS::CloudFormation::CustomResource", "AWS::Lambda::EventSourceMapping"),
        *("AWS::Logs::QueryDefinition", "AWS::EventSchemas::Registry", "AWS::KMS::Key", "AWS::Budgets::Budget"),
        *("AWS::Chatbot::SlackChannelConfiguration", "AWS::Chatbot::MicrosoftTeamsChannelConfiguration"),
    }
    kinds = {resource["Type"] for resource in stack.resources.values()}
    assert kinds - encrypted.keys() - keeps_nothing == kinds & AWS_OWNED.keys(), "say here how a new kind is encrypted"


# --- The evaluator itself ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ({}, Verdict.ALLOWED),
        ({"Effect": "Deny"}, Verdict.DENIED),
        ({"Principal": {"AWS": f"arn:aws:iam::{THEIRS}:root"}}, Verdict.ALLOWED),
        ({"Principal": {"AWS": f"arn:aws:iam::{OURS}:root"}}, Verdict.NOTHING_SAID),
        ({"Principal": {"Service": "sns.amazonaws.com"}}, Verdict.NOTHING_SAID),
        ({"Action": "sns:*"}, Verdict.ALLOWED),
        ({"Action": ["sns:Subscribe"]}, Verdict.NOTHING_SAID),
        ({"Resource": "another"}, Verdict.NOTHING_SAID),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, Verdict.ALLOWED),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}}}, Verdict.NOTHING_SAID),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": OURS}}}, Verdict.NOTHING_SAID),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*"}}}, Verdict.NOTHING_SAID),
    ],
)
def test_a_statement_says_what_iam_documents(statement: Statement, says: Verdict) -> None:
    plain = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "topic"}
    asked = Request(WHO["a role of another account"], "sns:Publish", "topic", TLS)
    assert verdict([{**plain, **statement}], asked) is says


@pytest.mark.parametrize(
    "unknown", [{"NotAction": "sns:Publish"}, {"Condition": {"IpAddress": {"aws:SourceIp": "::"}}}]
)
def test_what_the_evaluator_does_not_know_is_an_error(unknown: Statement) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", **unknown}
    with pytest.raises((ValueError, KeyError)):
        verdict([statement], Request(WHO["a role of another account"], "sns:Publish"))
