"""Lambda: an invocation runs the packaged handler."""

from __future__ import annotations

import base64
from typing import Any

from moto.awslambda.utils import get_backend
from moto.awslambda_simple.models import LambdaSimpleBackend

from emulator.runtime import Deployed, Outcome
from emulator.seams.patching import connection, patch
from emulator.wire_errors import EmulatorStoppedError


def invoke(arn: str, event: bytes) -> Outcome:
    """Run the function, or the version of it, that an ARN names."""
    _, _, _, region, account_id, *_ = arn.split(":")
    return _run(_deployed(get_backend(account_id, region), arn, None), event)


def _deployed(backend: Any, name: str, qualifier: str | None) -> Deployed:
    function = backend.get_function(name, qualifier)
    return Deployed(
        name=function.function_name,
        version="$LATEST" if function is backend.get_function(function.function_name) else str(function.version),
        arn=function.function_arn,
        handler=function.handler or "",
        role_arn=function.role,
        timeout_seconds=int(function.timeout),
        memory_mb=int(function.memory_size),
        environment={name: str(value) for name, value in function.environment_vars.items()},
        bundle=function.code_bytes,
        log_group=getattr(function, "log_group", None),
        revision=f"{function.code_sha_256}/{function.last_modified}",
    )


def _run(function: Deployed, event: bytes) -> Outcome:
    if connection.invoke is None:
        raise EmulatorStoppedError(f"{function.name} was invoked after the emulator had stopped")
    return connection.invoke(function, event)


def _invoke(
    self: LambdaSimpleBackend, function_name: str, qualifier: str | None, body: Any, headers: Any, answer: Any
) -> bytes:
    deployed = _deployed(self, function_name, qualifier)
    if headers.get("X-Amz-Invocation-Type") == "DryRun":
        return b""
    event = body or "{}"  # what Lambda makes of an invocation without payload
    outcome = _run(deployed, event.encode() if isinstance(event, str) else event)
    answer["x-amz-executed-version"] = deployed.version
    if outcome.error:
        answer["x-amz-function-error"] = "Unhandled"
    answer["x-amz-log-result"] = base64.b64encode(outcome.log[-4096:].encode()).decode()
    return outcome.payload


def install() -> None:
    """Put the patch in place."""
    # Without Docker moto answers an invocation with its own input; here the packaged handler runs.
    patch(LambdaSimpleBackend, "invoke", _invoke)
