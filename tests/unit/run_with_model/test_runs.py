"""RunWithModel: what is asked of it, how a duplicate follows, and what is left to be done when a run has ended."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.configuration import Configuration, DetectBatch, Inbox, Model
from lifecycle.errors import InvalidRequest, ModelNotFound, ServiceUnavailable
from lifecycle.executions.consistency import KNOWN_AFTER
from lifecycle.executions.outcomes import Failure, Outcome
from lifecycle.executions.requests import Execution
from lifecycle.executions.state_machines import Machine
from lifecycle.model.decisions import Action, Progress
from lifecycle.model.leases import LONGEST_CALL, Lease, ModelItem, PendingLease
from lifecycle.model.version_choice import Choice
from lifecycle.notifications.execution_end import Abortion, Ending
from lifecycle.notifications.execution_messages import ending_notification
from lifecycle.notifications.notification import WHAT_HAPPENED, WHAT_IT_COSTS, WHAT_TO_DO
from lifecycle.ports import ExecutionState, StateMachine
from lifecycle.reconciliation.settle import Settler
from lifecycle.run_with_model import steps as run_steps
from lifecycle.run_with_model.request import Names, RunRequest, run_request
from lifecycle.run_with_model.workload import check_workload
from lifecycle.shared.wire import Json, from_wire, to_wire
from lifecycle.start_model.request import start_request
from tests.unit.examples import (
    ARN,
    CONFIGURATION,
    MACHINES,
    NOW,
    RUN,
    RUNS_WORKLOADS,
    WORKLOAD,
    WORKLOAD_NAME,
    execution,
    run,
)
from tests.unit.twins import WORKLOAD_MACHINE, Executions, Items, Models, Objects, OpenExecutions, Tokens

INPUT = {"Model": "defects", "Workload": {"StateMachineArn": WORKLOAD, "Input": {"Line": 1}}}
NAMES = Names.of(RUN)
START = MACHINES.start_model.replace(":stateMachine:", ":execution:") + f":{NAMES.child}"
WORK = WORKLOAD.replace(":stateMachine:", ":execution:") + f":{NAMES.child}"
RELEASE = MACHINES.stop_model.replace(":stateMachine:", ":execution:") + f":{NAMES.release}"


DRAIN_INBOX = MACHINES.start_model.replace("StartModel", "DrainInbox")
WITH_INBOX = replace(
    CONFIGURATION,
    workloads=("Lifecycle-DrainInbox", WORKLOAD_NAME),
    inboxes={
        "line-3": Inbox("defects", "s3://factory/line-3/", "s3://results/line-3/"),
        "line-1": Inbox("defects", "s3://factory/line-1/", "s3://results/line-1/"),
    },
)


def drains(name: str, inbox: Json = "line-1") -> RunRequest:
    workload = {"StateMachineArn": DRAIN_INBOX, "Input": {"Inbox": inbox, "Run": 7}, "ModelField": "Model"}
    return run_request({"Model": "defects", "Workload": workload}, execution(name, machine="RunWithModel"), WITH_INBOX)


def test_an_inbox_s_own_run_may_drain_it() -> None:
    assert drains("inbox-line-1-7-20261124T0700Z").workload_arn == DRAIN_INBOX


@pytest.mark.parametrize(
    ("name", "inbox"), [("monday", "line-1"), ("inbox-line-2-7-20261124T0700Z", "line-1"), ("monday", None)]
)
def test_an_inbox_that_somebody_wants_to_drain_is_refused_before_the_model_is_paid_for(name: str, inbox: Json) -> None:
    with pytest.raises(InvalidRequest) as refused:
        drains(name, inbox)
    assert refused.value.message.partition("\n- ")[2] == (
        "Workload.StateMachineArn: DrainInbox is started by the inboxes (line-1, line-3) alone, as soon as images "
        "wait; put images into an inbox's folder instead, or, if it is paused, run 'custom-labels inbox resume NAME'"
    )
    assert "Lifecycle-DrainInbox" not in (refused.value.cause["Remedy"] or ""), "it is no example of a workload"


@pytest.mark.parametrize("given", [{}, {"Input": "line-1"}, {"Input": None}])
def test_so_is_one_whose_input_names_no_inbox(given: dict[str, Json]) -> None:
    workload = {"StateMachineArn": DRAIN_INBOX, **given}
    with pytest.raises(InvalidRequest, match="DrainInbox is started by the inboxes"):
        run_request({"Model": "defects", "Workload": workload}, RUN, WITH_INBOX)


def test_where_there_are_inboxes_other_workloads_run_as_ever() -> None:
    assert run_request(INPUT, RUN, WITH_INBOX).workload_arn == WORKLOAD


# What is asked ------------------------------------------------------------------------------------


def test_the_fields_of_a_start_are_passed_on_under_the_lease_of_the_run() -> None:
    asked = run(LeaseMinutes=30, WaitForCapacity=True, Context={"Batch": 7}, ClientRequestToken="t", Comment="hello")
    assert asked.start_input == {
        "Model": "defects",
        "LeaseMinutes": 30,
        "WaitForCapacity": True,
        "Context": {"Batch": 7},
        "LeaseId": "run/monday",
        "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": RUN.id,
    }
    assert (asked.project_version_arn, asked.workload_arn, asked.warnings) == (ARN, WORKLOAD, ())


def test_what_is_passed_on_is_a_start_request() -> None:
    asked = run(LeaseMinutes=30)
    started = start_request(asked.start_input, execution(asked.child_name), CONFIGURATION)
    assert (started.lease_id, started.lease_minutes) == ("run/monday", 30)


def test_a_request_is_the_same_after_its_way_through_the_state_machine() -> None:
    asked = run(Context={"a": [1, None]}, LeaseId="mine")
    assert from_wire(RunRequest, to_wire(asked)) == asked


def test_a_lease_of_the_callers_own_is_not_used_and_it_is_said() -> None:
    asked = run(LeaseId="mine")
    assert asked.start_input["LeaseId"] == "run/monday"
    assert asked.warnings == ("LeaseId mine was not used: a run holds the model under the lease run/monday.",)


@pytest.mark.parametrize("name", ["monday", "line+1", "x" * 80, "Größe"])
def test_the_names_of_what_a_run_starts_are_valid_and_always_the_same(name: str) -> None:
    named = Execution(RUN.id.replace("monday", name), name, NOW)
    names = Names.of(named)
    assert names == Names.of(named)
    assert max(len(names.child), len(names.release)) <= 80
    lease = {"Model": "defects", "LeaseId": names.lease_id}
    assert start_request(lease, execution(), CONFIGURATION).lease_id == names.lease_id


def test_runs_of_one_name_in_two_accounts_start_executions_of_other_names() -> None:
    one, other = (Names.of(Execution(RUN.id.replace("123456789012", account), "monday", NOW)) for account in "ab")
    assert not {one.child, one.release} & {other.child, other.release}


def test_runs_of_similar_names_have_leases_and_children_of_their_own() -> None:
    one, other = (Names.of(Execution(RUN.id + end, f"line{end}1", NOW)) for end in "+=")
    assert one.lease_id != other.lease_id
    assert one.child != other.child


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"Workload": None}, "Workload: must be of type object"),
        ({"Workload": {}}, "Workload.StateMachineArn: is missing"),
        ({"Workload": {"StateMachineArn": WORKLOAD, "Inputs": 1}}, "Workload.Inputs: is unknown, did you mean Input?"),
        ({"Workload": {"StateMachineArn": "arn:other"}}, f"that cdk.json allows ({WORKLOAD}); add its name to"),
        (
            {"Workload": {"StateMachineArn": f"{WORKLOAD}:prod"}},
            f"({WORKLOAD}); add its name to 'workloads' there and deploy. Versions and aliases can't be named",
        ),
        ({"Workload": {"StateMachineArn": WORKLOAD, "Input": [1]}}, "\n- Workload.Input: must be of type object"),
        ({"Workload": {"StateMachineArn": WORKLOAD, "Input": "{}"}}, "\n- Workload.Input: must be of type object"),
        ({"Workload": {"StateMachineArn": WORKLOAD, "Input": None}}, "\n- Workload.Input: must be of type object"),
        ({"ProjectVersionArn": ARN.replace("us-east-1", "eu-west-1")}, "the model is in account 123456789012, eu-west"),
        ({"LeaseMinutes": -1}, "LeaseMinutes: must be at least 0"),
        ({"Model": "nails"}, "Model: 'nails' is not configured"),
        ({"LeaseMinuets": 1}, "LeaseMinuets: is unknown, did you mean LeaseMinutes?"),
        ({"MaxInferenceUnits": 1, "MinInferenceUnits": 2}, "MaxInferenceUnits: 1 is less than MinInferenceUnits, 2"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        run_request({**INPUT, **change}, RUN, RUNS_WORKLOADS)
    assert refused.value.message.startswith("The input is not a RunWithModel request:")
    assert problem in refused.value.message
    assert f'"Workload": {{"StateMachineArn": "{WORKLOAD}"}}' in str(refused.value.cause["Remedy"])


def test_where_no_workload_is_configured_that_is_said() -> None:
    with pytest.raises(InvalidRequest, match=r"cdk.json allows \(none is\)"):
        run_request(INPUT, RUN, CONFIGURATION)


def test_of_a_workload_that_is_refused_200_characters_are_shown() -> None:
    with pytest.raises(InvalidRequest) as refused:
        run_request({**INPUT, "Workload": {"StateMachineArn": "x" * 300}}, RUN, RUNS_WORKLOADS)
    assert "x" * 200 in refused.value.message
    assert "x" * 201 not in refused.value.message


def test_the_workloads_that_are_allowed_are_named() -> None:
    two = replace(RUNS_WORKLOADS, workloads=(WORKLOAD_NAME, f"{WORKLOAD_NAME}-2"))
    with pytest.raises(InvalidRequest, match=rf"allows \({WORKLOAD}, {WORKLOAD}-2\)"):
        run_request({**INPUT, "Workload": {"StateMachineArn": "arn:other"}}, RUN, two)


def test_a_refusal_names_the_model_where_the_input_does() -> None:
    with pytest.raises(InvalidRequest) as refused:
        run_request({**INPUT, "Foo": 1}, RUN, RUNS_WORKLOADS)
    assert refused.value.cause["ProjectVersionArn"] == ARN


def test_without_any_configuration_the_example_names_an_arn_and_a_state_machine() -> None:
    with pytest.raises(InvalidRequest) as refused:
        run_request({}, RUN, Configuration(models={}))
    remedy = str(refused.value.cause["Remedy"])
    assert 'an input such as {"ProjectVersionArn": "arn:aws:rekognition:' in remedy
    assert '"Workload": {"StateMachineArn": "arn:aws:states:' in remedy


def test_an_input_that_is_no_object_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="input: must be of type object"):
        run_request([INPUT], RUN, RUNS_WORKLOADS)


def test_what_is_asked_for_is_in_the_request_and_what_is_not_has_its_default() -> None:
    assert (run().dry_run, run().client_request_token, run().context) == (False, None, None)
    asked = run(DryRun=True, ClientRequestToken="t-1", Context={"Batch": 7})
    assert (asked.dry_run, asked.client_request_token, asked.context) == (True, "t-1", {"Batch": 7})
    assert (asked.execution_arn, asked.model, asked.selection) == (RUN.id, "defects", None)
    assert (asked.began_at, asked.due_at, asked.deadline) == (NOW, NOW, NOW + timedelta(days=366))
    assert (asked.lease_id, asked.child_name, asked.release_name) == (NAMES.lease_id, NAMES.child, NAMES.release)
    assert asked.workload_execution_arn == WORK


def test_the_names_of_what_a_run_starts_say_which_run_it_was() -> None:
    assert (NAMES.lease_id, NAMES.child[:-10], NAMES.release[:-10]) == ("run/monday", "run-monday-", "release-monday-")
    odd, digest = replace(RUN, name="line+1 Z"), hashlib.sha256(RUN.id.encode()).hexdigest()[:8]
    assert Names.of(odd).lease_id == f"run/line-1-Z-{digest}"


def test_two_runs_whose_names_begin_alike_start_executions_of_two_names() -> None:
    """Names of executions end at 80 characters: what tells two of them apart may be cut off."""
    one, other = (Names.of(execution("x" * 79 + last, machine="RunWithModel")) for last in "ab")
    names = {one.child, one.release, other.child, other.release}
    assert len(names) == 4
    assert all(len(name) == 80 for name in names)


# The workload, before anybody pays ------------------------------------------------------------------

BATCHES = replace(
    RUNS_WORKLOADS,
    workloads=("Lifecycle-DetectBatch",),
    detect_batch=DetectBatch(("s3://factory-images/line-1/",), "s3://factory-results/labels/"),
)
BATCH = WORKLOAD.replace(WORKLOAD_NAME, "Lifecycle-DetectBatch")
IMAGES = {"Bucket": "factory-images", "Prefix": "line-1/2026-11-24/"}


def of_batch(given: Json = IMAGES, field: str | None = "Model") -> list[str]:
    """What is wrong with a run of DetectBatch."""
    workload = {"StateMachineArn": BATCH, "Input": given, **({"ModelField": field} if field else {})}
    try:
        run_request({"Model": "defects", "Workload": workload}, RUN, BATCHES)
    except InvalidRequest as refused:
        return refused.message.split("\n- ")[1:]
    return []


def test_a_batch_that_can_be_run_is_accepted() -> None:
    assert of_batch() == []
    assert of_batch({**IMAGES, "ProjectVersionArn": ARN}, field=None) == []


def test_what_a_batch_would_refuse_is_refused_before_the_model_is_started() -> None:
    (elsewhere,) = of_batch({**IMAGES, "Prefix": "line-9/"})
    assert elsewhere.startswith("Workload.Input.Prefix: s3://factory-images/line-9/ is outside")
    assert of_batch({**IMAGES, "MinConfidence": 180})[0].startswith("Workload.Input.MinConfidence: must be at most 100")
    assert of_batch({"Prefix": "line-1/"})[0].startswith("Workload.Input.Bucket: is missing")


def test_a_batch_that_would_not_know_the_model_is_refused_with_the_field_that_names_it() -> None:
    assert of_batch(field=None) == [
        'Workload.ModelField: is missing: DetectBatch has to know the model; add "ModelField": "Model"'
    ]
    assert of_batch(field="ProjectVersionArn") == [
        'Workload.ModelField: DetectBatch takes the model in its field "Model", not in "ProjectVersionArn"'
    ]
    assert of_batch({**IMAGES, "ProjectVersionArn": ARN}) == [
        "Workload.Input.ProjectVersionArn: leave it out, since ModelField puts the model into Model"
    ]


def test_a_batch_that_is_given_nothing_says_what_is_missing() -> None:
    with pytest.raises(InvalidRequest, match=r"Workload\.Input\.Bucket: is missing"):
        run_request({**INPUT, "Workload": {"StateMachineArn": BATCH, "ModelField": "Model"}}, RUN, BATCHES)


@pytest.mark.parametrize(("given", "field"), [([1], "Model"), (IMAGES, 5)])
def test_what_the_schema_says_of_a_batch_is_said_once(given: Json, field: Any) -> None:
    (problem,) = of_batch(given, field)
    assert ": must be of type " in problem


def test_only_the_input_of_a_batch_is_read_as_one() -> None:
    both = replace(BATCHES, workloads=("Lifecycle-DetectBatch", WORKLOAD_NAME))
    assert run_request(INPUT, RUN, both).workload_arn == WORKLOAD


def prepared(machine: StateMachine | None, **fields: Any) -> RunRequest:
    """What Prepare makes of a run whose workload is such a state machine."""
    return run_steps.prepare(
        {**INPUT, **fields},
        execution=RUN,
        now=NOW,
        configuration=RUNS_WORKLOADS,
        tokens=Tokens(),
        executions=Executions(machine=machine),
        objects=Objects(),
    )


@pytest.mark.parametrize("fields", [{}, {"DryRun": True}])
@pytest.mark.parametrize(
    ("machine", "says"),
    [
        (None, "there is no such state machine"),
        (StateMachine("DELETING", "STANDARD"), "this state machine is DELETING"),
        (StateMachine("ACTIVE", "EXPRESS"), "this state machine is of type EXPRESS; Step Functions waits for"),
    ],
)
def test_a_workload_that_can_not_be_run_is_refused(machine: StateMachine | None, says: str, fields: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        prepared(machine, **fields)
    assert f"\n- Workload.StateMachineArn: {says}" in refused.value.message
    assert WORKLOAD in refused.value.message
    assert "list-state-machines" in str(refused.value.cause["Remedy"])
    assert prepared(StateMachine("ACTIVE", "STANDARD"), **fields).workload_arn == WORKLOAD


def batch_prepared(buckets: dict[str, str], *, dry_run: bool = True, **given: Any) -> RunRequest:
    """What Prepare makes of a run of DetectBatch, where these buckets are in these Regions."""
    workload = {"StateMachineArn": BATCH, "Input": {**IMAGES, **given}, "ModelField": "Model"}
    return run_steps.prepare(
        {"Model": "defects", "Workload": workload, "DryRun": dry_run},
        execution=RUN,
        now=NOW,
        configuration=BATCHES,
        tokens=Tokens(),
        executions=Executions(machine=WORKLOAD_MACHINE),
        objects=Objects(buckets),
    )


@pytest.mark.parametrize(
    ("buckets", "says"),
    [
        ({}, "there is no bucket factory-images"),
        ({"factory-images": "eu-west-1"}, "factory-images is in eu-west-1; Amazon Rekognition reads images in the"),
    ],
)
def test_images_that_the_model_could_not_read_are_refused_before_it_is_started(
    buckets: dict[str, str], says: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        batch_prepared(buckets)
    assert refused.value.message.startswith(
        f"The input is not a RunWithModel request:\n- Workload.Input.Bucket: {says}"
    )


def test_a_dry_run_says_what_the_batch_will_warn_of() -> None:
    asked = batch_prepared({"factory-images": "us-east-1"}, MinConfidence=0.8)
    (warning,) = asked.warnings
    assert warning.startswith("Workload.Input.MinConfidence 0.8 was taken as 0.8 percent")
    assert batch_prepared({"factory-images": "us-east-1"}, MinConfidence=80).warnings == ()
    in_earnest = batch_prepared({"factory-images": "us-east-1"}, dry_run=False, MinConfidence=0.8)
    assert in_earnest.warnings == (), "then the batch warns itself"


def test_of_a_workload_that_is_not_there_200_characters_are_shown() -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_workload({"StateMachineArn": "x" * 201}, RUN, Executions(machine=None), Objects())
    assert refused.value.message.endswith(f"there is no such state machine: {'x' * 200}...")
    assert refused.value.cause["Remedy"] == (
        "Nothing was done. List your state machines with 'aws stepfunctions list-state-machines', correct the input, "
        "or create the workload, and start a new execution."
    )


# Duplicates ---------------------------------------------------------------------------------------

FIRST = execution("first", machine="RunWithModel")


def duplicate(**fields: Any) -> tuple[RunRequest, Tokens]:
    tokens, executions = Tokens(), Executions({FIRST.id: (0, ExecutionState("RUNNING"))})
    prepared = [
        run_steps.prepare(
            {**INPUT, "ClientRequestToken": "t", **fields},
            execution=one,
            now=NOW,
            configuration=RUNS_WORKLOADS,
            tokens=tokens,
            executions=executions,
            objects=Objects(),
        )
        for one in (FIRST, RUN)
    ]
    return prepared[1], tokens


def follow(first: ExecutionState | None, now: datetime = NOW) -> Any:
    executions = Executions({FIRST.id: (0, first)} if first else {})
    return run_steps.follow(duplicate()[0], Progress(), now=now, executions=executions)


def test_the_token_guards_the_whole_run_for_as_long_as_it_may_last() -> None:
    request, tokens = duplicate()
    assert request.duplicate_of == FIRST.id
    assert next(iter(tokens.until.values())) - NOW > timedelta(days=365)


def test_the_same_token_with_another_workload_is_refused() -> None:
    other = replace(RUNS_WORKLOADS, workloads=(WORKLOAD_NAME, f"{WORKLOAD_NAME}2"))
    tokens, executions = Tokens(), Executions({FIRST.id: (0, ExecutionState("RUNNING"))})
    common: dict[str, Any] = {"now": NOW, "configuration": other, "tokens": tokens, "executions": executions}
    common["objects"] = Objects()
    run_steps.prepare({**INPUT, "ClientRequestToken": "t"}, execution=FIRST, **common)
    changed = {**INPUT, "Workload": {"StateMachineArn": f"{WORKLOAD}2"}, "ClientRequestToken": "t"}
    with pytest.raises(InvalidRequest, match="was used with other fields"):
        run_steps.prepare(changed, execution=RUN, **common)


def test_a_duplicate_waits_longer_the_longer_the_first_runs() -> None:
    now, status_checks = NOW, 0
    while now < NOW + timedelta(days=365):
        step = follow(ExecutionState("RUNNING"), now)
        assert step.action is Action.WAIT
        assert step.wait_seconds >= 75
        now += timedelta(seconds=step.wait_seconds)
        status_checks += 1
    assert status_checks < 200


def test_a_duplicate_ends_as_the_first_did() -> None:
    output = {"Model": {"Outcome": "MODEL_STARTED", "LeaseId": "run/first"}, "Workload": [1]}
    followed = follow(ExecutionState("SUCCEEDED", NOW, output)).result
    duplicated = {"Outcome": Outcome.DUPLICATE, "DuplicateOf": FIRST.id, "LeaseId": "run/first"}
    assert followed.output == {"Model": duplicated, "Workload": [1]}


def test_a_duplicate_fails_with_whatever_error_the_first_had() -> None:
    failed = ExecutionState("FAILED", NOW, error="BeltJammed", cause="Line 1")
    assert follow(failed).result.failure == Failure("BeltJammed", "Line 1")


@pytest.mark.parametrize("first", [ExecutionState("ABORTED", NOW), None])
def test_a_duplicate_of_a_run_that_was_ended_fails(first: ExecutionState | None) -> None:
    failure = follow(first, NOW + KNOWN_AFTER + timedelta(seconds=1)).result.failure
    assert failure.error == "ModelStopped"
    assert FIRST.id in failure.cause


def test_a_duplicate_waits_for_a_first_run_that_step_functions_does_not_know_yet() -> None:
    assert follow(None, NOW).action is Action.WAIT


# What is left of a run ----------------------------------------------------------------------------

HELD = Lease(NAMES.lease_id, NOW)
OTHERS = Lease("shift", NOW)
STARTING = PendingLease(NAMES.lease_id, START, NOW + timedelta(hours=1))
JUST_NOW, LONG_AGO = NOW - timedelta(seconds=1), NOW - LONGEST_CALL - timedelta(seconds=1)
RUNNING, SUCCEEDED, FAILED = (ExecutionState(status) for status in ("RUNNING", "SUCCEEDED", "FAILED"))


def ended(status: str, at: datetime = JUST_NOW, **more: Any) -> ExecutionState:
    return ExecutionState(status, at, started_at=NOW - timedelta(hours=1), **{"input": INPUT, **more})


@dataclass
class Settling:
    """A run that has ended, and the world around it."""

    state: ExecutionState
    children: dict[str, ExecutionState] = field(default_factory=dict)
    items: Items = field(default_factory=Items)
    configuration: Configuration = RUNS_WORKLOADS
    sent: list[Ending] = field(default_factory=list)
    open_executions: OpenExecutions = field(default_factory=lambda: OpenExecutions([RUN.id]))

    def __post_init__(self) -> None:
        states = {RUN.id: self.state, **self.children}
        self.executions = Executions({arn: (0, state) for arn, state in states.items()})

    def hold(self, **fields: Any) -> "Settling":
        assert self.items.put(ModelItem(ARN, managed=True, **fields))
        return self

    def settle(self, *, by_event: bool = False) -> bool:
        settler = Settler(
            now=NOW,
            configuration=self.configuration,
            machines=MACHINES,
            models=Models(script=[(0, "RUNNING")]),
            items=self.items,
            executions=self.executions,
            open_executions=self.open_executions,
            tokens=Tokens(),
            notify=self.sent.append,
        )
        return settler.settle_ended(RUN.id) if by_event else settler.settle(RUN.id)

    @property
    def outcomes(self) -> list[Outcome]:
        return [ending.outcome for ending in self.sent if not ending.is_silent]


def test_of_a_run_that_has_let_go_of_its_model_nothing_is_left() -> None:
    settling = Settling(ended("SUCCEEDED")).hold(leases=(OTHERS,))
    assert settling.settle()
    assert (settling.outcomes, settling.open_executions.arns, settling.executions.started) == ([], [], {})
    assert settling.items.get(ARN).leases == (OTHERS,)


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"])
@pytest.mark.parametrize("held", [{"leases": (HELD, OTHERS)}, {"pending": (STARTING,)}], ids=["settled", "pending"])
def test_a_lease_that_is_still_there_is_released_however_the_run_ended(status: str, held: dict[str, Any]) -> None:
    settling = Settling(ended(status, error="X" if status == "FAILED" else None)).hold(**held)
    assert not settling.settle()
    assert settling.executions.started == {
        (MACHINES.stop_model, NAMES.release): {"ProjectVersionArn": ARN, "LeaseId": "run/monday"}
    }
    assert settling.open_executions.arns == [RUN.id]


def test_a_release_that_the_run_has_started_itself_is_not_started_again() -> None:
    settling = Settling(ended("SUCCEEDED"), {RELEASE: RUNNING}).hold(leases=(HELD,))
    assert not settling.settle()
    assert settling.executions.started == {}


def test_what_is_held_later_on_is_released_by_a_write_and_the_same_sweep_stops_the_model() -> None:
    """As by a late call of an aborted start; the release's name is used up by then."""
    settling = Settling(ended("ABORTED", LONG_AGO), {RELEASE: SUCCEEDED}).hold(leases=(HELD, OTHERS))
    assert settling.settle()
    item = settling.items.get(ARN)
    assert (item.leases, item.managed, settling.open_executions.arns) == ((OTHERS,), True, [])


