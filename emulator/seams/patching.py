"""How a patch is put in place, and what the patches know of the emulator that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.runtime import Deployed, Outcome


@dataclass
class Connection:
    """What the patches need of the emulator that runs now; moto's backends are global, so there is one at a time."""

    endpoint: str = ""
    invoke: Callable[[Deployed, bytes], Outcome] | None = None
    deliver: Callable[[str, Mapping[str, Any], dict[str, Any]], None] | None = None


connection = Connection()


def patch(owner: Any, name: str, replacement: Any) -> None:
    """Replace what a class or module of moto's has under a name.

    Raises
    ------
    AttributeError
        It has no such name: moto has changed.

    """
    if not hasattr(owner, name):
        raise AttributeError(f"{owner.__name__} has no {name} any more: moto changed, look at this seam again")
    setattr(owner, name, replacement)
