"""Every state that a scene can come to, breadth first, and what must hold in all of them."""

import gc
from array import array
from collections.abc import Callable
from dataclasses import dataclass

from tests.exploration.actors import Play, Scene, World
from tests.exploration.world import RUNS, Sweep


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
    """All of it, or until the first property is broken, by a way than which none is shorter."""
    gc.disable()  # nothing here is a cycle, and to look for some takes an eighth of the time
    try:
        return _Search(scene).run()
    finally:
        gc.enable()


class _Search:
    def __init__(self, scene: Scene) -> None:
        self.play = Play(scene)
        self.worlds = [self.play.beginning]
        self.parents = [(0, "")]
        """How each was reached first."""
        self.sources, self.targets = array("L"), array("L")
        """Of the steps that come for sure."""
        self.transitions = 0

    def run(self) -> Exploration:
        violation = self._broken_by_a_step() or self._never_reached()
        return Exploration(len(self.worlds), self.transitions, violation)

    def _broken_by_a_step(self) -> Violation | None:
        worlds = self.worlds
        numbers = {worlds[0]: 0}
        for state, world in enumerate(worlds):  # it grows meanwhile
            for move in self.play.moves(world):
                self.transitions += 1
                number = numbers.setdefault(move.world, len(worlds))
                if number == len(worlds):
                    worlds.append(move.world)
                    self.parents.append((state, move.label))
                if move.broken:
                    return Violation(move.broken, (*self._trace(state), self._line(world, move.world, move.label)))
                if move.sure and number != state:
                    self.sources.append(state)
                    self.targets.append(number)
        return None

    def _never_reached(self) -> Violation | None:
        for broken, good in (
            ("(e) an execution never ends", self._all_have_ended),
            ("(d) the model never ends STOPPED and nobody's", self._stopped_for_good),
        ):
            stuck = _first_that_never(good, self.worlds, self.sources, self.targets)
            if stuck is not None:
                return Violation(broken, self._trace(stuck))
        return None

    def _all_have_ended(self, world: World) -> bool:
        cast = self.play.scene.cast
        return all(actor.life != RUNS or isinstance(one, Sweep) for actor, one in zip(world.actors, cast, strict=True))

    def _stopped_for_good(self, world: World) -> bool:
        idle = world.status == "STOPPED" and world.item.idle and not world.item.ours
        return idle and self._all_have_ended(world)

    def _trace(self, state: int) -> tuple[str, ...]:
        lines = []
        while state:
            before, label = self.parents[state]
            lines.append(self._line(self.worlds[before], self.worlds[state], label))
            state = before
        return tuple(reversed(lines))

    def _line(self, before: World, after: World, label: str) -> str:
        """A step, and in brackets the model and its item where they are other than before."""
        if (before.status, before.item) == (after.status, after.item):
            return label
        cast, item = self.play.scene.cast, after.item
        facts = [after.status, "ours"] if item.ours else [after.status]
        facts += [f"lease {name}{'' if holds else ' (expired)'}" for name, holds in item.leases]
        facts += [f"pending lease of {cast[me].name}{'' if holds else ' (expired)'}" for me, holds in item.pending]
        if item.claim is not None:
            facts.append(f"claim of {cast[item.claim].name if item.claim >= 0 else 'a stop that has ended'}")
        return f"{label}  [{', '.join(facts)}]"


def _first_that_never(
    good: Callable[[World], bool], worlds: list[World], sources: "array[int]", targets: "array[int]"
) -> int | None:
    """The first state from which no sure steps lead to a good one."""
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
    border = [state for state, world in enumerate(worlds) if good(world)]
    for state in border:
        reached[state] = 1
    while border:
        state = border.pop()
        for source in into[begins[state] : begins[state + 1]]:
            if not reached[source]:
                reached[source] = 1
                border.append(source)
    return next((state for state in range(len(worlds)) if not reached[state]), None)
