"""The client against the deployed stack, by the real protocols: in this process, and as a command that is killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from custom_labels import CustomLabels, ModelStopped
from custom_labels.doctor.checks import CHECKS
from custom_labels.executions import DOING
from emulator import images
from emulator.server import Emulator
from tests.deployed.app import SETTINGS
from tests.deployed.executions import StateMachine, wait_until
from tests.deployed.tables import forget_turns, item_of, let_starts_be_known

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import CredentialsTypeDef

pytestmark = [pytest.mark.large, pytest.mark.waits, pytest.mark.xdist_group("client")]
ROOT = Path(__file__).parents[2]
SAYS_ITS_MODEL = "import os, time; print(os.environ['CUSTOM_LABELS_PROJECT_VERSION_ARN'], flush=True); time.sleep(600)"


@pytest.fixture
def labels(emulator: Emulator) -> CustomLabels:
    """With the rights of the role for callers of other accounts, and no others."""
    (trusted,) = SETTINGS["trusted_principals"]
    role = {"RoleArn": emulator.outputs["CallerRoleArn"], "ExternalId": trusted["external_id"]}
    taken = emulator.client("sts").assume_role(**role, RoleSessionName="inspection")["Credentials"]
    return CustomLabels(session=session_of(emulator, taken))


def session_of(emulator: Emulator, taken: "CredentialsTypeDef") -> boto3.Session:
    """With the credentials of a role, and the clients of the emulator."""
    keys = (taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
    session = boto3.Session(*keys, region_name=emulator.region)
    client = session.client
    session.client = lambda service, **more: client(service, endpoint_url=emulator.endpoint, **more)  # type: ignore[method-assign, assignment]  # clients of the emulator
    return session


def holders(emulator: Emulator, arn: str) -> list[str]:
    return [lease["LeaseId"] for lease in item_of(emulator, arn).get("Leases", [])]


def test_one_line_has_a_model_labels_an_image_and_lets_it_go(
    emulator: Emulator, labels: CustomLabels, new_model: Callable[..., str]
) -> None:
    arn = new_model()
    let_starts_be_known(emulator, arn)
    doing = set[str]()
    with labels.running(arn, progress=lambda _seconds, what: doing.add(what)) as model:
        assert holders(emulator, arn) == [model.lease_id]
        # Whichever of its states a busy machine lets the client see.
        assert doing & {*DOING.values()}
        assert {label.name for label in model.detect(images.png((200, 30, 30)))}
        before = model.started.lease_expires_at
        after = labels.extend(arn, model.lease_id, minutes=60).lease_expires_at
        assert before
        assert after
        assert after > before
    wait_until(lambda: _status(emulator, arn) == "STOPPED")
    assert holders(emulator, arn) == []


def test_the_doctor_finds_what_an_emulated_account_lacks_and_nothing_else(emulator: Emulator) -> None:
    images.ensure_bucket(emulator.client("s3"), "inbox-results")
    emulator.fire("EverySweep")  # or it is late, if other tests took long
    session = boto3.Session("test", "test", region_name=emulator.region)
    client = session.client
    session.client = lambda service, **more: client(service, endpoint_url=emulator.endpoint, **more)  # type: ignore[method-assign, assignment]  # clients of the emulator
    found = {one.check: one for one in CustomLabels(session=session).examine()}
    assert {name for name, one in found.items() if one.state == "WRONG"} == {"Bootstrap", "Models"}
    assert {name for name, one in found.items() if one.state == "NOT_CHECKED"} <= {"Quota"}
    assert found["Bootstrap"].mend == "make bootstrap"
    assert "scheduled: there is no such version: " in found["Models"].said  # nobody has trained it here


def test_with_the_operators_policy_alone_the_doctor_says_what_it_could_not_check(emulator: Emulator) -> None:
    iam, name = emulator.client("iam"), "operator"
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    policies = (one for page in iam.get_paginator("list_policies").paginate(Scope="Local") for one in page["Policies"])
    (operators,) = (one["Arn"] for one in policies if one["PolicyName"].endswith("-operators"))
    iam.attach_role_policy(RoleName=name, PolicyArn=operators)
    try:
        taken = emulator.client("sts").assume_role(RoleArn=role, RoleSessionName="ann")["Credentials"]
        found = {one.check: one for one in CustomLabels(session=session_of(emulator, taken)).examine()}
    finally:
        iam.detach_role_policy(RoleName=name, PolicyArn=operators)
        iam.delete_role(RoleName=name)
    assert found.keys() == {check.name for check in CHECKS}
    assert {name for name, one in found.items() if one.state == "NOT_CHECKED"} == {
        *("Bootstrap", "Quota", "Schedules", "Dead letters", "Buckets")
    }
    for one in found.values():
        assert one.state != "NOT_CHECKED" or ("AccessDenied" in one.said and one.mend.startswith("It needs ")), one


def test_after_a_stop_by_force_the_lease_can_not_be_extended(
    labels: CustomLabels, new_model: Callable[..., str]
) -> None:
    arn = new_model("RUNNING")
    with labels.running(arn) as model:
        labels.stop(arn, force=True)
        with pytest.raises(ModelStopped):
            labels.extend(arn, model.lease_id)


@pytest.fixture
def put_forward(emulator: Emulator) -> Iterator[Callable[[float], None]]:
    """Puts the emulator's clock forward by seconds, until the test is over."""
    yield emulator.clock.advance
    emulator.clock.reset()
    forget_turns(emulator)


