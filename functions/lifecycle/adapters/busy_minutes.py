"""In which minutes images were labelled, in the ledger's table: the adapter of ``ports.BusyMinutes``.

An item for each version and hour has the set of its minutes, so that a write is one unit of capacity however long the
month: DynamoDB counts the whole item. A month is one partition of its own, ``busy#2026-11``, which the grant of who
writes names; it is read in one query. Adding to a set commutes, and does nothing the second time. The item of the hour
in which a batch began names it until it has recorded its minutes: one that was aborted never does.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lifecycle.adapters.aws import errors_of
from lifecycle.model.bill import month_of
from lifecycle.model.idle import PARTITION, Busy, minute_of, moment_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

_HOUR = 60


class BusyMinutesTable:
    """``ports.BusyMinutes`` on boto3.

    Parameters
    ----------
    kept_for : timedelta
        As long as the sessions whose idle time they tell.
    """

    def __init__(self, client: "DynamoDBClient", table_name: str, kept_for: timedelta) -> None:
        self._client = client
        self._table_name = table_name
        self._kept_for = kept_for

    def add(self, project_version_arn: str, since: datetime, until: datetime) -> None:
        """Record the minutes from one moment to another, both included."""
        by_hour: dict[int, list[int]] = defaultdict(list)
        for minute in range(minute_of(since), minute_of(until) + 1):
            by_hour[minute // _HOUR].append(minute % _HOUR)
        for hour, minutes in by_hour.items():
            self._add(project_version_arn, moment_of(hour * _HOUR), minutes)

    def _add(self, project_version_arn: str, hour: datetime, minutes: list[int]) -> None:
        with errors_of("UpdateItem"):
            self._client.update_item(
                TableName=self._table_name,
                Key=_key(project_version_arn, hour),
                UpdateExpression="SET ExpiresAt = :expires ADD Minutes :minutes",
                ExpressionAttributeValues={
                    ":expires": self._expires(hour),
                    ":minutes": {"NS": [str(minute) for minute in minutes]},
                },
            )

    def begin(self, project_version_arn: str, at: datetime, batch: str) -> None:
        """Remember that a batch has begun, whose minutes are recorded at its end."""
        self._mark(project_version_arn, at, "SET ExpiresAt = :expires ADD Unfinished :batch", batch)

    def end(self, project_version_arn: str, began_at: datetime, batch: str) -> None:
        """Forget it: its minutes are recorded."""
        self._mark(project_version_arn, began_at, "SET ExpiresAt = :expires DELETE Unfinished :batch", batch)

    def _mark(self, project_version_arn: str, at: datetime, update: str, batch: str) -> None:
        hour = moment_of(minute_of(at) // _HOUR * _HOUR)
        with errors_of("UpdateItem"):
            self._client.update_item(
                TableName=self._table_name,
                Key=_key(project_version_arn, hour),
                UpdateExpression=update,
                ExpressionAttributeValues={":expires": self._expires(hour), ":batch": {"SS": [batch]}},
            )

    def _expires(self, hour: datetime) -> "AttributeValueTypeDef":
        return {"N": str(int((hour + self._kept_for).timestamp()))}

    def of(self, month: str) -> Busy:
        """Those of all versions in a month, as ``2026-11``; none of a version with a batch that has not ended."""
        found: dict[str, set[int]] = defaultdict(set)
        unknown: set[str] = set()
        with errors_of("Query"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table_name,
                KeyConditionExpression="#month = :month",
                ExpressionAttributeNames={"#month": "Month"},
                ExpressionAttributeValues={":month": {"S": f"{PARTITION}{month}"}},
            )
            for item in (item for page in pages for item in page["Items"]):
                arn, _, hour = item["Id"]["S"].rpartition("#")
                first = minute_of(datetime.strptime(f"{hour}+0000", "%Y-%m-%dT%H%z"))
                found[arn] |= {first + int(minute) for minute in item.get("Minutes", {}).get("NS", ())}
                unknown |= {arn} if "Unfinished" in item else set()
        return {arn: minutes for arn, minutes in found.items() if minutes and arn not in unknown}


def _key(project_version_arn: str, hour: datetime) -> "dict[str, AttributeValueTypeDef]":
    return {
        "Month": {"S": f"{PARTITION}{month_of(hour)}"},
        "Id": {"S": f"{project_version_arn}#{hour:%Y-%m-%dT%H}"},
    }
