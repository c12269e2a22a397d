"""An inbox of the deployed stack: what waits in it, and what can be done with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Functions(Protocol):
    """The functions of the deployed stack."""

    def report(self, name: str, month: str | None = None) -> dict[str, Any]:
        """What the page knows, as data."""

    def act(self, action: str, **asked: Any) -> dict[str, Any]:
        """Have something done."""


@dataclass(frozen=True)
class Backfilled:
    """What a backfill has done so far: how many images it has found, and how many of them it has queued."""

    images: int
    queued: int


class Inbox:
    """An inbox.

    Parameters
    ----------
    name : str
        As in cdk.json.
    """

    def __init__(self, name: str, functions: Functions) -> None:
        self.name = name
        self._functions = functions

    def backfill(self, *, errors: bool = False) -> Iterator[Backfilled]:
        """Queue what has no result, and with ``errors`` what has one that is an error; yields how far it is.

        Raises
        ------
        NotDeployed, InvalidRequest, AccessDenied, ServiceUnavailable
        """
        images = queued = 0
        go_on: Mapping[str, Any] = {}
        while True:
            done = self._act("backfill", Errors=errors, **go_on)
            images, queued = images + done["Images"], queued + done["Queued"]
            yield Backfilled(images, queued)
            if "StartAfter" not in done:
                return
            go_on = {"StartAfter": done["StartAfter"]}

    def redrive(self) -> dict[str, Any]:
        """Move the dead letters back into the queue: how many there are, and whether that has begun by this.

        Raises
        ------
        NotDeployed, InvalidRequest, AccessDenied, ServiceUnavailable
        """
        return self._act("redrive")

    def pause(self, by: str) -> dict[str, Any]:
        """Let the model go, and start it no more until ``resume``. Images keep waiting.

        Parameters
        ----------
        by : str
            Who pauses it, for whoever wonders why nothing is labelled.

        Raises
        ------
        NotDeployed, InvalidRequest, AccessDenied, ServiceUnavailable
        """
        return self._act("pause", By=by)

    def resume(self) -> dict[str, Any]:
        """End a pause, or the time until the next try of an inbox that is blocked.

        Raises
        ------
        NotDeployed, InvalidRequest, AccessDenied, ServiceUnavailable
        """
        return self._act("resume")

    def _act(self, action: str, **asked: Any) -> dict[str, Any]:
        return self._functions.act(f"inbox-{action}", Inbox=self.name, **asked)
