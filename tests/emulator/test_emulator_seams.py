"""Each patch of moto's private parts: what it is for, seen from outside. One that fails says that moto has changed."""

import hashlib
import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import moto as moto_package
import pytest
from moto.awslambda.models import LambdaVersion

from emulator.faults import Fault
from emulator.seams.patching import patch
from emulator.server import Emulator
from tests.deployed.executions import StateMachine
from tests.emulator.stacks import deploy, deploy_machine, function, machine, task, uploaded

ECHO = "def handler(event, context): return event"


def evaluate(bare: Emulator, output: object, given: object = None, **assigned: object) -> Any:
    """What Step Functions makes of an Output, with these variables assigned before."""
    states = {
        "Assign": {"Type": "Pass", "Assign": {"unused": 1, **assigned}, "Next": "Evaluate"},
        "Evaluate": {"Type": "Pass", "Output": output, "End": True},
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "Assign", "States": states}
    stepfunctions = bare.client("stepfunctions")
    created = stepfunctions.create_state_machine(
        name=f"machine-{uuid.uuid4()}",
        definition=json.dumps(definition),
        roleArn=f"arn:aws:iam::{bare.account_id}:role/any",
    )
    execution = StateMachine(created["stateMachineArn"], stepfunctions).run({} if given is None else given)
    return execution.output if execution.status == "SUCCEEDED" else (execution.error, execution.cause)


def test_a_patch_of_what_is_gone_is_refused() -> None:
    with pytest.raises(AttributeError, match="LambdaVersion has no publish_to_the_moon any more"):
        patch(LambdaVersion, "publish_to_the_moon", None)


def test_ref_of_a_lambda_version_is_its_qualified_arn(bare: Emulator) -> None:
    outputs = deploy(bare, function(ECHO))
    assert outputs["Version"].endswith(f":function:{outputs['Function']}:1")


def test_ref_of_an_event_bus_is_its_name(bare: Emulator) -> None:
    bus = {"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "the-bus"}}}
    assert deploy(bare, bus)["Bus"] == "the-bus"


def test_an_email_subscription_is_made(bare: Emulator) -> None:
    subscription = {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "somebody@example.com"}
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}},
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {**subscription, "FilterPolicy": {"Severity": ["ERROR"]}},
        },
    }
    outputs = deploy(bare, resources)
    sns = bare.client("sns")
    (found,) = sns.list_subscriptions_by_topic(TopicArn=outputs["Topic"])["Subscriptions"]
    assert (found["SubscriptionArn"], found["Endpoint"]) == (outputs["Subscription"], "somebody@example.com")
    attributes = sns.get_subscription_attributes(SubscriptionArn=found["SubscriptionArn"])["Attributes"]
    assert json.loads(attributes["FilterPolicy"]) == {"Severity": ["ERROR"]}


@pytest.mark.filterwarnings("error")
def test_a_resource_that_moto_does_not_know_is_skipped(bare: Emulator) -> None:
    alarm = {"Alarm": {"Type": "AWS::Nothing::Known", "Properties": {}}}
    template = {"Resources": {**alarm, "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}}
    bare.client("cloudformation").create_stack(StackName="unknown-type", TemplateBody=json.dumps(template))
    (stack,) = bare.client("cloudformation").describe_stacks(StackName="unknown-type")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_a_state_machine_runs_with_its_substitutions(bare: Emulator) -> None:
    execution = deploy_machine(bare, {"Echo": task()}).run({"some": "input"})
    assert (execution.status, execution.output) == ("SUCCEEDED", {"some": "input"})


def test_a_function_knows_the_log_group_that_it_shares(bare: Emulator) -> None:
    code = "import os\ndef handler(event, context): return os.environ['AWS_LAMBDA_LOG_GROUP_NAME']"
    parts = function(code)
    parts["Function"]["Properties"]["LoggingConfig"] = {"LogGroup": {"Ref": "Logs"}}
    logs = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"shared-{uuid.uuid4()}"}}
    outputs = deploy(bare, {"Logs": logs, **parts})
    answer = bare.client("lambda").invoke(FunctionName=outputs["Version"])["Payload"]
    assert json.load(answer) == outputs["Logs"] == logs["Properties"]["LogGroupName"]  # type: ignore[index]  # parsed JSON