def test_a_write_meets_a_change_by_others() -> None:
    settling = Settling(ended("ABORTED", LONG_AGO)).hold(leases=(HELD,))
    settling.items.meanwhile.append(
        lambda items: items.change(lambda item: replace(item, leases=(*item.leases, OTHERS)))
    )
    assert settling.settle()
    assert settling.items.get(ARN).leases == (OTHERS,)


def test_an_aborted_run_is_checked_again_even_where_nothing_is_held_yet() -> None:
    settling = Settling(ended("ABORTED")).hold()
    assert not settling.settle()
    assert settling.outcomes == [Outcome.EXECUTION_ABORTED]


@pytest.mark.parametrize(("status", "stopped"), [("ABORTED", True), ("TIMED_OUT", True), ("FAILED", False)])
def test_what_an_ended_run_has_started_is_stopped(status: str, stopped: bool) -> None:
    settling = Settling(ended(status, error="X"), {START: RUNNING, WORK: RUNNING})
    settling.settle()
    assert settling.executions.stopped == ([START, WORK] if stopped else [])


def test_what_has_ended_already_is_left_as_it_is() -> None:
    settling = Settling(ended("ABORTED"), {START: SUCCEEDED, WORK: FAILED})
    settling.settle()
    assert settling.executions.stopped == []


