"""The settings of ``cdk.json``: read once, checked whole, typed."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from infra.settings import places
from infra.settings.event_rules import problems_of_event_rules
from infra.settings.inboxes import problems_of_folders, problems_of_inboxes
from infra.settings.recipients import Recipient, problems_of_recipients, with_address
from infra.settings.schedules import not_taken, problems_of_schedules, schedules_of
from lifecycle.configuration import Configuration, Model, OverBudget
from lifecycle.shared.json_schema import Validator
from lifecycle.shared.pricing import INFERENCE_UNIT_HOUR, inference_unit_hour
from lifecycle.shared.suggestions import alike_but_for_case
from lifecycle.shared.text import all_of
from lifecycle.shared.wire import as_is, from_wire

CONTEXT_KEY = "custom-labels-lifecycle"
STACK_NAME = "CustomLabelsLifecycle"
DETECT_BATCH = f"{STACK_NAME}-DetectBatch"
DRAIN_INBOX = f"{STACK_NAME}-DrainInbox"
"""The app's own workloads, by their state machines' names."""
MOST_NAMED = 5
ROOT = Path(__file__).parents[2]
"""Where cdk.json is."""

CUSTOM_LABELS_REGIONS = frozenset(
    {
        "us-east-1",
        "us-east-2",
        "us-west-2",
        "eu-west-1",
        "eu-west-2",
        "eu-central-1",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-northeast-1",
        "ap-northeast-2",
    }
)
"""Where Custom Labels is offered (AWS General Reference, Amazon Rekognition endpoints). boto3 lists 18 Regions for
Rekognition as a whole, so it can't be asked."""

_SCHEMA = json.loads((Path(__file__).parent / "settings.schema.json").read_text("utf-8"))
_VALIDATOR = Validator(_SCHEMA)
EXAMPLE_ARN = str(_VALIDATOR.example("models")[0]["project_version_arn"])
"""Of the model in the cdk.json that comes with the project: nobody's."""
KEYS = frozenset(_SCHEMA["properties"])
"""Of the settings, at their top."""


class SettingsError(Exception):
    """``cdk.json`` is wrong: every problem, each with its key."""

    def __init__(self, problems: Sequence[str]) -> None:
        lines = "\n".join(f"  {CONTEXT_KEY}.{problem}" for problem in problems)
        super().__init__(f"cdk.json, context:\n{lines}\nThe keys are described in infra/settings/settings.schema.json.")


@dataclass(frozen=True)
class SlackChannel:
    """A channel of a Slack workspace that was authorised once by hand."""

    workspace_id: str
    channel_id: str


@dataclass(frozen=True)
class TeamsChannel:
    """A channel of a Microsoft Teams team that was authorised once by hand."""

    tenant_id: str
    team_id: str
    channel_id: str


@dataclass(frozen=True)
class ChatChannels:
    """The channels that are notified of everything.

    Parameters
    ----------
    topic_only : bool
        There are none of this app's own: whoever owns a channel's configuration adds the topic to it.
    """

    topic_only: bool = False
    slack: tuple[SlackChannel, ...] = ()
    teams: tuple[TeamsChannel, ...] = ()


@dataclass(frozen=True)
class EventRule:
    """An event that starts a model, or releases its lease; one of ``model`` and the paths is there.

    Parameters
    ----------
    key : str
        Where in cdk.json it stands.
    """

    name: str
    pattern: Mapping[str, Any]
    event_bus: str = "default"
    action: str = "start"
    model: str | None = None
    model_path: str | None = None
    project_version_arn_path: str | None = None
    lease_id: str | None = None
    lease_minutes: int | None = None
    enabled: bool = True
    key: str = field(default="", compare=False)


