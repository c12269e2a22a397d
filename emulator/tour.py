"""The whole life of a model, shown: started, shared, released, stopped, forgotten, and stopped all the same."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from emulator import images, report
from emulator.remote import Remote, StatusCheck

OVERHEAD_SECONDS = 4
"""Of an execution beside the model's own time: cold functions, the notification."""
# The interval needs a timeout to match: both together stay under 1,000 status checks.
IMAGES, FOLDER, RESULTS = "factory-images", "line-1/", "factory-results"
INBOX, ARRIVALS, LABELS = "line-2", "factory-arrivals", "factory-labels"


def settings(model: str) -> dict[str, Any]:
    """What the last part needs of cdk.json, whichever it is."""
    inbox = {
        "name": INBOX,
        "model": model,
        "images": f"s3://{ARRIVALS}/{INBOX}/",
        "results": f"s3://{LABELS}/",
        "max_concurrency": 2,  # each is a process on this machine
    }
    return {
        "detect_batch": {"images": [f"s3://{IMAGES}/{FOLDER}"], "results": f"s3://{RESULTS}/"},
        "inboxes": [inbox],
    }


_QUICK = {"PollSeconds": 2, "TimeoutSeconds": 600}
PARTS = (
    "A pipeline needs the model: StartModel",
    "Another pipeline needs it too",
    "The first one is done: StopModel releases its lease",
    "So is the other: nobody needs the model any more",
    "A third pipeline is aborted by hand while the model starts, and the model is forgotten",
)
WITH_INBOX = "Images are put into a bucket: the inbox starts the model, labels them, and lets it go"
WITH_BATCH = "A pipeline has a folder of images: RunWithModel starts the model, runs DetectBatch, and lets it go"
_LONGEST_IDLE = 12
"""Minutes after which the model is let go at the latest."""
_TRIES, _PAUSE_SECONDS = 40, 0.25
_BESIDE_SECONDS = 30
"""That the parts take beside waiting for the model; synthesis and deployment included."""


def announce(console: Console, model: str, starting: float, stopping: float, *, batch: bool = False) -> None:
    """Say what is about to be shown, and how long it takes."""
    minutes = max(1, round((_BESIDE_SECONDS + 2 * starting + 2 * stopping) / 60))
    takes = f"{minutes} minute{'' if minutes == 1 else 's'}"
    parts = _parts(batch)
    report.say(console, f"The life of the model {model}, in {len(parts)} parts and about {takes}.", "bold")
    report.say(console, "AWS is emulated on this machine: nothing leaves it, no account is needed, nothing is paid.")
    report.say(console, f"The model starts in {starting:.0f} s here; on AWS it takes up to half an hour.")
    report.say(console, "In the last two parts the emulator's clock is put forward where nothing else happens.\n")
    for number, part in enumerate(parts, 1):
        report.say(console, f"  {number}. {part}")
    report.say(console)


def _parts(batch: bool) -> tuple[str, ...]:
    return (*PARTS, WITH_BATCH if batch else WITH_INBOX)


