"""Least privilege where inboxes are, shown by use: all that their functions, and the page's beside, may do, they do."""

import urllib.request
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
import time_machine

from lifecycle.configuration import OverBudget
from tests.account.faults import Answer, Fault
from tests.account.functions import Functions
from tests.account.iam import JUDGED, ROLES_OF_INBOXES, STACK, WITH_INBOXES, Grant, role_of
from tests.account.inboxes import NAME, InboxScene, inbox_functions
from tests.account.test_grants import NOT_CALLED_BY_OUR_CODE
from tests.infra.grants import BUCKETS, HERE, INBOX
from tests.unit.examples import ARN, NOW

FEW = ["a.png", "b.png"]
OF_MAPPINGS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
SHOWN_ELSEWHERE = {
    # As to the topic of mails.
    "inbox_tick": {("sns:Publish", "${NotificationsChatTopic}")},
    # Lambda receives and deletes with the worker's rights: tests/emulator/test_emulator_inbox.py.
    "inbox_worker": {(f"sqs:{one}", f"${{{INBOX}Images.Arn}}") for one in OF_MAPPINGS},
    # A backfill of errors reads results in threads, which this account has not: tests/client/test_inbox.py.
    "act": {("s3:GetObject", f"{BUCKETS}factory-results/inbox/line-1/*{HERE}")},
}
"""What no story here needs of functions, and why."""


def images_come_twice_and_somebody_stops_their_model(scene: InboxScene) -> None:
    scene.s3.versioned |= {"factory"}
    scene.drop(*FEW, "gone.png", after=10)
    scene.simulation.after(30, lambda: scene.s3.delete("factory", "line-1/gone.png"))
    scene.until(lambda: len(scene.results()) == len(FEW))
    scene.passes(100)
    scene.account.custom_labels.stop_project_version(ProjectVersionArn=ARN)
    scene.drop("late.png")
    scene.passes(600)


def an_image_is_denied_and_moved_back(scene: InboxScene) -> None:
    scene.queue.tries = 1
    scene.account.custom_labels.denied |= {f"line-1/{FEW[0]}"}
    scene.fails(Fault(Answer("InternalErrorException"), "sns:Publish", "inbox_tick"))
    scene.drop(*FEW, after=10)
    scene.until(lambda: scene.dead.waiting)
    scene.passes(300)
    assert scene.call("act", {"Action": "inbox-redrive", "Inbox": NAME})["Begun"]


def results_are_denied(scene: InboxScene) -> None:
    scene.fails(Fault(Answer("AccessDenied"), "s3:PutObject", "inbox_worker", None))
    scene.drop(*FEW, after=10)
    scene.until(lambda: "INBOX_BLOCKED" in scene.outcomes)


def an_inbox_is_operated(scene: InboxScene) -> None:
    scene.drop(*FEW)
    scene.until(lambda: scene.runs)
    scene.call("page", {"Report": "inboxes"})
    for action in ("backfill", "pause", "resume", "pause"):
        scene.call("act", {"Action": f"inbox-{action}", "Inbox": NAME, "By": "ann"})
    scene.until(lambda: not scene.under_way)


def the_stack_is_about_to_be_removed(scene: InboxScene) -> None:
    asked = {"RequestType": "Delete", "RequestId": "1", "StackId": STACK, "LogicalResourceId": "Removal"}
    stack = SimpleNamespace(describe_stacks=lambda **_: {"Stacks": [{"StackStatus": "DELETE_IN_PROGRESS"}]})
    nobody: Any = {"PolicyGroups": [], "PolicyRoles": [], "PolicyUsers": []}
    policies = SimpleNamespace(list_entities_for_policy=lambda **_: nobody)
    scene.account.wire.services |= {"cloudformation": stack, "iam": policies}
    with mock.patch.object(urllib.request, "urlopen"):
        assert scene.call("remove", {**asked, "ResponseURL": "https://cloudformation.example"})["Success"]
    scene.drop(*FEW)
    scene.passes(300)
    assert not scene.runs, "no tick starts a model that nobody would stop"


STORIES: tuple[tuple[Callable[[InboxScene], None], Sequence[float]], ...] = (
    (images_come_twice_and_somebody_stops_their_model, (0.5, 300.0)),
    (an_image_is_denied_and_moved_back, (0.5,)),
    (results_are_denied, (0.5,)),
    (an_inbox_is_operated, (0.5,)),
    (the_stack_is_about_to_be_removed, (0.5,)),
)
"""What happens, and when the message of an image arrives."""


def _arrivals(seconds: Sequence[float], _number: int) -> Sequence[float]:
    return seconds


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    with inbox_functions(
        "act", "page", "remove", monthly_budget_usd=1_000_000, over_budget=OverBudget.REFUSE
    ) as functions:
        yield functions


@pytest.fixture(scope="module")
def used(functions: Functions) -> set[Grant]:
    """The grants that these stories need."""
    found = set[Grant]()
    for story, arrivals in STORIES:
        with time_machine.travel(NOW, tick=False) as traveller:
            scene = InboxScene(functions, traveller, arrivals=partial(_arrivals, arrivals))
            story(scene)
            found |= scene.account.wire.used
    return found


@pytest.mark.parametrize("function", [*ROLES_OF_INBOXES, "act", "page", "remove"])
def test_all_that_is_granted_where_inboxes_are_is_used(function: str, used: set[Grant]) -> None:
    role = role_of(function)
    assert role
    granted = JUDGED[role] if function in ROLES_OF_INBOXES else WITH_INBOXES[role]
    needed = {(action, resource) for by, action, resource in used if by == role}
    unused = {
        (action, resource)
        for resource, actions in granted.items()
        for action in actions - NOT_CALLED_BY_OUR_CODE.keys()
        if (action, resource) not in needed
    }
    assert unused - SHOWN_ELSEWHERE.get(function, set()) == set()
