"""A host for CloudWatch dashboards under ``/console``: what is deployed, in a browser, with its custom widgets at work.

As CloudWatch documents them (User Guide, "Add a custom widget"): a widget is what its Lambda function answers, cleaned;
``cwdb-action`` calls functions on clicks, after a confirmation, with the right of whoever looks. What metrics would
show is not drawn: their names are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.iam.models import iam_backends

from emulator.authoriser import permits
from emulator.seams import lambdas
from emulator.wire import Environ, Response

if TYPE_CHECKING:
    from emulator.server import Emulator

PATH = "/console"
_STATIC = Path(__file__).parent / "static"
_FILES = {
    "": ("console.html", "text/html; charset=utf-8"),
    "console.css": ("console.css", "text/css; charset=utf-8"),
    "console.js": ("console.js", "text/javascript; charset=utf-8"),
}
# Nothing but the host's own script runs, whatever a widget's HTML has, and nobody else's page may frame it.
_HEADERS = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
]


class Console:
    """WSGI middleware that answers ``/console`` to the browser of this machine; to nobody else's pages: the gate.

    A signed request is for AWS: a bucket may be named so.
    """

    def __init__(self, app: Any, emulator: Emulator) -> None:
        self._app = app
        self._emulator = emulator

    def __call__(self, environ: Environ, start_response: Any) -> Response:
        """Answer, or pass the request on."""
        path = environ["PATH_INFO"]
        if (path != PATH and not path.startswith(f"{PATH}/")) or "HTTP_AUTHORIZATION" in environ:
            passed: Response = self._app(environ, start_response)
            return passed
        status, content_type, body = self._answer(environ, path.removeprefix(PATH).strip("/"))
        start_response(status, [("Content-Type", content_type), *_HEADERS])
        return [body]

    def _answer(self, environ: Environ, name: str) -> tuple[str, str, bytes]:
        method = environ["REQUEST_METHOD"]
        if method != "GET" and environ.get("CONTENT_TYPE", "").partition(";")[0] != "application/json":
            return _json("403 Forbidden", {"Message": "what is sent has to be application/json"})
        if method == "GET" and name in _FILES:
            file, content_type = _FILES[name]
            return "200 OK", content_type, (_STATIC / file).read_bytes()
        route = _ROUTES.get((method, name))
        if route is None:
            return _json("404 Not Found", {"Message": f"there is no {method} {PATH}/{name}"})
        try:
            given = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
            return _json("200 OK", route(self._emulator, given))
        except (KeyError, TypeError, ValueError) as error:
            return _json("400 Bad Request", {"Message": f"{type(error).__name__}: {error}"})


def _json(status: str, answer: Any) -> tuple[str, str, bytes]:
    return status, "application/json", json.dumps(answer).encode()


def dashboards(emulator: Emulator) -> dict[str, Any]:
    """The dashboards, and the managed policies as whose holder one can look at them."""
    backend = cloudwatch_backends[emulator.account_id][emulator.region]
    return {
        "AccountId": emulator.account_id,
        "Region": emulator.region,
        "Dashboards": [{"Name": one.name, "Body": json.loads(one.body)} for one in backend.dashboards.values()],
        "Policies": sorted(policy.name for policy in _policies(emulator)),
    }


def invoke(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    """Call a function as CloudWatch does for whoever looks: ``{"Endpoint": ARN, "Event": {...}, "As": policy?}``."""
    arn, event, policy_name = given["Endpoint"], given["Event"], given.get("As")
    if policy_name:
        held = [policy for policy in _policies(emulator) if policy.name == policy_name]
        documents = [one.document for policy in held for one in policy.versions if one.is_default_version]
        if not any(permits(document, "lambda:InvokeFunction", arn) for document in documents):
            refusal = f"is not authorized to perform: lambda:InvokeFunction on resource: {arn}"
            return {"Error": f"AccessDeniedException: whoever has no more than {policy_name} {refusal}"}
    outcome = lambdas.invoke(arn, json.dumps(event).encode())
    payload = json.loads(outcome.payload or b"null")
    if outcome.error:
        return {"Error": f"{payload.get('errorType', outcome.error)}: {payload.get('errorMessage', '')}"}
    return {"Payload": payload}


def _policies(emulator: Emulator) -> list[Any]:
    """Those of the account's own, as moto keeps them."""
    backend = iam_backends[emulator.account_id]["aws"]
    own = f":iam::{emulator.account_id}:policy"
    return [policy for policy in backend.managed_policies.values() if own in policy.arn]


_ROUTES: dict[tuple[str, str], Callable[[Emulator, Any], Any]] = {
    ("GET", "dashboards"): lambda emulator, _: dashboards(emulator),
    ("POST", "invoke"): invoke,
}
