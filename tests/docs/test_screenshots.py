"""The pictures in docs/pictures/: fresh, small, and shown. That the drawings in the docs are: test_pictures.py."""

import json
import re

from tests.infra.configurations import ROOT
from tools.screenshots import FOLDER, LARGEST, MANIFEST, pictures, stale

COMMAND = ".venv/bin/python -m tools.screenshots"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_pictures_are_of_what_there_is_now() -> None:
    assert list(stale()) == [], f"run '{COMMAND}'"


def test_every_picture_is_known_small_and_shown() -> None:
    found = {path.name for path in FOLDER.iterdir()} - {MANIFEST.name}
    assert found == pictures().keys() == json.loads(MANIFEST.read_text("utf-8")).keys(), f"run '{COMMAND}'"
    assert all((FOLDER / name).stat().st_size < LARGEST for name in found)
    text = "".join(document.read_text("utf-8") for document in DOCUMENTS)
    assert set(re.findall(r"!\[[^\]]+\]\((?:docs/)?pictures/([^)]+)\)", text)) == found


def test_a_picture_asks_nothing_of_the_network() -> None:
    svg = (FOLDER / "terminal.svg").read_text("utf-8")
    assert not re.findall(r"url\((?!#)|@import|href=", svg)


def test_what_a_picture_is_made_from_is_there() -> None:
    for name, picture in pictures().items():
        for pattern in picture.sources:
            assert [*ROOT.glob(pattern)] or pattern == "infra/monitoring/dashboard.py", (name, pattern)
