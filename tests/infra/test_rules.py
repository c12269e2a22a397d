"""What others' rules say of the template: cdk-nag's AwsSolutions and cfn-lint."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.settings.settings import CUSTOM_LABELS_REGIONS
from tests.assemblies import REFUSED
from tools.templates import Template

IGNORED = {"W3005": "CDK names a role in DependsOn beside the GetAtt that says the same."}
NO_JSONATA_THERE = re.compile(
    r"'\{% .* %\}' is not of type '(number|integer)' at '[^']*/(MaxConcurrency|Tolerated\w+)'"
)
"""Where cfn-lint wants a number, and the Amazon States Language takes JSONata too ("JSONata", "Map State")."""


def acknowledged(template: Template) -> dict[tuple[str, str], str]:
    """The reason by construct and finding, as the assembly's metadata has it."""
    return {
        (path.removeprefix("/"), finding.removeprefix("Annotation::")): reason
        for path, entries in _metadata(template).items()
        for entry in entries
        if entry["type"] == "aws:cdk:acknowledged-rules"
        for finding, reason in entry["data"].items()
    }


def paths(template: Template) -> dict[str, str]:
    """Where in the tree of constructs each resource comes from, by its logical id."""
    return {
        entry["data"]: path.removeprefix("/")
        for path, entries in _metadata(template).items()
        for entry in entries
        if entry["type"] == "aws:cdk:logicalId"
    }


def _metadata(template: Template) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(
        (template.assembly / f"{template.stack_id}.metadata.json").read_text("utf-8")
    )
    return found


def findings(assembly: Path) -> list[dict[str, Any]]:
    reports = json.loads((assembly / "validation-report.json").read_text("utf-8"))["pluginReports"]
    return [violation for report in reports for violation in report["violations"]]


@pytest.mark.parametrize("configuration", ["stack", "minimal", "hundred", "every_project"])
def test_cdk_nag_finds_nothing(request: pytest.FixtureRequest, configuration: str) -> None:
    """Not even a warning, which would not fail the synthesis."""
    assert findings(request.getfixturevalue(configuration).assembly) == []


def test_every_acknowledgement_has_a_reason(stack: Template) -> None:
    reasons = acknowledged(stack)
    assert reasons
    for finding, reason in reasons.items():
        assert len(reason.split()) >= 5, finding
        assert reason.endswith("."), finding


def test_without_acknowledgements_exactly_what_they_name_fails_the_synthesis(
    stack: Template, unacknowledged: Path
) -> None:
    """So a finding does fail, and no acknowledgement has outlived its finding."""
    assert "AwsSolutions-IAM5" in (unacknowledged / REFUSED).read_text("utf-8")
    found = {
        (one["constructPath"], violation["ruleName"])
        for violation in findings(unacknowledged)
        for one in violation["violatingConstructs"]
    }
    excused = {
        (path, rule): [(at, finding) for at, finding in acknowledged(stack) if finding == rule and path.startswith(at)]
        for path, rule in found
    }
    assert not [finding for finding, by in excused.items() if not by]
    assert {one for by in excused.values() for one in by} == acknowledged(stack).keys()


def test_cfn_lint_finds_nothing_in_any_region_of_custom_labels(stack: Template) -> None:
    """E3601 reads the state machine's definition too."""
    command = [
        str(Path(sys.executable).with_name("cfn-lint")),
        *("--ignore-checks", *IGNORED),
        *("--regions", *sorted(CUSTOM_LABELS_REGIONS)),
        *("--format", "json"),
        *("--", str(stack.file)),
    ]
    lint = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    assert not lint.stderr
    said = [finding["Message"] for finding in json.loads(lint.stdout or "[]")]
    assert [message for message in said if not NO_JSONATA_THERE.fullmatch(message)] == []
