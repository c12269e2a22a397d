"""The worker of an inbox: what becomes of an image in each case, whatever happens at whichever step."""

import itertools
import json
from typing import Any

import pytest

from lifecycle.errors import AccessDenied, InvalidRequest, LifecycleError, ModelNotFound, ServiceUnavailable
from lifecycle.images.refusals import Meaning, errors_that_mean
from lifecycle.inbox.arrivals import backfill_message
from lifecycle.inbox.worker import ModelNotReadyError, Outcome, RunNotOpenError
from tests.unit.examples import ARN
from tests.unit.inbox.bench import IMAGE, RESULT, Bench, KilledError, with_inbox

STEPS = range(1, 10)
"""Of an image that is labelled: each of them may be the last one."""
ETAG = "78805a221a988e79ef3f42d7c5bfd418"


def test_an_image_is_labelled_and_its_result_says_of_which_version() -> None:
    bench = Bench()
    assert bench.deliver(bench.put()) is Outcome.LABELLED
    assert bench.result() == {
        "Image": {"Bucket": "factory", "Key": "line-1/0001.png", "ETag": ETAG},
        "ProjectVersionArn": ARN,
        "CustomLabels": [{"Name": "image", "Confidence": 98.1}],
        "LabelledAt": "2026-11-24T07:00:10.000Z",
    }
    assert bench.detected == [{"ProjectVersionArn": ARN, "S3Object": {"Bucket": "factory", "Name": "line-1/0001.png"}}]
    assert bench.counted == [False]
    assert len(bench.calls) == max(STEPS)


def test_of_a_bucket_with_versions_the_call_and_the_result_name_the_version() -> None:
    bench = Bench(versioned=True)
    bench.deliver(bench.put())
    assert bench.detected[0]["S3Object"]["Version"] == "v1"
    assert bench.result()["Image"]["VersionId"] == "v1"


def test_settings_of_the_inbox_are_passed_on() -> None:
    bench = Bench(inbox=with_inbox(min_confidence=0.0, max_results=3))
    bench.deliver(bench.put())
    assert bench.detected[0]["MinConfidence"] == 0.0
    assert bench.detected[0]["MaxResults"] == 3


# Nothing lost, nothing twice -----------------------------------------------------------------------


def test_delivered_twice_an_image_is_looked_at_once() -> None:
    bench = Bench()
    message = bench.put()
    assert [bench.deliver(message), bench.deliver(message)] == [Outcome.LABELLED, Outcome.LABELLED]
    assert len(bench.detected) == 1
    assert bench.counted == [False]


def test_while_an_image_is_in_work_its_copy_stays_in_the_queue() -> None:
    bench = Bench()
    message = bench.put()
    copies: list[LifecycleError] = []

    def deliver_a_copy() -> None:
        with pytest.raises(LifecycleError) as stays:
            bench.deliver(message)
        copies.append(stays.value)

    bench.at[5] = deliver_a_copy
    assert bench.deliver(message) is Outcome.LABELLED
    assert len(copies) == len(bench.detected) == 1
    assert bench.refused_with == []  # that is no reason to block the inbox


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_image_has_one_result_in_the_end(step: int, versioned: bool) -> None:
    bench = Bench(versioned=versioned, at={step: KilledError()})
    bench.delivered_until_done(bench.put())
    assert bench.result()["CustomLabels"] == [{"Name": "image", "Confidence": 98.1}]
    assert len(bench.detected) <= 2
    assert len(bench.counted) <= 1


def test_killed_after_the_result_was_written_the_image_is_not_looked_at_again() -> None:
    bench = Bench()
    message = bench.put()
    bench.deliver(message)
    bench.memory.clear()
    assert bench.deliver(message) is Outcome.ALREADY
    assert len(bench.detected) == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "out of order"])
@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_overwritten_at_any_step_the_result_is_of_the_newest_version(
    step: int, versioned: bool, order: tuple[int, int]
) -> None:
    bench = Bench(versioned=versioned)
    messages = [bench.put("old")]
    bench.at[step] = lambda: messages.append(bench.put("new"))
    bench.deliver(messages[0])
    bench.delivered_until_done(*(messages[place] for place in order))
    assert bench.result()["CustomLabels"] == [{"Name": "new", "Confidence": 98.1}]


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_worker_that_is_late_never_writes_an_older_version_over_a_newer_one(step: int, versioned: bool) -> None:
    bench = Bench(versioned=versioned)
    old = bench.put("old")
    bench.at[step] = lambda: bench.deliver(bench.put("new"))
    bench.delivered_until_done(old)
    assert bench.result()["CustomLabels"] == [{"Name": "new", "Confidence": 98.1}]


