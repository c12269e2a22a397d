"""The real handlers, loaded as Lambda loads them, but with the clients of the simulated account."""

import importlib
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

from lifecycle import configuration
from lifecycle.adapters import rate_limit, rekognition
from lifecycle.configuration import Configuration, Model, OverBudget, Schedule
from tests.account.clients import Clients
from tests.handlers.loading import fresh
from tests.unit.examples import ACCOUNT, ARN, MACHINES, WORKLOAD_NAME

Json = Any
TIMEOUTS = {
    "prepare": 30,
    "check": 30,
    "start": 10,
    "stop": 10,
    "notify": 30,
    "settle": 60,
    "sweep": 300,
    "tick": 60,
}
"""Seconds of each function; a test compares them with those of the template."""
MORE = {"detect_batch_prepare": 30, "detect_batch_summarise": 900, "act": 330, "page": 30, "remove": 900}
"""The same of functions that no story of the campaign calls."""
OF_INBOXES = {"inbox_worker": 30, "inbox_tick": 55, "inbox_open": 30}
"""The same of those that an app with an inbox has (``tests.account.inboxes``)."""
RUNTIME = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.13"}
"""As Lambda names the runtime that is deployed, to which its runtime client looks."""
SHIFT = Schedule("defects", "Europe/Berlin", start="10 8 ? * MON-FRI *", stop="40 8 ? * MON-FRI *")
CONFIGURATION = Configuration(
    models={"defects": Model(ARN)},
    projects=("packaging",),
    lease_warning_minutes=0,
    schedules={"shift": SHIFT},
    workloads=(WORKLOAD_NAME,),
)
CAMPAIGN = replace(CONFIGURATION, monthly_budget_usd=1_000_000, over_budget=OverBudget.STOP)
"""Of the fault campaign: each start reads the budget."""
DETECT_BATCH = MACHINES.start_model.replace("StartModel", "DetectBatch")
DRAIN_INBOX = MACHINES.start_model.replace("StartModel", "DrainInbox")
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_SERVICE_NAME": "faults",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "POWERTOOLS_METRICS_NAMESPACE": "faults",
    "TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:topic",
    "EVENT_BUS_NAME": "bus",
    "MODEL_TABLE_NAME": "models",
    "LEDGER_TABLE_NAME": "ledger",
    "IDEMPOTENCY_TABLE_NAME": "idempotency",
    "START_MODEL_ARN": MACHINES.start_model,
    "STOP_MODEL_ARN": MACHINES.stop_model,
    "RUN_WITH_MODEL_ARN": MACHINES.run_with_model,
    "STATE_MACHINE_ARNS": ",".join(
        [MACHINES.run_with_model, MACHINES.stop_model, MACHINES.start_model, DETECT_BATCH, DRAIN_INBOX]
    ),
    "SWEEP_ARN": "sweep",
    "STACK_NAME": "Lifecycle",
    "ACT_ARN": "act",
    "OPERATORS_POLICY": "operators",
    "POLICY_ARNS": "viewers,operators",
    "OWN_RULES": "Lifecycle.",
}
assert ARN.startswith(ACCOUNT)


@dataclass
class Context:
    """Lambda's context object, as far as it is used."""

    remaining: Callable[[], float]
    function_name: str
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:any"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """As Lambda tells it."""
        return round(self.remaining() * 1000)


Handler = Callable[[Json, Context], Json]


@dataclass
class Functions:
    """The functions by name, and the clients that they use.

    As in Lambda an execution environment serves one invocation at a time: Powertools keeps in its modules what it is
    about. Who comes meanwhile gets another one.
    """

    clients: Clients
    load: Callable[[str], Handler]
    """A new execution environment of a function."""
    instead: dict[str, Handler] = field(default_factory=dict)
    """What answers instead of functions: other code than is deployed."""
    _free: dict[str, list[Handler]] = field(default_factory=lambda: defaultdict(list))

    def forget(self, name: str) -> None:
        """Let a function begin in a new execution environment: what an earlier story left in it is gone."""
        self._free[name].clear()

    @contextmanager
    def environment(self, name: str) -> Iterator[Handler]:
        """One that is free, until the invocation ends."""
        handler = self._free[name].pop() if self._free[name] else self.load(name)
        try:
            yield self.instead.get(name, handler)
        finally:
            self._free[name].append(handler)


@dataclass
class _Time:
    """The module ``time`` for who paces calls by it."""

    clients: Clients

    def sleep(self, seconds: float) -> None:
        assert self.clients.wire
        self.clients.wire.simulation.sleep(seconds)

    def monotonic(self) -> float:
        assert self.clients.wire
        return self.clients.wire.simulation.seconds

    def time(self) -> float:
        assert self.clients.wire
        return self.clients.wire.simulation.now.timestamp()


with mock.patch.dict(os.environ, RUNTIME):
    _MARSHALLER = LambdaMarshaller()


class CrashError(Exception):
    """The runtime itself ends, as where it can't send what the handler answers."""


def as_runtime_sends(answer: Json) -> str:
    """A handler's answer as AWS's own runtime client sends it, and Step Functions reads it."""
    text, _ = _MARSHALLER.marshal_response(answer)
    try:
        text.encode()
    except UnicodeEncodeError as error:  # half a surrogate pair
        raise CrashError(str(error)) from error
    return str(text)


@contextmanager
def loaded(
    names: Iterable[str] = TIMEOUTS,
    settings: Configuration = CONFIGURATION,
    environment: Mapping[str, str] = ENVIRONMENT,
) -> Iterator[Functions]:
    """The handlers' own copies of their modules, so that other tests load theirs as they need them."""
    clients = Clients()
    functions = Functions(clients, partial(_load, clients))
    with tempfile.TemporaryDirectory() as bundle:
        configuration.save(settings, Path(bundle))
        with (
            mock.patch.dict(os.environ, {**environment, "LAMBDA_TASK_ROOT": bundle}),
            mock.patch.object(boto3, "client", clients.client),
            mock.patch.object(rekognition, "time", _Time(clients)),
            mock.patch.object(rate_limit, "time", _Time(clients)),
        ):
            for name in names:
                with functions.environment(name):  # now, outside of any story's time
                    pass
            yield functions


def _load(clients: Clients, name: str) -> Handler:
    with fresh():
        module: Any = importlib.import_module(f"handlers.{name}")
        if hasattr(module, "time"):
            module.time = _Time(clients)
        handler: Handler = module.handler
    return handler
