"""The RunWithModel state machine: what it may start, wait for and end."""

import aws_cdk as cdk
from constructs import Construct

from infra.parts.machines import LifecycleMachine, any_execution, executions_arn, full_name, machine_arn
from infra.parts.nag import acknowledge
from infra.parts.shared import Shared
from infra.parts.statements import allow
from infra.parts.workloads import workload_executions, workload_machines
from infra.steps import Steps


class RunWithModel(Construct):
    """Starts a model, runs a workload with it, and releases it whatever happens."""

    def __init__(self, scope: Construct, construct_id: str, shared: Shared, steps: Steps) -> None:
        super().__init__(scope, construct_id)
        machine = LifecycleMachine(
            self,
            "StateMachine",
            name="RunWithModel",
            definition="run_with_model.asl.json",
            functions=steps.functions,
            log_group=shared.logs,
            machines=("StartModel", "StopModel"),
        )
        self.state_machine = machine.state_machine
        workloads = workload_machines(self, shared.settings)
        executions = [executions_arn(self, "StartModel"), *workload_executions(self, shared.settings)]
        self._allow("states:StartExecution", on=[machine_arn(self, "StartModel"), machine_arn(self, "StopModel")])
        if workloads:
            self._allow("states:StartExecution", on=workloads)
        # What `.sync:2` needs (Step Functions Developer Guide, "IAM policies for integrated services").
        self._allow("states:DescribeExecution", "states:StopExecution", on=executions)
        rule = cdk.Stack.of(self).format_arn(
            service="events", resource="rule", resource_name="StepFunctionsGetEventsForStepFunctionsExecutionRule"
        )
        self._allow("events:PutTargets", "events:PutRule", "events:DescribeRule", on=[rule])
        named = [full_name(self, "StartModel"), *shared.settings.workloads]
        reason = "It waits for the executions that it starts, and ends them when it is ended."
        acknowledge(self.state_machine, any_execution(self, named, reason))

    def _allow(self, *actions: str, on: list[str]) -> None:
        allow(self.state_machine.role, actions, on)
