"""boto3's clients of the simulated account: real names of errors, the retries that they are configured with, faults."""

import functools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.account import iam
from tests.account.faults import Answer, Change, Death, Fault, Faults, Reply, Silence
from tests.account.kernel import Killed, Simulation
from tests.account.services import ServiceError

Json = Any
LATENCY = 0.02
"""Seconds for a request to arrive, and for its answer."""
GIVES_UP = 5
"""Seconds until the SDK gives up on an answer (``lifecycle.adapters.aws``)."""
RETRIED = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "TransactionInProgressException",
        "InternalServerError",
        "InternalFailure",
        "InternalException",
        "InternalErrorException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
"""What the SDK's standard mode tries again, besides silence (botocore.retries.standard)."""


@functools.cache
def model(service: str) -> Any:
    """The real client of a service, for what it knows of its operations and errors; it calls nothing."""
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    # Any: the types of a client hang on its name.
    make: Any = boto3.session.Session(region_name="us-east-1").client
    return make(service, **keys)


def errors_of_operation(service: str, operation: str) -> list[str]:
    """The codes of the errors that the service's model has of an operation."""
    shapes = model(service).meta.service_model.operation_model(operation).error_shapes
    return sorted(shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes)


@dataclass
class Caller:
    """The function that is under way, and how it died."""

    function: str
    died: str | None = None


def _sent(value: Json) -> Json:
    """A request as it is sent: its strings are strings, of whatever class they were."""
    if isinstance(value, Mapping):
        return {name: _sent(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_sent(one) for one in value]
    return str(value) if isinstance(value, str) else value


@dataclass
class Wire:
    """Between the clients and the services: where faults happen."""

    simulation: Simulation
    services: dict[str, Any]
    faults: Faults
    chance: random.Random
    change: Callable[[], object]
    """Somebody else changes the model's item."""
    calls: list[tuple[float, str, str]] = field(default_factory=list)
    """Each with its second, its function, and its operation."""
    inboxes: bool = False
    """The app has some."""
    used: set[iam.Grant] = field(default_factory=set)
    """The grants that have allowed them."""

    def call(self, service: str, method: str, config: Config | None, request: Json) -> Json:
        """A call of the SDK, with its retries."""
        attempts = _attempts(config)
        for attempt in range(1, attempts + 1):
            try:
                return self._once(service, method, request)
            except (ClientError, ReadTimeoutError) as error:
                retried = not isinstance(error, ClientError) or error.response["Error"]["Code"] in RETRIED
                if attempt == attempts or not retried:
                    raise
            self.simulation.sleep(self.chance.uniform(0, 2 ** (attempt - 1)))
        raise AssertionError

    def _once(self, service: str, method: str, request: Json) -> Json:
        me = self.simulation.present
        assert me is not None
        caller: Caller = me.caller  # type: ignore[attr-defined] # set by who invokes
        if me.killed:
            raise Killed
        operation = model(service).meta.method_to_api_mapping[method]
        self.calls.append((self.simulation.seconds, caller.function, f"{service}:{operation}"))
        fault = self.faults.due(caller.function, f"{service}:{operation}", self.simulation.seconds, request)
        self.simulation.sleep(LATENCY)
        if fault and isinstance(fault.what, Reply):
            return fault.what.value
        if fault and not fault.after:
            self._happens(fault, caller, service, operation)
        self._authorise(caller.function, service, operation, request)
        try:
            answer = getattr(self.services[service], method)(**_sent(request))
        except ServiceError as error:
            self.simulation.sleep(LATENCY)
            if service == "s3" and error.code in ("404", "NoSuchKey"):
                # Only who may list the key is told that it is not there.
                missing = {"Bucket": request["Bucket"], "Prefix": request["Key"]}
                self._authorise(caller.function, service, "ListObjectsV2", missing)
            raise _client_error(service, operation, error.code, error.message, error.more) from error
        self.simulation.sleep(LATENCY)
        if fault and fault.after:
            self._happens(fault, caller, service, operation)
        return answer

    def _authorise(self, function: str, service: str, operation: str, request: Json) -> None:
        if (role := iam.role_of(function)) is None:
            return
        for need in iam.needed(service, operation, request):
            grant = iam.granted(role, need, inboxes=self.inboxes)
            if grant is None:
                denied = f"{role} is not authorized to perform: {need.action} on resource: {need.resource}"
                code = "AccessDenied" if service == "s3" else "AccessDeniedException"
                raise _client_error(service, operation, code, denied, {})
            self.used.add(grant)

    def _happens(self, fault: Fault, caller: Caller, service: str, operation: str) -> None:
        match fault.what:
            case Answer(code, more):
                raise _client_error(service, operation, code, "As scripted.", more)
            case Silence():
                self.simulation.sleep(GIVES_UP)
                raise ReadTimeoutError(endpoint_url=f"https://{service}")
            case Death(named):
                if named == "Sandbox.Timedout":
                    self.simulation.sleep(float("inf"))
                caller.died = named
                raise Killed
            case Change():
                self.change()
            case _:
                raise AssertionError(fault)


def _attempts(config: Any) -> int:
    """How often a client tries. Any: what a Config was made with is no part of its type."""
    retries = config.retries if config else None
    return int((retries or {}).get("total_max_attempts", 3))


def _client_error(service: str, operation: str, code: str, message: str, more: Json) -> ClientError:
    kind = model(service).exceptions.from_code(code)
    response: Any = {"Error": {"Code": code, "Message": message}, **more}
    made: ClientError = kind(response, operation)
    return made


class Clients:
    """What ``boto3.client`` is while the handlers are loaded; ``wire`` is that of the story that is told."""

    def __init__(self) -> None:
        self.wire: Wire | None = None

    def client(self, service: str, config: Config | None = None) -> "Client":
        """A client, as boto3 makes it."""
        return Client(self, service, config)


class Client:
    """One client."""

    def __init__(self, clients: Clients, service: str, config: Config | None) -> None:
        self._clients, self._service, self._config = clients, service, config
        self.exceptions = model(service).exceptions
        self.meta = model(service).meta

    def __getattr__(self, method: str) -> Callable[..., Json]:
        if method not in self.meta.method_to_api_mapping:
            raise AttributeError(method)

        def call(**request: Json) -> Json:
            assert self._clients.wire is not None
            return self._clients.wire.call(self._service, method, self._config, request)

        return call

    def get_paginator(self, method: str) -> "Paginator":
        """One page is all there is."""
        return Paginator(getattr(self, method))


@dataclass
class Paginator:
    """A paginator of one page."""

    call: Callable[..., Json]

    def paginate(self, **request: Json) -> Iterator[Json]:
        """The page."""
        yield self.call(**request)
