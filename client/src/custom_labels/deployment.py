"""What the functions of the deployed stack answer. They are found by its outputs; starts and stops need none."""

import json
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

from custom_labels import errors
from custom_labels.executions import AWS_ERRORS, code_of, not_deployed, refused

SCHEMA = "1."
"""How the ``SchemaVersion`` begins that is understood here."""
LONGEST = 340
"""Seconds that the longest of these functions may take, a sweep, and a margin."""
_PAGE, _ACT = "PageFunctionName", "ActFunctionName"
_POLICIES = {_PAGE: "viewers", _ACT: "operators"}
"""Who may call which function: docs/console.md."""
_NEEDS = "It needs the stack's policy for {}: docs/console.md."


class Deployment:
    """The functions behind the dashboard's page.

    Parameters
    ----------
    session : boto3.Session
        Whose credentials are used.
    stack, region, account : str
        Where it is.
    """

    def __init__(self, session: boto3.Session, stack: str, region: str, account: str) -> None:
        self._session = session
        self.stack, self.region, self.account = stack, region, account

    def report(self, name: str, month: str | None = None) -> dict[str, Any]:
        """What the page knows, as data: statemachine/schemas/report.*.schema.json.

        Raises
        ------
        NotDeployed, InvalidRequest, AccessDenied, ServiceUnavailable
        """
        return self._call(_PAGE, {"Report": name, **({} if month is None else {"Month": month})})

    def act(self, action: str, **asked: Any) -> dict[str, Any]:
        """Have something done that no execution does, such as ``sweep``.

        Raises
        ------
        NotDeployed, InvalidRequest, AccessDenied, ServiceUnavailable
        """
        return self._call(_ACT, {"Action": action, **asked})

    def check(self) -> None:
        """See that there is such a stack.

        Raises
        ------
        NotDeployed, AccessDenied, ServiceUnavailable
        """
        _ = self._outputs

    def _call(self, output: str, payload: dict[str, Any]) -> dict[str, Any]:
        function = self._output(output)
        needs = _NEEDS.format(_POLICIES[output])
        # Once: a sweep that is still going on would be started again.
        config = Config(read_timeout=LONGEST, retries={"total_max_attempts": 1})
        try:
            client: Any = self._session.client("lambda", region_name=self.region, config=config)
            answer = client.invoke(FunctionName=function, Payload=json.dumps(payload))
        except AWS_ERRORS as error:
            refused(f"call the function {function}", error, needs=needs)
        said = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise errors.of_function(said)
        if not isinstance(said, dict) or not str(said.get("SchemaVersion")).startswith(SCHEMA):
            raise errors.CustomLabelsError(
                f"The stack {self.stack} is of another version than this client, and answers otherwise.",
                remedy="Install the client of the version that is deployed: pip install ./client.",
            )
        return said

    def _output(self, name: str) -> str:
        found = self._outputs.get(name)
        if found is None:
            raise errors.CustomLabelsError(
                f"The stack {self.stack} has no output {name}: it is of an older version than this client.",
                remedy="Deploy this version: make deploy.",
            )
        return found

    @cached_property
    def _outputs(self) -> dict[str, str]:
        try:
            client: Any = self._session.client("cloudformation", region_name=self.region)
            (stack,) = client.describe_stacks(StackName=self.stack)["Stacks"]
        except AWS_ERRORS as error:
            if code_of(error) == "ValidationError":
                raise not_deployed(self.account, self.stack, self.region) from error
            refused("read the stack's outputs", error, needs=_NEEDS.format("viewers"))
        return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}
