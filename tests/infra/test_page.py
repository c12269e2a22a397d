"""The page's functions and its widget on the dashboard."""

import json

from tests.infra.grants import START_MODEL, STOP_MODEL
from tools.templates import Template

PAGE, ACT = "${PageFunction.Arn}", "${PageActFunction.Arn}"


def test_the_dashboard_has_the_page_and_refreshes_it(stack: Template) -> None:
    dashboards = stack.of_type("AWS::CloudWatch::Dashboard").values()
    (dashboard,) = (one for one in dashboards if one["DashboardName"] == "CustomLabelsLifecycle-eu-west-1")
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]
    (widget,) = (one for one in widgets if one["type"] == "custom")
    assert widget["properties"] == {
        "endpoint": PAGE,
        "title": "Custom Labels models",
        "updateOn": {"refresh": True, "resize": True, "timeRange": True},
    }


def test_the_page_names_who_acts_and_who_may(stack: Template) -> None:
    environment = stack.functions["page"]["Environment"]["Variables"]
    assert environment["ACT_ARN"] == ACT
    assert environment["OPERATORS_POLICY"] == "CustomLabelsLifecycle-eu-west-1-operators"
    acts = stack.functions["act"]["Environment"]["Variables"]
    assert (acts["START_MODEL_ARN"], acts["STOP_MODEL_ARN"]) == (START_MODEL, STOP_MODEL)


def test_nobody_is_permitted_to_call_them_but_by_a_policy_of_their_own(stack: Template) -> None:
    """No resource policy: CloudWatch calls with the right of whoever looks."""
    permitted = {str(one["FunctionName"]) for one in stack.of_type("AWS::Lambda::Permission").values()}
    assert not [name for name in permitted if "PagePage" in name or "PageAct" in name]
    assert not stack.of_type("AWS::Lambda::Url")
