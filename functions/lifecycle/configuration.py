"""What ``cdk.json`` says of the models: written into the bundle at synth, read by the functions.

It is a file of the bundle and no environment variable because those end at 4 KB, some 20 models. As part of the bundle
it belongs to a function's version: an execution in flight ends on the configuration it began with.

A field here is called as its key in cdk.json, where ``infra/settings/settings.schema.json`` describes it; its default
stands here. What only the deploy needs is in ``infra/settings/settings.py``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from lifecycle.shared.arns import VersionArn, project_name, region_and_account, version_name
from lifecycle.shared.pricing import inference_unit_hour
from lifecycle.shared.wire import from_wire, to_wire

FILE = "configuration.json"
DEFAULT_LEASE_MINUTES = 120
IMAGES_AT_A_TIME = 5
"""Of an inbox, by one inference unit: enough to keep it busy while others are fetched and written."""


class Unleased(StrEnum):
    """What happens to a model that runs although this app never had a lease on it."""

    NOTIFY = "notify"
    STOP = "stop"
    IGNORE = "ignore"


class OnDestroy(StrEnum):
    """What happens to managed models that run when the stack is to be removed."""

    REFUSE = "refuse"
    STOP = "stop"
    LEAVE = "leave"


class OverBudget(StrEnum):
    """What happens once a month's models have cost the budget; each includes the one before."""

    NOTIFY = "notify"
    REFUSE = "refuse"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Model:
    """A model as configured: one version, or the newest good one of a project.

    Parameters
    ----------
    project_version_arn : str, optional
        The model version.
    min_inference_units, max_inference_units : int, optional
        Defaults for its starts; a maximum switches auto-scaling on.
    lease_minutes : int, optional
        Default for its starts.
    project : str, optional
        Instead of ``project_version_arn``: the newest good version of this project is meant.
    minimum_f1 : float
        The F1 score that makes such a version a good one.
    """

    project_version_arn: str | None = None
    min_inference_units: int = 1
    max_inference_units: int | None = None
    lease_minutes: int = DEFAULT_LEASE_MINUTES
    project: str | None = None
    minimum_f1: float = 0.0

    @property
    def project_name(self) -> str:
        """The name of its project."""
        return self.project or project_name(self.project_version_arn or "")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a model runs by itself.

    Parameters
    ----------
    model : str
        The configured name.
    start, ready_by, stop : str, optional
        EventBridge crons, their six fields; one of the first two is there.
    time_zone : str
        Of crons and dates: an IANA name.
    exclude_dates : tuple of str
        ISO dates on which it does not start, in order.
    start_date, end_date : str, optional
        ISO dates of the first and the last day on which it starts.
    enabled : bool
        Else it is deployed and does not fire.
    too_late_minutes : int
        A start that is delivered later than this is left out.
    """

    model: str
    time_zone: str
    start: str | None = None
    ready_by: str | None = None
    stop: str | None = None
    exclude_dates: tuple[str, ...] = ()
    start_date: str | None = None
    end_date: str | None = None
    enabled: bool = True
    too_late_minutes: int = 120


@dataclass(frozen=True, slots=True)
class DetectBatch:
    """The workload that labels every image under an S3 prefix. Places are ``s3://bucket/folder``.

    Parameters
    ----------
    images : tuple of str
        Where images may be read.
    results : str
        Where results go, in a folder for each execution.
    max_concurrency : int
        Images that one execution processes side by side.
    """

    images: tuple[str, ...]
    results: str
    max_concurrency: int = 20


@dataclass(frozen=True, slots=True)
class Inbox:
    """A folder whose images are labelled as they come; its model runs only meanwhile. Places are ``s3://bucket/folder``.

    Parameters
    ----------
    model : str
        The configured name.
    images : str
        Where images are put.
    results : str
        Where results go; no other inbox writes there.
    start_at_images : int
        The model is started once so many wait ...
    start_after_minutes : int
        ... or once some have waited so long.
    idle_minutes : int
        The model is let go once nothing has waited or been in work for so long.
    max_concurrency : int, optional
        Images that are processed side by side.
    min_confidence, max_results : optional
        Passed on to each call of DetectCustomLabels.
    """

    model: str
    images: str
    results: str
    start_at_images: int = 1
    start_after_minutes: int = 60
    idle_minutes: int = 2
    max_concurrency: int | None = None
    min_confidence: float | None = None
    max_results: int | None = None

    def concurrency(self, inference_units: int) -> int:
        """How many images are processed side by side: as configured, else by the model's units.

        Lambda takes 2 to 1,000 as an event source mapping's ``MaximumConcurrency``.
        """
        return self.max_concurrency or min(max(IMAGES_AT_A_TIME * inference_units, 2), 1000)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings of one deployment that its functions need.

    Parameters
    ----------
    models, schedules, inboxes : Mapping
        By name.
    inference_unit_hour_usd : float
        What an inference unit costs an hour in USD.
    price_is_assumed : bool
        Nobody has named that, and it is not known of this Region.
    projects : tuple of str
        Names of further projects of which any version may be started; ``*`` stands for all.
    workloads : tuple of str
        Names of the state machines that RunWithModel may run, the app's own among them.
    calls_per_second : float
        How often any one operation of Amazon Rekognition is called, at the most: see ``rate_limit``.
    monthly_budget_usd : float, optional
        What the models of a month, of UTC, may cost together; ``model/budget.py`` counts it.
    allow_ignore_budget : bool
        Whether a start may have IgnoreBudget.
    """

    models: Mapping[str, Model]
    inference_unit_hour_usd: float = inference_unit_hour("us-east-1")
    price_is_assumed: bool = False
    projects: tuple[str, ...] = ()
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    workloads: tuple[str, ...] = ()
    detect_batch: DetectBatch | None = None
    inboxes: Mapping[str, Inbox] = field(default_factory=dict)
    runbook_url: str | None = None
    sweep_minutes: int = 5
    lease_warning_minutes: int = 15
    unleased_models: Unleased = Unleased.NOTIFY
    restart_when_down: bool = False
    bill_retention_days: int = 400
    calls_per_second: float = 4
    on_destroy: OnDestroy = OnDestroy.REFUSE
    monthly_budget_usd: float | None = None
    over_budget: OverBudget = OverBudget.NOTIFY
    allow_ignore_budget: bool = True

    @property
    def refuses_over_budget(self) -> bool:
        """Whether a budget keeps models from being started: what it has to be read for."""
        return self.monthly_budget_usd is not None and self.over_budget is not OverBudget.NOTIFY

    @property
    def stops_over_budget(self) -> bool:
        """Whether a budget stops models that run."""
        return self.monthly_budget_usd is not None and self.over_budget is OverBudget.STOP

    @property
    def lease_warning(self) -> timedelta:
        """How long before the end of a lease people are warned; nothing means not at all."""
        return timedelta(minutes=self.lease_warning_minutes)

    @property
    def bill_retention(self) -> timedelta:
        """How long it is remembered what models have cost."""
        return timedelta(days=self.bill_retention_days)

    @property
    def swept_projects(self) -> frozenset[str]:
        """Names of the projects whose versions the sweep checks."""
        return frozenset(self.projects) | {model.project_name for model in self.models.values()}

    def workload_arns(self, here: str) -> tuple[str, ...]:
        """The state machines that RunWithModel may run, in the partition, account and Region of any of its ARNs."""
        region, account = region_and_account(here)
        home = f"arn:{here.split(':')[1]}:states:{region}:{account}:stateMachine"
        return tuple(f"{home}:{name}" for name in self.workloads)

    def extension_minutes(self, model: str | None) -> int:
        """For how long the command in a message takes a lease whose own minutes are unknown; it always has an end."""
        return self.model(model).lease_minutes or DEFAULT_LEASE_MINUTES

    def model(self, name: str | None) -> Model:
        """What is configured of a model, by its name; the defaults of one that has none."""
        return Model() if name is None else self.models.get(name, Model())

    def manages(self, project_version_arn: str) -> bool:
        """Whether the sweep checks a model version, and this app may stop it."""
        projects = self.swept_projects
        return "*" in projects or project_name(project_version_arn) in projects

    def name_for(self, project_version_arn: str) -> str | None:
        """The configured name that means this very version, and will tomorrow: commands can use it."""
        named = (name for name, model in self.models.items() if model.project_version_arn == project_version_arn)
        return next(named, None)

    def name_of(self, project_version_arn: str) -> str | None:
        """The configured name of a model version, if it has one: its own, or that of its project's newest version."""
        project = project_name(project_version_arn)
        newest = (name for name, model in self.models.items() if model.project == project)
        return self.name_for(project_version_arn) or next(newest, None)

    def display_name(self, project_version_arn: str) -> str:
        """What people call a model version: its configured name, else the version's with its project's."""
        return self.name_of(project_version_arn) or VersionArn.parse(project_version_arn).display_name

    def exact_name(self, project_version_arn: str) -> str:
        """What people call this very version, where a name that means the newest of its project may mean another."""
        return self.name_for(project_version_arn) or version_name(project_version_arn)


def save(configuration: Configuration, bundle: Path) -> None:
    """Write the configuration into the bundle's folder: sorted, so that equal settings make equal bundles."""
    text = json.dumps(to_wire(configuration), indent=1, sort_keys=True)
    (bundle / FILE).write_text(text, encoding="utf-8")


def load(bundle: Path) -> Configuration:
    """Read the configuration from the bundle's folder."""
    return from_wire(Configuration, json.loads((bundle / FILE).read_text(encoding="utf-8")))
