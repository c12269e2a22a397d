"""What a JSON Schema can't say of ``event_rules``: every problem with its key."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.settings import event_loops, event_patterns, places
from lifecycle.shared.arns import VersionArn

WHICH = ("model", "model_path", "project_version_arn_path")
"""How a rule says which model is meant."""


def problems_of_event_rules(context: Mapping[str, Any], stack_name: str) -> list[str]:
    """A line for each problem."""
    rules = context.get("event_rules", ())
    counts = Counter(rule["name"] for rule in rules)
    twice = [f"event_rules: name {name!r} is there {n} times" for name, n in counts.items() if n > 1]
    context = places.located(context)
    return twice + [
        f"event_rules.{index}.{problem}"
        for index, rule in enumerate(rules)
        for problem in [*_problems(rule, context["models"]), *_loops(rule, context, stack_name)]
    ]


def _loops(rule: Mapping[str, Any], context: Mapping[str, Any], stack_name: str) -> Iterator[str]:
    """Why it could fire itself, in the first of its places in which it could."""
    if event_patterns.problems(rule["pattern"], "pattern") or _unguarded(rule):
        return
    # Where that of the only model is not known, a rule is judged all the same.
    for place in places.meant(rule, places.places_of(context)) or [places.Place("", "")]:
        models = places.models_in(context, place)
        if place.region and "model" in rule and rule["model"] not in map(places.name_of, models):
            continue
        home = {"stack_name": stack_name, "region": place.region, "account": place.account}
        if loop := event_loops.problem(rule, **home, same_project=_of_same_project(rule.get("model"), models)):
            yield loop
            return


def _problems(rule: Mapping[str, Any], configured: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    models = {model["name"] for model in configured}
    if sum(name in rule for name in WHICH) != 1:
        yield f"{', '.join(WHICH)}: exactly one of the three is needed"
    if "model" in rule and rule["model"] not in models:
        yield f"model: {rule['model']!r} is not configured; configured models: {', '.join(sorted(models))}"
    if rule.get("action") == "stop":
        if "lease_minutes" in rule:
            yield "lease_minutes: is for a rule that starts"
        if "lease_id" not in rule:
            yield "lease_id: is needed to stop: the lease that a start has taken, such as event/<name of its rule>"
    yield from event_patterns.problems(rule["pattern"], "pattern") or _unguarded(rule)


def _unguarded(rule: Mapping[str, Any]) -> list[str]:
    """A path whose value could be more than a name: the first one."""
    paths = [rule[name] for name in WHICH if name != "model" and name in rule]
    return [
        f"pattern: may only name values of {path.removeprefix('$.')}, or leave it out: it goes into the input"
        for path in paths
        if event_patterns.guarded(rule["pattern"], path) is None
    ][:1]


def _of_same_project(name: str | None, models: Sequence[Mapping[str, Any]]) -> list[str]:
    """The models whose versions are in the same project as those of a model."""
    projects = {model["name"]: _project(model) for model in models}
    return [other for other, project in projects.items() if name in projects and project == projects[name]]


def _project(model: Mapping[str, Any]) -> str:
    arn = model.get("project_version_arn")
    return VersionArn.parse(arn).project_name if arn else model.get("project", "")
