"""From settings to an app that can be synthesised."""

from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra.settings.settings import STACK_NAME, Settings
from infra.stack import CustomLabelsLifecycle


def build(settings: Settings, outdir: Path | None = None) -> cdk.App:
    """The app, with cdk-nag's AwsSolutions rules as a part of every synthesis.

    Parameters
    ----------
    outdir : Path, optional
        Where the cloud assembly goes; by default where the CDK CLI says.
    """
    app = cdk.App(outdir=str(outdir) if outdir else None)
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
