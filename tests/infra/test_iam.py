"""Who may do what: every grant of every role, written out. A grant that is not here does not belong there."""

import json
import re

import pytest

from tests.conftest import HOME
from tests.infra.configurations import HUNDRED, MINIMAL, ROOT
from tools.asl import StateMachine, lambda_placeholder, state_machines
from tools.templates import Template, referenced

PLACE = "eu-west-1:111122223333"
PROJECTS = f"arn:${{AWS::Partition}}:rekognition:{PLACE}:project"
EXECUTIONS = f"arn:${{AWS::Partition}}:states:{PLACE}:execution:${{StartModelStateMachine.Name}}:*"
LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}

GRANTS = {
    "StartModelPrepareRole": {
        "${StartModelPrepareLogs.Arn}": LOG,
        "${SharedIdempotency.Arn}": {"dynamodb:PutItem"},
        "*": {"rekognition:DescribeProjects"},
        EXECUTIONS: {"states:DescribeExecution"},
    },
    "StartModelCheckRole": {
        "${StartModelCheckLogs.Arn}": LOG,
        "*": {"rekognition:DescribeProjects"},
        f"{PROJECTS}/*": {"rekognition:DescribeProjectVersions"},
        EXECUTIONS: {"states:DescribeExecution"},
    },
    "StartModelStartRole": {
        "${StartModelStartLogs.Arn}": LOG,
        f"{HOME}/boards/version/v1/1793520000000": {"rekognition:StartProjectVersion"},
        f"{HOME}/brands/version/v2/1793520000001": {"rekognition:StartProjectVersion"},
        f"{PROJECTS}/packaging/version/*/*": {"rekognition:StartProjectVersion"},
    },
    "NotificationsNotifyRole": {
        "${NotificationsNotifyLogs.Arn}": LOG,
        "${NotificationsTopic}": {"sns:Publish"},
        "${SharedKey.Arn}": {"kms:GenerateDataKey", "kms:Decrypt"},
        "${NotificationsBus.Arn}": {"events:PutEvents"},
        "${SharedIdempotency.Arn}": {
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
        },
    },
}
LOGGED_AND_TRACED = {
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
}
"""Step Functions Developer Guide, "Logging" and "X-Ray": with the resource ``*``."""

# AWS's names for a service, where IAM has another than boto3.
IAM_PREFIX = {"stepfunctions": "states"}


def test_every_role_has_exactly_these_grants(stack: Template) -> None:
    machine_roles = {name for name in stack.grants if name.endswith("StateMachineRole")}
    assert {role: grants for role, grants in stack.grants.items() if role not in machine_roles} == GRANTS


def test_roles_have_nothing_beside_their_policies(stack: Template) -> None:
    trusts = {"lambda.amazonaws.com", "states.amazonaws.com"}
    for name, role in stack.of_type("AWS::IAM::Role").items():
        assert role.keys() <= {"AssumeRolePolicyDocument", "Tags"}, name
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"]["Service"] in trusts, name


@pytest.mark.parametrize("machine", state_machines(), ids=lambda machine: machine.name)
def test_a_state_machine_may_do_what_its_definition_does(machine: StateMachine, stack: Template) -> None:
    properties = stack.machine(machine.text)
    needed: dict[str, set[str]] = {"*": LOGGED_AND_TRACED}
    for task in machine.tasks.values():
        placeholder = lambda_placeholder(task)
        assert placeholder, f"{task['Resource']}: say here what it needs"
        version = referenced(properties["DefinitionSubstitutions"][placeholder])
        function = referenced(stack.of_type("AWS::Lambda::Version")[version]["FunctionName"])
        needed[f"${{{function}.Arn}}"] = needed[f"${{{function}.Arn}}:*"] = {"lambda:InvokeFunction"}
    assert stack.grants[referenced(properties["RoleArn"])] == needed


def test_only_the_start_function_starts_and_only_what_is_configured(minimal: Template) -> None:
    (model,) = MINIMAL["models"]
    may_start = {
        (role, resource)
        for role, grants in minimal.grants.items()
        for resource, actions in grants.items()
        if "rekognition:StartProjectVersion" in actions
    }
    assert may_start == {("StartModelStartRole", model["project_version_arn"])}


def test_a_hundred_models_fit_into_what_iam_accepts(hundred: Template) -> None:
    """IAM quotas for a role: 10,240 characters of inline policies, 10 managed policies of 6,144 characters."""
    granted = hundred.grants["StartModelStartRole"].keys() - {"${StartModelStartLogs.Arn}"}
    assert granted == {model["project_version_arn"] for model in HUNDRED["models"]}
    size = {
        name: len(json.dumps(policy["PolicyDocument"], separators=(",", ":")))
        for name, policy in hundred.policies.items()
        if policy["Roles"] == ["${StartModelStartRole}"]
    }
    managed = size.keys() & hundred.of_type("AWS::IAM::ManagedPolicy").keys()
    assert sum(size[name] for name in size.keys() - managed) <= 10_240
    assert all(size[name] <= 6_144 for name in managed)
    assert len(managed) <= 10


# --- No grant without its use -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("handler", ["prepare", "check", "start", "notify"])
def test_a_function_is_granted_the_services_that_it_has_clients_for(handler: str, stack: Template) -> None:
    source = (ROOT / f"functions/handlers/{handler}.py").read_text("utf-8")
    used = {IAM_PREFIX.get(name, name) for name in re.findall(r'boto3\.client\("(\w+)"', source)}
    role = stack.grants[referenced(stack.functions[handler]["Role"])]
    granted = {action.split(":")[0] for actions in role.values() for action in actions}
    beside = {"logs", "kms"} if "sns" in used else {"logs"}  # the topic is encrypted
    assert granted == used | beside


@pytest.mark.parametrize("handler", ["prepare", "check", "start", "notify"])
def test_a_function_gets_the_environment_that_it_reads(handler: str, stack: Template) -> None:
    source = (ROOT / f"functions/handlers/{handler}.py").read_text("utf-8")
    reads = set(re.findall(r'os\.environ\["(\w+)"\]', source)) - {"LAMBDA_TASK_ROOT"}
    assert stack.functions[handler]["Environment"]["Variables"].keys() - {"POWERTOOLS_SERVICE_NAME"} == reads


def test_every_granted_action_is_called_somewhere_in_the_code() -> None:
    """Whether by the very function that has it, the tests on the emulator see."""
    sources = [*ROOT.glob("functions/lifecycle/*.py"), *ROOT.glob("build/vendor/aws_lambda_powertools/**/dynamodb.py")]
    code = "\n".join(source.read_text("utf-8") for source in sources)
    actions = {action for grants in GRANTS.values() for granted in grants.values() for action in granted}
    for action in actions:
        service, name = action.split(":")
        if service not in {"logs", "kms"}:
            method = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
            assert re.search(rf'\.{method}\(|get_paginator\("{method}"\)', code), action
