"""Every command in the docs, run as it is printed, in a reader's order: a shell for each page, one emulator for all."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from emulator import images
from emulator.custom_labels import Timing
from emulator.server import Emulator
from tests.assemblies import Assemblies
from tests.deployed.executions import StateMachine, wait_until
from tests.deployed.fixtures import put_at_rest
from tests.deployed.notified import QUICK
from tests.deployed.tables import let_starts_be_known
from tests.deployed.terminal import BASH, said_by
from tests.docs.reading import CONFIGURATION, MODEL, ROOT, blocks

_HOW_TO = (
    "tutorial",
    "console",
    "client",
    "recipes",
    "schedules",
    "events",
    "page",
    "notifications",
    "costs",
    "deploy",
    "verify",
    "emulator",
    "inbox",
)
_EVIDENCE = ("evidence/abuse", "evidence/reliability")
PAGES = ("README.md", *(f"docs/{name}.md" for name in (*_HOW_TO, *_EVIDENCE)))
"""In the order of README's list."""
AN_HOUR = timedelta(hours=1)
"""Reading takes less, also on a busy machine."""
STOP_EVERYTHING = "docs/stop-everything.md"
"""Begins with a model that runs, unlike the others."""

INSTEAD: Mapping[str, str] = {
    # They need an account, take minutes, or are running already: make knows them, and the tools know their options.
    r"^(\w+=\S+ )?make (run|test|check|deploy|diff|destroy|bootstrap|abuse|faults|verify-aws)\b": (
        r"make --dry-run \2 > /dev/null; : "
    ),
    r"^(CUSTOM_LABELS_MODEL_ARN=\S+ \S+/pytest tests/aws -n 0)$": r"\1 --collect-only --quiet",
    r"^(ABUSE=10 .*tests/abuse -k settle)": r"\1 --collect-only --quiet",
    r"^(\S+ -m tests\.account) ": r"\1 --help > /dev/null; : ",
    r"^(\S+ -m emulator up) ": r"\1 --help > /dev/null; : ",
    r"^(\S+ -m emulator destroy) ": r"\1 --help > /dev/null; : ",
    # From two hours before a start it would leave the lease alone: a Saturday has none.
    r"^(\S+ -m emulator fire office-hours-stop) ": r"\1 --at 2098-01-04T12:00:00Z ",
    r"^pip install ./client$": "custom-labels --help > /dev/null",  # make setup has done it
    # The emulator's account is not bootstrapped.
    r"^(custom-labels doctor) .*": r"\1 || test $? = 1",
    # A .venv that is older than its requirements would be made anew, with the tests in it.
    r"^make synth\b": "make --assume-old=requirements.txt synth",
    # What a reader waits for.
    r"\bsleep 5\b": "sleep 0.5",
}
OUTPUT = (
    "output() { aws cloudformation describe-stacks --stack-name CustomLabelsLifecycle"
    " --query \"Stacks[0].Outputs[?OutputKey=='$1'].OutputValue\" --output text; }"
)

pytestmark = [pytest.mark.waits, pytest.mark.xdist_group("reading")]


@pytest.fixture(scope="module")
def reading_assembly(assemblies: Assemblies) -> Path:
    return assemblies.of(CONFIGURATION)


@pytest.fixture(scope="module")
def app(reading_assembly: Path) -> Iterator[Emulator]:
    with Emulator(port=0, timing=Timing(training=0.5, starting=2, stopping=1), models={"defects": MODEL}) as emulator:
        if (now := datetime.now(UTC)).month != (now + AN_HOUR).month:
            emulator.clock.advance(AN_HOUR.total_seconds())  # the bill of docs/costs.md is one month's
        emulator.custom_labels.seed(MODEL)
        emulator.deploy(reading_assembly)
        for bucket in ("factory-images", "factory-results"):
            images.ensure_bucket(emulator.client("s3"), bucket)
        emulator.client("s3").put_object(Bucket="factory-images", Key="line-1/0001.png", Body=images.png((200, 30, 30)))
        # A start and a stop before, which the bill has.
        for name in ("StartModel", "StopModel"):
            machine = StateMachine(emulator.outputs[f"{name}Arn"], emulator.client("stepfunctions"))
            assert machine.run({"Model": "defects", "LeaseId": "before", **QUICK}).status == "SUCCEEDED"
        yield emulator


