"""The dashboard: what it shows, and that its body is what CloudWatch documents. CloudWatch itself has not seen it."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from lifecycle.observability.metrics import METRICS
from tests.infra.configurations import ROOT
from tools.templates import STACK, Template

valid_body = fastjsonschema.compile(json.loads((Path(__file__).parent / "dashboard.schema.json").read_text("utf-8")))
REGIONS = {"minimal": "eu-west-1", "stack": "eu-west-1", "hundred": "eu-west-1"}


def dashboard(template: Template) -> dict[str, Any]:
    (properties,) = template.of_type("AWS::CloudWatch::Dashboard").values()
    return properties


def body_of(template: Template) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(dashboard(template)["DashboardBody"])
    return body


def widgets_of(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """Their properties by title."""
    widgets = body_of(template)["widgets"]
    return {one["properties"]["title"]: one["properties"] for one in widgets if one["type"] == kind}


def searches_of(template: Template) -> list[tuple[str, ...]]:
    """Namespace, dimension, metric, statistic and period of each graph that shows all models or outcomes."""
    rows = (row[0] for one in widgets_of(template, "metric").values() for row in one["metrics"])
    expressions = (row["expression"] for row in rows if isinstance(row, dict))
    pattern = re.compile(r"SEARCH\('\{\"(\w+)\",(\w+)\} MetricName=\"(\w+)\"', '(\w+)', (\d+)\)")
    return [found.groups() for expression in expressions if (found := pattern.fullmatch(expression))]


def headings(template: Template) -> list[str]:
    texts = (one["properties"].get("markdown", "") for one in body_of(template)["widgets"])
    return [text.removeprefix("# ") for text in texts if text.startswith("# ")]


@pytest.mark.parametrize("configuration", ["minimal", "stack", "hundred"])
def test_the_body_is_as_documented(request: pytest.FixtureRequest, configuration: str) -> None:
    body = body_of(request.getfixturevalue(configuration))
    valid_body(body)
    for widget in body["widgets"]:
        assert widget["x"] + widget["width"] <= 24
    for one, other in itertools.combinations(body["widgets"], 2):
        apart_x = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        apart_y = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert apart_x or apart_y, (one, other)


@pytest.mark.parametrize("broken", [{"type": "metrics"}, {"x": 24}, {"properties": {"markdown": "", "colour": "red"}}])
def test_a_body_that_is_not_is_refused(stack: Template, broken: dict[str, Any]) -> None:
    body = body_of(stack)
    body["widgets"][0] |= broken
    with pytest.raises(fastjsonschema.JsonSchemaException):
        valid_body(body)


def test_it_begins_with_what_people_ask_first(stack: Template) -> None:
    asked = ["What runs now", "What it costs", "Starts", "Inboxes", "Health", "The parts"]
    assert headings(stack) == [question for question in asked if question in headings(stack)]
    assert headings(stack)[-5:] == asked[1:]


def test_the_documentation_says_what_each_row_shows(stack: Template) -> None:
    text = (ROOT / "docs" / "monitoring.md").read_text("utf-8").partition("\n## Dashboard\n")[2]
    documented = dict(re.findall(r"^\| ([\w ?]+) \| (.+) \|$", text, re.MULTILINE))
    rows: dict[str, list[str]] = {}
    for widget in body_of(stack)["widgets"]:
        properties = widget["properties"]
        if widget["type"] == "text" and properties["markdown"].startswith("# "):
            rows[properties["markdown"].removeprefix("# ")] = titles = []
        elif "title" in properties:
            titles.append(properties["title"])
    for row in ("What it costs", "Starts", "Inboxes", "Health"):
        assert documented[row] == "; ".join(rows[row])
    assert rows.keys() <= documented.keys()


def test_every_metric_of_this_app_that_changes_what_people_do_is_on_it(stack: Template) -> None:
    """Of ticks, people are told by CallsLost, and the two that alarms count are outcomes too."""
    searched = {name for _, _, name, *_ in searches_of(stack)}
    plain = {row[1] for one in widgets_of(stack, "metric").values() for row in one["metrics"] if row[0] == STACK}
    assert searched | plain == METRICS.keys() - {"LeasedUnits", "FailedStarts", "FailedStops", "Ticks"}


def test_a_graph_of_all_models_searches_the_dimensions_that_are_emitted(stack: Template) -> None:
    """CloudWatch User Guide, "CloudWatch search expression syntax": only metrics with exactly these dimensions."""
    assert searches_of(stack)
    for namespace, dimension, name, statistic, period in searches_of(stack):
        assert (namespace, (dimension,)) == (STACK, METRICS[name].dimensions)
        assert (statistic in {"Sum", "Average"}, period) == (True, "3600")


@pytest.mark.parametrize("configuration", ["stack", "hundred"])
def test_every_alarm_is_on_it_a_hundred_in_a_widget(request: pytest.FixtureRequest, configuration: str) -> None:
    template = request.getfixturevalue(configuration)
    shown = [one for title in widgets_of(template, "alarm").values() for one in title["alarms"]]
    assert sorted(shown) == sorted(f"${{{name}.Arn}}" for name in template.of_type("AWS::CloudWatch::Alarm"))


def test_every_function_machine_queue_and_table_is_on_it(stack: Template) -> None:
    text = dashboard(stack)["DashboardBody"]
    for kind in ("Lambda::Function", "StepFunctions::StateMachine", "SQS::Queue", "SNS::Topic", "DynamoDB::Table"):
        for name in stack.of_type(f"AWS::{kind}").keys() - {"RemovalRemoveFunction"}:  # it is called once: at the end
            assert f"${{{name}" in text, name
    for name in ("StartModel", "StopModel", "RunWithModel", "DetectBatch", "DrainInbox"):
        assert f"State Machine **[{name}]" in text


@pytest.mark.parametrize("configuration", REGIONS)
def test_its_address_is_an_output(request: pytest.FixtureRequest, configuration: str) -> None:
    """Its name has the Region in it: an account's dashboards are the same in all Regions."""
    template, region = request.getfixturevalue(configuration), REGIONS[configuration]
    name = dashboard(template)["DashboardName"]
    assert name == f"{STACK}-{region}"
    home = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    assert template.outputs["DashboardUrl"] == f"{home}#dashboards/dashboard/{name}"
