"""What keeps docs/evidence/mutants.md from slipping. `make mutants` tries the mutants themselves."""

import json
import os
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from tests.infra.configurations import ROOT
from tools.mutants import definitions, record, report
from tools.mutants.modules import MODULES
from tools.mutants.mutations import mutants
from tools.mutants.record import Word
from tools.mutants.trying import files, path_of

REASONS = [
    (place, mutant, reason) for place, survivors in report.reasons().items() for mutant, reason in survivors.items()
]

# --- What is recorded -------------------------------------------------------------------------------------------------


def test_every_module_and_definition_has_a_record() -> None:
    assert set(record.recorded()) == {*MODULES, *definitions.places()}


def test_of_every_group_more_than_the_bar_is_noticed() -> None:
    assert list(report.below_the_bar(record.recorded())) == []


def test_what_has_not_been_tried_yet_is_below_the_bar_and_has_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new module has no record until its mutants are tried, and its page is written with those of others."""
    page = tmp_path / "mutants.md"
    page.write_text(report.DOCUMENT.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(report, "DOCUMENT", page)
    tried: record.Record = {"model.polling": {"a": Word.KILLED}, "model.usage": {}}
    monkeypatch.setattr(report, "recorded", lambda: tried)
    report.write()
    rows = [line.partition(" | ")[0] for line in page.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert rows == ["|", "| `model.polling`", "| **polling**", "| **all of them**", "|"]
    assert "Of leases no mutant has been tried yet." in report.below_the_bar(tried)


def test_there_are_as_many_reasons_as_survivors() -> None:
    survivors = {place: len(report.survivors(fates)) for place, fates in record.recorded().items()}
    assert {place: number for place, number in survivors.items() if number} == {
        place: len(mutants) for place, mutants in report.reasons().items()
    }


@pytest.mark.parametrize(("place", "mutant", "reason"), REASONS)
def test_a_reason_is_about_something_that_exists(place: str, mutant: str, reason: str) -> None:
    assert reason.endswith(".")
    if definitions.is_one(place):
        assert mutant in {one.name for one in definitions.mutants(definitions.path_of(place).read_text("utf-8"))}
    else:
        line = mutant.partition(": ")[2].partition(" => ")[0]
        assert line in " ".join(path_of(place).read_text("utf-8").split())


@pytest.mark.parametrize("module", MODULES)
def test_the_tests_of_a_module_exist(module: str) -> None:
    assert path_of(module).is_file()
    assert all((ROOT / name).is_file() for name in files(MODULES[module]))


def test_the_tests_of_the_definitions_exist() -> None:
    paths = {test.rpartition("=")[2].partition("::")[0] for _, tests in definitions.TESTS for test in tests}
    assert {path for path in paths if not (ROOT / path).exists()} == set()


# --- Comparing records ------------------------------------------------------------------------------------------------

FATES = {
    "Wait: seconds = 15 => seconds = 16": Word.KILLED,
    "Wait: seconds = 15 => seconds = None": Word.SURVIVED,
    "Notify: failed => no Retry of ServiceUnavailable": Word.SIMULATED,
}


def test_a_record_is_read_as_it_was_written() -> None:
    assert record.from_text(record.as_text(FATES)) == FATES
    assert all(record.from_text(record.as_text(fates)) == fates for fates in record.recorded().values())


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_record_of_another_commit_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "FOLDER", tmp_path / "tools" / "noticed")
    record.FOLDER.mkdir(parents=True)
    record.write("model.polling", FATES)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # which may have commits signed, or hooks
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for command in ("init -q", "add .", "-c user.name=me -c user.email=me@example.com commit -q -m one"):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)  # noqa: S603, S607 - our own arguments
    record.write("model.polling", {})
    assert record.recorded_at("HEAD") == {"model.polling": FATES}


def test_a_record_has_what_mutants_have_in_common_once() -> None:
    assert record.as_text(FATES).splitlines() == [
        "Notify: failed",
        "    simulated => no Retry of ServiceUnavailable",
        "Wait: seconds = 15",
        "    killed => seconds = 16",
        "    survived => seconds = None",
    ]


@pytest.mark.parametrize(
    ("then", "now", "lost"),
    [
        (Word.KILLED, Word.SURVIVED, True),
        (Word.KILLED, Word.NO_END, False),
        (Word.SIMULATED, Word.SURVIVED, True),
        (Word.SIMULATED, Word.READ, True),
        (Word.READ, Word.SURVIVED, True),
        (Word.READ, Word.SIMULATED, False),
    ],
)
def test_what_was_noticed_and_no_longer_is_is_lost(then: Word, now: Word, lost: bool) -> None:
    (found,) = record.compared({"place": {"mutant": then}}, {"place": {"mutant": now}})
    assert found.is_lost == lost
    assert str(found) == f"place: mutant: {then} then, {now} now"


def test_only_what_runs_a_definition_has_noticed_it() -> None:
    fates = {"a": Word.SIMULATED, "b": Word.READ, "c": Word.SURVIVED, "d": Word.KILLED, "e": Word.NO_END}
    assert set(record.noticed({"place": fates})["place"]) == {"a", "d", "e"}
    assert report.survivors(fates) == ["b", "c"]


def test_what_was_never_noticed_cannot_be_lost() -> None:
    assert record.compared({"place": {"mutant": Word.SURVIVED}}, {"place": {"mutant": Word.SURVIVED}}) == []


def test_what_was_noticed_and_is_not_there_any_more_is_said() -> None:
    (found,) = record.compared({"place": {"wait: a = 1 => a = 2": Word.KILLED}}, {"place": {}})
    assert (found.now, found.is_lost) == (None, False)


def test_what_has_been_renamed_is_found_again() -> None:
    (found,) = record.compared(
        {"stop_model.asl": {"Tell how it went => no Catch of States.ALL": Word.READ}},
        {"stop_model.asl": {"Notify: stopped or kept running => no Catch of States.ALL": Word.READ}},
    )
    assert found.now is Word.READ


def test_a_line_that_has_moved_is_found_again_and_where_it_is_twice_the_worst_counts() -> None:
    then = {"model.looks": {"look: a = 1 => a = 2": Word.KILLED}}
    once = {"model.polling": {"check: a = 1 => a = 2": Word.KILLED}}
    (found,) = record.compared(then, once)
    assert found.now is Word.KILLED
    (found,) = record.compared(then, {**once, "model.usage": {"usage: a = 1 => a = 2": Word.SURVIVED}})
    assert found.now is Word.SURVIVED


def test_a_comparison_has_a_row_for_each_place_of_either_record() -> None:
    then: record.Record = {"a": {"one: b => c": Word.KILLED, "two: d => e": Word.KILLED, "three: f => g": Word.KILLED}}
    now: record.Record = {"a": {"one: b => c": Word.KILLED, "two: d => e": Word.SURVIVED}, "b.asl": {}}
    assert list(report.comparison(record.compared(then, now), then, now))[2:] == [
        "| `a` | 3 | 1 | 1 | 1 | 2 | 1 |",
        "| `b.asl` | not measured |  |  |  | 0 | 0 |",
        "| **all of them** | 3 | 1 | 1 | 1 | 2 | 1 |",
    ]


# --- Which mutants there are ------------------------------------------------------------------------------------------

SOURCE = textwrap.dedent(
    '''
    """Not this."""

    WAITS = {"STARTING": 15}


    class Look:
        """Nor this."""

        polls: int = 0

        @property
        def late(self) -> bool:
            return self.polls > 9


    class Rule(Enum):
        WAIT = auto()
    '''
)


def test_tables_defaults_and_properties_are_mutated_too_and_what_has_no_meaning_is_not() -> None:
    assert [mutant.name for mutant in mutants(SOURCE)] == [
        'module: WAITS = {"STARTING": 15} => WAITS = None',
        'module: WAITS = {"STARTING": 15} => WAITS = {"XXSTARTINGXX": 15}',
        'module: WAITS = {"STARTING": 15} => WAITS = {"STARTING": 16}',
        "Look: polls: int = 0 => polls: int = None",
        "Look: polls: int = 0 => polls: int = 1",
        "Look.late: return self.polls > 9 => return self.polls >= 9",
        "Look.late: return self.polls > 9 => return self.polls > 10",
    ]


def test_each_mutant_is_the_module_with_one_thing_changed_and_has_a_name_of_its_own() -> None:
    source = "A = 1\nA = 1\n"
    assert {mutant.name: mutant.source for mutant in mutants(source)} == {
        "module: A = 1 => A = None": "A = None\nA = 1\n",
        "module: A = 1 => A = 2": "A = 2\nA = 1\n",
        "module: A = 1 => A = None (2)": "A = 1\nA = None\n",
        "module: A = 1 => A = 2 (2)": "A = 1\nA = 2\n",
    }


def test_of_a_definition_each_retrier_and_catcher_is_removed_and_each_rule_always_or_never_taken() -> None:
    busy, late = {"ErrorEquals": ["Busy", "Slow"]}, {"ErrorEquals": ["Late"]}
    anything = {"ErrorEquals": ["States.ALL"], "Next": "Big?"}

    def definition(retriers: object, catchers: object, condition: str = "$found > 5") -> object:
        rules = [{"Condition": f"{{% {condition} %}}", "Next": "Done"}]
        item = {"States": {"Big?": {"Type": "Choice", "Choices": rules}}}
        work = {"Type": "Task", "Retry": retriers, "Catch": catchers}
        return {"States": {"Work": work, "Each": {"Type": "Map", "ItemProcessor": item}}}

    text = json.dumps(definition([busy, late], [anything]))
    assert {mutant.name: json.loads(mutant.source) for mutant in definitions.mutants(text)} == {
        "Work => no Retry of Busy": definition([late], [anything]),
        "Work => no Retry of Late": definition([busy], [anything]),
        "Work => no Catch of States.ALL": definition([busy, late], []),
        "Big? => always $found > 5": definition([busy, late], [anything], "true or ($found > 5)"),
        "Big? => never $found > 5": definition([busy, late], [anything], "false and ($found > 5)"),
    }


@pytest.mark.parametrize("place", definitions.places())
def test_each_mutant_of_a_definition_has_a_name_of_its_own(place: str) -> None:
    names = [mutant.name for mutant in definitions.mutants(definitions.path_of(place).read_text("utf-8"))]
    assert len(names) == len(set(names)) > 0
