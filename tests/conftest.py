"""What tests of several folders share: the settings with everything in them, and the synthesised app."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader, Loader
from hypothesis import HealthCheck, settings

from tests.assemblies import Assemblies, Configuration
from tests.browser.settings import CONFIGURATION as BROWSER
from tests.deployed import app
from tests.docs.reading import CONFIGURATION as READING
from tests.infra.configurations import EVERY_PROJECT, HUNDRED, LARGEST, MINIMAL, TOO_LARGE
from tools.templates import Template

# A busy machine is slow, and a failure that comes and goes stops everybody: the same examples every time.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

pytest_plugins = ["tests.deployed.fixtures"]

CALLER_S = re.compile(
    r"AWS_.*|CDK_.*|POWERTOOLS_.*|(HTTPS?|ALL)_PROXY|(FORCE|NO)_COLOR|CLICOLOR.*|TTY_.*|TERM|COLUMNS|LINES"
    r"|GIT_.*|NODE_OPTIONS|PYTHON(DEVMODE|WARNINGS)",
    re.IGNORECASE,
)
"""Environment variables of who runs the tests: a profile or endpoint of AWS, a proxy, how terminals are written to, the
repository of a hook of Git's, what else programs are to say."""
# Tests find none of them, nor what ~/.aws has, but those on a real account. Already the import of moto reads them.
if "CUSTOM_LABELS_MODEL_ARN" not in os.environ:
    for variable in filter(CALLER_S.fullmatch, [*os.environ]):
        del os.environ[variable]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


class Parsed(JSONFileLoader):
    """The models of services, parsed once: each test of moto's has a session of its own, which would do it anew."""

    _parsed = staticmethod(cache(JSONFileLoader().load_file))

    def load_file(self, file_path: str) -> Any:
        """The model in a file, shared; but for that of S3, which its clients change (botocore, handlers.py)."""
        return super().load_file(file_path) if "/s3/" in file_path else self._parsed(file_path)


Loader.FILE_LOADER_CLASS = Parsed

Synthesised = Callable[[Mapping[str, Any]], Path]

HOME = "arn:aws:rekognition:eu-west-1:111122223333:project"
SETTINGS: Mapping[str, Any] = {
    "models": [
        {
            "name": "defects",
            "project_version_arn": f"{HOME}/boards/version/v1/1793520000000",
            "schedules": [
                {
                    "name": "office-hours",
                    "start": "cron(30 7 ? * MON-FRI *)",
                    "stop": "0 18 ? * MON-FRI *",
                    "time_zone": "Europe/Berlin",
                    "exclude_dates": ["2090-12-25", "2090-12-26"],
                    "start_date": "2090-01-01",
                    "end_date": "2098-12-31",
                    "too_late_minutes": 60,
                },
                {"name": "night", "ready_by": "0 1,22 ? * SAT *", "time_zone": "Europe/Berlin", "enabled": False},
            ],
        },
        {"name": "logos", "project_version_arn": f"{HOME}/brands/version/v2/1793520000001", "max_inference_units": 2},
        {"name": "welds", "project": "welds", "version": "latest", "minimum_f1": 0.8},
    ],
    "projects": ["packaging"],
    "workloads": ["Inspection"],
    "event_rules": [
        {
            "name": "shift-begins",
            "pattern": {"source": ["factory"], "detail-type": ["Shift begins"]},
            "model_path": "$.detail.model",
            "lease_minutes": 480,
        },
        {
            "name": "shift-ends",
            "pattern": {"source": [{"prefix": "factory."}], "detail": {"version": ["v1"]}},
            "event_bus": "factory",
            "action": "stop",
            "model": "logos",
            "lease_id": "event/shift-begins",
            "enabled": False,
        },
        {"name": "trained", "pattern": {"source": ["pipeline"]}, "project_version_arn_path": "$.detail.version.arn"},
    ],
    "trusted_principals": [
        {"principal": "444455556666", "external_id": "inspection-pipeline"},
        {"principal": "arn:aws:iam::777788889999:role/packaging", "external_id": "packaging/line-1"},
    ],
    "notification_emails": [
        "ml-operators@example.com",
        {"address": "night-shift@example.com", "severities": ["WARNING", "ERROR"]},
        {"address": "packaging@example.com", "outcomes": ["MODEL_DOWN"], "models": ["defects", "welds"]},
    ],
    "chat": {
        "slack": [{"workspace_id": "T0123456789", "channel_id": "C0123456789"}],
        "teams": [
            {
                "tenant_id": "11111111-2222-4333-8444-555555555555",
                "team_id": "66666666-7777-4888-8999-000000000000",
                "channel_id": "19%3ab6ef35dc342d56ba5654e6fc6d25a071%40thread.tacv2",
            }
        ],
    },
    "runbook_url": "https://wiki.example.com/custom-labels/operations",
    "detect_batch": {
        "images": ["s3://factory-images/line-1/", "s3://factory-images/line-2", "s3://samples"],
        "results": "s3://factory-results/labels",
        "max_concurrency": 40,
    },
    "inboxes": [
        {
            "name": "line-1",
            "model": "logos",
            "images": "s3://factory-inbox/line-1/",
            "results": "s3://factory-results/inbox/line-1/",
            "start_at_images": 20,
            "start_after_minutes": 30,
            "idle_minutes": 3,
            "min_confidence": 80,
            "max_results": 10,
        }
    ],
    "sweep_minutes": 1,
    "lease_warning_minutes": 30,
    "unleased_models": "stop",
    "restart_when_down": True,
    "monthly_budget_usd": 500,
    "over_budget": "stop",
    "log_retention_days": 30,
    "removal_policy": "retain",
    "on_destroy": "stop",
    "tags": {"team": "vision", "cost-centre": "4711"},
}
"""Every setting is used."""

