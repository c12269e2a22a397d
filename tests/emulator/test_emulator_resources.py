"""Resources beside the executions: what a template refers to them by resolves."""

import json
import uuid
from typing import Any

from emulator.server import Emulator
from tests.emulator.stacks import deploy, rule


def test_alarms_deploy_with_their_actions_and_show_on_a_dashboard(bare: Emulator) -> None:
    stack, name = f"alarms-{uuid.uuid4()}", f"alarm-{uuid.uuid4()}"

    def deployed(threshold: int) -> dict[str, str]:
        metric = {"Namespace": "AWS/States", "MetricName": "ExecutionsFailed", "Statistic": "Sum", "Period": 60}
        condition = {
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "AlarmActions": [{"Ref": "Topic"}],
        }
        body = {"Fn::Join": ["", ['{"alarms": ["', {"Fn::GetAtt": ["Alarm", "Arn"]}, '"]}']]}
        resources: dict[str, Any] = {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}},
            "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": name, **metric, **condition}},
            "Unnamed": {"Type": "AWS::CloudWatch::Alarm", "Properties": {**metric, **condition}},
            "Dashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": body}},
        }
        return deploy(bare, resources, name=stack, Arn={"Fn::GetAtt": ["Alarm", "Arn"]})

    first = deployed(1)
    assert (first["Alarm"], first["Arn"]) == (name, f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}")
    shown = bare.client("cloudwatch").get_dashboard(DashboardName=first["Dashboard"])["DashboardBody"]
    assert json.loads(shown) == {"alarms": [first["Arn"]]}
    assert deployed(2) == first


def test_queues_and_rules_are_referred_to(bare: Emulator) -> None:
    resources = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": f"bus-{uuid.uuid4()}"}},
        "Rule": rule({"source": ["a"]}, {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}),
        "OnBus": rule({"source": ["a"]}, EventBusName={"Ref": "Bus"}),
    }
    arns: dict[str, Any] = {f"{logical}Arn": {"Fn::GetAtt": [logical, "Arn"]} for logical in resources}
    outputs = deploy(bare, resources, Name={"Fn::GetAtt": ["Queue", "QueueName"]}, **arns)
    events = "arn:aws:events:us-east-1:123456789012"
    assert outputs["QueueArn"] == f"arn:aws:sqs:us-east-1:123456789012:{outputs['Name']}"
    assert outputs["RuleArn"] == f"{events}:rule/{outputs['Rule']}"
    assert outputs["OnBusArn"] == f"{events}:rule/{outputs['Bus']}/{outputs['OnBus']}"
    bare.client("sqs").send_message(QueueUrl=outputs["Queue"], MessageBody="a message")
    (message,) = bare.client("sqs").receive_message(QueueUrl=outputs["Queue"])["Messages"]
    assert message["Body"] == "a message"
