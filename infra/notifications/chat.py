"""Slack and Teams, by AWS's chat applications (Amazon Q Developer in chat applications, once AWS Chatbot)."""

from dataclasses import asdict

import aws_cdk as cdk
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.parts.names import chat_name
from infra.settings.settings import ChatChannels


class Chat(Construct):
    """The channels that a topic is read to. Nobody can do anything in AWS from there.

    Commands that people type into such a channel are run with its role, as far as the guardrail allows: the role may do
    nothing at all. Without a guardrail it would be AdministratorAccess.
    """

    def __init__(self, scope: Construct, construct_id: str, *, channels: ChatChannels, topic: sns.Topic) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        role = iam.Role(
            self,
            "Role",
            description="Of chat channels: it may do nothing",
            assumed_by=iam.ServicePrincipal("chatbot.amazonaws.com"),
        )
        guardrail = iam.ManagedPolicy.from_aws_managed_policy_name("ReadOnlyAccess")
        for slack in channels.slack:
            name = chat_name(stack.stack_name, stack.region, "Slack", asdict(slack))
            chatbot.SlackChannelConfiguration(
                self,
                name,
                slack_channel_configuration_name=name,
                slack_workspace_id=slack.workspace_id,
                slack_channel_id=slack.channel_id,
                notification_topics=[topic],
                role=role,
                guardrail_policies=[guardrail],
                logging_level=chatbot.LoggingLevel.ERROR,
            )
        for teams in channels.teams:
            name = chat_name(stack.stack_name, stack.region, "Teams", asdict(teams))
            chatbot.CfnMicrosoftTeamsChannelConfiguration(
                self,
                name,
                configuration_name=name,
                teams_tenant_id=teams.tenant_id,
                team_id=teams.team_id,
                teams_channel_id=teams.channel_id,
                sns_topic_arns=[topic.topic_arn],
                iam_role_arn=role.role_arn,
                guardrail_policies=[guardrail.managed_policy_arn],
                logging_level="ERROR",
            )
