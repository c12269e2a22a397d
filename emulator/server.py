"""The emulator: moto's server in this process, with the authoriser, the faults and the Lambda runtime around it."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config
from moto.core.config import default_user_config
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from moto.scheduler.models import Schedule, scheduler_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from werkzeug.serving import BaseWSGIServer, make_server

from emulator import custom_labels_api, deploy, happenings, schedules, seams
from emulator.authoriser import Authoriser
from emulator.clock import Clock
from emulator.console import Console
from emulator.control import Control
from emulator.custom_labels import CustomLabels, Quotas, Timing
from emulator.deliveries import Deliveries
from emulator.faults import Faults
from emulator.gate import Gate
from emulator.mappings import Mappings
from emulator.metrics import Metrics
from emulator.model_versions import Version
from emulator.runtime import Runtime
from emulator.seams import lambdas
from emulator.unknown import Dispatcher, Unknown
from emulator.wire import region_of

DEFAULT_PORT = 4566
DEFAULT_ACCOUNT_ID = "123456789012"
DEFAULT_REGION = "us-east-1"
_READ_SECONDS = 900  # the longest that a function can take
RUNTIME_DIR = deploy.ROOT / "build" / "runtime"


class PortInUseError(OSError):
    """Something else listens on the port; the message says what to do."""


class _QuietHandler(MotoRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Keep the terminal for the user; errors go to the log."""
        if type != "info":
            logging.getLogger(__name__).log(logging.WARNING, message, *args)


