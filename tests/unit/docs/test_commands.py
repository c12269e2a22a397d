"""docs/commands.md names every command of today."""

import re

from tools.commands import PAGE, page


def test_the_page_is_what_the_commands_say_of_themselves() -> None:
    assert PAGE.read_text("utf-8") == page(), "make docs writes it anew"


def test_it_names_commands_of_all_kinds_with_their_options() -> None:
    lines = page().splitlines()
    assert any(line.startswith("- `make deploy`, `diff`") for line in lines)
    assert any(line.startswith("- `bill [MONTH]`:") for line in lines)
    assert any(line.startswith("- `fire SCHEDULE [--at TIME] [--twice]`:") for line in lines)


def test_what_commands_have_in_common_is_said_once() -> None:
    """Of every command of `custom-labels`: --stack, --region, --json, and how a model is started."""
    text = page()
    assert "All take `--stack` and `--region`, all but `run` and `detect` also `--json`.\n" in text
    assert "how a model is started: `[--units N] [--ready-at TIME] [--wait-for-capacity]" in text
    assert "- `start NAME|ARN [--minutes N] [--lease-id ID] [HOW] [--dry-run] [--no-wait]`:" in text
    assert text.count(" [HOW]") == 3
    assert all(text.count(f"[{option}") == 1 for option in ("--units", "--ready-at", "--context"))


def test_an_option_that_takes_a_value_names_it_in_a_word() -> None:
    assert re.findall(r"\[--[\w-]+ \w+_\w+\]", page()) == []