def test_a_workload_that_failed_is_reported_once_the_run_has_failed() -> None:
    settling = Settling(ended("FAILED", error="BeltJammed", cause="Line 1"), {START: SUCCEEDED})
    assert settling.settle()
    assert settling.outcomes == [Outcome.WORKLOAD_FAILED]
    assert settling.sent[0].project_version_arn == ARN


@pytest.mark.parametrize("start", [FAILED, ExecutionState("ABORTED"), ExecutionState("TIMED_OUT")])
def test_a_start_that_failed_is_reported_by_startmodel_alone(start: ExecutionState) -> None:
    settling = Settling(ended("FAILED", error="ModelFailed"), {START: start})
    assert settling.settle()
    assert settling.outcomes == []


def test_right_after_its_event_a_start_that_seems_to_go_on_may_have_failed_and_is_checked_again() -> None:
    """DescribeExecution is eventually consistent: StartModel may have reported it."""
    settling = Settling(ended("FAILED", error="ModelFailed"), {START: RUNNING})
    with pytest.raises(ServiceUnavailable, match="its start seems to go on"):
        settling.settle(by_event=True)
    assert settling.outcomes == []


@pytest.mark.parametrize("start", [{}, {START: RUNNING}], ids=["never made", "still under way"])
def test_a_run_that_fails_without_its_start_having_failed_is_reported(start: dict[str, ExecutionState]) -> None:
    settling = Settling(ended("FAILED", error="ServiceUnavailable"), start)
    assert settling.settle()
    assert settling.outcomes == [Outcome.WORKLOAD_FAILED]


