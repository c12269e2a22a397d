"""``inbox backfill``: put into the queue what lies in the folder of the images and has no result.

Images that were there before the inbox was, whose event was lost, or that were given up too long ago. It goes through
the folder by pages of 1,000 images, and reads the list of the results between the first and the last of each: the keys
of results come in about the order of those of their images.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from lifecycle.configuration import Inbox
from lifecycle.inbox.arrivals import backfill_message
from lifecycle.inbox.ports import Messages
from lifecycle.inbox.results import ERROR, KIND, result_key
from lifecycle.ports import ImageObjects, Listed
from lifecycle.shared.s3_location import Place

ENOUGH_SECONDS = 60
"""For another page: with less time left, the rest is left to the next call."""
_SIDE_BY_SIDE = 10


@dataclass(frozen=True, slots=True)
class Backfilled:
    """What was done.

    Parameters
    ----------
    images : int
        How many were found; ``queued`` of them were put into the queue.
    next : str, optional
        The key after which to go on; None where these were the last images.
    """

    images: int
    queued: int
    next: str | None = None


def backfill(
    name: str,
    inbox: Inbox,
    *,
    after: str = "",
    errors: bool = False,
    objects: ImageObjects,
    messages: Messages,
    now: datetime,
    left: Callable[[], float],
) -> Backfilled:
    """Go through the images behind a key, as far as time allows.

    Parameters
    ----------
    errors : bool
        Put images into the queue as well whose result is an error.
    left : callable
        The seconds that are left.

    Raises
    ------
    AccessDenied, ServiceUnavailable
        Some may be in the queue by then; twice in the queue does no harm.
    """
    images, results = Place.parse(inbox.images), Place.parse(inbox.results)
    found = queued = 0
    while True:
        page = objects.listed(images.bucket, images.folder, after)
        wanted = [image for image in page if image.size > 0]
        if wanted:
            missing = _without_result(wanted, images, results, objects, errors=errors)
            bodies = [
                backfill_message(
                    images.bucket, image.key, {"etag": image.etag, "size": image.size}, now=now, errors=errors
                )
                for image in missing
            ]
            messages.send(name, bodies)
            found, queued = found + len(wanted), queued + len(missing)
        if not page:
            return Backfilled(found, queued)
        after = page[-1].key
        if left() < ENOUGH_SECONDS:
            return Backfilled(found, queued, after)


def _without_result(
    wanted: Sequence[Listed], images: Place, results: Place, objects: ImageObjects, *, errors: bool
) -> Sequence[Listed]:
    keys = {image.key: result_key(image.key, images, results) for image in wanted}
    there = _between(objects, results, sorted(keys.values(), key=str.encode))
    done = {
        image.key
        for image in wanted
        if (result := there.get(keys[image.key])) and result.last_modified >= image.last_modified
    }
    if errors:

        def is_error(key: str) -> bool:
            result = objects.newest(results.bucket, keys[key])
            return result is not None and result.notes.get(KIND) == ERROR

        asked = sorted(done)
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            done -= {key for key, failed in zip(asked, pool.map(is_error, asked), strict=True) if failed}
    return [image for image in wanted if image.key not in done]


def _between(objects: ImageObjects, place: Place, keys: Sequence[str]) -> Mapping[str, Listed]:
    """The results from the first key to the last one: there may be others among them."""
    first, last = keys[0], keys[-1].encode()
    found: dict[str, Listed] = {}
    after = _before(first)
    while page := objects.listed(place.bucket, place.folder, after):
        found |= {one.key: one for one in page}
        after = page[-1].key
        if after.encode() >= last:
            break
    return found


def _before(key: str) -> str:
    """A key behind which this one comes, and hardly any other: all of it but its last character."""
    return key[:-1]
