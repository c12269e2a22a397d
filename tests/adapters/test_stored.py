"""What is in the tables, as each version has written it: read by the code of today, and written by it as by the newest.

Around a deploy two versions read and write the same items: a start with ``ReadyAt`` may wait for 30 days, with the code
that it began with. ``stored`` beside this file has the items as DynamoDB keeps them, a file for each version;
docs/evidence/upgrades.md says what may be changed. Before a version is released its file is renewed, with
``RENEW_GOLDEN=1 .venv/bin/pytest tests/adapters/test_stored.py -n 0``; afterwards a change of the items begins a new
file.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lifecycle.adapters.aws import CLIENT_CONFIG
from lifecycle.adapters.ledger import LedgerTable
from lifecycle.adapters.model_table import ExecutionTable, ModelTable, SweepTable
from lifecycle.adapters.rate_limit import RateLimit
from lifecycle.adapters.token_table import TokenTable
from lifecycle.executions.client_tokens import token_key
from lifecycle.executions.requests import fingerprint
from lifecycle.model.bill import Session
from lifecycle.model.leases import BudgetWarning, Claim, Lease, ModelItem, PastStart, PendingLease
from lifecycle.model.sweep_record import SweepRecord, SweptProject
from lifecycle.model.usage import Running, Share
from lifecycle.model.version import ModelVersion
from lifecycle.ports import TokenHolder
from tests.released import VERSION
from tests.unit.examples import ARN, NOW, OTHER_ARN, execution

FOLDER = Path(__file__).parent / "stored"
KEYS: Mapping[str, Mapping[str, str]] = {
    "models": {"Id": "HASH"},
    "idempotency": {"id": "HASH"},
    "ledger": {"Month": "HASH", "Id": "RANGE"},
}
HOUR = timedelta(hours=1)
STARTING = PendingLease("nightly", execution().id, NOW + HOUR)
SHIFT = Lease("shift", NOW, NOW + 2 * HOUR)
PAST = (PastStart(NOW - HOUR, 612, 617), PastStart(NOW, 0, 30))
RUNNING = Running(NOW, 2, NOW + HOUR, (Share("shift", 1_800_000), Share("(others)", 250)))

MODELS: Mapping[str, ModelItem] = {
    "was only looked at": ModelItem(ARN),
    "is starting": ModelItem(ARN, pending=(STARTING,), managed=True, changed_at=NOW),
    "is held": ModelItem(
        ARN,
        leases=(replace(SHIFT, warned_at=NOW + HOUR), Lease("production", NOW)),
        pending=(STARTING,),
        managed=True,
        changed_at=NOW,
        running=RUNNING,
        starts=PAST,
    ),
    "is being stopped": ModelItem(
        ARN,
        claim=Claim(execution("evening", machine="StopModel").id, NOW),
        managed=True,
        forced_at=NOW,
        changed_at=NOW,
        running=RUNNING,
    ),
    "runs without us": ModelItem(ARN, running=Running(NOW, 1, found=True), reported=("UNLEASED_MODEL",)),
    "was stopped": ModelItem(ARN, changed_at=NOW, starts=PAST),
    "ignores the budget": ModelItem(
        ARN,
        leases=(replace(SHIFT, ignores_budget=True),),
        pending=(replace(STARTING, ignores_budget=True),),
        running=replace(RUNNING, max_inference_units=5),
        budget_warning=BudgetWarning(NOW, 49_999),
    ),
}
"""The model in every state that its item tells of."""
SESSIONS = {
    "in full": Session(ARN, NOW, NOW + 2 * HOUR, 3, 4.4, "defects", (Share("shift", 5_000_000),), found=True),
    "bare": Session(OTHER_ARN, NOW, NOW + HOUR, 1, 4.0),
    "that scaled": Session(OTHER_ARN, NOW, NOW + HOUR, 1, 4.0, max_inference_units=5),
}
SWEPT = SweepRecord(
    NOW,
    (
        SweptProject("boards", (ModelVersion(ARN, "STOPPED", "The model is stopped.", 2, 5, NOW - HOUR, 0.875),)),
        SweptProject("cables", (ModelVersion(OTHER_ARN, "TRAINING_IN_PROGRESS"),)),
    ),
)
ASKED = {"Model": "defects", "ClientRequestToken": "order-4711", "LeaseMinutes": 30, "Context": {"line": 1}}
TOKEN = token_key("StartModel", "defects", "order-4711")
HOLDER = TokenHolder(execution().id, fingerprint(ASKED), NOW)

Items = dict[str, dict[str, Any]]


class Tables:
    """The tables in memory, and the adapters of today on them."""

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        self.aws: Any = boto3.client("dynamodb", config=CLIENT_CONFIG, **keys)  # type: ignore[call-overload] # keys by name
        for name, key in KEYS.items():
            self.aws.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": one, "KeyType": kind} for one, kind in key.items()],
                AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in key],
                BillingMode="PAY_PER_REQUEST",
            )
        self.models = ModelTable(self.aws, "models", ("ledger", timedelta(days=400)))
        self.executions = ExecutionTable(self.aws, "models")
        self.sweeps = SweepTable(self.aws, "models")
        self.limit = RateLimit(self.aws, "models", calls_per_second=4)
        self.tokens = TokenTable(self.aws, "idempotency")
        self.ledger = LedgerTable(self.aws, "ledger")

    def put(self, table: str, item: Mapping[str, Any]) -> None:
        self.aws.put_item(TableName=table, Item=item)

    def take(self, table: str) -> dict[str, Any]:
        """The one item of a table, which is empty then."""
        (item,) = self.aws.scan(TableName=table)["Items"]
        self.aws.delete_item(TableName=table, Key={name: item[name] for name in KEYS[table]})
        assert isinstance(item, dict)
        return item


@pytest.fixture
def tables() -> Iterator[Tables]:
    with mock_aws():
        yield Tables()


def written(tables: Tables) -> Items:
    """Every kind of item, as today's code writes it."""
    items: Items = {}
    for name, model in MODELS.items():
        assert tables.models.put(model)
        items[f"models: a model that {name}"] = tables.take("models")
    tables.executions.open(execution().id)
    tables.executions.choose(execution().id, ARN)
    # When it began is not given to what writes it; nor is, below, when a call is made.
    items["models: an execution under way"] = {**tables.take("models"), "OpenedAt": {"S": "2026-11-24T07:00:00.000Z"}}
    tables.sweeps.mark(NOW)
    items["models: the sweep's mark"] = tables.take("models")
    tables.sweeps.remember(SWEPT)
    items["models: what the sweep saw"] = tables.take("models")
    tables.limit.hurry("DescribeProjectVersions")
    items["models: when the next call may be made"] = {**tables.take("models"), "FreeAt": {"N": "1795503600250"}}
    for name, session in SESSIONS.items():
        assert tables.models.put(ModelItem(session.project_version_arn), session)
        tables.take("models")
        items[f"ledger: a session {name}"] = tables.take("ledger")
    tables.tokens.hold(TOKEN, HOLDER, NOW + 26 * HOUR)
    items["idempotency: a token"] = tables.take("idempotency")
    return items


