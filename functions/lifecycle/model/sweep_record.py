"""What a sweep saw of all projects, kept as one text for who shows models without reading every project. Pure."""

import json
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, takewhile

from lifecycle.model.version import ModelVersion
from lifecycle.shared.arns import VersionArn
from lifecycle.shared.wire import from_wire, to_wire

MOST_BYTES = 200_000
"""Of the text: half of what an item of Amazon DynamoDB holds. Each scan of the table reads it as well."""


@dataclass(frozen=True, slots=True)
class SweptProject:
    """A project, and all its versions as the sweep saw them."""

    name: str
    versions: tuple[ModelVersion, ...]


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """What a sweep saw.

    Parameters
    ----------
    at : datetime
        Before it began to read: what was changed later may be missing.
    projects : tuple
        Those that could be read.
    """

    at: datetime
    projects: tuple[SweptProject, ...]


def written(record: SweepRecord, most: int = MOST_BYTES) -> str:
    """The record as JSON of that many bytes at the most: the projects with the longest texts are left out first.

    They are left out whole, so that nobody takes a version for gone.
    """
    texts = sorted((json.dumps(to_wire(project), separators=(",", ":")) for project in record.projects), key=len)
    head = f'{{"At":"{to_wire(record.at)}","Projects":['
    lengths = accumulate(len(text) + len(",") for text in texts)
    room = most - len(head) - len("]}") + len(",")
    kept = takewhile(lambda pair: pair[1] <= room, zip(texts, lengths, strict=True))
    return f"{head}{','.join(text for text, _ in kept)}]}}"


def read(text: str) -> SweepRecord:
    """The record that ``written`` made, by this or another version of this app.

    Raises
    ------
    Exception
        Of any type, where the text is another one.
    """
    record = from_wire(SweepRecord, json.loads(text), exact=True)
    for project in record.projects:
        for version in project.versions:
            if VersionArn.parse(version.project_version_arn).project_name != project.name:
                raise ValueError(f"{version.project_version_arn} is not of the project {project.name}")
    return record
