"""``python -m tools.verify``: for somebody with credentials, and nothing deployed.

TestState is asked about every state of every definition with mocked results: no role is passed, nothing of the account
is called, no model is started. Then the template is validated by the pinned CDK CLI, where the account is bootstrapped.
The end is 1 if anything differs from what the emulator's engine saw.
"""

import argparse
import os
import sys
from collections.abc import Sequence

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.settings.cdk_json import settings_of
from infra.settings.settings import SettingsError
from tools.asl import state_machines
from tools.deploy.aws import Account, CredentialsError
from tools.verify import template
from tools.verify.record import recorded
from tools.verify.verification import Row, StepFunctions, rows

POLITE = 4.0
"""Calls of TestState in a second: its quota is not documented, so few enough that none is likely to be throttled."""
_LOOPBACK = ("http://127.0.0.1", "http://localhost")


def main(arguments: Sequence[str]) -> int:
    """Verify; 0 if all is as expected, 1 if anything differs, 2 if nothing could be asked."""
    parser = argparse.ArgumentParser(prog="python -m tools.verify", description=__doc__)
    parser.add_argument("machine", nargs="*", help="definitions, such as start_model; all without one")
    parser.add_argument(
        "--per-second", type=float, help=f"calls at most; {POLITE:g} on AWS, any number on the emulator"
    )
    asked = parser.parse_args(arguments)
    try:
        places = settings_of(place=os.environ.get("PLACE", ""))
        region, aws = places[0].region, Account(places[0].region)
        config = Config(retries={"mode": "adaptive", "total_max_attempts": 10})
        client = boto3.client("stepfunctions", region, config=config)
        local = client.meta.endpoint_url.startswith(_LOOPBACK)
        if local:  # botocore would ask for "sync-127.0.0.1"
            client = boto3.client("stepfunctions", region, config=config.merge(Config(inject_host_prefix=False)))
        per_second = asked.per_second if asked.per_second is not None else 0 if local else POLITE
        wrong = _table(StepFunctions(client, f"{region}:{aws.account}", per_second), asked.machine)
        wrong += template.validated(places, aws, sys.stdout)
        if local:
            sys.stdout.write("The emulator checks a template's form and references alone.\n")
    except (SettingsError, CredentialsError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"It could not be asked: {error}\n")
        return 2
    return 1 if wrong else 0


def _table(stepfunctions: StepFunctions, names: Sequence[str]) -> int:
    """Print every row as it is seen, then what differs; how many differ."""
    write = sys.stdout.write
    seen: list[Row] = []
    machines = [machine for machine in state_machines() if not names or machine.name in names]
    record = {name: states for name, states in recorded().items() if not names or name.partition("/")[0] in names}
    write(f"{'state':60}  {'branch':48}  {'expected':44}  seen\n")
    for row in rows(stepfunctions, machines, record):
        seen.append(row)
        mark = "!" if row.differences else " "
        write(f"{f'{row.machine}: {row.state}':60}  {row.branch:48}  {row.expected:44} {mark}{row.seen}\n")
        sys.stdout.flush()
    different = [row for row in seen if row.differences]
    for row in different:
        write(f"\n{row.machine}, '{row.state}', {row.branch}:\n" + "".join(f"  {one}\n" for one in row.differences))
    write(f"\nDefinitions: {len(seen)} cases, {len(different)} of them not as expected.\n")
    return len(different)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
