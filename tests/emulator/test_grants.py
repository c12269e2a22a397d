"""Least privilege, shown by use: every action that a function's role is granted, it needs."""

import json
from collections.abc import Callable
from pathlib import Path

from emulator.custom_labels import Quotas
from emulator.faults import Fault
from emulator.server import Emulator
from tests.emulator.executions import StateMachine

NOT_CALLED_BY_OUR_CODE = {
    "logs:CreateLogStream": "Lambda writes the logs",
    "logs:PutLogEvents": "Lambda writes the logs",
    "kms:GenerateDataKey": "SNS encrypts, with the publisher's rights",
    "kms:Decrypt": "SNS encrypts, with the publisher's rights",
}
QUICK = {"PollSeconds": 1, "TimeoutSeconds": 60}


def test_every_action_that_a_role_is_granted_is_used(
    emulator: Emulator, start_model: StateMachine, new_model: Callable[..., str], assembly: Path
) -> None:
    emulator.custom_labels.clear()
    # A start with a token, its duplicate, one channel that fails at first, and a start that finds the quota full.
    emulator.faults.add(Fault("sns:Publish", error="InternalFailure"))
    request = {"ProjectVersionArn": new_model(), "ClientRequestToken": "grants", **QUICK}
    start_model.run(request)
    start_model.run(request)
    emulator.custom_labels.quotas = Quotas(running_models=0)
    start_model.run({"ProjectVersionArn": new_model(), **QUICK})

    used = {(one.role, one.action) for one in emulator.authoriser.decisions if one.allowed}
    template = json.loads((assembly / "CustomLabelsLifecycle.template.json").read_text())["Resources"]
    roles = {
        logical_id: role
        for role, _ in used
        for logical_id in template
        if role.startswith(f"CustomLabelsLifecycle-{logical_id}")
    }
    unused = {
        (logical_id, action)
        for policy in template.values()
        if policy["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
        for logical_id in (role["Ref"] for role in policy["Properties"]["Roles"])
        if logical_id in roles
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if action not in NOT_CALLED_BY_OUR_CODE and (roles[logical_id], action) not in used
    }
    assert len(roles) == 4, "the roles of Prepare, Check, Start and Notify"
    assert unused == set()
