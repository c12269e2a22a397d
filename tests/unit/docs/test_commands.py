"""docs/commands.md names every command of today."""

from tools.commands import PAGE, page


def test_the_page_is_what_the_commands_say_of_themselves() -> None:
    assert PAGE.read_text("utf-8") == page(), "make docs writes it anew"


def test_it_names_commands_of_all_kinds_with_their_options() -> None:
    lines = page().splitlines()
    assert any(line.startswith("| `make deploy") for line in lines)
    assert any(line.startswith("| `bill [MONTH] [--json]` |") for line in lines)
    assert any(line.startswith("| `fire SCHEDULE [--at AT] [--twice]` |") for line in lines)
