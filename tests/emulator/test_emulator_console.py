"""The emulator's host for dashboards: what it gives its own page, and that no other page gets anything."""

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator.server import Emulator
from tests.deployed.executions import PATIENCE
from tests.emulator.stacks import deploy, function

CODE = """
def handler(event, context):
    if event.get("fail"):
        raise ValueError("broken <b>")
    return {"given": event} if "given" in event else "<p>shown</p>"
"""


def policy(*actions: str, on: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}


@pytest.fixture(scope="module")
def widget(endpoint: Emulator) -> Iterator[dict[str, str]]:
    """A dashboard with a custom widget, a policy whose holder may call its function, and one whose may not."""
    arn = {"Fn::GetAtt": ["Function", "Arn"]}
    body = {"Fn::Sub": json.dumps({"widgets": [{"type": "custom", "properties": {"endpoint": "${Function.Arn}"}}]})}
    resources = {
        **function(CODE),
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": "w", "DashboardBody": body},
        },
        "May": {**policy("lambda:InvokeFunction", on=arn)},
        "MayNot": {**policy("lambda:GetFunction", on=arn)},
    }
    yield deploy(endpoint, resources, Endpoint=arn)
    endpoint.client("cloudwatch").delete_dashboards(DashboardNames=["w"])


Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(bare: Emulator) -> Ask:
    """A request to the host; its status, and the answer's JSON or text."""
    host, _, port = bare.endpoint.removeprefix("http://").partition(":")

    def request(method: str, path: str, given: object = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = None if given is None else json.dumps(given)
        content = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, body, {**content, **named})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        is_json = (answer.getheader("Content-Type") or "").startswith("application/json")
        return answer.status, json.loads(text) if is_json else text

    return request


def name_of(arn: str) -> str:
    return arn.rpartition("/")[2]


def test_it_lists_the_dashboards_and_the_policies(ask: Ask, widget: dict[str, str]) -> None:
    status, found = ask("GET", "/console/dashboards")
    assert status == 200
    (body,) = (one["Body"] for one in found["Dashboards"] if one["Name"] == "w")
    assert body["widgets"][0]["properties"]["endpoint"] == widget["Endpoint"]
    assert {name_of(widget["May"]), name_of(widget["MayNot"])} <= set(found["Policies"])


def test_it_calls_the_function_and_says_how_it_failed(ask: Ask, widget: dict[str, str]) -> None:
    def invoke(event: object) -> Any:
        return ask("POST", "/console/invoke", {"Endpoint": widget["Endpoint"], "Event": event})

    assert invoke({}) == (200, {"Payload": "<p>shown</p>"})
    assert invoke({"given": 1}) == (200, {"Payload": {"given": {"given": 1}}})
    assert invoke({"fail": 1}) == (200, {"Error": "ValueError: broken <b>"})


def test_it_calls_with_the_right_of_whoever_views(ask: Ask, widget: dict[str, str]) -> None:
    def invoke(policy: str) -> Any:
        given = {"Endpoint": widget["Endpoint"], "Event": {}, "As": name_of(policy)}
        return ask("POST", "/console/invoke", given)[1]

    assert invoke(widget["May"]) == {"Payload": "<p>shown</p>"}
    for refused in (widget["MayNot"], "no-such-policy"):
        assert "is not authorized to perform: lambda:InvokeFunction" in invoke(refused)["Error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example.com"},
        {"Host": "127.0.0.1.example.com:4566"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://example.com"},
        {"Origin": "null"},
        {"Content_Type": "text/plain"},
    ],
)
def test_no_other_page_gets_anything(ask: Ask, widget: dict[str, str], bare: Emulator, headers: dict[str, str]) -> None:
    """Neither by a name of its own for 127.0.0.1, nor by what a browser sends for it without asking."""

    def called() -> int:  # others' functions may be called at any time
        return sum(widget["Endpoint"].endswith(f":{one.function}") for one in bare.runtime.invocations)

    ask("POST", "/console/invoke", {"Endpoint": widget["Endpoint"], "Event": {}})
    assert (before := called())
    status, answer = ask("POST", "/console/invoke", {"Endpoint": widget["Endpoint"], "Event": {}}, **headers)
    assert (status, list(answer)) == (403, ["Message"])
    assert called() == before


def test_it_may_be_called_localhost(ask: Ask, bare: Emulator) -> None:
    port = bare.endpoint.rpartition(":")[2]
    assert ask("GET", "/console/dashboards", Host=f"localhost:{port}", Origin=f"http://localhost:{port}")[0] == 200


def test_its_page_runs_no_script_but_its_own(bare: Emulator) -> None:
    host, _, port = bare.endpoint.removeprefix("http://").partition(":")
    for path in ("/console", "/console/", "/console/console.js", "/console/console.css"):
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200
        policy = answer.getheader("Content-Security-Policy") or ""
        assert "default-src 'none'; script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        answer.read()
        connection.close()


@pytest.mark.parametrize("path", ["/console/server.py", "/console/../server.py", "/console/%2e%2e/console.py"])
def test_there_is_nothing_else(ask: Ask, path: str) -> None:
    assert ask("GET", path)[0] == 404


def test_what_is_no_request_is_reported(ask: Ask) -> None:
    assert ask("POST", "/console/invoke", {"Event": {}}) == (400, {"Message": "KeyError: 'Endpoint'"})


def test_a_bucket_may_be_called_console(bare: Emulator) -> None:
    s3 = bare.client("s3")
    s3.create_bucket(Bucket="console")
    s3.put_object(Bucket="console", Key="dashboards", Body=b"mine")
    assert s3.get_object(Bucket="console", Key="dashboards")["Body"].read() == b"mine"
