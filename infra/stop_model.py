"""The StopModel state machine, and the one function that may call StopProjectVersion."""

from constructs import Construct

from infra.parts.grants import allow_to_stop_models
from infra.parts.machines import LifecycleMachine
from infra.parts.shared import Shared
from infra.steps import Steps


class StopModel(Construct):
    """Releases a lease, stops a model version that nobody needs, and notifies people."""

    def __init__(self, scope: Construct, construct_id: str, shared: Shared, steps: Steps) -> None:
        super().__init__(scope, construct_id)
        # Short, because nothing may follow an unclear call until this has passed: the pause in the definition.
        self.stop = shared.function(
            self, "Stop", handler="stop", timeout_seconds=10, environment=shared.table_names("MODEL")
        )
        self.stop.allow("dynamodb:GetItem", on=[shared.model_table.table_arn])
        allow_to_stop_models(self.stop, shared.settings)
        machine = LifecycleMachine(
            self,
            "StateMachine",
            name="StopModel",
            definition="stop_model.asl.json",
            functions={**steps.functions, "Stop": self.stop},
            log_group=shared.logs,
        )
        self.state_machine = machine.state_machine
