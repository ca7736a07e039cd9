"""From one look to another, as if every knob were turned at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.bank import Moment
from engine.parameters import Choice, Kind, Numbered, Switch, Table

# What a strip dreams on and what a modulator moves, by what opens and closes them
OPENED_BY = {
    "layer": "gain",
    "channel": "gain",
    "target": "depth",
    "shape": "depth",
    "timing": "depth",
}

SLICES = 16  # of what a rate turns on its way: its knob's travel is curved


@dataclass(frozen=True, slots=True)
class Way:
    """``start``: a position; ``travel``: how far from there; ``end``: the value it ends at."""

    kind: Kind
    start: float
    travel: float
    end: float

    def at(self, arrived: float) -> float:
        """The value, exactly ``end`` at 1."""
        if arrived >= 1:
            return self.end
        position = self.start + arrived * self.travel
        if whole_turn(self.kind):
            position %= 1.0
        return self.kind.clamped(self.kind.at(position))


def whole_turn(kind: Kind) -> bool:
    """Whether a knob comes back to where it was, at the end of its travel."""
    return kind.unit == "degrees" and kind.high - kind.low == 360


class Morph:
    """What spins goes on from where it has turned to; where it is to stand still it slows down, and
    stops where it is to stand. ``first``: what cannot be between changes at once, so that it is
    dreamed for as long as possible, and a network that has to be loaded is asked for early; only
    what a strip or a modulator that closes is set to waits until it is closed."""

    def __init__(
        self,
        parameters: Table,
        start: Mapping[str, float],
        targets: Mapping[str, float],
        seconds: float,
        now: float,
        read: Callable[[], Moment],
    ) -> None:
        """``start``: where every knob stands. ``read``: the bank as it is, asked where something
        comes to rest."""
        self.first: dict[str, float] = {}
        self._parameters, self._read = parameters, read
        self._rests = {each: targets[each] for each in _resting(parameters, start, targets)}
        self._rested = 0.0  # how far
        self._began, self._seconds = now, seconds
        self._ways: dict[str, Way] = {}
        self._last: dict[str, float] = {}
        self._stands: dict[str, float] = {}
        for address, target in targets.items():
            if target == start[address] or address in self._rests:
                continue
            kind = parameters[address].kind
            if not isinstance(kind, (Choice, Numbered, Switch)):
                self._ways[address] = _way(kind, start[address], target)
            elif _closes(address, start, targets):
                self._last[address] = target
            else:
                self.first[address] = target

    def arrived(self, now: float) -> float:
        """0 at the start, 1 at the end."""
        return min((now - self._began) / self._seconds, 1.0) if self._seconds else 1.0

    def values(self, now: float) -> dict[str, float]:
        """What has moved since the last look."""
        arrived = self.arrived(now)
        found = {address: way.at(arrived) for address, way in self._ways.items()}
        moved = {each: at for each, at in found.items() if self._stands.get(each) != at}
        self._stands = found
        if arrived >= 1:
            return {**moved, **self._last, **self._rests}
        return {**moved, **self._slowing(now, arrived)} if self._rests else moved

    def turning(self, now: float) -> dict[str, float]:
        """What keeps, when it is set, what it has been turned by: nothing is added to that."""
        rested = self._rests if self.arrived(now) >= 1 else ()
        return {moved: 0.0 for moved in self._parameters.rates if moved not in rested}

    def rest(self, now: float) -> tuple[float, dict[str, float]]:
        """The seconds that are left, and where each ends."""
        ends = {address: way.end for address, way in self._ways.items()}
        return self._seconds * (1 - self.arrived(now)), {**ends, **self._last, **self._rests}

    def leave(self, address: str) -> None:
        """Somebody else turns this from now on."""
        self._ways.pop(address, None)
        self._last.pop(address, None)
        for moved, rate in self._parameters.rates.items():
            if address in (moved, rate):
                self._rests.pop(moved, None)

    def _slowing(self, now: float, arrived: float) -> dict[str, float]:
        """What has turned, and will still turn, counts; the rest of the way is the short one."""
        moment, found = self._read(), {}
        share = (arrived - self._rested) / (1 - self._rested)
        self._rested = arrived
        for moved, target in self._rests.items():
            kind, stands = self._parameters[moved].kind, moment[moved]
            goal = target - moment.turned(moved) - self._turn_left(moved, arrived)
            found[moved] = wrapped(kind, stands + share * _short(kind, goal - stands))
        return found

    def _turn_left(self, moved: str, arrived: float) -> float:
        """What will still be turned until the end."""
        way = self._ways.get(self._parameters.rates[moved])
        if way is None:
            return 0.0
        part = (1 - arrived) / SLICES
        speeds = [way.at(arrived + (each + 0.5) * part) for each in range(SLICES)]
        return sum(speeds) * part * self._seconds


def _way(kind: Kind, start: float, target: float) -> Way:
    position = kind.position(start)
    travel = kind.position(target) - position
    if whole_turn(kind):
        travel = (travel + 0.5) % 1.0 - 0.5
    return Way(kind, position, travel, target)


def _closes(address: str, start: Mapping[str, float], targets: Mapping[str, float]) -> bool:
    prefix, _, name = address.rpartition("/")
    if name not in OPENED_BY:
        return False
    level = f"{prefix}/{OPENED_BY[name]}"
    return start[level] != 0 and targets.get(level, start[level]) == 0


def _resting(
    parameters: Table, start: Mapping[str, float], targets: Mapping[str, float]
) -> list[str]:
    """What is to be set, and nothing turns any more at the end."""
    return [
        moved
        for moved, rate in parameters.rates.items()
        if moved in targets and targets.get(rate, start[rate]) == 0
    ]


def _short(kind: Kind, travel: float) -> float:
    """The way to the same place that is at most half a turn."""
    turn = kind.high - kind.low
    return (travel + turn / 2) % turn - turn / 2


def wrapped(kind: Kind, value: float) -> float:
    """Where ``value`` lies in the range of what goes round."""
    return kind.low + (value - kind.low) % (kind.high - kind.low)