@dataclass
class Tour:
    """Shows what the product does, on an emulator that runs.

    Parameters
    ----------
    model
        A configured name.
    project_version_arn
        Its ARN.
    starting, stopping
        Seconds that the model takes there.
    batch
        Whether it ends with a batch instead of an inbox.
    """

    console: Console
    remote: Remote
    model: str
    project_version_arn: str
    starting: float
    stopping: float
    batch: bool = False

    def run(self) -> bool:
        """Show it all. Returns whether everything went as it should."""
        console, remote = self.console, self.remote
        self._title(1)
        started = self._execute("StartModelArn", {"LeaseId": "pipeline-a"}, self.starting, whole_mail=True)
        self._title(2)
        joined = self._execute("StartModelArn", {"LeaseId": "pipeline-b"}, 0)
        report.say(console, "Held by:")
        report.holders(console, remote.report("leases"))
        self._title(3)
        kept = self._execute("StopModelArn", {"LeaseId": "pipeline-a"}, 0)
        self._title(4)
        stopped = self._execute("StopModelArn", {"LeaseId": "pipeline-b"}, self.stopping)
        self._title(5)
        swept = self._forgotten()
        self._title(6)
        let_go = self._batch() if self.batch else self._inbox()
        expected = ("MODEL_STARTED", "MODEL_ALREADY_RUNNING", "MODEL_KEPT_RUNNING", *["MODEL_STOPPED"] * 3)
        return (started, joined, kept, stopped, swept, let_go) == expected

    def _execute(self, machine: str, fields: dict[str, Any], seconds: float, *, whole_mail: bool = False) -> str | None:
        given = {"Model": self.model, **fields, **_QUICK}
        sent = len(self.remote.notifications())
        execution_arn = self.remote.start(given, machine)
        report.say(self.console, f"Input:          {json.dumps(given)}")
        outcome = self._follow(execution_arn, seconds)
        self._mails(sent, whole=whole_mail)
        return outcome

    def _follow(self, execution_arn: str, seconds: float, *, hurried: bool = False) -> str | None:
        checks = self.remote.watch(execution_arn, self.project_version_arn)
        report.follow(self.console, self._hurried(checks) if hurried else checks, seconds + OVERHEAD_SECONDS)
        execution = self.remote.stepfunctions.describe_execution(executionArn=execution_arn)
        succeeded = report.ending(self.console, execution)
        return json.loads(execution["output"])["Outcome"] if succeeded else None

    def _forgotten(self) -> str | None:
        remote, given = self.remote, {"Model": self.model, "LeaseId": "pipeline-c", **_QUICK}
        sent = len(remote.notifications())
        execution_arn = remote.start(given)
        report.say(self.console, f"Input:          {json.dumps(given)}")
        checks = remote.watch(execution_arn, self.project_version_arn)
        report.follow(self.console, _until_starting(checks), self.starting + OVERHEAD_SECONDS)
        remote.stepfunctions.stop_execution(executionArn=execution_arn, cause="The pipeline is not needed today")
        report.say(self.console, "Aborted by hand.", "bold")
        remote.wait_for_notifications(sent + 1)
        self._mails(sent)
        report.say(self.console, "\nThe sweep runs (on AWS every 5 minutes):", "bold")
        (answer,) = remote.ask("POST", "fire", {"Schedule": "EverySweep"})
        report.say(self.console, f"  {json.dumps(answer)}")
        sent = len(remote.notifications())
        swept = next((one for one in remote.executions("StopModelArn") if one["name"].startswith("sweep-")), None)
        if swept is None:
            report.say(self.console, "It has found nothing to stop.", "bold red")
            return None
        report.say(self.console, f"It has started {swept['name']}.")
        outcome = self._follow(swept["executionArn"], self.starting + self.stopping, hurried=True)
        self._mails(sent)
        return outcome

    def _batch(self) -> str | None:
        remote, s3 = self.remote, self.remote.client("s3")
        images.lay_out(s3, IMAGES, FOLDER)
        images.ensure_bucket(s3, RESULTS)
        batch = {"Bucket": IMAGES, "Prefix": FOLDER, "ToleratedFailurePercentage": 20}
        workload = {"StateMachineArn": remote.outputs["DetectBatchArn"], "Input": batch, "ModelField": "Model"}
        given = {"Model": self.model, "LeaseMinutes": 0, "Workload": workload, **_QUICK}
        sent = len(remote.notifications())
        execution_arn = remote.start(given, "RunWithModelArn", "folder-of-images")
        report.say(self.console, f"Input:          {json.dumps(given)}")
        checks = remote.watch(execution_arn, self.project_version_arn)
        report.follow(self.console, checks, self.starting + 2 * OVERHEAD_SECONDS)
        execution = remote.stepfunctions.describe_execution(executionArn=execution_arn)
        if execution["status"] != "SUCCEEDED":
            report.ending(self.console, execution)
            return None
        summary = json.loads(execution["output"])["Workload"]
        report.batch(self.console, summary, remote.lines(summary["Results"]))
        report.say(self.console, "Nobody needs the model any more:")
        (released,) = (one for one in remote.executions("StopModelArn") if one["name"].startswith("release-"))
        outcome = self._follow(released["executionArn"], self.stopping)
        self._mails(sent)
        return outcome

    def _hurried(self, checks: Iterator[StatusCheck]) -> Iterator[StatusCheck]:
        """The status checks, between which the clock is put forward where only the model changes."""
        hurried: set[tuple[str, str | None]] = set()
        for check in checks:
            yield check
            if check.model_status in ("STARTING", "STOPPING") and (check.state, check.model_status) not in hurried:
                hurried.add((check.state, check.model_status))
                self.remote.ask("POST", "advance", {"Seconds": self.starting})

    def _inbox(self) -> str | None:
        remote, s3 = self.remote, self.remote.client("s3")
        images.ensure_bucket(s3, LABELS)
        images.ensure_bucket(s3, ARRIVALS)
        switch: dict[str, Any] = {"EventBridgeConfiguration": {}}
        s3.put_bucket_notification_configuration(Bucket=ARRIVALS, NotificationConfiguration=switch)
        keys = images.lay_out(s3, ARRIVALS, f"{INBOX}/") + images.lay_out(s3, ARRIVALS, f"{INBOX}/night/")
        report.say(self.console, f"{len(keys)} images are put into s3://{ARRIVALS}/{INBOX}/. The tick of each minute:")
        begun = {one["name"] for one in remote.executions("RunWithModelArn")}
        report.say(self.console, f"  A minute later: {self._minute()}")
        run = next((one for one in remote.executions("RunWithModelArn") if one["name"] not in begun), None)
        if run is None:
            report.say(self.console, "The inbox has begun no run.", "bold red")
            return None
        checks = remote.watch(run["executionArn"], self.project_version_arn)
        labelled = _until(self._hurried(checks), lambda: self._labelled() >= len(keys))
        report.follow(self.console, labelled, self.starting + 2 * OVERHEAD_SECONDS)
        report.labels(self.console, remote.documents(LABELS))
        execution = self._let_go(run["executionArn"])
        if execution["status"] != "SUCCEEDED":
            report.ending(self.console, execution)
            return None
        report.say(self.console, "Nobody needs the model any more:")
        released = next(one for one in remote.executions("StopModelArn") if one["name"].startswith("release-"))
        return self._follow(released["executionArn"], self.stopping, hurried=True)

    def _let_go(self, run: str) -> dict[str, Any]:
        """Let minutes pass until the run is over; what the ticks say of the inbox, once."""
        said = ""
        execution: dict[str, Any] = {}
        for _ in range(_LONGEST_IDLE):
            before, said = said, self._minute()
            if said != before:
                report.say(self.console, f"  A minute later: {said}")
            # What is under way when nothing new is to be said takes its time by the machine's clock.
            for _ in range(_TRIES if said == before else 1):
                execution = self.remote.stepfunctions.describe_execution(executionArn=run)
                if execution["status"] != "RUNNING":
                    return execution
                time.sleep(_PAUSE_SECONDS if said == before else 0)
        return execution

    def _minute(self) -> str:
        """Let a minute pass by the emulator's clock; what the tick says of the inbox."""
        fired = self.remote.ask("POST", "advance", {"Minutes": 1})
        tick = next(one for one in fired if "EveryMinute" in one["Schedule"])
        said: str = tick.get("Answer", {}).get("Inboxes", {}).get(INBOX) or tick.get("Error")
        return said

    def _labelled(self) -> int:
        found: int = self.remote.client("s3").list_objects_v2(Bucket=LABELS)["KeyCount"]
        return found

    def _mails(self, sent: int, *, whole: bool = False) -> None:
        for notification in self.remote.notifications()[sent:]:
            (report.mail if whole else report.mail_in_short)(self.console, notification)

    def _title(self, number: int) -> None:
        report.say(self.console, f"\n{number}. {_parts(self.batch)[number - 1]}", "bold")


def _until(checks: Iterator[StatusCheck], enough: Callable[[], bool]) -> Iterator[StatusCheck]:
    """The status checks until it is enough, and that one."""
    for check in checks:
        yield check
        if enough():
            return


def _until_starting(checks: Iterator[StatusCheck]) -> Iterator[StatusCheck]:
    """The status checks until the model is STARTING, and that one."""
    for check in checks:
        yield check
        if check.model_status == "STARTING" and check.state == "Wait":
            return
