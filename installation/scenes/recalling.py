"""Recalls scenes: at once or on the beat, over seconds, leaving alone what is locked or in hand."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from engine.bank import Moment
from installation.backstage import Backstage
from installation.desk import PANIC
from installation.music.tempo import BEATS_A_BAR
from installation.scenes.locks import Locks
from installation.scenes.morph import Morph, wrapped
from installation.scenes.scenery import of_a_look
from installation.scenes.shelf import Shelf
from installation.settings import GRIDS
from mappings.mapping import RECALL

NEXT, PREVIOUS = "/scene/next", "/scene/previous"
STORE, SECONDS, QUANTISE = "/scene/store", "/scene/morph_seconds", "/scene/quantise"
GRID_BEATS = {"beat": 1, "bar": BEATS_A_BAR}

Begun = Callable[[str, float, Mapping[str, float]], None]

log = logging.getLogger("control")


class Beats(Protocol):
    def beat(self, at: float) -> float:
        """Beats since a downbeat, at ``time.monotonic()`` seconds. They never stand still."""


class Photographer(Protocol):
    def picture(self, name: str, moment: Moment) -> None:
        """Keeps a picture of what is seen, for the scene of this name. Must not block."""


class Recall:
    """Part of the control player. ``current``: the scene that was recalled or stored last, empty
    before; its number in the bank remembers it. ``moving``: whether what the desk is told now comes
    from here."""

    def __init__(
        self,
        backstage: Backstage,
        shelf: Shelf,
        beats: Beats,
        photographer: Photographer,
        first: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``first``: the scene that the show started with. ``clock``: monotonic seconds."""
        desk, office = backstage.desk, backstage.office
        self.current, self._first = "", first
        self.moving = False
        self._parameters, self._desk, self._shelf = backstage.parameters, desk, shelf
        self._locks = Locks(backstage.home, self._parameters, backstage.do)
        self._beats, self._photographer, self._clock = beats, photographer, clock
        self._morph: Morph | None = None
        self._waiting = ""
        self._asked_in = 0.0  # the beat or bar in which what waits was asked for
        self._beginning: list[Begun] = []
        desk.hear(self._heard)
        desk.act(RECALL, lambda number: self._turned(int(number)))
        desk.act(NEXT, lambda times: self.step(int(times)))
        desk.act(PREVIOUS, lambda times: self.step(-int(times)))
        desk.act(STORE, lambda times: self.store(shelf.unused()))
        desk.act(PANIC, lambda times: self.stand(self._first))
        shelf.renaming(self._renamed)
        office.does(RECALL, 1, self.recall)
        office.does(STORE, 1, self.store)
        office.does("/scene/rename", 2, shelf.rename)
        office.does("/scene/delete", 1, self._delete)
        office.does("/scene/move", 2, self._place)
        office.does("/lock", 2, self._lock)
        self._call(self._numbered() if backstage.pulse.before else first)

    @property
    def locked(self) -> Sequence[str]:
        """The addresses that neither a scene nor a take moves."""
        return self._locks.addresses

    def beginning(self, begun: Begun) -> None:
        """``begun`` is called with the scene's name, the seconds and the values of each morph that
        begins."""
        self._beginning.append(begun)

    def do(self, deed: Callable[[], object]) -> None:
        """For what comes by itself, after its time: a refusal is logged."""
        try:
            deed()
        except (LookupError, OSError, ValueError) as error:
            log.warning("%s", error)

    def recall(self, name: str) -> None:
        """Raises LookupError."""
        self._shelf[name]
        grid = GRIDS[int(self._desk.values[QUANTISE])]
        if grid == "off":
            self._begin(name)
        else:
            self._waiting, self._asked_in = name, self._cell(self._clock())

    def step(self, places: int) -> None:
        """On in the list, or back; after the last comes the first."""
        names, here = self._shelf.names, self._waiting or self.current
        before_all = -1 if places > 0 else 0
        index = names.index(here) if here in names else before_all
        self.recall(names[(index + places) % len(names)])

    def store(self, name: str) -> None:
        """Raises OSError or ValueError."""
        moment, standing = self._desk.read(), self._desk.values
        values = {
            each.address: standing[each.address] for each in self._parameters if of_a_look(each)
        }
        for moved, rate in self._parameters.rates.items():
            if standing[rate] == 0:
                values[moved] = self._seen(moved, moment)
        self.current = self._shelf.store(name, values)
        log.info("scene %s: stored", self.current)
        self._photographer.picture(self.current, moment)
        self._show_number()

    def morph(self, name: str, seconds: float, targets: Mapping[str, float]) -> None:
        """``targets``: by address, clamped."""
        now, desk = self._clock(), self._desk
        self._morph = Morph(self._parameters, desk.values, targets, seconds, now, desk.read)
        self._move(self._morph, self._morph.first, now)
        self._call(name)
        for begun in self._beginning:
            begun(name, seconds, targets)

    def rest(self) -> tuple[float, dict[str, float]]:
        """Of the morph that is going on: the seconds that are left, and where each value ends;
        nothing without one."""
        return self._morph.rest(self._clock()) if self._morph else (0.0, {})

    def stand(self, name: str) -> None:
        """What is being moved stays where it is now, and is called ``name``."""
        self._morph = None
        self._call(name)

    def tick(self, now: float) -> None:
        if self._waiting and self._cell(now) != self._asked_in:
            waiting, self._waiting = self._waiting, ""
            self.do(lambda: self._begin(waiting))
        if self._morph:
            self._move(self._morph, {}, now)

    def figures(self) -> dict[str, Any]:
        arrived = self._morph.arrived(self._clock()) if self._morph else 1.0
        return {
            "names": self._shelf.names,
            "own": [name for name in self._shelf.names if self._shelf.own(name)],
            "current": self.current,
            "arrived": round(arrived, 3),
            "waiting": self._waiting,
            "locked": self.locked,
            "pictured": self._shelf.pictured(),
            "refused": self._shelf.refused,
        }

    def close(self) -> None:
        """There is nothing to close."""

    def _turned(self, number: int) -> None:
        """To 0, or to one that is not there: the knob goes back to where it was."""
        try:
            if number:
                self.recall(self._shelf.numbered(number))
        finally:
            self._show_number()

    def _begin(self, name: str) -> None:
        look, seconds = self._shelf[name].look(self._parameters), self._desk.values[SECONDS]
        locked = set(self.locked)
        targets = {address: value for address, value in look.items() if address not in locked}
        log.info("scene %s, in %g s", name, seconds)
        self.morph(name, seconds, targets)

    def _move(self, morph: Morph, first: Mapping[str, float], now: float) -> None:
        values, turning = {**first, **morph.values(now)}, morph.turning(now)
        if values:
            self._put(values, turning)
        if morph.arrived(now) >= 1:
            self._morph = None

    def _put(self, values: Mapping[str, float], turning: Mapping[str, float] | None = None) -> None:
        self.moving = True
        self._desk.put(values, turning=turning)
        self.moving = False

    def _heard(self, address: str, value: float) -> None:
        """The hand wins."""
        if self._morph and not self.moving:
            self._morph.leave(address)

    def _seen(self, moved: str, moment: Moment) -> float:
        """Where it is, with what its rate has turned it by."""
        value, turned = self._desk.values[moved], moment.turned(moved)
        return wrapped(self._parameters[moved].kind, value + turned) if turned else value

    def _cell(self, now: float) -> float:
        """The beat or the bar that it is."""
        grid = GRIDS[int(self._desk.values[QUANTISE])]
        return self._beats.beat(now) // GRID_BEATS.get(grid, 1)

    def _call(self, name: str) -> None:
        """A scene that the list does not have is none."""
        self.current, self._waiting = name if name in self._shelf.names else "", ""
        self._show_number()

    def _numbered(self) -> str:
        """The name of the scene whose number stands in the bank; empty for none."""
        number, names = int(self._desk.values[RECALL]), self._shelf.names
        return names[number - 1] if 0 < number <= len(names) else ""

    def _show_number(self) -> None:
        """Not by ``turn``, which would recall it again. 0 where there is none."""
        names = self._shelf.names
        self._put({RECALL: 1.0 + names.index(self.current) if self.current in names else 0.0})

    def _delete(self, name: str) -> None:
        self._shelf.delete(name)
        if self.current not in self._shelf.names:
            self.current = ""
        self._show_number()

    def _place(self, name: str, place: float) -> None:
        self._shelf.move(name, place)
        self._show_number()

    def _lock(self, pattern: str, on: float) -> None:
        """A morph that is going on leaves it where it is now."""
        before = self.locked
        self._locks.lock(pattern, on)
        for address in self.locked:
            if self._morph and address not in before:
                self._morph.leave(address)

    def _renamed(self, old: str, new: str) -> None:
        if self.current == old:
            self.current = new
        if self._waiting == old:
            self._waiting = new
        if self._first == old:
            self._first = new
