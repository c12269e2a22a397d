"""Who may do what: every grant of every role, written out. A grant that is not here does not belong there."""

import importlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.config import Config

from handlers._runtime.environment import Environment
from tests.handlers.loading import fresh
from tests.infra.configurations import HUNDRED, ROOT, model
from tests.infra.grants import (
    BATCHES,
    BUSY_MINUTES,
    DETECT_BATCH,
    DRAIN_INBOX,
    DRAINS,
    GRANTS,
    INSPECTION,
    INSPECTIONS,
    LOG,
    OF_INBOXES,
    PLACE,
    PROJECTS,
    RUN_WITH_MODEL,
    RUNS,
    START_MODEL,
    STARTS,
    STOP_MODEL,
    STOPS,
    WHERE_INBOXES_ARE,
)
from tests.infra.policies import listed
from tests.infra.test_rules import acknowledged, paths
from tools.asl import StateMachine, lambda_placeholder, state_machines
from tools.templates import Template, referenced

HANDLERS = [
    "prepare",
    "check",
    "start",
    "stop",
    "notify",
    "settle",
    "sweep",
    "tick",
    "detect_batch_prepare",
    "detect_batch_summarise",
    "inbox_open",
    "inbox_tick",
    "inbox_worker",
    "page",
    "act",
    "remove",
]
IMAGES = "arn:${AWS::Partition}:s3:::factory-images"
SAMPLES = "arn:${AWS::Partition}:s3:::samples"
RESULTS = "arn:${AWS::Partition}:s3:::factory-results"
LEDGER = "${SharedLedger.Arn}"


def below(folder: str) -> str:
    """The condition of a list of what lies in a folder."""
    return f' if {{"StringLike": {{"s3:prefix": "{folder}*"}}}}'


LISTS_IMAGES = {
    f"{IMAGES}{below('line-1/')}": {"s3:ListBucket"},
    f"{IMAGES}{below('line-2/')}": {"s3:ListBucket"},
    f"{SAMPLES}{below('')}": {"s3:ListBucket"},
}
OF_BATCHES = {
    "DetectBatchPrepareRole": {
        "${SharedLogs.Arn}": LOG,
        "*": {"rekognition:DescribeProjects"},
        f"{PROJECTS}/*": {"rekognition:DescribeProjectVersions"},
        **LISTS_IMAGES,
        IMAGES: {"s3:GetBucketLocation"},
        SAMPLES: {"s3:GetBucketLocation"},
        f"{LEDGER}{BUSY_MINUTES}": {"dynamodb:UpdateItem"},
    },
    "DetectBatchSummariseRole": {
        "${SharedLogs.Arn}": LOG,
        f"{RESULTS}{below('labels/')}": {"s3:ListBucket"},
        f"{RESULTS}/labels/*": {"s3:GetObject", "s3:PutObject"},
        f"{LEDGER}{BUSY_MINUTES}": {"dynamodb:UpdateItem"},
    },
}
DETECTS = {
    f"{PROJECTS}/boards/version/*/*": {"rekognition:DetectCustomLabels"},
    f"{PROJECTS}/brands/version/*/*": {"rekognition:DetectCustomLabels"},
    f"{PROJECTS}/packaging/version/*/*": {"rekognition:DetectCustomLabels"},
    f"{PROJECTS}/welds/version/*/*": {"rekognition:DetectCustomLabels"},
    **LISTS_IMAGES,
    f"{IMAGES}/line-1/*": {"s3:GetObject"},
    f"{IMAGES}/line-2/*": {"s3:GetObject"},
    f"{SAMPLES}/*": {"s3:GetObject"},
    f"{RESULTS}/labels/*": {"s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"},
    DETECT_BATCH: {"states:StartExecution"},
    BATCHES: {"states:DescribeExecution", "states:StopExecution"},
}
"""What the Map of DetectBatch does with the rights of its state machine; Rekognition reads images with them too."""
OF_LEASES = {"StepsPrepareRole", "StepsCheckRole", "ReconciliationSettleRole", "ReconciliationSweepRole"}
"""Who writes leases. The records of inboxes, which lie beside them, are written by whoever has a row in OF_INBOXES."""
MAY_START = {
    "EventRulesshiftbeginsrole": {"${StartModelStateMachine}": {"states:StartExecution"}},
    "EventRulesshiftendsrole": {"${StopModelStateMachine}": {"states:StartExecution"}},
    "EventRulestrainedrole": {"${StartModelStateMachine}": {"states:StartExecution"}},
    "OtherAccountsCallerRole": {
        START_MODEL: {"states:StartExecution", "states:ListExecutions"},
        STOP_MODEL: {"states:StartExecution", "states:ListExecutions"},
        RUN_WITH_MODEL: {"states:StartExecution", "states:ListExecutions"},
        STARTS: {"states:DescribeExecution", "states:GetExecutionHistory"},
        STOPS: {"states:DescribeExecution", "states:GetExecutionHistory"},
        RUNS: {"states:DescribeExecution", "states:GetExecutionHistory"},
        **{
            f"{PROJECTS}/{name}/version/*/*": {"rekognition:DetectCustomLabels"}
            for name in ("boards", "brands", "packaging", "welds")
        },
    },
}
"""Who starts the state machines from outside: rules, and callers of other accounts."""
OF_SCHEDULES = {
    "ReconciliationEverySweepRole": "default",
    "InboxesEveryMinuteRole": "default",
    "SchedulesRole": "CustomLabelsLifecycle-schedules",
}
"""The roles that EventBridge Scheduler uses, each for the schedules of one group."""
NESTED: dict[str, set[str]] = {
    START_MODEL: {"states:StartExecution"},
    STOP_MODEL: {"states:StartExecution"},
    INSPECTION: {"states:StartExecution"},
    DETECT_BATCH: {"states:StartExecution"},
    DRAIN_INBOX: {"states:StartExecution"},
    STARTS: {"states:DescribeExecution", "states:StopExecution"},
    INSPECTIONS: {"states:DescribeExecution", "states:StopExecution"},
    BATCHES: {"states:DescribeExecution", "states:StopExecution"},
    DRAINS: {"states:DescribeExecution", "states:StopExecution"},
    f"arn:${{AWS::Partition}}:events:{PLACE}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule": {
        "events:PutTargets",
        "events:PutRule",
        "events:DescribeRule",
    },
}
"""What a run may start, wait for and end: Step Functions Developer Guide, "Start a new execution ... from a running
execution", IAM policies. StopModel it does not wait for."""
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

