"""The functions that all state machines share: Prepare and Check."""

from constructs import Construct

from infra.detect_batch import allow_to_locate_images
from infra.notifications.notifications import Notifications
from infra.parts.grants import (
    allow_to_choose_versions,
    allow_to_describe_models,
    allow_to_find_projects,
    allow_to_read_executions,
)
from infra.parts.shared import Shared
from infra.parts.workloads import workload_machines


class Steps(Construct):
    """Prepare the request, check the model, and notify people: by step name, for the definitions."""

    def __init__(self, scope: Construct, construct_id: str, shared: Shared, notifications: Notifications) -> None:
        super().__init__(scope, construct_id)
        tables = shared.table_names("IDEMPOTENCY", "MODEL")
        prepare = shared.function(self, "Prepare", handler="prepare", timeout_seconds=30, environment=tables)
        check = shared.function(
            self, "Check", handler="check", timeout_seconds=30, environment=shared.table_names("MODEL", "LEDGER")
        )
        prepare.allow("dynamodb:PutItem", on=[shared.idempotency_table.table_arn])
        # Scan: which version has a lease, where its model's name means another one by now.
        prepare.allow("dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:Scan", on=[shared.model_table.table_arn])
        allow_to_choose_versions(prepare, shared.settings)
        check.allow("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", on=[shared.model_table.table_arn])
        check.allow("dynamodb:PutItem", on=[shared.ledger_table.table_arn])
        if shared.settings.refuses_over_budget:
            check.allow("dynamodb:Query", on=[shared.ledger_table.table_arn])
            check.allow("dynamodb:Scan", on=[shared.model_table.table_arn])
        allow_to_find_projects(prepare)
        allow_to_describe_models(check)
        if workloads := workload_machines(self, shared.settings):
            prepare.allow("states:DescribeStateMachine", on=workloads)
        if batch := shared.settings.detect_batch:
            allow_to_locate_images(prepare, batch)
        for function in (prepare, check):
            allow_to_read_executions(function)
        self.functions = {"Prepare": prepare, "Check": check, "Notify": notifications.notify}
