"""What `make audit` makes of what its tools say; the tools themselves are not a part of `make test`."""

import json
import re
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.infra.configurations import ROOT
from tools.audit import auditors
from tools.audit.__main__ import EXCEPTIONS, cells
from tools.audit.auditors import NotRunError, Place, actionlint, all_audits, npm_audit, pip_audit, secrets, zizmor
from tools.audit.findings import Audit, Excuse, Finding, excuses_of, exit_code, judged

OPEN = Finding("CKV_1", "Topic")
EXCUSE = Excuse("checkov", "CKV_*", "Top*", "Because.")


@dataclass(frozen=True)
class Said(Place):
    """Tools that have said something already, by a word of the command: their output, or exit code and output."""

    answers: Mapping[str, Any] = field(default_factory=dict)

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        words = " ".join(map(str, command))
        (answer,) = (said for name, said in self.answers.items() if name in words)
        code, said = answer if isinstance(answer, tuple) else (0, answer)
        return subprocess.CompletedProcess([], code, said if isinstance(said, str) else json.dumps(said), "no route\n")


def says(**answers: Any) -> Said:
    return Said(Path("nowhere"), {word.replace("_", "-"): answer for word, answer in answers.items()})


# --- Verdicts ---------------------------------------------------------------------------------------------------------


def test_a_finding_is_open_until_it_is_excused() -> None:
    (open_one,), _ = judged([Audit("checkov", "", [OPEN])], [])
    assert (open_one.findings, open_one.excused, open_one.verdict) == ([OPEN], 0, "1 found")
    (excused,), stale = judged([Audit("checkov", "", [OPEN])], [EXCUSE])
    assert (excused.findings, excused.excused, excused.verdict, stale) == ([], 1, "clean", [])


@pytest.mark.parametrize(
    "other", [Excuse("zizmor", "*", "*", ""), Excuse("checkov", "CKV_2", "*", ""), Excuse("checkov", "*", "Queue", "")]
)
def test_an_excuse_is_of_one_tool_one_rule_and_one_place(other: Excuse) -> None:
    (audit,), stale = judged([Audit("checkov", "", [OPEN]), Audit("zizmor", "")][:1], [other])
    assert audit.findings == [OPEN]
    assert stale == ([other] if other.tool == "checkov" else [])


def test_an_excuse_that_excuses_nothing_is_found_but_not_where_its_tool_could_not_look() -> None:
    assert judged([Audit("checkov", "")], [EXCUSE])[1] == [EXCUSE]
    assert judged([Audit("checkov", "", not_run="no network")], [EXCUSE])[1] == []


def test_what_was_not_looked_at_is_not_clean() -> None:
    clean, found = Audit("checkov", ""), Audit("checkov", "", [OPEN])
    not_run = Audit("pip-audit", "", not_run="no network")
    assert not_run.verdict == "NOT RUN: no network"
    assert exit_code([clean], []) == 0
    assert exit_code([clean, not_run], []) == 2
    assert exit_code([found, not_run], []) == 1
    assert exit_code([clean], [EXCUSE]) == 1


def test_every_exception_names_its_tool_and_its_reason() -> None:
    excuses = excuses_of(tomllib.loads(EXCEPTIONS.read_text("utf-8")))
    assert excuses
    names = {"checkov", "pip-audit", "npm audit", "detect-secrets", "zizmor", "actionlint"}
    for excuse in excuses:
        assert excuse.tool in names
        assert len(excuse.reason.split()) >= 5, excuse
        assert excuse.reason.endswith("."), excuse
        assert (excuse.rule, excuse.where) != ("*", "*")


# --- What tools say ---------------------------------------------------------------------------------------------------


def test_a_vulnerable_package_is_found_and_one_that_was_not_looked_up_is_not_clean() -> None:
    vulnerable = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
    audit = pip_audit(says(pip_audit={"dependencies": [vulnerable, {"name": "new", "version": "2", "vulns": []}]}))
    assert [*audit.findings] == [Finding("PYSEC-1", "old", "old 1.0: mended in 1.1")]
    assert (audit.looked_at, audit.not_run) == ("2 Python packages", "")
    skipped = {"name": "old", "skip_reason": "Dependency not found on PyPI"}
    assert "did not answer for 1 packages" in pip_audit(says(pip_audit={"dependencies": [skipped]})).not_run


