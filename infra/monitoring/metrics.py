"""The app's metrics as CloudWatch knows them, by their names in ``lifecycle/observability/metrics.py``."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.settings.settings import Settings
from lifecycle.observability.metrics import METRICS


def namespace(scope: Construct) -> str:
    """Of a stack's metrics: two stacks in an account and Region don't mix theirs."""
    return cdk.Stack.of(scope).stack_name


def metric(scope: Construct, name: str, statistic: str, period: cdk.Duration, **dimensions: str) -> cloudwatch.Metric:
    """One metric, with a value for each of its dimensions; ValueError where they are others."""
    if set(dimensions) != set(METRICS[name].dimensions):
        raise ValueError(f"{name} has the dimensions {METRICS[name].dimensions}, not {tuple(dimensions)}")
    return cloudwatch.Metric(
        namespace=namespace(scope),
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=period,
    )


def each(scope: Construct, name: str, statistic: str, period: cdk.Duration) -> cloudwatch.MathExpression:
    """A metric of every model or outcome that there is, also of those that nobody configured. For graphs only.

    CloudWatch User Guide, "CloudWatch search expression syntax".
    """
    (dimension,) = METRICS[name].dimensions
    search = f'{{"{namespace(scope)}",{dimension}}} MetricName="{name}"'
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{search}', '{statistic}', {int(period.to_seconds())})",
        using_metrics={},
        period=period,
        label=f"${{PROP('Dim.{dimension}')}}",
    )


def sweep_period(settings: Settings) -> cdk.Duration:
    """In which what a sweep measures has a value."""
    return cdk.Duration.minutes(max(5, settings.sweep_minutes))
