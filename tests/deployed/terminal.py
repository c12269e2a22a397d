"""Commands as people paste them into a terminal, run by bash with the AWS CLI against the emulator."""

import os
import re
import subprocess
import sys
from pathlib import Path

from emulator.server import Emulator

DOCS = Path(__file__).parents[2] / "docs"


def snippets(document: str, language: str) -> list[str]:
    """The code blocks of a language in one of the docs, in order."""
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / document).read_text("utf-8"), re.DOTALL)


def run(emulator: Emulator, *commands: str) -> str:
    """What they say, one after the other in one shell; a command that fails fails the test."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_DEFAULT_REGION": emulator.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_PAGER": "",
    }
    done = subprocess.run(  # noqa: S603 - the commands are our own documents'
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],  # noqa: S607 - the user's own shell
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
