"""Mutation testing of the pure core: ``python -m tools.mutants [module ...]``; without modules, of all of them.

Writes docs/evidence/mutants.md. Ends with 1 if a survivor has no reason, a reason no survivor, or a
group misses the bar.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from tools.mutants import report
from tools.mutants.modules import GROUPS
from tools.mutants.mutations import mutants
from tools.mutants.trying import ALLOWANCE, ROOT, SLOWER, Fate, Trial, files, path_of, seconds_without, tried, warm_up


def main() -> None:
    """Try all mutants, say what survived, and write it down."""
    tests = {module: tests for modules in GROUPS.values() for module, tests in modules.items()}
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="module", help=f"of: {', '.join(tests)}", default=[])
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    if unknown := set(chosen.modules) - set(tests):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    tests = {module: tests[module] for module in chosen.modules or tests}
    os.chdir(ROOT)
    os.nice(10)
    began = time.monotonic()
    warm_up(files(dict.fromkeys(name for names in tests.values() for name in names)))
    wrong: list[str] = []
    for module, names in tests.items():
        figures, survivors = of_module(module, names, chosen.processes)
        report.write({module: figures})
        wrong += (lines := list(report.unexplained(module, survivors)))
        print(*lines, sep="\n", flush=True)
    wrong += (lines := below_the_bar(report.figures_told()))
    print(*lines, f"{time.monotonic() - began:.0f} s", sep="\n")
    sys.exit(bool(wrong))


def of_module(module: str, tests: Sequence[str], processes: int) -> tuple[report.Figures, list[str]]:
    """Try a module's mutants; the figures, and the names of the survivors in the module's order."""
    usual = seconds_without(module, tests)
    source = path_of(module).read_text("utf-8")
    trials = [
        Trial(module, mutant.name, mutant.source, tests, usual * SLOWER + ALLOWANCE) for mutant in mutants(source)
    ]
    fates: dict[str, Fate] = {}
    for trial, fate, _ in tried(trials, processes):
        fates[trial.name] = fate
    count = Counter(fates.values())
    killed, timed_out, survived = count[Fate.KILLED], count[Fate.TIMED_OUT], count[Fate.SURVIVED]
    figures = report.Figures(killed + timed_out + survived, killed, timed_out, survived)
    print(f"{module}: {figures.mutants} mutants, {survived} survived, {figures.share:.1%} noticed", flush=True)
    return figures, [trial.name for trial in trials if fates[trial.name] is Fate.SURVIVED]


def below_the_bar(figures: Mapping[str, report.Figures]) -> list[str]:
    """The groups of whose mutants too few are noticed."""
    return [
        f"Of {group} only {sums.share:.1%} are noticed; more than {report.BAR:.0%} are to be."
        for group, sums in report.groups(figures).items()
        if sums.share <= report.BAR
    ]


if __name__ == "__main__":
    main()