TWO_REGIONS: Mapping[str, Any] = {
    **SETTINGS,
    "models": [
        {"name": "defects", "project_version_arn": f"{HOME.replace('eu-west-1', 'us-east-1')}/boards/version/v1/1"},
        *SETTINGS["models"],
    ],
    "region": "eu-west-1",
    "projects": [*SETTINGS["projects"], {"name": "labels", "places": ["us-east-1"]}],
    "workloads": [*SETTINGS["workloads"], {"name": "Recheck", "places": ["111122223333/us-east-1"]}],
    "event_rules": [
        SETTINGS["event_rules"][0],
        {**SETTINGS["event_rules"][0], "name": "there", "places": ["us-east-1"]},
        *SETTINGS["event_rules"][1:],
    ],
    "trusted_principals": [
        *SETTINGS["trusted_principals"],
        {"principal": "222233334444", "external_id": "there", "places": ["us-east-1"]},
    ],
    "notification_emails": [
        *SETTINGS["notification_emails"],
        {"address": "there@example.com", "places": ["us-east-1"]},
        {"address": "defects@example.com", "models": ["defects"], "places": ["us-east-1"]},
    ],
    "chat": {**SETTINGS["chat"], "places": ["eu-west-1"]},
    "detect_batch": [
        {"place": "us-east-1", "images": ["s3://images-there"], "results": "s3://results-there"},
        {**SETTINGS["detect_batch"], "place": "eu-west-1"},
    ],
}
"""The same, and another Region before it, which has a model of the same name."""


CONFIGURATIONS = {
    "assembly": Configuration(app.SETTINGS),  # the emulator's first, which has the longest tests
    "two_deployed": Configuration(app.TWO_REGIONS),
    "browser_assembly": BROWSER,
    "reading_assembly": READING,
    "stack": Configuration(SETTINGS),
    "two_regions": Configuration(TWO_REGIONS),
    "minimal": Configuration(MINIMAL),
    "every_project": Configuration(EVERY_PROJECT),
    "hundred": Configuration(HUNDRED),
    "largest": Configuration(LARGEST),
    "too_large": Configuration(TOO_LARGE),
    "unacknowledged": Configuration(SETTINGS, acknowledged=False),
}
"""By the fixture that has each."""
PLANNED = pytest.StashKey[Sequence[Configuration]]()

LARGE = frozenset(Path(__file__).parent / name for name in ("browser", "docs", "emulator"))
"""Folders of which every test is large: what the product needs of them, its stories use anyway."""
LARGE_CONFIGURATIONS = frozenset({"hundred", "largest", "too_large"})
"""Fixtures that take long to synthesise."""
MOCKING = frozenset({"adapters", "handlers"})
"""Folders of tests that mock AWS, by moto."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Don't even import large tests where they are left out."""
    return True if config.option.markexpr == "not large" and collection_path in LARGE else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is large by its folder, or because of the configuration that it needs.

    Begin with the tests that mostly wait, and with the stories, which one process tells: the others run meanwhile.

    End with those that mock AWS, which empties the emulator that a process shares.
    """
    for item in items:
        if LARGE.intersection(item.path.parents) or LARGE_CONFIGURATIONS & _asked(item):
            item.add_marker("large")
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[bool, ...]:
    waits, folders = item.get_closest_marker("waits") is not None, frozenset(item.path.parts)
    return not waits, "stories" not in folders, not MOCKING.isdisjoint(folders)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Know which configurations the run is going to need, so that one process synthesises them all."""
    needed = set().union(*(_asked(item) for item in session.items))
    session.config.stash[PLANNED] = [one for name, one in CONFIGURATIONS.items() if name in needed]


def _asked(item: pytest.Item) -> set[str]:
    """The fixtures of a test, those too that a parameter names."""
    callspec = getattr(item, "callspec", None)
    parameters = callspec.params.values() if callspec else ()
    return {*getattr(item, "fixturenames", ()), *(one for one in parameters if isinstance(one, str))}


@pytest.fixture(scope="session")
def assemblies(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Assemblies:
    base = tmp_path_factory.getbasetemp()
    return Assemblies(base if worker_id == "master" else base.parent, request.config.stash[PLANNED])


@pytest.fixture(scope="session")
def synthesised(assemblies: Assemblies) -> Synthesised:
    """Gives the assembly of a configuration."""
    return lambda settings: assemblies.of(Configuration(settings))


@pytest.fixture(scope="session")
def stack(synthesised: Synthesised) -> Template:
    """The template with every setting used."""
    return Template(synthesised(SETTINGS))
