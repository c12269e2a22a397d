"""What would let the deletion of the stack fail half-way: looked for before anything is deleted.

IAM deletes no policy that is attached to anybody, EventBridge no bus that has rules of others, and Step Functions a
state machine only once its executions are over: one that waits for days, or for another execution, is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lifecycle.executions.state_machines import state_machine_arn
from lifecycle.ports import Dependents, Executions
from lifecycle.shared.text import plural, shortened

NAMED = 5
"""Of each kind; of more, how many more."""
_ENDED = "The stack is being deleted, and on_destroy says that what goes on is ended."


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Looks for them, and ends what may be ended.

    Parameters
    ----------
    state_machine_arns, policy_arns : tuple of str
        All that the stack has; machines that start executions of others before these.
    event_bus_name : str
        Its bus.
    own_rules : str
        How the names of its own rules on that bus begin.
    """

    executions: Executions
    dependents: Dependents
    state_machine_arns: tuple[str, ...]
    policy_arns: tuple[str, ...]
    event_bus_name: str
    own_rules: str

    def of_others(self) -> list[str]:
        """What nobody but its owner can take away: a sentence for each kind, with what to do."""
        return [*self._attached(), *self._rules()]

    def running(self) -> list[str]:
        """The ARNs of the executions that go on."""
        return [arn for machine in self.state_machine_arns for arn in self.dependents.running(machine)]

    def end(self, running: Sequence[str], *, but: str) -> None:
        """End executions, but those of one state machine, which end by themselves."""
        for arn in running:
            if state_machine_arn(arn) != but:
                self.executions.stop(arn, _ENDED)

    def _attached(self) -> list[str]:
        return [
            f"The policy {arn.rpartition('/')[2]} is attached to {', '.join(shortened(attached, NAMED))}, and IAM "
            f"deletes no attached policy. Detach it: {_detach(arn, attached[0])}."
            for arn in self.policy_arns
            if (attached := self.dependents.attached_to(arn))
        ]

    def _rules(self) -> list[str]:
        rules = [name for name in self.dependents.rules_on(self.event_bus_name) if not name.startswith(self.own_rules)]
        if not rules:
            return []
        where = f"--event-bus-name {self.event_bus_name}"
        return [
            f"The bus {self.event_bus_name} has {plural(len(rules), 'rule')} of others "
            f"({', '.join(shortened(rules, NAMED))}), and EventBridge deletes no bus that has rules. Remove their "
            f"targets and delete them: aws events remove-targets {where} --rule {rules[0]} --ids ..., "
            f"aws events delete-rule {where} --name {rules[0]}."
        ]


def going_on(running: Sequence[str]) -> str:
    """A sentence on executions that hold up the deletion, with what to do."""
    names = shortened([":".join(arn.split(":")[-2:]) for arn in running], NAMED)
    return (
        f"{plural(len(running), 'execution')} {'goes' if len(running) == 1 else 'go'} on ({', '.join(names)}), and a "
        "state machine is deleted only once its executions are over. Wait for their end, or end them: "
        f"aws stepfunctions stop-execution --execution-arn {running[0]}."
    )


def _detach(policy_arn: str, attached: str) -> str:
    kind, _, name = attached.partition("/")
    return f"aws iam detach-{kind}-policy --{kind}-name {name} --policy-arn {policy_arn}"