def test_an_aborted_run_whose_start_was_stopped_with_it_is_reported() -> None:
    settling = Settling(ended("ABORTED", LONG_AGO), {START: ExecutionState("ABORTED")})
    assert settling.settle()
    assert settling.outcomes == [Outcome.EXECUTION_ABORTED]


@pytest.mark.parametrize("given", [{"Model": "nails"}, None, [], {**INPUT, "DryRun": True}])
def test_nothing_of_an_input_that_is_wrong_breaks_the_settling(given: Any) -> None:
    settling = Settling(ended("FAILED", error="InvalidRequest", cause='{"Message": "No."}', input=given))
    assert settling.settle()
    dry = isinstance(given, dict) and "DryRun" in given
    assert settling.outcomes == ([] if dry else [Outcome.WORKLOAD_FAILED])


def test_by_a_name_that_means_the_newest_version_the_held_one_is_let_go_and_named() -> None:
    latest = replace(RUNS_WORKLOADS, models={"defects": Model(project="boards")})
    settling = Settling(ended("ABORTED"), configuration=latest).hold(leases=(HELD,))
    assert not settling.settle()
    assert settling.sent[0].project_version_arn == ARN
    assert [payload["ProjectVersionArn"] for payload in settling.executions.started.values()] == [ARN]


