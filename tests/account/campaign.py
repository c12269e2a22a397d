"""The campaign: which stories are told under which faults, row by row of its table."""

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.account.account import Abortion, Delivery, definition
from tests.account.clients import errors_of_operation
from tests.account.faults import Answer, Change, Death, Fault, Lost, Reply, Silence, What
from tests.account.functions import TIMEOUTS
from tests.account.statuses import SEQUENCE_CHECKS, sequences
from tests.account.stories import (
    BUDGET_CHECKS,
    FORGOTTEN,
    OVER_BUDGET,
    REFUSED,
    REFUSED_CHECKS,
    REORDERED,
    RUN,
    SHIFT,
    TICKS,
    Story,
    Trial,
    twice,
)
from tests.unit.examples import MACHINES

Calls = Mapping[str, Counter[tuple[str, str]]]
"""How often each function calls each operation, by story, where nothing goes wrong."""

FOR_GOOD = {
    "AccessDeniedException": "AccessDenied",
    "AuthorizationErrorException": "AccessDenied",
    "InvalidParameterException": "InvalidRequest",
    "ResourceNotFoundException": "ModelNotFound",
    "LimitExceededException": "CapacityExceeded",
}
"""What Rekognition answers that no second try makes good, and the error of the contract that an execution ends with."""
DIES = ("Runtime.ExitError", "Sandbox.Timedout", "Lambda.Unknown")
"""How Step Functions calls a function that crashed, or ran out of memory or time."""
INVOKED = ("prepare", "check", "start", "stop", "notify")
"""The functions that state machines call."""
UNKNOWN_WHETHER = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "States.Timeout",
)
"""How Step Functions calls an invocation of which nobody knows whether the function has run."""
STORIES = (SHIFT, FORGOTTEN, RUN)
ALL = (*STORIES, TICKS)
MACHINES_OF: Mapping[str, Sequence[str]] = {
    SHIFT.name: (MACHINES.start_model, MACHINES.stop_model),
    RUN.name: (MACHINES.run_with_model, MACHINES.start_model, MACHINES.stop_model),
}


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    words: str
    trials: Callable[[Calls], Iterator[Trial]]
    sampled: int | None = None
    """So many of its trials, by chance; all if None."""
    promises: frozenset[str] = frozenset()
    """The properties that are judged; all if none."""

    def chosen(self, calls: Calls, share: float = 1) -> list[Trial]:
        """The trials, each with a seed of its own; of a share of them at least one."""
        found = [replace(trial, seed=number % 7) for number, trial in enumerate(self.trials(calls))]
        size = min(len(found), self.sampled or len(found))
        chance = random.Random(self.words)  # noqa: S311 - the same trials every time
        return chance.sample(found, max(1, round(size * share)))


def _whats(service: str, operation: str) -> list[What]:
    """Each error that the service's model has of an operation, and no answer at all."""
    return [*map(Answer, errors_of_operation(service, operation)), Silence()]


def _may_fail(what: What) -> frozenset[str]:
    return frozenset({FOR_GOOD[what.code]}) if isinstance(what, Answer) and what.code in FOR_GOOD else frozenset()


def _requests(operation: str, function: str) -> Callable[[Calls], Iterator[Trial]]:
    """A request that fails at its first, second, or third attempt; those before are throttled."""

    def trials(_calls: Calls) -> Iterator[Trial]:
        name = f"rekognition:{operation}"
        for what, attempt, after, story in itertools.product(
            _whats("rekognition", operation), (1, 2, 3), (False, True), STORIES
        ):
            throttled = [Fault(Answer("ThrottlingException"), name, function, (one,)) for one in range(1, attempt)]
            fault = Fault(what, name, function, (attempt,), after=after)
            when = "after" if after else "before"
            yield Trial(story, [*throttled, fault], may_fail=_may_fail(what), words=f"{what} {when} attempt {attempt}")

    return trials


