"""A command in a clean clone, with or without a terminal."""

import contextlib
import fcntl
import os
import pty
import pwd
import shutil
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from tools.circumstances.circumstances import Circumstance, NotHereError, as_user, environment
from tools.circumstances.processes import Watched
from tools.circumstances.results import Outcome, counts

ROOT = Path(__file__).parents[2]
LOGS = ROOT / "build" / "circumstances"
LONGEST_SECONDS = 3600
"""A command that takes longer hangs."""


def tried(command: str, circumstance: Circumstance, base: Path, times: int = 1) -> list[Outcome] | str:
    """Try the command so often, in a clone below a folder; the reason where this machine has not what it takes."""
    try:
        if circumstance.cached and not (base / circumstance.clone).exists():
            _run(command, circumstance, base, "-before")
        return [_run(command, circumstance, base, f"-{turn}" if times > 1 else "") for turn in range(1, times + 1)]
    except NotHereError as missing:
        return str(missing)


def _run(command: str, circumstance: Circumstance, base: Path, turn: str) -> Outcome:
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{circumstance.name}{turn}.log"
    given = {**as_user(circumstance.user), "env": environment(circumstance, base), "cwd": _clone(circumstance, base)}
    shell = ["sh", "-c", circumstance.script.format(command=command)]
    began = time.monotonic()
    begun = _begun(shell, log, on_terminal=circumstance.terminal, **given)
    with circumstance.around(), begun as watched:
        try:
            code = watched.wait(LONGEST_SECONDS)
            seconds = time.monotonic() - began
        finally:
            left = watched.end()
    within = circumstance.within or LONGEST_SECONDS
    wrong = {
        f"longer than {within} s": seconds > within,
        f"left {left} processes": code is not None and left > 0,
        f"see {log.relative_to(ROOT)}": code != 0,
    }
    said = log.read_text("utf-8", errors="replace")
    return Outcome(counts(said), seconds, watched.memory, ", ".join(why for why, so in wrong.items() if so))


def _clone(circumstance: Circumstance, base: Path) -> Path:
    """The folder of a circumstance, with the last commit where it is new."""
    folder = base / circumstance.clone
    if circumstance.clean and folder.exists():
        shutil.rmtree(folder)
    if not folder.exists():
        # Files that are linked to the original's would change their owner there too.
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, folder], check=True)  # noqa: S603, S607 - git, on this clone
        if circumstance.user:
            owner = pwd.getpwnam(circumstance.user).pw_uid
            for path in (folder, *folder.rglob("*")):
                os.chown(path, owner, -1, follow_symlinks=False)
    return folder


@contextlib.contextmanager
def _begun(shell: list[str], log: Path, *, on_terminal: bool, **given: Any) -> Iterator[Watched]:
    """The process of a command in a session of its own, with a terminal of its own or none; what it says is logged."""
    given |= {"preexec_fn": _take_terminal} if on_terminal else {}
    with log.open("wb") as output, _terminal(output) if on_terminal else contextlib.nullcontext(output) as said:
        process = subprocess.Popen(  # noqa: S603 - the caller's own command
            shell, stdin=said, stdout=said, stderr=said, start_new_session=True, **given
        )
        yield Watched(process)


@contextlib.contextmanager
def _terminal(output: BinaryIO) -> Iterator[int]:
    """A terminal of which all that is written to it is copied."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    reader = threading.Thread(target=_copy, args=(ours, output))
    reader.start()
    try:
        yield theirs
    finally:
        os.close(theirs)
        reader.join()
        os.close(ours)


def _copy(terminal: int, output: BinaryIO) -> None:
    """Copy until nobody has the terminal open any more."""
    with contextlib.suppress(OSError):  # how Linux says that
        while said := os.read(terminal, 65536):
            output.write(said)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
