"""The assemblies of a test run: each configuration is synthesised once, and all that the run needs in one process.

What takes seconds is to begin: Node loads the CDK, and the CDK the rules of its validation.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).parent.parent
REFUSED = "refused.txt"
"""In the folder of an assembly: why its synthesis failed."""


@dataclass(frozen=True)
class Configuration:
    """Settings; and whether exceptions from cdk-nag's rules are acknowledged, as they are for all but one test."""

    settings: Mapping[str, Any]
    acknowledged: bool = True

    @property
    def folder(self) -> str:
        """Its name, the same in every process."""
        text = json.dumps([self.settings, self.acknowledged], sort_keys=True)
        return f"assembly-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Assemblies:
    """Those of one run.

    Parameters
    ----------
    folder : Path
        Of the run: its processes share it.
    planned : sequence
        What the run's tests are going to ask for.
    """

    folder: Path
    planned: Sequence[Configuration] = ()

    def of(self, asked: Configuration) -> Path:
        """The folder of an assembly; the first process that asks makes it, and with it all that is planned.

        Raises
        ------
        AssertionError
            It can't be synthesised: to every test that asks.
        """
        outdir = self.folder / asked.folder
        failed = outdir.with_suffix(".failed")
        with (self.folder / "assemblies.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _done(outdir).exists() and not failed.exists():
                log = self._synthesise([asked, *(one for one in self.planned if one != asked)])
                if not _done(outdir).exists():
                    failed.write_text(log, "utf-8")
        if failed.exists():
            raise AssertionError(f"This configuration can't be synthesised:\n{failed.read_text('utf-8')}")
        return outdir

    @property
    def log(self) -> str:
        """What was printed meanwhile, by all syntheses."""
        return (self.folder / "synthesis.log").read_text("utf-8")

    def _synthesise(self, wanted: Iterable[Configuration]) -> str:
        made = [(str(self.folder / one.folder), one.settings, one.acknowledged) for one in wanted]
        process = subprocess.run(
            [sys.executable, "-m", "tests.assemblies"],
            cwd=ROOT,
            env={**os.environ, "JSII_DEPRECATED": "warn"},
            input=json.dumps([one for one in made if not _done(Path(one[0])).exists()]),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )
        with (self.folder / "synthesis.log").open("a", encoding="utf-8") as log:
            log.write(process.stdout)
        return process.stdout


def said_of(outdir: Path) -> list[str]:
    """What `make synth` would have said of an assembly, by lines."""
    return _done(outdir).read_text("utf-8").splitlines()


def _done(outdir: Path) -> Path:
    return outdir.with_suffix(".done")


def main() -> None:
    """Synthesise what the standard input asks for: JSON, a list of folder, settings, acknowledged."""
    from infra.app import build
    from infra.settings.settings import Settings
    from infra.summary import summary

    for folder, context, acknowledged in json.load(sys.stdin):
        outdir, settings, said = Path(folder), Settings.of_places(context), ""
        with nullcontext() if acknowledged else _without_acknowledgements(outdir):
            said = summary(settings, build(settings, outdir).synth())
        _done(outdir).write_text(said, "utf-8")


@contextmanager
def _without_acknowledgements(outdir: Path) -> Iterator[None]:
    import aws_cdk as cdk

    with mock.patch.object(cdk.Validations, "acknowledge"):
        try:
            yield
        except RuntimeError as error:
            (outdir / REFUSED).write_text(str(error), "utf-8")


if __name__ == "__main__":
    main()
