"""What a text is that was given for something else, and what was probably meant by it. Pure.

People mix up what looks alike: a project's ARN and a version's, a bucket and its address. ``known_mistakes`` has the
tables; the order in which they are tried stands in ``mistake``.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lifecycle.shared.known_mistakes import FIND, KINDS, KINDS_OF, LIST_VERSIONS, OF_ANY, REPAIRS, VERSION_ARN
from lifecycle.shared.text import all_of

LONGEST = 1024
"""Characters; what is longer is no mistyped name."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a text.

    Parameters
    ----------
    why : str
        A clause whose subject is the text: ``is a project's ARN``. Nothing of the text is in it but plain names.
    meant : str, optional
        A text that would be right, and is probably the one that was meant.
    find : str, optional
        A sentence with the command that lists what would be right.
    """

    why: str
    meant: str | None = None
    find: str | None = None


_OF_A_PROJECT = re.compile(
    r"(arn:[a-z\d-]+:rekognition:(?P<region>[a-z\d-]+):\d{12}:project/[\w.\-]{1,255}/\d+)/?", re.ASCII
)


def mistake(text: str, meant: str, accepts: Callable[[str], bool], characters: str = "") -> Mistake:
    """What is wrong with a text that is not what it has to be.

    Parameters
    ----------
    meant : str
        What it has to be, as the constants above say; of anything else less is known.
    accepts : callable
        Whether a text would be right.
    characters : str
        The regular expression that it has to match: if that is a class of characters, those that are outside are named.
    """
    find = _find(text, meant)
    if not text.strip():
        return Mistake("is empty" if not text else "is only white space", find=find)
    if len(text) > LONGEST:
        return Mistake(f"has {len(text):,} characters", find=find)
    if repaired := _white_space(text, accepts) or _repaired(text.strip(), meant, accepts):
        return repaired
    plain = text.strip()
    if meant == VERSION_ARN and (part := _wrong_part(plain)):
        return Mistake(part, find=find)
    for kind in (*KINDS_OF.get(meant, ()), *KINDS):
        if re.fullmatch(kind.form, plain, re.DOTALL) and kind.why != f"is {meant}":
            return Mistake(kind.why, find=find)
    return _of_characters(text, accepts, characters) or Mistake(f"is not {meant}", find=find)


def _white_space(text: str, accepts: Callable[[str], bool]) -> Mistake | None:
    joined = re.sub(r"[\s\u200b\u2060\ufeff]+", "", text)
    kind = "a line break" if re.search(r"[\r\n]", text) else "white space"
    for fixed in (text.strip(), joined if kind == "a line break" else text):
        if fixed != text and accepts(fixed):
            where = "at its end" if text.startswith(fixed) else "in front" if text.endswith(fixed) else "in it"
            return Mistake(f"has {kind} {where}", fixed)
    return None


def _repaired(text: str, meant: str, accepts: Callable[[str], bool]) -> Mistake | None:
    """What one repair makes right, or two."""
    first = [*_repairs(text, meant)]
    twice = ((f"{why}, and {more}", fixed) for why, once in first for more, fixed in _repairs(once, meant))
    return next((Mistake(why, fixed) for why, fixed in (*first, *twice) if accepts(fixed)), None)


def _repairs(text: str, meant: str) -> Iterator[tuple[str, str]]:
    for why, form, right in (*REPAIRS.get(meant, ()), *OF_ANY):
        found = re.fullmatch(form, text, re.DOTALL)
        fixed = text if found is None else found.expand(right) if isinstance(right, str) else right(found)
        if fixed != text:
            yield why, fixed


_PARTS = (
    ("does not begin with arn, in small letters", r"arn"),
    ("has no partition, such as aws", r"[a-z\d-]+"),
    ("has another service than rekognition", r"rekognition"),
    ("has no Region, such as us-east-1", r"[a-z\d-]+"),
    ("has no account of 12 digits", r"\d{12}"),
)


def _wrong_part(text: str) -> str | None:
    """Of an ARN that looks like a version's: the part that keeps it from being one."""
    *parts, last = text.split(":", len(_PARTS))
    if len(parts) != len(_PARTS) or "/version/" not in last:
        return None
    wrong = (why for given, (why, form) in zip(parts, _PARTS, strict=True) if not re.fullmatch(form, given, re.ASCII))
    return next(wrong, None)


def _find(text: str, meant: str) -> str | None:
    project = _OF_A_PROJECT.fullmatch(text.strip()) if meant == VERSION_ARN else None
    if project:
        return f"{LIST_VERSIONS} --region {project['region']} --project-arn {project[1]} lists its versions"
    return FIND.get(meant)


# --- Characters that may not be there ---------------------------------------------------------------------------------

_CLASS = re.compile(r"\^\[((?:\\.|[^\]\\])+)\]\{\d+,(\d+)\}\$")
_NAMED = {" ": "a space", "\n": "a line break", "\t": "a tab", ",": "a comma", ".": "a full stop"}
_RANGES = (("A-Za-z", "letters"), ("a-zA-Z", "letters"), ("0-9A-Z", "capitals and digits"), ("0-9", "digits"))
_SHOWN = 3


def _of_characters(text: str, accepts: Callable[[str], bool], characters: str) -> Mistake | None:
    """Where a text has to be made of some characters: which of its own are others."""
    found = _CLASS.fullmatch(characters)
    if not found:
        return None
    known, most = found[1], int(found[2])
    other = re.compile(f"[^{known}]")
    outside = [*dict.fromkeys(other.findall(text))]
    if not outside:
        return Mistake(f"has {len(text)} characters, and {most} are the most")
    named = all_of([_NAMED.get(one) or _shown(one) for one in outside], _SHOWN)
    plain = unicodedata.normalize("NFKD", text.strip()).encode("ascii", "ignore").decode()
    slug = re.sub("-{2,}", "-", other.sub("-", plain)).strip("-")
    meant = slug if re.search(r"\w", slug) and accepts(slug) else None
    return Mistake(f"has {named} in it; it may have {_allowed(known)}, {most} at the most", meant)


def _shown(character: str) -> str:
    latin = character.isascii() or unicodedata.name(character, "").startswith("LATIN")
    return character if latin and character.isprintable() else f"U+{ord(character):04X}"


def _allowed(known: str) -> str:
    words = []
    for span, word in _RANGES:
        if span in known:
            known = known.replace(span, "")
            words.append(word)
    rest = " ".join(known.replace("\\", ""))
    return all_of([*words, *([rest] if rest else [])], len(words) + 1)