@pytest.fixture
def deployed_app(app: Emulator) -> Emulator:
    """As a reader of any page finds it: nothing of another page goes on, the model is stopped, no call fails."""
    app.faults.clear()
    put_at_rest(app, MODEL)
    let_starts_be_known(app, MODEL)  # else the first status check of a start comes after 30 s
    return app


def commands(page: str, outputs: Mapping[str, str]) -> str:
    """All that a page tells to type, as one script, with the outputs filled in; each block is announced."""
    script = [OUTPUT]
    for number, block in enumerate(blocks(page, "shell"), 1):
        for pattern, instead in INSTEAD.items():
            block = re.sub(pattern, instead, block, flags=re.MULTILINE)
        block = re.sub(r"<(\w+Arn)>", lambda found: outputs[found[1]], block)
        script += [f"echo '--- block {number} of {page}'", block]
    return "\n".join(script)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like a clone, with an image, and takes what the commands write."""
    (tmp_path / "part.png").write_bytes(images.png((200, 30, 30)))
    for path in ROOT.iterdir():
        if path.name not in {".git", "cdk.out"}:
            (tmp_path / path.name).symlink_to(path)
    return tmp_path


def typed(emulator: Emulator, page: str, folder: Path) -> str:
    """What a page's commands say. A command that fails ends the shell, and fails the test."""
    return said_in(folder, emulator, [*BASH, commands(page, emulator.outputs)])


def said_in(folder: Path, emulator: Emulator, command: Sequence[str]) -> str:
    """What a command says there. Its files are links: what Python compiled of them would be said to lie here."""
    return said_by(emulator, command, folder, {"HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"})


def read(emulator: Emulator, page: str, folder: Path) -> None:
    """Type a page's commands, and see what a reader has to see."""
    said = typed(emulator, page, folder)
    assert said.count("--- block ") == len(blocks(page, "shell"))
    for text in SAYS.get(page, ()):
        assert text in said


def test_every_page_with_commands_is_read() -> None:
    with_commands = {
        str(path.relative_to(ROOT))
        for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        if blocks(str(path.relative_to(ROOT)), "shell")
    }
    assert with_commands == {*PAGES, STOP_EVERYTHING}


@pytest.mark.parametrize("page", ["docs/client.md"])
def test_the_python_of_a_page_works_as_it_is_printed(deployed_app: Emulator, page: str, checkout: Path) -> None:
    for program in blocks(page, "python"):
        assert "Label(" in said_in(checkout, deployed_app, [sys.executable, "-c", program])


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_work_as_they_are_printed(deployed_app: Emulator, page: str, checkout: Path) -> None:
    read(deployed_app, page, checkout)


SAYS: Mapping[str, tuple[str, ...]] = {
    "docs/tutorial.md": (":project/circuit-boards/", MODEL, "MODEL_STARTED", "CustomLabels", "MODEL_STOPPED"),
    "docs/client.md": ("MODEL_STARTED", "CustomLabels", MODEL, "LEASE_EXTENDED"),
    "docs/schedules.md": ("ACTED", "REPEATED"),
    "docs/events.md": ('"FailedEntryCount": 0',),
    "docs/costs.md": ("defects",),
    "docs/emulator.md": ("MODEL_STARTED", "defects"),
    "docs/inbox.md": ("WAITING", "2 images found, 2 of them queued.", "line-1 is paused"),
}
"""What a reader has to see for the page to be true."""


def test_nothing_runs_after_all_was_stopped(deployed_app: Emulator, checkout: Path) -> None:
    start_model = StateMachine(deployed_app.outputs["StartModelArn"], deployed_app.client("stepfunctions"))
    assert start_model.run({"Model": "defects", "LeaseId": "forgotten", **QUICK}).status == "SUCCEEDED"
    read(deployed_app, STOP_EVERYTHING, checkout)
    wait_until(lambda: {version.status for version in deployed_app.custom_labels.versions()} == {"STOPPED"})
