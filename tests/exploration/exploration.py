"""Every state that a scene can come to, breadth first, and what must hold in all of them."""

import gc
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.exploration.actors import Play, Scene, World
from tests.exploration.world import RUNS, Sweep

W = TypeVar("W")


@dataclass(frozen=True)
class Violation:
    """A property that does not hold, and how it comes to that: one line a step."""

    broken: str
    trace: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*(f"{n:3} {line}" for n, line in enumerate(self.trace, 1)), f"--> {self.broken}"])


@dataclass(frozen=True)
class Exploration:
    """What was found."""

    states: int
    transitions: int
    violation: Violation | None = None


def explore(scene: Scene) -> Exploration:
    """All of it, or until the first property is broken, by a short way."""
    gc.disable()  # nothing here is a cycle, and to look for some takes an eighth of the time
    try:
        return _Search(scene).run()
    finally:
        gc.enable()


FIRST_CHECK = 500
"""After so many states it is checked whether one of them leads nowhere, and again whenever these have doubled."""


class _Search:
    def __init__(self, scene: Scene) -> None:
        self.play = Play(scene)
        self.worlds = [self.play.beginning]
        self.numbers = {self.play.beginning: 0}
        self.parents = array("L", [0])
        """From which each was reached first."""
        self.sources, self.targets = array("L"), array("L")
        """Of the steps that come for sure."""
        self.transitions = 0

    def run(self) -> Exploration:
        violation = self._broken() or self._never_reached(len(self.worlds))
        return Exploration(len(self.worlds), self.transitions, violation)

    def _broken(self) -> Violation | None:
        """By a step, or because a state leads nowhere, whichever is found first."""
        worlds, numbers, mirrored = self.worlds, self.numbers, self.play.mirrored
        check = FIRST_CHECK
        for state, world in enumerate(worlds):  # it grows meanwhile
            if state == check:
                check *= 2
                if violation := self._never_reached(state):
                    return violation
            for move in self.play.moves(world):
                self.transitions += 1
                number = numbers.get(move.world)
                if number is None:
                    mirror = mirrored(move.world)
                    number = numbers.get(mirror) if mirror else None
                    if number is None:
                        number = len(worlds)
                        worlds.append(move.world)
                        self.parents.append(state)
                    numbers[move.world] = number
                if move.broken:
                    return Violation(move.broken, self._trace(state, move.broken))
                if move.sure and number != state:
                    self.sources.append(state)
                    self.targets.append(number)
        return None

    def _never_reached(self, explored: int) -> Violation | None:
        """Of the states so far; what comes of those that are not explored yet may be anything."""
        for broken, good in (
            ("(e) an execution never ends", self._all_have_ended),
            ("(d) the model never ends STOPPED and nobody's", self._stopped_for_good),
        ):
            stuck = first_that_never(good, self.worlds, explored, self.sources, self.targets)
            if stuck is not None:
                return Violation(broken, self._trace(stuck))
        return None

    def _all_have_ended(self, world: World) -> bool:
        cast = self.play.scene.cast
        return all(actor.life != RUNS or isinstance(one, Sweep) for actor, one in zip(world.actors, cast, strict=True))

    def _stopped_for_good(self, world: World) -> bool:
        idle = world.status == "STOPPED" and world.item.idle and not world.item.managed
        return idle and self._all_have_ended(world)

    def _trace(self, state: int, broken: str = "") -> tuple[str, ...]:
        """The way to a state, and the step by which a property is broken there.

        It is walked again from the beginning: a state stands for its mirror image, and who is who has to stay the same.
        """
        way = [state]
        while way[-1]:
            way.append(self.parents[way[-1]])
        lines, world = [], self.worlds[0]
        for number in reversed(way[:-1]):
            move = next(one for one in self.play.moves(world) if self._number(one.world) == number)
            lines.append(self._line(world, move.world, move.label))
            world = move.world
        if broken:
            move = next(one for one in self.play.moves(world) if one.broken[:3] == broken[:3])
            lines.append(self._line(world, move.world, move.label))
        return tuple(lines)

    def _number(self, world: World) -> int | None:
        mirror = self.play.mirrored(world)
        return self.numbers.get(world, self.numbers.get(mirror) if mirror else None)

    def _line(self, before: World, after: World, label: str) -> str:
        """A step, and in brackets the model and its item where they are other than before."""
        if (before.status, before.item) == (after.status, after.item):
            return label
        cast, item = self.play.scene.cast, after.item
        facts = [after.status, "ours"] if item.managed else [after.status]
        facts += [f"lease {name}{'' if holds else ' (expired)'}" for name, holds in item.leases]
        facts += [f"pending lease of {cast[me].name}{'' if holds else ' (expired)'}" for me, holds in item.pending]
        if item.claim is not None:
            facts.append(f"claim of {cast[item.claim].name if item.claim >= 0 else 'a stop that has ended'}")
        return f"{label}  [{', '.join(facts)}]"


def first_that_never(
    good: Callable[[W], bool], worlds: Sequence[W], explored: int, sources: "array[int]", targets: "array[int]"
) -> int | None:
    """The first state from which no sure steps lead to a good one, nor to one that is not explored."""
    begins = [0] * (len(worlds) + 1)
    for target in targets:
        begins[target + 1] += 1
    for target in range(len(worlds)):
        begins[target + 1] += begins[target]
    into, fill = array("L", bytes(8 * len(targets))), list(begins)
    for source, target in zip(sources, targets, strict=True):
        into[fill[target]] = source
        fill[target] += 1
    reached = bytearray(len(worlds))
    border = [state for state, world in enumerate(worlds) if state >= explored or good(world)]
    for state in border:
        reached[state] = 1
    while border:
        state = border.pop()
        for source in into[begins[state] : begins[state + 1]]:
            if not reached[source]:
                reached[source] = 1
                border.append(source)
    return next((state for state in range(len(worlds)) if not reached[state]), None)
