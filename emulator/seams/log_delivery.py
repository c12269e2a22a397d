"""CloudWatch Logs: state machines that log need an entry in the Region's resource policy, which has little room.

A log group whose name begins as those of vended logs needs none (Step Functions Developer Guide, "Logging using
CloudWatch Logs").
"""

from __future__ import annotations

import json
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.logs.models import logs_backends

_POLICY = "AWSLogDeliveryWrite20150319"
_CHARACTERS = 5_120
_VENDED = ":log-group:/aws/vendedlogs/"


def allow(properties: dict[str, Any], account_id: str, region: str) -> None:
    """Let logs be delivered to the groups that a state machine names; ValidationError where there is no room."""
    backend: Any = logs_backends[account_id][region]
    for destination in properties.get("LoggingConfiguration", {}).get("Destinations", ()):
        group = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]
        if _VENDED in group:
            continue
        there = backend.resource_policies.get(_POLICY)
        groups = {*json.loads(there.policy_document)["Statement"][0]["Resource"], group} if there else {group}
        statement = {
            "Sid": "AWSLogDeliveryWrite",
            "Effect": "Allow",
            "Principal": {"Service": "delivery.logs.amazonaws.com"},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": sorted(groups),
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        if len(document) > _CHARACTERS:
            message = f"Cannot enable log delivery: the resource policy of CloudWatch Logs would exceed {_CHARACTERS}."
            raise ValidationError(group, message=message)
        backend.put_resource_policy(_POLICY, document)
