"""What the page shows, as data: of every model its status, what it costs, who holds it, and what can be done. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lifecycle.model.bill import Bill, Session
from lifecycle.model.budget import Spending
from lifecycle.model.idle import Busy, Idle
from lifecycle.model.leases import ModelItem
from lifecycle.model.statuses import BILLS, GONE
from lifecycle.model.version import ModelVersion
from lifecycle.page.acts import Button

UNKNOWN = "UNKNOWN"
"""Stands for the status of a version that could not be read."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the page is made from, as it was at one time.

    Parameters
    ----------
    versions : Mapping
        By ARN, of the projects that could be read.
    items : Mapping
        By ARN.
    began : Mapping
        By the ARN of an execution with a pending lease: when it began.
    unread : Mapping
        Names of the projects that could not be read, and why.
    last_sweep : datetime or None
        None where there was none yet, or that is not known.
    ended : sequence of Session, optional
        Those that have ended this month; None where that is not known.
    problems : tuple of str
        What else could not be read, and why.
    sweep_known : bool
        Whether there was one could be read.
    busy : Mapping
        In which minutes of this month images were labelled.
    from_sweep : frozenset of str
        Names of the projects whose versions are as a sweep saw them; of the others they are as they are ``now``.
    swept_at : datetime, optional
        When it saw them.
    """

    now: datetime
    versions: Mapping[str, ModelVersion] = field(default_factory=dict)
    items: Mapping[str, ModelItem] = field(default_factory=dict)
    began: Mapping[str, datetime] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    last_sweep: datetime | None = None
    ended: Sequence[Session] | None = None
    problems: tuple[str, ...] = ()
    sweep_known: bool = True
    busy: Busy = field(default_factory=dict)
    from_sweep: frozenset[str] = frozenset()
    swept_at: datetime | None = None

    def as_of(self, project: str) -> datetime | None:
        """When the versions of a project were as they are shown; None where that is now."""
        return self.swept_at if project in self.from_sweep else None


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """A lease, and what can be done with it.

    Parameters
    ----------
    until : datetime or None
        None where it holds until it is released.
    ends_soon : bool
        People are warned of it by now.
    """

    holder: str
    until: datetime | None
    pending: bool
    release: Button | None
    extend: Button | None = None
    execution_link: str | None = None
    ends_soon: bool = False


@dataclass(frozen=True, slots=True)
class Coming:
    """What a schedule does next; ``time_zone`` is the schedule's own."""

    schedule: str
    action: str
    at: datetime
    time_zone: str


@dataclass(frozen=True, slots=True)
class ModelView:
    """One model.

    Parameters
    ----------
    key : str
        The same at every refresh, of its own, and fit for an id in HTML.
    name : str
        The configured one, else the version's.
    found : bool
        ``since`` is when it was found RUNNING: it may have run for longer.
    units : int or None
        Inference units: of a model that bills, those it has; else those it would be started with.
    hourly : float or None
        USD per hour, while RUNNING.
    cost : float or None
        USD, since it runs.
    down : bool
        It does not run, and leases need it.
    remark : str
        What the status does not say.
    field : str
        The name of the form field with the minutes, one of ``minutes``, that a lease is taken or extended by.
    as_of : datetime, optional
        When a sweep saw its status; None where it was read just now.
    """

    key: str
    name: str
    project_version_arn: str | None
    project: str
    version: str
    status: str
    leases: tuple[LeaseRow, ...] = ()
    status_message: str | None = None
    f1_score: float | None = None
    since: datetime | None = None
    found: bool = False
    units: int | None = None
    hourly: float | None = None
    cost: float | None = None
    down: bool = False
    remark: str = ""
    starts: tuple[int, ...] = ()
    coming: tuple[Coming, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    start: Button | None = None
    stop: Button | None = None
    field: str = ""
    minutes: tuple[int, ...] = ()
    default_minutes: int = 0
    as_of: datetime | None = None

    @property
    def bills(self) -> bool:
        """Whether it costs something now, or will without anybody doing anything."""
        return self.status in BILLS

    @property
    def tone(self) -> str:
        """How its status is coloured."""
        if self.down:
            return "trouble"
        if self.status in {"RUNNING", "STARTING", "STOPPING"}:
            return self.status.lower()
        return "trouble" if self.status in {GONE, UNKNOWN} or "FAILED" in self.status else "idle"

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to say of it but how it would be started: a row is enough."""
        return self.tone == "idle" and not self.leases and not self.remark

    @property
    def time_is_for(self) -> str:
        """What the time that can be chosen is for: of the buttons, those that take it."""
        extends = any(row.extend for row in self.leases)
        if not self.start:
            return "Extend by" if extends else ""
        if not self.bills:
            return "Run for"
        return "Keep or extend for" if extends else "Keep for"


@dataclass(frozen=True, slots=True)
class Page:
    """All of it.

    Parameters
    ----------
    models : tuple
        What needs attention first.
    sweep_is_late : bool
        It came longer ago than three of its periods; or never, although models have been in use for as long.
    sweep_is_awaited : bool
        There was none yet, and there need not have been.
    bill : Bill, optional
        Of this month; None where that is not known.
    idle : tuple of Idle
        How much of the billed time models were idle, as far as that is known.
    spending : Spending, optional
        The same against the budget; None where there is none, or that is not known.
    over_budget : str
        What comes of a budget that is used up.
    """

    now: datetime
    models: tuple[ModelView, ...]
    problems: tuple[str, ...]
    last_sweep: datetime | None
    sweep_is_late: bool
    sweep_minutes: int
    bill: Bill | None = None
    idle: tuple[Idle, ...] = ()
    spending: Spending | None = None
    over_budget: str = ""
    sweep_is_awaited: bool = False

    @property
    def billing(self) -> tuple[ModelView, ...]:
        """The models that cost something now."""
        return tuple(model for model in self.models if model.bills)

    @property
    def from_sweep(self) -> tuple[ModelView, ...]:
        """The models whose status is as the sweep saw it."""
        return tuple(model for model in self.models if model.as_of)

    @property
    def down(self) -> tuple[ModelView, ...]:
        """The models that leases need, and that do not run."""
        return tuple(model for model in self.models if model.down)

    @property
    def cards(self) -> tuple[ModelView, ...]:
        """The models of which there is something to say."""
        return tuple(model for model in self.models if not model.is_quiet)

    @property
    def rows(self) -> tuple[ModelView, ...]:
        """The other ones."""
        return tuple(model for model in self.models if model.is_quiet)

    def count(self, status: str) -> int:
        """How many models have a status."""
        return sum(model.status == status for model in self.models)

    def hourly(self, status: str) -> float:
        """USD per hour of the models with a status; of those that are starting, once they run."""
        return sum(model.hourly or 0 for model in self.models if model.status == status)