OF_POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}
CALLED_OTHERWISE = {
    "lambda:InvokeFunction": "invoke",
    "s3:ListBucket": "list_objects_v2",
    "s3:GetObjectVersion": "detect_custom_labels",  # Amazon Rekognition reads a version with the rights of who calls it
}
# AWS's names for a service, where IAM has another than boto3.
IAM_PREFIX = {"stepfunctions": "states"}


def allowed(template: Template, action: str) -> set[tuple[str, str]]:
    """The roles and resources that an action is granted to and on."""
    return {
        (role, resource)
        for role, grants in template.grants.items()
        for resource, actions in grants.items()
        if action in actions
    }


@dataclass
class Taken:
    """What a handler takes when it is imported."""

    services: set[str]
    variables: set[str]


def taken(handler: str, stack: Template, bundle: Path, without: str = "") -> Taken:
    """Import a handler with its environment as deployed, and see what it asks for: each client is made at once."""
    environment = {**variables(handler, stack), "LAMBDA_TASK_ROOT": str(bundle), "AWS_DEFAULT_REGION": "eu-west-1"}
    environment.pop(without, None)
    found = Taken(set(), set())

    def client(service: str, config: Config) -> mock.Mock:  # noqa: ARG001 - as it is called
        found.services.add(service)
        return mock.Mock()

    with fresh(), mock.patch.dict(os.environ, environment, clear=True), mock.patch.object(boto3, "client", client):
        made = importlib.import_module("handlers._runtime.clients")
        read = importlib.import_module("handlers._runtime.environment")
        with (
            mock.patch.object(made, "lazily", lambda make: make()),
            mock.patch.object(read, "os", SimpleNamespace(environ=Recorded(os.environ, found.variables))),
        ):
            importlib.import_module(f"handlers.{handler}")
    return found


class Recorded(dict[str, str]):
    """An environment that knows what was read of it."""

    def __init__(self, environment: Mapping[str, str], read: set[str]) -> None:
        super().__init__(environment)
        self._read = read

    def get(self, name: str, default: Any = None) -> Any:
        self._read.add(name)
        return super().get(name, default)


def variables(handler: str, stack: Template) -> dict[str, str]:
    given: dict[str, str] = stack.functions[handler]["Environment"]["Variables"]
    return given


def of_lambda() -> set[str]:
    """What every function finds in its environment."""
    return {one.name for one in vars(Environment).values() if getattr(one, "given_by", "").startswith("AWS Lambda")}


def test_every_role_has_exactly_these_grants(stack: Template) -> None:
    """Those of the state machines and of the schedules are compared with what these call: below."""
    others = {name for name in stack.grants if name.endswith("StateMachineRole")} | OF_SCHEDULES.keys()
    assert {role: grants for role, grants in stack.grants.items() if role not in others} == _together(
        GRANTS | OF_BATCHES | OF_INBOXES | MAY_START, WHERE_INBOXES_ARE
    )


