"""Ask the deployed stack whether it may be deleted, before ``make destroy`` deletes it.

CloudFormation asks the same function; but a stack whose deletion it was refused can't be updated any more.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.settings.settings import STACK_NAME, Settings

FUNCTION = "RemovalRemove"
"""How the function's logical id begins."""


def refusal(region: str, stack_name: str = STACK_NAME) -> str | None:
    """Why it may not be deleted; None where it may, or has nobody to ask."""
    cloudformation: Any = boto3.client("cloudformation", region)
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_name)
    found = [
        resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["LogicalResourceId"].startswith(FUNCTION) and resource["ResourceType"] == "AWS::Lambda::Function"
    ]
    if not found:
        return None
    answer = boto3.client("lambda", region).invoke(FunctionName=found[0], Payload=b"{}")
    said = json.load(answer["Payload"])
    if "FunctionError" in answer:
        return f"It can't be known whether models run: {said.get('errorMessage', said)}"
    return None if said["Success"] else str(said["Reason"])


def main(places: Sequence[Settings]) -> int:
    """Print why the stacks of these places may not be removed; 1 where one would be refused."""
    try:
        refusals = [refusal(settings.region) for settings in places]
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"Not asked whether models run ({error}): CloudFormation asks itself.\n")
        return 0
    found = [why_not for why_not in refusals if why_not is not None]
    if not found:
        return 0
    sys.stderr.write("\n".join([*found, "Nothing was asked of CloudFormation.\n"]))
    return 1
