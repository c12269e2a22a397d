"""AWS IAM: what a pattern in a policy stands for."""

from __future__ import annotations

import re

from moto.iam.access_control import IAMPolicyStatement

from emulator.seams.patching import patch

_WILDCARDS = {"*": ".*", "?": "."}


def _match(pattern: str, text: str) -> re.Match[str] | None:
    """A star is any characters, a question mark is one, and every other character is itself."""
    form = "".join(_WILDCARDS.get(one, re.escape(one)) for one in pattern)
    return re.fullmatch(form, text, re.DOTALL)


def install() -> None:
    """Put the patches in place."""
    # moto takes a pattern as a regular expression: its dots are any character, and a star stops at a line break.
    patch(IAMPolicyStatement, "_match", staticmethod(_match))