def _together(grants: Mapping[str, Mapping[str, set[str]]], more: Mapping[str, Mapping[str, set[str]]]) -> Any:
    roles = {role: dict(granted) for role, granted in grants.items()}
    for role, granted in more.items():
        for on, actions in granted.items():
            roles[role][on] = roles[role].get(on, set()) | actions
    return roles


def test_roles_have_nothing_beside_their_policies_and_are_for_one_service_of_this_account(stack: Template) -> None:
    """A role of Lambda can be given to a function of this account only: it has no condition for it. That of chat
    channels may do nothing."""
    arn, account = "arn:${AWS::Partition}", {"aws:SourceAccount": "111122223333"}
    machines = {"aws:SourceArn": f"{arn}:states:{PLACE}:stateMachine:*"}
    groups = {
        name: {"aws:SourceArn": f"{arn}:scheduler:{PLACE}:schedule-group/{group}"}
        for name, group in OF_SCHEDULES.items()
    }
    trusts = {
        "lambda.amazonaws.com": {},
        "states.amazonaws.com": {"StringEquals": account, "ArnLike": machines},
        "chatbot.amazonaws.com": {},
    }
    for name, role in stack.of_type("AWS::IAM::Role").items():
        if name in MAY_START:  # test_event_rules.py, test_people.py
            continue
        assert role.keys() <= {"AssumeRolePolicyDocument", "Description", "Tags"}, name
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == "sts:AssumeRole", name
        service = statement["Principal"]["Service"]
        trusted = {"StringEquals": account | groups[name]} if name in groups else trusts[service]
        assert statement.get("Condition", {}) == trusted, name
        assert (service == "scheduler.amazonaws.com") == (name in groups), name


@pytest.mark.parametrize("machine", state_machines(), ids=lambda machine: machine.name)
def test_a_state_machine_may_do_what_its_definition_does(machine: StateMachine, stack: Template) -> None:
    properties = stack.machine(machine.text)
    needed: dict[str, set[str]] = {"*": LOGGED_AND_TRACED}
    if machine.name == "run_with_model":
        needed |= NESTED
    if machine.name == "detect_batch":
        needed |= DETECTS
    for task in machine.tasks.values():
        placeholder = lambda_placeholder(task)
        if placeholder is None:
            assert task["Resource"].startswith("arn:aws:states:::states:startExecution"), "say here what it needs"
            continue
        version = referenced(properties["DefinitionSubstitutions"][placeholder])
        function = referenced(stack.of_type("AWS::Lambda::Version")[version]["FunctionName"])
        needed[f"${{{function}.Arn}}:*"] = {"lambda:InvokeFunction"}
    assert stack.grants[referenced(properties["RoleArn"])] == needed


def test_a_schedule_may_do_what_it_does(stack: Template) -> None:
    """It may call every version of its function: while a deploy turns it to a new one, it calls the one before."""
    schedules = stack.of_type("AWS::Scheduler::Schedule").values()
    assert {referenced(schedule["Target"]["RoleArn"]) for schedule in schedules} == OF_SCHEDULES.keys()
    for schedule in schedules:
        target = schedule["Target"]
        called = referenced(stack.of_type("AWS::Lambda::Version")[referenced(target["Arn"])]["FunctionName"])
        # Scheduler reads an encrypted schedule with the rights of its role.
        encrypted = {schedule["KmsKeyArn"]: {"kms:Decrypt"}} if "KmsKeyArn" in schedule else {}
        assert stack.grants[referenced(target["RoleArn"])] == {
            f"${{{called}.Arn}}:*": {"lambda:InvokeFunction"},
            target["DeadLetterConfig"]["Arn"]: {"sqs:SendMessage"},
            **encrypted,
        }


def test_a_rule_and_nobody_else_is_permitted_to_call_the_version_that_is_its_target(stack: Template) -> None:
    """And before it is its target: EventBridge does not try again what it was not permitted to call."""
    (permission,) = stack.of_type("AWS::Lambda::Permission").items()
    rule = "ReconciliationExecutionEnded", stack.of_type("AWS::Events::Rule")["ReconciliationExecutionEnded"]
    (target,) = rule[1]["Targets"]
    assert permission[1] == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": target["Arn"],
        "Principal": "events.amazonaws.com",
        "SourceArn": f"arn:${{AWS::Partition}}:events:{PLACE}:rule/{rule[1]['Name']}",
    }
    assert permission[0] in stack.depends_on(rule[0])


