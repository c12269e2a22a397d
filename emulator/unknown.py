"""What moto does not know, or trips over, is answered as AWS answers: by a named error in the protocol of the call."""

from __future__ import annotations

import json
import logging
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from emulator.wire import Call, Environ, Response, json_object, operation_name, query_names, read_call, unsigned_call
from emulator.wire_errors import EmulatorStoppedError, error_response

# Code and HTTP status of an operation that a service does not have; JSON over one path has those of the last row.
_UNKNOWN = {
    "query": ("InvalidAction", 400),
    "ec2": ("InvalidAction", 400),
    "rest-xml": ("NotImplemented", 501),
    "rest-json": ("UnknownOperationException", 404),
}
_UNKNOWN_BY_DEFAULT = ("UnknownOperationException", 400)
# moto takes no notice of these: it would list, make or delete the bucket itself.
_S3_SUBRESOURCES = {
    "abac", "analytics", "annotation", "encryptionConfiguration", "intelligent-tiering", "metadataAnnotationTable",
    "metadataConfiguration", "metadataInventoryTable", "metadataJournalTable", "metadataTable", "metrics",
    "renameObject", "requestPayment", "session", "torrent",
}  # fmt: skip
_S3_POSTS = {"uploads", "uploadId", "restore", "select"}
"""What it can be asked by a POST to a key."""
_MOTO_S_OWN = "/moto-api"
_ERROR_STATUS = 400


class UnknownServiceError(LookupError):
    """moto has no service of this name."""


class Dispatcher(DomainDispatcherApplication):
    """moto's choice of the service that a request is for."""

    def get_backend_for_host(self, host: str | None) -> Any:
        """The service of a host.

        Raises
        ------
        UnknownServiceError
            There is none; moto prints that, and goes on without.

        """
        known = (
            host is None or "." not in host or any(one.match(f"http://{host}") for _, one in self.backend_url_patterns)
        )
        if not known:
            raise UnknownServiceError(host)
        return super().get_backend_for_host(host)


class Unknown:
    """WSGI middleware next to moto that answers where moto does not."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: Any) -> Response:
        """Pass the request on, and its answer back if it is one of AWS."""
        call = read_call(environ) or unsigned_call(environ)
        if not call.access_key and call.service != "s3" and environ.get("HTTP_X_AMZ_TARGET"):
            # moto would take it for a request to list buckets.
            message = "Missing Authentication Token"
            return _answer(call, "MissingAuthenticationTokenException", message, 400, start_response)
        if call.service == "s3" and _s3_lacks(environ):
            return _answer_unknown(call, environ, start_response)
        if call.protocol == "json" and json_object(call.body) is None:
            return _answer(call, "SerializationException", "The request is no JSON object", 400, start_response)
        started: list[Any] = []
        try:
            answer: Response = self._app(environ, lambda *begin: started.extend(begin))
        except (NotImplementedError, UnknownServiceError):
            return _answer_unknown(call, environ, start_response)
        except EmulatorStoppedError as error:
            return _answer(call, "ServiceException", str(error), 500, start_response)
        except Exception as error:
            # Whatever it is, the caller is to get an answer, and the log the reason.
            logging.getLogger(__name__).warning("moto failed in %s", call.name, exc_info=error)
            message = f"The emulator failed in {call.name}: {type(error).__name__}: {error}"
            return _answer(call, "InternalFailure", message, 500, start_response)
        if _is_no_answer_of_aws(started[0], dict(started[1]), call, environ):
            return _answer_unknown(call, environ, start_response)
        if _is_foreign_error(started[0], dict(started[1]), call):
            # moto lets an error of one service through in the answer of another, which is written otherwise.
            answered = json.loads(b"".join(answer))
            return _answer(call, answered["__type"], answered["message"], int(started[0].split()[0]), start_response)
        start_response(*started)
        return answer


def _is_foreign_error(status: str, headers: dict[str, str], call: Call) -> bool:
    is_json = "json" in headers.get("Content-Type", "")
    return int(status.split()[0]) >= _ERROR_STATUS and is_json and call.protocol in ("query", "ec2", "rest-xml")


def _is_no_answer_of_aws(status: str, headers: dict[str, str], call: Call, environ: Environ) -> bool:
    """Whether moto has no route for it, and says so in HTML, or with nothing at all."""
    if int(status.split()[0]) < _ERROR_STATUS:
        return False
    is_html = headers.get("Content-Type", "").startswith("text/html")
    if environ["PATH_INFO"].startswith(_MOTO_S_OWN):
        return is_html
    is_empty = headers.get("Content-Length") == "0" and not call.protocol.startswith("rest-")
    return is_empty or (is_html and environ["REQUEST_METHOD"] != "HEAD")


def _answer_unknown(call: Call, environ: Environ, start_response: Any) -> Response:
    code, status = _UNKNOWN.get(call.protocol, _UNKNOWN_BY_DEFAULT)
    asked = call.name if call.service else call.action
    if call.protocol.startswith("rest-"):
        asked = f"{call.service}:{operation_name(call.service, environ)}"
    message = f"The emulator does not know {asked}: docs/emulator.md says what it knows"
    return _answer(call, code, message, status, start_response)


def _answer(call: Call, code: str, message: str, status: int, start_response: Any) -> Response:
    line, headers, body = error_response(call, code, message, status)
    start_response(line, headers)
    return [body]


def _s3_lacks(environ: Environ) -> bool:
    query = query_names(environ)
    posts_to_key = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].strip("/").count("/") > 0
    return not _S3_SUBRESOURCES.isdisjoint(query) or (posts_to_key and _S3_POSTS.isdisjoint(query))