def test_the_same_content_put_again_is_labelled_again_since_the_model_may_be_another() -> None:
    bench = Bench()
    bench.deliver(bench.put())
    bench.run = ARN.replace("v1", "v2")
    assert bench.deliver(bench.put()) is Outcome.LABELLED
    assert bench.result()["ProjectVersionArn"] == bench.run


def test_content_that_comes_back_is_labelled_again() -> None:
    bench = Bench()
    for content in ("one", "two", "one"):
        bench.deliver(bench.put(content))
    assert bench.result()["CustomLabels"][0]["Name"] == "one"


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("step", range(1, 7))
def test_deleted_while_it_waits_or_is_in_work_an_image_has_no_result(step: int, versioned: bool) -> None:
    bench = Bench(versioned=versioned)
    message = bench.put()
    bench.at[step] = bench.delete
    outcome = bench.deliver(message)
    assert (outcome, bench.result(), bench.counted) == (Outcome.DELETED, None, [])
    assert bench.passed == 1  # or a queue of deleted images would look as if nothing went on


def test_inboxes_with_the_same_images_do_not_share_what_was_done() -> None:
    bench = Bench()
    message = bench.put()
    bench.deliver(message)
    bench.name, bench.inbox = "other", with_inbox(results="s3://results/other/")
    assert bench.deliver(message) is Outcome.LABELLED
    assert bench.result(("results", "other/0001.png.json"))


def test_what_others_write_all_the_time_goes_back_into_the_queue() -> None:
    bench = Bench()
    message = bench.put()
    for step in range(7, 40, 5):
        bench.at[step] = lambda: bench.put("by others", *reversed(RESULT))
    with pytest.raises(ServiceUnavailable):
        bench.deliver(message)
    bench.at.clear()
    assert bench.deliver(message) is Outcome.LABELLED


# Refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", errors_that_mean(Meaning.BROKEN_IMAGE, Meaning.UNCLEAR))
def test_a_broken_image_has_a_result_that_says_so(error: str) -> None:
    bench = Bench(refusals=[error])
    assert bench.deliver(bench.put()) is Outcome.BROKEN
    assert bench.result() == {
        "Image": {"Bucket": "factory", "Key": "line-1/0001.png", "ETag": ETAG},
        "Error": error,
        "Message": "words",
    }
    assert bench.counted == [True]


def test_an_image_that_may_not_be_read_is_not_called_broken() -> None:
    bench = Bench(refusals=["InvalidS3ObjectException"], readable=False)
    with pytest.raises(AccessDenied, match="can not be read"):
        bench.deliver(bench.put())
    assert bench.result() is None
    assert "InvalidS3ObjectException" in bench.refused_with[0]


@pytest.mark.parametrize("error", errors_that_mean(Meaning.BROKEN_IMAGE, Meaning.UNCLEAR))
def test_an_image_that_was_overwritten_meanwhile_is_not_called_broken(error: str) -> None:
    bench = Bench(refusals=[error])
    message = bench.put("old")
    bench.at[6] = lambda: bench.put("new")
    assert bench.deliver(message) is Outcome.SUPERSEDED
    assert bench.result() is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("AccessDeniedException", AccessDenied),
        ("InternalServerError", ServiceUnavailable),
        ("ThrottlingException", ServiceUnavailable),
        ("ANewExceptionOfTomorrow", ServiceUnavailable),
    ],
)
def test_what_no_image_explains_stays_in_the_queue(error: str, kind: type[LifecycleError]) -> None:
    bench = Bench(refusals=[error] * 100)
    message = bench.put()
    with pytest.raises(kind) as stays:
        bench.deliver(message)
    assert bench.result() is None
    assert bench.refused_with == [stays.value.message]
    assert "s3://factory/line-1/0001.png answered" in stays.value.message, "the log has to say which image it was"
    assert bench.enabled
    bench.refusals.clear()
    assert bench.deliver(message) is Outcome.LABELLED


@pytest.mark.parametrize("error", errors_that_mean(Meaning.THROTTLED, Meaning.SERVICE))
def test_a_call_is_made_again_where_that_may_help(error: str) -> None:
    bench = Bench(refusals=[error] * 3)
    assert bench.deliver(bench.put()) is Outcome.LABELLED
    assert len(bench.detected) == 4


def test_a_throttled_call_is_made_again_as_long_as_the_result_can_still_be_written() -> None:
    bench = Bench(refusals=["ThrottlingException"] * 100)
    with pytest.raises(ServiceUnavailable):
        bench.deliver(bench.put())
    assert 8 <= bench.seconds < 13
    assert len(bench.detected) > 5


