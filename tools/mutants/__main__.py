"""Mutation testing of the core and of the definitions: ``python -m tools.mutants [place ...]``; without places, of all.

Records what became of each mutant in tools/mutants/noticed, and writes docs/evidence/mutants.md. Ends with 1 if a
survivor has no reason, a reason no survivor, or a group misses the bar.

With ``--unnoticed``, only those mutants are tried of which the record does not say that they are noticed.

With ``--compare``, nothing is tried: it prints what an older record, a commit's or a folder's, says was noticed and the
present one says is not. Ends with 1 if there is anything.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tools.mutants import copies, definitions, record, report
from tools.mutants.modules import MODULES
from tools.mutants.mutations import Mutant, mutants
from tools.mutants.record import Fates, Record, Word
from tools.mutants.trying import ALLOWANCE, ROOT, SLOWER, Trial, files, path_of, seconds_without, tried, warm_up


def main() -> None:
    """Try all mutants, say what survived, and write it down."""
    every_place = [*MODULES, *definitions.places()]
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("places", nargs="*", metavar="place", help=f"of: {', '.join(every_place)}", default=[])
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--unnoticed", action="store_true")
    parser.add_argument("--compare", metavar="REVISION-OR-FOLDER")
    chosen = parser.parse_args()
    if unknown := set(chosen.places) - set(every_place):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if chosen.compare:
        sys.exit(compare(chosen.compare))
    noticed = record.noticed(record.recorded()) if chosen.unnoticed else {}
    sys.exit(try_all(chosen.places or every_place, noticed, chosen.processes))


def try_all(places: Sequence[str], noticed: Record, processes: int) -> bool:
    """Try all but those that are known to be noticed; whether anything is wrong, which is said as it is found."""
    os.chdir(ROOT)
    os.nice(10)
    began = time.monotonic()
    wrong: list[str] = []
    for of_some in (of_modules, of_definitions):
        for place, fates in of_some(places, noticed, processes):
            record.write(place, fates)
            survived = report.survivors(fates)
            print(f"{place}: {len(fates)} mutants, {len(survived)} survived", flush=True)
            wrong += (lines := list(report.unexplained(place, survived)))
            print(*lines, sep="\n", end="\n" if lines else "", flush=True)
    report.write()
    wrong += (lines := list(report.below_the_bar(record.recorded())))
    print(*lines, f"{time.monotonic() - began:.0f} s", sep="\n")
    return bool(wrong)


def of_modules(places: Sequence[str], noticed: Record, processes: int) -> Iterator[tuple[str, Fates]]:
    """Try the mutants of each module of the core that is among these places."""
    modules = {place: MODULES[place] for place in places if place in MODULES}
    if modules:
        warm_up(files(dict.fromkeys(test for tests in modules.values() for test in tests)))
    for module, tests in modules.items():
        seconds = seconds_without(module, tests) * SLOWER + ALLOWANCE
        fates, left = divided(mutants(path_of(module).read_text("utf-8")), noticed.get(module, {}))
        trials = [Trial(module, mutant.name, mutant.source, tests, seconds) for mutant in left]
        yield module, fates | {trial.name: fate for trial, fate, _ in tried(trials, processes) if fate}


def of_definitions(places: Sequence[str], noticed: Record, processes: int) -> Iterator[tuple[str, Fates]]:
    """Try the mutants of each definition that is among these places."""
    machines = [place for place in places if definitions.is_one(place)]
    if not machines:
        return
    with copies.copied(processes) as some:
        copies.check(some)
        for machine in machines:
            text = definitions.path_of(machine).read_text("utf-8")
            fates, left = divided(definitions.mutants(text), noticed.get(machine, {}))
            for name, fate, noticed_by in copies.tried(machine, left, some):
                fates[name] = fate
                print(f"  {name}: {fate} by {noticed_by}", flush=True)
            yield machine, fates


def divided(every: Iterable[Mutant], noticed: Fates) -> tuple[dict[str, Word], list[Mutant]]:
    """The fates that are known, and the mutants that are left to be tried."""
    known, left = dict[str, Word](), list[Mutant]()
    for mutant in every:
        if mutant.name in noticed:
            known[mutant.name] = noticed[mutant.name]
        else:
            left.append(mutant)
    return known, left


def compare(with_what: str) -> bool:
    """Say what is not noticed any more of what an older record says; whether there is anything."""
    folder = Path(with_what)
    old, new = record.recorded(folder) if folder.is_dir() else record.recorded_at(with_what), record.recorded()
    found = record.compared(old, new)
    missing = [one for one in found if one.now is None and definitions.is_one(one.place)]
    lost = [one for one in found if one.is_lost]
    print(*report.comparison(found, old, new), sep="\n")
    print(f"{len(lost)} lost", *lost, sep="\n  ")
    print(f"{len(missing)} of definitions, and not there any more", *missing, sep="\n  ")
    return bool(lost or missing)


if __name__ == "__main__":
    main()
