"""Deleting the stack that the tests share."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto.cloudformation.models import cloudformation_backends

from emulator.remote import Remote, RemoteError
from emulator.server import Emulator
from tools.templates import STACK


def forget_models(emulator: Emulator) -> None:
    """Those of other tests, and what is remembered of them."""
    emulator.custom_labels.clear()
    table, dynamodb = emulator.outputs["ModelTableName"], emulator.client("dynamodb")
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            dynamodb.delete_item(TableName=table, Key={"Id": item["Id"]})


@contextmanager
def refused_removal(emulator: Emulator) -> Iterator[str]:
    """Why it is not deleted; afterwards it can be updated again, which on AWS it can't."""
    with pytest.raises(RemoteError) as refused:
        Remote(emulator.endpoint).destroy()
    try:
        yield str(refused.value)
    finally:
        cloudformation_backends[emulator.account_id][emulator.region].get_stack(STACK).status = "UPDATE_COMPLETE"
