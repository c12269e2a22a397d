"""The recipe for Terraform, which is not run itself: what it hands to CloudFormation is what `make synth` writes."""

import json
import re
from pathlib import Path

import pytest

from tools.templates import Template

RECIPES = Path(__file__).parents[2] / "docs" / "recipes.md"


@pytest.fixture(scope="module")
def arguments() -> dict[str, str]:
    """Of the recipe's resource, as they are written."""
    (resource,) = re.findall(r"```hcl\n(.+?)\n```", RECIPES.read_text("utf-8"), re.DOTALL)
    return dict(re.findall(r"^  (\w+) += (.+)$", resource, re.MULTILINE))


def test_the_template_is_where_the_recipe_s_address_says(stack: Template, arguments: dict[str, str]) -> None:
    manifest = json.loads((stack.assembly / f"{stack.stack_id}.assets.json").read_text())
    (uploaded,) = [file for file in manifest["files"].values() if file["source"]["path"] == stack.file.name]
    (destination,) = uploaded["destinations"].values()
    template = destination["objectKey"].removesuffix(".json")
    account, region = "111122223333", "eu-west-1"
    bucket = destination["bucketName"].replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)
    bucket = re.sub(r"-\d{12}-[a-z0-9-]+$", f"-{account}-{region}", bucket)
    address = json.loads(arguments["template_url"]).replace("${var.template}", template)
    assert address == f"https://{bucket}.s3.{region}.amazonaws.com/{template}.json"


def test_cloudformation_needs_no_more_capabilities_than_the_recipe_gives(
    stack: Template, arguments: dict[str, str]
) -> None:
    template = json.loads(stack.text)
    types = {resource["Type"] for resource in template["Resources"].values()}
    assert json.loads(arguments["capabilities"]) == ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
    assert "AWS::IAM::Role" in types
    assert "Transform" not in template, "it would need CAPABILITY_AUTO_EXPAND"
    assert "AWS::CloudFormation::Stack" not in types