@pytest.fixture
def command(emulator: Emulator) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Begins ``custom-labels``, and ends it with the test."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "client" / "src"),
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_DEFAULT_REGION": emulator.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    begun: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> subprocess.Popen[str]:
        program = [sys.executable, "-c", "from custom_labels.cli import main; main()", *words]
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
        begun.append(subprocess.Popen(program, env=environment, text=True, **pipes))  # noqa: S603 - our own command
        return begun[-1]

    yield begin
    for one in begun:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)  # what it has started too
        one.communicate()


def test_a_command_ends_as_it_does_and_passes_its_output_on(
    emulator: Emulator, command: Callable[..., subprocess.Popen[str]], new_model: Callable[..., str]
) -> None:
    arn = new_model("RUNNING")
    program = "import os, sys; print(os.environ['CUSTOM_LABELS_PROJECT_VERSION_ARN']); sys.exit(7)"
    process = command("run", arn, "--", sys.executable, "-c", program)
    said, complained = process.communicate()
    assert (process.returncode, said.strip()) == (7, arn), complained
    wait_until(lambda: holders(emulator, arn) == [])


def test_what_is_not_found_is_127(command: Callable[..., subprocess.Popen[str]], new_model: Callable[..., str]) -> None:
    process = command("run", new_model("RUNNING"), "--", "no-such-command")
    _, complained = process.communicate()
    assert (process.returncode, "no-such-command: No such file or directory" in complained) == (127, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_the_commands_and_the_model_is_released(
    emulator: Emulator,
    command: Callable[..., subprocess.Popen[str]],
    new_model: Callable[..., str],
    number: signal.Signals,
) -> None:
    arn = new_model("RUNNING")
    process = command("run", arn, "--", sys.executable, "-c", SAYS_ITS_MODEL)
    assert process.stdout
    assert process.stdout.readline().strip() == arn
    process.send_signal(number)
    process.communicate()
    assert process.returncode == 128 + number
    wait_until(lambda: holders(emulator, arn) == [])


def test_who_is_killed_releases_nothing_and_the_lease_expires(
    emulator: Emulator,
    command: Callable[..., subprocess.Popen[str]],
    new_model: Callable[..., str],
    put_forward: Callable[[float], None],
    start_model: StateMachine,
) -> None:
    arn = new_model("RUNNING")
    process = command("run", arn, "--minutes", "1", "--", sys.executable, "-c", SAYS_ITS_MODEL)
    assert process.stdout
    assert process.stdout.readline().strip() == arn
    process.kill()
    (lease,) = holders(emulator, arn)
    assert lease.startswith("client/")
    wait_until(lambda: not start_model.running())  # an extension, on a machine that has paused
    put_forward(61)
    emulator.fire("EverySweep")
    wait_until(lambda: _status(emulator, arn) == "STOPPED")


def _status(emulator: Emulator, arn: str) -> str:
    return next(one.status for one in emulator.custom_labels.versions() if one.arn == arn)
