"""What the terminal shows: an execution under way, its end, its mail, its timeline, its costs. Plain text in a pipe."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from emulator import prices
from emulator.remote import StatusCheck, states_entered

# What a failed or retried step of the history is called, by its event's type.
_FAILURES = {
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "EvaluationFailed": "evaluationFailedEventDetails",
}


def say(console: Console, line: str = "", style: str | None = None) -> None:
    """One line as it is: nothing in it is markup, and a pipe gets it unwrapped."""
    console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


def follow(console: Console, checks: Iterable[StatusCheck], expected_seconds: float) -> StatusCheck:
    """Show an execution until it ends: live on a terminal that can, else a line for each change.

    Returns the last look.
    """
    last, shown = StatusCheck("", "RUNNING", None, 0), None
    if console.is_interactive:
        with Live(console=console, refresh_per_second=8) as live:
            for last in _forward(checks):
                live.update(_progress(last, expected_seconds))
        return last
    for last in _forward(checks):
        if (last.state, last.model_status) != shown:
            shown = (last.state, last.model_status)
            say(
                console, f"  {last.elapsed:5.1f} s  {last.state or 'begins'}  (model: {last.model_status or 'unknown'})"
            )
    return last


def _forward(checks: Iterable[StatusCheck]) -> Iterable[StatusCheck]:
    """Time goes forward: a look has the watcher's time, the end the execution's own, which may be a bit earlier."""
    latest = 0.0
    for check in checks:
        latest = max(latest, check.elapsed)
        yield replace(check, elapsed=latest)


def _progress(check: StatusCheck, expected_seconds: float) -> Group:
    ended = check.status != "RUNNING"
    table = Table.grid(padding=(0, 2))
    table.add_row("State", Text(check.state or "begins", style="bold"))
    table.add_row("Model", Text(check.model_status or "unknown", style=_style(check.model_status)))
    of_about = "" if ended else f" of about {expected_seconds:.0f} s"
    table.add_row("Took" if ended else "Elapsed", f"{check.elapsed:.0f} s{of_about}")
    # The default of what is not finished is red, which means that something is wrong.
    completed = expected_seconds if ended else min(check.elapsed, expected_seconds)
    bar = ProgressBar(
        total=expected_seconds, completed=completed, width=50, complete_style="cyan", finished_style="green"
    )
    return Group(table, bar)


def _style(status: str | None) -> str:
    return {"RUNNING": "bold green", "STARTING": "yellow", "FAILED": "bold red"}.get(status or "", "")


def ending(console: Console, execution: dict[str, Any]) -> bool:
    """Say how an execution ended. Returns whether it succeeded."""
    if execution["status"] == "SUCCEEDED":
        output = json.loads(execution["output"])
        say(console, f"{output.get('Status')}: {output.get('Outcome')}", "bold green")
        return True
    say(console, f"{execution['status']}: {execution.get('error', '')}", "bold red")
    cause = _cause(execution)
    for name in ("Message", "Remedy"):
        if name in cause:
            say(console, f"  {name}: {cause[name]}")
    return False


def _cause(execution: dict[str, Any]) -> dict[str, Any]:
    try:
        cause = json.loads(execution.get("cause") or "{}")
    except ValueError:
        cause = execution["cause"]
    return cause if isinstance(cause, dict) else {"Message": cause}


def holders(console: Console, report: Mapping[str, Any]) -> None:
    """Show who holds models and until when, from the report of the leases."""
    for lease in report["Leases"]:
        until = f"until {_minute(lease['ExpiresAt'])}" if "ExpiresAt" in lease else "until it is released"
        say(console, f"  {lease['LeaseId']}: {'its start is under way' if lease['Pending'] else until}")


def _minute(timestamp: str) -> str:
    """``2026-11-24 07:12 UTC``."""
    return f"{datetime.fromisoformat(timestamp).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


NOBODY = "(nobody)"
_ABOUT_NOBODY = f"{NOBODY}: the model ran without a lease, for example while it was being stopped."


def _amounts(costs: Sequence[float]) -> list[str]:
    """USD, and at the end their sum: rounded so that what is shown adds up. Below one dollar to 1/100 cent."""
    decimals = 4 if 0 < sum(costs) < 1 else 2
    sums = [round(so_far, decimals) for so_far in accumulate(costs, initial=0.0)]
    return [f"{amount:,.{decimals}f}" for amount in (*(after - before for before, after in pairwise(sums)), sums[-1])]


def _span(seconds: float) -> str:
    """``41 s``, ``6 min``, ``2 h 30 min``."""
    minutes, hours = round(seconds / 60), round(seconds / 60) // 60
    if seconds < 100:
        return f"{seconds:.0f} s"
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"


def batch(console: Console, summary: dict[str, Any], lines: Iterable[dict[str, Any]]) -> None:
    """Show what a batch has found in each image, and all in all."""
    for line in lines:
        seen = line.get("CustomLabels", ())
        found = ", ".join(f"{label['Name']} ({label['Confidence']:.0f} %)" for label in seen) or "nothing"
        say(console, f"  {line['Image']['Key']:24}  {line.get('Error', line.get('Skipped', found))}")
    say(
        console,
        f"{summary['Images']} images: {summary['Labelled']} labelled, {summary['Failed']} failed, in "
        f"{summary['Seconds']} s: s3://{summary['Results']['Bucket']}/{summary['Results']['Prefix']}",
        "bold green",
    )


def labels(console: Console, results: Iterable[dict[str, Any]]) -> None:
    """Show what an inbox has written about each image."""
    for result in results:
        found = ", ".join(f"{label['Name']} ({label['Confidence']:.0f} %)" for label in result.get("CustomLabels", ()))
        say(console, f"  {result['Image']['Key']:24}  {result.get('Error', found or 'nothing')}")


def mail_in_short(console: Console, notification: dict[str, Any]) -> None:
    """Show of a notification its subject and its first sentence."""
    say(console, f"Mail:           {notification['Subject']}")
    say(console, f"                {first_sentence(notification['Message'])}")


def first_sentence(text: str) -> str:
    """Up to its full stop, or to the line's end."""
    line = text.strip().partition("\n")[0]
    found = re.match(r".*?[.!?](?=\s|$)", line)
    return found[0] if found else line


