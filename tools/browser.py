"""The deployed stack in an emulator of its own process, and the machine's own Chromium to look at it."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from boto3.dynamodb.types import TypeSerializer
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ADVICE = "There is no Chromium on this machine. Debian's package has it: apt-get install -y chromium"
_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Site:
    """An emulator with the stack in another process."""

    endpoint: str
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client of it."""
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")  # noqa: S106 - the emulator takes any
        return session.client(service, endpoint_url=self.endpoint)  # type: ignore[call-overload] # named at run time

    def put(self, arn: str, status: str, status_message: str | None = None) -> None:
        """Put a model version into a status."""
        message = {"StatusMessage": status_message} if status_message else {}
        given = json.dumps({"ProjectVersionArn": arn, "Status": status, **message}).encode()
        request = urllib.request.Request(f"{self.endpoint}/_emulator/models", given, method="PUT")  # noqa: S310 - the emulator's own address
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - the emulator's own address
            answer.read()

    def put_item(self, arn: str, **attributes: Any) -> None:
        """Write a model's item as it is, whatever it has; without attributes: delete it."""
        table = self.outputs["ModelTableName"]
        if attributes:
            item = {"Id": arn, "Kind": "MODEL", "ProjectVersionArn": arn, "Revision": 1, **attributes}
            self.write(table, item)
        else:
            self.client("dynamodb").delete_item(TableName=table, Key={"Id": {"S": arn}})

    def write(self, table: str, item: dict[str, Any]) -> None:
        """Write an item of a table."""
        serialise = TypeSerializer().serialize
        self.client("dynamodb").put_item(TableName=table, Item={name: serialise(one) for name, one in item.items()})


@contextlib.contextmanager
def serving(assembly: Path, models: Sequence[str], starting: float = 2.5, stopping: float = 2) -> Iterator[Site]:
    """A site, in which these models exist and take these seconds; its process ends with the block.

    A training takes as long as a start.
    """
    command = [sys.executable, "-m", "tools.host", str(assembly), str(starting), str(stopping), *models]
    path = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "functions")])}
    with subprocess.Popen(  # noqa: S603 - our own arguments
        command, cwd=ROOT, env={**os.environ, **path}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdout is None or process.stdin is None or not (line := process.stdout.readline()):
            raise RuntimeError("The emulator did not start: see above.")
        try:
            yield Site(**json.loads(line))
        finally:
            process.stdin.close()
            process.wait(120)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own, without a window, and with a profile of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


def page_widget(site: Site) -> int:
    """Which one on the dashboard is the page."""
    dashboards = site.client("cloudwatch")
    name = dashboards.list_dashboards()["DashboardEntries"][0]["DashboardName"]
    widgets = json.loads(dashboards.get_dashboard(DashboardName=name)["DashboardBody"])["widgets"]
    return next(number for number, widget in enumerate(widgets) if widget["type"] == "custom")
