"""Small stacks for tests of the emulator itself: a template in a few lines, without CDK."""

import hashlib
import io
import itertools
import json
import zipfile
from collections.abc import Sequence
from typing import Any

from emulator.deploy import deploy_stack
from emulator.runtime import Invocation
from emulator.server import Emulator
from tests.deployed.executions import StateMachine

_names = itertools.count(1)


def role(service: str, statements: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """A role for a service, with these statements."""
    assumed = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    properties: dict[str, Any] = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [assumed]}}
    if statements:
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        properties["Policies"] = [{"PolicyName": "own", "PolicyDocument": policy}]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def function(
    code: str | dict[str, str],
    *,
    version: str = "Version",
    statements: Sequence[dict[str, Any]] = (),
    timeout: int = 10,
) -> dict[str, Any]:
    """A function with inline code, or code in S3; its handler is `index.handler`. Its role, and a version of it."""
    return {
        "FunctionRole": role("lambda", statements),
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"ZipFile": code} if isinstance(code, str) else code,
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["FunctionRole", "Arn"]},
                "Runtime": "python3.13",
                "Timeout": timeout,
            },
        },
        version: {
            "Type": "AWS::Lambda::Version",
            "DeletionPolicy": "Retain",
            "Properties": {"FunctionName": {"Ref": "Function"}},
        },
    }


def uploaded(emulator: Emulator, source: str) -> dict[str, str]:
    """Code in Amazon S3, as CDK's assets are: moto updates a function with no other."""
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("index.py", source)
    code = {"S3Bucket": "assets", "S3Key": f"{hashlib.sha256(source.encode()).hexdigest()}.zip"}
    emulator.client("s3").create_bucket(Bucket=code["S3Bucket"])
    emulator.client("s3").put_object(Bucket=code["S3Bucket"], Key=code["S3Key"], Body=bundle.getvalue())
    return code


def machine(states: dict[str, Any], *, version: str = "Version", **fields: Any) -> dict[str, Any]:
    """A JSONata state machine, in which `${Function}` is the version's ARN; `fields` are the definition's own."""
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **fields}
    return {
        "MachineRole": role("states"),
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "RoleArn": {"Fn::GetAtt": ["MachineRole", "Arn"]},
                "DefinitionString": json.dumps(definition),
                "DefinitionSubstitutions": {"Function": {"Ref": version}},
            },
        },
    }


def task(payload: object = "{% $states.input %}", **fields: Any) -> dict[str, Any]:
    """A Task that invokes the function and ends the execution with its answer."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "${Function}", "Payload": payload},
        "TimeoutSeconds": 3600,
        "Output": "{% $states.result.Payload %}",
        **({"End": True} if "Next" not in fields else {}),
        **fields,
    }


def rule(pattern: dict[str, Any], *targets: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A rule that sends the events of a pattern to targets; `fields` are its other properties."""
    numbered = [{"Id": f"Target{number}", **target} for number, target in enumerate(targets)]
    return {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern, "Targets": numbered, **fields}}


def deploy(emulator: Emulator, *resources: dict[str, Any], name: str | None = None, **outputs: Any) -> dict[str, str]:
    """Deploy these resources as a stack of their own (or of this name). The outputs are the Refs of all of them too."""
    template: dict[str, Any] = {"Resources": {logical: one for part in resources for logical, one in part.items()}}
    refs = {logical: {"Ref": logical} for logical in template["Resources"]}
    template["Outputs"] = {output: {"Value": value} for output, value in {**refs, **outputs}.items()}
    stack = name or f"Stack{next(_names)}"
    return deploy_stack(stack, json.dumps(template), emulator.client("cloudformation"))


def deploy_machine(emulator: Emulator, states: dict[str, Any], code: str = "", *, timeout: int = 10) -> StateMachine:
    """Deploy a state machine, with a function of this code that may take so many seconds."""
    parts = function(code or "def handler(event, context): return event", timeout=timeout)
    outputs = deploy(emulator, parts, machine(states))
    return StateMachine(outputs["Machine"], emulator.client("stepfunctions"))


def invocations_of(emulator: Emulator, machine: StateMachine) -> list[Invocation]:
    """Those of the machine's own functions: others' may end at any time, as Settle does after each execution."""
    definition = machine.stepfunctions.describe_state_machine(stateMachineArn=machine.arn)["definition"]
    return [one for one in emulator.runtime.invocations if f":function:{one.function}:" in definition]