def mail(console: Console, notification: dict[str, Any]) -> None:
    """Show a notification as its mail reads."""
    head = f"To: {', '.join(notification['Emails']) or '(nobody has subscribed)'}\nSubject: {notification['Subject']}"
    console.rule("The mail", align="left")
    # No frame: it would break the links.
    say(console, f"{head}\n\n{notification['Message'].rstrip()}")
    console.rule()


def timeline(console: Console, history: Sequence[dict[str, Any]]) -> None:
    """Show when an execution entered which state, what failed there, and how it ended; a loop is shown once."""
    began = history[0]["timestamp"]
    rows = [(event["timestamp"], step) for event in history if (step := _step(event))]
    while rows:
        loop, turns = _loop([step for _, step in rows])
        for at, step in rows[:loop]:
            again = f"  (this and the {loop - 1} after it: {turns} times)" if turns > 1 and step == rows[0][1] else ""
            say(console, f"  {(at - began).total_seconds():6.1f} s  {step}{again}")
        rows = rows[loop * turns :]


def _step(event: dict[str, Any]) -> str | None:
    if "stateEnteredEventDetails" in event:
        name: str = event["stateEnteredEventDetails"]["name"]
        return name
    if event["type"] in _FAILURES:
        return f"  {event['type']}: {event.get(_FAILURES[event['type']], {}).get('error', '')}"
    ended = event["type"].startswith("Execution") and event["type"] != "ExecutionStarted"
    return event["type"] if ended else None


def _loop(steps: Sequence[str]) -> tuple[int, int]:
    """How many steps the sequence begins with that repeat right away, and how often; (1, 1) if none do."""
    for length in range(2, 5):
        turns = 1
        while steps[turns * length : (turns + 1) * length] == steps[:length]:
            turns += 1
        if turns > 1:
            return length, turns
    return 1, 1


def transitions(console: Console, history: Sequence[dict[str, Any]]) -> None:
    """Show how many transitions an execution has made, and what they would have cost on AWS."""
    (_, how_many, cost), _ = _beside_the_model(history, ())
    say(console, f"On AWS its {how_many} would have cost USD {cost:.6f}.")


def whole_bill(
    console: Console,
    report: dict[str, Any],
    history: Sequence[dict[str, Any]],
    invocations: Sequence[dict[str, Any]],
) -> None:
    """Show what all would have cost on AWS: the models by who held them, and what is beside them."""
    held = [
        (f"{line['Model']}, {line.get('LeaseId', NOBODY)}", _span(line["Seconds"]), line["Cost"])
        for line in report["Lines"]
    ]
    rows = [*held, *_beside_the_model(history, invocations)]
    amounts = _amounts([cost for _, _, cost in rows])
    shown = [(what, how_much) for what, how_much, _ in rows] + [("Total", "")]
    first, second = (max(len(row[column]) for row in shown) for column in (0, 1))
    for (what, how_much), amount in zip(shown, amounts, strict=True):
        last = what == "Total"
        say(console, f"  {what:{first}}  {how_much:>{second}}  USD {amount:>7}", "bold" if last else None)
    say(console)
    if any("LeaseId" not in line for line in report["Lines"]):
        say(console, f"  {_ABOUT_NOBODY}")
    say(console, "  Estimated from list prices. Not counted: queues, tables, mails, logs, and a workload's own states.")


def _beside_the_model(
    history: Sequence[dict[str, Any]], invocations: Sequence[dict[str, Any]]
) -> list[tuple[str, str, float]]:
    """What costs something, how much of it there was, and USD."""
    tasks = sum(event["type"] == "TaskStateEntered" for event in history)
    retries = max(0, sum(event["type"] == "TaskScheduled" for event in history) - tasks)
    transitions = len(states_entered(list(history))) + retries
    functions = sum(prices.lambda_invocation(one["billed_ms"], one["memory_mb"]) for one in invocations)
    billed = sum(one["billed_ms"] for one in invocations)
    return [
        ("Step Functions", f"{transitions} transitions", prices.state_transitions(transitions)),
        ("Lambda", f"{len(invocations)} calls, {billed / 1000:.1f} s", functions),
    ]