@dataclass(frozen=True)
class TrustedPrincipal:
    """Somebody in another account who may start the state machines."""

    principal: str
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Configuration):
    """All that one deployment is made of: what its functions need, and here what only the deploy does.

    As there, a field is called as its key in cdk.json. One has none. ``not_taken``: by schedule, the events of its
    calendar that are no days off.
    """

    account: str
    region: str
    event_rules: tuple[EventRule, ...] = ()
    trusted_principals: tuple[TrustedPrincipal, ...] = ()
    notification_emails: tuple[Recipient, ...] = ()
    chat: ChatChannels | None = None
    not_taken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    log_retention_days: int = 90
    removal_policy: str = "destroy"
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def configuration(self) -> Configuration:
        """What the functions need, without the rest: a change of an address is none of theirs."""
        return Configuration(**{one.name: getattr(self, one.name) for one in fields(Configuration)})

    @property
    def retain(self) -> bool:
        """Whether the key, the logs and the tables stay when the stack is destroyed."""
        return self.removal_policy == "retain"

    @property
    def place(self) -> places.Place:
        """Where its stack goes."""
        return places.Place(self.account, self.region)

    @property
    def stack_id(self) -> str:
        """Its stack's id in the app; every place's stack has the same name."""
        return f"{STACK_NAME}-{self.place.folder}"

    @classmethod
    def of_places(cls, context: Any, *, folder: Path = ROOT, now: datetime | None = None) -> tuple[Self, ...]:
        """Check the context's ``custom-labels-lifecycle``, and give it types: the settings of each place.

        Parameters
        ----------
        folder : Path
            That of cdk.json, from where it names files.
        now : datetime, optional
            Schedules are checked from then on.

        Raises
        ------
        SettingsError
            Naming every problem, each with its key.
        """
        now = now or datetime.now(UTC)
        if problems := _VALIDATOR.problems(context):
            raise SettingsError(problems)
        located = places.located(context)
        of_schedules = problems_of_schedules(located["models"], folder, now)
        if problems := [*_problems_between_settings(context), *of_schedules]:
            raise SettingsError(problems)
        return tuple(cls._of_place(one, folder, now) for one in places.split(located).values())

    @classmethod
    def from_context(cls, context: Any, *, folder: Path = ROOT, now: datetime | None = None) -> Self:
        """The settings of the only place."""
        (only,) = cls.of_places(context, folder=folder, now=now)
        return only

    @classmethod
    def _of_place(cls, context: Mapping[str, Any], folder: Path, now: datetime) -> Self:
        settings = from_wire(cls, {**context, **_shaped(context)}, as_is)
        models = context["models"]
        return replace(settings, schedules=schedules_of(models, folder, now), not_taken=not_taken(models, folder, now))


