"""An event that somebody lets happen: which rules match, what they start and with which input; over the CLI too."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from emulator.cli import app
from emulator.faults import Fault
from emulator.happenings import EventError
from emulator.server import Emulator
from emulator.transforming import target_input, transform
from tests.deployed.executions import StateMachine, wait_until
from tests.emulator.stacks import deploy, function, machine, role, rule

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "4c1e9bd2",
    "detail-type": "Shift begins",
    "source": "factory",
    "account": "123456789012",
    "time": "2026-11-23T06:00:00Z",
    "region": "us-east-1",
    "resources": ["arn:of:it"],
    "detail": {"model": "defects", "lines": [1, 2], "who": {"name": "Ann"}, "empty": "", "on": True},
}
RULE_ARN = "arn:aws:events:us-east-1:123456789012:rule/factory/new-images"


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ('{"Model": <model>}', {"Model": "defects"}),
        ('{"Model": "<model>"}', {"Model": "defects"}),
        ('{"Token": "rule/<id>"}', {"Token": "rule/4c1e9bd2"}),
        ('{"Lines": <lines>, "On": <on>, "Second": <second>}', {"Lines": [1, 2], "On": True, "Second": 2}),
        ('{"Who": <who>}', {"Who": {"name": "Ann"}}),
        ('{"Who": "<who>"}', {"Who": "{name: Ann}"}),
        ('{"Model": "<missing>", "Empty": <empty>}', {"Model": "", "Empty": ""}),
        ('{"Kept": "<unknown>"}', {"Kept": "<unknown>"}),
        ('{"Said": "\\"<model>\\""}', {"Said": '"defects"'}),
        ('{"Rule": <aws.events.rule-name>, "Arn": "<aws.events.rule-arn>"}', {"Rule": "new-images", "Arn": RULE_ARN}),
        ('{"Event": <aws.events.event.json>}', {"Event": EVENT}),
        (
            '{"Event": <aws.events.event>}',
            {"Event": {name: value for name, value in EVENT.items() if name != "detail"}},
        ),
    ],
)
def test_a_template_is_filled_in_as_eventbridge_documents_it(template: str, filled: Any) -> None:
    paths = {
        "id": "$.id",
        "model": "$.detail.model",
        "lines": "$.detail.lines",
        "second": "$.detail.lines[1]",
        "who": "$.detail.who",
        "on": "$.detail.on",
        "empty": "$.detail.empty",
        "missing": "$.detail.model.name",
    }
    text = transform({"InputPathsMap": paths, "InputTemplate": template}, EVENT, RULE_ARN)
    assert json.loads(text) == filled


def test_nothing_is_escaped_so_that_a_rule_has_to_see_to_it() -> None:
    event = {**EVENT, "detail": {"model": 'a", "Force": "yes'}}
    transformer = {"InputPathsMap": {"model": "$.detail.model"}, "InputTemplate": '{"Model": "<model>"}'}
    assert json.loads(transform(transformer, event, RULE_ARN)) == {"Model": "a", "Force": "yes"}


def test_without_a_word_of_it_the_target_gets_the_event() -> None:
    assert json.loads(target_input({}, EVENT, RULE_ARN)) == EVENT
    assert target_input({"InputPath": "$.detail.nothing"}, EVENT, RULE_ARN) == "null"


# --- State machines -------------------------------------------------------------------------------------------------

TRANSFORMED = {"InputPathsMap": {"model": "$.detail.model"}, "InputTemplate": '{"Model": "<model>"}'}
ECHO = {"Echo": {"Type": "Pass", "End": True}}


class Started:
    """A state machine, and the rule of a source of its own that starts it."""

    def __init__(self, emulator: Emulator, *, machine_arn: Any = None, **fields: Any) -> None:
        self.source = f"aws.test-{uuid.uuid4()}"
        target = {
            "Arn": machine_arn or {"Ref": "Machine"},
            "RoleArn": {"Fn::GetAtt": ["RuleRole", "Arn"]},
            "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}},
            "RetryPolicy": {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 3600},
            "InputTransformer": TRANSFORMED,
        }
        pattern = {"source": [self.source], "detail": {"model": [{"exists": True}]}}
        outputs = deploy(
            emulator,
            function("def handler(event, context): return event"),
            machine(ECHO),
            {
                "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
                "RuleRole": role("events"),
                "Rule": rule(pattern, target, **fields),
            },
        )
        self.emulator = emulator
        self.rule, self.queue = outputs["Rule"], outputs["Queue"]
        self.machine = StateMachine(outputs["Machine"], emulator.client("stepfunctions"))

    def event(self, **fields: Any) -> dict[str, Any]:
        return {"source": self.source, "detail-type": "Tested", "detail": {"model": "defects"}, **fields}

    def kept(self) -> list[dict[str, Any]]:
        """What is in the dead-letter queue."""
        sqs = self.emulator.client("sqs")
        received = sqs.receive_message(QueueUrl=self.queue, MessageAttributeNames=["All"], MaxNumberOfMessages=10)
        return [
            {
                **{name: one["StringValue"] for name, one in message["MessageAttributes"].items()},
                "Event": json.loads(message["Body"]),
            }
            for message in received.get("Messages", ())
        ]


def test_an_event_of_an_aws_service_starts_a_state_machine_through_the_transformer(bare: Emulator) -> None:
    started = Started(bare)
    happened = bare.event(started.event(id="one", time="2026-11-23T06:00:00Z"))
    (delivery,) = happened["Deliveries"]
    assert (happened["Id"], happened["Bus"], happened["Rules"]) == ("one", "default", [started.rule])
    assert (delivery["Rule"], delivery["Status"], delivery["Error"]) == (started.rule, "DELIVERED", None)
    execution = started.machine.wait(delivery["ExecutionArn"])
    assert (execution.status, execution.output) == ("SUCCEEDED", {"Model": "defects"})


def test_the_same_event_can_happen_twice(bare: Emulator) -> None:
    happened = bare.event(Started(bare).event(id="again"), twice=True)
    first, second = happened["Deliveries"]
    assert first["ExecutionArn"] != second["ExecutionArn"]


def test_an_event_that_no_rule_matches_names_those_there_are(bare: Emulator) -> None:
    started, disabled = Started(bare), Started(bare, State="DISABLED")
    with pytest.raises(EventError, match="no rule of the bus default matches") as error:
        bare.event(started.event(detail={}))
    assert started.rule in str(error.value)
    with pytest.raises(EventError, match=rf"{disabled.rule} \(DISABLED\)"):
        bare.event(disabled.event())
    with pytest.raises(EventError, match="there is no event bus nowhere"):
        bare.event(started.event(bus="nowhere"))


def test_what_is_no_event_is_reported_whole(bare: Emulator) -> None:
    problems = "detail-type is missing; Source is unknown; detail has to be of type dict"
    with pytest.raises(EventError, match=problems):
        bare.event({"source": "factory", "Source": "factory", "detail": "{}"})


def test_a_state_machine_that_can_t_be_started_now_is_tried_again(bare: Emulator) -> None:
    started = Started(bare)
    bare.faults.add(Fault("states:StartExecution", contains=started.machine.arn, error="ThrottlingException"))
    (delivery,) = bare.event(started.event())["Deliveries"]
    assert delivery["Status"] == "DELIVERED"
    assert started.kept() == []


def test_an_event_with_which_nothing_can_be_started_goes_to_the_dead_letter_queue_at_once(bare: Emulator) -> None:
    gone = "arn:aws:states:us-east-1:123456789012:stateMachine:gone"
    started = Started(bare, machine_arn=gone)
    (delivery,) = bare.event(started.event(id="lost"))["Deliveries"]
    assert delivery["Status"] == "FAILED"
    assert [one.attempts for one in bare.deliveries.list() if one.rule == started.rule] == [1]
    (kept,) = started.kept()
    assert (kept["TARGET_ARN"], kept["Event"]["id"]) == (gone, "lost")
    assert kept["RULE_ARN"].endswith(f":rule/{started.rule}")
    assert "StateMachineDoesNotExist" in kept["ERROR_MESSAGE"]


def test_faults_of_deliveries_are_those_of_functions(bare: Emulator) -> None:
    started = Started(bare)
    bare.faults.add(Fault("events:Deliver", contains=started.rule, lose=True))
    assert [one["Status"] for one in bare.event(started.event())["Deliveries"]] == ["LOST"]
    bare.faults.add(Fault("events:Deliver", contains=started.rule, twice=True))
    bare.client("events").put_events(Entries=[{"Source": started.source, "DetailType": "d", "Detail": '{"model": 1}'}])
    wait_until(
        lambda: [one.status for one in bare.deliveries.list() if one.rule == started.rule][1:] == ["DELIVERED"] * 2
    )


# --- The command ----------------------------------------------------------------------------------------------------


def command(emulator: Emulator, file: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["event", str(file), *options, "--endpoint", emulator.endpoint])
    return done.exit_code, done.output


def test_the_command_says_what_matched_and_what_was_started(bare: Emulator, tmp_path: Path) -> None:
    started, file = Started(bare), tmp_path / "event.json"
    file.write_text(json.dumps(started.event(id="from-a-file")))
    code, said = command(bare, file, "--twice")
    first, *deliveries = said.splitlines()
    assert (code, first) == (0, f"Event from-a-file on the bus default matches {started.rule}")
    assert len(deliveries) == 2
    assert all(f"{started.rule}: DELIVERED  arn:aws:states:" in line for line in deliveries)


def test_the_command_fails_where_no_rule_matches_or_there_is_no_event(bare: Emulator, tmp_path: Path) -> None:
    started, file = Started(bare), tmp_path / "event.json"
    file.write_text(json.dumps(started.event(detail={})))
    code, said = command(bare, file)
    assert code == 1
    assert started.rule in said
    file.write_text("no event")
    code, said = command(bare, file)
    assert (code, "is not JSON" in said) == (1, True)
    code, said = command(bare, tmp_path / "nothing.json")
    assert (code, "No such file" in said) == (1, True)
