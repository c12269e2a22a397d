from pathlib import Path

import pytest

from tests.assemblies import Assemblies
from tests.conftest import CONFIGURATIONS, TWO_REGIONS, Synthesised
from tests.infra.configurations import EVERY_PROJECT, HUNDRED, LARGEST, MINIMAL, TOO_LARGE
from tools.templates import Template


@pytest.fixture(scope="session")
def minimal(synthesised: Synthesised) -> Template:
    return Template(synthesised(MINIMAL))


@pytest.fixture(scope="session")
def two_regions(synthesised: Synthesised) -> tuple[Template, Template]:
    """The place that has every setting, and the other one."""
    assembly = synthesised(TWO_REGIONS)
    return Template(assembly, "*-eu-west-1"), Template(assembly, "*-us-east-1")


@pytest.fixture(scope="session")
def hundred(synthesised: Synthesised) -> Template:
    return Template(synthesised(HUNDRED))


@pytest.fixture(scope="session")
def largest(synthesised: Synthesised) -> Template:
    return Template(synthesised(LARGEST))


@pytest.fixture(scope="session")
def too_large(synthesised: Synthesised) -> Template:
    return Template(synthesised(TOO_LARGE))


@pytest.fixture(scope="session")
def every_project(synthesised: Synthesised) -> Template:
    return Template(synthesised(EVERY_PROJECT))


@pytest.fixture(scope="session")
def unacknowledged(assemblies: Assemblies) -> Path:
    """The assembly with every setting used, and no exception from cdk-nag's rules acknowledged."""
    return assemblies.of(CONFIGURATIONS["unacknowledged"])


@pytest.fixture(scope="session")
def bundle(stack: Template) -> Path:
    """The functions' code, as it would be uploaded."""
    (asset,) = {function["Code"]["S3Key"].removesuffix(".zip") for function in stack.functions.values()}
    return stack.assembly / f"asset.{asset}"
