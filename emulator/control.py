"""What the emulator tells, and lets change, over HTTP under ``/_emulator/``: for its CLI and tests in any language."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from moto.sns.models import sns_backends

from emulator.custom_labels import CustomLabelsError
from emulator.faults import Fault
from emulator.happenings import EventError
from emulator.schedules import FireError
from emulator.wire import Environ, Response, read_call

if TYPE_CHECKING:
    from emulator.server import Emulator

PREFIX = "/_emulator/"


class Control:
    """WSGI middleware that answers ``/_emulator/...`` itself, and remembers the events put on buses.

    Attributes
    ----------
    events
        Every entry that PutEvents accepted, in order.

    """

    def __init__(self, app: Any, emulator: Emulator) -> None:
        self._app = app
        self._emulator = emulator
        self.events: list[dict[str, Any]] = []

    def __call__(self, environ: Environ, start_response: Any) -> Response:
        """Answer, or pass the request on to AWS."""
        path = environ["PATH_INFO"]
        if path.startswith(PREFIX):
            status, answer = self._answer(environ, path.removeprefix(PREFIX).strip("/"))
            start_response(status, [("Content-Type", "application/json")])
            return [json.dumps(answer).encode()]
        if environ.get("HTTP_X_AMZ_TARGET") == "AWSEvents.PutEvents":
            return self._remember_events(environ, start_response)
        passed: Response = self._app(environ, start_response)
        return passed

    def notifications(self) -> list[dict[str, Any]]:
        """What was published on SNS topics for people to read, with whom it is mailed to."""
        return [one for one in self._published() if _chat_message(one) is None]

    def chats(self) -> list[dict[str, Any]]:
        """What was published on SNS topics for AWS's chat applications, as a channel gets it."""
        return [message for one in self._published() if (message := _chat_message(one))]

    def follow(self, correlation_id: str) -> list[dict[str, Any]]:
        """What all functions have logged with this correlation id, in order: as Logs Insights would find it."""
        runtime = self._emulator.runtime
        lines = [line for name in runtime.functions() for line in runtime.logs(name) if correlation_id in line]
        records = [json.loads(line) for line in lines if line.startswith("{")]
        own = [one for one in records if one.get("correlation_id") == correlation_id]
        return sorted(own, key=lambda one: str(one["timestamp"]))

    def _published(self) -> list[dict[str, Any]]:
        """In every Region."""
        backends = [*sns_backends[self._emulator.account_id].values()]
        return [
            {
                "TopicArn": topic.arn,
                "MessageId": message_id,
                "Subject": subject,
                "Message": message,
                "MessageAttributes": {name: one["Value"] for name, one in (attributes or {}).items()},
                "Emails": [
                    subscription.endpoint
                    for subscription in backend.subscriptions.values()
                    if subscription.topic.arn == topic.arn and subscription.protocol == "email"
                    # What moto itself asks before it delivers; a topic's mails it does not.
                    if _matches(subscription, attributes, message)
                ],
            }
            for backend in backends
            for topic in backend.topics.values()
            for message_id, message, subject, attributes, _ in topic.sent_notifications
        ]

    def models(self) -> list[dict[str, Any]]:
        """Every model version and its status."""
        return [
            {
                "ProjectVersionArn": one.arn,
                "Status": one.status,
                "StatusMessage": one.status_message,
                "Since": one.since,
                "F1Score": one.f1,
            }
            for one in self._emulator.versions()
        ]

    def _remember_events(self, environ: Environ, start_response: Any) -> Response:
        call = read_call(environ)
        answered: list[str] = []

        def start(status: str, headers: Any, *rest: Any) -> Any:
            answered.append(status)
            return start_response(status, headers, *rest)

        response: Response = self._app(environ, start)
        if call is not None and answered and answered[0].startswith("200"):
            self.events.extend(call.parameters["Entries"])
        return response

    def _answer(self, environ: Environ, path: str) -> tuple[str, Any]:
        route = _ROUTES.get((environ["REQUEST_METHOD"], path))
        if route is None:
            known = ", ".join(f"{method} {PREFIX}{name}" for method, name in _ROUTES)
            return "404 Not Found", {"Message": f"there is only {known}"}
        try:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
            return "200 OK", route(self._emulator, {**query, **json.loads(body or b"{}")})
        except (TypeError, ValueError, CustomLabelsError, FireError, EventError) as error:
            return "400 Bad Request", {"Message": str(error)}
        except KeyError as error:
            return "400 Bad Request", {"Message": f"{error.args[0]} is missing"}


