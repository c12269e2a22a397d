"""The CDK app: ``python app.py`` synthesises it, with or without the CDK CLI, without credentials and network."""

import os
import sys

from infra.parts.bundle import NotSetUp
from infra.settings.cdk_json import settings_of
from infra.settings.settings import ROOT, SettingsError

BY_CLI = "CDK_OUTDIR" in os.environ
"""The CDK CLI names the folder of the assembly, and says itself what comes of it."""


def main() -> str | None:
    """Synthesise; returns what is wrong."""
    try:
        places = settings_of(ROOT)
        # Only now: Node takes seconds to start, and wrong settings can be said without.
        from infra.app import synthesise
        from infra.summary import summary

        assembly = synthesise(places, outdir=None if BY_CLI else ROOT / "cdk.out")
    except (SettingsError, NotSetUp) as error:
        return str(error)
    if not BY_CLI:
        sys.stdout.write(f"{summary(places, assembly)}\n")
    return None


if __name__ == "__main__":
    sys.exit(main())
