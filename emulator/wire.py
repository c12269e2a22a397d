"""AWS requests as they go over the wire: what the authoriser, the faults and others need to know of them."""

from __future__ import annotations

import functools
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote

from botocore.loaders import Loader
from botocore.model import ServiceModel

Environ = dict[str, Any]
Response = Iterable[bytes]

LOADER = Loader()
"""Of botocore's descriptions of services."""


def region_of(arn: str) -> str:
    """The Region that an ARN names."""
    return arn.split(":")[3]


_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_INVOKE = re.compile(r"/2015-03-31/functions/(?P<FunctionName>[^/]+)/invocations$")
_MAPPINGS = re.compile(r"/2015-03-31/event-source-mappings/?(?P<UUID>[^/]*)$")
_OF_A_MAPPING = {"GET": "Get", "PUT": "Update", "DELETE": "Delete"}
_BOTOCORE_NAMES = {"states": "stepfunctions"}


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
        The request as sent, and decompressed.
    protocol
        In which it is written, and answered; the service's model names them.

    """

    service: str
    action: str
    region: str
    access_key: str
    session_token: str
    parameters: Mapping[str, Any]
    body: bytes
    protocol: str = "json"

    @property
    def name(self) -> str:
        """``service:Operation``, as IAM and the faults name it."""
        return f"{self.service}:{self.action}"


@functools.cache
def service_model(service: str) -> ServiceModel | None:
    """The service's own model from botocore, or None if it has no service of that IAM prefix."""
    name = _BOTOCORE_NAMES.get(service, service)
    if name not in LOADER.list_available_services("service-2"):
        return None
    return ServiceModel(LOADER.load_service_model(name, "service-2"), name)


def read_call(environ: Environ) -> Call | None:
    """The AWS call in a WSGI request (the request can be read again afterwards), or None if it is not a signed one."""
    credential = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if credential is None:
        return None
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    readable = _decompressed(body) if environ.get("HTTP_CONTENT_ENCODING") == "gzip" else body
    action, parameters = _operation(environ, readable, credential["service"])
    return Call(
        service=credential["service"],
        action=action,
        region=credential["region"],
        access_key=credential["key"],
        session_token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN", ""),
        parameters=parameters,
        body=readable,
        protocol=_protocol(environ, credential["service"]),
    )


def _mapping_operation(method: str, uuid: str, asked: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """What is done with one of Lambda's event source mappings, or with all."""
    if not uuid:
        return ("ListEventSourceMappings" if method == "GET" else "CreateEventSourceMapping"), {}
    return f"{_OF_A_MAPPING.get(method, method)}EventSourceMapping", {**asked, "UUID": uuid}


def _decompressed(body: bytes) -> bytes:
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return body


def unsigned_call(environ: Environ) -> Call:
    """What an unsigned request asks for, as far as its head says: a request of nobody is for Amazon S3."""
    service = "" if environ.get("HTTP_X_AMZ_TARGET") or _is_form(environ) else "s3"
    action = environ.get("HTTP_X_AMZ_TARGET", f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
    return Call(service, action.rpartition(".")[2], "", "", "", {}, b"", _protocol(environ, service))


def _protocol(environ: Environ, service: str) -> str:
    """The protocol of a request. Services have several, and say in its head which one it is."""
    if service == "s3":  # its objects may have any Content-Type
        return "rest-xml"
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return "smithy-rpc-v2-cbor"
    if environ.get("HTTP_X_AMZ_TARGET"):
        return "json"
    if _is_form(environ):
        return "ec2" if service == "ec2" else "query"
    model = service_model(service)
    return str(model.metadata["protocol"]) if model else "rest-json"


def _is_form(environ: Environ) -> bool:
    return str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")


def _operation(environ: Environ, body: bytes, service: str) -> tuple[str, Mapping[str, Any]]:
    # The path keeps its escapes only here: PATH_INFO has lost those of an ARN's slashes.
    path = str(environ.get("REQUEST_URI", environ["PATH_INFO"])).partition("?")[0]
    if service == "s3":
        return _s3_operation(environ, path)
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return target.rpartition(".")[2], json_object(body) or {}
    if _is_form(environ):
        form = {key: values[0] for key, values in parse_qs(body.decode(errors="replace")).items()}
        return form.get("Action", ""), form
    if invoke := _INVOKE.search(path):
        query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
        return "Invoke", {"FunctionName": unquote(invoke["FunctionName"]), **query}
    if mapping := _MAPPINGS.search(path):
        return _mapping_operation(environ["REQUEST_METHOD"], mapping["UUID"], json_object(body) or {})
    return f"{environ['REQUEST_METHOD']} {path}", {}


def json_object(body: bytes) -> Mapping[str, Any] | None:
    """The object that a body is in JSON, an empty one too; None of any other body."""
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        return None
    return given if isinstance(given, dict) else None


def _s3_operation(environ: Environ, path: str) -> tuple[str, Mapping[str, Any]]:
    """What the functions do in S3, by method and path; the bucket is in the path."""
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    method, query = environ["REQUEST_METHOD"], dict(parse_qsl(environ.get("QUERY_STRING", "")))
    if not key and method == "GET" and "location" in query_names(environ):
        return "GetBucketLocation", {"Bucket": bucket}
    if not key:
        return ("ListObjectsV2" if method == "GET" else f"{method} {path}"), {"Bucket": bucket, **query}
    asked = {"VersionId": query.get("versionId"), "IfMatch": environ.get("HTTP_IF_MATCH")}
    return {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject"}.get(method, f"{method} {path}"), {
        "Bucket": bucket,
        "Key": key,
        **{name: value for name, value in asked.items() if value is not None},
    }


def query_names(environ: Environ) -> set[str]:
    """The names in a request's query, those without a value too."""
    return {name for name, _ in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)}


def operation_name(service: str, environ: Environ) -> str:
    """The operation of a REST service that a request is for, or its method and path if its model has none such."""
    method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], query_names(environ)
    found: list[tuple[int, str]] = []
    model: Any = service_model(service)
    for name in model.operation_names if model else ():
        http = model.operation_model(name).http
        template, _, literals = http["requestUri"].partition("?")
        needed = {one.partition("=")[0] for one in literals.split("&") if one}
        pattern = re.sub(r"\\{\w+(\\\+)?\\}", lambda name: ".+" if name[1] else "[^/]+", re.escape(template))
        if http["method"] == method and needed <= query and re.fullmatch(f"{pattern}/?", path, re.DOTALL):
            found.append((len(needed), name))
    return max(found)[1] if found else f"{method} {path}"
