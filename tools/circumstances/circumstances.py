"""Where ``make test`` is likely to fail, and how this machine is brought there."""

import contextlib
import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_NOHUP = "trap '' HUP INT QUIT\nexec </dev/null\n{command}"
_CALLER_S = {"AWS_PROFILE": "nobody-s", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "FORCE_COLOR": "1", "COLUMNS": "30"}
_FROM_MAKE = ("MAKE", "MFLAGS", "VIRTUAL_ENV")
_CAN_MAKE_ENVIRONMENTS = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"


class NotHereError(Exception):
    """A circumstance that this machine can't be brought into; the message says why."""


@contextlib.contextmanager
def busy_loops() -> Iterator[None]:
    """As many as the machine has cores."""
    command = [sys.executable, "-c", "while True: pass"]
    loops = [subprocess.Popen(command) for _ in range(os.cpu_count() or 1)]  # noqa: S603 - our own
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@contextlib.contextmanager
def taken_port() -> Iterator[None]:
    """The emulator's usual port is in use, if not by somebody else already."""
    with socket.socket() as taken:
        with contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", 4566))
            taken.listen()
        yield


@dataclass(frozen=True)
class Circumstance:
    """Where the command is tried.

    Attributes
    ----------
    name
        For the command line, and of the log.
    words
        For the table.
    clone
        The folder of the clone. What is tried first in it finds nothing installed and nothing cached.
    clean
        Whether the clone is made anew.
    cached
        Whether all is installed and cached: the command is run once before, where it is not.
    within
        Seconds that it may take.
    environment
        What differs.
    script
        Of the shell, with the command that is tried.
    terminal
        Whether there is one.
    hidden
        Programs that are not found.
    python
        What makes the virtual environment, if not the usual one.
    user
        Whose processes and files these are.
    around
        What goes on meanwhile.
    """

    name: str
    words: str
    clone: str = "clone"
    clean: bool = False
    cached: bool = False
    within: float | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    script: str = "{command}"
    terminal: bool = True
    hidden: tuple[str, ...] = ()
    python: str = ""
    user: str | None = None
    around: Callable[[], AbstractContextManager[None]] = nullcontext


CIRCUMSTANCES = (
    Circumstance("clean", "a clean clone, nothing cached", clean=True, within=360),
    Circumstance("idle", "idle, all cached", cached=True, within=180),
    Circumstance("busy", "beside a busy loop on each core", cached=True, within=480, around=busy_loops),
    Circumstance("dumb", "`TERM=dumb`", environment={"TERM": "dumb"}),
    Circumstance(
        "no-terminal", "without a terminal, standard input closed", terminal=False, script="exec <&-\n{command}"
    ),
    Circumstance("background", "in the background of a terminal", script="set -m\n{{ {command}; }} &\nwait $!"),
    Circumstance("nohup", "in the background, without a terminal", terminal=False, script=_NOHUP),
    Circumstance("caller", "with an AWS profile, an endpoint, and colours set", environment=_CALLER_S, cached=True),
    Circumstance("lang", "`LANG=C`", environment={"LANG": "C"}),
    Circumstance("zone", "`TZ=Pacific/Auckland`", environment={"TZ": "Pacific/Auckland"}),
    Circumstance("port", "port 4566 taken", around=taken_port),
    Circumstance("no-chromium", "without Chromium", hidden=("chromium", "chromium-browser")),
    Circumstance("space", "a clean clone in a folder with a space", clone="a clone", clean=True),
    Circumstance(
        "user", "a clean clone of another user than root", clone="nobody", clean=True, python="python3", user="nobody"
    ),
    Circumstance("python3.11", "a clean clone, Python 3.11", clone="3.11", clean=True, python="python3.11"),
    Circumstance("python3.13", "a clean clone, Python 3.13", clone="3.13", clean=True, python="python3.13"),
)


def environment(circumstance: Circumstance, base: Path) -> dict[str, str]:
    """The caller's without what make and a virtual environment have put into it, and with what differs.

    Raises
    ------
    NotHereError
        There is no such Python.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith(_FROM_MAKE)}
    own |= {"TERM": "xterm-256color", **circumstance.environment}
    if "LANG" in circumstance.environment:
        own = {name: value for name, value in own.items() if not name.startswith("LC_")}
    if circumstance.hidden:
        own["PATH"] = path_without(circumstance.hidden, base / "programs", own["PATH"])
    if circumstance.python:
        own["PYTHON"] = interpreter(circumstance.python, circumstance.user)
    if circumstance.user:
        own |= {"HOME": str(base / circumstance.clone), "USER": circumstance.user, "LOGNAME": circumstance.user}
    return own


def path_without(names: Iterable[str], folder: Path, path: str) -> str:
    """A path on which these programs are not: of a place that has one, a new folder has links to all the others."""
    found = []
    for number, place in enumerate(map(Path, path.split(os.pathsep))):
        if not any((place / name).exists() for name in names):
            found.append(place)
            continue
        found.append(folder / str(number))
        found[-1].mkdir(parents=True, exist_ok=True)
        for program in place.iterdir():
            link = found[-1] / program.name
            if program.name not in names and not link.is_symlink():
                link.symlink_to(program)
    return os.pathsep.join(map(str, found))


def interpreter(name: str, user: str | None) -> str:
    """A Python of this name, on the path or pyenv's, with which the user can make virtual environments.

    Raises
    ------
    NotHereError
        There is none.
    """
    folders = [*map(Path, os.environ["PATH"].split(os.pathsep)), *Path.home().glob(".pyenv/versions/*/bin")]
    for candidate in (folder / name for folder in folders):
        command = [str(candidate), "-c", _CAN_MAKE_ENVIRONMENTS]
        with contextlib.suppress(OSError):
            done = subprocess.run(command, cwd="/", capture_output=True, check=False, **as_user(user))  # noqa: S603 - the path's own
            if done.returncode == 0:
                return str(candidate)
    raise NotHereError(f"no {name} that can make virtual environments" + (f" as {user}" if user else ""))


def as_user(user: str | None) -> dict[str, Any]:
    """What makes a subprocess another user's.

    Raises
    ------
    NotHereError
        Only root can do that.
    """
    if not user:
        return {}
    if os.geteuid() != 0:
        raise NotHereError("only root can become another user")
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
