"""What a text is said to be that was given for something else: ``golden/mistaken.md`` has all of ``mistaken_texts``.

RENEW_GOLDEN=1 writes it; read the difference as somebody who has made the mistake.
"""

import json
import os
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.shared import known_mistakes as known
from lifecycle.shared.mistaken import LONGEST, Mistake, mistake
from lifecycle.shared.wire import Json
from tests.unit.examples import ARN, PROJECT
from tests.unit.shared.mistaken_texts import TEXTS

VERSION = json.loads(files("schemas").joinpath("start_model.input.schema.json").read_text("utf-8"))
PATTERN = VERSION["properties"]["ProjectVersionArn"]["pattern"]
NAME = "^[A-Za-z0-9._-]{1,64}$"
BUCKET_NAME = "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
SETTINGS = Path(__file__).parents[3] / "infra" / "settings" / "settings.schema.json"
PAGE = Path(__file__).parent / "golden" / "mistaken.md"


def said(text: str, meant: str, pattern: str) -> Mistake:
    return mistake(text, meant, lambda one: re.fullmatch(pattern, one) is not None, pattern)


def patterns(schema: Json) -> Iterator[tuple[str, str]]:
    """By what a field of the settings is, which form it has."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str) and "title" in schema:
            yield schema["title"], schema["pattern"]
        for inner in schema.values():
            yield from patterns(inner)


def test_the_answer_to_every_text_is_the_one_that_was_read() -> None:
    forms = {known.BUCKET: BUCKET_NAME}
    for meant, pattern in patterns(json.loads(SETTINGS.read_text("utf-8"))):
        forms.setdefault(meant, pattern)
    lines = ["# Texts that are given for something else", ""]
    for meant, texts in TEXTS.items():
        lines += [f"## For {meant}", ""]
        find = None
        for text in texts:
            found = said(text, meant, forms[meant])
            shown = json.dumps(text if len(text) < 200 else f"{text[:80]}...", ensure_ascii=False)
            lines += [f"- {shown} {found.why}", *([f"    - Meant: {found.meant}"] if found.meant else [])]
            if found.find:
                lines.append(f"    - To find it: {'as before' if found.find == find else found.find}")
                find = found.find
        lines.append("")
    page = "\n".join(lines)
    if os.environ.get("RENEW_GOLDEN"):
        PAGE.write_text(page, "utf-8")
    assert page == PAGE.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (PROJECT, "is a project's ARN; a version's goes on with /version/NAME/NUMBER"),
        (ARN.rpartition("/")[0], "is a model version's ARN without the number at its end"),
        (f"{ARN}x", "is a model version's ARN whose last part is no number"),
        (ARN.replace("123456789012", "1234"), "has no account of 12 digits"),
        (ARN.replace("us-east-1", ""), "has no Region, such as us-east-1"),
        ("arn:aws:s3:::bucket", "is a bucket's ARN"),
        ("arn:aws:sagemaker:us-east-1:123456789012:model/x", "is a SageMaker ARN; a Custom Labels model's has"),
        ("arn:aws:rekognition", "is an ARN that breaks off"),
        ("<your ARN>", "is a placeholder"),
        ("defects", "is only a name"),
        ("", "is empty"),
        ("x" * (LONGEST + 1), "has 1,025 characters"),
    ],
)
def test_what_is_no_version_is_said_to_be_what_it_is(text: str, why: str) -> None:
    found = said(text, known.VERSION_ARN, PATTERN)
    assert found.why.startswith(why)
    assert found.meant is None
    assert found.find


@pytest.mark.parametrize(
    "text", [f"{ARN}\n", f" {ARN}", f'"{ARN}"', f"<{ARN}>", f"{ARN}/", ARN.replace("version", "version\n  "), f"{ARN}."]
)
def test_what_is_wrong_only_around_the_right_text_has_it_offered(text: str) -> None:
    assert said(text, known.VERSION_ARN, PATTERN).meant == ARN


def test_the_command_for_a_projects_versions_has_its_arn_and_region() -> None:
    found = said(PROJECT, known.VERSION_ARN, PATTERN).find
    assert found
    assert f"--region us-east-1 --project-arn {PROJECT}" in found


@pytest.mark.parametrize(
    ("text", "meant", "right"),
    [
        ("s3://imgs", known.BUCKET, "imgs"),
        ("imgs/in", known.BUCKET, "imgs"),
        ("s3://imgs/in/", known.BUCKET, "imgs"),
        ("arn:aws:s3:::imgs", known.BUCKET, "imgs"),
        ("https://imgs.s3.eu-west-1.amazonaws.com/in/1.png", known.BUCKET, "imgs"),
        ("Imgs", known.BUCKET, "imgs"),
    ],
)
def test_a_bucket_is_found_in_what_people_have_at_hand(text: str, meant: str, right: str) -> None:
    assert said(text, meant, "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$").meant == right


def test_of_characters_those_are_named_that_may_not_be_there() -> None:
    assert said("two,words ü", "a model's name", NAME) == Mistake(
        "has a comma, a space and ü in it; it may have letters, digits and . _ -, 64 at the most", "two-words-u"
    )
    assert said("m" * 65, "a model's name", NAME).why == "has 65 characters, and 64 are the most"


MEANT = sorted({*known.REPAIRS, *known.KINDS_OF, *known.FIND, "a model's name"})


@given(st.text() | st.from_regex(r"(s3://|arn:aws:|https://|\$)?[\w:/.@ \n-]{0,60}"), st.sampled_from(MEANT))
def test_whatever_it_is_something_is_said_and_what_is_offered_is_right(text: str, meant: str) -> None:
    found = said(text, meant, NAME)
    assert found.why
    assert found.why.isprintable(), found.why
    assert found.meant is None or re.fullmatch(NAME, found.meant)