def test_an_update_publishes_the_new_code_and_keeps_the_old_version(bare: Emulator) -> None:
    def stack(answer: str) -> dict[str, str]:
        # Like CDK, which names the version after a hash of the code.
        version, code = f"Version{answer}", uploaded(bare, f"def handler(event, context): return {answer!r}")
        parts = function(code, version=version), machine({"Answer": task()}, version=version)
        return deploy(bare, *parts, name="updated")

    first, second = stack("old"), stack("new")
    invoke = bare.client("lambda").invoke
    assert json.load(invoke(FunctionName=first["Versionold"])["Payload"]) == "old"
    assert json.load(invoke(FunctionName=second["Versionnew"])["Payload"]) == "new"
    definition = bare.client("stepfunctions").describe_state_machine(stateMachineArn=second["Machine"])["definition"]
    assert second["Versionnew"] in definition


def test_a_start_without_a_name_gets_one(bare: Emulator) -> None:
    echo = deploy_machine(bare, {"Done": {"Type": "Succeed"}})
    first, second = echo.start({}), echo.start({})
    assert first != second
    assert not first.endswith(":None")


NASTY = 'it\'s "quoted"\n\\back\\ {% no %} é 😀 $states'


def test_variables_keep_every_character_and_shape(bare: Emulator) -> None:
    values = {"text": NASTY, "list": [NASTY], "one": [{"a": 1}], "empty": [], "null": None, "nested": {"k": {"v": 1.5}}}
    assert evaluate(bare, "{% $value %}", given=values, value="{% $states.input %}") == values
    text, said = "{% $states.input.text %}", {"Said": "{% $text & '!' %}"}
    assert evaluate(bare, said, given=values, text=text) == {"Said": NASTY + "!"}


def test_jsonata_has_the_functions_of_step_functions(bare: Emulator) -> None:
    wanted = {
        '$parse(\'{"a": [1, {"b": null}]}\')': {"a": [1, {"b": None}]},
        "$parse('[]')": [],
        "$string({'a': 'b \" c'})": '{"a":"b \\" c"}',
        "$merge([{'a': 1}, {'b': 2}])": {"a": 1, "b": 2},
        "$hash('x', 'SHA-256')": hashlib.sha256(b"x").hexdigest(),
        "$length($uuid())": 36,
        "$states.context.State.Name": "Evaluate",
        "$exists($states.context.Execution.StartTime)": True,
    }
    expressions = [f"{{% {expression} %}}" for expression in wanted]
    assert evaluate(bare, {"Results": expressions}) == {"Results": list(wanted.values())}


@pytest.mark.parametrize("expression", ["$parse('no json')", "$number('x')", "$states.input.missing", "1 +"])
def test_an_expression_that_fails_is_a_query_evaluation_error(bare: Emulator, expression: str) -> None:
    assert evaluate(bare, f"{{% {expression} %}}")[0] == "States.QueryEvaluationError"


def test_assign_catch_and_fail_work_together(bare: Emulator) -> None:
    seen = {
        "Error": "{% $states.errorOutput.Error %}",
        "Message": "{% $parse($states.errorOutput.Cause).errorMessage %}",
    }
    states = {
        "Fail": task(Catch=[{"ErrorEquals": ["Wanted"], "Assign": {"seen": seen}, "Next": "Ended"}]),
        "Ended": {"Type": "Fail", "Error": "{% $seen.Error %}", "Cause": "{% $seen.Message %}"},
    }
    code = "class Wanted(Exception): ...\ndef handler(event, context): raise Wanted(event['say'])"
    execution = deploy_machine(bare, states, code).run({"say": NASTY})
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "Wanted", NASTY)


def test_a_retry_counts_in_the_context(bare: Emulator) -> None:
    retry = [{"ErrorEquals": ["Again"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 2}]
    states = {"Try": task({"Count": "{% $states.context.State.RetryCount %}"}, Retry=retry)}
    code = """
class Again(Exception): ...
def handler(event, context):
    if event["Count"] < 2: raise Again
    return event
"""
    assert deploy_machine(bare, states, code).run({}).output == {"Count": 2}


def test_executions_of_one_definition_count_for_themselves(bare: Emulator) -> None:
    """Though the definition is parsed once."""
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 1}]
    failing = deploy_machine(bare, {"Try": task(Retry=retry)}, "def handler(event, context): raise ValueError")
    tries = [failing.run({}).failed_tasks() for _ in range(2)]
    assert tries == [["ValueError"] * 2] * 2


def test_a_task_that_takes_too_long_is_a_states_timeout(bare: Emulator) -> None:
    states = {"Slow": task(TimeoutSeconds=1)}
    execution = deploy_machine(bare, states, "import time\ndef handler(event, context): time.sleep(2.5)").run({})
    assert (execution.status, execution.error) == ("FAILED", "States.Timeout")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"error": "TooManyRequestsException"}, "Lambda.TooManyRequestsException"),
        ({"error": "ServiceException"}, "Lambda.ServiceException"),
        ({"error": "AccessDeniedException"}, "Lambda.AWSLambdaException"),
        ({"lose_answer": True}, "Lambda.SdkClientException"),
    ],
)
def test_errors_of_lambda_arrive_under_their_names(bare: Emulator, fault: dict[str, Any], error: str) -> None:
    this_one = str(uuid.uuid4())
    bare.faults.add(Fault("lambda:Invoke", contains=this_one, **fault))
    execution = deploy_machine(bare, {"Echo": task()}).run({"Of": this_one})
    assert (execution.status, execution.error) == ("FAILED", error)