# What is told -------------------------------------------------------------------------------------


def compose(ending: Ending) -> Any:
    return ending_notification(ending, RUNS_WORKLOADS, MACHINES)


@pytest.mark.parametrize("cause", ["", "x" * 32_000, '{"Message": {"a": 1}, "ProjectVersionArn": "x"}', "[1]", "\n"])
def test_whatever_a_workload_says_can_be_reported(cause: str) -> None:
    sent = compose(Ending(Machine.RUN_WITH_MODEL, RUN, request=run(), failure=Failure("É rror", cause)))
    assert sent.subject.startswith("[ERROR] The run with defects failed: ")
    assert sent.detail["ProjectVersionArn"] == ARN
    assert len(sent.text) < 4000


def test_of_a_run_whose_version_is_not_known_none_is_reported() -> None:
    nothing = replace(run(), project_version_arn="", selection="")
    sent = compose(Ending(Machine.RUN_WITH_MODEL, RUN, request=nothing, abortion=Abortion("ABORTED")))
    assert "ProjectVersionArn" not in sent.detail
    assert "The run with defects was aborted" in sent.subject


def test_a_run_whose_model_was_given_by_its_arn_calls_it_by_its_name() -> None:
    by_arn = replace(run(), model=None)
    sent = compose(Ending(Machine.RUN_WITH_MODEL, RUN, request=by_arn, failure=Failure("BeltJammed", "")))
    assert sent.headline.startswith("The run of NightlyInspection with defects failed: ")


