"""Who gets which mails: the entries of ``notification_emails``, what is wrong with them, and their filters."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.executions.outcomes import SILENT, Outcome
from lifecycle.shared.suggestions import alike_but_for_case, nearest
from lifecycle.shared.wire import as_is, from_wire

NOTIFIED = tuple(outcome for outcome in Outcome if outcome not in SILENT)
MAX_COMBINATIONS = 150
"""Values of one filter, multiplied (Amazon SNS Developer Guide, "Filter policy constraints")."""


@dataclass(frozen=True)
class Recipient:
    """An address, and what it is notified of; what is empty is not filtered by.

    Parameters
    ----------
    models : tuple of str
        Configured names.
    """

    address: str
    severities: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def filtered(self) -> bool:
        """Whether it is notified of some things only."""
        return bool(self.severities or self.outcomes or self.models)


def with_address(entry: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry as an object, which may be an address alone."""
    return {"address": entry} if isinstance(entry, str) else entry


def problems_of_recipients(context: Mapping[str, Any]) -> Iterator[str]:
    """What a JSON Schema can't say of ``notification_emails``, a line each with its key."""
    recipients = [from_wire(Recipient, with_address(entry), as_is) for entry in context.get("notification_emails", ())]
    counts = Counter(one.address for one in recipients)
    yield from (f"notification_emails: {address} is there {n} times" for address, n in counts.items() if n > 1)
    yield from (f"notification_emails: {pair}" for pair in alike_but_for_case(counts))
    known = {"outcomes": [*NOTIFIED], "models": [model["name"] for model in context["models"]]}
    for index, one in enumerate(recipients):
        for key, names in known.items():
            yield from _unknown(f"notification_emails.{index}.{key}", getattr(one, key), names)
        combinations = math.prod(len(values) or 1 for values in (one.severities, one.outcomes, one.models))
        if combinations > MAX_COMBINATIONS:
            yield (
                f"notification_emails.{index}: severities, outcomes and models make {combinations} combinations, "
                f"SNS takes {MAX_COMBINATIONS}; name fewer, or leave out the key that names nearly all"
            )


def _unknown(key: str, given: Iterable[str], known: list[str]) -> Iterator[str]:
    for index, name in enumerate(given):
        if name not in known:
            near = nearest(name, dict.fromkeys(known))
            hint = f"did you mean {near}?" if near else f"known are {', '.join(sorted(known))}"
            yield f"{key}.{index}: {name!r} is unknown, {hint}"
