"""Ask the deployed stack whether it may be deleted: ``python -m tools.removal``, before ``make destroy`` deletes it.

CloudFormation asks the same function; but a stack whose deletion it was refused can't be updated any more.
"""

import json
import os
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

import infra  # puts functions/ on the path
from infra.settings.cdk_json import settings_of
from infra.settings.settings import STACK_NAME, SettingsError

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


def main() -> int:
    """Print why not; 1 where it would be refused."""
    try:
        (settings,) = settings_of(place=os.environ.get("PLACE", ""))
        why_not = refusal(settings.region)
    except (SettingsError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"Not asked whether models run ({error}): CloudFormation asks itself.\n")
        return 0
    if why_not is None:
        return 0
    sys.stderr.write(f"{why_not}\nNothing was asked of CloudFormation.\n")
    return 1


if __name__ == "__main__":
    assert infra.__name__  # noqa: S101 - imported for what it does
    sys.exit(main())
