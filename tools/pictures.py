"""Draw the pictures in README.md and docs/ from their sources: ``python -m tools.pictures [--check]``.

A picture stands between ``<!-- picture: NAME -->`` and ``<!-- /picture -->``. With ``--check`` nothing is written, and
a picture that is not what its source says is an error.
"""

import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

import infra  # puts functions/ on the path
from emulator.deploy import synthesise
from lifecycle.decisions import SETTLE, TARGET_RUNNING, Rule
from tools.asl import StateMachine, Transition, Why, state_machines
from tools.templates import Template, referenced

ROOT = Path(infra.__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"(<!-- picture: ([\w-]+) -->\n)(.*?)(<!-- /picture -->)", re.DOTALL)
_SHAPES = {
    "Task": ("[", "]"),
    "Pass": ("[", "]"),
    "Choice": ("{", "}"),
    "Wait": ("([", "])"),
    "Succeed": ("(((", ")))"),
    "Fail": ("(((", ")))"),
}
_SERVICES = {
    "rekognition": "Amazon Rekognition<br/>Custom Labels",
    "dynamodb": "DynamoDB<br/>idempotency table",
    "states": "Step Functions<br/>executions",
    "sns": "SNS topic",
    "events": "EventBridge bus",
}
"""What a function works with, by the prefix of its actions."""
_NOT_DRAWN = frozenset({"logs", "kms"})
"""What every function, and whoever publishes on an encrypted topic, needs beside."""


class PictureError(Exception):
    """A document asks for a picture that there is not, or its markers don't match."""


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
    return lines + [f"  {ids[way.source]} {_arrow(way)} {ids[way.target]}" for way in (*ways, *caught.values())]


def data_flow(template: Template) -> list[str]:
    """Who calls what, as the roles of the template allow it."""
    machines = {
        machine: [template.invoked(version) for version in properties["DefinitionSubstitutions"].values()]
        for machine, properties in template.of_type("AWS::StepFunctions::StateMachine").items()
    }
    handlers = dict.fromkeys(handler for invoked in machines.values() for handler in invoked)
    calls = [f"  {machine} --> {handler}" for machine, invoked in machines.items() for handler in invoked]
    used: set[str] = set()
    for handler in handlers:
        granted = template.grants[referenced(template.functions[handler]["Role"])]
        actions = sorted({action for of_resource in granted.values() for action in of_resource})
        for service, of_service in groupby(actions, key=lambda action: action.split(":")[0]):
            if service not in _NOT_DRAWN:
                used.add(service)
                names = "<br/>".join(action.split(":")[1] for action in of_service)
                calls.append(f'  {handler} -- "{names}" --> {service}')
    return [
        "flowchart LR",
        '  caller(["person, schedule<br/>or pipeline"])',
        *(f'  {machine}["state machine<br/>{_machine_name(machine)}"]' for machine in machines),
        *(f'  {handler}["{handler.capitalize()} function"]' for handler in handlers),
        *(f'  {service}[("{label}")]' for service, label in _SERVICES.items() if service in used),
        '  people(["people, by mail"])',
        '  pipelines(["other pipelines"])',
        *(f"  caller --> {machine}" for machine in machines),
        *calls,
        "  sns --> people",
        "  events --> pipelines",
    ]


def statuses() -> str:
    """The decision table for target RUNNING."""
    settle = f"settle (up to {SETTLE.total_seconds():.0f} s)"
    words = {
        Rule.REQUEST: "request",
        Rule.REQUEST_ONCE: "request once, then fail `ModelFailed`",
        Rule.WAIT: "wait",
        Rule.WAIT_UNLESS_STOPPED_MEANWHILE: "wait; fail `ModelStopped` if it was seen STARTING or RUNNING before",
        Rule.DONE: "done",
        Rule.FAIL_STOPPED: f"{settle}, then fail `ModelStopped`",
        Rule.FAIL_FAILED: f"{settle}, then fail `ModelFailed`",
        Rule.FAIL_NOT_STARTABLE: "fail `ModelNotStartable`",
        Rule.FAIL_UNKNOWN: "fail `ModelNotStartable`, naming it",
    }
    alike: dict[tuple[Rule, Rule], list[str]] = {}
    for status, rules in TARGET_RUNNING.items():
        alike.setdefault(rules, []).append(f"`{status}`")
    rows = [(" ".join(same), *(words[rule] for rule in rules)) for rules, same in alike.items()]
    rows.append(("anything else", words[Rule.FAIL_UNKNOWN], words[Rule.FAIL_UNKNOWN]))
    head = ("status", "before this execution's request", "after it")
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * 3, *rows))


def _arrow(way: Transition) -> str:
    match way.why:
        case Why.CHOICE:
            literal = re.search(r"'(\w+)'", way.condition or "")
            return f'-- "{literal[1] if literal else way.condition}" -->'
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
