"""What an audit finds, and what of it is excused: each exception with its reason, in one file. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Finding:
    """Something a tool objects to.

    Parameters
    ----------
    rule : str
        What the tool calls it: ``CKV_AWS_119``, ``GHSA-...``.
    where : str
        A resource, a package, a file.
    """

    rule: str
    where: str
    says: str = ""


@dataclass(frozen=True)
class Excuse:
    """Findings of a tool that are no reason to act. ``rule`` and ``where`` may have wildcards."""

    tool: str
    rule: str
    where: str
    reason: str

    def covers(self, tool: str, finding: Finding) -> bool:
        """Whether it is of this finding."""
        return tool == self.tool and fnmatchcase(finding.rule, self.rule) and fnmatchcase(finding.where, self.where)


@dataclass(frozen=True)
class Audit:
    """What one tool says.

    Parameters
    ----------
    looked_at : str
        What of, for people.
    not_run : str
        Why it could not look; what was not looked at is not clean.
    excused : int
        How many findings there were beside.
    """

    tool: str
    looked_at: str
    findings: Sequence[Finding] = field(default_factory=tuple)
    not_run: str = ""
    excused: int = 0

    @property
    def verdict(self) -> str:
        """For the table."""
        if self.findings:
            return f"{len(self.findings)} found"
        return f"NOT RUN: {self.not_run}" if self.not_run else "clean"


def judged(audits: Sequence[Audit], excuses: Sequence[Excuse]) -> tuple[list[Audit], list[Excuse]]:
    """The audits without what is excused, and the excuses that excuse nothing although their tool has run."""
    left = []
    used = set[Excuse]()
    for audit in audits:
        open_ones = []
        for finding in audit.findings:
            covering = [excuse for excuse in excuses if excuse.covers(audit.tool, finding)]
            used.update(covering)
            if not covering:
                open_ones.append(finding)
        left.append(replace(audit, findings=open_ones, excused=len(audit.findings) - len(open_ones)))
    ran = {audit.tool for audit in audits} - {audit.tool for audit in audits if audit.not_run}
    return left, [excuse for excuse in excuses if excuse.tool in ran and excuse not in used]


def excuses_of(document: Mapping[str, Any]) -> list[Excuse]:
    """Of exceptions.toml: ``[[<tool>]]`` with ``rule``, ``where`` (one or many), ``reason``."""
    return [
        Excuse(tool, entry["rule"], where, entry["reason"])
        for tool, entries in document.items()
        for entry in entries
        for where in ([entry["where"]] if isinstance(entry["where"], str) else entry["where"])
    ]


def exit_code(audits: Sequence[Audit], stale: Sequence[Excuse]) -> int:
    """1: something was found. 2: something could not be looked at. 0: all is clean."""
    if stale or any(audit.findings for audit in audits):
        return 1
    return 2 if any(audit.not_run for audit in audits) else 0