def _shaped(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of what cdk.json says in another shape than the dataclasses: the dataclasses' shape."""
    region = context["region"]
    chat = context.get("chat", {})
    own = {DETECT_BATCH: bool(context.get("detect_batch")), DRAIN_INBOX: bool(context.get("inboxes"))}
    workloads = [*context.get("workloads", ()), *(name for name, deployed in own.items() if deployed)]
    return {
        "models": {model["name"]: model for model in context["models"]},
        "workloads": [*dict.fromkeys(workloads)],
        "inboxes": {inbox["name"]: inbox for inbox in context.get("inboxes", ())},
        "notification_emails": [*map(with_address, context.get("notification_emails", ()))],
        "chat": chat if any(chat.values()) else None,
        "inference_unit_hour_usd": context.get("inference_unit_hour_usd", inference_unit_hour(region)),
        "price_is_assumed": "inference_unit_hour_usd" not in context and region not in INFERENCE_UNIT_HOUR,
    }


def _problems_between_settings(context: Mapping[str, Any]) -> list[str]:
    """What a JSON Schema can't say."""
    checks = (
        _problems_of_models,
        places.problems_of_places,
        _problems_of_regions,
        problems_of_folders,
        problems_of_inboxes,
        _problems_of_chat,
        _problems_of_trust,
        _problems_of_budget,
        lambda given: problems_of_event_rules(given, STACK_NAME),
        problems_of_recipients,
        _problems_of_tags,
    )
    return [problem for check in checks for problem in check(context)]


def _problems_of_models(context: Mapping[str, Any]) -> list[str]:
    problems = []
    located = places.located(context)["models"]
    for key in ("name", "project_version_arn", "project"):
        # Another place may have a model of the same name, or a project.
        found = [(model["place"], model[key], index) for index, model in enumerate(located) if key in model]
        for (place, value), n in Counter(one[:2] for one in found).items():
            where = [f"models.{index}" for *one, index in found if one == [place, value]]
            if n > 1:
                problems.append(f"models: {key} {value!r} is there {n} times: in {all_of(where, MOST_NAMED)}")
    for place in dict.fromkeys(model["place"] for model in located):
        names = [model["name"] for model in located if model["place"] == place]
        problems += [f"models: name {pair}" for pair in alike_but_for_case(names)]
    for index, model in enumerate(context["models"]):
        if ("project_version_arn" in model) == ("project" in model):
            problems.append(f"models.{index}.project_version_arn, project: exactly one of the two is needed")
        if ("project" in model) != ("version" in model):
            problems.append(f'models.{index}.project, version: they go together, as in "version": "latest"')
        if "minimum_f1" in model and "project" not in model:
            problems.append(f"models.{index}.minimum_f1: is for a model with project and version only")
        units = from_wire(Model, model, as_is)
        low, high = units.min_inference_units, units.max_inference_units
        if high is not None and high < low:
            problems.append(f"models.{index}.max_inference_units: {high} is less than min_inference_units, {low}")
    return problems


def _problems_of_regions(context: Mapping[str, Any]) -> list[str]:
    """Whether Custom Labels is there."""
    regions = {place.region for place in places.places_of(places.located(context))}
    return [
        f"models: {region} is not known to have Custom Labels ({', '.join(sorted(CUSTOM_LABELS_REGIONS))}); "
        "if it has by now, set allow_other_regions to true"
        for region in sorted(regions - CUSTOM_LABELS_REGIONS)
        if not context.get("allow_other_regions")
    ]


def _problems_of_chat(context: Mapping[str, Any]) -> list[str]:
    """A channel may have one configuration in an account (AWS's chat applications, "Slack channel configurations")."""
    chat = context.get("chat", {})
    problems = [
        f"chat.slack.{index}.{key}: {given!r} is the id of a {what}, which begins with {begins}; are the two swapped?"
        for index, channel in enumerate(chat.get("slack", ()))
        for key, begins, what in (("workspace_id", "C", "channel"), ("channel_id", "T", "workspace"))
        if (given := channel[key]).startswith(begins)
    ]
    for kind in ("slack", "teams"):
        counts = Counter(channel["channel_id"] for channel in chat.get(kind, ()))
        problems += [f"chat.{kind}: channel {name} is there {n} times" for name, n in counts.items() if n > 1]
        if counts and chat.get("topic_only"):
            problems.append(
                f"chat.topic_only: means that no channel is configured here, but chat.{kind} names some; leave out one "
                "of the two. The topic (ChatTopicArn) is there with either"
            )
    return problems


def _problems_of_trust(context: Mapping[str, Any]) -> Iterator[str]:
    """Principals of other accounts: this one's own need no role to take."""
    everywhere = places.places_of(places.located(context))
    for index, one in enumerate(context.get("trusted_principals", ())):
        own = {place.account for place in places.meant(one, everywhere)}
        account = one["principal"] if one["principal"].isdigit() else one["principal"].split(":")[4]
        if own == {account}:
            yield (
                f"trusted_principals.{index}.principal: {one['principal']} is of the account that this is deployed to, "
                "and trusted_principals are of others. Attach the policy of the output OperatorsPolicyArn to who is to "
                "start models there (docs/console.md)"
            )


def _problems_of_tags(context: Mapping[str, Any]) -> list[str]:
    """Keys that AWS refuses in the midst of a deploy (Tagging AWS Resources, "Tag naming limits and requirements")."""
    return [f"tags.{key or '(empty)'}: {why}" for key in context.get("tags", {}) for why in _wrong_in_tag(key)]


def _wrong_in_tag(key: str) -> Iterator[str]:
    if not key.strip():
        yield 'a tag\'s key must not be empty, for example {"team": "vision"}'
    elif key.lower().startswith("aws:"):
        yield f"keys that begin with aws: are AWS's own, and it refuses them from others; did you mean {key[4:]!r}?"
    elif len(key) > _LONGEST_TAG:
        yield f"has {len(key)} characters, and {_LONGEST_TAG} are the most of a tag's key"
    elif other := sorted({one for one in key if not (one.isalnum() or one in _IN_TAGS)}):
        yield f"has {' '.join(other)} in it; a tag's key may have letters, digits, spaces and {' '.join(_IN_TAGS[1:])}"


_LONGEST_TAG = 128
_IN_TAGS = " _.:/=+-@"


def _problems_of_budget(context: Mapping[str, Any]) -> list[str]:
    """A budget that nobody has named refuses nothing."""
    over = context.get("over_budget", OverBudget.NOTIFY)
    if over == OverBudget.NOTIFY or "monthly_budget_usd" in context:
        return []
    return [f"over_budget: {over} needs monthly_budget_usd, the budget of a month in USD"]