@pytest.mark.parametrize(
    ("code", "timeout", "error"),
    [
        ("import os\ndef handler(event, context): os._exit(1)", 60, "Runtime.ExitError"),
        (
            "import os, signal\ndef handler(event, context): os.kill(os.getpid(), signal.SIGKILL)",
            60,
            "Runtime.OutOfMemory",
        ),
        ("import time\ndef handler(event, context): time.sleep(600)", 1, "Sandbox.Timedout"),
        ("import nothing_of_this_name", 60, "Runtime.ImportModuleError"),
    ],
)
def test_errors_of_the_runtime_arrive_under_their_names(bare: Emulator, code: str, timeout: int, error: str) -> None:
    execution = deploy_machine(bare, {"Run": task()}, code, timeout=timeout).run({})
    assert (execution.status, execution.error) == ("FAILED", error)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"error": "ThrottlingException"}, "StepFunctions.AWSStepFunctionsException"),
        ({"error": "AccessDeniedException"}, "StepFunctions.AWSStepFunctionsException"),
        ({"error": "KmsThrottlingException"}, "StepFunctions.KmsThrottlingException"),
        ({"error": "ExecutionLimitExceeded"}, "StepFunctions.ExecutionLimitExceededException"),
        ({"lose_answer": True}, "StepFunctions.SdkClientException"),
    ],
)
def test_errors_of_a_nested_start_arrive_under_their_names(bare: Emulator, fault: dict[str, Any], error: str) -> None:
    name = str(uuid.uuid4())
    bare.faults.add(Fault("states:StartExecution", contains=name, **fault))
    child = deploy_machine(bare, {"Done": {"Type": "Succeed"}})
    arguments = {"StateMachineArn": child.arn, "Name": name}
    start = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "Arguments": arguments, "End": True}
    execution = deploy_machine(bare, {"Start": start}).run({})
    assert (execution.status, execution.error) == ("FAILED", error)


def test_executions_are_stopped(bare: Emulator) -> None:
    waiting = deploy_machine(bare, {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}})
    arn = waiting.start({})
    waiting.stepfunctions.stop_execution(executionArn=arn, error="Enough", cause="of it")
    assert waiting.wait(arn).status == "ABORTED"


def test_a_cancelled_transaction_leaves_alone_what_others_write_meanwhile(bare: Emulator) -> None:
    table = f"table-{uuid.uuid4()}"
    key: Any = {"KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}]}
    key["AttributeDefinitions"] = [{"AttributeName": "Id", "AttributeType": "S"}]
    bare.client("dynamodb").create_table(TableName=table, BillingMode="PAY_PER_REQUEST", **key)
    bare.client("dynamodb").put_item(TableName=table, Item={"Id": {"S": "there"}})

    def writes(number: int) -> None:
        for one in range(20):
            bare.client("dynamodb").put_item(TableName=table, Item={"Id": {"S": f"{number}-{one}"}})

    client = bare.client("dynamodb")
    refused = client.exceptions.TransactionCanceledException  # made by who asks first: threads would make two of them

    def cancelled(_number: int) -> None:
        put: Any = {"TableName": table, "Item": {"Id": {"S": "there"}}}
        put["ConditionExpression"] = "attribute_not_exists(Id)"
        for _ in range(40):
            with pytest.raises(refused):
                client.transact_write_items(TransactItems=[{"Put": put}])

    with ThreadPoolExecutor(4) as pool:
        side_by_side = [pool.submit(work, number) for number in range(2) for work in (writes, cancelled)]
        for one in side_by_side:
            one.result()
    assert bare.client("dynamodb").scan(TableName=table)["Count"] == 41


def test_every_patch_is_offered_to_moto_and_names_what_moto_has() -> None:
    root = Path(__file__).parents[2]
    offered = (root / "docs" / "evidence" / "moto.md").read_text()
    seams = {file.name for file in (root / "emulator" / "seams").glob("*.py")} - {"__init__.py", "patching.py"}
    assert {name for name in seams if f"`{name}`" not in offered} == set()
    moto = Path(moto_package.__file__).parent
    places = set(re.findall(r"^\| `([\w/]+\.py)`", offered, re.MULTILINE))
    assert {place for place in places if not (moto / place).is_file()} == set()
