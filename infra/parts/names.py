"""Names that have to be unique, where AWS gives them few characters or shares them between Regions. Pure."""

from collections.abc import Mapping

from lifecycle.shared.fitting import digest, fitting

LONGEST_SCHEDULE = 64
"""EventBridge Scheduler API reference, CreateSchedule."""
LONGEST_CHAT_CONFIGURATION = 128
"""CloudFormation reference, AWS::Chatbot::SlackChannelConfiguration and MicrosoftTeamsChannelConfiguration."""


def in_region(stack_name: str, region: str, name: str) -> str:
    """Of what is global in an account, such as managed policies: ``<stack>-<Region>-<name>``."""
    return f"{stack_name}-{region}-{name}"


def own_bus(stack_name: str) -> str:
    """The bus with this app's events, on which rules of others may lie."""
    return f"{stack_name}-events"


def schedule_name(stack_name: str, name: str) -> str:
    """Unique without its group: CloudFormation identifies a schedule by its name alone, in an account and Region."""
    return fitting(f"{stack_name}-{name}", LONGEST_SCHEDULE)


def chat_name(stack_name: str, region: str, kind: str, ids: Mapping[str, str]) -> str:
    """Of a chat configuration: global in an account, and of this very channel.

    A configuration whose team or workspace changes is another one, which is made before the old one is removed: under
    the same name, as by its position in a list, it could not be.

    Parameters
    ----------
    kind : str
        Slack or Teams.
    ids : dict
        What identifies the channel. A Teams channel's has characters that a name must not have.
    """
    return fitting(in_region(stack_name, region, f"{kind}-{digest(*ids.values())}"), LONGEST_CHAT_CONFIGURATION)
