"""Holds the wished frame rate: fewer steps a frame where the machine is slow, then a smaller
picture."""

from dataclasses import dataclass

SHARES = (1.0, 0.87, 0.75, 0.65, 0.56, 0.5)  # of the picture's sides
USED = 0.9  # of a frame's time may be planned for
AMPLE = 0.75  # of a frame's time: what would take less than this may be tried
HASTE = 0.25  # seconds that an effort must be too much before it is lowered
PATIENCE = 2.0  # seconds that there must be room before it is raised
MOST_PATIENCE = 64.0
SETTLING = 0.1  # how much of the newest frame goes into what a step is thought to cost


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
    time that more was tried and was too much, the next trial is put off for twice as long."""

    def __init__(self) -> None:
        self._level = 0
        self._cost = 0.0  # seconds of a whole frame for each piece of work
        self._since: float | None = None  # when another level was first wished for
        self._patience = PATIENCE
        self._raised = False  # whether the last change was to more work

    def spent(self, seconds: float, effort: Effort) -> None:
        """What a frame of ``effort`` took."""
        cost = seconds / effort.work
        self._cost += (cost - self._cost) * (SETTLING if self._cost else 1.0)

    def effort(self, there: list[Effort], allowed: float, now: float) -> Effort:
        """For the next frame, which may take ``allowed`` seconds. ``there``: by ``efforts``."""
        self._level = min(self._level, len(there) - 1)
        fitting = self._first(there, USED * allowed)
        ample = self._first(there, AMPLE * allowed)
        if fitting > self._level:
            if self._waited(HASTE, now):
                self._lower(fitting)
        elif ample < self._level:
            if self._waited(self._patience, now):
                self._raise()
        else:
            self._since = None
        return there[self._level]

    def _first(self, there: list[Effort], seconds: float) -> int:
        """The first level that takes no longer, else the last."""
        fitting = (n for n, each in enumerate(there) if self._cost * each.work <= seconds)
        return next(fitting, len(there) - 1)

    def _waited(self, seconds: float, now: float) -> bool:
        self._since = now if self._since is None else self._since
        return now - self._since >= seconds

    def _lower(self, level: int) -> None:
        if self._raised:
            self._patience = min(2 * self._patience, MOST_PATIENCE)
        self._level, self._since, self._raised = level, None, False

    def _raise(self) -> None:
        self._level, self._since, self._raised = self._level - 1, None, True
