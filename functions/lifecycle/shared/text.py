"""How amounts, and what others have written, read in a sentence."""

import json
import re
from collections.abc import Sequence

NOT_PLAIN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
"""What nobody sees, or what changes how others are seen: controls, what has no width, what turns the direction of a
text, and half a surrogate pair, which can't be sent at all."""


def usd(amount: float) -> str:
    """``USD 4.00``."""
    return f"USD {amount:,.2f}"


def duration(seconds: float) -> str:
    """``47 s``, ``11 min 4 s``, ``2 h 5 min``."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if whole < 60:
        return f"{whole} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def plural(count: int, word: str) -> str:
    """``1 minute``, ``5 minutes``."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def shortened(texts: Sequence[str], most: int, what: str = "") -> list[str]:
    """The first of many, and how many more there are: ``["a", "b", "and 7 more"]``."""
    left = len(texts) - most
    return [*texts[:most], *([f"and {left} {what} more" if what else f"and {left} more"] if left > 0 else [])]


def escaped(text: str, most: int = 80) -> str:
    """A text of somebody else's in a sentence of ours: with JSON's escapes, and no longer than that."""
    ascii_text = json.dumps(text)[1:-1]
    return ascii_text if len(ascii_text) <= most else f"{ascii_text[:most]}..."


def on_a_line(text: str) -> str:
    """The same text on one line, with whatever nobody would see as an escape."""
    joined = " ".join(text.splitlines()).replace("\t", " ")
    return NOT_PLAIN.sub(lambda found: json.dumps(found[0])[1:-1], joined)
