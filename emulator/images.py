"""Small pictures, and what a model sees in them: the colours that a picture's mean colour is near to."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageStat

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 180, 60),
    "blue": (40, 70, 220),
    "yellow": (240, 220, 40),
    "white": (250, 250, 250),
    "black": (10, 10, 10),
}
_FARTHEST = math.dist((0, 0, 0), (255, 255, 255))
_FORMATS = ("PNG", "JPEG")
_BITS_16 = 256
SIZE = 64
"""The smallest that the service takes, in pixels a side (Custom Labels Developer Guide, "Guidelines and quotas")."""
LARGEST = 4096
"""The largest, in pixels a side."""
LONGEST = 20
"""How many times as long as the other a side may be."""
# Pillow would warn of large pictures, or refuse them; here none is decoded before its sides are known.
Image.MAX_IMAGE_PIXELS = None


class NotAnImageError(ValueError):
    """It is neither PNG nor JPEG, or can't be read to its end."""


class WrongShapeError(ValueError):
    """A side has fewer than 64 pixels, or one is more than 20 times as long as the other."""


class TooLargeError(ValueError):
    """A side has more than 4,096 pixels."""


@dataclass(frozen=True)
class Seen:
    """A label that was found in an image; confidence in percent."""

    name: str
    confidence: float


def png(colour: tuple[int, int, int], size: int = SIZE) -> bytes:
    """A square of one colour."""
    written = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(written, "PNG")
    return written.getvalue()


def samples() -> dict[str, bytes]:
    """A few images by file name, one of which is none."""
    return {**{f"{name}.png": png(colour) for name, colour in COLOURS.items()}, "broken.png": b"This is no picture."}


def lay_out(s3: Any, bucket: str, prefix: str) -> list[str]:
    """Make a bucket with the samples under a prefix; their keys.

    A batch that looks at them is started with ``{"Bucket": bucket, "Prefix": prefix, ...}``.
    """
    ensure_bucket(s3, bucket)
    keys = []
    for name, image in samples().items():
        keys.append(f"{prefix}{name}")
        s3.put_object(Bucket=bucket, Key=keys[-1], Body=image)
    return keys


def ensure_bucket(s3: Any, bucket: str) -> None:
    """Make a bucket, where it is not there yet."""
    region = s3.meta.region_name
    location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket, **location)
    except (s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
        return


def see(image: bytes) -> list[Seen]:
    """Every label that the emulated model knows, with how well it fits, the best first.

    Raises
    ------
    NotAnImageError, WrongShapeError, TooLargeError
        The service refuses such an image.

    """
    colour = _mean_colour(image)
    seen = [Seen(name, round(100 * (1 - math.dist(colour, known) / _FARTHEST), 2)) for name, known in COLOURS.items()]
    return sorted(seen, key=lambda one: -one.confidence)


def _mean_colour(image: bytes) -> tuple[float, ...]:
    """Of a PNG or JPEG of any kind: palettes, grey, 16 bits, CMYK, progressive ones; transparency is left out."""
    try:
        with Image.open(io.BytesIO(image), formats=_FORMATS) as opened:
            _check_sides(*opened.size)
            opened.draft("RGB", (SIZE, SIZE))  # a JPEG is decoded no larger than it needs to be
            # Pillow cuts 16 bits of grey off at white, where others scale them.
            eight_bits = opened.point(lambda value: value / _BITS_16, "L") if opened.mode.startswith("I") else opened
            mean: list[float] = ImageStat.Stat(eight_bits.convert("RGB")).mean
    except (WrongShapeError, TooLargeError):
        raise
    except Exception as error:  # Pillow raises errors of many kinds at pictures that are broken
        raise NotAnImageError("Request has invalid image format") from error
    return tuple(mean)


def _check_sides(width: int, height: int) -> None:
    if max(width, height) > LARGEST:
        raise TooLargeError(
            f"Input image dimensions {width} x {height} exceed maximum dimension size of {LARGEST} pixels"
        )
    if min(width, height) < SIZE:
        raise WrongShapeError(f"Input image dimensions {width} x {height} are below the minimum of {SIZE} pixels")
    if max(width, height) > LONGEST * min(width, height):
        raise WrongShapeError(f"Input image dimensions {width} x {height} exceed the aspect ratio of {LONGEST}:1")
