"""The cue list: scenes in the order of a show, and how long each is held."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol, cast

from engine.parameters import as_number
from installation.backstage import Backstage
from installation.desk import PANIC
from installation.keeping import as_json, keep, listed
from installation.scenes.shelf import named
from installation.settings import MOST_CUES
from mappings.mapping import CUE

GO, BACK, ADVANCE, LOOP = "/cue/go", "/cue/back", "/cue/advance", "/cue/loop"
SHORTEST, LONGEST = 0.1, 86_400.0  # seconds, or beats

Unit = Literal["seconds", "beats"]
UNITS = ("seconds", "beats")

log = logging.getLogger("control")


@dataclass(frozen=True, slots=True)
class Cue:
    """``hold``: how long until the next, where cues advance by themselves; 0 waits for a go."""

    scene: str
    hold: float = 30.0
    unit: Unit = "seconds"


class Scenes(Protocol):
    def recall(self, name: str) -> None:
        """Raises LookupError."""

    def do(self, deed: Callable[[], object]) -> None:
        """Logs what ``deed`` refuses."""


class Beats(Protocol):
    def beat(self, at: float) -> float:
        """Beats since a downbeat, at ``time.monotonic()`` seconds."""


class Shelf(Protocol):
    def __getitem__(self, name: str) -> object:
        """Raises LookupError."""

    def renaming(self, renamed: Callable[[str, str], None]) -> None: ...


class Cues:
    """Part of the control player. ``at``: the cue that is played, from 1; 0 before the first. The
    bank remembers it."""

    def __init__(self, backstage: Backstage, shelf: Shelf, scenes: Scenes, beats: Beats) -> None:
        desk, office = backstage.desk, backstage.office
        self._file = backstage.home / "cues.json"
        self._shelf, self._scenes, self._beats = shelf, scenes, beats
        self._desk, self._do = desk, backstage.do
        self.cues = list(_cues(listed(self._file, log.error)))[:MOST_CUES]
        self._held = dict.fromkeys(UNITS, 0.0)
        self._looked: dict[str, float] = {}
        self._stand(min(int(desk.values[CUE]), len(self.cues)) if backstage.pulse.before else 0)
        desk.act(CUE, lambda number: self._turned(int(number)))
        desk.act(GO, lambda times: self._step(int(times)))
        desk.act(BACK, lambda times: self._step(-int(times)))
        desk.act(PANIC, lambda times: self._begin(0))
        shelf.renaming(self._renamed)
        office.does("/cue/add", 1, self.add)
        office.does("/cue/remove", 1, self.remove)
        office.does("/cue/move", 2, self.move)
        office.does("/cue/seconds", 2, lambda number, hold: self.hold(number, hold, "seconds"))
        office.does("/cue/beats", 2, lambda number, hold: self.hold(number, hold, "beats"))

    def add(self, scene: str) -> None:
        """At the end, held for as long as the one before. Raises LookupError, OSError or
        ValueError."""
        self._shelf[scene]
        if len(self.cues) >= MOST_CUES:
            raise ValueError(f"/cue/add: expected at most {MOST_CUES} cues, there are as many")
        before = self.cues[-1] if self.cues else Cue(scene)
        self._change([*self.cues, replace(before, scene=scene)])

    def remove(self, number: float) -> None:
        """Raises LookupError or OSError, as everything that takes the number of a cue."""
        index = self._index(number)
        self._change([*self.cues[:index], *self.cues[index + 1 :]])
        if index == self.at - 1:
            self._begin(index)
        elif index < self.at:
            self._stand(self.at - 1)

    def move(self, number: float, place: float) -> None:
        """The cue that is played stays the one that is played."""
        index = self._index(number)
        there = self._index(min(max(place, 1), len(self.cues)))
        order = [each for each in range(len(self.cues)) if each != index]
        order.insert(there, index)
        self._change([self.cues[each] for each in order])
        if self.at:
            self._stand(order.index(self.at - 1) + 1)

    def hold(self, number: float, hold: float, unit: Unit) -> None:
        index = self._index(number)
        held = replace(self.cues[index], hold=_hold(hold), unit=unit)
        self._change([*self.cues[:index], held, *self.cues[index + 1 :]])

    def go_to(self, number: int) -> None:
        """A cue whose scene is gone is held as any other, over what there is; raises LookupError
        for that too."""
        index = self._index(number)
        self._begin(index + 1)
        self._scenes.recall(self.cues[index].scene)

    def tick(self, now: float) -> None:
        looks = {"seconds": now, "beats": self._beats.beat(now)}
        advancing = self._desk.values[ADVANCE] >= 0.5
        for unit, looked in looks.items():
            passed = looked - self._looked.get(unit, looked)
            self._held[unit] += max(passed, 0.0) if advancing else 0.0
        self._looked = looks
        if advancing and self._over():
            self._scenes.do(lambda: self._step(1))

    def figures(self) -> dict[str, Any]:
        return {
            "list": [asdict(cue) for cue in self.cues],
            "at": self.at,
            "left": round(self._left(), 2),
        }

    def close(self) -> None:
        """There is nothing to close."""

    def _over(self) -> bool:
        """Before the first cue there is nothing to wait for."""
        if not self.at:
            return bool(self.cues)
        ends = self.at == len(self.cues) and self._desk.values[LOOP] < 0.5
        return bool(self.cues[self.at - 1].hold) and not ends and self._left() <= 0

    def _left(self) -> float:
        """Seconds or beats, in the unit of the cue."""
        if not self.at:
            return 0.0
        cue = self.cues[self.at - 1]
        return max(cue.hold - self._held[cue.unit], 0.0)

    def _turned(self, number: int) -> None:
        """To 0, or to a cue that is not there: the knob goes back to where it was."""
        try:
            if number:
                self.go_to(number)
        finally:
            self._stand(self.at)

    def _step(self, places: int) -> None:
        if not self.cues:
            raise LookupError("there are no cues; /cue/add SCENE makes one")
        number = self.at + places
        if self._desk.values[LOOP] >= 0.5:
            number = (number - 1) % len(self.cues) + 1
        self.go_to(number)

    def _begin(self, at: int) -> None:
        self._stand(at)
        self._held = dict.fromkeys(UNITS, 0.0)

    def _stand(self, at: int) -> None:
        """Not by ``turn``, which would recall its scene again."""
        self.at = at
        self._desk.put({CUE: float(at)})

    def _index(self, number: float) -> int:
        index = round(number) - 1
        if not 0 <= index < len(self.cues):
            raise LookupError(f"no cue {number:g}; there are {len(self.cues)}")
        return index

    def _change(self, cues: Sequence[Cue]) -> None:
        data = as_json([asdict(cue) for cue in cues])
        self._do(lambda: keep(self._file, data))
        self.cues = list(cues)

    def _renamed(self, old: str, new: str) -> None:
        cues = [replace(cue, scene=new) if cue.scene == old else cue for cue in self.cues]
        if cues != self.cues:
            self._change(cues)


def _cues(found: Sequence[object]) -> Iterator[Cue]:
    for number, each in enumerate(found, 1):
        try:
            yield _cue(each)
        except (TypeError, ValueError) as error:
            log.error("cues.json: cue %d: %s", number, error)


def _cue(found: object) -> Cue:
    match found:
        case {"scene": str(scene), "hold": hold, "unit": "seconds" | "beats" as unit}:
            named(scene)
            return Cue(scene, _hold(as_number(hold)), cast(Unit, unit))
    raise ValueError(f"expected scene, hold and unit, received {str(found)[:60]}")


def _hold(asked: float) -> float:
    """0, or so long that it can be seen."""
    return min(max(asked, SHORTEST), LONGEST) if asked > 0 else 0.0
