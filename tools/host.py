"""The emulator with the stack, in a process of its own.

``python -m tools.host ASSEMBLY STARTING STOPPING ARN...``: the seconds that models take, and which there are.
There is one emulator in a process, and the tests' processes have theirs. It says where it listens, and ends with
its standard input.
"""

import json
import sys
from pathlib import Path

from emulator.custom_labels import Quotas, Timing
from emulator.server import Emulator


def main(assembly: str, starting: str, stopping: str, *models: str) -> None:
    """Serve."""
    timing = Timing(training=float(starting), starting=float(starting), stopping=float(stopping))
    seeded = dict(zip(models, models, strict=True))
    with Emulator(port=0, timing=timing, quotas=Quotas(running_models=10), models=seeded) as emulator:
        outputs = emulator.deploy(Path(assembly))
        sys.stdout.write(json.dumps({"endpoint": emulator.endpoint, "outputs": outputs}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
