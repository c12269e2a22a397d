"""AWS requests and errors as they go over the wire: what the authoriser and the faults need to know of them."""

from __future__ import annotations

import functools
import io
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from botocore.model import ServiceModel

Environ = dict[str, Any]
Response = Iterable[bytes]

_LOADER = Loader()
_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_INVOKE = re.compile(r"/2015-03-31/functions/(?P<FunctionName>[^/]+)/invocations$")
_BOTOCORE_NAMES = {"states": "stepfunctions"}
# Services answer a refused call with their own code; these differ from the usual AccessDeniedException.
_ACCESS_DENIED = {
    "sns": "AuthorizationError",
    "sts": "AccessDenied",
    "s3": "AccessDenied",
    "cloudformation": "AccessDenied",
}
_HTTP_STATUS = {"AuthorizationError": 403, "AccessDenied": 403, "ServiceException": 500, "ServiceUnavailable": 503}
_JSON_CONTENT_TYPE = "application/x-amz-json-1.1"


@dataclass(frozen=True)
class Call:
    """One signed call of an AWS operation.

    Attributes
    ----------
    service
        The prefix of its IAM actions, as ``states``.
    action
        The operation's name, as ``StartExecution``.
    parameters
        The request's members; those of form-encoded services keep their flat names.
    body
        The request as sent.

    """

    service: str
    action: str
    region: str
    access_key: str
    session_token: str
    parameters: Mapping[str, Any]
    body: bytes

    @property
    def name(self) -> str:
        """``service:Operation``, as IAM and the faults name it."""
        return f"{self.service}:{self.action}"


@functools.cache
def service_model(service: str) -> ServiceModel | None:
    """The service's own model from botocore, or None if it has no service of that IAM prefix."""
    name = _BOTOCORE_NAMES.get(service, service)
    if name not in _LOADER.list_available_services("service-2"):
        return None
    return ServiceModel(_LOADER.load_service_model(name, "service-2"), name)


def read_call(environ: Environ) -> Call | None:
    """The AWS call in a WSGI request (the request can be read again afterwards), or None if it is not a signed one."""
    credential = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if credential is None:
        return None
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    action, parameters = _operation(environ, body, credential["service"])
    return Call(
        service=credential["service"],
        action=action,
        region=credential["region"],
        access_key=credential["key"],
        session_token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN", ""),
        parameters=parameters,
        body=body,
    )


def _operation(environ: Environ, body: bytes, service: str) -> tuple[str, Mapping[str, Any]]:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return target.rpartition(".")[2], json.loads(body or b"{}")
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        return form.get("Action", ""), form
    # The path keeps its escapes only here: PATH_INFO has lost those of an ARN's slashes.
    path = str(environ.get("REQUEST_URI", environ["PATH_INFO"])).partition("?")[0]
    if service == "s3":
        return _s3_operation(environ, path)
    if invoke := _INVOKE.search(path):
        query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
        return "Invoke", {"FunctionName": unquote(invoke["FunctionName"]), **query}
    return f"{environ['REQUEST_METHOD']} {path}", {}


def _s3_operation(environ: Environ, path: str) -> tuple[str, Mapping[str, Any]]:
    """What the functions do in S3, by method and path; the bucket is in the path."""
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    method, query = environ["REQUEST_METHOD"], dict(parse_qsl(environ.get("QUERY_STRING", "")))
    if not key:
        return ("ListObjectsV2" if method == "GET" else f"{method} {path}"), {"Bucket": bucket, **query}
    return {"GET": "GetObject", "PUT": "PutObject"}.get(method, f"{method} {path}"), {"Bucket": bucket, "Key": key}


def access_denied_code(service: str) -> str:
    """The error code with which a service refuses a call that IAM does not allow."""
    return _ACCESS_DENIED.get(service, "AccessDeniedException")


def error_response(call: Call, code: str, message: str) -> tuple[str, list[tuple[str, str]], bytes]:
    """An AWS error in the protocol of the call's service, as WSGI status line, headers and body."""
    model = service_model(call.service)
    request_id = str(uuid.uuid4())
    if model and model.metadata["protocol"] == "query":
        content_type, body = "text/xml", _xml_error(code, message, request_id)
    elif model and model.metadata["protocol"] == "rest-xml":
        content_type = "application/xml"
        body = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    else:
        content_type, body = _JSON_CONTENT_TYPE, json.dumps({"__type": code, "message": message, "Message": message})
    headers = [("Content-Type", content_type), ("x-amzn-ErrorType", code), ("x-amzn-RequestId", request_id)]
    return f"{http_status(call.service, code)} {code}", headers, body.encode()


def http_status(service: str, code: str) -> int:
    """The HTTP status of an error: what the service's model declares, 500 for what it calls a ``fault``, else 400."""
    model: Any = service_model(service)
    shape = model.shape_for_error_code(code) if model else None
    if shape is None:
        return _HTTP_STATUS.get(code, 400)
    # botocore's shapes keep `error` of the model, but not `fault`.
    declared = _LOADER.load_service_model(model.service_name, "service-2")["shapes"][shape.name]
    status: int = declared.get("error", {}).get("httpStatusCode") or (500 if declared.get("fault") else 400)
    return status


def _xml_error(code: str, message: str, request_id: str) -> str:
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
