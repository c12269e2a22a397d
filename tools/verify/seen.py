"""What of TestState's answer counts, and where it differs from what was recorded."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tools.verify.cases import Case

Json = Any
_FIELDS = {
    "afterArguments": "Arguments",
    "maxConcurrency": "MaxConcurrency",
    "toleratedFailurePercentage": "ToleratedFailurePercentage",
    "afterItemSelector": "Items",
}
_OWN_WORDS = "States."
"""Errors whose Cause is Step Functions' own words, and may be others any day."""
_NOTHING = object()


def seen(case: Case, answer: Mapping[str, Json]) -> dict[str, Json]:
    """An answer, without what it repeats of the request and without Step Functions' own words."""
    inspected = answer.get("inspectionData", {})
    details = inspected.get("errorDetails", {})
    status, leads = answer["status"], {"Next": answer["nextState"]} if "nextState" in answer else {}
    match status:
        case "RETRIABLE":
            pause = details.get("retryBackoffIntervalSeconds")
            return {"Status": status, "Retry": details.get("retryIndex"), "Seconds": pause}
        case "CAUGHT_ERROR":
            return {"Status": status, "Catch": details.get("catchIndex"), **leads, **_put_out(case, answer)}
        case "FAILED":
            error = str(answer.get("error"))
            own = {} if error.startswith(_OWN_WORDS) else {"Cause": answer.get("cause")}
            return {"Status": status, "Error": error, **own}
    evaluated = {name: inspected[field] for field, name in _FIELDS.items() if field in inspected}
    read = {name: json.loads(value) if isinstance(value, str) else value for name, value in evaluated.items()}
    return {"Status": status, **leads, **read, **_put_out(case, answer)}


def _put_out(case: Case, answer: Mapping[str, Json]) -> dict[str, Json]:
    """The variables that have another value than before, and the output."""
    given = json.loads(case.request["variables"])
    after = json.loads(answer.get("inspectionData", {}).get("variables") or "{}")
    assigned = {name: value for name, value in after.items() if given.get(name, _NOTHING) != value}
    output = {"Output": _output(case, json.loads(answer["output"]))} if "output" in answer else {}
    return {**({"Assigned": assigned} if assigned else {}), **output}


def _output(case: Case, output: Json) -> Json:
    """The output, or which part of the request it repeats."""
    mock = case.request.get("mock", {})
    if "result" in mock and output == json.loads(mock["result"]):
        return "<the result>"
    if "errorOutput" in mock and _is_error(output, mock["errorOutput"]):
        return "<the error>"
    return "<the input>" if output == json.loads(case.request["input"]) else output


def _is_error(output: Json, error: Mapping[str, str]) -> bool:
    """An error without a Cause may be put out with an empty one."""
    if not isinstance(output, dict) or output.keys() - {"Error", "Cause"}:
        return False
    return output.get("Error") == error["error"] and (output.get("Cause") or "") == error.get("cause", "")


def differences(expected: Mapping[str, Json], found: Mapping[str, Json]) -> Iterator[str]:
    """Each field in which they differ, with both values.

    A pause before a retry that jitter shortens is expected to be ``WithinSeconds``; no other is.
    """
    for name in dict.fromkeys((*expected, *found)):
        if name == "Seconds" and "WithinSeconds" in expected:
            continue
        if name == "WithinSeconds":
            pause = found.get("Seconds")
            if pause is None or pause > expected[name]:
                yield f"Seconds: expected at most {expected[name]}, seen {pause}"
        elif expected.get(name, _NOTHING) != found.get(name, _NOTHING):
            yield f"{name}: expected {_text(expected, name)}, seen {_text(found, name)}"


def _text(part: Mapping[str, Json], name: str) -> str:
    return json.dumps(part[name], ensure_ascii=False) if name in part else "nothing"


def in_short(found: Mapping[str, Json]) -> str:
    """For a row of the table: what happened, and where it leads."""
    status = found.get("Status")
    if status == "RETRIABLE":
        bound = f"within {found['WithinSeconds']}" if "WithinSeconds" in found else f"after {found.get('Seconds')}"
        return f"retry {found.get('Retry')} {bound} s"
    if status == "CAUGHT_ERROR":
        return f"catch {found.get('Catch')} -> {found.get('Next')}"
    if status == "FAILED":
        return f"fails: {found.get('Error')}"
    if status == "SUCCEEDED":
        return f"-> {found['Next']}" if "Next" in found else "ends"
    return next(iter(map(str, found.values())), "nothing")
