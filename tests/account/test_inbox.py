"""An inbox in simulated time: no image is lost, none is labelled twice, and no model runs without a reason."""

import itertools
import json
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
import time_machine

from lifecycle.inbox import record as records
from tests.account.faults import Answer, Death, Fault, Lost, Silence
from tests.account.functions import DRAIN_INBOX, Functions
from tests.account.inboxes import NAME, InboxScene, inbox_functions
from tests.unit.examples import ARN, MACHINES, NOW

Setting = Callable[..., InboxScene]
FEW = ["a b.png", "ü%2F+&.png", "c/line\nbreak\r\n.png"]
START, STOP = 180, 60
"""Seconds that the model takes to start, and to stop."""
NO_PROGRESS = 15 * 60
"""None keeps the model for so long, but for the next tick and the order of letting go, where no image is finished."""
REFUSED = 3 * 60
"""Nor for so long where images are refused."""
LET_GO = 2 * 60
"""A tick, the workers' time, and what the state machines take."""
NEEDED = 5 * 60
"""Seconds that a run bills for a few images: noticed, switched, worked, idle, a tick, and the workers' time."""


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    with inbox_functions() as functions:
        yield functions


@pytest.fixture
def inbox(functions: Functions) -> Iterator[Setting]:
    """Makes a scene, after which another one may come."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield lambda **circumstances: InboxScene(functions, traveller, **circumstances)


def holds(
    scene: InboxScene, keys: Sequence[str] = FEW, *, runs: int = 1, billed: float = NEEDED, dead: int = 0
) -> None:
    """Wait until all is over; what is promised of it, whatever went wrong."""
    scene.until(lambda: set(scene.results()) >= set(keys) and scene.is_at_rest())
    assert set(scene.results()) == set(keys)
    again = {key: count for (bucket, key), count in scene.s3.written.items() if bucket == "results" and count > 1}
    assert again == {}, "a result is written once"
    assert scene.dead.waiting == dead
    assert scene.stopped_under_images == []
    assert scene.kept_for_nothing < NO_PROGRESS + LET_GO
    assert all(ended is not None and ended <= began for (_, ended, _), (began, _, _) in pairwise(scene.runs))
    assert len(scene.runs) <= runs, scene.runs
    assert scene.billed <= billed, f"{scene.billed} s: {scene.runs}"


def test_images_that_are_dropped_come_back_as_labels_with_the_model_running_only_meanwhile(inbox: Setting) -> None:
    scene = inbox()
    dozen = [f"{number:04}.png" for number in range(12)]
    scene.drop(*dozen, after=10)
    holds(scene, dozen)
    assert set(scene.detected.values()) == {1}
    assert [status for _, _, status in scene.runs] == ["SUCCEEDED"]
    assert scene.outcomes == [], "people are not told of what goes well"


def test_an_inbox_without_images_starts_nothing_and_costs_nothing(inbox: Setting) -> None:
    scene = inbox()
    scene.passes(3 * 3600)
    assert (scene.runs, scene.billed, scene.outcomes) == ([], 0, [])
    asked = {operation for _, function, operation in scene.account.wire.calls if function == "inbox_tick"}
    assert not any(operation.startswith("rekognition:") for operation in asked), "of which there are five a second"


# --- What dies


@pytest.fixture(scope="module")
def calm(functions: Functions) -> dict[str, int]:
    """How many calls each function makes where nothing goes wrong."""
    with time_machine.travel(NOW, tick=False) as traveller:
        scene = InboxScene(functions, traveller)
        scene.drop(FEW[0], after=10)
        holds(scene, FEW[:1])
    made: dict[str, int] = {}
    for _, function, _ in scene.account.wire.calls:
        made[function] = made.get(function, 0) + 1
    return made


@pytest.mark.parametrize("named", ["Runtime.ExitError", "Sandbox.Timedout"])
def test_a_worker_may_die_at_each_step(inbox: Setting, calm: dict[str, int], named: str) -> None:
    for call, after in itertools.product(range(1, calm["inbox_worker"] + 1), (False, True)):
        scene = inbox(faults=[Fault(Death(named), "*", "inbox_worker", (call,), after=after)])
        scene.drop(FEW[0], after=10)
        # What it had received comes again when its visibility ends.
        holds(scene, FEW[:1], billed=NEEDED + scene.queue.visibility + 60)


def test_a_tick_may_die_at_each_step(inbox: Setting, calm: dict[str, int]) -> None:
    steps = [*itertools.product(range(1, calm["inbox_tick"] + 1), (False, True))]
    for call, after in random.Random(17).sample(steps, 16):  # noqa: S311 - the same every time
        scene = inbox(faults=[Fault(Death(), "*", "inbox_tick", (call,), after=after)])
        scene.drop(FEW[0], after=10)
        holds(scene, FEW[:1], billed=NEEDED + 60)


def test_whoever_opens_the_inbox_may_die_at_each_step(inbox: Setting, calm: dict[str, int]) -> None:
    for call, after in itertools.product(range(1, calm["inbox_open"] + 1), (False, True)):
        scene = inbox(faults=[Fault(Death(), "*", "inbox_open", (call,), after=after)])
        scene.drop(FEW[0], after=10)
        holds(scene, FEW[:1], billed=NEEDED + 60)


# --- What comes twice, late, or not at all


@pytest.mark.parametrize(
    ("arrivals", "extra"),
    [
        (lambda _number: (0.5, 0.5), 180),
        (lambda _number: (0.5, 400.0), 300),
        (lambda number: (300.0 / number,), 0),
    ],
    ids=["twice at once", "twice, the second after the first is done", "in another order"],
)
def test_messages_may_come_twice_late_and_out_of_order(inbox: Setting, arrivals: Any, extra: float) -> None:
    scene = inbox(arrivals=arrivals)
    scene.drop(*FEW, after=10)
    holds(scene, runs=2, billed=NEEDED + extra)
    assert set(scene.detected.values()) == {1}


@pytest.mark.parametrize(
    "ticks",
    [
        lambda _minute: (0.0, 0.0, 0.3),
        lambda minute: (0.0,) if minute % 2 else (),
        lambda _minute: (50.0,),
        lambda minute: (100.0,) if minute % 3 == 0 else (0.0,),
    ],
    ids=["three times", "every other is lost", "late", "one after the next"],
)
def test_ticks_may_come_twice_late_or_not_at_all(inbox: Setting, ticks: Any) -> None:
    scene = inbox(ticks=ticks)
    scene.drop(*FEW, after=10)
    holds(scene, billed=NEEDED + 180)


def test_counts_may_be_a_minute_late(inbox: Setting) -> None:
    scene = inbox(count_lag=60)
    scene.drop(*FEW, after=10)
    holds(scene, billed=NEEDED + 120)


def test_a_slow_image_may_be_delivered_again_while_it_is_in_work(inbox: Setting) -> None:
    scene = inbox()
    scene.queue.visibility = 12
    scene.account.custom_labels.seconds_per_image = 20
    scene.drop(*FEW, after=10)
    holds(scene, billed=NEEDED + 120)
    assert set(scene.detected.values()) == {1}


def test_an_image_that_takes_nearly_as_long_as_a_worker_may_is_not_delivered_again_meanwhile(inbox: Setting) -> None:
    scene = inbox()
    scene.account.custom_labels.seconds_per_image = 25
    scene.drop(*FEW, after=10)
    holds(scene, billed=NEEDED + 120)
    calls = [operation for _, function, operation in scene.account.wire.calls if function == "inbox_worker"]
    assert calls.count("dynamodb:PutItem") == len(FEW), "each delivery begins by remembering that the image is in work"


# --- What is refused


@pytest.mark.parametrize(
    ("operation", "function", "seconds", "runs", "extra"),
    [
        ("rekognition:DetectCustomLabels", "inbox_worker", 150, 1, 300),
        ("s3:PutObject", "inbox_worker", 150, 1, 300),
        ("lambda:UpdateEventSourceMapping", None, 400, 1, 400),
        ("sqs:GetQueueAttributes", "inbox_tick", 900, 1, 900),
        ("dynamodb:PutItem", "inbox_tick", 300, 1, 300),
        ("stepfunctions:SendTaskSuccess", None, 200, 2, 400),
    ],
)
@pytest.mark.parametrize("what", [Answer("ThrottlingException"), Silence()], ids=["throttled", "no answer"])
def test_a_service_may_be_down_for_a_while(
    inbox: Setting, operation: str, function: str | None, seconds: float, runs: int, extra: float, what: Any
) -> None:
    since = 10.0 + START if runs == 1 else 300.0
    scene = inbox(faults=[Fault(what, operation, function, None, since=since, until=since + seconds)])
    scene.drop(*FEW, after=10)
    holds(scene, runs=runs, billed=NEEDED + extra)


def test_the_bill_says_how_idle_the_model_was(inbox: Setting, functions: Functions) -> None:
    functions.forget("inbox_worker")
    scene = inbox()
    scene.drop(*FEW, after=10)
    holds(scene)
    (idle,) = scene.call("page", {"Report": "bill"})["Idle"]
    assert (idle["ProjectVersionArn"], sum(scene.busy)) == (ARN, 1), "all were labelled in one minute"
    assert 0 < (1 - idle["Share"]) * idle["Seconds"] <= 60, "a minute that straddles the beginning counts in part"


@pytest.mark.parametrize(
    "what",
    [Answer("AccessDeniedException"), Answer("ThrottlingException"), Silence()],
    ids=["denied", "throttled", "no answer"],
)
def test_a_bill_that_learns_nothing_of_the_images_keeps_none_from_being_labelled(
    inbox: Setting, functions: Functions, what: Any
) -> None:
    functions.forget("inbox_worker")
    scene = inbox(faults=[Fault(what, "dynamodb:UpdateItem", "inbox_worker", None, about="busy#")])
    scene.drop(*FEW, after=10)
    holds(scene)
    assert set(scene.detected.values()) == {1}
    assert scene.call("page", {"Report": "bill"})["Idle"] == []


@pytest.mark.parametrize("operation", ["rekognition:DetectCustomLabels", "s3:PutObject"])
def test_an_inbox_that_is_denied_lets_the_model_go_says_so_and_makes_it_good_later(
    inbox: Setting, operation: str
) -> None:
    denied = Fault(Answer("AccessDenied"), operation, "inbox_worker", None)
    scene = inbox(faults=[denied])
    scene.drop(*FEW, after=10)
    scene.until(lambda: "INBOX_BLOCKED" in scene.outcomes)
    scene.until(lambda: not scene.under_way)
    assert scene.billed < 15 * 60, "none keeps the model for a quarter of an hour in which nothing is done"
    assert scene.outcomes.count("INBOX_BLOCKED") == 1
    assert [one.error for one in scene.drains] == ["InboxBlocked"]
    scene.mends()
    holds(scene, runs=10, billed=60 * 60)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Answer("AccessDeniedException"), "lambda:UpdateEventSourceMapping", None, None),
        Fault(Death("Sandbox.Timedout"), "rekognition:DetectCustomLabels", "inbox_worker", None),
    ],
    ids=["the mapping can't be switched", "every worker dies"],
)
def test_an_inbox_of_which_nothing_is_finished_and_nothing_refused_lets_the_model_go_after_a_quarter_of_an_hour(
    inbox: Setting, fault: Fault
) -> None:
    scene = inbox(faults=[fault])
    scene.drop(*FEW, after=10)
    scene.until(lambda: "INBOX_BLOCKED" in scene.outcomes)
    scene.until(lambda: not scene.under_way)
    assert NO_PROGRESS <= scene.kept_for_nothing < NO_PROGRESS + LET_GO
    scene.mends()
    holds(scene, runs=2, billed=NO_PROGRESS + LET_GO + NEEDED)


def test_an_image_that_is_always_denied_is_given_up_and_keeps_no_model_from_the_others_nor_for_itself(
    inbox: Setting,
) -> None:
    scene = inbox()
    others = [f"{number}.png" for number in range(12)]
    scene.account.custom_labels.denied |= {f"line-1/{FEW[0]}"}
    scene.drop(FEW[0], *others, after=10)
    # It comes again every three minutes while a run is open: ten times, in a few runs with longer and longer pauses.
    scene.until(lambda: scene.dead.waiting)
    holds(scene, others, runs=6, billed=6 * NEEDED, dead=1)
    assert scene.kept_for_nothing < REFUSED + LET_GO
    assert sorted(scene.outcomes) == ["INBOX_BLOCKED", "INBOX_FAILURES"]


def test_images_that_come_beside_one_that_is_denied_wait_for_no_longer_than_the_first_pause_and_a_start(
    inbox: Setting,
) -> None:
    scene = inbox()
    scene.account.custom_labels.denied |= {f"line-1/{FEW[0]}"}
    scene.drop(FEW[0], after=10)
    dropped = {f"{number}.png": 20.0 + 600 * number for number in range(12)}
    for key, after in dropped.items():
        scene.drop(key, after=after)
    scene.until(lambda: len(scene.results()) == len(dropped))
    done = {key: scene.account.second(scene.s3.buckets["results"][f"labels/{key}.json"].at) for key in dropped}
    assert max(done[key] - dropped[key] for key in dropped) < 5 * 60 + START + 2 * 60
    assert scene.outcomes == ["INBOX_BLOCKED", "INBOX_FAILURES"], "which is one episode"


# --- How DrainInbox ends where no tick has ended it


def forsaken(inbox: Setting, *faults: Fault) -> InboxScene:
    """No tick comes for ten minutes once an inbox is open, and meanwhile this goes wrong; until its run has ended."""
    scene = inbox(ticks=lambda minute: () if 6 <= minute < 16 else (0.0,))
    scene.drop(*FEW, after=10)
    scene.until(lambda: scene.open_run)
    scene.fails(*faults)
    scene.until(lambda: scene.drains[0].ended)
    return scene


def test_a_run_that_no_tick_looks_after_ends_by_itself_and_lets_the_model_go(inbox: Setting) -> None:
    scene = forsaken(inbox)
    (drain,) = scene.drains
    assert drain.error == "ServiceUnavailable"
    assert "Nobody looks after the inbox any more." in str(drain.cause)
    assert not scene.open_run
    holds(scene, billed=2 * NEEDED + 60)


def test_an_inbox_is_closed_at_the_second_try_if_the_first_is_lost(inbox: Setting) -> None:
    scene = forsaken(inbox, Fault(Lost("Lambda.Unknown"), "lambda:Invoke", "inbox_open"))
    assert not scene.open_run


def test_an_inbox_that_cannot_be_closed_ends_as_it_would_have_and_waits_for_its_workers(inbox: Setting) -> None:
    scene = forsaken(inbox, Fault(Lost("Odd"), "lambda:Invoke", "inbox_open", None))
    assert "Nobody looks after the inbox any more." in str(scene.drains[0].cause)
    assert scene.drains[0].states[-3:] == ["Wait for the workers", "Has it failed?", "Run failed"]


def test_who_starts_drain_inbox_by_hand_is_refused_and_closes_nothing(inbox: Setting) -> None:
    scene = inbox()
    scene.drop(*FEW, after=10)
    scene.until(lambda: scene.open_run)
    scene.account.start(DRAIN_INBOX, "by-hand", json.loads(scene.drains[0].given), 0)
    holds(scene)
    assert [(one.status, one.error) for one in scene.drains] == [("SUCCEEDED", None), ("FAILED", "InvalidRequest")]
    assert scene.drains[1].states == ["Drain the inbox", "Was it opened?", "Run failed"]


def test_an_input_that_no_function_can_be_given_is_an_invalid_request(inbox: Setting) -> None:
    scene = inbox(faults=[Fault(Lost("States.DataLimitExceeded"), "lambda:Invoke", "inbox_open", None)])
    scene.drop(*FEW, after=10)
    scene.until(lambda: scene.drains and scene.drains[0].ended)
    assert scene.drains[0].error == "InvalidRequest"
    assert "is too large: at most 255 KiB" in str(scene.drains[0].cause)


# --- What people do meanwhile


def test_a_run_that_somebody_aborts_is_followed_by_another(inbox: Setting) -> None:
    scene = inbox()
    scene.drop(*FEW, after=10)
    scene.until(lambda: scene.runs)
    (name,) = (one for one in scene.under_way if one.startswith("inbox-"))
    arn = f"{MACHINES.run_with_model.replace(':stateMachine:', ':execution:')}:{name}"
    scene.account.stepfunctions.stop_execution(executionArn=arn)
    holds(scene, runs=2, billed=2 * NEEDED + 15 * 60)


def test_a_model_that_somebody_stops_is_not_started_again_until_it_is_wanted(inbox: Setting) -> None:
    scene = inbox()
    scene.account.custom_labels.seconds_per_image = 25
    scene.drop(*(f"{number}.png" for number in range(60)), after=10)
    scene.until(lambda: len(scene.results()) > 3)
    scene.account.custom_labels.stop_project_version(ProjectVersionArn=ARN)
    scene.passes(3 * 3600)
    assert len(scene.runs) == 1, "nothing undoes a person"
    assert scene.under_way == []
    assert scene.table.put(records.resume(scene.table.get(NAME), scene.simulation.now))
    scene.until(lambda: len(scene.results()) == 60 and scene.is_at_rest())
    assert scene.dead.waiting == 0


@pytest.mark.parametrize("versioned", [False, True])
def test_an_image_that_is_overwritten_or_deleted_while_it_waits_has_the_newest_result_or_none(
    inbox: Setting, versioned: bool
) -> None:
    scene = inbox()
    scene.s3.versioned |= {"factory"} if versioned else set()
    scene.drop(*FEW, after=10)
    scene.drop(FEW[0], content="newer", after=20)
    scene.simulation.after(30, lambda: scene.s3.delete("factory", f"line-1/{FEW[1]}"))
    kept = [FEW[0], FEW[2]]
    holds(scene, kept)
    newest = scene.s3.buckets["factory"][f"line-1/{FEW[0]}"]
    assert scene.results()[FEW[0]]["Image"]["ETag"].strip('"') == newest.etag


def test_images_that_come_all_the_time_share_one_run(inbox: Setting) -> None:
    scene = inbox()
    keys = [f"{number}.png" for number in range(20)]
    for number, key in enumerate(keys):
        scene.drop(key, after=10 + 60 * number)
    holds(scene, keys, billed=NEEDED + 20 * 60)
