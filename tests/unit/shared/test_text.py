"""How amounts and lists read in a sentence."""

import pytest

from lifecycle.shared.text import all_of, clause, first_sentence, shortened


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


def test_in_a_sentence_names_are_joined_and_beyond_a_number_counted() -> None:
    assert all_of(["a"], 3) == "a"
    assert all_of(["a", "b", "c"], 3) == "a, b and c"
    assert all_of(["a", "b", "c", "d"], 3) == "a, b, c and 1 more"


def test_a_sentence_ends_another_one() -> None:
    assert clause("The model is gone.") == "the model is gone"
    assert clause("Amazon Rekognition refused it.") == "Amazon Rekognition refused it"
    assert clause("LeaseId: no") == "LeaseId: no"
    assert first_sentence("v1.2 is gone. It was deleted.\nLong ago.") == "v1.2 is gone"
    assert first_sentence("One line\nand another.") == "One line"
