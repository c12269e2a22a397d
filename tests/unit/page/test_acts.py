"""The page's buttons, and what becomes of a click: whatever is given, only what is understood starts something."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.configuration import Configuration, Model
from lifecycle.errors import InvalidRequest
from lifecycle.executions.state_machines import Machine
from lifecycle.model.leases import LONGEST_LEASE, Lease, ModelItem, PendingLease
from lifecycle.page.acts import Asked, Button, Buttons, asked
from lifecycle.shared.wire import timestamp
from lifecycle.start_model.request import start_request
from lifecycle.stop_model.request import stop_request
from tests.unit.examples import ACCOUNT, ARN, CONFIGURATION, MACHINES, NOW, OTHER_ARN, execution

HERE = MACHINES.start_model
HOUR = timedelta(hours=1)
LONGEST = LONGEST_LEASE // timedelta(minutes=1)
LINE, NIGHT = Lease("line-1", NOW, NOW + HOUR), Lease("night", NOW, None)
MADE = {"PageMadeAt": timestamp(NOW)}


def buttons(status: str = "RUNNING", *leases: Lease, **fields: Any) -> Buttons:
    item = ModelItem(ARN, leases=leases, managed=bool(leases), **fields)
    return Buttons(NOW, "defects", "defects", "defects", item, status, 4.0, may_start=True)


def clicked(button: Button | None, minutes: object = "60", after: timedelta = timedelta(0)) -> Asked:
    """What a click on a button asks for, as CloudWatch gives it to the function."""
    assert button is not None
    event = json.loads(
        json.dumps({**button.payload, "widgetContext": {"forms": {"all": {"minutes-defects": minutes}}}})
    )
    return asked(event, NOW + after, CONFIGURATION, HERE)


# --- What a button asks before ----------------------------------------------------------------------------------------


def test_a_start_says_what_it_costs() -> None:
    button = buttons("STOPPED").start()
    assert button is not None
    assert (button.label, button.confirmation) == (
        "Start",
        "Start defects for the time chosen? Once it is RUNNING, it costs USD 4.00 per hour "
        "until its lease 'dashboard' ends.",
    )


def test_a_stop_says_who_loses_the_model_and_what_it_ends() -> None:
    many = [Lease(f"line-{number}", NOW, NOW + HOUR) for number in range(7)]
    stops = [buttons("RUNNING", *leases).stop() for leases in ((), (LINE,), (LINE, NIGHT), many)]
    ends = "It saves USD 4.00 per hour; starting it again takes minutes."
    assert [one.confirmation for one in stops if one] == [
        f"Stop defects now? Nobody holds it. {ends}",
        f"Stop defects now? It ends 1 lease: line-1. {ends}",
        f"Stop defects now? It ends 2 leases: line-1 and night. {ends}",
        f"Stop defects now? It ends 7 leases: line-0, line-1, line-2, line-3, line-4 and 2 more. {ends}",
    ]


def test_a_release_says_whether_the_model_stays() -> None:
    alone, shared = buttons("RUNNING", LINE).release("line-1"), buttons("RUNNING", LINE, NIGHT).release("line-1")
    assert alone is not None
    assert shared is not None
    assert alone.confirmation == (
        "Release the lease 'line-1' of defects? Nobody else holds it: it is stopped, which saves USD 4.00 per hour."
    )
    assert (
        shared.confirmation
        == "Release the lease 'line-1' of defects? It keeps running for night, at USD 4.00 per hour."
    )
    down = buttons("FAILED", LINE, NIGHT).release("line-1")
    assert down is not None
    assert down.confirmation == "Release the lease 'line-1' of defects? It is FAILED: nothing is stopped."


def test_an_extension_says_what_an_hour_costs() -> None:
    button = buttons("RUNNING", LINE).extend(LINE)
    assert button is not None
    assert button.confirmation == (
        "Extend the lease 'line-1' of defects by the time chosen? "
        "Each further hour costs USD 4.00, unless other leases hold the model as long."
    )


@pytest.mark.parametrize(
    ("status", "start", "stop"),
    [
        ("STOPPED", "Start", False),
        ("TRAINING_COMPLETED", "Start", False),
        ("FAILED", "Start", False),
        ("STARTING", "Keep running", True),
        ("RUNNING", "Keep running", True),
        ("STOPPING", None, False),
        ("TRAINING_IN_PROGRESS", None, False),
        ("DELETING", None, False),
        ("NOT_FOUND", None, False),
        ("UNKNOWN", None, False),
    ],
)
def test_only_what_can_be_done_has_a_button(status: str, start: str | None, stop: bool) -> None:
    button = buttons(status).start()
    assert (button.label if button else None, buttons(status).stop() is not None) == (start, stop)


def test_a_model_that_the_page_holds_is_not_held_again_and_one_that_may_not_be_started_is_not_started() -> None:
    assert buttons("RUNNING", Lease("dashboard", NOW, NOW + HOUR)).start() is None
    assert buttons("RUNNING", Lease("dashboard", NOW - 2 * HOUR, NOW - HOUR)).start() is not None
    assert replace(buttons("STOPPED"), may_start=False).start() is None


@pytest.mark.parametrize("status", ["FAILED", "STOPPED"])
def test_a_model_that_is_down_is_started_whoever_holds_it(status: str) -> None:
    """The page's own lease too: it was left from before the model went down."""
    assert clicked(buttons(status, LINE, Lease("dashboard", NOW, NOW + HOUR)).start()).payload["LeaseId"] == "dashboard"
    under_way = buttons(status, LINE, pending=(PendingLease("dashboard", execution().id, NOW + HOUR),))
    assert under_way.start() is None


