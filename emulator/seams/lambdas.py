"""Lambda: an invocation runs the packaged handler."""

from __future__ import annotations

import base64
from typing import Any

from moto.awslambda_simple.models import LambdaSimpleBackend

from emulator.runtime import Deployed
from emulator.seams.patching import connection, patch


def _invoke(
    self: LambdaSimpleBackend, function_name: str, qualifier: str | None, body: Any, headers: Any, answer: Any
) -> bytes:
    function = self.get_function(function_name, qualifier)
    if headers.get("X-Amz-Invocation-Type") == "DryRun":
        return b""
    deployed = Deployed(
        name=function.function_name,
        version="$LATEST" if function is self.get_function(function.function_name) else str(function.version),
        arn=function.function_arn,
        handler=function.handler or "",
        role_arn=function.role,
        timeout_seconds=int(function.timeout),
        memory_mb=int(function.memory_size),
        environment={name: str(value) for name, value in function.environment_vars.items()},
        bundle=function.code_bytes,
        revision=f"{function.code_sha_256}/{function.last_modified}",
    )
    if connection.invoke is None:
        raise RuntimeError(f"{function_name} was invoked after the emulator had stopped")
    event = body or "{}"  # what Lambda makes of an invocation without payload
    outcome = connection.invoke(deployed, event.encode() if isinstance(event, str) else event)
    answer["x-amz-executed-version"] = deployed.version
    if outcome.error:
        answer["x-amz-function-error"] = "Unhandled"
    answer["x-amz-log-result"] = base64.b64encode(outcome.log[-4096:].encode()).decode()
    return outcome.payload


def install() -> None:
    """Put the patch in place."""
    # Without Docker moto answers an invocation with its own input; here the packaged handler runs.
    patch(LambdaSimpleBackend, "invoke", _invoke)
