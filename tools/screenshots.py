"""Make the pictures in docs/pictures/ anew: ``python -m tools.screenshots [NAME...]``.

The page and the dashboard as the emulator shows them in Chromium, a mail and a chat message drawn from the golden
texts, a run in the terminal. ``manifest.json`` has for each picture a hash of what it was made from; a test compares.
"""

import hashlib
import html
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

from playwright.sync_api import Browser, Page
from rich.console import Console

from custom_labels import terminal
from custom_labels.cli import app as client
from emulator import report
from emulator.deploy import synthesise
from emulator.remote import Remote, environment
from tools.browser import ADVICE, CHROMIUM, ROOT, Site, chromium, serving
from tools.pages import html_of, opened

FOLDER = ROOT / "docs" / "pictures"
MANIFEST = FOLDER / "manifest.json"
LARGEST = 200_000
"""Bytes of a picture."""

_GOLDEN = ROOT / "tests" / "unit" / "notifications" / "golden"
_MAIL, _CHAT = _GOLDEN / "START_FAILED-ModelFailed.txt", _GOLDEN / "chat" / "START_FAILED-ModelFailed.json"
_HOME = "arn:aws:rekognition:us-east-1:123456789012:project"
_DEFECTS = f"{_HOME}/circuit-boards/version/boards-2026-11/1793520000000"
_LOGOS = f"{_HOME}/brands/version/brands-2026-10/1793520000001"
_WELDS = f"{_HOME}/welds/version/welds-2026-09/1793520000002"
_SETTINGS = {
    "models": [
        {
            "name": "defects",
            "project_version_arn": _DEFECTS,
            "schedules": [
                {
                    "name": "office-hours",
                    "start": "30 7 ? * MON-FRI *",
                    "stop": "0 18 ? * MON-FRI *",
                    "time_zone": "Europe/Berlin",
                }
            ],
        },
        {"name": "logos", "project_version_arn": _LOGOS, "min_inference_units": 2},
        {"name": "welds", "project_version_arn": _WELDS},
    ],
    "monthly_budget_usd": 500,
    "over_budget": "refuse",
    "notification_emails": ["ml-operators@example.com"],
}


@dataclass
class Studio:
    """What pictures are taken of, made when the first one needs it."""

    browser: Browser
    assembly: Path
    _open: list[Any] = field(default_factory=list)

    def site(self) -> Site:
        """The stack, with a model that runs, one that starts, one that has failed, and a month's sessions."""
        if not self._open:
            held = serving(self.assembly, (_DEFECTS, _LOGOS, _WELDS), starting=600)
            self._open += [held, held.__enter__()]
            _furnish(self._open[1])
        site: Site = self._open[1]
        return site

    def close(self) -> None:
        """End what was begun."""
        if self._open:
            self._open[0].__exit__(None, None, None)

    def page(self, width: int, height: int = 800) -> Page:
        """An empty one, as sharp as it is small."""
        return self.browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=1)


