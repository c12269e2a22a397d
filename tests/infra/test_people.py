"""What people, and callers of other accounts, are given: policies, a role, commands and links."""

import json
import shlex

from tests.infra.grants import PROJECTS, RUN_WITH_MODEL, RUNS, START_MODEL, STARTS, STOP_MODEL, STOPS
from tools.templates import Template

ARN = "arn:${AWS::Partition}"
PLACE = "eu-west-1:111122223333"
READ = {"dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"}
VIEWERS = {
    START_MODEL: {"states:DescribeStateMachine", "states:ListExecutions"},
    STOP_MODEL: {"states:DescribeStateMachine", "states:ListExecutions"},
    STARTS: {"states:DescribeExecution", "states:GetExecutionHistory"},
    STOPS: {"states:DescribeExecution", "states:GetExecutionHistory"},
    RUN_WITH_MODEL: {"states:DescribeStateMachine", "states:ListExecutions"},
    RUNS: {"states:DescribeExecution", "states:GetExecutionHistory"},
    "${SharedModels.Arn}": READ,
    "${SharedLedger.Arn}": READ,
    f"{PROJECTS}/*": {"rekognition:DescribeProjectVersions"},
    "${SharedLogs.Arn}": {
        "logs:DescribeLogStreams",
        "logs:FilterLogEvents",
        "logs:GetLogEvents",
        "logs:StartQuery",
    },
    f"{ARN}:scheduler:{PLACE}:schedule/CustomLabelsLifecycle*/*": {"scheduler:GetSchedule"},
    "${NotificationsTopic}": {"sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"},
    f"{ARN}:cloudformation:{PLACE}:stack/CustomLabelsLifecycle/*": {"cloudformation:DescribeStacks"},
    f"{ARN}:cloudwatch::111122223333:dashboard/CustomLabelsLifecycle-eu-west-1": {"cloudwatch:GetDashboard"},
    "${PageFunction.Arn}": {"lambda:InvokeFunction"},
    "*": {
        "cloudwatch:DescribeAlarmHistory",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "cloudwatch:ListDashboards",
        "cloudwatch:ListMetrics",
        "dynamodb:ListTables",
        "logs:DescribeQueryDefinitions",
        "xray:BatchGetTraces",
        "xray:GetTraceSummaries",
        "logs:DescribeLogGroups",
        "logs:GetQueryResults",
        "logs:StopQuery",
        "rekognition:DescribeProjects",
        "scheduler:ListScheduleGroups",
        "scheduler:ListSchedules",
        "sns:ListTopics",
        "states:ListStateMachines",
    },
}
USED = ("boards", "brands", "packaging", "welds")
"""The projects of the settings."""
OPERATORS = {
    **VIEWERS,
    START_MODEL: VIEWERS[START_MODEL] | {"states:StartExecution"},
    STOP_MODEL: VIEWERS[STOP_MODEL] | {"states:StartExecution"},
    STARTS: VIEWERS[STARTS] | {"states:StopExecution"},
    STOPS: VIEWERS[STOPS] | {"states:StopExecution"},
    RUN_WITH_MODEL: VIEWERS[RUN_WITH_MODEL] | {"states:StartExecution"},
    RUNS: VIEWERS[RUNS] | {"states:StopExecution"},
    "${PageActFunction.Arn}": {"lambda:InvokeFunction"},
    **{f"{PROJECTS}/{name}/version/*/*": {"rekognition:DetectCustomLabels"} for name in USED},
}
READS = ("BatchGet", "Describe", "Get", "List", "Query", "Scan", "Filter", "StartQuery", "StopQuery")


def test_viewers_see_and_operators_start_and_stop_too(stack: Template) -> None:
    assert stack.managed("PeopleViewers") == VIEWERS
    assert stack.managed("PeopleOperators") == OPERATORS


