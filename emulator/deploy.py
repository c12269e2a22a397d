"""Deploying as the CDK CLI does: run the app, upload its assets, create or update the stack through CloudFormation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError
from botocore.parsers import ResponseParserError

ROOT = Path(__file__).resolve().parent.parent
# What `cdk bootstrap` leaves behind, and every template asks for.
_BOOTSTRAP_VERSION_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
_BOOTSTRAP_VERSION = "30"
# Of a stack that the app ties to none, as the manifest has it.
_ANY_ACCOUNT, _ANY_REGION = "unknown-account", "unknown-region"

Clients = Callable[[str, str], Any]


class DeployError(Exception):
    """The app could not be synthesised, or CloudFormation refused or failed; the message says why."""


def synthesise(context: Mapping[str, Any] | None, outdir: Path) -> Path:
    """Run ``app.py`` as the CDK CLI does.

    Parameters
    ----------
    context
        Overrides cdk.json's own context.
    outdir
        Where the cloud assembly goes.

    Raises
    ------
    DeployError
        The app failed, with what it said.

    """
    settings = json.loads((ROOT / "cdk.json").read_text()).get("context", {}) if (ROOT / "cdk.json").exists() else {}
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": json.dumps({**settings, **(context or {})}),
        # Half of the time, and of the memory, goes into a report on the template that nobody would read here.
        "CDK_VALIDATION": "false",
    }
    app = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if app.returncode:
        raise DeployError(f"python app.py failed:\n{app.stderr or app.stdout}")
    return outdir


@dataclass(frozen=True)
class Stack:
    """A stack of a cloud assembly.

    Attributes
    ----------
    account
        Whose it is to be; nothing of one that goes anywhere.
    region
        Where it goes.
    assets
        The file that names what it needs to be uploaded.
    template
        Its text.

    """

    name: str
    account: str
    region: str
    assets: Path
    template: str


def stacks(assembly: Path, region: str, account_id: str) -> list[Stack]:
    """The stacks of a cloud assembly that are for an account.

    Parameters
    ----------
    assembly
        The directory that ``synthesise`` wrote.
    region
        Where a stack goes that may go anywhere.

    Raises
    ------
    DeployError
        There is none.

    """
    found = every_stack(assembly, region)
    own = [stack for stack in found if stack.account in {account_id, ""}]
    if not own:
        accounts = ", ".join(stack.account for stack in found)
        raise DeployError(f"the emulator has the account {account_id}, and the stacks are for {accounts or 'none'}")
    return own


def every_stack(assembly: Path, region: str) -> list[Stack]:
    """The stacks of a cloud assembly, for whichever account."""
    found = []
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    for name, artifact in artifacts.items():
        if artifact["type"] == "aws:cloudformation:stack":
            account, _, there = artifact["environment"].removeprefix("aws://").partition("/")
            found.append(
                Stack(
                    artifact["properties"].get("stackName", name),
                    "" if account == _ANY_ACCOUNT else account,
                    region if there == _ANY_REGION else there,
                    assembly / f"{name}.assets.json",
                    (assembly / artifact["properties"]["templateFile"]).read_text(),
                )
            )
    return found


def deploy(stack: Stack, clients: Clients, account_id: str) -> dict[str, str]:
    """Deploy a stack in its Region.

    Parameters
    ----------
    clients
        Gives the boto3 client of a service in a Region.
    account_id
        Whose account it is.

    Returns
    -------
    The stack's outputs.

    Raises
    ------
    DeployError
        With the reason of the first resource that failed.

    """
    clients("ssm", stack.region).put_parameter(
        Name=_BOOTSTRAP_VERSION_PARAMETER, Value=_BOOTSTRAP_VERSION, Type="String", Overwrite=True
    )
    _upload_assets(stack.assets, clients("s3", stack.region), stack.region, account_id)
    return deploy_stack(stack.name, stack.template, clients("cloudformation", stack.region))


def _upload_assets(assets: Path, s3: Any, region: str, account_id: str) -> None:
    for asset in json.loads(assets.read_text())["files"].values():
        source = assets.parent / asset["source"]["path"]
        content = _zipped(source) if asset["source"]["packaging"] == "zip" else source.read_bytes()
        for destination in asset["destinations"].values():
            bucket = destination["bucketName"]
            for placeholder, value in (("AccountId", account_id), ("Region", region), ("Partition", "aws")):
                bucket = bucket.replace(f"${{AWS::{placeholder}}}", value)
            _ensure_bucket(s3, bucket, region)
            s3.put_object(Bucket=bucket, Key=destination["objectKey"], Body=content)


def _ensure_bucket(s3: Any, bucket: str, region: str) -> None:
    location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket, **location)
    except (s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
        return


def _zipped(directory: Path) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bundle:
        for file in sorted(directory.rglob("*")):
            if file.is_file():
                # A fixed time: the same files give the same zip, and so no new Lambda version.
                bundle.writestr(zipfile.ZipInfo(str(file.relative_to(directory))), file.read_bytes())
    return content.getvalue()


def deploy_stack(name: str, template: str, cloudformation: Any) -> dict[str, str]:
    """Create a stack, or update it, and wait. Returns its outputs.

    Raises
    ------
    DeployError
        With the reason of the first resource that failed.
    """
    wanted = {"StackName": name, "TemplateBody": template, "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]}
    action = "update" if _exists(name, cloudformation) else "create"
    before = {event["EventId"] for event in _events(name, cloudformation)}
    try:
        getattr(cloudformation, f"{action}_stack")(**wanted)
        waiter = cloudformation.get_waiter(f"stack_{action}_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 600})
    # moto answers some refusals, as of a state machine's definition, in a format that is not CloudFormation's.
    except (ClientError, WaiterError, ResponseParserError) as error:
        if "No updates are to be performed" not in str(error):
            raise DeployError(
                f"{name} could not be deployed: {_failure(name, cloudformation, before) or error}"
            ) from error
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}


def _exists(name: str, cloudformation: Any) -> bool:
    try:
        cloudformation.describe_stacks(StackName=name)
    except ClientError:
        return False
    return True


def _failure(name: str, cloudformation: Any, before: set[str]) -> str | None:
    """The first reason that was told since then."""
    failed = [event for event in _events(name, cloudformation) if event["ResourceStatus"].endswith("FAILED")]
    new = (event for event in reversed(failed) if event["EventId"] not in before)
    return next((event["ResourceStatusReason"] for event in new if "ResourceStatusReason" in event), None)


def _events(name: str, cloudformation: Any) -> list[dict[str, Any]]:
    """What has happened to a stack, the last first; nothing to one that there is not."""
    try:
        events: list[dict[str, Any]] = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    except ClientError:
        return []
    return events
