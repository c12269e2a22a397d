"""What others' tools audit, without the tools: they are not a part of `make test`."""

import json
import re
from pathlib import Path

import pytest

from tests.infra.configurations import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
AUDIT = (ROOT / "tools/audit/audit.mk").read_text("utf-8")


def assigned(variable: str) -> list[str]:
    """The words of a variable of audit.mk."""
    words = re.search(rf"^{variable} := (.*)$", AUDIT, re.MULTILINE)
    assert words
    return words[1].split()


AUDITS, PINNED, NPM = (assigned(variable) for variable in ("AUDITS", "PINNED", "NPM"))


def test_the_workflow_has_a_step_for_each_audit_and_none_keeps_another_from_running() -> None:
    workflow = (ROOT / ".github/workflows/audit.yml").read_text("utf-8")
    steps = re.findall(r"- run: make (\S+)\n        if: \$\{\{ !cancelled\(\) \}\}$", workflow, re.MULTILINE)
    assert steps == AUDITS
    assert "--keep-going" in AUDIT


def test_every_exception_from_checkov_has_its_reason() -> None:
    text = (ROOT / "tools/audit/checkov.yaml").read_text("utf-8").partition("skip-check:\n")[2]
    entries = re.findall(r"((?:  # .*\n)+)  - (CKV_AWS_\d+)\n", text)
    assert len(entries) == text.count("  - ") > 0
    for reason, rule in entries:
        assert len(reason.split()) >= 5, rule
        assert reason.endswith(".\n"), rule


def test_all_that_is_pinned_is_audited() -> None:
    assert {file for file in found("*.txt") if "--hash=" in (ROOT / file).read_text("utf-8")} == {*PINNED}
    assert found("package-lock.json") == {f"{folder}/package-lock.json" for folder in NPM}


def found(pattern: str) -> set[str]:
    """Files of the project's own, by their path in it."""
    folders = (ROOT, ROOT / "functions", *(one for one in (ROOT / "tools").iterdir() if one.name != "node_modules"))
    return {str(path.relative_to(ROOT)) for folder in (*folders, ROOT / "tools") for path in folder.glob(pattern)}


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


@pytest.mark.parametrize("file", PINNED)
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


@pytest.mark.parametrize("folder", NPM)
def test_every_npm_package_comes_with_its_hash_and_runs_nothing_when_it_is_installed(folder: str) -> None:
    locked = json.loads((ROOT / folder / "package-lock.json").read_text("utf-8"))["packages"]
    assert all(one["integrity"].startswith("sha512-") for name, one in locked.items() if name)
    installs = re.findall(r"npm-cli\.js ci .*", MAKEFILE + AUDIT)
    assert len(installs) == 3
    assert all("--ignore-scripts" in one for one in installs)
