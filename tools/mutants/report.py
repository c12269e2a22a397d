"""docs/evidence/mutants.md: figures from the record, and from survivors.toml the reasons why some mutants may live."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tools.mutants import definitions
from tools.mutants.modules import GROUPS
from tools.mutants.record import Fates, Noticed, Record, Word, recorded

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "evidence" / "mutants.md"
REASONS = Path(__file__).with_name("survivors.toml")
BAR = 0.95
"""More than this share of a group's mutants is to be noticed."""


def groups() -> Mapping[str, Sequence[str]]:
    """The modules of the core, and the definitions, by group."""
    return {**{group: list(modules) for group, modules in GROUPS.items()}, "definitions": definitions.places()}


def survivors(fates: Fates) -> list[str]:
    """The mutants that no test notices that runs what was mutated."""
    return [name for name, fate in fates.items() if not fate.is_noticed]


def share(fates: Sequence[Word]) -> float:
    """Of the mutants that were noticed."""
    return sum(fate.is_noticed for fate in fates) / len(fates)


def fates_of(record: Record, places: Iterable[str]) -> list[Word]:
    """What became of all mutants of these places that were tried."""
    return [fate for place in places for fate in record.get(place, {}).values()]


def below_the_bar(record: Record) -> Iterator[str]:
    """The groups of whose mutants too few are noticed, in words."""
    for group, places in groups().items():
        fates = fates_of(record, places)
        if not fates:
            yield f"Of {group} no mutant has been tried yet."
        elif (noticed := share(fates)) <= BAR:
            yield f"Of {group} only {noticed:.1%} are noticed; more than {BAR:.0%} are to be."


def reasons() -> Mapping[str, Mapping[str, str]]:
    """By module or definition, why a mutant survives, by the mutant's name."""
    return tomllib.loads(REASONS.read_text("utf-8"))


def unexplained(place: str, survived: Sequence[str]) -> Iterator[str]:
    """What is wrong about the reasons, as lines: those that are missing, to be pasted there, and those left over."""
    known = reasons().get(place, {})
    missing = [name for name in survived if name not in known]
    if missing:
        yield f"Survivors without a reason in {REASONS.relative_to(ROOT)}:"
        yield f'["{place}"]'
        yield from (f'{json.dumps(name, ensure_ascii=False)} = ""' for name in missing)
    yield from (f"A reason without a survivor: {name}" for name in known if name not in survived)


def write() -> None:
    """Put what is recorded, and the reasons, into the document."""
    record = recorded()
    parts = {
        "core": list(_table(record, GROUPS, (Word.KILLED, Word.NO_END, Word.SURVIVED))),
        "definitions": list(
            _table(record, {"definitions": definitions.places()}, (Word.SIMULATED, Word.READ, Word.SURVIVED))
        ),
        "survivors": [line for place, names in reasons().items() for line in _reasons(place, names)][:-1],
    }
    text = DOCUMENT.read_text("utf-8")
    for part, lines in parts.items():
        begin, end = (f"<!-- {word} of python -m tools.mutants, {part} -->" for word in ("begin", "end"))
        before, _, rest = text.partition(begin)
        text = "\n".join([before + begin, "", *lines, "", end + rest.partition(end)[2]])
    DOCUMENT.write_text(text, "utf-8")


def comparison(found: Sequence[Noticed], old: Record, new: Record) -> Iterator[str]:
    """A table: for each place of either record what was noticed then, what became of it, and what is noticed today."""
    yield "| | noticed then | still, by name | lost | not there any more | mutants today | noticed today |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for place in sorted({*old, *new}):
        then = [one for one in found if one.place == place]
        yield _then_and_now(f"`{place}`", then if place in old else None, list(new.get(place, {}).values()))
    yield _then_and_now("**all of them**", found, fates_of(new, new))


def _then_and_now(name: str, then: Sequence[Noticed] | None, today: Sequence[Word]) -> str:
    cells = ["not measured", "", "", ""]
    if then is not None:
        lost, gone = sum(one.is_lost for one in then), sum(one.now is None for one in then)
        cells = [str(number) for number in (len(then), len(then) - lost - gone, lost, gone)]
    return f"| {name} | {' | '.join(cells)} | {len(today)} | {sum(fate.standing > 0 for fate in today)} |"


def _table(record: Record, of: Mapping[str, Iterable[str]], words: Sequence[Word]) -> Iterator[str]:
    """A line for each place, each group, and all of them; none for what has not been tried yet."""
    yield f"| | mutants | {' | '.join(words)} | noticed |"
    yield "|---|---:|" + "---:|" * (len(words) + 1)
    rows = list[tuple[str, Iterable[str]]]()
    for group, places in of.items():
        rows += [*((f"`{place}`", [place]) for place in places), (f"**{group}**", places)]
    if len(of) > 1:
        rows.append(("**all of them**", [place for places in of.values() for place in places]))
    yield from (_line(name, fates, words) for name, places in rows if (fates := fates_of(record, places)))


def _line(name: str, fates: Sequence[Word], words: Sequence[Word]) -> str:
    numbers = (len(fates), *(list(fates).count(word) for word in words))
    return f"| {name} | {' | '.join(map(str, numbers))} | {share(fates):.1%} |"


def _reasons(place: str, names: Mapping[str, str]) -> Iterator[str]:
    yield from (f"### {place}", "")
    for reason in dict.fromkeys(names.values()):
        alike = [name for name, why in names.items() if why == reason]
        yield from (reason, "")
        yield from [f"- {name}" for name in alike] if definitions.is_one(place) else _as_diff(alike)
        yield ""


def _as_diff(names: Iterable[str]) -> Iterator[str]:
    yield "```diff"
    for name in names:
        where, _, change = name.partition(": ")
        before, _, after = change.partition(" => ")
        yield from (f"@@ {where}", f"- {before}", f"+ {after}")
    yield "```"
