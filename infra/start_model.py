"""The StartModel state machine, and the one function that may call StartProjectVersion."""

from constructs import Construct

from infra.parts.grants import allow_to_start_models
from infra.parts.machines import LifecycleMachine
from infra.parts.shared import Shared
from infra.steps import Steps


class StartModel(Construct):
    """Starts a model version, waits until it is RUNNING, and notifies people."""

    def __init__(self, scope: Construct, construct_id: str, shared: Shared, steps: Steps) -> None:
        super().__init__(scope, construct_id)
        # Short, because nothing may follow an unclear call until this has passed: the pause in the definition.
        self.start = shared.function(
            self, "Start", handler="start", timeout_seconds=10, environment=shared.table_names("MODEL")
        )
        self.start.allow("dynamodb:GetItem", on=[shared.model_table.table_arn])
        allow_to_start_models(self.start, shared.settings)
        machine = LifecycleMachine(
            self,
            "StateMachine",
            name="StartModel",
            definition="start_model.asl.json",
            functions={**steps.functions, "Start": self.start},
            log_group=shared.logs,
        )
        self.state_machine = machine.state_machine
