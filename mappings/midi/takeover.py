"""How a knob takes hold of a parameter that stands elsewhere, so that nothing jumps.

The rule is Mixxx's (mixxxdj/mixxx: src/controllers/softtakeover.cpp): the parameter follows if the
knob is near it or was near it, if it lies between where the knob was and where it is now (so that a
fast sweep does not miss it), or if it followed a moment ago.
"""

import math
from dataclasses import dataclass

from engine.parameters import Kind
from mappings.mapping import Follow

NEAR = 3 / 128  # of the control's travel
SOON_SECONDS = 0.15


@dataclass(frozen=True, slots=True)
class Waiting:
    """A control that does not hold its parameter yet. Both are positions of the parameter, 0..1:
    where it stands, and where the control would put it."""

    address: str
    position: float
    control: float


class Grip:
    """One control's hold on the parameter that it follows."""

    def __init__(self, follow: Follow, kind: Kind) -> None:
        self._follow = follow
        self._kind = kind
        self._along: float | None = None  # where the control stands, 0..1, if that is known
        self._held_at = -math.inf
        self._exact = 0.0  # where a scaled move has got to, which whole numbers would round
        self._ignored = False

    def let_go(self) -> None:
        """What the control says next is the first that is known of it."""
        self._along, self._held_at, self._ignored = None, -math.inf, False

    def moved(self, along: float, value: float, now: float) -> float | None:
        """The control moved to ``along``, 0..1, and the parameter stands at ``value``: the position
        that the parameter follows to, None where it does not. ``now``: seconds."""
        before, self._along = self._along, along
        takes = self._follow.takeover == "jump" or self._takes(before, along, value, now)
        self._ignored = not takes
        if takes:
            self._held_at = now
            return self._follow.stands(along)
        if self._follow.takeover == "scaled" and before is not None:
            return self._scaled(before, along, value)
        return None

    def waiting(self, value: float) -> Waiting | None:
        """None where the control has not moved, or takes hold as soon as it moves."""
        if not self._ignored or self._along is None or self._near(self._along, value):
            return None
        stands = self._follow.stands(self._along)
        return Waiting(self._follow.address, self._kind.position(value), stands)

    def _takes(self, before: float | None, along: float, value: float, now: float) -> bool:
        if self._near(along, value) or now - self._held_at <= SOON_SECONDS:
            return True
        if before is None:
            return False
        there = self._reached(value)
        return self._near(before, value) or (before - there) * (along - there) < 0

    def _near(self, along: float, value: float) -> bool:
        """Also where going there would change nothing."""
        same = self._kind.at(self._follow.stands(along)) == value
        return same or abs(along - self._reached(value)) <= NEAR

    def _reached(self, value: float) -> float:
        return self._follow.reached(self._kind.position(value))

    def _scaled(self, before: float, along: float, value: float) -> float:
        """As far along the rest of the parameter's way to the end as the control went of its own
        rest: they meet there."""
        unrounded = self._kind.at(self._follow.stands(self._exact)) == value
        there = self._exact if unrounded else self._reached(value)
        if along > before:
            there += (1 - there) * (along - before) / (1 - before)
        elif along < before:
            there -= there * (before - along) / before
        self._exact = there
        return self._follow.stands(there)
