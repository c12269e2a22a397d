"""What a JSON Schema can't say of ``inboxes`` and of places in S3: every problem with its key."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from infra.settings.places import batches
from lifecycle.configuration import Inbox
from lifecycle.inbox.names import dead_queue_name, queue_name, undelivered_queue_name
from lifecycle.shared.s3_location import Place
from lifecycle.shared.suggestions import alike_but_for_case
from lifecycle.shared.text import taken_as_percent

_ANY = "stack"
"""A stack's name: of two inboxes it is the same."""


class Folder(NamedTuple):
    """A place in S3, with the key that names it."""

    key: str
    uri: str

    @property
    def place(self) -> Place:
        """The place itself."""
        return Place.parse(self.uri)


def problems_of_inboxes(context: Mapping[str, Any]) -> list[str]:
    """A line for each problem."""
    return [*_problems_of_names(context), *_problems_of_shared_results(context)]


def remarks_on_inboxes(inboxes: Mapping[str, Inbox]) -> Iterator[str]:
    """What is legal without problems, and was hardly meant so: DetectBatch warns of the same in its input."""
    for name, inbox in inboxes.items():
        share = inbox.min_confidence or 0
        if 0 < share <= 1:
            yield f"inbox {name}: {taken_as_percent('min_confidence', share)}"


def _problems_of_names(context: Mapping[str, Any]) -> Iterator[str]:
    inboxes = context.get("inboxes", ())
    counts = Counter(inbox["name"] for inbox in inboxes)
    yield from (f"inboxes: name {name!r} is there {n} times" for name, n in counts.items() if n > 1)
    yield from (f"inboxes: name {pair}" for pair in alike_but_for_case(counts))
    yield from _problems_of_queues([inbox["name"] for inbox in inboxes])
    models = sorted(model["name"] for model in context["models"])
    for index, inbox in enumerate(inboxes):
        if inbox["model"] not in models:
            yield (
                f"inboxes.{index}.model: {inbox['model']!r} is not configured; configured models: {', '.join(models)}"
            )


def _problems_of_queues(names: Sequence[str]) -> Iterator[str]:
    """An inbox has several queues: that of one inbox can't be called as another's."""
    for index, name in enumerate(names):
        for other in dict.fromkeys(names):
            if queue_name(_ANY, name) in (dead_queue_name(_ANY, other), undelivered_queue_name(_ANY, other)):
                yield (
                    f"inboxes.{index}.name: {name!r} gives its queue a name that the inbox {other!r} needs for its own "
                    "undelivered images; choose another name"
                )


def _problems_of_shared_results(context: Mapping[str, Any]) -> Iterator[str]:
    """Images of one name in two inboxes would overwrite each other's results.

    An execution of DetectBatch could have the name of an inbox's folder, and write into it. Executions share with each
    other: each has a folder by its name.
    """
    for one, other in combinations(_results(context), 2):
        if other.key.startswith("inboxes.") and one.place.touches(other.place):
            yield f"{other.key}: {_how(other, one)}; give each inbox a folder of its own for its results"


def problems_of_folders(context: Mapping[str, Any]) -> list[str]:
    """Results apart from images: an inbox would take a result for the next image, without end, and pay for each.

    A batch that reads where anything is written would take the results of the one before for images.
    """
    images, results = [*_images(context)], [*_results(context)]
    return [
        f"{to.key}: {_how(to, of)}; keep results apart from images"
        for to in results
        for of in images
        if of.place.touches(to.place)
    ]


def _images(context: Mapping[str, Any]) -> Iterator[Folder]:
    yield from (Folder(f"{key}.images", uri) for key, batch in batches(context) for uri in batch["images"])
    yield from (_of_inbox(index, inbox, "images") for index, inbox in enumerate(context.get("inboxes", ())))


def _results(context: Mapping[str, Any]) -> Iterator[Folder]:
    yield from (Folder(f"{key}.results", batch["results"]) for key, batch in batches(context))
    yield from (_of_inbox(index, inbox, "results") for index, inbox in enumerate(context.get("inboxes", ())))


def _of_inbox(index: int, inbox: Mapping[str, Any], key: str) -> Folder:
    return Folder(f"inboxes.{index}.{key}", inbox[key])


def _how(folder: Folder, other: Folder) -> str:
    """How a folder touches another."""
    return f"{'lies in' if other.place.holds(folder.place) else 'holds'} {other.uri}, of {other.key}"
