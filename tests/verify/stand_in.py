"""TestState in this process: the emulator's own, asked as boto3's client is."""

import json
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser import api

from emulator import seams
from emulator.seams import state_tests
from emulator.state_requests import RefusedError


class StandIn:
    """What the verification needs of a client of Step Functions."""

    def __init__(self) -> None:
        seams._install()
        self.asked: list[dict[str, Any]] = []

    def test_state(self, **request: Any) -> dict[str, Any]:
        """The emulator's answer, as it comes over the wire."""
        self.asked.append(request)
        try:
            answer: dict[str, Any] = json.loads(json.dumps(state_tests.state_tested(request)))
        except (RefusedError, api.InvalidDefinition) as refused:
            code = refused.code if isinstance(refused, RefusedError) else "InvalidDefinition"
            raise ClientError({"Error": {"Code": code, "Message": str(refused)}}, "TestState") from refused
        return answer

    def validate_state_machine_definition(self, **request: Any) -> dict[str, Any]:
        """The emulator's answer."""
        return state_tests.definition_validated(request)
