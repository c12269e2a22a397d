"""Processes of functions, as the system sees them."""

import time
from pathlib import Path


def gone(pid: int) -> bool:
    """Whether a process ends soon, or has."""
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
