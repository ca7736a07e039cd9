"""What moves by itself: waves and levels that sway a parameter about where its knob stands."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from typing import Any, Protocol

from engine.parameters import Table
from installation.desk import PANIC, Desk
from installation.music.ear import Levels
from installation.settings import Modulator

REACH = 0.5 + 1e-9  # of the travel, at depth 1; the rest tips a switch that stands at its edge


class Beat(Protocol):
    """The music's. ``downbeat``: the beat that waves are counted from."""

    @property
    def downbeat(self) -> float: ...

    def beat(self, at: float) -> float: ...


class Heard(Protocol):
    @property
    def levels(self) -> Levels: ...


class Modulators:
    """Part of the control player. What they add is written beside the values, so that the knobs
    stay where they are on every surface. A wave in seconds begins when it comes into use, and a
    change of its rate does not make it jump; one in beats begins at the downbeat."""

    def __init__(self, parameters: Table, desk: Desk, music: Beat, sound: Heard) -> None:
        self._parameters = parameters
        self._desk = desk
        self._music = music
        self._sound = sound
        added = desk.read().sways.tolist()  # by a player before this one
        self._sways = {
            parameter.address: sway
            for parameter, sway in zip(parameters, added, strict=True)
            if sway
        }
        self._settings: tuple[Modulator, ...] | None = None  # None: turned since they were read
        self._waved: dict[int, float] = {}  # waves so far, by the modulator's number
        self._before: float | None = None
        self._moving: list[dict[str, Any]] = []
        desk.hear(self._turned)
        desk.act(PANIC, self._forget)

    def tick(self, now: float) -> None:
        elapsed = 0.0 if self._before is None else now - self._before
        self._before = now
        self._moving, pushes = [], dict[str, float]()
        self._settings = self._settings or self._desk.read().each(Modulator)
        for number, modulator in enumerate(self._settings, 1):
            if not modulator.target or not modulator.depth or modulator.mute:
                self._waved.pop(number, None)
                continue
            along = self._along(number, modulator, now, elapsed)
            push = along * modulator.depth * REACH
            pushes[modulator.target] = pushes.get(modulator.target, 0.0) + push
            self._note(number, modulator, along)
        self._sway({target: self._added(target, push) for target, push in pushes.items()})

    def figures(self) -> dict[str, Any]:
        return {"moving": self._moving}

    def close(self) -> None:
        """What is added stays: the next control player goes on with it."""

    def _turned(self, address: str, value: float) -> None:
        if address.startswith("/modulator/"):
            self._settings = None

    def _along(self, number: int, modulator: Modulator, now: float, elapsed: float) -> float:
        """Where it is, -1..1; a level is 0..1, so that silence leaves the knob alone."""
        levels = asdict(self._sound.levels)
        if modulator.shape in levels:
            return float(levels[modulator.shape])
        if modulator.timing == "beats":
            beats = self._music.beat(now) - self._music.downbeat
            waves = beats / float(Fraction(modulator.beats))
        else:
            waves = self._waved.get(number, -elapsed * modulator.rate) + elapsed * modulator.rate
            self._waved[number] = waves
        return SHAPE_OF[modulator.shape](waves + modulator.phase, number)

    def _note(self, number: int, modulator: Modulator, along: float) -> None:
        self._moving.append(
            {
                "modulator": number,
                "target": modulator.target,
                "shape": modulator.shape,
                "along": round(along, 3),
            }
        )

    def _added(self, target: str, push: float) -> float:
        """``push``: in knob's travels. The value between where the knob stands and where it is
        pushed."""
        kind, value = self._parameters[target].kind, self._desk.values[target]
        return kind.at(kind.position(value) + push) - value

    def _sway(self, sways: dict[str, float]) -> None:
        """Writes what has changed; what is moved no more is let go."""
        changed = {
            target: sway
            for target, sway in {**dict.fromkeys(self._sways, 0.0), **sways}.items()
            if sway != self._sways.get(target, 0.0)
        }
        if changed:
            self._desk.put({}, sways=changed)
        self._sways = sways

    def _forget(self, times: float) -> None:
        """Panic has let go of everything already."""
        self._sways.clear()
        self._waved.clear()


def _sine(waves: float, number: int) -> float:
    return math.sin(math.tau * waves)


def _triangle(waves: float, number: int) -> float:
    return 1 - 4 * abs((waves + 0.25) % 1 - 0.5)


def _saw(waves: float, number: int) -> float:
    return 2 * (waves % 1) - 1


def _square(waves: float, number: int) -> float:
    return 1.0 if waves % 1 < 0.5 else -1.0


def _held(waves: float, number: int) -> float:
    """Of each modulator and wave a place of its own, the same in every show: a take replays."""
    drawn = hashlib.blake2b(b"%d %d" % (number, math.floor(waves)), digest_size=4).digest()
    return int.from_bytes(drawn) / 2**31 - 1


def _random(waves: float, number: int) -> float:
    here, there = _held(waves, number), _held(waves + 1, number)
    return here + (there - here) * (1 - math.cos(math.pi * (waves % 1))) / 2


Shape = Callable[[float, int], float]

SHAPE_OF: dict[str, Shape] = {
    "sine": _sine,
    "triangle": _triangle,
    "saw": _saw,
    "square": _square,
    "random": _random,
    "held": _held,
}
