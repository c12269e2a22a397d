"""Statuses in any order, against the pure core: whatever the service reports, an execution ends, and says the truth."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.errors import CONTRACT, LifecycleError
from tests.account.custom_labels import Script
from tests.account.statuses import EVERY_STATUS
from tests.unit.examples import ARN
from tests.unit.twins import Models, StopStory, Story

GIVEN: dict[str, Any] = {"ProjectVersionArn": ARN, "TimeoutSeconds": 240}


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Up to six statuses, each for some seconds; the last one stays."""
    seconds, found = 0, []
    for status in draw(st.lists(st.sampled_from(EVERY_STATUS), min_size=1, max_size=6)):
        found.append((seconds, status))
        seconds += draw(st.sampled_from([1, 14, 16, 40, 100]))
    return found


@pytest.mark.parametrize("kind", [Story, StopStory])
@settings(max_examples=500)
@given(script=scripts(), once_started=scripts(), once_stopped=scripts())
def test_whatever_the_statuses_an_execution_ends_and_says_the_truth(
    kind: type[Story], script: Script, once_started: Script, once_stopped: Script
) -> None:
    story = kind(Models(script=script, once_started=once_started, once_stopped=once_stopped))
    result, error = _end(story)
    last = story.models.status_checks[-1][1]
    if error is None:
        assert last == result.status != "HIBERNATING"
        assert (last == "RUNNING") is (kind is Story)
    else:
        assert type(error) in CONTRACT
        assert last != "HIBERNATING" or last in error.message
    assert story.clock.seconds <= GIVEN["TimeoutSeconds"] + 60
    assert not story.items.get(ARN).pending, "a pending lease ends with its execution"


def _end(story: Story) -> tuple[Any, LifecycleError | None]:
    try:
        return story.run(GIVEN), None
    except LifecycleError as error:
        return None, error