@pytest.mark.parametrize(
    ("action", "role", "on"),
    [
        ("rekognition:StartProjectVersion", "StartModelStartRole", model()["project_version_arn"]),
        ("rekognition:StopProjectVersion", "StopModelStopRole", f"{PROJECTS}/{model()['name']}/version/*/*"),
    ],
)
def test_one_function_starts_and_one_stops_and_only_what_is_configured(
    action: str, role: str, on: str, minimal: Template
) -> None:
    """The stop any version of the projects: the one that was configured before a training may be running still."""
    assert allowed(minimal, action) == {(role, on)}


def test_what_refuses_a_removal_stops_nothing(minimal: Template) -> None:
    actions = {action for granted in minimal.grants["RemovalRemoveRole"].values() for action in granted}
    assert not actions & {"states:StartExecution", "states:StopExecution"}
    assert STOPS not in minimal.grants["RemovalRemoveRole"]


def test_every_project_is_every_version_and_needs_no_other_grant(every_project: Template) -> None:
    every = f"{PROJECTS}/*/version/*/*"
    configured = ("StartModelStartRole", model()["project_version_arn"])
    assert allowed(every_project, "rekognition:StartProjectVersion") == {("StartModelStartRole", every), configured}
    assert allowed(every_project, "rekognition:StopProjectVersion") == {("StopModelStopRole", every)}


WRITERS = {
    "${SharedModels.Arn}": {*OF_LEASES, *OF_INBOXES, "PageActRole", "RemovalRemoveRole"},
    LEDGER: {"StepsCheckRole", "ReconciliationSweepRole"},
    f"{LEDGER}{BUSY_MINUTES}": {*("InboxesInboxline1WorkerRole", "DetectBatchPrepareRole", "DetectBatchSummariseRole")},
    "${SharedIdempotency.Arn}": {
        *("StepsPrepareRole", "NotificationsNotifyRole", "ReconciliationSettleRole", "ReconciliationSweepRole"),
        *("InboxesTickRole", "InboxesInboxline1WorkerRole"),
    },
}
"""Who writes each table, or a part of it."""
CHANGING = {
    f"dynamodb:{action}"
    for action in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLDelete")
}


def test_nobody_but_these_functions_writes_a_table(stack: Template) -> None:
    """Whoever writes leases and claims decides what runs. No person does, nor another account."""
    writers: dict[str, set[str]] = {}
    for role, grants in stack.grants.items():
        for resource, actions in grants.items():
            if actions & CHANGING:
                writers.setdefault(resource, set()).add(role)
    assert writers == WRITERS
    for people in ("PeopleViewers", "PeopleOperators"):
        assert not [resource for resource, actions in stack.managed(people).items() if actions & CHANGING]


def test_nobody_may_change_the_stack_its_functions_or_its_roles(stack: Template) -> None:
    """No role, and no policy for people, is a way to more rights; and what is deployed changes by a deploy alone."""
    granted = {action for grants in stack.grants.values() for actions in grants.values() for action in actions}
    for people in ("PeopleViewers", "PeopleOperators"):
        granted |= {action for actions in stack.managed(people).values() for action in actions}
    # Remove asks whether a policy for people is in use: it can't be deleted then.
    assert {action for action in granted if action.startswith(("iam:", "sts:", "organizations:"))} == {
        "iam:ListEntitiesForPolicy"
    }
    writes = re.compile(
        r"(lambda|states|cloudformation|scheduler|kms):(Create|Update|Put|Add|Delete|Publish|Tag|Schedule)"
    )
    # Which may be switched on and off, no more, and only those of inboxes' workers, by a condition (grants.py).
    granted.remove("lambda:UpdateEventSourceMapping")
    assert not [action for action in granted if writes.match(action)]
    # Step Functions keeps its own rule for nested executions.
    assert {action for action in granted if re.match(r"events:(Put|Delete|Remove)", action)} <= {
        *("events:PutEvents", "events:PutRule", "events:PutTargets")
    }


@pytest.mark.parametrize("handler", ["start", "stop"])
def test_a_hundred_models_fit_into_what_iam_accepts(handler: str, hundred: Template) -> None:
    """IAM quotas for a role: 10,240 characters of inline policies, 10 managed policies of 6,144 characters."""
    models = {
        "start": {model["project_version_arn"] for model in HUNDRED["models"]},
        "stop": {f"{PROJECTS}/{model['name']}/version/*/*" for model in HUNDRED["models"]},
    }
    role = referenced(hundred.functions[handler]["Role"])
    assert models[handler] == {
        resource
        for resource, actions in hundred.grants[role].items()
        if any(action.startswith("rekognition:") for action in actions)
    }
    size = {
        name: len(json.dumps(policy["PolicyDocument"], separators=(",", ":")))
        for name, policy in hundred.policies.items()
        if policy.get("Roles") == [f"${{{role}}}"]
    }
    managed = size.keys() & hundred.of_type("AWS::IAM::ManagedPolicy").keys()
    assert sum(size[name] for name in size.keys() - managed) <= 10_240
    assert all(size[name] <= 6_144 for name in managed)
    assert len(managed) <= 10