def test_a_run_reckons_with_the_inference_units_that_are_configured() -> None:
    sent = compose(Ending(Machine.RUN_WITH_MODEL, RUN, request=run(Model="welds"), failure=Failure("BeltJammed", "")))
    costs, _ = sent.sections[WHAT_IT_COSTS]
    assert costs.endswith("While it is RUNNING, it costs about USD 8.00 per hour.")


def test_of_what_a_workload_says_the_first_2000_characters_are_reported() -> None:
    sent = compose(Ending(Machine.RUN_WITH_MODEL, RUN, request=run(), failure=Failure("BeltJammed", "x" * 32_000)))
    assert sent.sections[WHAT_HAPPENED][1] == "x" * 2000
    assert sent.headline == "The run of NightlyInspection with defects failed: the execution gives no reason."


def test_the_event_of_a_run_with_warnings_has_them_where_its_output_has_them() -> None:
    warned = Ending(Machine.RUN_WITH_MODEL, RUN, request=run(), succeeded=True, workload_warnings=("It was dark.",))
    assert compose(warned).detail["Output"] == {"Workload": {"Warnings": ("It was dark.",)}}
    assert "Output" not in compose(Ending(Machine.RUN_WITH_MODEL, RUN, request=run(), succeeded=True)).detail


def test_a_cause_that_is_json_of_the_workloads_own_is_reported_as_it_is() -> None:
    sent = compose(Ending(Machine.RUN_WITH_MODEL, RUN, request=run(), failure=Failure("BeltJammed", '{"Belt": 7}')))
    assert sent.sections[WHAT_HAPPENED][1] == '{"Belt": 7}'


