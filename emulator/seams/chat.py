"""CloudFormation: chat configurations, which moto does not know. Nothing is sent to them; their names are kept apart.

They are global in an account: a name is there once, whatever the Region, and so is the configuration of a channel
(administrator guide of Amazon Q Developer in chat applications, "Tutorial: Get started with Slack").
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from moto.cloudformation.exceptions import ValidationError
from moto.core.common_models import CloudFormationModel
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from emulator.seams.resources import Resource


class _ChatConfiguration(Resource):
    NAME = "ConfigurationName"
    CHANNEL: ClassVar[str]
    """The property that identifies the channel."""

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Self:
        """Take the name and the channel."""
        configured, channel = _configured(account_id, region_name), cloudformation_json["Properties"][cls.CHANNEL]
        if resource_name in configured:
            raise ValidationError(resource_name, message=f"Chat configuration {resource_name} already exists.")
        if channel in configured.values():
            raise ValidationError(resource_name, message=f"Channel {channel} already has a chat configuration.")
        configured[resource_name] = channel
        return cls(resource_name, f"arn:aws:chatbot::{account_id}:chat-configuration/{resource_name}")

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Self,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Self:
        """Make it anew; one whose name changes is made before the old one goes."""
        name = cls.name_after(original_resource, new_resource_name, cloudformation_json)
        if name == original_resource.physical_resource_id:
            original_resource.delete(account_id, region_name)
            return cls.create_from_cloudformation_json(name, cloudformation_json, account_id, region_name)
        made = cls.create_from_cloudformation_json(name, cloudformation_json, account_id, region_name)
        original_resource.delete(account_id, region_name)
        return made

    def delete(self, account_id: str, region_name: str) -> None:
        """Free them."""
        _configured(account_id, region_name).pop(self.physical_resource_id, None)


class SlackChannelConfiguration(_ChatConfiguration, CloudFormationModel):
    """AWS::Chatbot::SlackChannelConfiguration."""

    TYPE = "AWS::Chatbot::SlackChannelConfiguration"
    CHANNEL = "SlackChannelId"


class TeamsChannelConfiguration(_ChatConfiguration, CloudFormationModel):
    """AWS::Chatbot::MicrosoftTeamsChannelConfiguration."""

    TYPE = "AWS::Chatbot::MicrosoftTeamsChannelConfiguration"
    CHANNEL = "TeamsChannelId"


def _configured(account_id: str, region_name: str) -> dict[str, str]:
    """The account's channels, by the names of their configurations; kept where moto forgets it with all else."""
    backend: Any = iam_backends[account_id][get_partition(region_name)]
    found: dict[str, str] = backend.__dict__.setdefault("_chat_configurations", {})
    return found
