"""Small pictures, and what a model sees in them: written and read with nothing but zlib.

A PNG as written here has one colour, which its label names; of any other picture the label follows from its bytes.
"""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 180, 60),
    "blue": (40, 70, 220),
    "yellow": (240, 220, 40),
    "white": (250, 250, 250),
    "black": (10, 10, 10),
}
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_RGB8 = bytes((8, 2, 0, 0, 0))  # bit depth 8, true colour, the only compression and filter, not interlaced
_FARTHEST = math.dist((0, 0, 0), (255, 255, 255))
SIZE = 64
"""The smallest that the service takes (Custom Labels Developer Guide, "Guidelines and quotas")."""


class NotAnImageError(ValueError):
    """It is neither PNG nor JPEG."""


@dataclass(frozen=True)
class Seen:
    """A label that was found in an image; confidence in percent."""

    name: str
    confidence: float


def png(colour: tuple[int, int, int], size: int = SIZE) -> bytes:
    """A square of one colour."""
    row = b"\x00" + bytes(colour) * size
    header = struct.pack(">II", size, size) + _RGB8
    return _PNG + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(row * size)) + _chunk(b"IEND", b"")


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
    NotAnImageError
        It is neither PNG nor JPEG.

    """
    if not image.startswith((_PNG, _JPEG)):
        raise NotAnImageError("Request has invalid image format")
    colour = _mean_colour(image) or tuple(hashlib.sha256(image).digest()[:3])
    seen = [Seen(name, round(100 * (1 - math.dist(colour, known) / _FARTHEST), 2)) for name, known in COLOURS.items()]
    return sorted(seen, key=lambda one: -one.confidence)


def _mean_colour(image: bytes) -> tuple[float, ...] | None:
    """Of a PNG that is as those written here; None of any other picture."""
    try:
        chunks = dict(_chunks(image))
        if chunks[b"IHDR"][8:] != _RGB8:
            return None
        width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
        raw = zlib.decompress(chunks[b"IDAT"])
    except (KeyError, struct.error, zlib.error):
        return None
    rows = [raw[start : start + 1 + 3 * width] for start in range(0, len(raw), 1 + 3 * width)]
    if any(row[0] for row in rows):
        return None
    pixels = width * height
    return tuple(sum(sum(row[1 + part :: 3]) for row in rows) / pixels for part in range(3))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _chunks(image: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], len(_PNG)
    while image.startswith(_PNG) and at + 8 <= len(image):
        length, kind = struct.unpack(">I4s", image[at : at + 8])
        found.append((kind, image[at + 8 : at + 8 + length]))
        at += 12 + length
    return found
