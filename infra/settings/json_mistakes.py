"""What is wrong where a text is no JSON, in words for whoever has typed it. Pure."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple


class NoJsonError(ValueError):
    """It is no JSON, or says something twice; says the line, the column, and what is wrong there."""


class _Hint(NamedTuple):
    """What stands where JSON breaks off, and what is to be said of it."""

    form: str
    says: str


_HERE = (
    _Hint(r"//|#|/\*", "JSON has no comments: take it out"),
    _Hint(r"<{7}|={7}|>{7}", "a conflict of a merge is left here"),
    _Hint("'", "texts and names stand in double quotes, not in single ones"),
    _Hint("[\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019]", "these are typographic quotes: JSON has straight ones only"),
    _Hint(r"True\b", "JSON writes true"),
    _Hint(r"False\b", "JSON writes false"),
    _Hint(r"(None|undefined|nil)\b", "JSON writes null; leave the key out where its default is meant"),
    _Hint(r"[A-Za-z_][\w.-]*\s*:", "a name stands in double quotes"),
    _Hint(r"[A-Za-z_@$/]", "a text stands in double quotes"),
    _Hint(r"[+.]?0?\d", "a number has no plus, and no zero or point at its front; a text stands in double quotes"),
    _Hint(r";", "a comma is meant"),
    _Hint(r"[}\]]", "a value is missing before it, or this bracket closes another kind"),
)
"""Where a name or a value ought to begin; the first that fits."""


_BY_MESSAGE = (
    _Hint("Unterminated string", "a text begins here that has no closing quote"),
    _Hint("Invalid control character", "a text ends on its line; its closing quote is missing, or write \\n"),
    _Hint("Invalid \\", "a backslash is written twice"),
    _Hint("Extra data", "the document ends before this; perhaps a bracket is too many"),
    _Hint("Expecting ':'", "a colon is missing between a name and its value"),
)
"""By how the message of Python begins."""


def parsed(raw: bytes) -> Any:
    """The document of a file.

    Raises
    ------
    NoJsonError
    """
    text = _text(raw)
    if not text.strip():
        raise NoJsonError("line 1, column 1: the file is empty")
    try:
        # As Python reads whole numbers, those of some thousand digits break off without a place.
        document = json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < _LONG else float(digits))
    except json.JSONDecodeError as error:
        raise NoJsonError(_said(text, error)) from error
    except RecursionError as error:
        raise NoJsonError("it is nested too deep") from error
    if wrong := next(_passed_over(text), None):
        raise NoJsonError(wrong)
    return document


def _text(raw: bytes) -> str:
    if raw[:3] == b"\xef\xbb\xbf":
        raise NoJsonError(
            "line 1, column 1: begins with a byte order mark, which JSON has not; save it as UTF-8 without BOM"
        )
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise NoJsonError("line 1, column 1: is UTF-16; save it as UTF-8")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        raise NoJsonError(f"{_place(before, len(before))}: a byte is not UTF-8; save it as UTF-8") from error


_LONG = 400
"""Digits: a number of so many is none that a float holds."""
_TOKEN = re.compile(
    r'(?P<name>"(?:\\.|[^"\\])*")\s*:|"(?:\\.|[^"\\])*"|(?P<opens>[{\[])|(?P<closes>[}\]])|(?P<number>-?[\dNI][\w.+-]*)'
)


def _passed_over(text: str) -> Iterator[str]:
    """What is wrong in a text that Python reads all the same: a name that stands twice, or a number that is none."""
    objects: list[dict[str, int]] = []
    for token in _TOKEN.finditer(text):
        place, number = _place(text, token.start()), token["number"]
        if token["opens"]:
            objects.append({})
        elif token["closes"]:
            objects.pop()
        elif token["name"]:
            name = json.loads(token["name"])
            if (first := objects[-1].setdefault(name, token.start())) != token.start():
                yield (
                    f"{place}: {json.dumps(name)} stands twice in one object, first at {_place(text, first)}, and only "
                    "the last would count"
                )
        elif number and not math.isfinite(float(number)):
            shown = number if len(number) < 20 else f"{number[:8]}..."
            yield f"{place}: {shown} is no number of JSON; write a finite one, or leave the key out for its default"


def _said(text: str, error: json.JSONDecodeError) -> str:
    place, wrong = error.pos, error.msg
    before = text[:place].rstrip()
    if re.match(r"\s*[}\]]", text[place:]) and before.endswith(","):  # Python 3.13 points at the comma, 3.11 behind it
        return f"{_place(text, len(before) - 1)}: a comma before a closing bracket: take it out"
    if re.match(r",\s*[}\]]", text[place:]):
        return f"{_place(text, place)}: a comma before a closing bracket: take it out"
    if hint := next((one.says for one in _BY_MESSAGE if wrong.startswith(one.form)), ""):
        return f"{_place(text, place)}: {hint}"
    if place >= len(text.rstrip()):
        return f"{_place(text, place)}: the file ends here, and {_unclosed(text)}"
    here = text[place:].lstrip()
    place += len(text[place:]) - len(here)
    if wrong.startswith("Expecting ','") and re.match(r'["{\[\d]', here):
        return f"{_place(text, len(before))}: a comma is missing here"
    if wrong.startswith("Expecting ','") and re.match(r"[}\]]", here):
        return f"{_place(text, place)}: {_unclosed(text[:place])}, which {here[0]} does not close"
    hint = next((one.says for one in _HERE if re.match(one.form, here)), "")
    return f"{_place(text, place)}: {hint or wrong}"


def _place(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f"line {line}, column {position - text.rfind(chr(10), 0, position)}"


def _unclosed(text: str) -> str:
    """Which bracket is open at the end of a text."""
    open_ = [*_open_brackets(text)]
    return f"{text[open_[-1]]} of {_place(text, open_[-1])} is open" if open_ else "nothing is open"


def _open_brackets(text: str) -> Iterator[int]:
    stack: list[int] = []
    for token in re.finditer(r'"(?:\\.|[^"\\\n])*"|[{}\[\]]', text):
        if token[0] in "{[":
            stack.append(token.start())
        elif token[0] in "}]" and stack:
            stack.pop()
    return iter(stack)
