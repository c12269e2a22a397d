"""From settings to an app that can be synthesised."""

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import cx_api
from cdk_nag import AwsSolutionsChecks

from infra import limits
from infra.settings.settings import STACK_NAME, Settings, SettingsError
from infra.stack import CustomLabelsLifecycle


def synthesise(settings: Settings, outdir: Path | None = None) -> cx_api.CloudAssembly:
    """The assembly of ``build``, if AWS would take it.

    Raises
    ------
    SettingsError
        It breaks a limit of AWS, by the settings.
    """
    assembly = build(settings, outdir).synth()
    templates = (json.loads(Path(stack.template_full_path).read_text("utf-8")) for stack in assembly.stacks)
    if found := [problem for template in templates for problem in limits.problems(settings, template)]:
        raise SettingsError(found)
    return assembly


def build(settings: Settings, outdir: Path | None = None) -> cdk.App:
    """The app, with cdk-nag's AwsSolutions rules as a part of every synthesis.

    Parameters
    ----------
    outdir : Path, optional
        Where the cloud assembly goes; by default where the CDK CLI says.
    """
    # The limit of resources is said by its key, with all others: infra/limits.py.
    app = cdk.App(outdir=str(outdir) if outdir else None, context={"@aws-cdk/core:stackResourceLimit": 0})
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))
    CustomLabelsLifecycle(
        app,
        STACK_NAME,
        settings=settings,
        env=cdk.Environment(account=settings.account, region=settings.region),
    )
    for name, value in settings.tags.items():
        cdk.Tags.of(app).add(name, value)
    return app
