"""What became of each mutant, by its name: a file for each module and definition in ``tools/mutants/noticed``.

Two records can be compared: what was noticed once is to be noticed for ever.
"""

import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path

FOLDER = Path(__file__).with_name("noticed")
RENAMED = Path(__file__).with_name("renamed.toml")
_INDENT, _ARROW = "    ", " => "


class Word(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    """A test has failed that concerns the module."""
    NO_END = "no end"
    """The tests did not come to an end."""
    SIMULATED = "simulated"
    """A test has failed that runs the definition in the simulated account."""
    READ = "read"
    """Only a test has that compares the definition with what it should be."""
    SURVIVED = "survived"

    @property
    def standing(self) -> int:
        """How well it is noticed: not at all, where a definition is read, or where it runs, as the core always does."""
        return {Word.SURVIVED: 0, Word.READ: 1}.get(self, 2)

    @property
    def is_noticed(self) -> bool:
        """Whether a test has noticed that runs what was changed."""
        return self.standing == 2


Fates = Mapping[str, Word]
"""By the name of a mutant."""
Record = Mapping[str, Fates]
"""By the module or definition."""


def write(place: str, fates: Fates) -> None:
    """Record what became of a module's or a definition's mutants."""
    (FOLDER / f"{place}.txt").write_text(as_text(fates), "utf-8")


def recorded(folder: Path = FOLDER) -> Record:
    """What the last runs have recorded."""
    return {path.stem: from_text(path.read_text("utf-8")) for path in sorted(folder.glob("*.txt"))}


def noticed(record: Record) -> Record:
    """Only what is noticed."""
    return {place: {name: fate for name, fate in fates.items() if fate.is_noticed} for place, fates in record.items()}


def recorded_at(revision: str) -> Record:
    """What is recorded in another commit."""
    folder = f"{revision}:./{FOLDER.name}"
    names = _git("ls-tree", "--full-tree", "--name-only", folder).splitlines()
    return {name.removesuffix(".txt"): from_text(_git("show", f"{folder}/{name}")) for name in names}


def _git(*command: str) -> str:
    return subprocess.run(["git", *command], cwd=FOLDER.parent, check=True, capture_output=True, text=True).stdout  # noqa: S603, S607 - git


def as_text(fates: Fates) -> str:
    """Sorted; over the mutants of a line stands, once, what they have in common."""
    lines: list[str] = []
    for common, names in groupby(sorted(fates), key=lambda name: name.partition(_ARROW)[0]):
        lines += [common, *(f"{_INDENT}{fates[name]}{_ARROW}{name.partition(_ARROW)[2]}" for name in names)]
    return "".join(f"{line}\n" for line in lines)


def from_text(text: str) -> dict[str, Word]:
    """What `as_text` has written."""
    fates, common = dict[str, Word](), ""
    for line in text.splitlines():
        if line.startswith(_INDENT):
            fate, _, change = line.removeprefix(_INDENT).partition(_ARROW)
            fates[f"{common}{_ARROW}{change}"] = Word(fate)
        else:
            common = line
    return fates


@dataclass(frozen=True, slots=True)
class Noticed:
    """A mutant that was noticed once.

    Parameters
    ----------
    now : Word or None
        None where there is no such mutant any more: its line was changed.
    """

    place: str
    name: str
    then: Word
    now: Word | None

    @property
    def is_lost(self) -> bool:
        """Whether it is not noticed any more, or only where a definition is read."""
        return self.now is not None and self.now.standing < self.then.standing

    def __str__(self) -> str:
        return f"{self.place}: {self.name}: {self.then} then, {self.now} now"


def compared(old: Record, new: Record) -> Sequence[Noticed]:
    """Of all that an older record says was noticed, what the newer one says.

    A line of the core that is elsewhere now, unchanged, is found there: where it is more than once, the worst counts.
    """
    renames = tomllib.loads(RENAMED.read_text("utf-8"))
    moved = dict[str, Word]()
    for fates in new.values():
        for name, fate in fates.items():
            moved[_change(name)] = min(fate, moved.get(_change(name), fate), key=lambda word: word.standing)

    def now(place: str, name: str, then: Word) -> Word | None:
        for old_words, new_words in renames.items():
            name = name.replace(old_words, new_words)
        found = new.get(place, {}).get(name)
        return found or (moved.get(_change(name)) if then in (Word.KILLED, Word.NO_END) else None)

    return [
        Noticed(place, name, fate, now(place, name, fate))
        for place, fates in old.items()
        for name, fate in fates.items()
        if fate.standing
    ]


def _change(name: str) -> str:
    """Of a mutant of the core, without the function or class that it is in."""
    return name.partition(": ")[2]
