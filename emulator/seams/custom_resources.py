"""CloudFormation: custom resources of Lambda functions.

moto runs those of the type ``Custom::...`` in a container, only when they are made.
"""

from __future__ import annotations

import json
import uuid
from typing import Any, Self

from moto.cloudformation.exceptions import ValidationError
from moto.core.common_models import CloudFormationModel
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from emulator.seams import clients, lambdas

_BUCKET = "cloudformation-custom-resource-response"


class CustomResourceError(Exception):
    """The function answered FAILED, or not at all; the message says why."""


class CustomResource(CloudFormationModel):
    """AWS::CloudFormation::CustomResource: its function is called for each request, and answers to a URL of Amazon S3.

    The call is waited for; one that fails without an answer is a failure at once; moto asks again for an update.
    """

    def __init__(self, place: dict[str, str], properties: dict[str, Any]) -> None:
        self._place = place
        self._properties = properties
        self.physical_resource_id = ""

    @staticmethod
    def cloudformation_type() -> str:
        """The CloudFormation type this class stands for."""
        return "AWS::CloudFormation::CustomResource"

    @staticmethod
    def cloudformation_name_type() -> str:
        """It has no name of its own."""
        return ""

    @classmethod
    def create_from_cloudformation_json(  # type: ignore[override]  # moto names it otherwise, and calls it by position
        cls, _: str, cloudformation_json: Any, account_id: str, region_name: str, **about: Any
    ) -> Self:
        """Ask its function to make it."""
        place = {"account": account_id, "region": region_name, "logical_id": about["LogicalId"]}
        made = cls({**place, "stack_id": about["StackId"]}, cloudformation_json["Properties"])
        try:
            made.ask("Create")
        except CustomResourceError as error:
            raise ValidationError(about["LogicalId"], message=str(error)) from error
        return made

    @classmethod
    def update_from_cloudformation_json(  # type: ignore[override]  # moto names it otherwise, and calls it by position
        cls, original_resource: Self, cloudformation_json: Any, **_: Any
    ) -> Self:
        """Ask its function to change it, where its properties did."""
        before, after = original_resource._properties, cloudformation_json["Properties"]
        if before == after:
            return original_resource
        changed = cls(original_resource._place, after)
        changed.physical_resource_id = original_resource.physical_resource_id
        changed.ask("Update", OldResourceProperties=_as_text(before))
        return changed

    def delete(self, account_id: str, region_name: str) -> None:  # noqa: ARG002 - as moto calls it
        """Ask its function to delete it.

        Raises
        ------
        CustomResourceError
            It refuses.
        """
        self.ask("Delete")

    def ask(self, kind: str, **more: Any) -> None:
        """Call the function, and read its answer."""
        request_id = str(uuid.uuid4())
        known = {"PhysicalResourceId": self.physical_resource_id} if self.physical_resource_id else {}
        event = {
            "RequestType": kind,
            "RequestId": request_id,
            "ResponseURL": _url(self._place["account"], self._place["region"], request_id),
            "ServiceToken": self._properties["ServiceToken"],
            "StackId": self._place["stack_id"],
            "LogicalResourceId": self._place["logical_id"],
            "ResourceType": self.cloudformation_type(),
            "ResourceProperties": _as_text(self._properties),
            **known,
            **more,
        }
        outcome = lambdas.invoke(self._properties["ServiceToken"], json.dumps(event).encode())
        answer = _answer(self._place["account"], self._place["region"], request_id)
        if answer is None:
            raise CustomResourceError(f"The function did not answer: {outcome.error or outcome.payload.decode()}")
        if answer["Status"] != "SUCCESS":
            raise CustomResourceError(
                f"Received response status [FAILED] from custom resource. Message: {answer['Reason']}"
            )
        self.physical_resource_id = answer["PhysicalResourceId"]


def _as_text(properties: dict[str, Any]) -> dict[str, Any]:
    """Numbers and booleans reach a function as text; what is for CloudFormation alone does not."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in properties.items()}


def _url(account: str, region: str, key: str) -> str:
    backend = s3_backends[account][get_partition(region)]
    if _BUCKET not in backend.buckets:
        backend.create_bucket(_BUCKET, region)
    url: str = clients.client("s3", region).generate_presigned_url("put_object", Params={"Bucket": _BUCKET, "Key": key})
    return url


def _answer(account: str, region: str, key: str) -> dict[str, str] | None:
    found = s3_backends[account][get_partition(region)].get_object(_BUCKET, key)
    answer: dict[str, str] | None = json.loads(found.value) if found else None
    return answer
