"""What a run has found: the figures in docs/evidence/mutants.md, and the reasons why some mutants may live."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from tools.mutants.modules import GROUPS

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "evidence" / "mutants.md"
REASONS = Path(__file__).with_name("survivors.toml")
BAR = 0.95
"""More than this share of a group's mutants is to be noticed."""
_PART = "<!-- {} of python -m tools.mutants{} -->"
_ROW = re.compile(r"^\| `([\w.]+)` \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Figures:
    """How many mutants of a module there are, and what became of them."""

    mutants: int
    killed: int
    timed_out: int
    survived: int

    @property
    def share(self) -> float:
        """Of those that were noticed. One that has no end is."""
        return (self.killed + self.timed_out) / self.mutants

    @classmethod
    def sum(cls, figures: Sequence["Figures"]) -> "Figures":
        """Of several modules."""
        return cls(*(sum(column) for column in zip(*map(astuple, figures), strict=True)))


def reasons() -> Mapping[str, Mapping[str, str]]:
    """By module, why a mutant survives, by the mutant's name."""
    return tomllib.loads(REASONS.read_text("utf-8"))


def unexplained(module: str, survivors: Sequence[str]) -> Iterator[str]:
    """What is wrong about the reasons, as lines: those that are missing, to be pasted there, and those left over."""
    known = reasons().get(module, {})
    missing = [name for name in survivors if name not in known]
    if missing:
        yield f"Survivors without a reason in {REASONS.relative_to(ROOT)}:"
        yield f'["{module}"]'
        yield from (f'{json.dumps(name, ensure_ascii=False)} = ""' for name in missing)
    yield from (f"A reason without a survivor: {name}" for name in known if name not in survivors)


def figures_told() -> dict[str, Figures]:
    """By module, the figures in the document."""
    return {name: Figures(*map(int, numbers)) for name, *numbers in _ROW.findall(DOCUMENT.read_text("utf-8"))}


def groups(figures: Mapping[str, Figures]) -> dict[str, Figures]:
    """By group, where all modules of it have figures; and ``all of them``."""
    whole = {name: modules for name, modules in GROUPS.items() if set(modules) <= set(figures)}
    sums = {name: Figures.sum([figures[module] for module in modules]) for name, modules in whole.items()}
    return {**sums, "all of them": Figures.sum(list(sums.values()))} if sums else {}


def write(figures: Mapping[str, Figures]) -> None:
    """Put the figures, beside those of other modules, and the reasons into the document."""
    figures = {**figures_told(), **figures}
    sums = groups(figures)
    table = ["| | mutants | killed | no end | survived | noticed |", "|---|---:|---:|---:|---:|---:|"]
    for group, modules in GROUPS.items():
        table += [_line(f"`{module}`", figures[module]) for module in modules if module in figures]
        table += [_line(f"**{group}**", sums[group])] if group in sums else []
    table += [_line("**all of them**", sums["all of them"])] if sums else []
    lines = []
    for module, survivors in reasons().items():
        lines += [f"### {module}", ""]
        for reason in dict.fromkeys(survivors.values()):
            lines += [f"{reason}", "", "```diff"]
            lines += [line for name, why in survivors.items() if why == reason for line in _as_diff(name)]
            lines += ["```", ""]
    text = DOCUMENT.read_text("utf-8")
    for part, content in (("", table), (", survivors", lines[:-1])):
        begin, end = _PART.format("begin", part), _PART.format("end", part)
        before, _, rest = text.partition(begin)
        text = "\n".join([before + begin, "", *content, "", end + rest.partition(end)[2]])
    DOCUMENT.write_text(text, "utf-8")


def _line(name: str, figures: Figures) -> str:
    numbers = " | ".join(str(number) for number in astuple(figures))
    return f"| {name} | {numbers} | {figures.share:.1%} |"


def _as_diff(name: str) -> list[str]:
    where, _, change = name.partition(": ")
    before, _, after = change.partition(" => ")
    return [f"@@ {where}", f"- {before}", f"+ {after}"]
