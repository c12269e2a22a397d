"""Who reads and writes a model's item, and calls the service: every actor as a little program of atomic steps.

An actor is a place for executions: once nothing is left of one, the next may begin. So an exploration covers any number
of executions, as many at a time as there are actors.

A look reads the item, sees the model, and writes; a request reads the item again and calls. Between these, anything may
happen, but only two things make a difference: that the item is written, or that the status or the time moves on. So a
look, or a request, is one step, unless one of these comes: then each that is due may have begun before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from emulator.custom_labels import STARTABLE, STOPPABLE, TRANSITIONS
from lifecycle.model.decisions import Action
from tests.exploration.world import (
    ENDED,
    ENDING,
    FRESH,
    GONE,
    NEW,
    OLD,
    OVER,
    RUNS,
    Cast,
    Decided,
    Item,
    Memory,
    Mind,
    Mirror,
    Outdated,
    Sight,
    Start,
    Stop,
    Sweep,
    Write,
    essence,
    mirror_of,
)

REST, CHECK, SEEN, READ, REQUEST, CALL = "rest", "check", "seen", "read", "request", "call"
"""What an execution is about to do: look; write what it has decided of what it has SEEN; see the model, having READ the
item before it was changed; request; CALL the service, having read the item again."""


class Straggler(NamedTuple):
    """A function that its execution has given up, and that goes on: a look, or a call where it has no sight."""

    memory: Memory
    sight: Sight | None


class Actor(NamedTuple):
    """An execution; where it has ended, the function of it that goes on.

    ``late``: its deadline has passed. ``retried``: its request was sent before. The last two are what the properties
    speak of. ``holds``: it has had the model started or has answered RUNNING, and its lease has neither ended nor
    expired. ``excused``: its lease has, by somebody else or by its time.
    """

    life: str = NEW
    at: str = REST
    late: bool = False
    memory: Memory = Memory()
    retried: bool = False
    sight: Sight | Outdated | None = None
    straggler: Straggler | None = None
    holds: bool = False
    excused: bool = False


class World(NamedTuple):
    """A state of it all."""

    status: str
    item: Item
    actors: tuple[Actor, ...]


class Move(NamedTuple):
    """A step. ``sure``: it comes some time if it can for ever. ``wrote``: the item. ``broken``: a property, by it."""

    label: str
    world: World
    by: int | None = None
    wrote: bool = False
    sure: bool = True
    broken: str = ""


@dataclass(frozen=True)
class Scene:
    """Who plays, and what may go wrong; then how the world itself keeps the rules, which is for mutants to leave out.

    Parameters
    ----------
    faulty : sequence
        Those whose functions die, whose answers get lost, and who fail or are aborted, also while a function goes on.
    impatient : bool
        A look that gives no answer is repeated while it may still go on.
    brisk : bool
        A look is over before the next lease, deadline or pause ends, and who is late looks at once. There are a tenth
        of the states then.
    item_first : bool
        A look reads the item before it sees the model.
    compares : bool
        A write is on condition of the revision that was read.
    pauses : bool
        After an ambiguous error of a call nothing follows until it can't land any more.
    new_names : bool
        The sweep's next StopModel execution has another name than the last.
    """

    cast: Cast
    faulty: Cast = ()
    impatient: bool = False
    brisk: bool = False
    item_first: bool = True
    compares: bool = True
    pauses: bool = True
    new_names: bool = True


@dataclass
class Play:
    """All that can happen in a scene."""

    scene: Scene
    mirror: Mirror | None = field(init=False)
    mind: Mind = field(init=False)
    starts: list[tuple[int, Start]] = field(init=False)

    def __post_init__(self) -> None:
        self.mirror = mirror_of(self.scene.cast)
        self.mind = Mind(self.scene.cast)
        self.starts = [(me, one) for me, one in enumerate(self.scene.cast) if isinstance(one, Start)]

    @property
    def beginning(self) -> World:
        """The model is stopped, and nobody has done anything yet."""
        sweep = Actor(RUNS, CHECK)
        return World("STOPPED", Item(), tuple(sweep if isinstance(one, Sweep) else Actor() for one in self.scene.cast))

    def moves(self, world: World) -> Iterator[Move]:
        """Every step that may come next, and for each, who may have begun a look or a request before it."""
        for move in self._steps(world):
            yield move
            after = move.world
            if not move.wrote and (after.status, after.item) == (world.status, world.item):
                continue
            begun = [one for me in range(len(world.actors)) if (one := self._begun_before(move, world, me))]
            for count in range(1, len(begun) + 1):
                for chosen in combinations(begun, count):
                    label, actors = move.label, list(after.actors)
                    for me, actor, words in chosen:
                        actors[me] = actor
                        label += f" ({words})"
                    with_these = World(after.status, after.item, tuple(actors))
                    yield Move(label, with_these, sure=move.sure, broken=move.broken)

    def mirrored(self, world: World) -> World | None:
        """The world in which two actors that are alike have changed places; None where no two are alike."""
        mirror = self.mirror
        if mirror is None:
            return None
        actors = [self._reflected(actor, mirror) for actor in world.actors]
        actors[mirror.one], actors[mirror.other] = actors[mirror.other], actors[mirror.one]
        return World(world.status, mirror.item(world.item), tuple(actors))

    def _reflected(self, actor: Actor, mirror: Mirror) -> Actor:
        sight, straggler = actor.sight, actor.straggler
        if isinstance(sight, Sight):
            actor = actor._replace(sight=mirror.sight(sight))
        if straggler and straggler.sight:
            actor = actor._replace(straggler=straggler._replace(sight=mirror.sight(straggler.sight)))
        return actor

    def _begun_before(self, move: Move, before: World, me: int) -> tuple[int, Actor, str] | None:
        """An actor after a step of another, where it may have begun a look or a request before."""
        was, actor = before.actors[me], move.world.actors[me]
        if me == move.by or was.at != actor.at or actor.at not in (CHECK, REQUEST):
            return None
        if self.scene.brisk and _checks_late(actor):
            return None
        name = self.scene.cast[me].name
        if actor.at == REQUEST:
            if (move.wrote or before.item != move.world.item) and self.mind.may_request(me, before.item):
                return me, actor._replace(at=CALL), f"{name} had read the item again"
        elif not self.scene.item_first:
            sight = Sight(Item(), status=before.status)
            return me, actor._replace(at=READ, sight=sight), f"{name} had seen {before.status}"
        elif move.wrote and self.scene.compares:
            sight = self._sight(before, me)
            outdated = None if isinstance(self.scene.cast[me], Sweep) else self.mind.outdated(me, was.memory, sight)
            if outdated:
                return me, actor._replace(at=READ, sight=outdated), f"{name} had read the item"
        else:
            sight = self._sight(before, me, before.status)
            if self._decided(before, me, was, sight).write:
                return me, actor._replace(at=SEEN, sight=sight), f"{name} had seen {before.status}"
        return None

    def _steps(self, world: World) -> Iterator[Move]:
        late = next((me for me, actor in enumerate(world.actors) if _checks_late(actor)), None)
        if self.scene.brisk and late is not None:
            yield from self._checks(world, late, world.actors[late])
            return
        if world.status in TRANSITIONS:
            _, status = TRANSITIONS[world.status]
            yield Move(f"the model is {status}", world._replace(status=status))
        if not (self.scene.brisk and any(actor.at in (SEEN, READ) for actor in world.actors)):
            yield from self._ageing(world)
        for me, actor in enumerate(world.actors):
            if actor.life == NEW and _begins_by_itself(self.scene.cast[me]):
                begun = actor._replace(life=RUNS, at=CHECK)
                yield Move(f"{self.scene.cast[me].name} begins", _with(world, me, begun), me, sure=False)
            elif actor.at in (CHECK, SEEN, READ):
                yield from self._checks(world, me, actor)
            elif actor.at in (REQUEST, CALL):
                yield from self._requests(world, me, actor)
            if actor.straggler:
                yield self._straggles(world, me, actor, actor.straggler)
            if self.scene.cast[me] in self.scene.faulty:
                yield from self._ends(world, me, actor)

    # --- time

    def _ageing(self, world: World) -> Iterator[Move]:
        item = world.item
        for name, holds in item.leases:
            if holds:
                yield Move(f"lease {name} expires", self._expired(world, name))
        for me, actor in enumerate(world.actors):
            one = self.scene.cast[me]
            if isinstance(one, Sweep):
                continue
            if not actor.late and (actor.life == RUNS or _waits(item, me)):
                yield Move(f"the deadline of {one.name} passes", self._late(world, me, actor))
            if actor.life == RUNS and actor.at == CHECK and actor.memory.attempted == FRESH:
                old = essence(actor.memory._replace(attempted=OLD), one)
                yield Move(f"the request of {one.name} has settled", _with(world, me, actor._replace(memory=old)), me)
        yield from self._pauses(world)

    def _pauses(self, world: World) -> Iterator[Move]:
        """What ends once so much time has passed."""
        item = world.item
        if item.warned == FRESH:
            yield Move("the time of the warning passes", world._replace(item=item._replace(warned=OLD)))
        if any(actor.at in (SEEN, READ) or (actor.straggler and actor.straggler.sight) for actor in world.actors):
            return  # a look takes less than LONGEST_CALL
        if item.claim == ENDING:
            yield Move("LONGEST_CALL passes since the stop ended", world._replace(item=item._replace(claim=GONE)))
        if item.fresh and not any(_call_is_under_way(world.actors[start]) for start, _ in self.starts):
            yield Move("LONGEST_CALL passes since the last change", world._replace(item=item._replace(fresh=False)))

    def _expired(self, world: World, lease_id: str) -> World:
        leases = tuple((name, holds and name != lease_id) for name, holds in world.item.leases)
        actors = list(world.actors)
        for me, start in self.starts:
            actor = actors[me]
            if start.lease_id == lease_id and actor.life != NEW and not _waits(world.item, me):
                actors[me] = actor._replace(holds=False, excused=actor.life == RUNS)
        return _tidy(World(world.status, world.item._replace(leases=leases), tuple(actors)))

    def _late(self, world: World, me: int, actor: Actor) -> World:
        pending = tuple((start, holds and start != me) for start, holds in world.item.pending)
        start = isinstance(self.scene.cast[me], Start)
        late = actor._replace(late=True, holds=False, excused=start and actor.life == RUNS)
        return _with(world._replace(item=world.item._replace(pending=pending)), me, late)

    # --- looks

    def _checks(self, world: World, me: int, actor: Actor) -> Iterator[Move]:
        one = self.scene.cast[me]
        if isinstance(actor.sight, Outdated):
            yield from self._checks_after_a_change(world, me, actor, actor.sight)
            return
        sight = self._seen(world, me, actor)
        decided = self._decided(world, me, actor, sight)
        label = f"{one.name} sees {sight.status} and decides {decided.words}"
        after = self._written(world, me, decided.write) if decided.write else world
        broken = self._broken_by_claim(world, after) or self._broken_by_extension(sight, me, decided)
        broken = broken or self._broken_by_refusal(after, me, decided)
        waited_for = decided.write and actor.life == RUNS and not isinstance(one, Sweep)
        if waited_for and one in self.scene.faulty:
            lost = _with(after, me, after.actors[me]._replace(at=CHECK, sight=None))
            yield Move(f"{label}; the answer is lost", lost, me, wrote=True, sure=False, broken=broken)
        if waited_for and self.scene.impatient and not actor.straggler:
            left = actor._replace(at=CHECK, sight=None, straggler=Straggler(actor.memory, sight))
            label_left = f"{one.name} gives up a look that has seen {sight.status}"
            yield Move(label_left, _with(world, me, left), me, sure=False)
        for ending, world_then, sure, broken_then in self._goes_on(after, me, decided):
            words = f"{label}{ending}" if actor.life == RUNS else f"{label}, after its end"
            yield Move(words, world_then, me, decided.write is not None, sure, broken or broken_then)

    def _checks_after_a_change(self, world: World, me: int, actor: Actor, outdated: Outdated) -> Iterator[Move]:
        """Of the item, which it had read before."""
        decided = outdated.decided(world.status)
        label = f"{self.scene.cast[me].name} sees {world.status}"
        if decided is None:
            again = actor._replace(at=CHECK, sight=None)
            yield Move(f"{label} and has to read again", _with(world, me, again), me)
            return
        after_its_end = "" if actor.life == RUNS else ", after its end"
        for words, then, sure, broken in self._goes_on(world, me, decided):
            yield Move(f"{label} and decides {decided.words}{words}{after_its_end}", then, me, sure=sure, broken=broken)

    def _seen(self, world: World, me: int, actor: Actor) -> Sight:
        """What the look that is due, or under way, has seen in the end."""
        if actor.at == CHECK:
            return self._sight(world, me, world.status)
        assert isinstance(actor.sight, Sight)
        return actor.sight if actor.at == SEEN else self._sight(world, me, actor.sight.status)

    def _decided(self, world: World, me: int, actor: Actor, sight: Sight) -> Decided:
        """What comes of it."""
        if not isinstance(self.scene.cast[me], Sweep):
            return self.mind.decide(me, actor.memory, sight)
        ended = tuple(start for start, _ in sight.item.pending if world.actors[start].life != RUNS)
        return self.mind.sweep(sight, ended)

    def _sight(self, world: World, me: int, status: str = "") -> Sight:
        """What a look sees that reads the item now, and then this status."""
        claim, over = world.item.claim, False
        if claim is not None and claim != me:
            over = self.mind.claim_is_over({ENDING: ENDED, GONE: OVER}.get(claim) or world.actors[claim].life)
        return Sight(world.item, over, world.actors[me].late, status)

    def _goes_on(self, world: World, me: int, decided: Decided) -> Iterator[tuple[str, World, bool, str]]:
        """What follows from what was decided, the item being written: in words, if it is sure, what it breaks."""
        one = self.scene.cast[me]
        actor = world.actors[me]
        if actor.life != RUNS:
            yield "", _with(world, me, actor._replace(at=REST, sight=None, memory=Memory())), True, ""
        elif isinstance(one, Sweep):
            yield from self._begins_stop(world, me, decided)
        elif decided.action is Action.REQUEST:
            yield "", _with(world, me, actor._replace(at=REQUEST, sight=None, memory=decided.memory)), True, ""
        elif decided.action is Action.WAIT:
            waits = actor._replace(at=CHECK, sight=None, memory=essence(decided.memory, one))
            yield "", _with(world, me, waits), True, ""
        else:
            answers = isinstance(one, Start) and decided.action is Action.DONE
            broken = ""
            if isinstance(one, Start) and answers:
                broken = self._broken_by_answer(world, me, one)
            elif decided.error == "ModelStopped" and not (actor.excused or (isinstance(one, Start) and one.extends)):
                broken = f"(f) {one.name} ends as ModelStopped, and nobody has ended its lease"
            ended = Actor(ENDED, late=actor.late, straggler=actor.straggler, holds=answers)
            yield "", _with(world, me, ended), True, broken

    def _begins_stop(self, world: World, me: int, decided: Decided) -> Iterator[tuple[str, World, bool, str]]:
        sweep = world.actors[me]
        if sweep.at != CHECK:
            sweep = sweep._replace(at=CHECK, sight=None)
            world = _with(world, me, sweep)
        world = _tidy(world)
        places = (
            place
            for place, one in enumerate(self.scene.cast)
            if isinstance(one, Stop) and _is_begun_as(one, decided) and world.actors[place].life == NEW
        )
        place = next(places, None) if decided.action is Action.REQUEST and not sweep.retried else None
        if place is None:
            yield "", world, True, ""
            return
        if decided.write and self.scene.cast[me] in self.scene.faulty:
            yield ", and dies", world, False, ""
        # A name that never changes is spent by the first stop.
        begun = _with(world, me, sweep._replace(retried=not self.scene.new_names))
        broken = self._broken_by_budget(world.item) if decided.by_budget else ""
        yield f": {self.scene.cast[place].name} begins", _with(begun, place, Actor(RUNS, CHECK)), True, broken

    # --- requests

    def _requests(self, world: World, me: int, actor: Actor) -> Iterator[Move]:
        one = self.scene.cast[me]
        if actor.at == REQUEST and not self.mind.may_request(me, world.item):
            memory = self.mind.requested(me, actor.memory, world.item, retried=actor.retried, refused=False)
            waits = actor._replace(at=CHECK, memory=essence(memory, one), retried=False)
            waits = waits if actor.life == RUNS else Actor(ENDED, late=actor.late, straggler=actor.straggler)
            yield Move(f"{one.name} reads the item again, and requests nothing", _with(world, me, waits), me)
            return
        after, label, accepted, broken = self._lands(world, me)
        if actor.life != RUNS:
            late = Actor(ENDED, late=actor.late, straggler=actor.straggler)
            yield Move(f"{label}, after its end", _with(after, me, late), me, broken=broken)
            return
        holds = actor.holds or (accepted and isinstance(one, Start) and not actor.excused)
        item = Item(pending=((me, True),)) if isinstance(one, Start) else Item(claim=me)
        memory = self.mind.requested(me, actor.memory, item, retried=actor.retried, refused=not accepted)
        answered = actor._replace(at=CHECK, memory=essence(memory, one), retried=False, holds=holds)
        yield Move(label, _with(after, me, answered), me, broken=broken)
        if one not in self.scene.faulty:
            return
        again = actor._replace(at=REQUEST, retried=True)
        lost = _with(after, me, again._replace(holds=holds))
        yield Move(f"{label}; the answer is lost", lost, me, sure=False, broken=broken)
        yield Move(f"the function of {one.name} dies before it calls", _with(world, me, again), me, sure=False)
        if not self.scene.pauses and not actor.straggler:
            left = _with(world, me, again._replace(straggler=Straggler(Memory(), None)))
            yield Move(f"{one.name} gives up its call, which is under way", left, me, sure=False)

    def _lands(self, world: World, me: int) -> tuple[World, str, bool, str]:
        """A call takes effect: the world, in words, whether it was accepted, and what that breaks."""
        one = self.scene.cast[me]
        if isinstance(one, Start):
            if world.status in STARTABLE:
                return world._replace(status="STARTING"), f"the start of {one.name} lands", True, ""
            return world, f"the start of {one.name} is refused", False, ""
        if world.status in STOPPABLE:
            holder = next((start.name for place, start in self.starts if world.actors[place].holds), None)
            broken = f"(a) a stop lands while {holder} holds its lease" if holder else ""
            return world._replace(status="STOPPING"), f"the stop of {one.name} lands", True, broken
        return world, f"the stop of {one.name} is refused", False, ""

    # --- what goes wrong

    def _ends(self, world: World, me: int, actor: Actor) -> Iterator[Move]:
        """An execution fails or is aborted: nothing of it goes on, or the function that is under way or about to be."""
        one = self.scene.cast[me]
        if isinstance(one, Sweep):
            return
        if actor.life == RUNS:
            label = f"{one.name} is aborted, or fails"
            ended = actor._replace(life=ENDED, retried=False, holds=False, excused=False)
            if actor.at in (REQUEST, CALL):
                ended = ended._replace(memory=Memory(), late=actor.late and _waits(world.item, me))
            nothing = Actor(ENDED, late=actor.late and _waits(world.item, me), straggler=actor.straggler)
            yield Move(label, _with(world, me, nothing), me, sure=False)
            yield Move(f"{label}, while a function of it goes on", _with(world, me, ended), me, sure=False)
        if actor.life == ENDED and _waits(world.item, me):
            given = self._written(world, me, self.mind.give_back(world.item, me))
            label = f"the event of the end of {one.name} gives its pending lease back"
            yield Move(label, _tidy(given), wrote=True, sure=False)

    def _straggles(self, world: World, me: int, actor: Actor, straggler: Straggler) -> Move:
        if straggler.sight is None:
            after, label, _, broken = self._lands(world, me)
            return Move(f"{label}, late", _with(after, me, actor._replace(straggler=None)), broken=broken)
        decided = self.mind.decide(me, straggler.memory, straggler.sight)
        assert decided.write
        after = self._written(world, me, decided.write)
        broken = self._broken_by_claim(world, after)
        label = f"the look that {self.scene.cast[me].name} gave up decides {decided.words}"
        after = _with(after, me, after.actors[me]._replace(straggler=None))
        return Move(label, after, wrote=True, broken=broken)

    # --- writing

    def _written(self, world: World, me: int, write: Write) -> World:
        """The item written, aged as it has since it was read; whoever has decided of what was before reads again."""
        item, actors = world.item, list(world.actors)
        now = dict(item.leases)
        after = write.item._replace(
            leases=tuple((n, h and (n in write.renewed or now.get(n, False))) for n, h in write.item.leases),
            pending=tuple((start, h and not actors[start].late) for start, h in write.item.pending),
            claim=write.item.claim if write.claims else item.claim,
            forced=tuple(start for start, _ in self.starts if actors[start].life == RUNS)
            if write.forces
            else item.forced,
            warned=FRESH if write.warns else item.warned,
        )
        after = after._replace(fresh=after.managed and after.idle and (write.changed or item.fresh))
        stop = self.scene.cast[me]
        for place, start in self.starts:
            if isinstance(stop, Stop) and _lets_go(stop, place, start, item, after, forces=write.forces):
                actors[place] = actors[place]._replace(holds=False, excused=actors[place].life == RUNS)
        for place, actor in enumerate(actors):
            if actor.straggler and actor.straggler.sight and self.scene.compares:
                actors[place] = actor = actor._replace(straggler=None)
            if actor.at == SEEN and self.scene.compares:
                actors[place] = actor._replace(at=CHECK, sight=None)
        return World(world.status, after, tuple(actors))

    # --- properties

    def _broken_by_claim(self, before: World, after: World) -> str:
        claim = after.item.claim
        if claim is not None and claim != before.item.claim and after.item.held:
            return f"(b) {self.scene.cast[claim].name} decides to stop while a lease is held"
        return ""

    def _broken_by_budget(self, item: Item) -> str:
        """By a stop that the sweep begins, of a model with this item."""
        if item.warned != OLD:
            return "(h) the budget stops a model of which it has not warned in time"
        return "(h) the budget stops a model whose lease ignores it" if self.mind.ignores_budget(item) else ""

    def _broken_by_refusal(self, after: World, me: int, decided: Decided) -> str:
        one = self.scene.cast[me]
        if isinstance(one, Start) and decided.action is Action.REQUEST and one.refused:
            return f"(i) {one.name} requests a start beyond the budget"
        if decided.error == "BudgetExceeded" and _waits(after.item, me):
            return f"(i) {one.name} is refused, and its lease is pending"
        return ""

    def _broken_by_extension(self, sight: Sight, me: int, decided: Decided) -> str:
        one = self.scene.cast[me]
        if not (isinstance(one, Start) and one.extends):
            return ""
        if decided.action is Action.REQUEST:
            return f"(g) {one.name} requests a start"
        held = (one.lease_id, True) in sight.item.leases  # by the clock that it began with
        if decided.write and (_waits(decided.write.item, me) or (decided.write.renewed and not held)):
            return f"(g) {one.name} takes a lease"
        return ""

    def _broken_by_answer(self, world: World, me: int, start: Start) -> str:
        item = world.item
        if (start.lease_id, True) not in item.leases:
            return f"(c) {start.name} answers without its settled lease"
        if world.status != "RUNNING":
            return f"(c) {start.name} answers RUNNING, and the model is {world.status}"
        if item.claim is not None:
            return f"(c) {start.name} answers under a claim"
        if me in item.forced:
            return f"(c) {start.name} answers, and the model was stopped by force after it began"
        return ""


def _begins_by_itself(one: Start | Stop | Sweep) -> bool:
    """Whether somebody outside may begin it at any time."""
    return not (isinstance(one, Stop) and one.by_budget)


def _is_begun_as(stop: Stop, decided: Decided) -> bool:
    """Whether what the sweep has decided begins this stop."""
    return stop.by_budget if decided.by_budget else not (stop.force or stop.lease_id)


def _lets_go(stop: Stop, place: int, start: Start, before: Item, after: Item, *, forces: bool) -> bool:
    """Whether a stop that is to do so has ended a start's lease."""
    if forces or not stop.lease_id:
        return forces
    settled = any(name == start.lease_id for name, _ in before.leases)
    still = any(name == start.lease_id for name, _ in after.leases)
    return (_waits(before, place) and not _waits(after, place)) or (settled and not still)


def _checks_late(actor: Actor) -> bool:
    return actor.late and actor.life == RUNS and actor.at == CHECK


def _waits(item: Item, start: int) -> bool:
    """Whether there is a pending lease of this start, expired or not."""
    return any(waiting == start for waiting, _ in item.pending)


def _call_is_under_way(actor: Actor) -> bool:
    return actor.at == CALL or (actor.straggler is not None and actor.straggler.sight is None)


def _with(world: World, me: int, actor: Actor) -> World:
    return _tidy(World(world.status, world.item, (*world.actors[:me], actor, *world.actors[me + 1 :])))


def _tidy(world: World) -> World:
    """Forget executions of which nothing is left, so that their place is free."""
    for me, actor in enumerate(world.actors):
        if actor.life == ENDED and actor.at == REST and not actor.straggler and not actor.holds:
            world = world if _waits(world.item, me) else _forgotten(world, me)
    return world


def _forgotten(world: World, me: int) -> World:
    item = world.item
    if item.claim == me:
        item = item._replace(claim=ENDING)
    if me in item.forced:
        item = item._replace(forced=tuple(start for start in item.forced if start != me))
    return World(world.status, item, (*world.actors[:me], Actor(), *world.actors[me + 1 :]))
