"""One cdk.json for several places, an account and Region each: which there are, and what of the settings is for which.

A model says where it lies; everything else follows from its row in ``_SPLIT``. Each place gets settings of its own, as
if nothing else were configured: so whatever comes of them is the same, whether there are other places or not. Pure.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle.shared.arns import VersionArn
from lifecycle.shared.text import all_of

Context = Mapping[str, Any]
"""The settings as cdk.json has them."""
Entry = Mapping[str, Any]
MOST_NAMED = 5
_EXAMPLE = "123456789012/eu-west-1"


@dataclass(frozen=True, slots=True)
class Place:
    """An account and Region: it has one stack."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"

    @property
    def folder(self) -> str:
        """As a part of a file's name, or of a construct's id."""
        return f"{self.account}-{self.region}"

    def is_meant(self, text: str) -> bool:
        """Whether a text in cdk.json, or on a command line, means it: its Region, or ``account/Region``."""
        return text in (self.region, str(self))


def located(context: Context) -> dict[str, Any]:
    """The same settings, with the ``place`` of every model in full; of none whose place can't be known."""
    accounts, regions = _known(context)
    defaults = (context.get("account", _only(accounts)), context.get("region", _only(regions)))
    return {**context, "models": [{**model, "place": _place(model, *defaults)} for model in context["models"]]}


def places_of(context: Context) -> list[Place]:
    """Where the models of ``located`` settings lie, in their order."""
    return [Place(*text.split("/")) for text in dict.fromkeys(model["place"] for model in context["models"]) if text]


def meant(entry: Any, places: Sequence[Place]) -> list[Place]:
    """The places that an entry is for: all of them, unless its ``place`` or ``places`` say less."""
    found = entry if isinstance(entry, Mapping) else {}
    given = [found["place"]] if "place" in found else found.get("places")
    return [one for one in places if given is None or any(map(one.is_meant, given))]


def name_of(entry: Any) -> str:
    """Of an entry that is a name, or an object with one."""
    return str(entry["name"] if isinstance(entry, Mapping) else entry)


def models_in(context: Context, place: Place) -> list[Entry]:
    """The models of a place."""
    return [model for model in context["models"] if model["place"] == str(place)]


def batches(context: Context) -> list[tuple[str, Entry]]:
    """Each ``detect_batch`` with its key: one, or a list of one for each place."""
    given = context.get("detect_batch")
    if isinstance(given, list):
        return [(f"detect_batch.{index}", batch) for index, batch in enumerate(given)]
    return [("detect_batch", given)] if given else []


# --- What is for which place ------------------------------------------------------------------------------------------


def split(context: Context) -> dict[Place, dict[str, Any]]:
    """The settings of each place, in the shape that those of a single one have, from ``located`` ones without problems.

    An entry keeps the ``key`` that it has in cdk.json, so that its problems can be said by it.
    """
    places = places_of(context)
    return {
        place: {
            **context,
            "account": place.account,
            "region": place.region,
            **{key: rule(context, key, place, places) for key, rule in _SPLIT.items() if key in context},
        }
        for place in places
    }


def _models(context: Context, _key: str, place: Place, _places: Sequence[Place]) -> list[Entry]:
    return [_without(model, "place") for model in models_in(context, place)]


def _names(context: Context, key: str, place: Place, places: Sequence[Place]) -> list[str]:
    names = (name_of(entry) for entry in context[key] if place in meant(entry, places))
    return [*dict.fromkeys(names)]


def _entries(context: Context, key: str, place: Place, places: Sequence[Place]) -> list[Any]:
    """Those that are for the place; what is said of a model only where that model is."""
    models = {model["name"] for model in models_in(context, place)}
    return [
        _without({**entry, "key": f"{key}.{index}"}, "place", "places") if isinstance(entry, Mapping) else entry
        for index, entry in enumerate(context[key])
        if place in meant(entry, places) and _is_of(entry, models)
    ]


def _recipients(context: Context, key: str, place: Place, places: Sequence[Place]) -> list[Any]:
    """Of an address that is notified of some models, only those that are there; nobody is asked to confirm for none."""
    models = {model["name"] for model in models_in(context, place)}
    found = [
        {**entry, "models": [name for name in entry["models"] if name in models]} if "models" in entry else entry
        for entry in _entries(context, key, place, places)
    ]
    return [entry for entry in found if "models" not in entry or entry["models"]]


def _batch(context: Context, _key: str, place: Place, places: Sequence[Place]) -> Entry | None:
    found = (batch for _, batch in batches(context) if place in meant(batch, places))
    return next((_without(batch, "place") for batch in found), None)


def _chat(context: Context, key: str, place: Place, places: Sequence[Place]) -> Entry:
    """Its channels in one place of an account. Elsewhere there is the topic alone, to be added there."""
    chat: Entry = context[key]
    owns = not _has_channels(chat) or place in meant(chat, places)
    return {name: value for name, value in chat.items() if name != "places"} if owns else {"topic_only": True}


_Rule = Callable[[Context, str, Place, Sequence[Place]], Any]
_SPLIT: Mapping[str, _Rule] = {
    "models": _models,
    "projects": _names,
    "workloads": _names,
    "event_rules": _entries,
    "inboxes": _entries,
    "trusted_principals": _entries,
    "notification_emails": _recipients,
    "detect_batch": _batch,
    "chat": _chat,
}
"""By key, what of it a place has. A key without a row has one value, which all places have."""
_LISTS = tuple(key for key, rule in _SPLIT.items() if rule in (_names, _entries, _recipients))
"""Of these keys each entry may have ``places``; an inbox, whose bucket has one Region, ``place``."""


def _without(entry: Any, *keys: str) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    return {name: value for name, value in entry.items() if name not in keys}


