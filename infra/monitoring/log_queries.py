"""Ready queries of CloudWatch Logs Insights, over the one log group."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from lifecycle.notifications import links

_NOT_WELL = r"/ServiceUnavailable|NoAnswer|Throttl|got no answer|Task timed out|Runtime exited/"

QUERIES: Mapping[str, str] = {
    "follow-one-execution": links.FOLLOW.format(execution="PASTE THE ARN OF AN EXECUTION"),
    "warnings-and-errors": f"""fields @timestamp, service, level, message, error, correlation_id, type, execution_arn
| filter level in ["WARNING", "ERROR", "CRITICAL"] or type like /Failed|TimedOut|Aborted/ or @message like {_NOT_WELL}
| sort @timestamp desc""",
    "what-the-sweep-did": """fields @timestamp, level, message
| filter service = "sweep" and ispresent(message)
| sort @timestamp desc""",
    "slow-or-throttled-calls": f"""fields @timestamp, service, message, correlation_id
| parse @message /REPORT RequestId: .*?Duration: (?<milliseconds>[0-9.]+) ms/
| filter milliseconds > 3000 or @message like {_NOT_WELL}
| sort @timestamp desc""",
}
"""By name. The names of fields are Powertools Logger's, and of a state machine's log ``type`` and ``execution_arn``."""


class LogQueries(Construct):
    """What people ask the logs, in the folder of the stack's name in the console."""

    def __init__(self, scope: Construct, construct_id: str, log_group: logs.LogGroup) -> None:
        super().__init__(scope, construct_id)
        for name, query in QUERIES.items():
            logs.CfnQueryDefinition(
                self,
                name,
                name=f"{cdk.Stack.of(self).stack_name}/{name}",
                query_string=query,
                log_group_names=[log_group.log_group_name],
            )