@pytest.mark.parametrize(
    ("error", "kind"),
    [("ResourceNotReadyException", ModelNotReadyError), ("ResourceNotFoundException", ModelNotFound)],
)
def test_once_the_model_is_down_nothing_more_is_looked_at(error: str, kind: type[LifecycleError]) -> None:
    bench = Bench(refusals=[error])
    messages = [bench.put(key=f"line-1/{number}") for number in range(3)]
    worker = bench.worker()
    for message in messages:
        with pytest.raises(kind):
            worker.take(message)
    assert len(bench.detected) == 1
    assert not bench.enabled
    assert len(bench.refused_with) == 3


def test_nothing_is_looked_at_unless_a_run_is_open() -> None:
    bench = Bench(run=None)
    message = bench.put()
    with pytest.raises(RunNotOpenError):
        bench.deliver(message)
    assert bench.calls == ["read the run", "disable"]
    assert not bench.enabled


def test_a_mapping_that_can_not_be_disabled_is_left_to_the_tick() -> None:
    bench = Bench(run=None, at={2: ServiceUnavailable("busy")})
    with pytest.raises(RunNotOpenError):
        bench.deliver(bench.put())


@pytest.mark.parametrize("step", [3, 4, 6, 7])
def test_what_s3_denies_stays_in_the_queue(step: int) -> None:
    bench = Bench(at={step: AccessDenied("denied")})
    message = bench.put()
    with pytest.raises(AccessDenied):
        bench.deliver(message)
    assert bench.refused_with == ["denied"]
    assert bench.deliver(message) is Outcome.LABELLED


def test_an_image_is_not_looked_at_again_only_because_it_could_not_be_counted() -> None:
    bench = Bench(at={8: ServiceUnavailable("the table does not answer")})
    assert bench.deliver(bench.put()) is Outcome.LABELLED
    assert bench.calls[7] == "count"


# Backfills -----------------------------------------------------------------------------------------


def again(bench: Bench, *, errors: bool = False) -> str:
    etag = bench.objects[IMAGE].seen.etag
    return backfill_message(*IMAGE, {"etag": etag, "size": 5}, now=bench.now, errors=errors)


def test_a_backfill_labels_what_has_no_result() -> None:
    bench = Bench(versioned=True)
    bench.put()
    assert bench.deliver(again(bench)) is Outcome.LABELLED
    assert bench.result()["Image"]["VersionId"] == "v1"


def test_a_backfill_of_what_waits_anyway_labels_it_once() -> None:
    bench = Bench()
    message = bench.put()
    backfill = again(bench)
    assert [bench.deliver(message), bench.deliver(backfill)] == [Outcome.LABELLED, Outcome.ALREADY]


@pytest.mark.parametrize(("errors", "outcome"), [(True, Outcome.LABELLED), (False, Outcome.ALREADY)])
def test_a_backfill_of_errors_looks_at_broken_images_again(errors: bool, outcome: Outcome) -> None:
    bench = Bench(refusals=["ImageTooLargeException"])
    bench.deliver(bench.put())
    assert bench.deliver(again(bench, errors=errors)) is outcome


def test_a_backfill_of_errors_leaves_labels_alone() -> None:
    bench = Bench()
    bench.deliver(bench.put())
    assert bench.deliver(again(bench, errors=True)) is Outcome.ALREADY


# Messages ------------------------------------------------------------------------------------------


def nonsense() -> list[str]:
    detail = {"bucket": {"name": "factory"}, "object": {"key": "line-1/a", "etag": "0815"}}
    wrong: list[Any] = [None, "", 5, [], {}]
    parts = [{**detail, part: value} for part in detail for value in wrong]
    fields = [
        {**detail, "object": {**detail["object"], name: value}}
        for name in detail["object"]
        for value in (*wrong, "\ud800")
    ]
    events = [json.dumps({"detail": value}) for value in (*wrong, *parts, *fields)]
    return [*events, "", "[]", "null", "7", "no JSON", "{}", '{"Event": "s3:TestEvent"}', "[" * 10_000]


@pytest.mark.parametrize("body", nonsense(), ids=itertools.count())
def test_a_message_that_is_no_event_touches_nothing_and_ends_up_in_the_dead_letters(body: str) -> None:
    bench = Bench()
    with pytest.raises(InvalidRequest, match="no event of Amazon S3"):
        bench.deliver(body)
    assert bench.calls == ["note a refusal"]


@pytest.mark.parametrize(("bucket", "key"), [("other", "line-1/a"), ("factory", "line-10/a"), ("factory", "line-1")])
def test_an_image_of_elsewhere_is_not_of_this_inbox(bucket: str, key: str) -> None:
    bench = Bench()
    with pytest.raises(InvalidRequest, match="is not in s3://factory/line-1/"):
        bench.deliver(bench.put(key=key, bucket=bucket))
    assert bench.detected == []