def test_of_a_project_that_this_app_does_not_manage_there_are_no_buttons() -> None:
    """As of one that was taken out of the configuration while its model ran: act would refuse."""
    unmanaged = replace(buttons("RUNNING", LINE), managed=False)
    assert [unmanaged.start(), unmanaged.extend(LINE), unmanaged.release("line-1"), unmanaged.stop()] == [None] * 4


# --- A click ----------------------------------------------------------------------------------------------------------


def test_a_start_takes_the_lease_of_the_page_for_the_minutes_chosen() -> None:
    click = clicked(buttons("STOPPED").start(), "90")
    assert click.machine is Machine.START_MODEL
    assert click.execution_name.rpartition("-")[0] == "console-start-defects-20261124T070000000Z"
    assert {key: click.payload[key] for key in ("Model", "LeaseId", "LeaseMinutes")} == {
        "Model": "defects",
        "LeaseId": "dashboard",
        "LeaseMinutes": 90,
    }
    start_request(click.payload, execution(), CONFIGURATION)


def test_an_extension_is_from_the_end_of_the_lease_however_late_the_click_comes() -> None:
    button = buttons("RUNNING", LINE).extend(LINE)
    assert clicked(button, "30").payload["LeaseMinutes"] == 90
    late = clicked(button, "30", after=timedelta(minutes=10))
    assert (late.payload["LeaseMinutes"], late.payload["LeaseId"]) == (80, "line-1")
    assert start_request(late.payload, execution(), CONFIGURATION).lease_id == "line-1"


def test_no_extension_is_longer_than_the_longest_lease() -> None:
    lease = Lease("line-1", NOW, NOW + LONGEST_LEASE - timedelta(hours=1))
    assert clicked(buttons("RUNNING", lease).extend(lease), "480").payload["LeaseMinutes"] == LONGEST


def test_a_release_and_a_stop_are_requests_of_stop_model() -> None:
    release, stop = clicked(buttons("RUNNING", LINE).release("line-1")), clicked(buttons("RUNNING", LINE).stop())
    assert (release.machine, release.payload["LeaseId"]) == (Machine.STOP_MODEL, "line-1")
    assert (stop.machine, stop.payload["Force"]) == (Machine.STOP_MODEL, True)
    for click in (release, stop):
        stop_request(click.payload, execution(machine="StopModel"), CONFIGURATION)


def test_a_second_click_on_the_same_page_meets_the_same_execution_and_one_on_another_page_another() -> None:
    first = clicked(buttons("STOPPED").start())
    assert clicked(buttons("STOPPED").start(), after=timedelta(seconds=2)).execution_name == first.execution_name
    later = replace(buttons("STOPPED"), now=NOW + timedelta(milliseconds=1))
    assert clicked(later.start()).execution_name != first.execution_name


def test_executions_of_two_leases_have_two_names_that_step_functions_accepts() -> None:
    names = [
        clicked(buttons("RUNNING", lease).release(lease.lease_id)).execution_name
        for lease in (LINE, NIGHT, Lease("run/" + "a:b" * 40, NOW))
    ]
    assert len(set(names)) == 3
    long = "m" * 64
    configuration = Configuration(models={long: Model(ARN)})
    names.append(asked({"Action": "stop", "Model": long, **MADE}, NOW, configuration, HERE).execution_name)
    assert all(len(name) <= 80 and not set(name) & set(' :/<>{}[]?*"#%\\^|~`$&,;') for name in names)


@pytest.mark.parametrize("version", ["v1", "v" * 255], ids=["a short name", "one that is cut"])
@pytest.mark.parametrize("action", ["start", "stop"])
def test_clicks_on_models_of_different_projects_whose_versions_have_one_name_are_two(action: str, version: str) -> None:
    configuration = Configuration(models={"boards": Model(project="boards"), "cables": Model(project="cables")})
    names = set()
    for project in ("boards", "cables"):
        which = f"{ACCOUNT}:project/{project}/version/{version}/1793520000000"
        event = {"Action": action, "ProjectVersionArn": which, "Minutes": 60, **MADE}
        names.add(asked(event, NOW, configuration, HERE).execution_name)
    assert len(names) == 2


# --- What is no click of ours -----------------------------------------------------------------------------------------

