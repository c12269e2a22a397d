"""From settings to an app that can be synthesised."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import cx_api
from cdk_nag import AwsSolutionsChecks

from infra import limits
from infra.settings.settings import STACK_NAME, Settings, SettingsError
from infra.stack import CustomLabelsLifecycle


def synthesise(places: Sequence[Settings], outdir: Path | None = None) -> cx_api.CloudAssembly:
    """The assembly of ``build``, if AWS would take it.

    Raises
    ------
    SettingsError
        It breaks a limit of AWS, by the settings.
    """
    assembly = build(places, outdir).synth()
    found = [
        f"{problem} ({settings.place})" if len(places) > 1 else problem
        for settings in places
        for problem in limits.problems(settings, template_of(assembly, settings))
    ]
    if found:
        raise SettingsError(found)
    return assembly


def build(places: Sequence[Settings], outdir: Path | None = None) -> cdk.App:
    """The app, a stack for each place, with cdk-nag's AwsSolutions rules as a part of every synthesis.

    Parameters
    ----------
    outdir : Path, optional
        Where the cloud assembly goes; by default where the CDK CLI says.
    """
    # The limit of resources is said by its key, with all others: infra/limits.py.
    app = cdk.App(outdir=str(outdir) if outdir else None, context={"@aws-cdk/core:stackResourceLimit": 0})
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))
    for settings in places:
        CustomLabelsLifecycle(
            app,
            settings.stack_id,
            stack_name=STACK_NAME,
            settings=settings,
            env=cdk.Environment(account=settings.account, region=settings.region),
        )
    for name, value in places[0].tags.items():
        cdk.Tags.of(app).add(name, value)
    return app


def template_of(assembly: cx_api.CloudAssembly, settings: Settings) -> dict[str, Any]:
    """The template of a place."""
    path = assembly.get_stack_artifact(settings.stack_id).template_full_path
    template: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return template
