"""Lambda: event source mappings that take their time to be switched, and refuse what AWS refuses."""

from __future__ import annotations

import json
import time
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import EventSourceMapping, LambdaBackend
from moto.awslambda.responses import LambdaResponse
from moto.sqs.models import sqs_backends

from emulator.seams.patching import patch

SWITCHING_SECONDS = 1.0
"""Until a mapping is what it was asked to be; on AWS some 30 to 60."""
_CONCURRENCY = range(2, 1001)
_UNWINDOWED_BATCH = 10


def state(mapping: EventSourceMapping) -> str:
    """What GetEventSourceMapping says: for a while that it is being changed."""
    if time.monotonic() < getattr(mapping, "changing_until", 0.0):
        changing: str = mapping.changing  # type: ignore[attr-defined]  # set below
        return changing
    return "Enabled" if mapping.enabled else "Disabled"


def polls(mapping: EventSourceMapping) -> bool:
    """Whether messages are received: also while it is being disabled, not while it is being enabled."""
    return state(mapping) in ("Enabled", "Disabling") or (state(mapping) == "Updating" and mapping.enabled)


def _change(mapping: EventSourceMapping, changing: str) -> None:
    mapping.changing = changing  # type: ignore[attr-defined]  # moto's class has none
    mapping.changing_until = time.monotonic() + SWITCHING_SECONDS  # type: ignore[attr-defined]  # moto's class has none


def _check(mapping: EventSourceMapping, backend: LambdaBackend) -> None:
    """What Lambda checks when a mapping of a queue is made or changed (API reference, CreateEventSourceMapping)."""
    concurrency = (mapping.scaling_config or {}).get("MaximumConcurrency")
    if concurrency is not None and int(concurrency) not in _CONCURRENCY:
        raise InvalidParameterValueException("MaximumConcurrency must be between 2 and 1000")
    if mapping.batch_size > _UNWINDOWED_BATCH and not int(mapping.max_batch_window or 0):
        raise InvalidParameterValueException(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    queues = sqs_backends[backend.account_id][backend.region_name].queues.values()
    function = backend.get_function(mapping.function_arn)
    for queue in (one for one in queues if one.queue_arn == mapping.event_source_arn):
        hidden: int = queue.visibility_timeout  # type: ignore[attr-defined]  # set by name
        if hidden < int(function.timeout):
            raise InvalidParameterValueException(
                f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {function.timeout} seconds"
            )


def install() -> None:
    """Put the patches in place."""
    _take_time()
    _answer_as_aws()


def _take_time() -> None:
    # A mapping is switched at once.
    create, update = LambdaBackend.create_event_source_mapping, LambdaBackend.update_event_source_mapping

    def create_slowly(self: LambdaBackend, spec: dict[str, Any]) -> EventSourceMapping:
        made = create(self, spec)
        try:
            _check(made, self)
        except InvalidParameterValueException:
            self.delete_event_source_mapping(made.uuid)
            raise
        _change(made, "Creating")
        return made

    def update_slowly(self: LambdaBackend, uuid: str, spec: dict[str, Any]) -> EventSourceMapping | None:
        mapping = self.get_event_source_mapping(uuid)
        was_enabled = mapping.enabled if mapping else None
        changed = update(self, uuid, spec)
        if changed:
            _check(changed, self)
            switched = {True: "Enabling", False: "Disabling"}[bool(changed.enabled)]
            _change(changed, "Updating" if changed.enabled == was_enabled else switched)
        return changed

    patch(LambdaBackend, "create_event_source_mapping", create_slowly)
    patch(LambdaBackend, "update_event_source_mapping", update_slowly)


def _answer_as_aws() -> None:
    describe = EventSourceMapping.get_configuration

    def described(self: EventSourceMapping) -> dict[str, Any]:
        result = getattr(self, "last_processing_result", "No records processed")
        return {**describe(self), "State": state(self), "LastProcessingResult": result}

    patch(EventSourceMapping, "get_configuration", described)

    # One that is being changed can't be changed; of one that there is not the answer is in HTML, or empty.
    describe_one, change_one = LambdaResponse.get_event_source_mapping, LambdaResponse.update_event_source_mapping

    def found(respond: Any) -> Any:
        def respond_if_found(self: LambdaResponse) -> Any:
            if self.backend.get_event_source_mapping(self.path.split("/")[-1]) is None:
                return _error(404, "ResourceNotFoundException", "The resource you requested does not exist.")
            return respond(self)

        return respond_if_found

    def change_unless_busy(self: LambdaResponse) -> Any:
        mapping: Any = self.backend.get_event_source_mapping(self.path.split("/")[-1])
        if state(mapping) not in ("Enabled", "Disabled"):
            message = "Cannot update the event source mapping because it is in use."
            return _error(400, "ResourceInUseException", message)
        return change_one(self)

    patch(LambdaResponse, "get_event_source_mapping", found(describe_one))
    patch(LambdaResponse, "update_event_source_mapping", found(change_unless_busy))


def _error(status: int, code: str, message: str) -> tuple[int, dict[str, Any], str]:
    headers = {"x-amzn-errortype": code, "status": status, "Content-Type": "application/json"}
    return status, headers, json.dumps({"Type": "User", "Message": message})
