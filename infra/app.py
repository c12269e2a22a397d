"""From the context of cdk.json to an app that can be synthesised."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra.settings.settings import CONTEXT_KEY, STACK_NAME, Settings
from infra.stack import CustomLabelsLifecycle


def build(context: Any, outdir: Path | None = None) -> cdk.App:
    """The app, with cdk-nag's AwsSolutions rules as a part of every synthesis.

    Parameters
    ----------
    context : dict
        The value of ``custom-labels-lifecycle`` in cdk.json; what the CDK CLI hands over under that key wins.
    outdir : Path, optional
        Where the cloud assembly goes; by default where the CDK CLI says, else ``cdk.out``.
    """
    app = cdk.App(outdir=str(outdir) if outdir else None)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app, verbose=True))
    settings = Settings.from_context(app.node.try_get_context(CONTEXT_KEY) or context)
    CustomLabelsLifecycle(
        app,
        STACK_NAME,
        settings=settings,
        env=cdk.Environment(account=settings.account, region=settings.region),
    )
    for name, value in settings.tags.items():
        cdk.Tags.of(app).add(name, value)
    return app
