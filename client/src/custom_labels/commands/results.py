"""How the end of a start, a stop or an extension is shown."""

from collections.abc import Iterator

from custom_labels import terminal
from custom_labels.results import Started, Stopped


def show(result: Started | Stopped, *, as_json: bool) -> None:
    """The output as it is, or what people want to know of it."""
    if as_json:
        terminal.as_json(result.output)
        return
    terminal.fields(list(_lines(result)))
    for warning in result.warnings:
        terminal.warn(warning)


def begun(execution_arn: str, *, as_json: bool) -> None:
    """What was begun, and is not waited for."""
    if as_json:
        terminal.as_json({"ExecutionArn": execution_arn})
    else:
        terminal.say(execution_arn)


def _lines(result: Started | Stopped) -> Iterator[tuple[str, str]]:
    yield "Outcome", result.outcome
    yield "Model version", result.project_version_arn
    yield "Status", result.status
    if isinstance(result, Started):
        until = result.lease_expires_at
        yield "Lease", f"{result.lease_id}, {f'until {terminal.clock(until)}' if until else 'until it is released'}"
        yield "Costs", f"{terminal.usd(result.estimated_hourly_cost)} per hour, until nobody needs it"
    elif result.estimated_cost is not None:
        yield "It has cost", terminal.usd(result.estimated_cost)
