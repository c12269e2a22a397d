"""``make bill``: what it prints of the bill that the deployed function answers."""

import io

from rich.console import Console

from tools.bill import show

BILL = {
    "Month": "2026-11",
    "Lines": [
        {"Model": "defects", "ProjectVersionArn": "arn", "LeaseId": "[shift]", "Seconds": 9000, "Cost": 1234.5},
        {"Model": "defects", "ProjectVersionArn": "arn", "Seconds": 360, "Cost": 0.4},
    ],
    "Total": 1234.9,
}


def printed(*, terminal: bool) -> list[str]:
    console = Console(file=io.StringIO(), width=80, force_terminal=terminal, color_system=None)
    show(BILL, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_pipe_gets_a_line_for_each_row_and_one_for_all() -> None:
    assert printed(terminal=False) == [
        "2026-11  defects  [shift]  2.50 h  1,234.50",
        "2026-11  defects  (nobody)  0.10 h  0.40",
        "2026-11  All models  1,234.90",
    ]


def test_a_terminal_gets_a_table_that_shows_names_as_they_are() -> None:
    text = "\n".join(printed(terminal=True))
    assert "2026-11, so far, estimated from list prices" in text
    assert all(cell in text for cell in ("[shift]", "(nobody)", "2.50 h", "All models", "1,234.90"))
