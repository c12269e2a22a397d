"""A model by name, where the name means the newest good version of a project: chosen when it is used."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.configuration import Configuration, Model
from lifecycle.errors import InvalidRequest, ModelNotFound, ModelNotStartable, ModelStopped, ServiceUnavailable
from lifecycle.executions.chosen_version import Found, of_lease
from lifecycle.executions.client_tokens import token_key
from lifecycle.executions.outcomes import Outcome
from lifecycle.executions.requests import Request
from lifecycle.executions.state_machines import Machine
from lifecycle.model.leases import Claim, Lease, ModelItem, PendingLease
from lifecycle.model.statuses import TARGET_STOPPED, TRAINED
from lifecycle.model.version import ModelVersion
from lifecycle.model.version_choice import Choice, left_behind, newest_good, to_extend, to_stop
from lifecycle.notifications.execution_end import Ending
from lifecycle.notifications.execution_messages import ending_notification
from lifecycle.ports import ExecutionState
from lifecycle.reconciliation.settle import Settler
from lifecycle.shared.wire import to_wire
from tests.unit.examples import ACCOUNT, ARN, MACHINES, NOW, OTHER_ARN, execution
from tests.unit.twins import Executions, Items, Models, OpenExecutions, StopStory, Story, Tokens

LATEST = Model(project="boards", minimum_f1=0.8, lease_minutes=45)
CONFIGURATION = Configuration(models={"defects": LATEST})
V2, V3, V4 = (f"{ACCOUNT}:project/boards/version/v{number}/{number}" for number in (2, 3, 4))
SHIFT = Lease("shift", NOW - timedelta(hours=1), NOW + timedelta(hours=1))


def asks_for(arn: str) -> Request:
    return Request(
        execution_arn=execution().id, project_version_arn=arn, began_at=NOW, due_at=NOW, deadline=NOW, model="defects"
    )


def version(arn: str, status: str = "STOPPED", f1: float | None = 0.9) -> ModelVersion:
    """The higher its number, the newer it is."""
    days = {ARN: 1, V2: 2, V3: 3, V4: 4}[arn]
    return ModelVersion(arn, status, created_at=NOW - timedelta(days=9 - days), f1_score=f1)


# Which one is started -----------------------------------------------------------------------------


def test_the_newest_version_is_chosen_however_they_are_listed() -> None:
    choice = newest_good(LATEST, [version(V2), version(V3), version(ARN)])
    why = "v3 (F1 0.90) is the newest version of the project boards that is trained with an F1 score of at least 0.80."
    assert choice == Choice(V3, why)


def test_a_version_of_unknown_age_counts_as_the_oldest() -> None:
    unknown = replace(version(V3), created_at=None)
    assert newest_good(LATEST, [unknown, version(ARN), version(V2)]).project_version_arn == V2
    assert newest_good(LATEST, [unknown]).project_version_arn == V3


def test_newer_versions_that_are_no_good_are_passed_over_and_it_is_said_why() -> None:
    found = [version(V4, "TRAINING_IN_PROGRESS", None), version(V3, f1=0.71), version(V2, f1=0.8), version(ARN)]
    choice = newest_good(LATEST, found)
    assert choice.project_version_arn == V2
    assert choice.reason is not None
    assert choice.reason.endswith(" Newer, but passed over: v4 (TRAINING_IN_PROGRESS), v3 (F1 0.71).")


@pytest.mark.parametrize("status", sorted(set(TARGET_STOPPED) - TRAINED))
def test_a_version_that_was_not_trained_is_never_chosen(status: str) -> None:
    assert newest_good(LATEST, [version(V3, status), version(V2)]).project_version_arn == V2


@pytest.mark.parametrize("status", sorted(TRAINED))
def test_a_version_that_was_trained_is_chosen_whatever_it_is_doing(status: str) -> None:
    assert newest_good(LATEST, [version(V3, status), version(V2)]).project_version_arn == V3


def test_a_version_without_a_score_is_good_enough_only_where_none_is_asked_for() -> None:
    found = [version(V3, f1=None), version(V2)]
    passed_over = newest_good(LATEST, found)
    assert passed_over.project_version_arn == V2
    assert str(passed_over.reason).endswith(" Newer, but passed over: v3 (no F1 score is known).")
    any_trained = newest_good(replace(LATEST, minimum_f1=0.0), found)
    assert any_trained == Choice(V3, "v3 is the newest version of the project boards that is trained.")


def test_where_none_is_good_enough_it_is_said_of_each_and_what_to_do() -> None:
    with pytest.raises(ModelNotStartable) as none:
        newest_good(LATEST, [version(V3, f1=0.71), version(V2, "TRAINING_FAILED", None)])
    assert none.value.message == (
        "No version of the project boards is trained with an F1 score of at least 0.80: "
        "v3 (F1 0.71), v2 (TRAINING_FAILED)."
    )
    assert none.value.cause["Remedy"] == (
        "Train a version that is good enough, or lower the model's minimum_f1 in cdk.json and deploy."
    )


def test_of_many_that_are_no_good_some_are_named() -> None:
    many = [version(V2, "TRAINING_FAILED", None)] * 8
    with pytest.raises(ModelNotStartable, match=r"\), and 3 more\."):
        newest_good(LATEST, many)


def test_a_project_without_versions_has_no_model() -> None:
    with pytest.raises(ModelNotFound, match="boards has no model version yet"):
        newest_good(LATEST, [])


# Which ones are stopped ---------------------------------------------------------------------------

HELD = {
    "held": ModelItem(V2, leases=(SHIFT,)),
    "starting": ModelItem(V2, pending=(PendingLease("shift", "x", NOW + timedelta(hours=1)),)),
    "managed": ModelItem(V2, managed=True),
    "being stopped": ModelItem(V2, claim=Claim("x", NOW)),
}


@pytest.mark.parametrize("item", HELD.values(), ids=list(HELD))
def test_a_stop_is_about_the_version_that_is_held_not_the_newest(item: ModelItem) -> None:
    choice = to_stop(LATEST, [version(V3), version(V2, "RUNNING")], [ModelItem(V3), item], None, NOW)
    assert (choice.project_version_arn, choice.others) == (V2, ())


def test_a_stop_is_about_every_version_that_is_held_the_newest_first() -> None:
    items = [HELD["managed"], ModelItem(V3, leases=(SHIFT,)), ModelItem(OTHER_ARN, managed=True)]
    choice = to_stop(LATEST, [version(V3, "RUNNING"), version(V2, "RUNNING")], items, None, NOW)
    assert choice == Choice(V3, "v3 is held, or runs and was started by this app.", (V2,))


def test_a_release_is_about_the_version_that_has_the_lease() -> None:
    items = [HELD["held"], ModelItem(V3, leases=(replace(SHIFT, lease_id="other"),))]
    assert to_stop(LATEST, [version(V3), version(V2)], items, "shift", NOW) == Choice(V2, "v2 has the lease shift.")


def test_a_release_of_an_unknown_lease_is_about_what_is_held() -> None:
    choice = to_stop(LATEST, [version(V3), version(V2, "RUNNING")], [HELD["managed"]], "unknown", NOW)
    assert choice.project_version_arn == V2


def test_what_was_stopped_a_moment_ago_is_not_stopped_again() -> None:
    """The mark that it is ours goes some time after it."""
    choice = to_stop(LATEST, [version(V3), version(V2)], [HELD["managed"]], None, NOW)
    assert (choice.project_version_arn, choice.others) == (V3, ())


def test_a_version_that_was_deleted_can_be_released_still() -> None:
    assert to_stop(LATEST, [], [HELD["held"]], "shift", NOW).project_version_arn == V2
    both = to_stop(LATEST, [version(V3)], [HELD["held"], ModelItem(V3, leases=(SHIFT,))], "shift", NOW)
    assert both == Choice(V3, "v3 has the lease shift.", (V2,)), "after those that are there"


@pytest.mark.parametrize(
    ("status", "arn", "which"),
    [
        ("RUNNING", V2, "v2 runs"),
        ("STARTING", V2, "v2 runs"),
        ("STOPPED", V3, "v3 is the newest version of boards"),
    ],
)
def test_where_nothing_is_held_it_is_about_what_runs_else_the_newest(status: str, arn: str, which: str) -> None:
    choice = to_stop(LATEST, [version(V3), version(V2, status)], [], None, NOW)
    assert choice == Choice(arn, f"{which}; this app holds none of this project.")


def test_a_stop_in_an_empty_project_fails() -> None:
    with pytest.raises(ModelNotFound, match="boards has no model version"):
        to_stop(LATEST, [], [ModelItem(OTHER_ARN, managed=True)], None, NOW)


# Which one is extended ----------------------------------------------------------------------------

HAS = ModelItem(V2, leases=(SHIFT,))
NEWER_HAS = ModelItem(V3, leases=(SHIFT,))


@pytest.mark.parametrize(
    ("items", "statuses", "arn"),
    [
        pytest.param([HAS], ("STOPPED", "RUNNING"), V2, id="an older one has it"),
        pytest.param([ModelItem(OTHER_ARN), NEWER_HAS, HAS], ("RUNNING", "RUNNING"), V3, id="the newest that runs"),
        pytest.param([HAS, NEWER_HAS], ("STARTING", "RUNNING"), V2, id="the one that runs"),
        pytest.param([HAS, NEWER_HAS], ("STARTING", "STOPPED"), V3, id="the newest where none runs"),
    ],
)
def test_an_extension_is_about_the_version_that_the_lease_holds(
    items: list[ModelItem], statuses: tuple[str, str], arn: str
) -> None:
    found = [version(V4, "RUNNING"), version(V2, statuses[1]), version(V3, statuses[0])]
    number = arn.split("/")[-1]
    assert to_extend(LATEST, found, items, "shift", NOW) == Choice(arn, f"v{number} has the lease shift.")


@pytest.mark.parametrize(
    "items",
    [[], [ModelItem(V2, leases=(replace(SHIFT, lease_id="night"),))], [HELD["starting"]]],
    ids=["no item", "another lease", "a start under way"],
)
def test_an_extension_of_a_lease_that_holds_no_version_chooses_none(items: list[ModelItem]) -> None:
    assert to_extend(LATEST, [version(V2, "RUNNING")], items, "shift", NOW) is None


def test_a_lease_that_has_expired_is_not_extended() -> None:
    assert to_extend(LATEST, [version(V2, "RUNNING")], [HAS], "shift", NOW + timedelta(hours=1)) is None


# Which ones a name meant before -------------------------------------------------------------------


def test_a_lease_that_the_named_version_does_not_have_is_looked_for_at_the_others_of_its_project() -> None:
    items = [HELD["held"], HELD["starting"], ModelItem(ARN, leases=(SHIFT,)), ModelItem(OTHER_ARN, leases=(SHIFT,))]
    why = "v1 has the lease shift, and v3 has not, which cdk.json names by now."
    assert left_behind(V3, items, {V3}, "shift") == Choice(ARN, why, (V2,))


@pytest.mark.parametrize(
    ("items", "named"),
    [
        ([HELD["held"], ModelItem(V3, leases=(SHIFT,))], {V3}),
        ([HELD["held"]], {V2, V3}),
        ([HELD["managed"], ModelItem(OTHER_ARN, leases=(SHIFT,))], {V3}),
    ],
    ids=["the named one has it too", "another name's", "another project's"],
)
def test_nothing_is_left_behind(items: list[ModelItem], named: set[str]) -> None:
    assert left_behind(V3, items, named, "shift") is None


def held_by(*arns: str) -> Items:
    """Items of models with the lease shift, and one of which somebody has made nonsense."""
    items = Items()
    for arn in arns:
        assert items.put(ModelItem(arn, leases=(SHIFT,), managed=True))
    items.nonsense[V4] = ValueError("nonsense")
    return items


V3_IS_DEFECTS = Configuration(models={"defects": Model(V3)})
UNNAMED = [f"{ACCOUNT}:project/casings/version/v{number}/7" for number in (1, 2)]


def test_a_lease_of_the_version_that_the_name_meant_before_is_found_whatever_else_cannot_be_read() -> None:
    why = "v1 has the lease shift, and v3 has not, which cdk.json names by now."
    assert of_lease(asks_for(V3), "shift", V3_IS_DEFECTS, held_by(ARN)) == Found(Choice(ARN, why))


@pytest.mark.parametrize(
    ("request_", "lease_id", "arns"),
    [
        (asks_for(V3), "shift", (V3, *UNNAMED)),
        (replace(asks_for(V3), model=None), "shift", UNNAMED),
        (asks_for(V4), None, UNNAMED),
    ],
    ids=["the named version has it", "asked for by the ARN", "about no lease, though the item cannot be read"],
)
def test_else_no_lease_is_looked_for_elsewhere(request_: Request, lease_id: str | None, arns: list[str]) -> None:
    assert of_lease(request_, lease_id, V3_IS_DEFECTS, held_by(*arns)) == Found()


def test_of_several_versions_that_nothing_names_each_is_said_with_its_command() -> None:
    hint = of_lease(asks_for(V3), "shift", V3_IS_DEFECTS, held_by(*UNNAMED)).hint
    assert hint
    assert "A lease shift is on v1 of the project casings, v2 of the project casings, which no name" in hint
    assert '"LeaseId": "shift"}, {"ProjectVersionArn": ' in hint


@pytest.mark.parametrize("name_means", [Model(V3), Model(project="boards")], ids=["a version", "the newest"])
@pytest.mark.parametrize(
    ("projects", "first"),
    [((), " Before that, add casings to 'projects' in cdk.json and deploy."), (("casings",), "")],
    ids=["the app may stop it no more", "the app may stop it"],
)
def test_a_lease_on_a_version_of_another_project_that_nothing_names_is_told_with_its_command(
    name_means: Model, projects: tuple[str, ...], first: str
) -> None:
    """Whether the name meant it before is written nowhere: leases of two models may have the same id."""
    casings = f"{ACCOUNT}:project/casings/version/v1/7"
    cables = f"{ACCOUNT}:project/cables/version/v1/8"
    models = {"defects": name_means, "cables": Model(cables)}
    items = Items()
    for arn in (casings, cables):
        assert items.put(ModelItem(arn, leases=(SHIFT,), managed=True))
    found = of_lease(asks_for(V3), "shift", Configuration(models=models, projects=projects), items)
    assert found == Found(
        hint="A lease shift is on v1 of the project casings, which no name in cdk.json means. If defects meant it "
        "when the lease was taken, release it by the ARN: StopModel "
        f'{{"ProjectVersionArn": "{casings}", "LeaseId": "shift"}}.{first}'
    )


def test_a_stop_and_an_extension_by_a_name_that_moved_to_another_project_say_where_the_lease_is() -> None:
    casings = f"{ACCOUNT}:project/casings/version/v1/7"
    configuration = Configuration(models={"defects": Model(ARN)})
    of_stop = StopStory(Models(script=[(0, "STOPPED")]), configuration=configuration)
    of_extension = Story(Models(), configuration=configuration)
    for story in (of_stop, of_extension):
        assert story.items.put(ModelItem(casings, leases=(SHIFT,), managed=True))
    result = of_stop.run({"Model": "defects", "LeaseId": "shift"})
    assert (result.outcome, result.selection) == (Outcome.MODEL_ALREADY_STOPPED, None)
    assert any(casings in warning for warning in result.warnings)
    with pytest.raises(ModelStopped, match="defects has no lease shift") as failed:
        of_extension.run({"Model": "defects", "LeaseId": "shift", "ExtendOnly": True})
    assert casings in str(failed.value)
    assert of_stop.items.get(casings).leases == of_extension.items.get(casings).leases == (SHIFT,)


# As stories ---------------------------------------------------------------------------------------


def start(**more: Any) -> Story:
    trained = [version(ARN), replace(version(V2), status="TRAINING_IN_PROGRESS")]
    return Story(Models(trained=trained), configuration=CONFIGURATION, **more)


def test_a_start_by_name_starts_the_newest_and_says_which() -> None:
    result = start().run({"Model": "defects"})
    assert (result.project_version_arn, result.model, result.outcome) == (ARN, "defects", Outcome.MODEL_STARTED)
    assert result.selection.endswith("Newer, but passed over: v2 (TRAINING_IN_PROGRESS).")
    assert result.lease_expires_at == result.running_at + timedelta(minutes=45)


def test_the_message_says_which_version_was_chosen_and_its_commands_are_about_this_one() -> None:
    """Tomorrow the name may mean another one."""
    result = start().run({"Model": "defects"})
    text = ending_notification(Ending(Machine.START_MODEL, execution(), result=result), CONFIGURATION, MACHINES).text
    assert "\n  v1 (F1 0.90) is the newest version of the project boards" in text
    assert text.count(f'"ProjectVersionArn": "{ARN}"') == 2
    assert '"Model"' not in text


def test_a_step_that_is_tried_again_goes_on_with_the_version_it_chose_first() -> None:
    """Also where a newer one was trained since."""
    story = start()
    story.open_executions.choose(story.execution.id, ARN)
    story.models.trained = [version(V3)]
    result = story.run({"Model": "defects"})
    assert (result.project_version_arn, result.selection) == (ARN, "v1 was chosen when this began.")


def test_a_start_by_arn_takes_the_defaults_of_the_name_and_chooses_nothing() -> None:
    result = start().run({"ProjectVersionArn": ARN})
    assert (result.model, result.selection) == ("defects", None)
    assert result.lease_expires_at == result.running_at + timedelta(minutes=45)


def test_a_token_by_name_is_the_same_when_the_newest_version_is_another() -> None:
    first = start(execution=execution("first"))
    output = to_wire(first.run({"Model": "defects", "ClientRequestToken": "t"}))
    assert list(first.tokens.holders) == [token_key("StartModel", "defects", "t")]
    ended = ExecutionState("SUCCEEDED", first.clock.now, output)
    second = Story(first.models, {first.execution.id: (0, ended)}, first.tokens, configuration=CONFIGURATION)
    second.models.trained = [version(V3)]
    result = second.run({"Model": "defects", "ClientRequestToken": "t"})
    assert (result.outcome, result.project_version_arn) == (Outcome.DUPLICATE, ARN)
    assert (result.selection, len(first.models.requests)) == (output["Selection"], 1)


def stop(*items: ModelItem) -> StopStory:
    models = Models(script=[(0, "RUNNING")], trained=[version(V3, "RUNNING"), version(ARN, "RUNNING")])
    story = StopStory(models, configuration=CONFIGURATION)
    for item in items:
        assert story.items.put(item)
    return story


def test_a_stop_by_name_stops_the_older_version_that_runs() -> None:
    result = stop(ModelItem(ARN, leases=(SHIFT,), managed=True)).run({"Model": "defects", "LeaseId": "shift"})
    assert (result.project_version_arn, result.outcome) == (ARN, Outcome.MODEL_STOPPED)
    assert (result.selection, result.other_executions) == ("v1 has the lease shift.", None)


def prepared(story: StopStory, payload: dict[str, Any]) -> tuple[Any, dict[tuple[str, str], Any]]:
    executions = Executions()
    return story._prepare(payload, executions), executions.started


def test_each_further_version_is_stopped_by_an_execution_of_its_own() -> None:
    story = stop(ModelItem(ARN, managed=True), ModelItem(V3, managed=True))
    payload = {"Model": "defects", "Force": True, "TimeoutSeconds": 900, "ClientRequestToken": "t"}
    request, started = prepared(story, payload)
    assert request.project_version_arn == V3
    ((machine, name),) = started
    assert machine == MACHINES.stop_model
    assert started[machine, name] == {"ProjectVersionArn": ARN, "Force": True, "TimeoutSeconds": 900}
    assert request.other_executions == (execution(name, machine="StopModel").id,)
    assert name.startswith("evening-")
    assert prepared(story, payload)[1] == started  # a step that is tried again


def test_two_stops_whose_names_begin_alike_stop_each_further_version_once_each() -> None:
    """Names of executions end at 80 characters: what tells two of them apart may be cut off."""
    executions = Executions()
    for last in "ab":
        story = replace(
            stop(ModelItem(ARN, managed=True), ModelItem(V3, managed=True)),
            execution=execution("n" * 79 + last, machine="StopModel"),
        )
        story._prepare({"Model": "defects", "LeaseId": last}, executions)
    assert [payload["LeaseId"] for payload in executions.started.values()] == ["a", "b"]


def test_an_execution_of_the_name_of_a_further_stop_that_is_about_something_else_is_an_error() -> None:
    story = stop(ModelItem(ARN, managed=True), ModelItem(V3, managed=True))
    executions = Executions()
    story._prepare({"Model": "defects"}, executions)
    ((machine, name),) = executions.started
    executions.started[machine, name] = {"ProjectVersionArn": OTHER_ARN}
    with pytest.raises(ServiceUnavailable, match="is there already, and is about something else"):
        story._prepare({"Model": "defects"}, executions)


def test_the_message_of_a_stop_names_the_executions_of_the_others() -> None:
    story = stop(ModelItem(ARN, managed=True), ModelItem(V3, managed=True))
    request, started = prepared(story, {"Model": "defects"})
    result = replace(
        stop(ModelItem(ARN, managed=True)).run({"Model": "defects"}), other_executions=request.other_executions
    )
    ending = Ending(Machine.STOP_MODEL, story.execution, request=request, result=result)
    ((_, name),) = started
    assert f"have an execution, and a message, of their own: {name}." in (
        ending_notification(ending, CONFIGURATION, MACHINES).text
    )


@pytest.mark.parametrize("fields", [{"DryRun": True}, {"ClientRequestToken": "t"}], ids=["dry run", "duplicate"])
def test_a_dry_run_and_a_duplicate_start_no_others(fields: dict[str, Any]) -> None:
    story = stop(ModelItem(ARN, managed=True), ModelItem(V3, managed=True))
    if "ClientRequestToken" in fields:
        first = execution("first", machine="StopModel")
        replace(story, execution=first)._prepare({"Model": "defects", **fields}, Executions())
        executions = Executions({first.id: (0, ExecutionState("RUNNING"))})
        assert story._prepare({"Model": "defects", **fields}, executions).duplicate_of == first.id
        assert executions.started == {}
    else:
        assert prepared(story, {"Model": "defects", **fields})[1] == {}


# What it leaves -----------------------------------------------------------------------------------

AN_HOUR_AGO = NOW - timedelta(hours=1)


def settled(state: ExecutionState, open_executions: OpenExecutions) -> tuple[Items, list[Ending]]:
    """An aborted start by name, whose version the project has a newer one than by now."""
    items, notified = Items(), list[Ending]()
    pending = (PendingLease("nightly", execution().id, NOW + timedelta(hours=1)),)
    assert items.put(ModelItem(ARN, pending=pending, managed=True))
    Settler(
        now=NOW,
        configuration=CONFIGURATION,
        machines=MACHINES,
        models=Models(trained=[version(V3)]),
        items=items,
        executions=Executions({execution().id: (0, state)}),
        open_executions=open_executions,
        tokens=Tokens(),
        notify=notified.append,
    ).settle(execution().id)
    return items, notified


def test_an_aborted_start_gives_back_the_lease_on_the_version_it_had_chosen() -> None:
    state = ExecutionState("ABORTED", NOW, started_at=AN_HOUR_AGO, input={"Model": "defects"})
    items, (notified,) = settled(state, OpenExecutions([execution().id], {execution().id: ARN}))
    assert items.get(ARN).pending == ()
    assert (notified.outcome, notified.project_version_arn) == (Outcome.EXECUTION_ABORTED, ARN)


def test_of_a_failed_start_whose_record_is_gone_its_cause_names_the_version() -> None:
    cause = str(ModelNotStartable("No.", project_version_arn=ARN))
    state = ExecutionState(
        "FAILED", NOW, error="ModelNotStartable", cause=cause, started_at=AN_HOUR_AGO, input={"Model": "defects"}
    )
    items, (notified,) = settled(state, OpenExecutions())
    assert items.get(ARN).pending == ()
    assert notified.project_version_arn == ARN


def test_a_start_that_was_aborted_before_it_had_chosen_is_reported_without_a_version() -> None:
    state = ExecutionState("ABORTED", NOW, started_at=AN_HOUR_AGO, input={"Model": "defects"})
    _, (notified,) = settled(state, OpenExecutions([execution().id]))
    assert (notified.outcome, notified.project_version_arn) == (Outcome.EXECUTION_ABORTED, None)


# The configuration --------------------------------------------------------------------------------


def test_the_project_of_a_name_is_swept_and_its_versions_have_its_name() -> None:
    assert CONFIGURATION.swept_projects == {"boards"}
    assert (CONFIGURATION.name_of(V3), CONFIGURATION.name_for(V3)) == ("defects", None)
    both = Configuration(models={"defects": LATEST, "old": Model(V2)})
    assert (both.name_of(V2), both.name_for(V2), both.name_of(V3)) == ("old", "old", "defects")


def test_a_wrong_input_by_name_is_said_before_anything_is_chosen() -> None:
    with pytest.raises(InvalidRequest, match="LeaseMinutes"):
        start().run({"Model": "defects", "LeaseMinutes": -1})
