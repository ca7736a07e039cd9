"""Finds the one control that is moved on purpose."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from mappings.files.coding import CODINGS, INCREMENTS
from mappings.mapping import FINE, Control, ControlEvent

DELIBERATE = 1 / 4  # of a knob's travel
LEAP = 40  # of 127: a knob does not jump so far between two messages
# What keyboards and sequencers send by themselves: banks, the pedal, all notes off, and the parts
# of an NRPN
UNASKED = {0, 32, 64, 98, 99, 100, 101, *range(120, 128)}
LARGEST_STEP = 24  # of an endless knob that is turned by hand
STEPS = 4  # messages that an endless knob is known by,
REPEATS = 2  # so many of them the same as the one before: a knob that stands says nothing twice
FINE_MESSAGES = 3  # of the low half, for 14 bits

Known = Callable[[str], Collection[Control]]

# Where the steps of an endless knob lie, and what two such places, one for each way, are a sign of:
# the coding, and whether it is turned round so that the first of them is up
PLACES = {"low": range(1, 1 + LARGEST_STEP), "high": range(128 - LARGEST_STEP, 128)}
PLACES |= {"above": range(65, 65 + LARGEST_STEP), "below": range(64 - LARGEST_STEP, 64)}
SIGNS: dict[tuple[str, ...], tuple[str, bool]] = {
    ("low", "high"): ("twos complement", False),
    ("high", "low"): ("twos complement", True),
    ("high",): ("twos complement", True),
    ("above", "below"): ("bin offset", False),
    ("below", "above"): ("bin offset", True),
    ("below",): ("bin offset", True),
    ("low", "above"): ("signed bit", False),
    ("above", "low"): ("signed bit 2", False),
}


@dataclass(frozen=True, slots=True)
class Learnt:
    """The control that was moved. ``coding``: of an endless one, and ``first``, the steps that its
    first message meant; ``inverted``: the other way round, so that it was turned up first."""

    port: str
    control: Control
    button: bool = False
    coding: str = ""
    inverted: bool = False
    first: int = 0

    def __str__(self) -> str:
        turned = f", {self.coding}, first step {self.first:+d}" if self.coding else ""
        return f"{self.control} of {self.port}{turned}"


@dataclass(slots=True)
class Track:
    """What one control has sent. ``low``, ``high``: the ends of its travel since it last leapt;
    ``first``, ``last``: of seven bits, or steps; ``places``: those of its steps, in the order that
    they came, None where it has sent what is no step."""

    low: float = 1.0
    high: float = 0.0
    first: int = 0
    last: int = 0
    count: int = 0
    repeats: int = 0
    places: tuple[str, ...] | None = ()

    def add(self, position: float) -> None:
        sent = round(position * 127)
        if self.count and abs(sent - self.last) > LEAP:
            self.low = self.high = position
        self.low, self.high = min(self.low, position), max(self.high, position)
        self.repeats += self.count > 0 and sent == self.last
        self.count_in(sent)
        if self.places is not None:
            place = [name for name, steps in PLACES.items() if sent in steps]
            self.places = tuple(dict.fromkeys((*self.places, *place))) if place else None

    def count_in(self, sent: int) -> None:
        self.first = self.first if self.count else sent
        self.last = sent
        self.count += 1

    @property
    def travelled(self) -> bool:
        return self.high - self.low >= DELIBERATE

    @property
    def button(self) -> bool:
        """Pressed and let go, and nothing between."""
        both = (self.first, self.last)
        return self.count == 2 and min(both) == 0 and max(both) >= 64

    @property
    def endless(self) -> bool:
        return self.count >= STEPS and self.repeats >= REPEATS


class Lesson:
    """Hears everything, until one control was moved on purpose: a quarter of its travel, a press, a
    few steps of an endless knob. ``heard``: what moved last; ``hint``: what is to be done."""

    def __init__(self, known: Known) -> None:
        """``known``: the controls of a port that its mapping has. They are none that somebody's
        keyboard sends unasked, nor halves of others."""
        self.heard = ""
        self.hint = "move a control: a knob up, or press a button"
        self._known = known
        self._tracks: dict[tuple[str, Control], Track] = {}

    def hear(self, port: str, events: Sequence[ControlEvent]) -> Learnt | None:
        """``events``: what one message of ``port`` says."""
        wholes = [event for event in events if event.control.kind == "nrpn"]
        for event in wholes or events:
            if self._means(port, event.control):
                found = self._moved(port, event)
                if found:
                    return found
        return None

    def _means(self, port: str, control: Control) -> bool:
        unasked = control.kind == "cc" and control.name in UNASKED
        return not unasked or any(each.overlaps(control) for each in self._known(port))

    def _moved(self, port: str, event: ControlEvent) -> Learnt | None:
        control = event.control
        if control.kind in ("note", "program"):
            self.heard = f"{control} of {port}"
            return Learnt(port, control, button=True) if event.pressed else None
        track = self._tracks.setdefault((port, control), Track())
        if event.steps:
            self.heard = f"{control} of {port}: {event.steps:+g}"
            return self._incremented(port, control, track, event.steps)
        self.heard = f"{control} of {port}: {event.position:.0%}"
        track.add(event.position)
        return None if self._fine_of_another(port, control) else self._judged(port, control, track)

    def _incremented(
        self, port: str, control: Control, track: Track, steps: float
    ) -> Learnt | None:
        track.count_in(int(steps))
        if track.count < STEPS:
            return None
        inverted = track.first < 0
        return Learnt(port, control, coding=INCREMENTS, inverted=inverted, first=track.first)

    def _judged(self, port: str, control: Control, track: Track) -> Learnt | None:
        if control.kind == "cc":
            bits = 14 if self._fine(port, control) else 7
            if bits == 7 and track.button:
                return Learnt(port, control, button=True)
            if bits == 7 and track.repeats and track.places:
                return self._endless(port, control, track)
            control = Control("cc", control.name, control.channel, bits)
        return Learnt(port, control) if track.travelled else None

    def _endless(self, port: str, control: Control, track: Track) -> Learnt | None:
        """None until it is sure which coding it has."""
        if not track.endless or track.places is None:
            return None
        if track.places not in SIGNS:
            if len(track.places) == 1:
                self.hint = "a knob without end: now turn it back a little"
            return None
        coding, inverted = SIGNS[track.places]
        first = CODINGS[coding](track.first)
        return Learnt(port, control, coding=coding, inverted=inverted, first=first)

    def _fine(self, port: str, control: Control) -> bool:
        """Whether the low half of ``control`` is sent along."""
        if int(control.name) + FINE > 63:
            return False
        half = Control("cc", int(control.name) + FINE, control.channel)
        low, high = self._tracks.get((port, half)), self._tracks[port, control]
        if low is None or self._whole(port, half):
            return False
        return low.count >= max(FINE_MESSAGES, high.count // 2)

    def _fine_of_another(self, port: str, control: Control) -> bool:
        """Whether ``control`` is the low half of one that moves too."""
        if control.kind != "cc" or not FINE <= int(control.name) < 2 * FINE:
            return False
        high = Control("cc", int(control.name) - FINE, control.channel)
        return (port, high) in self._tracks and not self._whole(port, control)

    def _whole(self, port: str, control: Control) -> bool:
        """Whether the device is known to have a control of seven bits there."""
        return any(each.covers(control) for each in self._known(port))
