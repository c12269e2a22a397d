"""Every step that may come next to an inbox, and every state that it can come to.

What must hold:

(a) no run gives the model back while an image is in work;
(b) no two runs go on at a time;
(c) from wherever things have come to, and by nothing but what comes for sure (ticks, workers, the service, time), no
    image waits, no run goes on and the mapping is off; where the inbox is paused, images may wait;
(d) no run keeps the model without an image for longer than ``idle_minutes``, two ticks and the order of letting go;
(e) none keeps it for images of which none is finished for longer than ``NO_PROGRESS``, three ticks (counts are late)
    and the order of letting go;
(f) a run that can finish images is not let go while one has waited for two ticks;
(g) no run is begun or opened in an inbox that is paused;
(h) no inbox is paused unless somebody has paused it, stopped its model or released its lease.
"""

import gc
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from lifecycle.errors import InvalidRequest
from lifecycle.inbox import decision, record
from lifecycle.inbox.record import RunState
from tests.exploration.exploration import Exploration, Violation, first_that_never
from tests.exploration.inbox_world import (
    CLOSE,
    ENDED,
    HEARTBEAT,
    IDLE,
    IGNORED,
    LATE,
    LETTING_GO,
    LONGEST,
    NO_PROGRESS,
    NOW,
    OPEN,
    START,
    STARTS,
    TASK,
    TICK,
    URGENT,
    WAIT,
    Execution,
    Move,
    Record,
    Scene,
    Sight,
    Tick,
    Ticked,
    World,
    aged,
    aged_run,
    canonical,
    essence,
    real,
    ticked,
)


