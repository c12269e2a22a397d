"""Slack and Teams, by AWS's chat applications (Amazon Q Developer in chat applications, once AWS Chatbot)."""

import aws_cdk as cdk
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.settings.settings import ChatChannels


class Chat(Construct):
    """The channels that a topic is read to. Nobody can do anything in AWS from there.

    Commands that people type into such a channel are run with its role, as far as the guardrail allows: the role may do
    nothing at all. Without a guardrail it would be AdministratorAccess.
    """

    def __init__(self, scope: Construct, construct_id: str, *, channels: ChatChannels, topic: sns.Topic) -> None:
        super().__init__(scope, construct_id)
        stack_name = cdk.Stack.of(self).stack_name
        role = iam.Role(
            self,
            "Role",
            description="Of chat channels: it may do nothing",
            assumed_by=iam.ServicePrincipal("chatbot.amazonaws.com"),
        )
        guardrail = iam.ManagedPolicy.from_aws_managed_policy_name("ReadOnlyAccess")
        for slack in channels.slack:
            chatbot.SlackChannelConfiguration(
                self,
                f"Slack{slack.channel_id}",
                slack_channel_configuration_name=f"{stack_name}-{slack.channel_id}",
                slack_workspace_id=slack.workspace_id,
                slack_channel_id=slack.channel_id,
                notification_topics=[topic],
                role=role,
                guardrail_policies=[guardrail],
                logging_level=chatbot.LoggingLevel.ERROR,
            )
        for number, teams in enumerate(channels.teams, start=1):
            chatbot.CfnMicrosoftTeamsChannelConfiguration(
                self,
                f"Teams{number}",
                configuration_name=f"{stack_name}-teams-{number}",
                teams_tenant_id=teams.tenant_id,
                team_id=teams.team_id,
                teams_channel_id=teams.channel_id,
                sns_topic_arns=[topic.topic_arn],
                iam_role_arn=role.role_arn,
                guardrail_policies=[guardrail.managed_policy_arn],
                logging_level="ERROR",
            )
