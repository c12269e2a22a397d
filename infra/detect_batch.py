"""The DetectBatch state machine: a workload that detects labels in every image under an S3 prefix."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.parts.functions import LifecycleFunction
from infra.parts.grants import DETECT, allow_to_describe_models, allow_to_record_busy_minutes, detection
from infra.parts.machines import LifecycleMachine, executions_arn, machine_arn
from infra.parts.nag import acknowledge
from infra.parts.shared import Shared
from infra.parts.statements import allow
from lifecycle.configuration import DetectBatch
from lifecycle.shared.s3_location import Place

NAME = "DetectBatch"


class DetectBatchWorkload(Construct):
    """Two functions around a Distributed Map, whose children call Amazon Rekognition themselves."""

    def __init__(self, scope: Construct, construct_id: str, shared: Shared, settings: DetectBatch) -> None:
        super().__init__(scope, construct_id)
        images, results = [Place.parse(uri) for uri in settings.images], [Place.parse(settings.results)]
        ledger = shared.table_names("LEDGER")
        prepare = shared.function(
            self, "Prepare", handler="detect_batch_prepare", timeout_seconds=30, environment=ledger
        )
        # Results may have millions of lines.
        summarise = shared.function(
            self,
            "Summarise",
            handler="detect_batch_summarise",
            timeout_seconds=900,
            environment=ledger,
        )
        machine = LifecycleMachine(
            self,
            "StateMachine",
            name=NAME,
            definition="detect_batch.asl.json",
            functions={"Prepare": prepare, "Summarise": summarise},
            log_group=shared.logs,
        )
        self.state_machine = machine.state_machine

        allow_to_describe_models(prepare)
        allow_to_locate_images(prepare, settings)
        _allow_to_list(prepare.role, images)
        _allow_to_list(summarise.role, results)
        allow(summarise.role, ["s3:GetObject", "s3:PutObject"], _objects(results))
        for function in (prepare, summarise):
            allow_to_record_busy_minutes(function, shared)

        role = self.state_machine.role
        found = detection(self, shared.settings)
        allow(role, [DETECT], found.resources)
        acknowledge(self.state_machine, found.acknowledged)
        # Amazon Rekognition reads images with the rights of who calls it.
        _allow_to_list(role, images)
        allow(role, ["s3:GetObject"], _objects(images))
        # Step Functions Developer Guide, "IAM policies for ResultWriter".
        writing = ["s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
        allow(role, writing, _objects(results))
        self._allow_to_run_children()

        reason = "Every object of the folders that cdk.json names ('detect_batch'), and of no other."
        for who, places in ((summarise, results), (self.state_machine, [*images, *results])):
            acknowledge(who, {f"AwsSolutions-IAM5[Resource::{_found(one)}]": reason for one in places})

    def _allow_to_run_children(self) -> None:
        """Step Functions Developer Guide, "IAM policies for using Distributed Map states"."""
        stack, role = cdk.Stack.of(self), self.state_machine.role
        allow(role, ["states:StartExecution"], [machine_arn(self, NAME)])
        allow(role, ["states:DescribeExecution", "states:StopExecution"], [executions_arn(self, NAME)])
        own = f"arn:<AWS::Partition>:states:{stack.region}:{stack.account}:execution:{stack.stack_name}-{NAME}:*"
        reason = "A Distributed Map's children are executions of its own state machine."
        acknowledge(self.state_machine, {f"AwsSolutions-IAM5[Resource::{own}]": reason})


def allow_to_locate_images(function: LifecycleFunction, settings: DetectBatch) -> None:
    """See in which Region the buckets of the images are."""
    places = [Place.parse(uri) for uri in settings.images]
    function.allow("s3:GetBucketLocation", on=[*dict.fromkeys(map(_bucket, places))])


def _allow_to_list(role: iam.IRole, places: Sequence[Place]) -> None:
    """What lies in these folders, and nothing else of their buckets."""
    for place in places:
        allow(role, ["s3:ListBucket"], [_bucket(place)], {"StringLike": {"s3:prefix": f"{place.folder}*"}})


def _objects(places: Sequence[Place]) -> list[str]:
    return [f"{_bucket(place)}/{place.folder}*" for place in places]


def _bucket(place: Place) -> str:
    return f"arn:{cdk.Aws.PARTITION}:s3:::{place.bucket}"


def _found(place: Place) -> str:
    """As cdk-nag names it."""
    return f"arn:<AWS::Partition>:s3:::{place.bucket}/{place.folder}*"