def test_viewers_change_nothing(stack: Template) -> None:
    """The one function that they may invoke only reads."""
    invoked = {on for on, granted in VIEWERS.items() if "lambda:InvokeFunction" in granted}
    assert invoked == {"${PageFunction.Arn}"}
    of_the_page = {action for granted in stack.grants["PageRole"].values() for action in granted}
    actions = {action for granted in VIEWERS.values() for action in granted} - {"lambda:InvokeFunction"}
    for action in actions | of_the_page - {"logs:CreateLogStream", "logs:PutLogEvents"}:
        assert action.split(":")[1].startswith(READS), action


def test_operators_alone_may_act(stack: Template) -> None:
    act = "${PageActFunction.Arn}"
    assert act in stack.managed("PeopleOperators")
    assert act not in stack.managed("PeopleViewers")
    others = {role for role, grants in stack.grants.items() if any(on.startswith(act) for on in grants)}
    assert others == set()


def test_the_policies_have_names_to_attach_them_by_and_fit_into_iam_s_limit(hundred: Template) -> None:
    policies = hundred.of_type("AWS::IAM::ManagedPolicy")
    names = {name: policies[f"People{name}"]["ManagedPolicyName"] for name in ("Viewers", "Operators")}
    # Of another Region's stack in the same account they are others: managed policies are global.
    assert names == {name: f"CustomLabelsLifecycle-eu-west-1-{name.lower()}" for name in names}
    for name in names:
        document = json.dumps(policies[f"People{name}"]["PolicyDocument"], separators=(",", ":"))
        assert len(document) <= 6_144
    assert [on for on in hundred.managed("PeopleOperators") if "/version/" in on] == [f"{PROJECTS}/*/version/*/*"]
    assert hundred.outputs["OperatorsPolicyArn"] == "${PeopleOperators}"
    assert hundred.outputs["ViewersPolicyArn"] == "${PeopleViewers}"


# --- Other accounts ---------------------------------------------------------------------------------------------------


def test_each_trusted_principal_takes_the_role_with_its_own_external_id(stack: Template, minimal: Template) -> None:
    """What it may do then: test_iam.py."""
    role = stack.of_type("AWS::IAM::Role")["OtherAccountsCallerRole"]
    statements = role["AssumeRolePolicyDocument"]["Statement"]
    seen = [(one["Principal"]["AWS"], one["Condition"]) for one in statements]
    assert seen == [
        (f"{ARN}:iam::444455556666:root", {"StringEquals": {"sts:ExternalId": "inspection-pipeline"}}),
        ("arn:aws:iam::777788889999:role/packaging", {"StringEquals": {"sts:ExternalId": "packaging/line-1"}}),
    ]
    assert {(one["Effect"], one["Action"]) for one in statements} == {("Allow", "sts:AssumeRole")}
    assert stack.outputs["CallerRoleArn"] == "${OtherAccountsCallerRole.Arn}"
    assert "CallerRoleArn" not in minimal.outputs
    assert "OtherAccountsCallerRole" not in minimal.of_type("AWS::IAM::Role")


# --- Commands and links -----------------------------------------------------------------------------------------------


def test_the_commands_start_and_release_one_lease_of_the_first_model(stack: Template) -> None:
    """That they run as they are: tests/docs/test_terminal.py."""
    for machine, arn in (("StartModel", START_MODEL), ("StopModel", STOP_MODEL)):
        *words, given = shlex.split(stack.outputs[f"{machine}Command"])
        assert words == [
            *("aws", "stepfunctions", "start-execution", "--region", "eu-west-1"),
            *("--state-machine-arn", arn, "--input"),
        ]
        assert json.loads(given) == {"Model": "defects", "LeaseId": "by-hand"}


def test_the_links_lead_to_the_state_machines(stack: Template) -> None:
    home = "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/statemachines/view/"
    assert stack.outputs["StartModelConsole"] == f"{home}{START_MODEL}"
    assert stack.outputs["StopModelConsole"] == f"{home}{STOP_MODEL}"