def _is_of(entry: Any, models: set[str]) -> bool:
    return not isinstance(entry, Mapping) or "model" not in entry or entry["model"] in models


def _has_channels(chat: Entry) -> bool:
    return bool(chat.get("slack") or chat.get("teams"))


# --- What is wrong ----------------------------------------------------------------------------------------------------


def problems_of_places(given: Context) -> Iterator[str]:
    """What is wrong with where settings go, a line each with its key."""
    context = located(given)
    yield from _problems_of_home(given, context)
    places = places_of(context)
    for key in _LISTS:
        for index, entry in enumerate(context.get(key, ())):
            yield from _problems_of_entry(f"{key}.{index}", entry, places)
            where = [
                [one for one in meant(same, places) if _SPLIT[key]({**context, key: [same]}, key, one, places)]
                for same in (entry, _without(entry, "place", "places"))
            ]
            if meant(entry, places):
                yield from _problems_of_where(f"{key}.{index}", entry, *where)
    yield from _problems_of_batches(context, places)
    yield from _problems_of_chat(context.get("chat", {}), places)


def _problems_of_home(given: Context, context: Context) -> Iterator[str]:
    accounts, regions = _known(given)
    for part, homes in (("account", accounts), ("region", regions)):
        if homes and given.get(part, homes[0]) not in homes:
            yield f"{part}: is {given[part]}, but the models are in {all_of([*homes], MOST_NAMED)}"
    unknown = [index for index, model in enumerate(context["models"]) if not model["place"] and "project" in model]
    for part, homes in (("account", accounts), ("region", regions)):
        if unknown and not homes and part not in given:
            yield f"{part}: is needed, because no model has a project_version_arn that would say it"
    several = max(len(accounts), len(regions)) > 1
    for index, model in enumerate(given["models"]):
        if "project_version_arn" in model and "place" in model:
            yield f"models.{index}.place: is for a model with project and version only; the ARN names this one's"
        if index in unknown and several:
            says = "names no account" if "place" in model else "is needed"
            yield (
                f"models.{index}.place: {says}, where models are in several places: {_said(places_of(context))}; "
                f'name one of them, or another, as in "{_EXAMPLE}"'
            )


def _problems_of_entry(key: str, entry: Any, places: Sequence[Place]) -> Iterator[str]:
    given = entry if isinstance(entry, Mapping) else {}
    named = [(f"places.{index}", text) for index, text in enumerate(given.get("places", ()))]
    for name, text in [*named, *([("place", given["place"])] if "place" in given else [])]:
        if places and not any(one.is_meant(text) for one in places):
            yield f"{key}.{name}: {text!r} is no place of the models; they are in {_said(places)}"


def _problems_of_where(key: str, entry: Any, found: Sequence[Place], models: Sequence[Place]) -> Iterator[str]:
    """An entry that would be nowhere though its models are somewhere; or in several places, where only one can be."""
    if models and not found:
        name = "place" if "place" in entry else "places"
        yield f"{key}.{name}: no model that it is for is there: leave {name} out, or name {_said(models)}"
    if key.startswith("inboxes.") and len(found) > 1:
        yield f"{key}.place: is needed, because {entry['model']!r} is a model in {_said(found)}"


def _problems_of_batches(context: Context, places: Sequence[Place]) -> Iterator[str]:
    found = batches(context)
    owners: dict[Place, list[str]] = defaultdict(list)
    for key, batch in found:
        if "place" not in batch and len(places) > 1:
            yield (
                f"{key}.place: is needed, because buckets belong to a Region: one of {_said(places)}. For several of "
                "them make detect_batch a list"
            )
            continue
        yield from _problems_of_entry(key, batch, places)
        if len(several := meant(batch, places)) > 1:
            yield f"{key}.place: {batch['place']!r} may be {_said(several)}; name the account too"
        for place in meant(batch, places):
            owners[place].append(key)
    yield from (
        f"detect_batch: {place} has more than one, {all_of(keys, MOST_NAMED)}; one may have several folders of images"
        for place, keys in owners.items()
        if len(keys) > 1
    )


def _problems_of_chat(chat: Entry, places: Sequence[Place]) -> Iterator[str]:
    yield from _problems_of_entry("chat", chat, places)
    if not _has_channels(chat):
        return
    by_account: dict[str, list[Place]] = defaultdict(list)
    for place in meant(chat, places):
        by_account[place.account].append(place)
    for account, owners in by_account.items():
        if len(owners) > 1:
            yield (
                f"chat.places: a channel can have one configuration in an account, but {account} would have one in "
                f"{all_of([one.region for one in owners], MOST_NAMED)}; name the place that has it. The others get "
                "the topic only (ChatTopicArn)"
            )


def _said(places: Sequence[Place]) -> str:
    return all_of([str(one) for one in places], MOST_NAMED)


# --- Where a model lies -----------------------------------------------------------------------------------------------


def _place(model: Entry, account: str | None, region: str | None) -> str:
    named_account, named_region = _named(model)
    account, region = named_account or account, named_region or region
    return str(Place(account, region)) if account and region else ""


def _known(context: Context) -> tuple[list[str], list[str]]:
    """The accounts and the Regions that the models name themselves, in order."""
    named = [_named(model) for model in context["models"]]
    accounts, regions = {account for account, _ in named}, {region for _, region in named}
    return sorted(accounts - {""}), sorted(regions - {""})


def _named(model: Entry) -> tuple[str, str]:
    """The account and the Region that a model names itself; empty where it does not."""
    if "project_version_arn" in model:
        version = VersionArn.parse(model["project_version_arn"])
        return version.account, version.region
    account, _, region = str(model.get("place", "")).rpartition("/")
    return account, region


def _only(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None
