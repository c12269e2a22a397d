"""Datasets of Custom Labels: their statuses, and the images that they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.manifests import Entry

TRAIN, TEST = "TRAIN", "TEST"
# What follows a status that ends by itself.
_FOLLOWS = {"CREATE_IN_PROGRESS": "CREATE_", "UPDATE_IN_PROGRESS": "UPDATE_"}
DELETING = "DELETE_IN_PROGRESS"
BUSY = {*_FOLLOWS, DELETING}
_MESSAGES = {
    "CREATE_IN_PROGRESS": "The dataset is being created.",
    "UPDATE_IN_PROGRESS": "The dataset is being updated.",
    "CREATE_COMPLETE": "The dataset was successfully created.",
    "UPDATE_COMPLETE": "The dataset was successfully updated.",
    DELETING: "The dataset is being deleted.",
}
CREATED_FROM_MANIFEST = "The dataset was successfully created from the manifest file."
# Of the Developer Guide, "Terminal errors".
NO_ROWS = "The manifest file extension or contents are invalid."
TOO_MANY_ERRORS = "The manifest file has too many terminal errors."
TOO_FEW_IMAGES = "The manifest file doesn't have enough labeled images to distribute the dataset."


@dataclass
class Dataset:
    """A project's training or test dataset. Times are seconds since the epoch.

    Attributes
    ----------
    kind
        ``TRAIN`` or ``TEST``.
    entries
        The images by their place, as they are once what is under way is done.
    failure
        Why what is under way is going to fail, or has failed.
    deleted
        When DeleteDataset was called.
    done
        What is said of what is under way once it is done, where that is more than usual.

    """

    arn: str
    kind: str
    created: float
    updated: float
    status: str = "CREATE_IN_PROGRESS"
    entries: dict[str, Entry] = field(default_factory=dict)
    failure: str | None = None
    done: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    deleted: float | None = None

    @property
    def message(self) -> str:
        """What the service says of its status."""
        if self.status.endswith("_FAILED"):
            return str(self.failure)
        return self.done if self.done and self.status.endswith("_COMPLETE") else _MESSAGES[self.status]

    @property
    def message_code(self) -> str:
        """Of what kind the message is."""
        return "CLIENT_ERROR" if self.status.endswith("_FAILED") else "SUCCESS"

    def begin_update(self, now: float) -> None:
        """Let an update be under way from now on."""
        self.status, self.updated, self.failure, self.done = "UPDATE_IN_PROGRESS", now, None, None

    def settle(self, now: float, seconds: float) -> None:
        """Let what is under way be over, if it has taken so long."""
        if self.status in _FOLLOWS and now >= self.updated + seconds:
            outcome = "FAILED" if self.failure else "COMPLETE"
            self.status, self.updated = _FOLLOWS[self.status] + outcome, self.updated + seconds

    def put(self, entries: Iterable[Entry]) -> None:
        """Add images, or replace those that lie at the same place."""
        self.entries.update({entry.source: entry for entry in entries})

    def stats(self) -> dict[str, int]:
        """How many images it has, as DescribeDataset counts them."""
        entries = self.entries.values()
        return {
            "LabeledEntries": sum(bool(entry.labels) for entry in entries),
            "TotalEntries": len(entries),
            "TotalLabels": len({label for entry in entries for label in entry.labels}),
            "ErrorEntries": sum(bool(entry.errors) for entry in entries),
        }

    def labels(self) -> list[tuple[str, int, int]]:
        """Its labels by name: how many images each has, and how many of these show it in a bounding box."""
        images, boxes = Counter[str](), Counter[str]()
        for entry in self.entries.values():
            images.update(set(entry.labels))
            boxes.update(set(entry.boxes))
        return [(name, images[name], boxes[name]) for name in sorted(images)]

    def matching(self, filters: Mapping[str, Any]) -> list[Entry]:
        """The images that ListDatasetEntries is asked for, by the names of its filters."""
        chosen = [(FILTERS[name], value) for name, value in filters.items() if name in FILTERS]
        return [entry for entry in self.entries.values() if all(fits(entry, value) for fits, value in chosen)]


FILTERS: Mapping[str, Callable[[Entry, Any], bool]] = {
    "ContainsLabels": lambda entry, names: not set(entry.labels).isdisjoint(names),
    "Labeled": lambda entry, wanted: bool(entry.labels) is wanted,
    "SourceRefContains": lambda entry, text: str(text) in entry.source,
    # "Specifies an error filter": false asks for nothing.
    "HasErrors": lambda entry, wanted: bool(entry.errors) or not wanted,
}
"""What ListDatasetEntries can be asked for, and whether an image fits."""


def distribute(training: Dataset, test: Dataset) -> None:
    """Move a fifth of the training images to the test dataset, at least one; labels stay in both where they can."""
    labeled = [entry for entry in training.entries.values() if entry.labels]
    if len(labeled) < 2:
        training.failure = test.failure = TOO_FEW_IMAGES
        return
    moved = labeled[:: max(2, min(5, len(labeled)))]
    test.put(moved)
    for entry in moved:
        del training.entries[entry.source]
