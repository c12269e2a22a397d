"""A model that is configured as the newest of its project: what is wrong with it is said with its key."""

from typing import Any

import pytest

from infra.settings.settings import Settings, SettingsError
from lifecycle.configuration import Model
from tests.infra.configurations import model
from tests.infra.test_settings import problems

LATEST = {"name": "welds", "project": "welds", "version": "latest"}
HOME = {"account": "111122223333", "region": "eu-west-1"}


def test_without_an_arn_account_and_region_say_where_to_deploy() -> None:
    settings = Settings.from_context({"models": [{**LATEST, "minimum_f1": 0.8}], **HOME})
    assert settings.models == {"welds": Model(project="welds", minimum_f1=0.8)}
    assert (settings.account, settings.region) == ("111122223333", "eu-west-1")


@pytest.mark.parametrize(
    ("context", "problem"),
    [
        ({"models": [LATEST]}, "account: is needed, because no model has a project_version_arn that would say it"),
        ({"models": [LATEST], "account": HOME["account"]}, "region: is needed, because no model has"),
        ({"models": [LATEST], **HOME, "region": "eu-north-1"}, "models: eu-north-1 is not known to have Custom Labels"),
        ({"models": [model()], **HOME, "region": "us-east-1"}, "region: is us-east-1, but the models are in eu-west-1"),
        (
            {"models": [{"name": "x"}], **HOME},
            "models.0.project_version_arn, project: exactly one of the two is needed",
        ),
        ({"models": [{**model(), **LATEST}]}, "models.0.project_version_arn, project: exactly one of the two"),
        ({"models": [model(), {"name": "x", "project": "p"}]}, "models.1.project, version: they go together"),
        ({"models": [{**model(), "minimum_f1": 0.8}]}, "models.0.minimum_f1: is for a model with project and version"),
        ({"models": [model(), {**LATEST, "minimum_f1": 80}]}, "models.1.minimum_f1: must be at most 1"),
        ({"models": [model(), {**LATEST, "version": "newest"}]}, "models.1.version: must be one of latest"),
        ({"models": [model(), LATEST, {**LATEST, "name": "again"}]}, "models: project 'welds' is there 2 times"),
    ],
)
def test_a_problem_is_said_with_its_key(context: dict[str, Any], problem: str) -> None:
    assert [line for line in problems(context) if line.startswith(problem)]


def test_a_project_may_have_a_fixed_version_beside_its_newest() -> None:
    """Such as the one that is certified, and the one that is tried."""
    project = model()["project_version_arn"].split("/")[1]
    try:
        settings = Settings.from_context({"models": [model(), {**LATEST, "project": project}]})
    except SettingsError as wrong:
        pytest.fail(str(wrong))
    assert {one.project_name for one in settings.models.values()} == {project}