class Play:
    """All that can happen in a scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.beginning = World(faults=scene.faults, counts=World().counts if scene.late else ())
        self._ticked = cache(ticked)

    def moves(self, world: World) -> Iterator[Move]:
        """Every step that may come next."""
        for move in self._moves(world):
            yield Move(move.label, canonical(move.world), move.sure, move.broken)

    def _moves(self, world: World) -> Iterator[Move]:
        yield from self._time(world)
        if world.ticked >= TICK:
            yield from self._tick(world)
        if world.late:
            yield from self._acts(world._replace(late=None), world.late, "the late tick", begins=False)
        if not world.late and self.scene.doubles and world.faults:
            yield from self._late(world)
        if world.waiting + world.hidden + world.in_work < self.scene.most_images:
            yield Move("an image comes", world._replace(waiting=world.waiting + 1, bare=0), sure=False)
        yield from self._worker(world)
        if world.hidden:
            yield Move("an image is back", world._replace(waiting=world.waiting + 1, hidden=world.hidden - 1))
        if world.mapping.startswith(("Enabling", "Disabling")):
            done = "Enabled" if world.mapping.startswith("Enabling") else "Disabled"
            yield Move(f"the mapping is {done}", world._replace(mapping=done))
        for run in world.runs:
            yield from self._run(world, run)
        if self.scene.people:
            yield from self._people(world)
        if self.scene.sweep:
            yield from self._model(world)

    def _time(self, world: World) -> Iterator[Move]:
        """Half a minute, unless something comes sooner for sure."""
        outage = world.ticked >= TICK
        if outage and not (world.ticked < HEARTBEAT + TICK and (world.ticked > TICK or self._may_be_lost(world))):
            return
        eager = world.waiting and world.mapping == "Enabled" and not world.in_work
        if world.mapping.endswith(LATE) or eager or any(run.at in URGENT and not run.due for run in world.runs):
            return
        keeps, images = world.keeps, world.images
        later = world._replace(
            record=aged(world.record),
            runs=tuple(aged_run(run) for run in world.runs),
            mapping=world.mapping + (LATE if world.mapping in ("Enabling", "Disabling") else ""),
            hidden=world.hidden + world.in_work,
            in_work=False,
            counts=(images, *world.counts[:-1]) if world.counts else (),
            result=min(LONGEST, world.result + 1),
            refusal=min(LONGEST, world.refusal + 1),
            ticked=world.ticked + 1,
            faults=world.faults - (world.ticked == TICK),
            late=None,
            bare=world.bare + 1 if keeps and not images else 0,
            barren=world.barren + 1 if keeps and images and self._may_be_barren(world) else 0,
            ignored=min(world.ignored + 1, IGNORED) if images else 0,
        )
        more = TICK * (self.scene.faults - world.faults) + (HEARTBEAT if self.scene.lost else 0)
        broken = ""
        if later.bare > IDLE + 2 * TICK + LETTING_GO + more:
            broken = "(d) the model is kept without an image"
        if later.barren > NO_PROGRESS + 3 * TICK + LETTING_GO + more:
            broken = "(e) the model is kept, and no image is finished"
        yield Move("half a minute passes", later, broken=broken)

    def _may_be_barren(self, world: World) -> bool:
        """Whether images may not be finished for long: else they are as soon as they are there."""
        mine = world.runs_on
        return self.scene.refusals or self.scene.stuck or (mine is not None and bool(mine.down))

    def _may_be_lost(self, world: World) -> bool:
        return self.scene.lost and world.faults > 0

    # --- ticks

    def _seen(self, world: World) -> Iterator[tuple[Ticked, bool, bool]]:
        """What a tick may lead to, by what SQS counts; whether the count is right, and whether it is a lie."""
        mine = next((run for run in world.runs if not run.runs_later), None)
        status = None
        if mine:
            status = "RUNNING" if mine.at != ENDED else "FAILED" if mine.failed else "SUCCEEDED"
        lie = self.scene.lies and not world.lied
        for images in {world.images, *world.counts, *([False] if lie else [])}:
            sight = Sight(
                images,
                world.fresh,
                world.result,
                world.refusal,
                world.mapping.removesuffix(LATE),
                status,
                model=(mine and mine.down) or "RUNNING",
                leased=mine is None or mine.leased,
                others=world.others and not world.runs_on,
                forced=world.forced,
            )
            yield self._ticked(world.record, sight), images == world.images, images not in (world.images, *world.counts)

    def _tick(self, world: World) -> Iterator[Move]:
        for found, right, lie in self._seen(world):
            here = world._replace(ticked=0, fresh=False, forced=False, lied=lie)
            tick = Tick(world.record, found.record, found.acts)
            for move in self._acts(here, tick, "a tick", begins=found.begins):
                broken = move.broken
                if found.lets_go and world.ignored == IGNORED:
                    broken = "(f) the model is let go while an image waits"
                if found.record.paused and not (world.record.paused or world.meant):
                    broken = "(h) the inbox is paused, which nobody has meant"
                yield move._replace(sure=move.sure and right, broken=broken)

    def _late(self, world: World) -> Iterator[Move]:
        """A tick that has seen what there is, and writes and acts later."""
        for found, *_ in self._seen(world):
            if found.begins:
                continue  # it writes, so that of two that begin a run one has to read again
            late = Tick(world.record, found.record, found.acts)
            if late.decided != late.read or any(not isinstance(act, decision.Heartbeat) for act in late.acts):
                yield Move("a second tick sees it all", world._replace(late=late, faults=world.faults - 1), sure=False)

    def _acts(self, world: World, tick: Tick, who: str, *, begins: bool) -> Iterator[Move]:
        """Write, where nobody has written meanwhile, and act."""
        if tick.decided != tick.read:
            if world.record != tick.read:
                yield Move(f"{who} has to read again", world)
                return
            world = world._replace(record=tick.decided)
            if begins:
                if tick.read.paused:
                    yield Move(f"{who} begins a run", world, broken="(g) a run is begun in an inbox that is paused")
                    return
                later = tuple(run._replace(runs_later=run.runs_later + 1) for run in world.runs if not run.runs_later)
                going = tuple(run._replace(runs_later=1) for run in world.runs if run.runs_later and run.at != ENDED)
                # A task token of an earlier run is worth nothing any more, and its name is taken.
                late = world.late and world.late._replace(acts=tuple(filter(_of_the_mapping, world.late.acts)))
                world = world._replace(runs=later + going, late=late, result=LONGEST, refusal=LONGEST)
        words = " and ".join(type(act).__name__ for act in tick.acts)
        label = f"{who} decides {tick.decided.state or 'nothing'}: {words or 'nothing is done'}"
        if self.scene.deaths and world.faults:
            before = world._replace(faults=world.faults - 1)
            for number, act in enumerate(tick.acts):
                yield Move(f"{label}; it dies after {number}", before, sure=False, broken=_overlap(before))
                before = self._act(before, act)
        for act in tick.acts:
            world = self._act(world, act)
        yield Move(label, world, broken=_overlap(world))

    def _act(self, world: World, act: object) -> World:
        runs = world.runs
        if isinstance(act, decision.StartRun):
            started = any(not run.runs_later for run in runs)
            return world if started else world._replace(runs=(Execution(0, START), *runs))
        if isinstance(act, decision.EnableMapping):
            return world._replace(mapping="Enabling") if world.mapping == "Disabled" else world
        if isinstance(act, decision.DisableMapping):
            return world._replace(mapping="Disabling") if world.mapping == "Enabled" else world
        if world.record.state is None:
            return world  # an old token
        at = {decision.Heartbeat: TASK, decision.EndRun: WAIT, decision.FailRun: CLOSE}[type(act)]
        due = {TASK: HEARTBEAT, WAIT: int(self.scene.waits), CLOSE: 0}[at]
        changed = tuple(
            run._replace(at=at, due=due, failed=at == CLOSE) if run.at == TASK and not run.runs_later else run
            for run in runs
        )
        return world._replace(runs=changed)

    # --- workers

    def _worker(self, world: World) -> Iterator[Move]:
        if world.waiting and not world.in_work and world.mapping in ("Enabled", "Disabling", "Disabling" + LATE):
            left = world._replace(waiting=world.waiting - 1)
            if world.record.state is RunState.OPEN:
                yield Move("a worker takes an image", left._replace(in_work=True))
            else:
                off = self._act(left._replace(hidden=left.hidden + 1), decision.DisableMapping())
                yield Move("a worker finds no open run", off)
        if not world.in_work:
            return
        back = world._replace(in_work=False, hidden=world.hidden + 1)
        if not any(run.at in (TASK, CLOSE, WAIT) and not run.down for run in world.runs):
            off = self._act(back._replace(refusal=0), decision.DisableMapping())
            yield Move("the model is not ready for a worker", off)
            return
        finished = world._replace(in_work=False, fresh=True, result=0, barren=0, ignored=0)
        yield Move("an image is finished", finished, sure=True)
        if self.scene.refusals:
            yield Move("an image is refused", back._replace(refusal=0), sure=False)
        if self.scene.deaths and world.faults:
            yield Move("a worker dies", back._replace(faults=world.faults - 1), sure=False)

    # --- runs

    def _run(self, world: World, run: Execution) -> Iterator[Move]:
        def become(**changed: object) -> World:
            other = run._replace(**changed)  # type: ignore[arg-type] # its own fields
            return world._replace(runs=tuple(other if one is run else one for one in world.runs))

        if run.at == START:
            yield Move("the model is RUNNING", become(at=OPEN))
            if self.scene.ends:
                yield Move("the model can't be started", become(at=ENDED, failed=True), sure=False)
        elif run.at == OPEN:
            yield from self._opens(world, run, become)
        elif run.at == TASK and not run.due:
            unclosed = self._broken_by_giving_back(world, run) if not self.scene.catches else ""
            there = become(at=CLOSE if self.scene.catches else ENDED, failed=True)
            yield Move("no heartbeat came", there, broken=unclosed)
        elif run.at == CLOSE:
            there = become(at=WAIT, due=int(self.scene.waits))
            yield Move("the run is closed after a failure", there._replace(record=self._closed(world, run)))
        elif run.at == WAIT and not run.due:
            yield Move("the model is given back", become(at=ENDED), broken=self._broken_by_giving_back(world, run))
        if self.scene.ends and run.at in (START, OPEN, TASK):
            yield Move("the run is aborted", become(at=ENDED, failed=True), sure=False)

    def _broken_by_giving_back(self, world: World, run: Execution) -> str:
        in_work = world.in_work and not run.down
        return "(a) the model is given back while an image is in work" if in_work else ""

    def _opens(self, world: World, run: Execution, become: Callable[..., World]) -> Iterator[Move]:
        there = replace(real(world.record), number=7)
        try:
            decided = decision.drain(there, 7 - run.runs_later, "token", "version", ":run", NOW)
        except InvalidRequest:
            yield Move("DrainInbox is refused", become(at=CLOSE, failed=True))
            return
        if decided.record.open_run and world.record.paused:
            yield Move("the run is opened", world, broken="(g) a run is opened in an inbox that is paused")
            return
        opened = become(at=TASK, due=HEARTBEAT)._replace(record=essence(decided.record))
        if self.scene.deaths and world.faults:
            died = opened._replace(faults=world.faults - 1)
            yield Move("the run is opened, and the function dies", died, sure=False)
        for act in decided.acts:
            opened = self._act(opened, act)
        yield Move("the run is opened", opened)

    def _closed(self, world: World, run: Execution) -> Record:
        closed = record.closed(real(world.record), 7 - run.runs_later, "why")
        return essence(closed)

    def _people(self, world: World) -> Iterator[Move]:
        if not world.faults:
            return
        world = world._replace(faults=0, meant=True)
        yield Move("somebody pauses", world._replace(record=world.record._replace(paused=True)), sure=False)
        if world.runs_on:
            down = _become(world, down="STOPPED").runs
            yield Move("somebody stops the model by hand", world._replace(runs=down), sure=False)
            yield Move("somebody stops the model by force", world._replace(runs=down, forced=True), sure=False)

    def _model(self, world: World) -> Iterator[Move]:
        """What becomes of the model of a run: it fails, others use it too, and the sweep goes by."""
        run = world.runs_on
        if run is None:
            return
        if run.down in ("FAILED", "STOPPED") and run.leased:
            ended = _become(world, leased=False)._replace(others=False)
            yield Move("the sweep ends its leases", ended, sure=False)
            if world.others:
                again = _become(world, leased=False, down="STARTING", back=STARTS)
                yield Move("the sweep ends its leases, and starts it again for others", again, sure=False)
        if run.down == "STARTING" and not run.back:
            yield Move("the model is RUNNING again", _become(world, down=""))
        if world.faults:
            yield from self._meanwhile(world._replace(faults=world.faults - 1), run)

    def _meanwhile(self, world: World, run: Execution) -> Iterator[Move]:
        if not run.down:
            yield Move("the model fails", _become(world, down="FAILED"), sure=False)
        if self.scene.others:
            yield from self._others(world, run)

    def _others(self, world: World, run: Execution) -> Iterator[Move]:
        meant = world._replace(meant=True)
        if not run.down:
            yield Move("somebody stops the model by hand", _become(meant, down="STOPPED"), sure=False)
            if run.leased:
                there = _become(meant, leased=False, down="" if world.others else "STOPPED")
                yield Move("somebody releases the run's lease", there, sure=False)
        if not world.others:
            down = run.down in ("FAILED", "STOPPED")
            there = _become(world, down="STARTING", back=STARTS) if down else world
            yield Move("others start the model", there._replace(others=True), sure=False)
        else:
            # Nobody else holds it then: it is stopped, unless the run holds it.
            there = world if run.leased or run.down else _become(world, down="STOPPED")
            yield Move("others stop the model", there._replace(others=False), sure=False)


def _become(world: World, **changed: Any) -> World:
    """The run that has the model, changed."""
    runs = tuple(one._replace(**changed) if one is world.runs_on else one for one in world.runs)
    return world._replace(runs=runs)


def _of_the_mapping(act: object) -> bool:
    return isinstance(act, decision.EnableMapping | decision.DisableMapping)


def _overlap(world: World) -> str:
    return "(b) two runs go on at a time" if sum(run.at != ENDED for run in world.runs) > 1 else ""


# --- the search


def explore(scene: Scene) -> Exploration:
    """All of it, or until the first property is broken, by a short way."""
    gc.disable()
    try:
        return _search(Play(scene))
    finally:
        gc.enable()


def _search(play: Play) -> Exploration:
    worlds, numbers, parents = [play.beginning], {play.beginning: 0}, [(0, "")]
    sources, targets = array("L"), array("L")
    transitions = 0

    def trace(state: int, *last: str) -> tuple[str, ...]:
        lines = list(last)
        while state:
            state, label = parents[state]
            lines.insert(0, label)
        return tuple(lines)

    for state, world in enumerate(worlds):  # it grows meanwhile
        for move in play.moves(world):
            transitions += 1
            if move.broken:
                return Exploration(len(worlds), transitions, Violation(move.broken, trace(state, move.label)))
            number = numbers.setdefault(move.world, len(worlds))
            if number == len(worlds):
                worlds.append(move.world)
                parents.append((state, move.label))
            if move.sure and number != state:
                sources.append(state)
                targets.append(number)
    stuck = first_that_never(_at_rest, worlds, len(worlds), sources, targets)
    violation = None if stuck is None else Violation("(c) it never comes to rest", trace(stuck))
    return Exploration(len(worlds), transitions, violation)


def _at_rest(world: World) -> bool:
    over = all(run.at == ENDED for run in world.runs) and world.record.state is None and world.mapping == "Disabled"
    return over and (world.record.paused or not world.images)