def test_items_are_written_as_the_newest_version_writes_them(tables: Tables) -> None:
    """Before you renew the file of a version that is out there, read docs/evidence/upgrades.md."""
    items, file = written(tables), FOLDER / f"{VERSION}.json"
    if os.environ.get("RENEW_GOLDEN"):
        file.write_text(json.dumps(items, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    assert json.loads(file.read_text("utf-8")) == items


STORED: list[Items] = [json.loads(file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.json"))]
NEWER = {"AddedLater": {"M": {"Share": {"N": "0.25"}, "Names": {"SS": ["a"]}, "Bytes": {"B": b"1"}}}}
"""An attribute of a version to come, of every type that a careless reader stumbles over."""


def of_kind(kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name.removeprefix(kind), item) for items in STORED for name, item in items.items() if kind in name]


def with_newer(value: Any) -> Any:
    """The item with the new attribute in every map of it, but in the shares: those are counted anew."""
    if isinstance(value, dict):
        inner = {name: one if name == "Shares" else with_newer(one) for name, one in value.items()}
        return {"M": {**inner["M"], **NEWER}} if "M" in inner else inner
    return [with_newer(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("name", "item"), of_kind("models: a model that "))
def test_a_model_is_read_as_every_version_has_written_it(name: str, item: dict[str, Any], tables: Tables) -> None:
    tables.put("models", item)
    assert tables.models.get(ARN) == replace(MODELS[name], revision=1)
    assert tables.models.put(tables.models.get(ARN))
    assert tables.take("models") == {**item, "Revision": {"N": "2"}}


@pytest.mark.parametrize(("name", "item"), of_kind("models: a model that "))
def test_what_a_newer_version_has_added_to_a_model_outlives_an_older_one(
    name: str, item: dict[str, Any], tables: Tables
) -> None:
    """Code in flight across a deploy, and all code after a rollback, write the item: what they don't know stays."""
    newer = with_newer(item) | NEWER
    tables.put("models", newer)
    read = tables.models.get(ARN)
    assert [lease.lease_id for lease in read.leases] == [lease.lease_id for lease in MODELS[name].leases]
    assert (read.claim is None, read.starts == ()) == (MODELS[name].claim is None, MODELS[name].starts == ())
    assert read == tables.models.get(ARN)  # the sweep compares: attributes come in any order
    assert tables.models.put(replace(read, changed_at=NOW + HOUR))
    changed = {"Revision": {"N": "2"}, "ChangedAt": {"S": "2026-11-24T08:00:00.000Z"}}
    assert tables.take("models") == {**newer, **changed}


def test_what_a_newer_version_has_added_to_a_lease_goes_with_the_lease(tables: Tables) -> None:
    (item,) = (item for name, item in of_kind("models: a model that ") if name == "is held")
    tables.put("models", with_newer(item))
    held = tables.models.get(ARN)
    assert all(lease.others for lease in held.leases)
    assert tables.models.put(replace(held, leases=(held.leases[0], Lease("new", NOW))))
    kept = tables.take("models")["Leases"]["L"]
    assert [lease["M"].get("AddedLater") for lease in kept] == [NEWER["AddedLater"], None]


@pytest.mark.parametrize("more", [{}, NEWER], ids=["as it was", "of a newer version"])
def test_executions_under_way_and_the_sweeps_mark_are_read(more: Mapping[str, Any], tables: Tables) -> None:
    for _, item in of_kind("models: an execution under way"):
        tables.put("models", {**item, **more})
        assert list(tables.executions.all()) == [execution().id]
        assert tables.executions.choose(execution().id, OTHER_ARN) == tables.executions.chosen(execution().id) == ARN
        assert tables.take("models") == {**item, **more}
    for _, item in of_kind("models: the sweep's mark"):
        tables.put("models", {**item, **more})
        assert tables.sweeps.last() == tables.sweeps.mark(NOW + HOUR) == NOW
        assert tables.take("models") == {**item, **more, "SweptAt": {"S": "2026-11-24T08:00:00.000Z"}}


@pytest.mark.parametrize("more", [{}, NEWER], ids=["as it was", "of a newer version"])
def test_what_the_sweep_saw_is_read(more: Mapping[str, Any], tables: Tables) -> None:
    """The page of another version shows it; where it can't it reads all, so that the text may change at any time."""
    found = of_kind("models: what the sweep saw")
    assert found
    for _, item in found:
        text = item["Seen"]["S"].replace('"Status"', '"Later":[{"By":0.5}],"Status"') if more else item["Seen"]["S"]
        tables.put("models", {**item, **more, "Seen": {"S": text}})
        read = tables.sweeps.record()
        assert read
        assert (read.at, set(read.projects)) == (SWEPT.at, set(SWEPT.projects))


@pytest.mark.parametrize("more", [{}, NEWER], ids=["as it was", "of a newer version"])
def test_calls_queue_behind_those_of_other_versions(more: Mapping[str, Any], tables: Tables) -> None:
    for _, item in of_kind("models: when the next call"):
        free_at = int(NOW.timestamp() * 1000) + 10_000
        tables.put("models", {**item, **more, "FreeAt": {"N": str(free_at)}})
        assert tables.limit.queue("DescribeProjectVersions", None) == datetime.fromtimestamp(free_at / 1000, UTC)
        assert tables.take("models") == {**item, **more, "FreeAt": {"N": str(free_at + 250)}}


@pytest.mark.parametrize("more", [{}, NEWER], ids=["as it was", "of a newer version"])
@pytest.mark.parametrize(("name", "item"), of_kind("ledger: a session "))
def test_a_session_is_on_the_bill(name: str, item: dict[str, Any], more: Mapping[str, Any], tables: Tables) -> None:
    tables.put("ledger", {**(with_newer(item) if more else item), **more})
    assert list(tables.ledger.sessions("2026-11", NOW)) == [SESSIONS[name]]


@pytest.mark.parametrize("more", [{}, NEWER], ids=["as it was", "of a newer version"])
def test_a_token_means_the_same_execution_and_the_same_input(more: Mapping[str, Any], tables: Tables) -> None:
    """Else a pipeline that tries again across a deploy would start twice, or be refused."""
    for _, item in of_kind("idempotency: a token"):
        tables.put("idempotency", {**item, **more})
        late_comer = TokenHolder(execution("again").id, fingerprint(ASKED))
        assert tables.tokens.hold(TOKEN, late_comer, NOW + 26 * HOUR) == HOLDER
        assert tables.tokens.holder(TOKEN) == HOLDER
        tables.take("idempotency")
