"""The CDK app: ``python app.py`` synthesises it, with or without the CDK CLI, without credentials and network."""

import json
import os
import sys
from pathlib import Path

from infra.app import build
from infra.settings.settings import CONTEXT_KEY, SettingsError

ROOT = Path(__file__).parent

if __name__ == "__main__":
    # The CDK CLI hands over the context of cdk.json; without the CLI it is read here.
    own_context = json.loads((ROOT / "cdk.json").read_text("utf-8")).get("context", {}).get(CONTEXT_KEY)
    try:
        # The CLI names the folder too.
        build(own_context, outdir=None if "CDK_OUTDIR" in os.environ else ROOT / "cdk.out").synth()
    except SettingsError as error:
        sys.exit(str(error))
