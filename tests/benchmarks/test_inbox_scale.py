"""Some of the million images that docs/evidence/inbox.md reports of."""

from benchmarks.inbox_scale import drained, scale_bars


def test_of_many_images_with_some_delivered_twice_and_some_workers_dead_none_is_lost_or_doubled() -> None:
    found = drained(800, lot=400, dies=1_000)
    assert found.deaths > 0
    missed = [str(bar) for bar in scale_bars(found) if not bar.holds]
    assert not missed, "\n".join(missed)