def test_an_advisory_on_an_npm_package_is_found_and_no_answer_is_not_clean() -> None:
    said = {
        "vulnerabilities": {"left": {"via": [{"source": 7, "title": "Pads too far"}]}, "right": {"via": ["left"]}},
        "metadata": {"dependencies": {"total": 3}},
    }
    audit = npm_audit(says(npm_cli=said))
    assert [*audit.findings] == [Finding("7", "left", "Pads too far")]
    with pytest.raises(NotRunError, match="405"):
        npm_audit(says(npm_cli=(1, {"statusCode": 405})))


def test_a_secret_is_found_by_its_file_and_what_it_looks_like() -> None:
    one = {"type": "AWS Access Key", "hashed_secret": "0123456789", "line_number": 3}
    audit = secrets(says(detect_secrets={"results": {"app.py": [one]}}, ls_files="app.py\nMakefile\n"))
    assert [*audit.findings] == [Finding("AWS Access Key 01234567", "app.py", "line 3")]
    assert audit.looked_at == "2 files"


def test_what_a_linter_of_workflows_says_is_found() -> None:
    said = 'Checking 1 workflow file(s)...\n.github/workflows/a.yml:6:23 "x" is untrusted [ expression ]\n'
    audit = actionlint(says(actionlint=(1, said)))
    assert [*audit.findings] == [Finding("expression", ".github/workflows/a.yml", 'line 6: "x" is untrusted')]
    assert not actionlint(says(actionlint="Checking 1 workflow file(s)...\n")).findings
    with pytest.raises(NotRunError):
        actionlint(says(actionlint=(1, "Error: no such file")))
    location = {"symbolic": {"key": {"Local": {"given_path": ".github/workflows/a.yml"}}}}
    found = [{"ident": "unpinned-uses", "desc": "not pinned", "locations": [location]}]
    assert zizmor(says(zizmor=found)).findings == [Finding("unpinned-uses", ".github/workflows/a.yml", "not pinned")]


def test_a_tool_that_is_not_there_says_so_and_the_others_go_on() -> None:
    def looks(_place: Place) -> Audit:
        return Audit("looks", "all")

    first, second = all_audits(Place(Path("nowhere")), [secrets, looks])
    assert first.tool == "detect-secrets"
    assert "detect-secrets" in first.not_run
    assert cells(second) == ["looks", "all", "0", "0", "clean"]


def test_every_auditor_has_a_name_of_its_own() -> None:
    assert len({auditor.__name__ for auditor in auditors.AUDITORS}) == len(auditors.AUDITORS) == 6


# --- Without the tools ------------------------------------------------------------------------------------------------

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_may_read_alone(workflow: Path) -> None:
    text = workflow.read_text("utf-8")
    used = re.findall(r"uses:\s*(\S+)(.*)", text)
    assert used
    for action, version in used:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+(\.\d+)*", version), action
    assert re.search(r"^permissions:\n  contents: read\n(?! )", text, re.MULTILINE)
    assert not re.findall(r"^\s+permissions:", text, re.MULTILINE)
    assert "pull_request_target" not in text


def test_workflows_pin_an_action_at_the_same_commit() -> None:
    pins = {tuple(pin.split("@")) for one in WORKFLOWS for pin in re.findall(r"uses:\s*(\S+)", one.read_text("utf-8"))}
    assert len({action for action, _ in pins}) == len(pins)


@pytest.mark.parametrize("file", auditors.REQUIREMENTS)
def test_every_python_package_comes_with_its_hashes_from_the_one_index(file: str) -> None:
    """So nobody's package of the same name elsewhere can take its place."""
    text = (ROOT / file).read_text("utf-8")
    packages = re.findall(r"^[a-z0-9][^\n]*==[^\n]*", text, re.MULTILINE)
    assert packages
    for package in packages:
        assert package.endswith("\\"), package
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(
        r"^\s*--(extra-)?index-url|^\s*--find-links|^\s*-e |://", re.sub(r"#.*", "", text), re.MULTILINE
    )


@pytest.mark.parametrize("folder", ["tools", "tools/audit", "tools/deploy"])
def test_every_npm_package_comes_with_its_hash_and_runs_nothing_when_it_is_installed(folder: str) -> None:
    locked = json.loads((ROOT / folder / "package-lock.json").read_text("utf-8"))["packages"]
    assert all(one["integrity"].startswith("sha512-") for name, one in locked.items() if name)
    installs = re.findall(r"npm-cli\.js ci .*", (ROOT / "Makefile").read_text("utf-8"))
    assert len(installs) == 3
    assert all("--ignore-scripts" in one for one in installs)
