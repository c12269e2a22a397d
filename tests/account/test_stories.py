"""The simulated account: each story goes well without faults, and what is broken is found."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.account.faults import Answer, Death, Fault, Lost
from tests.account.functions import ENVIRONMENT, TIMEOUTS
from tests.account.stories import FORGOTTEN, REORDERED, RUN, SHIFT, TICKS, Story, Trial, TrialRunner, twice
from tests.conftest import SETTINGS, Synthesised
from tools.templates import Template

pytestmark = pytest.mark.xdist_group("faults")


@pytest.mark.parametrize("story", [SHIFT, FORGOTTEN, RUN, TICKS, REORDERED, twice(0.4)], ids=lambda story: story.name)
def test_a_story_goes_well_without_faults(run_trial: TrialRunner, story: Story) -> None:
    assert not run_trial(Trial(story)).broken


def test_a_refusal_for_good_is_no_failure_that_is_expected(run_trial: TrialRunner) -> None:
    fault = Fault(Answer("AccessDeniedException"), "rekognition:StartProjectVersion")
    assert list(run_trial(Trial(SHIFT, [fault])).broken) == ["ends"]
    assert not run_trial(Trial(SHIFT, [fault], may_fail=frozenset({"AccessDenied"}))).broken


def test_a_function_that_dies_is_tried_again_and_healing_takes_time(run_trial: TrialRunner) -> None:
    assert not run_trial(Trial(SHIFT, [Fault(Death(), "rekognition:StartProjectVersion", after=True)])).broken
    # Where it dies before the request, the model begins to start later by the wait before the retry.
    verdict = run_trial(Trial(SHIFT, [Fault(Death(), "rekognition:StartProjectVersion")]))
    assert verdict.applied
    assert not verdict.broken
    assert 5 < verdict.healed < 60


def test_what_never_happened_is_not_counted(run_trial: TrialRunner) -> None:
    assert not run_trial(Trial(SHIFT, [Fault(Death(), "rekognition:StartProjectVersion", calls=(99,))])).applied


def test_an_invocation_that_is_lost_for_good_fails_as_service_unavailable(run_trial: TrialRunner) -> None:
    verdict = run_trial(Trial(SHIFT, [Fault(Lost("Lambda.Unknown"), "lambda:Invoke", "start", calls=None)]))
    assert "ServiceUnavailable" in verdict.broken["ends"]


def _nothing(item: Any, *_: Any) -> Any:
    return item


@pytest.mark.parametrize(
    ("name", "instead", "broken"),
    [
        ("lifecycle.executions.compare_and_set.ended_session", lambda *_: None, {"ledger"}),
        ("lifecycle.model.leases.settle", _nothing, {"lease"}),
        ("lifecycle.model.leases.unclaim", _nothing, {"status"}),
        ("lifecycle.model.leases.without_expired", lambda item, _now: replace(item, leases=()), {"lease"}),
        ("lifecycle.notifications.execution_end.Ending.is_silent", property(lambda _ending: True), {"notified once"}),
    ],
)
def test_without_what_keeps_a_promise_it_is_broken(
    run_trial: TrialRunner, monkeypatch: pytest.MonkeyPatch, name: str, instead: Callable[..., Any], broken: set[str]
) -> None:
    assert not run_trial(Trial(SHIFT)).broken
    monkeypatch.setattr(name, instead)
    assert broken <= set(run_trial(Trial(SHIFT)).broken)


def test_the_simulated_functions_are_as_the_template_has_them(synthesised: Synthesised) -> None:
    found = Template(synthesised(SETTINGS)).functions
    assert {name: found[name]["Timeout"] for name in TIMEOUTS} == TIMEOUTS
    for name in TIMEOUTS:
        # The chat's topic is one more channel, where the settings name one.
        assert set(found[name]["Environment"]["Variables"]) - {"CHAT_TOPIC_ARN"} <= set(ENVIRONMENT), name