def _furnish(site: Site) -> None:
    now = datetime.now(UTC)

    def at(**ago: float) -> str:
        return f"{now - timedelta(**ago):%FT%TZ}"

    def lease(lease_id: str, ends_in: float | None) -> dict[str, Any]:
        ends = {} if ends_in is None else {"ExpiresAt": at(hours=-ends_in)}
        return {"LeaseId": lease_id, "Since": at(hours=2), **ends}

    starts = [
        {"RequestedAt": at(days=day), "LongerThan": seconds - 30, "AtMost": seconds}
        for day, seconds in zip(range(6, 0, -1), (690, 640, 905, 655, 700, 675), strict=True)
    ]
    site.put_item(
        _DEFECTS,
        Leases=[lease("schedule/office-hours", 3.5), lease("line-1", 1.25)],
        Managed=True,
        Running={"Since": at(hours=2, minutes=9), "MinInferenceUnits": 1},
        Starts=starts,
    )
    site.put(_DEFECTS, "RUNNING")
    site.put(_WELDS, "FAILED", "The model could not be started: insufficient capacity.")
    site.write(site.outputs["ModelTableName"], {"Id": "SWEEP", "Kind": "SWEEP", "SweptAt": at(minutes=2)})
    for arn, model, hours, units, shares in (
        (_DEFECTS, "defects", 9.0, 1, {"schedule/office-hours": 7.0, "line-1": 1.5}),
        (_LOGOS, "logos", 3.0, 2, {"run/nightly-inspection": 3.0}),
    ):
        until = max(now - timedelta(hours=3), now.replace(day=1, hour=9, minute=30))
        session = {
            "Month": f"{now:%Y-%m}",
            "Id": f"{until:%FT%TZ}#{arn}",
            "ProjectVersionArn": arn,
            "Since": f"{until - timedelta(hours=hours):%FT%TZ}",
            "Until": f"{until:%FT%TZ}",
            "MinInferenceUnits": units,
            "InferenceUnitHourUsd": Decimal(4),
            "Model": model,
            "Shares": [{"LeaseId": one, "Milliseconds": int(part * 3_600_000)} for one, part in shares.items()],
        }
        site.write(site.outputs["LedgerTableName"], session)
    start = {"Model": "logos", "LeaseId": "nightly-inspection", "PollSeconds": 1, "TimeoutSeconds": 900}
    site.client("stepfunctions").start_execution(stateMachineArn=site.outputs["StartModelArn"], input=json.dumps(start))


def _the_page(state: str, width: int, theme: str) -> Callable[[Studio, Path], None]:
    """The page in a state of ``tools.pages``, on the emulator's console."""

    def take(studio: Studio, path: Path) -> None:
        page = opened(studio.browser, html_of(state, theme), width=width, theme=theme)
        page.locator(".cll").screenshot(path=path)
        page.close()

    return take


def _dashboard(studio: Studio, path: Path) -> None:
    page = studio.page(1400, 1000)
    page.goto(f"{studio.site().endpoint}/console?refresh=1")
    page.locator(".cll-starting").wait_for()
    page.screenshot(path=path)
    page.close()


_FRAME = """<!doctype html><meta charset=utf-8><style>
body { margin: 0; padding: 16px; width: 868px; background: #f0f2f5; }
body { font: 14px/20px "Helvetica Neue", Arial, sans-serif; }
article { background: #fff; border: 1px solid #c6c6cd; border-radius: 8px; padding: 14px 18px; color: #0f141a; }
h1 { font-size: 17px; margin: 0 0 4px; }
p, li { margin: 6px 0; white-space: pre-wrap; overflow-wrap: anywhere; }
small { color: #424650; }
code { font: 12px/17px monospace; background: #ebebf0; padding: 0 3px; border-radius: 3px; }
.rule { border-left: 4px solid #b0000a; padding-left: 12px; }
</style>"""


def _mail(studio: Studio, path: Path) -> None:
    subject, _, text = _MAIL.read_text("utf-8").partition("\n")
    sender = "Custom Labels lifecycle <no-reply@sns.amazonaws.com>"
    head = f"<h1>{html.escape(subject)}</h1><small>From: {html.escape(sender)}</small>"
    _drawn(studio, path, f"<article>{head}<p>{html.escape(text.strip())}</p></article>")


def _chat(studio: Studio, path: Path) -> None:
    content = json.loads(_CHAT.read_text("utf-8"))["content"]
    steps = "".join(f"<li>{_marked(step)}</li>" for step in content.get("nextSteps", ()))
    body = (
        f"<article><div class=rule><h1>{_marked(content['title'])}</h1><p>{_marked(content['description'])}</p>"
        f"<p><b>Next steps</b></p><ol>{steps}</ol><small>{html.escape(', '.join(content.get('keywords', ())))}</small>"
        "</div></article><p><small>Drawn from the message: not what Slack or Teams make of it.</small></p>"
    )
    _drawn(studio, path, body)


def _marked(text: str) -> str:
    """Of the markup of chats the little that messages use."""
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
    without_signs = re.sub(r":[a-z_]+: ", "", shown)  # emoji need a font that not every machine has
    return re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", without_signs)


def _drawn(studio: Studio, path: Path, body: str) -> None:
    page = studio.page(900)
    page.set_content(f"{_FRAME}<body>{body}</body>")
    page.locator("body").screenshot(path=path)
    page.close()


