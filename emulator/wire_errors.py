"""AWS errors as they go over the wire, in each of its protocols."""

from __future__ import annotations

import json
import struct
import uuid
from typing import Any
from xml.sax.saxutils import escape

from emulator.wire import LOADER, Call, service_model


class EmulatorStoppedError(RuntimeError):
    """An execution that is under way when the emulator stops asks for what is no more: nobody waits for the answer."""


# Services answer a refused call with their own code; these differ from the usual AccessDeniedException.
_ACCESS_DENIED = {
    "sns": "AuthorizationError",
    "sts": "AccessDenied",
    "s3": "AccessDenied",
    "sqs": "AccessDenied",
    "cloudformation": "AccessDenied",
}
_HTTP_STATUS = {"AuthorizationError": 403, "AccessDenied": 403, "ServiceException": 500, "ServiceUnavailable": 503}
_JSON_CONTENT_TYPE = "application/x-amz-json-1.1"


def access_denied_code(service: str) -> str:
    """The error code with which a service refuses a call that IAM does not allow."""
    return _ACCESS_DENIED.get(service, "AccessDeniedException")


def error_response(
    call: Call, code: str, message: str, status: int | None = None
) -> tuple[str, list[tuple[str, str]], bytes]:
    """An AWS error in the protocol of the call, as WSGI status line, headers and body.

    Parameters
    ----------
    status
        The HTTP status, where the service's model has no error of this code.

    """
    request_id = str(uuid.uuid4())
    content_type, write = _ERRORS.get(call.protocol, (_JSON_CONTENT_TYPE, _json_error))
    if call.protocol == "rest-xml" and call.service != "s3":
        write = _query_error
    headers = [("Content-Type", content_type), ("x-amzn-ErrorType", code), ("x-amzn-RequestId", request_id)]
    if call.protocol == "smithy-rpc-v2-cbor":
        headers.append(("smithy-protocol", "rpc-v2-cbor"))
    return f"{status or http_status(call.service, code)} {code}", headers, write(code, message, request_id)


def http_status(service: str, code: str) -> int:
    """The HTTP status of an error: what the service's model declares, 500 for what it calls a ``fault``, else 400."""
    model: Any = service_model(service)
    shape = model.shape_for_error_code(code) if model else None
    if shape is None:
        return _HTTP_STATUS.get(code, 400)
    # botocore's shapes keep `error` of the model, but not `fault`.
    declared = LOADER.load_service_model(model.service_name, "service-2")["shapes"][shape.name]
    status: int = declared.get("error", {}).get("httpStatusCode") or (500 if declared.get("fault") else 400)
    return status


def _json_error(code: str, message: str, _: str) -> bytes:
    return json.dumps({"__type": code, "message": message, "Message": message}).encode()


def _query_error(code: str, message: str, request_id: str) -> bytes:
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()


def _ec2_error(code: str, message: str, request_id: str) -> bytes:
    return (
        f"<Response><Errors><Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>"
    ).encode()


def _s3_error(code: str, message: str, request_id: str) -> bytes:
    return (
        f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        f"<RequestId>{request_id}</RequestId></Error>"
    ).encode()


def _cbor_error(code: str, message: str, _: str) -> bytes:
    """A map of two texts (RFC 8949: major types 5 and 3, lengths in two bytes)."""

    def text(value: str) -> bytes:
        encoded = value.encode()[:0xFFFF]
        return struct.pack(">BH", 0x79, len(encoded)) + encoded

    return b"\xa2" + text("__type") + text(code) + text("message") + text(message)


_ERRORS = {
    "ec2": ("text/xml", _ec2_error),
    "query": ("text/xml", _query_error),
    "rest-xml": ("application/xml", _s3_error),
    "smithy-rpc-v2-cbor": ("application/cbor", _cbor_error),
}
"""How a protocol writes an error; those that are not here write JSON."""