STOP = {"Action": "stop", "Model": "defects", **MADE}


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({**STOP, "Action": "delete"}, "Action: 'delete' is none of start, extend, release, stop"),
        ({**STOP, "Action": ["stop"]}, "Action: ['stop'] is none of"),
        ({**STOP, "Model": "unknown"}, "Model: 'unknown' is not configured"),
        ({**STOP, "Model": {"a": 1}}, "is not configured"),
        ({**STOP, "ProjectVersionArn": ARN}, "exactly one of the two is needed"),
        ({"Action": "stop", **MADE}, "exactly one of the two is needed"),
        ({"Action": "stop", "ProjectVersionArn": "arn:aws:s3:::bucket", **MADE}, "is not the ARN of a model version"),
        ({"Action": "stop", "ProjectVersionArn": 7, **MADE}, "is not the ARN of a model version"),
        ({"Action": "stop", "ProjectVersionArn": OTHER_ARN, **MADE}, "is not of a project that this app manages"),
        (
            {"Action": "stop", "ProjectVersionArn": ARN.replace("arn:aws:", "arn:aws-cn:"), **MADE},
            "is not of a project that this app manages",
        ),
        (
            {"Action": "stop", "ProjectVersionArn": ARN.replace("us-east-1", "eu-west-1"), **MADE},
            "is not of a project that this app manages",
        ),
        ({"Action": "stop", "Model": "defects"}, "PageMadeAt: must be an RFC 3339 time"),
        ({**STOP, "PageMadeAt": "2026-11-24T07:00:00"}, "PageMadeAt: must be an RFC 3339 time"),
        ({**STOP, "PageMadeAt": timestamp(NOW - 3 * HOUR)}, "the page is 180 minutes old"),
        ({**STOP, "PageMadeAt": timestamp(NOW + HOUR)}, "the page is from the future"),
        ({**STOP, "Action": "release"}, "LeaseId: None is not the id of a lease"),
        ({**STOP, "Action": "release", "LeaseId": "a b"}, "LeaseId: 'a b' is not the id of a lease"),
        ({**STOP, "Action": "start"}, "Minutes: None is no number of minutes"),
        ({**STOP, "Action": "start", "Minutes": 0}, f"Minutes: 0 is no number of minutes from 1 to {LONGEST}"),
        ({**STOP, "Action": "start", "Minutes": LONGEST + 1}, f"Minutes: {LONGEST + 1}"),
        ({**STOP, "Action": "start", "Minutes": True}, "Minutes: True"),
        ({**STOP, "Action": "start", "Minutes": 10**5000}, "Minutes: a number of too many digits to be shown"),
        ({**STOP, "Action": 10**5000}, "Action: a number of too many digits to be shown is none of"),
        ({**STOP, "Action": "start", "Minutes": "1e3"}, "Minutes: '1e3'"),
        ({**STOP, "Action": "start", "MinutesField": "m", "widgetContext": {"forms": {"all": []}}}, "Minutes: None"),
        ({**STOP, "Action": "extend", "LeaseId": "a", "Minutes": 5}, "ExpiresAt: must be an RFC 3339 time"),
    ],
)
def test_what_is_no_click_of_this_app_starts_nothing_and_says_why(event: Any, says: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        asked(event, NOW, CONFIGURATION, HERE)
    assert refused.value.message.startswith("Nothing was started:\n- ")
    assert says in refused.value.message


def test_every_problem_is_named() -> None:
    with pytest.raises(InvalidRequest) as refused:
        asked({"Action": "extend"}, NOW, CONFIGURATION, HERE)
    named = [line.partition(":")[0] for line in refused.value.message.splitlines()[1:]]
    assert named == ["- PageMadeAt", "- Model, ProjectVersionArn", "- LeaseId", "- Minutes", "- ExpiresAt"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "Action",
    "Model",
    "ProjectVersionArn",
    "LeaseId",
    "Minutes",
    "MinutesField",
    "ExpiresAt",
    "PageMadeAt",
    "widgetContext",
)
LIKELY = st.sampled_from(["start", "extend", "release", "stop", "defects", ARN, "line-1", "60", timestamp(NOW)])


@given(st.one_of(JSON, st.dictionaries(st.sampled_from(FIELDS), JSON | LIKELY)))
def test_whatever_is_given_it_is_understood_or_refused(event: Any) -> None:
    """And what is understood, the state machine understands too."""
    try:
        click = asked(event, NOW, CONFIGURATION, HERE)
    except InvalidRequest:
        return
    understand = start_request if click.machine is Machine.START_MODEL else stop_request
    understand(click.payload, execution(), CONFIGURATION)
    assert len(click.execution_name) <= 80


def test_a_pending_lease_can_be_released_and_not_extended() -> None:
    item = ModelItem(ARN, pending=(PendingLease("line-1", execution().id, NOW + HOUR),))
    starting = replace(buttons("STARTING"), item=item)
    assert clicked(starting.release("line-1")).payload["LeaseId"] == "line-1"
    stop = starting.stop()
    assert stop is not None
    assert "It ends 1 lease: line-1." in stop.confirmation
