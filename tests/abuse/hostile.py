"""One table of what people have tried on programs that read text, and one of numbers: for wherever there is some."""

from typing import Any

Json = Any

# fmt: off
INJECTIONS = (
    "{% $states.input %}", "{% $states.context.Execution.Id %}", "{%", "%}", "$.x", "$$.Execution.Id",
    "$states.context", "States.Format('{}', 1)", "${StartFunctionArn}", "${jndi:ldap://x}", "#{7*7}", "{{7*7}}",
    "{{resolve:ssm:/x}}", "{0.__class__}", "{name}", "}{", "%s%n%x", "%00", "\\u0000", '"}, "Model": "welds"',
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    '<cwdb-action action="call" endpoint="arn:aws:lambda:us-east-1:123456789012:function:act">', "<!channel>",
    "<@U123>", "@here", "@channel", "[here](https://example.org)", "https://example.org/x", "www.example.org",
    "*bold* _slanted_ ~struck~ `code`", "# Title", "x\n\nWhat to do:\n  aws s3 rm --recursive s3://all",
    "x\r\nERROR 2026-11-26 a line of a log", "x\n- Model: is fine", "Model: is fine", "'; DROP TABLE models; --",
    "' || 'a'='a", "$(touch x)", "`id`", "a;id", "| rm -rf /", "../../../../etc/passwd", "=cmd|' /C calc'!A0",
    "__import__('os').system('id')", "null", "NaN", "true", "-1",
)
UNICODE = (
    "\u202egnp.exe", "\u2066x\u2069", "a\u200bb", "a\u200db", "\ufeffx", "\u0000", "a\u0000b", "\x1b[31mred", "\x07",
    "\x08\x08", "\x7f", "a\x85b", "a\u2028b", "a\u2029b", "\u00a0", "\u3000", "\u0085", "\U0001f600",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\U000e0041\U000e0042", "Z\u0351\u036b\u0343", "\u0130", "\ufb01",
    "\uff11\uff12", "\u0663", "d\u0435fects", "\u05e9\u05dc\u05d5\u05dd", "\uffff", "\ufdd0",
)
HALVES = ("\ud800", "a\udfffb", "\udc00\ud800", "\ud83d" * 9, "x" * 200 + "\udead")
"""Halves of surrogate pairs, which UTF-8 can't write."""
TIMES = (
    "now", "2026-11-24", "08:00", "2026-11-24T08:00:00", "2026-11-24 08:00:00", "2026-13-01T00:00:00Z",
    "2026-02-30T00:00:00Z", "2026-11-24T25:00:00Z", "2026-11-24T08:00:61Z", "2026-11-24T08:00:00+99:00",
    "2026-W48-2T08:00:00Z", "20261124T080000", "+12026-11-24T08:00:00Z", "1793520000", "2026-11-24T08:00:00Z\n",
    "2026-11-24\ud80008:00:00Z", "\uff12\uff10\uff12\uff16-11-24T08:00:00Z",
)
"""No times of RFC 3339 with their offset."""
ENDS_OF_TIME = (
    "0001-01-01T00:00:00+23:59", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59",
)
NUMBERS: tuple[Json, ...] = (
    0, -1, -0.0, 1.5, 0.1, 1e-320, 2**31, 2**53 + 1, 2**63, -(2**63), 10**400, float("inf"), float("-inf"), 1e308,
)
"""Infinity stands for what no double can hold: it is written as 1e400."""
VALUES: tuple[Json, ...] = (
    None, True, False, 7, -3.5, *NUMBERS, "", "x", "1", "50", "true", *INJECTIONS, [], [1], ["defects"], [{}], {},
    {"a": 1}, {"Ref": "x"}, {"S": "x"},
)
"""Of each type of JSON."""
WIDE = ("A", "\u00e9", "\U0001f600", "\u0001", '"', "\\", "{% $x %}", "<b>")
"""What is short or long in UTF-8, or in JSON."""
# fmt: on
HOSTILE = (*INJECTIONS, *UNICODE, *HALVES)


def nested(depth: int, kind: str = "list") -> Json:
    """Lists in lists, or objects in objects."""
    value: Json = 1
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value}
    return value