def _terminal(studio: Studio, path: Path) -> None:
    """A start on the emulator, what runs then, and the execution's way."""
    with (
        tempfile.TemporaryFile("w") as unseen,
        serving(studio.assembly, (_DEFECTS, _LOGOS, _WELDS), starting=6) as site,
    ):
        remote, quiet = Remote(site.endpoint), Console(file=unseen)
        # One before, of which the next one learns when to check the status.
        for machine in ("StartModelArn", "StopModelArn"):
            given = {"Model": "defects", "LeaseId": "before", "PollSeconds": 1, "TimeoutSeconds": 900}
            report.follow(quiet, remote.watch(remote.start(given, machine), _DEFECTS), 10)
        console = Console(record=True, width=118, file=unseen, force_terminal=True, highlight=False)
        with (
            mock.patch.dict(os.environ, environment(site.endpoint, "us-east-1")),
            mock.patch.object(terminal, "out", console),
            mock.patch.object(terminal, "err", quiet),
        ):
            for typed in ("start defects --lease-id me", "models"):
                report.say(console, f"$ custom-labels {typed}", "bold")
                client(typed.split(), standalone_mode=False)
                report.say(console)
        report.say(console, "$ python -m emulator history", "bold")
        report.timeline(console, remote.history(remote.executions("StartModelArn")[0]["executionArn"]))
    drawn = console.export_svg(title="custom-labels-lifecycle", unique_id="terminal")
    # Its fonts would come from the network.
    path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL), encoding="utf-8")


@dataclass(frozen=True)
class Picture:
    """How one is taken, and what it is made from, as patterns of files."""

    take: Callable[[Studio, Path], None]
    sources: tuple[str, ...]

    @property
    def hash(self) -> str:
        """Of its sources."""
        found = sorted({path for pattern in (*self.sources, "tools/screenshots.py") for path in ROOT.glob(pattern)})
        digest = hashlib.sha256()
        for path in found:
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()


_PAGE = ("functions/lifecycle/page/templates/*", "functions/lifecycle/page/html.py", "tools/pages.py")


def pictures() -> Mapping[str, Picture]:
    """By file's name; a chat message where there is one."""
    chat = {"chat.png": Picture(_chat, (str(_CHAT.relative_to(ROOT)),))} if _CHAT.exists() else {}
    return {
        "page-light.png": Picture(_the_page("running", 1160, "light"), _PAGE),
        "page-dark.png": Picture(_the_page("failed", 800, "dark"), _PAGE),
        "page-phone.png": Picture(_the_page("starting", 390, "light"), _PAGE),
        "dashboard.png": Picture(_dashboard, (*_PAGE, "emulator/static/*", "infra/monitoring/dashboard.py")),
        "mail.png": Picture(_mail, (str(_MAIL.relative_to(ROOT)),)),
        "terminal.svg": Picture(_terminal, ("emulator/report.py", "client/src/custom_labels/terminal.py")),
        **chat,
    }


def stale() -> Iterator[str]:
    """The pictures that are not what their sources say, or are not there."""
    known = json.loads(MANIFEST.read_text("utf-8")) if MANIFEST.exists() else {}
    for name, picture in pictures().items():
        if known.get(name) != picture.hash or not (FOLDER / name).exists():
            yield name


def main(names: list[str]) -> None:
    """Take those named, else those that are stale, else all."""
    if CHROMIUM is None:
        sys.exit(ADVICE)
    every = pictures()
    wanted = names or list(stale()) or list(every)
    known = json.loads(MANIFEST.read_text("utf-8")) if MANIFEST.exists() else {}
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        studio = Studio(browser, synthesise({"custom-labels-lifecycle": _SETTINGS}, Path(folder) / "assembly"))
        try:
            for name in wanted:
                every[name].take(studio, FOLDER / name)
                known[name] = every[name].hash
                size = (FOLDER / name).stat().st_size
                sys.stdout.write(f"{name}: {size // 1000} KB\n")
        finally:
            studio.close()
    MANIFEST.write_text(json.dumps({name: known[name] for name in sorted(known)}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