def _describes(operation: str) -> Callable[[Calls], Iterator[Trial]]:
    """One, two, or three calls in a row fail, wherever in the story."""

    def trials(calls: Calls) -> Iterator[Trial]:
        name = f"rekognition:{operation}"
        for story in STORIES:
            for function in TIMEOUTS:
                made = calls[story.name][function, name]
                begins = sorted({1, 2, made // 2, made - 2, made}) if made else []
                for what, first, attempts in itertools.product(_whats("rekognition", operation), begins, (1, 2, 3)):
                    if first < 1:
                        continue
                    fault = Fault(what, name, function, range(first, first + attempts))
                    yield Trial(
                        story,
                        [fault],
                        may_fail=_may_fail(what),
                        words=f"{what}, {attempts} times from call {first} of {function}",
                    )

    return trials


def _deaths(function: str) -> Callable[[Calls], Iterator[Trial]]:
    """The function dies before or after each of its calls."""

    def trials(calls: Calls) -> Iterator[Trial]:
        for story in ALL if function == "tick" else STORIES:
            made = sum(count for (one, _), count in calls[story.name].items() if one == function)
            for call, after, named in itertools.product(range(1, made + 1), (False, True), DIES):
                fault = Fault(Death(named), "*", function, (call,), after=after)
                yield Trial(story, [fault], words=f"{named} {'after' if after else 'before'} call {call} of {function}")

    return trials


def _dead_again_and_again(calls: Calls) -> Iterator[Trial]:
    """The first two, or three, invocations of a function die at their first or second call."""
    for story, function, call, after, times in itertools.product(STORIES, TIMEOUTS, (1, 2), (False, True), (2, 3)):
        if any(one == function for one, _ in calls[story.name]):
            # Each invocation that dies has made so many calls.
            fault = Fault(Death(), "*", function, [call * (n + 1) for n in range(times)], after=after)
            yield Trial(story, [fault], words=f"{times} invocations of {function} die at call {call}, {after=}")


def _lost_invocations(_calls: Calls) -> Iterator[Trial]:
    """Step Functions does not learn what became of an invocation: it was none, it ran, it runs on and ends late."""
    for story, function, named, attempt, (after, late) in itertools.product(
        STORIES, INVOKED, UNKNOWN_WHETHER, (1, 2, 3), ((False, 0), (True, 0), (True, 8))
    ):
        # Attempts 1 and 2 are lost as well, else there were no third.
        fault = Fault(Lost(named, late), "lambda:Invoke", function, range(1, attempt + 1), after=after)
        yield Trial(story, [fault], words=f"{named} of {function}, {attempt} times, ran={after}, {late} s late")


def _throttled_invocations(_calls: Calls) -> Iterator[Trial]:
    for story, function, attempts in itertools.product(STORIES, INVOKED, (1, 2, 3)):
        fault = Fault(Lost("Lambda.TooManyRequestsException"), "lambda:Invoke", function, range(1, attempts + 1))
        yield Trial(story, [fault], words=f"{function} throttled {attempts} times")


CANCELLED = [
    Answer("TransactionCanceledException", {"CancellationReasons": [{"Code": first}, {"Code": second}]})
    for first, second in (
        ("TransactionConflict", "None"),
        ("None", "TransactionConflict"),
        ("ConditionalCheckFailed", "None"),
        ("ThrottlingError", "None"),
        ("None", "ProvisionedThroughputExceeded"),
    )
]


def _tables(calls: Calls) -> Iterator[Trial]:
    """Each error that DynamoDB's model has of an operation, at one, two or three calls in a row, of each function."""
    for story in STORIES:
        for (function, name), made in sorted(calls[story.name].items()):
            service, _, operation = name.partition(":")
            if service != "dynamodb":
                continue
            whats = [one for one in _whats(service, operation) if str(one) != "TransactionCanceledException"]
            whats += CANCELLED if operation == "TransactWriteItems" else []
            for what, after, first, attempts in itertools.product(
                whats, (False, True), sorted({1, 2, made // 2 + 1, made}), (1, 2, 3)
            ):
                fault = Fault(what, name, function, range(first, first + attempts), after=after)
                words = f"{what} {'after' if after else 'before'} {operation} {first} of {function}, {attempts} times"
                yield Trial(story, [fault], words=words)


def _changes(calls: Calls) -> Iterator[Trial]:
    """Somebody else writes the model's item between a function's reading and its writing."""
    for story in STORIES:
        for (function, name), made in sorted(calls[story.name].items()):
            if name not in ("dynamodb:PutItem", "dynamodb:TransactWriteItems") or function in ("notify", "prepare"):
                continue
            for first, attempts in itertools.product(range(1, made + 1), (1, 2, 3, 4, 8)):
                fault = Fault(Change(), name, function, range(first, first + attempts))
                yield Trial(story, [fault], words=f"conflict at write {first} of {function}, {attempts} times")


def _budget(_calls: Calls) -> Iterator[Trial]:
    """What reads the budget, and what it has stopped, fails; and the functions that do so die."""
    asked = [("dynamodb", "Query"), ("dynamodb", "Scan"), ("stepfunctions", "StartExecution")]
    for (service, operation), function, first, times in itertools.product(asked, ("check", "sweep"), (1, 2, 4), (1, 3)):
        for what in _whats(service, operation):
            fault = Fault(what, f"{service}:{operation}", function, range(first, first + times))
            yield Trial(OVER_BUDGET, [fault], words=f"{what} at {operation} {first} of {function}, {times} times")
    for function, call, after in itertools.product(("check", "sweep"), range(1, 60, 3), (False, True)):
        fault = Fault(Death(), "*", function, (call,), after=after)
        yield Trial(OVER_BUDGET, [fault], words=f"{function} dies at call {call}, {after=}")


def _refused(_calls: Calls) -> Iterator[Trial]:
    """A start that is to be refused; what it reads and gives back fails, or changes, and its function dies.

    What can't be read at all is no budget that is used up: such a start fails by the fault, and starts nothing either.
    """
    asked = [("dynamodb", one) for one in ("Query", "Scan", "PutItem", "GetItem")] + [("sns", "Publish")]
    for (service, operation), first, times in itertools.product(asked, (1, 2), (1, 3, 30)):
        for what in _whats(service, operation):
            fault = Fault(what, f"{service}:{operation}", None, range(first, first + times))
            may_fail = frozenset({"ServiceUnavailable", "AccessDenied"} if times == 30 else ())
            yield Trial(REFUSED, [fault], may_fail=may_fail, words=f"{what} at {operation} {first}, {times} times")
    for function, call, after in itertools.product(("prepare", "check", "notify"), range(1, 12), (False, True)):
        fault = Fault(Death(), "*", function, (call,), after=after)
        yield Trial(REFUSED, [fault], words=f"{function} dies at call {call}, {after=}")


def _step_functions(calls: Calls) -> Iterator[Trial]:
    """Each error that Step Functions' model has of an operation."""
    for story in ALL:
        for (function, name), made in sorted(calls[story.name].items()):
            service, _, operation = name.partition(":")
            if service != "stepfunctions":
                continue
            for what, after, first, attempts in itertools.product(
                [*_whats(service, operation), Answer("ThrottlingException")],
                (False, True),
                sorted({1, 2, made}),
                (1, 2, 3),
            ):
                fault = Fault(what, name, function, range(first, first + attempts), after=after)
                words = f"{what} {'after' if after else 'before'} {operation} {first} of {function}, {attempts} times"
                yield Trial(story, [fault], words=words)


def _channels(_calls: Calls) -> Iterator[Trial]:
    """A channel, or both, down for a minute, or for ten, from before, or in the middle of a delivery."""
    partial = Reply(
        {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "As scripted."}]}
    )
    topic, bus = "sns:Publish", "events:PutEvents"
    down: list[list[tuple[str, What]]] = [
        *([(topic, what)] for what in _whats("sns", "Publish")),
        *([(bus, what)] for what in [*_whats("events", "PutEvents"), partial]),
        [(topic, Silence()), (bus, Silence())],
        [(topic, Answer("InternalErrorException")), (bus, Answer("InternalException"))],
    ]
    for story, channels, after, since, seconds in itertools.product(
        STORIES, down, (False, True), (0, 190, 195, 1795, 1860, 1865), (60, 600)
    ):
        faults = [
            Fault(what, name, None, None, after=after, since=since, until=since + seconds) for name, what in channels
        ]
        words = " and ".join(f"{name}: {what}" for name, what in channels)
        yield Trial(story, faults, words=f"{words}, {after=}, from {since} s for {seconds} s")


def _events(_calls: Calls) -> Iterator[Trial]:
    """The event of an execution's end, and the sweep's schedule: lost, late, twice, in another order."""
    for story in STORIES:
        for event, after in itertools.product((None, 1, 2, 3), ((), (0, 0), (0, 0.02), (0, 45), (0, 90, 400), (400,))):
            words = f"event {event or 'all'} delivered after {after}"
            yield Trial(story, deliveries=[Delivery("settle", after, event)], words=f"end {words}")
            if after or event:  # a sweep that never comes is what the alarm SweepMissing is for
                yield Trial(story, deliveries=[Delivery("sweep", after, event)], words=f"sweep {words}")
        for n in range(1, 12):
            yield Trial(story, deliveries=[Delivery("sweep", (299.99, 300.0, 300.01), n)], words=f"sweeps {n} and next")


def _triggers(_calls: Calls) -> Iterator[Trial]:
    """What starts an execution: delivered twice, late, not at all, in another order."""
    for event, after in itertools.product(
        (None, 1, 2),
        ((), (0, 0), (0, 0.02), (0, 0.4), (0, 30), (0, 1000), (300,), (300, 301), (1500,), (1799.99,), (2000,)),
    ):
        yield Trial(TICKS, deliveries=[Delivery("tick", after, event)], words=f"tick {event or 'all'}: {after}")
    yield Trial(REORDERED, deliveries=[Delivery("settle", (0, 0))], words="the stop before the start")
    offsets = (0, 0.001, 0.3, 0.31, 0.33, 0.35, 0.37, 0.39, 0.41, 0.5, 1, 15, 100, 190, 200, 500, 1000)
    for offset, call, done in itertools.product(offsets, range(9), (False, True)):
        # Prepare holds the token: it dies before or after any of its calls, if any.
        faults = [Fault(Death(), "*", "prepare", (call,), after=done)] if call else []
        deliveries = [Delivery("settle", (0, 0))]
        yield Trial(twice(offset), faults, deliveries, words=f"{offset} s apart, prepare dies {done=} {call}")


def _outages(_calls: Calls) -> Iterator[Trial]:
    """A whole service is down, for a minute or for ten: it answers with errors or not at all, having acted or not."""
    codes = {
        "rekognition": ("InternalServerError", "ThrottlingException", "ProvisionedThroughputExceededException"),
        "dynamodb": ("InternalServerError", "ProvisionedThroughputExceededException", "RequestLimitExceeded"),
        "stepfunctions": ("ThrottlingException", "InternalFailure"),
    }
    whats: list[tuple[str, What]] = [
        *((service, Answer(code)) for service, names in codes.items() for code in names),
        *((service, Silence()) for service in codes),
    ]
    for story, (service, what), after, since, seconds in itertools.product(
        ALL, whats, (False, True), (5, 11, 100, 192, 500, 1100, 1790, 1803, 1862), (60, 600)
    ):
        fault = Fault(what, f"{service}:*", None, None, after=after, since=since, until=since + seconds)
        # Ten minutes are longer than what is tried.
        may_fail = frozenset({"ServiceUnavailable"} if seconds > 60 else ())
        words = f"{service}: {what} {'after' if after else 'before'}, from {since} s for {seconds} s"
        yield Trial(story, [fault], may_fail=may_fail, words=words)


def _abortions(_calls: Calls) -> Iterator[Trial]:
    """StopExecution at each state, the first times it is entered, at once and in the middle of it."""
    for story, machines in MACHINES_OF.items():
        plain = next(one for one in STORIES if one.name == story)
        for machine in machines:
            for state, nth, later in itertools.product(
                definition(machine)["States"], (1, 2, 3, 8), (0.001, 0.31, 0.33, 0.36, 0.39, 0.45, 5)
            ):
                words = f"{machine.rpartition('-')[2]} aborted {later} s into {state}, time {nth}"
                may_fail = (
                    frozenset({"ModelStopped"}) if plain is RUN and machine == MACHINES.start_model else frozenset()
                )
                yield Trial(plain, abortions=[Abortion(machine, state, nth, later)], may_fail=may_fail, words=words)


def _together(calls: Calls) -> Iterator[Trial]:
    """Two to four of all of the above at once, by chance."""
    chance = random.Random(6)  # noqa: S311 - the same trials every time
    singles = [
        trial
        for row in ROWS
        if row.trials not in (_together, _budget, _refused, sequences)
        for trial in row.trials(calls)
        if trial.story in STORIES and not any(fault.since for fault in trial.faults)
    ]
    by_story: dict[str, list[Trial]] = {
        story.name: [one for one in singles if one.story.name == story.name] for story in STORIES
    }
    for _ in range(1500):
        story: Story = chance.choice(STORIES)
        parts = chance.sample(by_story[story.name], chance.randint(2, 4))
        yield Trial(
            story,
            [fault for part in parts for fault in part.faults],
            [delivery for part in parts for delivery in part.deliveries],
            [abortion for part in parts for abortion in part.abortions],
            frozenset().union(*(part.may_fail for part in parts)),
            words=" + ".join(part.words for part in parts),
        )


ROWS = (
    Row(
        "`StartProjectVersion`: each error, and no answer, at attempts 1 to 3",
        _requests("StartProjectVersion", "start"),
    ),
    Row("`StopProjectVersion`: the same", _requests("StopProjectVersion", "stop")),
    Row(
        "`DescribeProjectVersions`: each error, up to three calls in a row", _describes("DescribeProjectVersions"), 500
    ),
    Row("`DescribeProjects`: the same", _describes("DescribeProjects"), 300),
    *(Row(f"{name.capitalize()} dies before or after any of its calls", _deaths(name), 300) for name in TIMEOUTS),
    Row("Two or three invocations in a row die", _dead_again_and_again),
    Row("What became of an invocation is not known, up to three times", _lost_invocations, 400),
    Row("Lambda throttles an invocation, up to three times", _throttled_invocations),
    Row("DynamoDB: each error of each operation, up to three calls in a row", _tables, 1000),
    Row("The model's item is changed between reading and writing", _changes),
    Row("Step Functions: each error of the functions' calls", _step_functions, 300),
    Row("A budget stops a model: what reads it fails, or dies", _budget, 200, promises=frozenset(BUDGET_CHECKS)),
    Row("A budget refuses a start: the same, and what reports it", _refused, 200, promises=frozenset(REFUSED_CHECKS)),
    Row("SNS, EventBridge, or both, down for one minute or ten", _channels, 500),
    Row("Events of ends, and sweeps: lost, late, twice, out of order", _events),
    Row("Starts and stops: delivered twice, late, or in the other order", _triggers),
    Row("Rekognition, DynamoDB, or Step Functions down for one minute or ten", _outages, 400),
    Row("`StopExecution` at each state", _abortions, 800),
    Row("Two to four of these at once, by chance", _together),
    Row("Statuses in any order, of all 14 and an unknown one", sequences, promises=frozenset(SEQUENCE_CHECKS)),
)


def calls_of(stories: Sequence[Story], run_trial: Callable[[Trial], Sequence[tuple[float, str, str]]]) -> Calls:
    """How often each function calls each operation where nothing goes wrong."""
    return {story.name: Counter((function, name) for _, function, name in run_trial(Trial(story))) for story in stories}
