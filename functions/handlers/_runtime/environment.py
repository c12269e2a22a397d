"""What functions find in their environment: every variable, and what gives it. Nothing else here reads any.

A handler takes what it needs when it is imported (``bootstrap``), so that a function without it does not start.
"""

import os


class MissingVariable(Exception):  # noqa: N818 - named as the contract's errors are
    """A variable that this function needs is not in its environment."""


class _Variable:
    """A variable, called as its attribute in capitals.

    Parameters
    ----------
    given_by : str
        Who gives it: what a function's construct writes (infra/), or AWS Lambda.
    name : str, optional
        Where it is another one.
    """

    def __init__(self, given_by: str, name: str | None = None) -> None:
        self.given_by = given_by
        self.name = name or ""

    def __set_name__(self, _owner: type, attribute: str) -> None:
        self.name = self.name or attribute.upper()


class Needed(_Variable):
    """One without which the function does not start."""

    def __get__(self, _environment: object, _owner: type) -> str:
        value = os.environ.get(self.name)
        if value is None:
            raise MissingVariable(f"{self.name} is not in this function's environment; it is given by {self.given_by}.")
        return value


class Optional(_Variable):
    """One that may be left out."""

    def __get__(self, _environment: object, _owner: type) -> str | None:
        return os.environ.get(self.name)


class Environment:
    """The table."""

    model_table_name = Needed('shared.table_names("MODEL")')
    ledger_table_name = Needed('shared.table_names("LEDGER")')
    idempotency_table_name = Needed('shared.table_names("IDEMPOTENCY")')
    start_model_arn = Needed('machine_arn(self, "StartModel")')
    stop_model_arn = Needed('machine_arn(self, "StopModel")')
    run_with_model_arn = Needed('machine_arn(self, "RunWithModel")')
    drain_inbox_arn = Needed("the construct Inboxes")
    inbox_name = Needed("the construct Inboxes, of each worker its own")
    stack_name = Needed("the constructs Inboxes, DrainInbox and Page")
    topic_arn = Needed("notifications.environment")
    chat_topic_arn = Optional("notifications.environment, where cdk.json names a chat channel")
    event_bus_name = Needed("notifications.environment, the construct Removal")
    act_arn = Needed("the construct Page")
    sweep_arn = Needed("the construct Page")
    operators_policy = Needed("the construct Page")
    state_machine_arns = Needed("the construct Removal, all, with commas")
    policy_arns = Needed("the construct Removal, with commas")
    own_rules = Needed("the construct Removal")
    # Lambda Developer Guide, "Defined runtime environment variables"
    lambda_task_root = Needed("AWS Lambda")
    log_group_name = Optional("AWS Lambda", name="AWS_LAMBDA_LOG_GROUP_NAME")
    trace = Optional("AWS Lambda, anew for each call", name="_X_AMZN_TRACE_ID")


ENVIRONMENT = Environment()
