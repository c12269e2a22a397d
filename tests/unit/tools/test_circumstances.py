"""What `make circumstances` makes of an output and of the machine's processes, and what it tries."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.circumstances.__main__ import main
from tools.circumstances.circumstances import CIRCUMSTANCES, NotHereError, environment, interpreter, path_without
from tools.circumstances.processes import Process, Watched, family, memory, process
from tools.circumstances.results import BEGIN, END, Outcome, counts, row, table, written

SAID = """
\x1b[32m.\x1b[0m\x1b[32m.\x1b[0m\r
\x1b[33m=== \x1b[32m12 passed\x1b[0m, \x1b[33m1 skipped\x1b[0m\x1b[33m in 3.21s\x1b[0m\x1b[33m ===\x1b[0m\r
3 failed in the belt of line 1 in 2.5s
1 failed, 700 passed, 2 errors in 100.02s (0:01:40)
"""


def test_the_tests_of_all_summaries_are_counted_also_on_a_terminal() -> None:
    assert counts(SAID) == {"passed": 712, "skipped": 1, "failed": 1, "error": 2}


def test_a_row_has_the_figures_and_why_it_is_a_failure() -> None:
    good = Outcome({"passed": 700, "skipped": 3}, 171.6, 3 * 2**30)
    assert row("idle", [good]) == "| idle | 1 of 1 | 700 | 0 | 3 | 172 | 3.0 GiB |"
    bad = Outcome({"passed": 6, "failed": 1, "error": 1}, 9, 2**29, "see a.log")
    assert row("idle", [bad]) == "| idle | 0 of 1 | 6 | 2: see a.log | 0 | 9 | 0.5 GiB |"
    assert row("idle", [good, bad]) == "| idle | 1 of 2 | 6 | 2: see a.log | 3 | 172 | 3.0 GiB |"
    assert row("user", "only root can") == "| user | not tried: only root can | | | | | |"


def test_a_document_gets_the_new_rows_and_keeps_the_others_in_their_order() -> None:
    old = table(["| port | 1 | 0 | 0 | 1 | 1.0 GiB |", "| none of these | 1 |", "| idle | 1 | 0 | 0 | 1 | 1.0 GiB |"])
    fresh = {"busy": "| busy | 2 |", "port": "| port | 3 |"}
    after = written(f"before\n{BEGIN}\n\n{old}\n\n{END}\nafter\n", fresh, ["idle", "busy", "port"])
    lines = ["| idle | 1 | 0 | 0 | 1 | 1.0 GiB |", "| busy | 2 |", "| port | 3 |"]
    assert after == f"before\n{BEGIN}\n\n{table(lines)}\n\n{END}\nafter\n"
    assert written(after, {}, ["idle", "busy", "port"]) == after


def test_a_process_is_read_whatever_its_name_is() -> None:
    fields = ["S", "41", "40", "40", *["0"] * 15, "777", "0", "3", "0"]
    assert process(f"42 (a) name (b) {' '.join(fields)}") == Process(42, 41, 40, 777)
    assert process(f"42 (a) name (b) {' '.join(['Z', *fields[1:]])}") is None


def test_memory_is_what_a_process_adds_to_the_others(shell: Callable[[str], "subprocess.Popen[bytes]"]) -> None:
    ended = shell("exit 0")
    ended.wait()
    assert 2**20 < memory(os.getpid()) < 2**34
    assert memory(ended.pid) == 0


def test_a_family_is_a_session_its_descendants_and_who_was_of_it_once() -> None:
    def one(pid: int, parent: int, session: int, began: int = 1) -> Process:
        return Process(pid, parent, session, began)

    other, root, child = one(1, 0, 1), one(10, 1, 10), one(11, 10, 10)
    own_session, grandchild = one(12, 11, 12), one(13, 12, 12)
    assert family(10, [], [other, grandchild, own_session, child, root]) == [grandchild, own_session, child, root]
    orphan, follower = one(13, 1, 12), one(12, 1, 1, began=2)
    assert family(10, [own_session, grandchild], [other, orphan, follower]) == [orphan]


@pytest.fixture
def shell() -> Iterator[Callable[[str], "subprocess.Popen[bytes]"]]:
    """Starts a command in a session of its own."""
    with contextlib.ExitStack() as ended:

        def start(command: str) -> "subprocess.Popen[bytes]":
            process = subprocess.Popen(  # noqa: S603 - the tests' own
                ["sh", "-c", command],  # noqa: S607 - the user's own shell
                start_new_session=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            return ended.enter_context(process)

        yield start


def test_what_a_command_leaves_is_counted_and_ended(shell: Callable[[str], "subprocess.Popen[bytes]"]) -> None:
    leaving = shell("setsid sleep 600 > /dev/null & echo begun; read line; exit 3")
    assert leaving.stdin is not None
    assert leaving.stdout is not None
    leaving.stdout.readline()
    watched = Watched(leaving)
    assert watched.wait(0.1) is None
    assert watched.memory > 2**16
    leaving.stdin.write(b"go on\n")
    leaving.stdin.flush()
    assert watched.wait(60) == 3
    assert watched.end(grace_seconds=0) == 1
    assert watched.end(grace_seconds=0) == 0


def test_a_command_that_hangs_is_ended(shell: Callable[[str], "subprocess.Popen[bytes]"]) -> None:
    hanging = shell("sleep 600; sleep 600")
    watched = Watched(hanging)
    assert watched.wait(0.1) is None
    assert watched.end(grace_seconds=0) > 0
    assert hanging.returncode == -signal.SIGKILL


def test_names_and_words_are_each_one_circumstance_s() -> None:
    assert len({one.name for one in CIRCUMSTANCES}) == len({one.words for one in CIRCUMSTANCES}) == len(CIRCUMSTANCES)


def test_make_s_own_variables_are_not_handed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAKEFLAGS", "w")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    by_name = {one.name: environment(one, tmp_path) for one in CIRCUMSTANCES if one.name in ("idle", "lang")}
    assert "MAKEFLAGS" not in by_name["idle"]
    assert "LC_ALL" in by_name["idle"]
    assert "LC_ALL" not in by_name["lang"]
    assert by_name["lang"]["LANG"] == "C"


def test_programs_are_hidden_and_the_others_found(tmp_path: Path) -> None:
    for folder, names in (("first", "ab"), ("second", "bc")):
        for name in names:
            (program := tmp_path / folder / name).parent.mkdir(exist_ok=True)
            program.write_text("")
            program.chmod(0o755)
    path = f"{tmp_path / 'first'}{os.pathsep}{tmp_path / 'nothing'}{os.pathsep}{tmp_path / 'second'}"
    without = path_without(["a"], tmp_path / "programs", path)
    assert shutil.which("a", path=without) is None
    found = shutil.which("b", path=without)
    assert found is not None
    assert Path(found).resolve() == tmp_path / "first" / "b"
    assert shutil.which("c", path=without) == str(tmp_path / "second" / "c")
    assert path_without(["a"], tmp_path / "programs", path) == without


def test_a_python_that_is_not_here_is_said() -> None:
    with pytest.raises(NotHereError, match=r"no python2\.99 that can make virtual environments"):
        interpreter("python2.99", None)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["idel"], "unknown: idel; there are clean, idle"), (["--write", "--command", "true"], "is about make test")],
)
def test_wrong_use_is_said(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err
