"""What a sweep saw, as one text: complete, or without its largest projects."""

from datetime import timedelta

import pytest

from lifecycle.model.sweep_record import MOST_BYTES, SweepRecord, SweptProject, read, written
from lifecycle.model.version import ModelVersion
from tests.unit.examples import ACCOUNT, NOW


def project(name: str, versions: int, message: str | None = None) -> SweptProject:
    home = f"{ACCOUNT}:project/{name}/version"
    found = (
        ModelVersion(f"{home}/v{number}/1", "STOPPED", message, 2, 4, NOW - timedelta(days=number), 0.875)
        for number in range(versions)
    )
    return SweptProject(name, tuple(found))


def names(record: SweepRecord) -> set[str]:
    return {one.name for one in record.projects}


def test_it_is_read_as_it_was_written() -> None:
    bare = SweptProject("bare", (ModelVersion(f"{ACCOUNT}:project/bare/version/v1/1", "STOPPED"),))
    record = SweepRecord(NOW, (project("empty", 0), project("boards", 3, 'ends "so"\u2028\ud800'), bare))
    found = read(written(record))
    assert (found.at, sorted(found.projects, key=str)) == (NOW, sorted(record.projects, key=str))


def test_thirty_projects_have_room() -> None:
    record = SweepRecord(NOW, tuple(project(f"line-{number}", 10, "The model is stopped.") for number in range(30)))
    assert len(written(record)) < MOST_BYTES
    assert len(read(written(record)).projects) == 30


def test_the_largest_projects_are_left_out_whole_where_there_is_no_room() -> None:
    record = SweepRecord(NOW, (project("huge", 1, "x" * MOST_BYTES), project("z", 1), project("large", 1_500)))
    text = written(record)
    assert len(text.encode()) <= MOST_BYTES
    assert names(read(text)) == {"z"}


@pytest.mark.parametrize("spare", [0, -1])
def test_not_a_byte_more_is_written_than_there_may_be(spare: int) -> None:
    record = SweepRecord(NOW, (project("a", 1), project("b", 2)))
    text = written(record, len(written(record)) + spare)
    assert names(read(text)) == ({"a", "b"} if spare == 0 else {"a"})


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ('"STOPPED"', "7", "7 is not of the type"),
        ('"Name":"a"', '"Name":"b"', f"^{ACCOUNT}:project/a/version/v0/1 is not of the project b$"),
        ("arn:", "", "aws:"),
    ],
)
def test_a_text_that_is_none_of_a_sweep_is_not_read(right: str, wrong: str, says: str) -> None:
    text = written(SweepRecord(NOW, (project("a", 1),)))
    with pytest.raises((TypeError, ValueError), match=says):
        read(text.replace(right, wrong))


def test_what_a_newer_version_adds_is_passed_over() -> None:
    text = written(SweepRecord(NOW, (project("a", 1),))).replace('"Status"', '"Later":{"By":[1]},"Status"')
    assert names(read(text)) == {"a"}
