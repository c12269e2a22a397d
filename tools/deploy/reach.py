"""Which places a command goes on with, and why not with the others: a sentence, and the command that mends it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from infra.settings.places import Place
from infra.settings.settings import EXAMPLE_ARN, MOST_NAMED, Settings
from lifecycle.shared.arns import VersionArn
from lifecycle.shared.known_mistakes import LIST_VERSIONS
from lifecycle.shared.text import all_of

BOOTSTRAP = 6
"""The version that templates with assets need (AWS CDK Developer Guide, "Bootstrap template version history")."""
EXAMPLE = VersionArn.parse(EXAMPLE_ARN).account
"""The account of AWS's examples."""
RESERVED = (".example", ".invalid", ".test", ".example.com", ".example.net", ".example.org")
"""How domains end that nobody can have (RFC 2606): the address in cdk.json's example has one."""


class Aws(Protocol):
    """What has to be known of AWS."""

    @property
    def caller(self) -> str:
        """The ARN of whose credentials these are."""

    @property
    def account(self) -> str:
        """Theirs."""

    def takes_deploy_role(self, place: Place) -> bool:
        """Whether they may deploy to a place of another account, by the role that its bootstrapping has made."""

    def bootstrap_version(self, region: str) -> int | None:
        """That of a Region in their account; 0 where there is none, None where it can't be known."""


@dataclass(frozen=True)
class Reached:
    """The places to go on with, and what to say of the others."""

    places: list[Settings] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def examples(places: Sequence[Settings], command: str) -> Iterator[str]:
    """What of cdk.json is still that of the example, by name."""
    models = [(name, model) for settings in places for name, model in settings.models.items()]
    if still := [name for name, model in models if model.project_version_arn == EXAMPLE_ARN]:
        yield (
            f"cdk.json still has the example's ARN, {EXAMPLE_ARN}, for {all_of(still, MOST_NAMED)}: put that of your "
            f"model version there. {LIST_VERSIONS} --project-arn ARN lists those of a project."
        )
    addresses = dict.fromkeys(one.address for settings in places for one in settings.notification_emails)
    found = (
        [one for one in addresses if one.lower().replace("@", ".").endswith(RESERVED)] if command == "deploy" else []
    )
    if found:
        yield (
            f"cdk.json still has an example's address, {all_of(found, MOST_NAMED)}, which nobody reads: put yours into "
            "notification_emails, or leave the key out."
        )


def undecided(places: Sequence[Settings], command: str) -> str | None:
    """Why a command does nothing to several places at a time: a stack's removal is meant for one."""
    if command != "destroy" or len(places) == 1:
        return None
    there = all_of([str(one.place) for one in places], MOST_NAMED)
    return f"Which one? There are {there}. Say make destroy PLACE={places[0].place}, for example."


def reached(places: Sequence[Settings], command: str, aws: Aws) -> Reached:
    """What a command can do with these credentials."""
    found = Reached()
    for settings in places:
        if why := _why_not(settings.place, command, aws):
            found.left_out.append(f"{settings.place} is left out: {why}")
        else:
            found.places.append(settings)
    return found


def _why_not(place: Place, command: str, aws: Aws) -> str | None:
    again = f"make {command} PLACE={place}"
    if aws.account != place.account:
        if command != "bootstrap" and aws.takes_deploy_role(place):
            return None
        if place.account == EXAMPLE:
            return f"{EXAMPLE} is the account of AWS's examples. Put the ARNs of your models into cdk.json"
        return (
            f"these credentials are of account {aws.account} ({aws.caller}). Take those of {place.account}, such as by "
            f"AWS_PROFILE=NAME {again}"
        )
    version = aws.bootstrap_version(place.region) if command in {"deploy", "diff"} else None
    if version is not None and version < BOOTSTRAP:
        says = f"is bootstrapped by version {version}, and {BOOTSTRAP} is needed" if version else "is not bootstrapped"
        return f"it {says}. make bootstrap PLACE={place}"
    return None


def arguments(places: Sequence[Settings], command: str) -> list[str]:
    """Those of the CDK CLI."""
    if command == "bootstrap":
        return [command, *(f"aws://{settings.place}" for settings in places)]
    return [command, *(settings.stack_id for settings in places)]