# --- No wildcard without its reason -----------------------------------------------------------------------------------


def test_no_action_has_a_wildcard(stack: Template) -> None:
    for name, policy in stack.policies.items():
        for statement in policy["PolicyDocument"]["Statement"]:
            assert not [action for action in listed(statement["Action"]) if "*" in action], name


def test_every_wildcard_in_a_resource_has_its_reason_where_it_is_granted(stack: Template) -> None:
    """On the construct whose policy it is, or one above. cdk-nag asks for it too; this counts without it."""
    reasons, wildcards, without = acknowledged(stack), set(), set()
    for name, policy in stack.policies.items():
        path = paths(stack)[stack.logical_ids[name]]
        for statement in policy["PolicyDocument"]["Statement"]:
            for resource in listed(statement["Resource"]):
                # As findings name it: <LogicalId.Arn>, <AWS::Partition>.
                found = re.sub(r"\$\{(\w+)", lambda one: f"${{{stack.logical_ids.get(one[1], one[1])}", resource)
                finding = f"AwsSolutions-IAM5[Resource::{found.replace('${', '<').replace('}', '>')}]"
                if "*" in resource:
                    wildcards.add(resource)
                    if not any(path.startswith(f"{at}/") and rule == finding for at, rule in reasons):
                        without.add((path, finding))
    assert without == set()
    assert {"*", f"{PROJECTS}/*", STARTS} <= wildcards


# --- No grant without its use -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_function_is_granted_the_services_that_it_has_clients_for(
    handler: str, stack: Template, bundle: Path
) -> None:
    used = {IAM_PREFIX.get(name, name) for name in taken(handler, stack, bundle).services}
    role = stack.grants[referenced(stack.functions[handler]["Role"])]
    granted = {action.split(":")[0] for actions in role.values() for action in actions}
    # Beside: logs; the key of the topic, which is encrypted; and the queue for what Lambda calls nobody else waits for.
    beside = {
        "logs",
        *(["kms"] if "sns" in used else []),
        *(["sqs"] if handler in {"settle", "sweep", "tick", "inbox_worker"} else []),
    }
    assert granted == used | beside


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_function_gets_the_environment_that_it_takes(handler: str, stack: Template, bundle: Path) -> None:
    given = variables(handler, stack).keys() - OF_POWERTOOLS
    assert taken(handler, stack, bundle).variables - of_lambda() == given


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_function_that_lacks_a_variable_does_not_start_and_says_which(
    handler: str, stack: Template, bundle: Path
) -> None:
    for name in variables(handler, stack).keys() - OF_POWERTOOLS - {"CHAT_TOPIC_ARN"}:
        with pytest.raises(Exception, match=f"^{name} is not in this function's environment") as missing:
            taken(handler, stack, bundle, without=name)
        assert type(missing.value).__name__ == "MissingVariable"


def test_the_table_of_variables_has_those_that_functions_get_and_no_others(stack: Template) -> None:
    known = {variable.name for variable in vars(Environment).values() if hasattr(variable, "given_by")}
    got = {name for handler in HANDLERS for name in variables(handler, stack)}
    assert known - of_lambda() == got - OF_POWERTOOLS


def test_every_granted_action_is_called_somewhere_in_the_code() -> None:
    """Whether by the very function that has it, the simulated account sees: `tests/account/test_grants.py`."""
    sources = [
        *ROOT.glob("functions/lifecycle/**/*.py"),
        *ROOT.glob("build/vendor/aws_lambda_powertools/**/dynamodb.py"),
    ]
    code = "\n".join(source.read_text("utf-8") for source in sources)
    actions = {
        action
        for grants in _together(GRANTS | OF_BATCHES | OF_INBOXES, WHERE_INBOXES_ARE).values()
        for granted in grants.values()
        for action in granted
    }
    for action in actions:
        service, name = action.split(":")
        if service not in {"logs", "kms", "sqs"}:  # what Lambda and SNS do
            method = CALLED_OTHERWISE.get(action) or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
            assert re.search(rf'\.{method}\(|get_paginator\("{method}"\)', code), action
