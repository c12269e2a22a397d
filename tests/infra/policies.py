"""A small evaluator of resource policies: what one says to a request, by what IAM documents of its own logic.

IAM User Guide, "Policy evaluation logic" and "Condition operators". What it does not know is an error, not a no.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]


class Verdict(Enum):
    """Denied beats allowed; what nothing allows is refused to other accounts, and left to IAM in this one."""

    DENIED = "denied"
    ALLOWED = "allowed"
    NOTHING_SAID = "nothing said"


@dataclass(frozen=True)
class Request:
    """Somebody asks for something.

    Parameters
    ----------
    principal : tuple of str
        ``("AWS", <ARN>)`` or ``("Service", <name>)``.
    context : dict
        The condition keys that the request has.
    """

    principal: tuple[str, str]
    action: str
    resource: str = "*"
    context: Mapping[str, str] = field(default_factory=dict)


def verdict(statements: list[Statement], request: Request) -> Verdict:
    """What a policy of these statements says."""
    effects = {statement["Effect"] for statement in statements if _applies(statement, request)}
    if "Deny" in effects:
        return Verdict.DENIED
    return Verdict.ALLOWED if "Allow" in effects else Verdict.NOTHING_SAID


def _applies(statement: Statement, request: Request) -> bool:
    known = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    if unknown := statement.keys() - known:
        raise ValueError(f"not understood: {', '.join(sorted(unknown))}")
    conditions = statement.get("Condition", {})
    return (
        _is_one_of(request.principal, statement["Principal"])
        and any(fnmatchcase(request.action.lower(), action.lower()) for action in listed(statement["Action"]))
        # A trust policy has no resource: it is its role's.
        and any(fnmatchcase(request.resource, resource) for resource in listed(statement.get("Resource", "*")))
        and all(
            _OPERATORS[operator](request.context.get(key), listed(wanted))
            for operator, keys in conditions.items()
            for key, wanted in keys.items()
        )
    )


def _is_one_of(principal: tuple[str, str], named: Any) -> bool:
    kind, who = principal
    if named == "*":
        return True
    for one in listed(named.get(kind, ())):
        whole_account = one.endswith(":root") and who.split(":")[4:5] == one.split(":")[4:5]
        if one in {"*", who} or (kind == "AWS" and whole_account):
            return True
    return False


def _like(value: str | None, wanted: list[str]) -> bool:
    return value is not None and any(fnmatchcase(value, pattern) for pattern in wanted)


# A key that the request does not have matches no operator of these.
_OPERATORS = {
    "Bool": lambda value, wanted: value is not None and value.lower() in wanted,
    "StringEquals": lambda value, wanted: value in wanted,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
}


def listed(value: Any) -> list[Any]:
    """IAM takes one or a list of them."""
    return [value] if isinstance(value, str) else list(value)
