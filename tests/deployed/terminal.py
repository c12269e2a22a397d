"""Commands as people paste them into a terminal, run by bash with the AWS CLI against the emulator."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from emulator.server import Emulator

BASH = ("bash", "-euo", "pipefail", "-c")


def run(emulator: Emulator, *commands: str) -> str:
    """What they say, one after the other in one shell; a command that fails fails the test."""
    return said_by(emulator, [*BASH, "\n".join(commands)])


def said_by(
    emulator: Emulator, command: Sequence[str], folder: Path | None = None, more: Mapping[str, str] | None = None
) -> str:
    """What one command says, in a folder, with variables beside those that lead to the emulator."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_DEFAULT_REGION": emulator.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_PAGER": "",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **(more or {}),
    }
    done = subprocess.run(  # noqa: S603 - the commands are our own documents'
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
