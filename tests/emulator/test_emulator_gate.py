"""A web page that a developer looks at must not get at the emulator: whoever may make functions runs code here."""

import http.client
import json

import pytest

from emulator.server import Emulator
from tests.deployed.executions import PATIENCE

SIGNED = "AWS4-HMAC-SHA256 Credential=test/20261126/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=x"
FUNCTIONS = "/2015-03-31/functions/"


def ask(emulator: Emulator, method: str = "GET", host: str | None = None, **headers: str) -> tuple[int, dict[str, str]]:
    """The status and the headers of what a function of the account would be listed or made with."""
    address = emulator.endpoint.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        sent = {"Authorization": SIGNED, "Host": host or address, **headers}
        connection.request(method, FUNCTIONS, json.dumps({}) if method == "POST" else None, sent)
        answer = connection.getresponse()
        answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


@pytest.mark.parametrize("origin", ["https://attacker.example", "null", "http://localhost:1", "http://127.0.0.1"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_origin_is_refused_and_not_allowed_to_ask(bare: Emulator, method: str, origin: str) -> None:
    status, headers = ask(bare, method, Origin=origin)
    assert (status, headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "name", ["attacker.example", "127.0.0.1.attacker.example", "localhost.attacker.example", "lambda"]
)
def test_nor_is_one_answered_that_calls_this_machine_by_a_name_of_its_own(bare: Emulator, name: str) -> None:
    port = bare.endpoint.rpartition(":")[2]
    for host in (f"{name}:{port}", name):
        assert ask(bare, host=host)[0] == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "bucket.localhost"])
def test_programs_of_this_machine_and_its_own_page_are_answered(bare: Emulator, name: str) -> None:
    port = bare.endpoint.rpartition(":")[2]
    assert ask(bare, host=f"{name}:{port}")[0] == 200
    assert ask(bare, host=f"{name}:{port}", Origin=f"http://localhost:{port}")[0] == 200
