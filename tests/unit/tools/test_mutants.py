"""What keeps docs/evidence/mutants.md from slipping. `make mutants` tries the mutants themselves."""

import textwrap

import pytest

from tests.infra.configurations import ROOT
from tools.mutants import report
from tools.mutants.modules import GROUPS
from tools.mutants.mutations import mutants
from tools.mutants.trying import files, path_of

MODULES = {module: tests for modules in GROUPS.values() for module, tests in modules.items()}
REASONS = [
    (module, mutant, reason) for module, mutants in report.reasons().items() for mutant, reason in mutants.items()
]


def test_of_every_group_more_than_the_bar_is_noticed() -> None:
    told = report.figures_told()
    assert set(told) == set(MODULES)
    assert set(report.groups(told)) == {*GROUPS, "all of them"}
    assert {group for group, sums in report.groups(told).items() if sums.share <= report.BAR} == set()


def test_there_are_as_many_reasons_as_survivors() -> None:
    survived = {module: figures.survived for module, figures in report.figures_told().items() if figures.survived}
    assert survived == {module: len(mutants) for module, mutants in report.reasons().items()}


@pytest.mark.parametrize(("module", "mutant", "reason"), REASONS)
def test_a_reason_is_of_a_line_that_is_there(module: str, mutant: str, reason: str) -> None:
    line = mutant.partition(": ")[2].partition(" => ")[0]
    assert line in " ".join(path_of(module).read_text("utf-8").split())
    assert reason.endswith(".")


@pytest.mark.parametrize("module", MODULES)
def test_the_tests_of_a_module_are_there(module: str) -> None:
    assert path_of(module).is_file()
    assert all((ROOT / name).is_file() for name in files(MODULES[module]))


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
