"""Draw the pictures in README.md and docs/ from their sources: ``python -m tools.pictures [--check]``.

A picture stands between ``<!-- picture: NAME -->`` and ``<!-- /picture -->``. With ``--check`` nothing is written, and
a picture that is not what its source says is an error.
"""

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain, groupby
from pathlib import Path
from typing import NamedTuple

import infra  # puts functions/ on the path
from emulator.deploy import synthesise
from lifecycle.model.statuses import GONE, TARGET_RUNNING, TARGET_STOPPED, Rule
from tools.asl import StateMachine, Transition, Why, state_machines
from tools.templates import Template, referenced

ROOT = Path(infra.__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(r"(<!-- picture: ([\w-]+) -->\n)(.*?)(<!-- /picture -->)", re.DOTALL)
_SHAPES = {
    "Task": ("[", "]"),
    "Map": ("[[", "]]"),
    "Pass": ("[", "]"),
    "Choice": ("{", "}"),
    "Wait": ("([", "])"),
    "Succeed": ("(((", ")))"),
    "Fail": ("(((", ")))"),
}
_CALLERS = {
    "caller": "person, schedule,<br/>pipeline or event",
    "rule": "EventBridge rule:<br/>an execution ended",
    "schedule": "schedule:<br/>every few minutes",
    "viewer": "person at<br/>the dashboard",
}
_SERVICES = {
    "rekognition": "Amazon Rekognition<br/>Custom Labels",
    "SharedModels": "DynamoDB model table:<br/>leases, claims,<br/>executions under way",
    "SharedLedger": "DynamoDB ledger:<br/>what models have cost",
    "SharedIdempotency": "DynamoDB idempotency table:<br/>tokens, and what was sent",
    "states": "Step Functions:<br/>executions",
    "sns": "SNS topic:<br/>people, by mail",
    "events": "EventBridge bus:<br/>other pipelines",
}
"""What a function works with: a table by its name, anything else by the prefix of its actions."""
_NOT_DRAWN = frozenset({"logs", "kms", "sqs", "s3"})
"""What every function, whoever publishes on an encrypted topic, who is called by events, and who checks a batch's input
needs beside."""
_APART = ("DetectBatch", "DrainInbox", "Inboxes", "Removal")
"""What uses models, and what checks whether the stack may be removed, has no part in their lifecycle."""
_WORDS = {
    Rule.REQUEST: "request",
    Rule.REQUEST_ONCE: "request once, then fail `ModelFailed`",
    Rule.REQUEST_AGAIN: "settle, then request again",
    Rule.WAIT: "wait",
    Rule.WAIT_UNLESS_STOPPED_MEANWHILE: "wait; fail `ModelStopped` if the check before saw STARTING or RUNNING, and "
    "there was no claim",
    Rule.DONE: "done",
    Rule.FAIL_STOPPED: "settle, then fail `ModelStopped`",
    Rule.FAIL_FAILED: "settle, then fail `ModelFailed`",
    Rule.FAIL_NOT_STARTABLE: "fail `ModelNotStartable`",
    Rule.FAIL_UNKNOWN: "fail `ModelNotStartable`",
}
_NOT_FOUND = ("fail `ModelNotFound`",) * 2
"""Of a start: the check of a version that is gone raises, so that its table has no row for it."""


class PictureError(Exception):
    """A document asks for a picture that there is not, its markers don't match, or something can't be drawn."""


class Use(NamedTuple):
    """Something that a function may do, and the node on which."""

    target: str
    action: str


def pictures(template: Template) -> Mapping[str, str]:
    """All pictures by name, as Markdown."""
    machines = {machine.name.replace("_", "-"): _mermaid(flow(machine)) for machine in state_machines()}
    return {**machines, "data-flow": _mermaid(data_flow(template)), "statuses": statuses()}


def drawn(text: str, pictures: Mapping[str, str]) -> str:
    """A document's text with its pictures drawn anew."""
    wanted = [name for _, name, _, _ in _BLOCK.findall(text)]
    if text.count("<!-- picture") != len(wanted) or text.count("<!-- /picture") != len(wanted):
        raise PictureError("not every '<!-- picture: NAME -->' has its '<!-- /picture -->' after it")
    if unknown := set(wanted) - set(pictures):
        raise PictureError(f"there is no picture {', '.join(sorted(unknown))}, only {', '.join(sorted(pictures))}")
    return _BLOCK.sub(lambda block: f"{block[1]}\n{pictures[block[2]]}\n\n{block[4]}", text)


def flow(machine: StateMachine) -> list[str]:
    """A state machine; failure paths dotted, retries left out."""
    ids = {name: f"s{number}" for number, name in enumerate(machine.states, 1)}
    lines = ["flowchart TD", f"  start(( )) --> {ids[machine.definition['StartAt']]}"]
    for name, state in machine.states.items():
        before, after = _SHAPES[state["Type"]]
        lines.append(f'  {ids[name]}{before}"{name}"{after}')
    # A way that is there without an error is not drawn again for errors; several Catches to one state are one arrow.
    regular = {(way.source, way.target) for way in machine.transitions if way.why is not Why.CATCH}
    caught = {
        (way.source, way.target): way
        for way in machine.transitions
        if way.why is Why.CATCH and (way.source, way.target) not in regular
    }
    ways = [way for way in machine.transitions if way.why is not Why.CATCH]
    return lines + [
        f"  {ids[way.source]} {_arrow(way, machine)} {ids[way.target]}" for way in (*ways, *caught.values())
    ]


def data_flow(template: Template) -> list[str]:
    """Who calls what, as targets and roles in the template say it.

    What several functions have in common is drawn once, to or from the group that they are in.
    """
    substitutions = {
        machine: properties["DefinitionSubstitutions"]
        for machine, properties in template.of_type("AWS::StepFunctions::StateMachine").items()
        if not machine.startswith(_APART)
    }
    called = {
        machine: [template.invoked(version) for name, version in each.items() if name.endswith("FunctionArn")]
        for machine, each in substitutions.items()
    }
    shared = {handler for handler, count in Counter(chain(*called.values())).items() if count > 1}
    # A workload of this app is a workload like any other.
    machines = {machine: each for machine, each in called.items() if shared & set(each)}
    nested = [
        (machine, f"{name.removesuffix('Arn')}StateMachine")
        for machine in machines
        for name in substitutions[machine]
        if not name.endswith("FunctionArn")
    ]
    targets = {
        "rule": [
            target
            for rule in template.of_type("AWS::Events::Rule").values()
            for target in rule["Targets"]
            # A machine is started by callers of all kinds; a queue is a capability's own.
            if template.of_type("AWS::Lambda::Version").get(referenced(target["Arn"]))
        ],
        # Those in a group of their own are the models', where there are any: callers as all others are.
        "schedule": [
            schedule["Target"]
            for name, schedule in template.of_type("AWS::Scheduler::Schedule").items()
            if "GroupName" not in schedule and not name.startswith(_APART)
        ],
    }
    steps = [handler for handler in dict.fromkeys(chain(*machines.values())) if handler in shared]
    own = [(machine, handler) for machine, each in machines.items() for handler in each if handler not in steps]
    keeping = [(event, template.invoked(target["Arn"])) for event, each in targets.items() for target in each]
    kept = {handler: _work(template, handler) for _, handler in keeping}
    # Nothing but the dashboard calls what is left.
    others = {*chain(*called.values()), *kept, *_functions_of(template, _APART)}
    page = sorted(template.functions.keys() - others - {"tick"}, reverse=True)
    by_both = frozenset.intersection(*kept.values())
    return [
        "flowchart LR",
        *(f'  {caller}(["{label}"])' for caller, label in _CALLERS.items()),
        *(f'  {machine}["state machine<br/>{_machine_name(machine)}"]' for machine in machines),
        *_group("steps", "steps that all share", steps),
        *(_function(handler) for _, handler in own),
        *_group("reconciliation", "reconciliation", kept),
        *_group("dashboard", "the page", page),
        *(f'  {service}[("{label}")]' for service, label in _SERVICES.items()),
        *(f"  caller --> {machine}" for machine in machines),
        *(f"  {event} --> {handler}" for event, handler in keeping),
        *(f"  viewer --> {handler}" for handler in page),
        *(f"  {machine} --> steps" for machine in machines),
        *(f"  {machine} --> {handler}" for machine, handler in own),
        *(f"  {machine} --> {other}" for machine, other in nested),
        *chain(*(_uses(handler, _work(template, handler)) for handler in (*steps, *(one for _, one in own)))),
        *_uses("reconciliation", by_both),
        *chain(*(_uses(handler, work - by_both) for handler, work in kept.items())),
        *chain(*(_uses(handler, _work(template, handler)) for handler in page)),
    ]


def _functions_of(template: Template, constructs: tuple[str, ...]) -> set[str]:
    """The handlers of constructs' functions."""
    of_type = template.of_type("AWS::Lambda::Function").items()
    return {function["Handler"].split(".")[1] for name, function in of_type if name.startswith(constructs)}


def statuses() -> str:
    """The decision table, for both targets."""
    alike: dict[tuple[Rule, ...], list[str]] = {}
    for status, rules in TARGET_RUNNING.items():
        alike.setdefault(rules + TARGET_STOPPED[status], []).append(f"`{status}`")
    rows = [(" ".join(same), *(_WORDS[rule] for rule in rules)) for rules, same in alike.items()]
    rows.append(("a version that is gone", *_NOT_FOUND, *(_WORDS[rule] for rule in TARGET_STOPPED[GONE])))
    rows.append(("anything else, which is named", *[_WORDS[Rule.FAIL_UNKNOWN]] * 4))
    head = ("status", "start: not yet requested", "requested", "stop: not yet requested", "requested")
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def _work(template: Template, handler: str) -> frozenset[Use]:
    """What a function does, by the node that is drawn for whatever it does it to."""
    machines = template.of_type("AWS::StepFunctions::StateMachine")
    by_name = {properties["StateMachineName"]: machine for machine, properties in machines.items()}
    work = set()
    for resource, actions in template.grants[referenced(template.functions[handler]["Role"])].items():
        for service, action in (granted.split(":") for granted in actions):
            if service == "dynamodb":
                work.add(Use(referenced(resource), action))
            elif service == "lambda":
                if resource != "*":  # whether a worker of an inbox is on is only read
                    work.add(Use(template.handler(referenced(resource)), action))
            elif service not in _NOT_DRAWN:
                work.add(Use(by_name.get(resource.rpartition(":")[2], service), action))
    if unknown := {use.target for use in work} - machines.keys() - _SERVICES.keys() - template.functions.keys():
        raise PictureError(f"{handler}: say in _SERVICES how to draw {', '.join(sorted(unknown))}")
    return frozenset(work)


def _uses(source: str, work: Iterable[Use]) -> list[str]:
    """An arrow to each thing that somebody works with."""
    order = [*sorted({use.target for use in work} - _SERVICES.keys()), *_SERVICES]
    by_target = groupby(sorted(work, key=lambda use: (order.index(use.target), use)), key=lambda use: use.target)
    return [f'  {source} -- "{"<br/>".join(use.action for use in uses)}" --> {target}' for target, uses in by_target]


def _group(name: str, label: str, handlers: Iterable[str]) -> list[str]:
    return [f'  subgraph {name}["{label}"]', *(f"  {_function(handler)}" for handler in handlers), "  end"]


def _function(handler: str) -> str:
    return f'  {handler}["{handler.capitalize()} function"]'


def _arrow(way: Transition, machine: StateMachine) -> str:
    asked = way.source.endswith("?") and len(machine.states[way.source].get("Choices", ())) == 1
    match way.why:
        case Why.CHOICE if asked:
            return '-- "yes" -->'
        case Why.DEFAULT if asked:
            return '-- "no" -->'
        case Why.CHOICE:
            literal = re.search(r"'(\w+)'", way.condition or "")
            condition = (way.condition or "").removeprefix("{%").removesuffix("%}").strip()
            return f'-- "{literal[1] if literal else condition}" -->'
        case Why.DEFAULT:
            return '-- "else" -->'
        case Why.CATCH:
            return "-. error .->"
        case _:
            return "-->"


def _machine_name(name: str) -> str:
    """``StartModelStateMachine`` -> ``StartModel``."""
    return name.removesuffix("StateMachine")


def _mermaid(lines: Iterable[str]) -> str:
    return "\n".join(("```mermaid", *lines, "```"))


def main(arguments: list[str]) -> str | None:
    """Draw, or check; answers what is wrong."""
    with tempfile.TemporaryDirectory() as assembly:
        all_pictures = pictures(Template(synthesise(None, Path(assembly))))
    stale = []
    for document in DOCUMENTS:
        text = document.read_text("utf-8")
        try:
            fresh = drawn(text, all_pictures)
        except PictureError as error:
            return f"{document.relative_to(ROOT)}: {error}"
        if fresh != text:
            stale.append(str(document.relative_to(ROOT)))
            if "--check" not in arguments:
                document.write_text(fresh, "utf-8")
    return f"Stale pictures in {', '.join(stale)}: run 'make docs'." if stale and "--check" in arguments else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