def test_a_workload_that_gave_no_reason_is_reported_as_such() -> None:
    sent = compose(Ending(Machine.RUN_WITH_MODEL, RUN, request=run(), failure=Failure("BeltJammed", "")))
    assert sent.headline == "The run of NightlyInspection with defects failed: the execution gives no reason."
    assert len(sent.sections[WHAT_HAPPENED]) == 1


def test_what_a_workload_says_first_is_the_headline_and_the_rest_is_below() -> None:
    cause = '{"Message": "The belt of line 1 is jammed. It was oiled.", "Remedy": "Oil it.\\nWait."}'
    sent = compose(Ending(Machine.RUN_WITH_MODEL, RUN, request=run(), failure=Failure("BeltJammed", cause)))
    assert sent.headline == "The run of NightlyInspection with defects failed: The belt of line 1 is jammed."
    assert sent.sections[WHAT_HAPPENED][1:] == ["It was oiled."]
    assert sent.sections[WHAT_TO_DO][:2] == ["Oil it.", "Wait."]
    assert "Workload: https://" in sent.text


def test_an_aborted_run_whose_model_is_stopped_costs_nothing_any_more() -> None:
    abortion = Abortion("ABORTED", model_status="STOPPED")
    sent = compose(Ending(Machine.RUN_WITH_MODEL, RUN, request=run(), abortion=abortion))
    assert sent.sections[WHAT_IT_COSTS] == ["Nothing now: the model is STOPPED."]


def test_a_run_that_never_was_prepared_and_says_no_remedy_is_to_be_corrected_and_started_again() -> None:
    sent = compose(Ending(Machine.RUN_WITH_MODEL, RUN, failure=Failure("Lambda.Unknown", "")))
    assert sent.sections[WHAT_TO_DO] == ["Correct the input, and start RunWithModel again."]
    assert sent.headline == "A run could not be started: the execution gives no reason."


def test_an_unknown_name_chooses_nothing() -> None:
    """StartModel chooses; a run names what it was asked for."""
    latest = Configuration(models={"defects": Model(project="boards")}, workloads=(WORKLOAD_NAME,))
    asked = run_request(INPUT, RUN, latest)
    assert (asked.project_version_arn, asked.selection, asked.token_scope) == ("", "", "defects")
    with pytest.raises(ModelNotFound):
        start_request({"Model": "defects"}, RUN, latest)
    assert start_request({"Model": "defects"}, RUN, latest, lambda _: Choice(ARN)).project_version_arn == ARN
