"""How amounts and lists read in a sentence."""

import pytest

from lifecycle.shared.text import shortened


@pytest.mark.parametrize(
    ("texts", "listed"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["a", "b", "c"], ["a", "b", "and 1 more"]),
        ([*"abcdefg"], ["a", "b", "and 5 more"]),
    ],
)
def test_of_many_the_first_are_named_and_the_others_counted(texts: list[str], listed: list[str]) -> None:
    assert shortened(texts, 2) == listed


def test_what_is_counted_may_be_named() -> None:
    assert shortened(["a", "b", "c"], 1, "problems") == ["a", "and 2 problems more"]