class Emulator:
    """An AWS endpoint on this machine: one account, in any Region. A context manager.

    One at a time in a process, since moto's state is global.

    Parameters
    ----------
    port
        Of 127.0.0.1; 0 takes any that is free.
    account_id
        The account of everything it makes.
    region
        That of its clients, its Custom Labels and its outputs, where no other one is asked for.
    models
        Model versions that exist, stopped: ARNs by the names that the CLI shows.
    timing
        How long Custom Labels takes.
    quotas
        What Custom Labels allows.

    Attributes
    ----------
    endpoint
        For AWS_ENDPOINT_URL.
    custom_labels
        The models of its Region; change their statuses, timing and quotas here.
    faults
        Scripted faults.
    authoriser
        What the functions' roles asked for, and whether it was allowed.
    runtime
        The functions' logs and invocations.
    deliveries
        The events that rules sent to functions, state machines and queues, and what became of them.
    mappings
        What polls the queues of enabled event source mappings.
    clock
        The emulator's; ``let_pass`` moves it.
    control
        What was published, and the HTTP interface under ``/_emulator/``.
    """

    region: str
    account_id: str
    models: dict[str, str]
    endpoint: str
    faults: Faults
    authoriser: Authoriser
    runtime: Runtime
    deliveries: Deliveries
    mappings: Mappings
    control: Control

    def __init__(
        self,
        *,
        port: int = DEFAULT_PORT,
        account_id: str = DEFAULT_ACCOUNT_ID,
        region: str = DEFAULT_REGION,
        models: Mapping[str, str] | None = None,
        timing: Timing | None = None,
        quotas: Quotas | None = None,
        runtime_dir: Path = RUNTIME_DIR,
    ) -> None:
        self.region = region
        self.account_id = account_id
        self._outputs: dict[str, dict[str, str]] = {region: {}}
        self.clock = Clock()
        self._minutes = 0
        self.custom_labels = CustomLabels(region=region, account_id=account_id, timing=timing, quotas=quotas)
        self._custom_labels = {region: self.custom_labels}
        self._lock = threading.Lock()
        self.models = dict(models or {})
        for arn in self.models.values():
            self.custom_labels_of(arn).seed(arn)
        self._port = port
        self._runtime_dir = runtime_dir
        self._clients: dict[tuple[str, ...], Any] = {}
        # One for all of them: each reads the services' descriptions anew.
        self._session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)
        self._environment: dict[str, str | None] = {}
        self._server: BaseWSGIServer | None = None

    def start(self) -> Self:
        """Listen.

        Raises
        ------
        PortInUseError
            Something else does.
        FileNotFoundError
            build/runtime/ is missing.

        """
        listener = _listen(self._port)
        self.endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._work_dir = Path(tempfile.mkdtemp(prefix="emulator-"))
        self.metrics: Metrics = Metrics(self.account_id, self.region)
        try:
            self.runtime = Runtime(
                self._function_environment(),
                self._role_credentials,
                self._runtime_dir,
                self._work_dir,
                self.metrics.hear,
                lambda: self.clock.ahead,
            )
        except FileNotFoundError:
            listener.close()
            shutil.rmtree(self._work_dir)
            raise
        self.faults = Faults(Unknown(Dispatcher(create_backend_app)))
        self.deliveries = Deliveries(self.faults, lambdas.invoke, self.client)
        self.mappings = self._mappings(self.region)
        self._pollers = {self.region: self.mappings}
        self._prepare_moto()
        self.authoriser = Authoriser(self.faults, self.account_id)
        self.control = Control(self.authoriser, self)
        self._server = make_server(
            "127.0.0.1",
            0,
            Gate(Console(self.control, self), listener.getsockname()[1]),
            threaded=True,
            request_handler=_QuietHandler,
            fd=listener.detach(),
        )
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.mappings.start()
        return self

    def stop(self) -> None:
        """Stop listening, end executions, deliveries and functions, forget everything. May be called twice."""
        if self._server is None:
            return
        self.deliveries.stop()
        for poller in self._pollers.values():
            poller.stop()
        for backend in stepfunctions_parser_backends[self.account_id].values():
            for machine in backend.state_machines:
                for execution in machine.executions:
                    execution.stop(stop_date=None, error=None, cause="The emulator was stopped")
        seams.disconnect()
        self.runtime.stop()
        self.deliveries.join()
        for poller in self._pollers.values():
            poller.join()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = None
        moto_api_backend.reset()
        self.clock.reset()
        for client in self._clients.values():
            client.close()
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(self._work_dir, ignore_errors=True)

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client for this endpoint, with the tester's rights; it does not retry."""
        return self._client((), service, region or self.region)

    def outputs_in(self, region: str) -> dict[str, str]:
        """Of the stacks deployed so far in a Region."""
        return self._outputs.setdefault(region, {})

    @property
    def regions(self) -> list[str]:
        """Where something was deployed, its own first."""
        return [*self._outputs]

    @property
    def outputs(self) -> dict[str, str]:
        """Of the stacks deployed so far in the emulator's own Region."""
        return self.outputs_in(self.region)

    def custom_labels_in(self, region: str) -> CustomLabels:
        """Custom Labels in a Region; in another than its own at first with the same timing and quotas."""
        with self._lock:
            if region not in self._custom_labels:
                own = self.custom_labels
                self._custom_labels[region] = CustomLabels(
                    region=region, account_id=self.account_id, timing=own.timing, quotas=own.quotas
                )
            return self._custom_labels[region]

    def custom_labels_of(self, arn: str) -> CustomLabels:
        """Custom Labels of the Region that an ARN names; of its own where that is none."""
        return self.custom_labels_in(region_of(arn) if arn.startswith("arn:aws:rekognition:") else self.region)

    def versions(self) -> list[Version]:
        """The model versions of every Region."""
        return [version for one in [*self._custom_labels.values()] for version in one.versions()]

    def _mappings(self, region: str) -> Mappings:
        return Mappings(
            self.account_id,
            region,
            lambdas.invoke,
            lambda role_arn, service: self._role_client(role_arn, service, region),
        )

    def _client(self, of: tuple[str, ...], service: str, region: str, **credentials: str) -> Any:
        key = (*of, service, region)
        with self._lock:
            if key not in self._clients:
                config = Config(
                    retries={"total_max_attempts": 1},
                    s3={"addressing_style": "path"},
                    read_timeout=_READ_SECONDS,
                    inject_host_prefix=False,  # TestState would be asked of "sync-127.0.0.1"
                )
                client: Any = self._session.client(  # type: ignore[call-overload]  # named at run time
                    service, region_name=region, endpoint_url=self.endpoint, config=config, **credentials
                )
                self._clients[key] = client
            return self._clients[key]

    def _role_client(self, role_arn: str, service: str, region: str) -> Any:
        """A client with the rights of a role, for what AWS does in the name of a function."""
        if (role_arn, service, region) not in self._clients:
            given = self._role_credentials(role_arn, "lambda")
            return self._client((role_arn,), service, region, **{name.lower(): value for name, value in given.items()})
        return self._clients[role_arn, service, region]

    def deploy(self, assembly: Path) -> dict[str, str]:
        """Deploy the stacks of a cloud assembly, each in its Region, or update what was deployed.

        Returns
        -------
        The outputs in the emulator's own Region.

        Raises
        ------
        DeployError
            CloudFormation refused or failed, or no stack is for this account.

        """
        for stack in deploy.stacks(assembly, self.region, self.account_id):
            self.outputs_in(stack.region).update(deploy.deploy(stack, self.client, self.account_id))
            if stack.region not in self._pollers:
                self._pollers[stack.region] = self._mappings(stack.region)
                self._pollers[stack.region].start()
        return self.outputs

    def fire(self, schedule: str, at: datetime | None = None) -> Any:
        """Let a schedule fire once, as EventBridge Scheduler does at one of its times; nothing else fires it.

        Parameters
        ----------
        schedule
            Its name, or a part of ``group/name`` that no other schedule has.
        at
            The time that it fires for, with a time zone; without one: now.

        Returns
        -------
        What the target's function answers; of a state machine, the ``executionArn``.

        Raises
        ------
        FireError
            No one schedule is meant, it is disabled, or its target is of another kind, refuses, or fails.
        ValueError
            The time has no time zone.

        """
        found = schedules.find(self._schedules(), schedule)
        return schedules.fire(found, at or datetime.now(UTC), self.client)

    def _schedules(self) -> list[Schedule]:
        """Those of every Region; of two with the same group and name, its own comes last and is meant."""
        backends = scheduler_backends[self.account_id]
        regions = sorted(backends, key=lambda region: region == self.region)
        groups = [group for region in regions for group in backends[region].schedule_groups.values()]
        return [one for group in groups for one in group.schedules.values()]

    def event(self, given: Mapping[str, Any], *, twice: bool = False) -> dict[str, Any]:
        """Put an event on its bus, also one of an AWS service, and wait until it has been delivered.

        Parameters
        ----------
        given
            As EventBridge delivers it: ``source``, ``detail-type``, ``detail``, and what else it should have; ``bus``
            where it is not for the default one.
        twice
            Deliver it twice with the same id, as EventBridge may.

        Returns
        -------
        The event's ``Id`` and ``Bus``, the ``Rules`` that matched, and the ``Deliveries`` with what each has started.

        Raises
        ------
        EventError
            It is no event, there is no such bus, or no rule matches.

        """
        region = given.get("region", self.region) if isinstance(given, Mapping) else self.region
        return happenings.happen(given, self.account_id, region, self.deliveries, times=2 if twice else 1)

    def let_pass(self, minutes: int) -> list[dict[str, Any]]:
        """Let minutes pass by the clock, and what is due at each of them fire: schedules such as ``rate(5 minutes)``.

        Returns
        -------
        For each firing the ``Schedule``'s name and its ``Answer``, or the ``Error``.

        Raises
        ------
        ValueError
            The clock would go back.

        """
        fired: list[dict[str, Any]] = []
        if minutes < 0:
            raise ValueError("the clock does not go back")
        for _ in range(minutes):
            self.clock.advance(60)
            self._minutes += 1
            due = schedules.due(self._schedules(), self._minutes)
            fired += [schedules.attempt(one, datetime.now(UTC), self.client) for one in due]
        return fired

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _prepare_moto(self) -> None:
        # moto logs what callers get as errors anyway, and Python would print warnings of loggers without handlers.
        logging.getLogger("moto").addHandler(logging.NullHandler())
        self._environment = {"MOTO_ACCOUNT_ID": os.environ.get("MOTO_ACCOUNT_ID")}
        os.environ["MOTO_ACCOUNT_ID"] = self.account_id
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        default_user_config["lambda"] = {"use_docker": False}
        moto_api_backend.reset()
        seams.connect(self.endpoint, self.runtime.invoke, self.deliveries.deliver)
        custom_labels_api.install(self.custom_labels_in)

    def _function_environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _role_credentials(self, role_arn: str, session_name: str) -> Mapping[str, str]:
        role = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session_name[:64])
        return {
            "AWS_ACCESS_KEY_ID": role["Credentials"]["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": role["Credentials"]["SecretAccessKey"],
            "AWS_SESSION_TOKEN": role["Credentials"]["SessionToken"],
        }


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=128)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise OSError(error.errno, f"port {port} of 127.0.0.1 can't be used: {error.strerror}") from error
        raise PortInUseError(
            f"port {port} of 127.0.0.1 is in use, perhaps by another emulator: stop that one, or choose another port, "
            f"as in `make run PORT=4567` or `python -m emulator up --port 4567` (0: any free one)"
        ) from error
