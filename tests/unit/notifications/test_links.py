"""Links: to the runbook's entry, to an execution's logs and to its trace."""

from datetime import timedelta
from urllib.parse import unquote

import pytest

from lifecycle.notifications import links
from lifecycle.notifications.links import Telemetry
from tests.unit.examples import NOW, execution

ARN = execution().id


def test_the_runbooks_entry_is_found_by_the_name_in_lower_case() -> None:
    wiki = "https://wiki.example.com/operations"
    assert links.runbook(wiki, "MODEL_DOWN") == f"{wiki}#model_down"
    assert links.runbook(None, "SweepMissing") == "the heading SweepMissing of docs/operations.md"


def test_the_dashboard_is_that_of_the_stack_whose_state_machine_is_named() -> None:
    machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:Line-1-Models-StartModel"
    assert links.dashboard_of(machine) == links.dashboard("Line-1-Models", "eu-west-1")
    assert links.dashboard("Line-1-Models", "eu-west-1") == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        "#dashboards/dashboard/Line-1-Models-eu-west-1"
    )


def test_the_logs_are_those_of_one_execution_around_its_time() -> None:
    link = links.logs(ARN, NOW, Telemetry(NOW + timedelta(minutes=12), "Logs-1/x"))
    assert link is not None
    base, _, detail = link.partition("$3FqueryDetail$3D")
    assert base == "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:logs-insights"
    read = unquote(unquote(detail.replace("$", "%"))).replace("*", "%")
    assert unquote(read) == (
        "~(end~'2026-11-24T07:27:00.000Z~start~'2026-11-24T06:59:00.000Z~timeType~'ABSOLUTE~tz~'UTC"
        f"~editorString~'{links.LINKED.format(execution=ARN)}~source~(~'Logs-1/x))"
    )


def test_a_link_to_logs_has_nothing_that_ends_it_in_a_mail() -> None:
    link = links.logs(ARN, NOW, Telemetry(NOW, "Logs"))
    assert link is not None
    assert not set(link) & set(" '\"()<>*~\n")


def test_where_nobody_knows_the_log_group_or_the_trace_there_is_no_link() -> None:
    assert links.logs(ARN, NOW, Telemetry(NOW)) is None
    assert links.trace(ARN, Telemetry(NOW)) is None


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (
            "Root=1-69251e80-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=1",
            "1-69251e80-0123456789abcdef01234567",
        ),
        (
            "Root=1-69251e80-0123456789abcdef01234567;Sampled=1;Lineage=a87bd80c:0",
            "1-69251e80-0123456789abcdef01234567",
        ),
        ("Root=1-69251e80-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=0", None),
        ("Sampled=1", None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_trace_that_is_recorded_is_linked(header: str | None, trace: str | None) -> None:
    assert links.sampled_trace(header) == trace
    if trace:
        link = links.trace(ARN, Telemetry(NOW, trace_id=trace))
        assert link == f"https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#xray:traces/{trace}"