def _matches(subscription: Any, attributes: Any, message: str) -> bool:
    """Whether a subscription's filter policy lets a message through."""
    matcher = subscription._filter_policy_matcher  # noqa: SLF001 - moto has no other name for it
    return matcher is None or bool(matcher.matches(attributes or {}, message))


def _chat_message(published: dict[str, Any]) -> dict[str, Any] | None:
    """The custom notification that a message is, if it is one.

    https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
    """
    try:
        message = json.loads(published["Message"])
    except ValueError:
        return None
    return message if isinstance(message, dict) and message.get("source") == "custom" else None


def _put_model(emulator: Emulator, given: Any) -> None:
    arn, status = given["ProjectVersionArn"], given["Status"]
    emulator.custom_labels_of(arn).put(arn, status, given.get("StatusMessage"), f1=given.get("F1Score"))


def _clear_faults(emulator: Emulator, given: Any) -> None:
    emulator.faults.clear(int(given["id"]) if "id" in given else None)


def _fire(emulator: Emulator, given: Any) -> Any:
    at = datetime.fromisoformat(given["At"]) if "At" in given else datetime.now(UTC)
    return [emulator.fire(given["Schedule"], at) for _ in range(given.get("Times", 1))]


def _advance(emulator: Emulator, given: Any) -> Any:
    emulator.clock.advance(float(given.get("Seconds", 0)))
    return emulator.let_pass(int(given.get("Minutes", 0)))


def _event(emulator: Emulator, given: Any) -> Any:
    return emulator.event(given["Event"], twice=bool(given.get("Twice")))


_ROUTES: dict[tuple[str, str], Callable[[Emulator, Any], Any]] = {
    ("GET", ""): lambda emulator, _: {
        "Region": emulator.region,
        "AccountId": emulator.account_id,
        "Outputs": emulator.outputs,
        "Models": emulator.models,
    },
    ("GET", "faults"): lambda emulator, _: [script.to_json() for script in emulator.faults.list()],
    ("POST", "faults"): lambda emulator, given: emulator.faults.add(Fault.from_json(given)).to_json(),
    ("DELETE", "faults"): _clear_faults,
    ("POST", "fire"): _fire,
    ("POST", "event"): _event,
    ("POST", "advance"): _advance,
    ("GET", "models"): lambda emulator, _: emulator.control.models(),
    ("PUT", "models"): _put_model,
    ("GET", "notifications"): lambda emulator, _: emulator.control.notifications(),
    ("GET", "chats"): lambda emulator, _: emulator.control.chats(),
    ("GET", "follow"): lambda emulator, given: emulator.control.follow(given["id"]),
    ("GET", "events"): lambda emulator, _: emulator.control.events,
    ("GET", "deliveries"): lambda emulator, _: [dataclasses.asdict(one) for one in emulator.deliveries.list()],
    ("GET", "calls"): lambda emulator, _: [dataclasses.asdict(one) for one in emulator.authoriser.decisions],
    ("GET", "metrics"): lambda emulator, _: [one.to_json() for one in emulator.metrics.list()],
    ("GET", "invocations"): lambda emulator, _: [dataclasses.asdict(one) for one in emulator.runtime.invocations],
    ("GET", "logs"): lambda emulator, _: {name: emulator.runtime.logs(name) for name in emulator.runtime.functions()},
}
