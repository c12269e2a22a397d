"""The settings where they stand: in cdk.json, unless the CDK CLI hands its context over."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.settings.json_mistakes import NoJsonError, parsed
from infra.settings.settings import CONTEXT_KEY, KEYS, MOST_NAMED, ROOT, Settings, SettingsError
from lifecycle.shared.suggestions import nearest
from lifecycle.shared.text import all_of

FILE = "cdk.json"
HANDED_OVER = "CDK_CONTEXT_JSON"
"""In the environment, from the CDK CLI: the context of cdk.json and of its command line. Where that is too large for an
environment it is not there, and cdk.json has the same settings: they can't be given on a command line."""
_OF_THE_CDK = frozenset({"tags", "region", "account", "app", "context", "output"})
"""Keys of cdk.json that are the CDK CLI's own, wherever they stand beside our settings."""


class UnknownPlaceError(SettingsError):
    """No model of cdk.json lies in the place that was named."""

    def __init__(self, text: str, places: Sequence[Settings]) -> None:
        there = all_of([str(one.place) for one in places], MOST_NAMED)
        Exception.__init__(self, f"PLACE={text} is no place of the models in {FILE}; they are in {there}.")


class UnreadableError(SettingsError):
    """cdk.json is not there, is no JSON, or has no settings where they belong."""

    def __init__(self, reason: str) -> None:
        Exception.__init__(self, f"{FILE} {reason}")


def settings_of(folder: Path = ROOT, *, place: str = "") -> tuple[Settings, ...]:
    """Read and check them: those of each place.

    Parameters
    ----------
    folder : Path
        That of cdk.json.
    place : str
        Only those of this Region, or ``account/Region``.

    Raises
    ------
    SettingsError
        Naming every problem.
    """
    handed_over = json.loads(os.environ.get(HANDED_OVER, "{}"))
    document = {"context": handed_over} if CONTEXT_KEY in handed_over else _document(folder / FILE)
    given = document.get("context")
    context = given if isinstance(given, dict) else {}
    if CONTEXT_KEY not in context:
        raise UnreadableError(
            f"has no {CONTEXT_KEY} under context: there the settings are.{_instead(document, context)}"
        )
    if beside := [*_beside(document, context)]:
        raise UnreadableError("\n".join(["has settings where nobody reads them:", *beside]))
    found = Settings.of_places(context[CONTEXT_KEY], folder=folder)
    meant = tuple(one for one in found if not place or one.place.is_meant(place))
    if not meant:
        raise UnknownPlaceError(place, found)
    return meant


def _document(file: Path) -> dict[str, Any]:
    try:
        document = parsed(file.read_bytes())
    except OSError as error:
        raise UnreadableError(f"can't be read: {error.strerror}.") from error
    except NoJsonError as error:
        raise UnreadableError(f"is no JSON: {error}.") from error
    return document if isinstance(document, dict) else {}


def _instead(document: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    """Where they are instead, as far as can be seen."""
    if CONTEXT_KEY in document:
        return f" {CONTEXT_KEY} stands beside context; move it into it."
    for where, keys in (("in context", context), ("beside context", document)):
        near = next(
            (key for key in keys if nearest(key, {CONTEXT_KEY: None}) or nearest(CONTEXT_KEY, {key: None})), None
        )
        if near and near not in {"context", "app"}:
            return f" {json.dumps(near)} stands {where}: it is called {CONTEXT_KEY}."
        if stray := sorted(KEYS & keys.keys() - _OF_THE_CDK):
            return (
                f" Found {where}: {', '.join(stray)}; put settings into an object {json.dumps(CONTEXT_KEY)} in context."
            )
    near = next((key for key in document if key != "context" and key.lower() == "context"), None)
    return f" {json.dumps(near)} is written context." if near else ""


def _beside(document: Mapping[str, Any], context: Mapping[str, Any]) -> Iterator[str]:
    """Settings that stand beside the others rather than with them: they would be passed over in silence."""
    for where, keys in (("", document), ("context.", context)):
        for key in sorted(KEYS & keys.keys() - _OF_THE_CDK):
            yield f"  {where}{key}: belongs into context, {CONTEXT_KEY}"
