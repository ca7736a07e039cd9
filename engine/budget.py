"""Holds the wished frame rate: fewer steps a frame where the machine is slow, then a smaller
picture."""

import math
from collections import deque
from dataclasses import dataclass

SHARES = (1.0, 0.87, 0.75, 0.65, 0.56, 0.5)  # of the picture's sides
TOO_MUCH = 0.95  # of a frame's time
PLANNED = 0.85  # of a frame's time, by what is changed to
HASTE = 0.25  # seconds that an effort must be too much before it is lowered
PATIENCE = 2.0  # seconds that there must be room before it is raised
MOST_PATIENCE = 64.0
FRAMES = 16  # of which the usual one is made
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Effort:
    """``share``: of the picture's sides. ``units``: octave steps a frame."""

    share: float
    units: int

    @property
    def work(self) -> float:
        return self.share**2 * self.units


def efforts(units: int, fix_units: bool, fix_share: bool) -> list[Effort]:
    """The most work first. ``units``: all that are wished for."""
    fewest = units if fix_units else 1
    spread = [Effort(1.0, count) for count in range(units, fewest - 1, -1)]
    smaller = [] if fix_share else [Effort(share, fewest) for share in SHARES[1:]]
    return spread + smaller


class Budget:
    """One change at a time, and only after a while: an effort that comes and goes is seen. Each
    time that more was tried and was too much, the next trial is put off for twice as long, until
    all has been well for longer than the longest time."""

    def __init__(self) -> None:
        self._there: list[Effort] = []
        self._here = Effort(1.0, 1)
        self._frames: deque[float] = deque(maxlen=FRAMES)  # seconds, all of the effort of now
        self._way, self._since = 0, 0.0  # to the effort that is wished for; -1 is more work
        self._patience = PATIENCE
        self._raised = False  # whether the last change was to more work
        self._changed_at = -math.inf

    def spent(self, seconds: float, effort: Effort) -> None:
        """What a frame of ``effort`` took."""
        if effort == self._here:
            self._frames.append(seconds)

    def effort(self, there: list[Effort], allowed: float, now: float) -> Effort:
        """For the next frame, which may take ``allowed`` seconds. ``there``: by ``efforts``."""
        if there != self._there:
            self._take(self._kept(there, allowed))
            self._there = there
        level = there.index(self._here)
        wanted = self._wanted(level, allowed)
        way = (wanted > level) - (wanted < level)
        if way != self._way:
            self._way, self._since = way, now
        if way and now - self._since >= (HASTE if way > 0 else self._patience):
            self._learn(way < 0, now)
            self._take(there[wanted])
        return self._here

    def _kept(self, there: list[Effort], allowed: float) -> Effort:
        """Of another list. What was less than all that was wished for stays, if it is there."""
        if self._there and self._here != self._there[0] and self._here in there:
            return self._here
        return there[self._first(there, PLANNED * allowed)]

    def _wanted(self, level: int, allowed: float) -> int:
        """Up to half of what a frame takes may be work that does not grow: what is ample by that
        is tried, one level at a time."""
        there, seconds = self._there, self._usual()
        if seconds > TOO_MUCH * allowed:
            return max(level, self._first(there, PLANNED * allowed))
        if not seconds or not level:
            return level
        grown = there[level - 1].work / self._here.work
        if seconds * (1 + grown) / 2 > PLANNED * allowed:
            return level
        return min(level - 1, self._first(there, PLANNED * allowed))

    def _first(self, there: list[Effort], seconds: float) -> int:
        """The first level that takes no longer, if time grows as work; else the last."""
        cost = self._usual() / self._here.work
        fitting = (n for n, each in enumerate(there) if cost * each.work <= seconds)
        return next(fitting, len(there) - 1)

    def _usual(self) -> float:
        """Seconds of a frame, the longest one left out; 0 where too few are known."""
        if len(self._frames) < FEWEST:
            return 0.0
        return (sum(self._frames) - max(self._frames)) / (len(self._frames) - 1)

    def _learn(self, raised: bool, now: float) -> None:
        if now - self._changed_at > 2 * MOST_PATIENCE:
            self._patience = PATIENCE
        elif self._raised and not raised:
            self._patience = min(2 * self._patience, MOST_PATIENCE)
        self._raised, self._changed_at = raised, now

    def _take(self, effort: Effort) -> None:
        if effort != self._here:
            self._frames.clear()
        self._here = effort
