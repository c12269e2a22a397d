"""The DrainInbox state machine: the workload of every inbox's runs, which goes on while images are labelled."""

import aws_cdk as cdk
from constructs import Construct

from infra.parts.machines import LifecycleMachine, machine_arn
from infra.parts.mappings import allow_to_switch
from infra.parts.shared import Shared
from lifecycle.inbox.names import DRAIN_INBOX


class DrainInbox(Construct):
    """One function, which opens an inbox with the token of its task, and closes it where its run was left."""

    def __init__(self, scope: Construct, construct_id: str, shared: Shared) -> None:
        super().__init__(scope, construct_id)
        opens = shared.function(
            self,
            "Open",
            handler="inbox_open",
            timeout_seconds=30,
            environment={
                "RUN_WITH_MODEL_ARN": machine_arn(self, "RunWithModel"),
                "STACK_NAME": cdk.Stack.of(self).stack_name,
                **shared.table_names("MODEL"),
            },
        )
        opens.allow("dynamodb:GetItem", "dynamodb:PutItem", on=[shared.model_table.table_arn])
        allow_to_switch(opens, shared.settings.inboxes)
        # One that was paused while its model started is over at once.
        opens.allow("states:SendTaskSuccess", on=[machine_arn(self, DRAIN_INBOX)])
        machine = LifecycleMachine(
            self,
            "StateMachine",
            name=DRAIN_INBOX,
            definition="drain_inbox.asl.json",
            functions={"Open": opens},
            log_group=shared.logs,
        )
        self.state_machine = machine.state_machine
