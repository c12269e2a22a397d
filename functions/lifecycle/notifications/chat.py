"""A notification as a chat message: the custom notification of AWS's chat applications, for Slack and Teams. Pure.

https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html has the format, and
``statemachine/schemas/notification.chat.schema.json`` what every message keeps to. How a channel shows it was not seen
on AWS.
"""

import re
import uuid
from collections.abc import Sequence

from lifecycle.notifications.cli_commands import is_command
from lifecycle.notifications.notification import (
    IF_PLANS_CHANGE,
    LINKS,
    WHAT_HAPPENED,
    WHAT_IT_COSTS,
    WHAT_TO_DO,
    Notification,
    Severity,
)
from lifecycle.shared.wire import Json

MAX_TITLE = 250
MAX_DESCRIPTION = 2900
"""Characters. Slack takes 3,000 in a block of text; the rest is in the mail."""
MAX_STEPS, MAX_STEP = 10, 1500
MAX_SUMMARY = 250

_SIGNS = {Severity.INFO: ":white_check_mark:", Severity.WARNING: ":warning:", Severity.ERROR: ":rotating_light:"}

_LINKED = ("Dashboard:", "Execution:", "Workload:", "Model:", "Runbook:")
"""The links to logs and trace are long; they are in the mail, and one click from the execution."""
JOINER = "\N{WORD JOINER}"
"""Has no width: it parts what a chat client would take for a mention or a link."""
_CONSOLE_LINKS = re.compile(r"https://[a-z0-9-]+\.console\.aws\.amazon\.com/\S*")
_ALIKE = str.maketrans("<>`[]*~", "\u2039\u203a'()\u2217\u223c")
"""No way to escape these serves both Slack and Teams; so they are shown as characters that look alike."""


def chat_message(notification: Notification) -> Json:
    """The message, to be published as JSON.

    Its thread is the model's: all messages about a model are below one message of the channel.
    """
    detail, sections = notification.detail, notification.sections
    related = [detail[name] for name in ("ProjectVersionArn", "ExecutionArn") if name in detail]
    context = {name: detail[name] for name in ("Outcome", "Severity", "Model", "Error") if detail.get(name)}
    message: dict[str, Json] = {
        "version": "1.0",
        "source": "custom",
        "id": notification.notification_id,
        "content": {
            "textType": "client-markdown",
            "title": _cut(_title(notification), MAX_TITLE),
            "description": _description(notification),
            "nextSteps": _steps([*sections.get(WHAT_TO_DO, []), *sections.get(IF_PLANS_CHANGE, [])]),
            "keywords": [notification.severity, notification.outcome],
        },
        "metadata": {
            "threadId": _thread(notification),
            "summary": _cut(plain(notification.subject), MAX_SUMMARY),
            "eventType": notification.outcome,
            "relatedResources": related,
            "additionalContext": {name: _cut(plain(str(value)), MAX_TITLE) for name, value in context.items()},
        },
    }
    return message


_CODE = str.maketrans("`", "'", "<>")
"""Of a command, which has none of them: what would end its span, or begin a mention even there."""


def plain(text: str) -> str:
    """Text of which nothing is markup, a mention or a link, in Slack or in Teams; links into the console stay links."""
    parts, end = [], 0
    for link in _CONSOLE_LINKS.finditer(text):
        parts += [_plain(text[end : link.start()]), link[0].translate(_ALIKE).replace("@", "%40")]
        end = link.end()
    return "".join([*parts, _plain(text[end:])])


def _plain(text: str) -> str:
    joined = re.sub("^#", f"{JOINER}#", " ".join(text.splitlines()))
    joined = joined.replace("@", f"@{JOINER}").replace("://", f":{JOINER}//").replace("www.", f"www{JOINER}.")
    # Within a word an underscore is no markup, and people copy names.
    return re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", "\u02cd", joined.translate(_ALIKE))


def _code(command: str) -> str:
    """As it is, to be copied: nothing in it is markup but the sign that would end it, and what no command has."""
    return f"`{command.translate(_CODE)}`"


def _title(notification: Notification) -> str:
    return f"{_SIGNS[notification.severity]} {plain(notification.headline)}"


def _description(notification: Notification) -> str:
    sections = notification.sections
    blocks = [plain(notification.headline)] if len(_title(notification)) > MAX_TITLE else []
    blocks += [
        "\n".join([f"*{title}*", *map(plain, sections[title])])
        for title in (WHAT_IT_COSTS, WHAT_HAPPENED)
        if title in sections
    ]
    links = "\n".join(_link(line) for line in sections.get(LINKS, []) if line.startswith(_LINKED))
    text = "\n\n".join(blocks)
    # What is long is a service's text or a workload's Cause, never a link.
    return f"{_cut(text, MAX_DESCRIPTION - len(links) - 2)}\n\n{links}"


def _link(line: str) -> str:
    """Links into the console are written by this app, and the runbook's is from the settings."""
    name, _, target = line.partition(": ")
    return f"{name}: {target.translate(_ALIKE)}"


def _steps(lines: Sequence[str]) -> list[str]:
    """A step is what a person reads, with the commands that follow it."""
    steps: list[str] = []
    for line in lines:
        if is_command(line) and steps:
            steps[-1] += f"\n{_code(line)}"
        else:
            steps.append(plain(line))
    return [
        step if len(step) <= MAX_STEP else f"{_cut(step.partition(chr(10))[0], MAX_STEP)} (the mail has it)"
        for step in steps[:MAX_STEPS]
    ]


def _thread(notification: Notification) -> str:
    """The same for all messages about a model of an account and Region."""
    detail = notification.detail
    version = detail.get("ProjectVersionArn")
    if not version:
        return notification.notification_id
    which = f"{version.partition(':project/')[0]}/{detail['Model']}" if detail.get("Model") else version
    return str(uuid.uuid5(uuid.NAMESPACE_URL, which))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."
