"""Who may ask the emulator: programs on this machine, and no web page but its own.

moto answers every page that a browser shows (CORS), and whoever may make a function and invoke it runs code on this
machine. A page of another origin says so; one that has given itself an address of this machine (DNS rebinding) asks by
another name.
"""

from __future__ import annotations

import json
from typing import Any

from emulator.wire import Environ, Response, read_call, unsigned_call
from emulator.wire_errors import access_denied_code, error_response

_NOT_OF_AWS = ("/console", "/_emulator")


class Gate:
    """WSGI middleware before all else.

    Parameters
    ----------
    port
        That the emulator listens on.
    """

    def __init__(self, app: Any, port: int) -> None:
        self._app = app
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._buckets = f".localhost:{port}"  # as botocore addresses them; browsers keep the name for this machine

    def __call__(self, environ: Environ, start_response: Any) -> Response:
        """Let the request through, or refuse it."""
        if refused := self._refused(environ):
            if environ["PATH_INFO"].startswith(_NOT_OF_AWS):
                start_response("403 Forbidden", [("Content-Type", "application/json")])
                return [json.dumps({"Message": refused}).encode()]
            call = read_call(environ) or unsigned_call(environ)
            status, headers, body = error_response(call, access_denied_code(call.service), refused, 403)
            start_response(status, headers)
            return [body]
        passed: Response = self._app(environ, start_response)
        return passed

    def _refused(self, environ: Environ) -> str | None:
        host, origin = environ.get("HTTP_HOST", ""), environ.get("HTTP_ORIGIN")
        if host not in self._hosts and not host.endswith(self._buckets):
            return f"this is {' or '.join(sorted(self._hosts))}, and nobody else's"
        if origin is not None and origin not in self._origins:
            return "a page of another origin may not ask"
        return None
