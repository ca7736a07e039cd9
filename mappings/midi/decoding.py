"""MIDI messages, put together to what was moved.

A knob of 14 bits is two control changes, an NRPN (a parameter of the maker's own) up to four, and a
program has a bank that was said before. (MIDI 1.0 Detailed Specification, 4.2.1, pages 11 to 18.)
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from mappings.mapping import FINE, Control, ControlEvent

BANK, BANK_FINE = 0, 32
DATA, DATA_FINE = 6, 38
MORE, LESS = 96, 97
NRPN_FINE, NRPN, RPN_FINE, RPN = 98, 99, 100, 101
NOTHING = 127 * 128 + 127  # the NRPN that is none
TOGETHER_SECONDS = 0.01  # between two halves of one value

Halved = tuple[int, int]  # a channel, and the number of a control change of 14 bits


class Halves:
    """A value of 14 bits that arrives in two halves, in either order. The high half alone is a
    place too, and clears the low one; the low half alone refines."""

    def __init__(self) -> None:
        self._high: int | None = None
        self._low = 0
        self._both = False  # a low half was ever heard
        self._awaited = False  # the high half has come without its low one
        self._early_at = -math.inf  # when a low half came that was not awaited

    @property
    def position(self) -> float:
        """0..1. The high half alone reaches both ends too."""
        assert self._high is not None
        return (self._high * 128 + self._low) / 16383 if self._both else self._high / 127

    def high(self, sent: int, at: float) -> float:
        early = at - self._early_at <= TOGETHER_SECONDS
        self._high, self._low = sent, self._low if early else 0
        self._early_at, self._awaited = -math.inf, not early
        return self.position

    def low(self, sent: int, at: float) -> float | None:
        """None while there is nothing to refine."""
        self._low, self._both = sent, True
        self._early_at = -math.inf if self._awaited else at
        self._awaited = False
        return None if self._high is None else self.position


@dataclass(slots=True)
class Channel:
    """What one channel has said that later messages refer to. ``chosen``: the high and the low half
    of the NRPN that data means; None where an RPN, or nothing yet, is chosen."""

    bank: list[int] = field(default_factory=lambda: [0, 0])
    chosen: list[int | None] = field(default_factory=lambda: [None, None])

    @property
    def nrpn(self) -> int | None:
        high, low = self.chosen
        number = None if high is None or low is None else high * 128 + low
        return None if number == NOTHING else number


class Decoder:
    """Hears one port. What is part of a larger value is heard as the plain control change too,
    after it: a device may use the number for a knob of its own."""

    def __init__(self) -> None:
        self._channels = {number: Channel() for number in range(1, 17)}
        self._halves: dict[Control, Halves] = {}

    def events(
        self, message: Sequence[int], at: float, halved: Collection[Halved] = ()
    ) -> list[ControlEvent]:
        """What moved. ``message``: its bytes; ``at``: seconds; ``halved``: the control changes that
        are knobs of 14 bits."""
        channel = (message[0] & 0x0F) + 1
        match message[0] & 0xF0, *message[1:]:
            case 0xB0, number, value:
                return self._changed(channel, number, value, at, halved)
            case 0x90, note, velocity:
                return [ControlEvent(Control("note", note, channel), velocity / 127)]
            case 0x80, note, _:
                return [ControlEvent(Control("note", note, channel), 0.0)]
            case 0xE0, low, high:
                return [ControlEvent(Control("bend", 0, channel), _bent(high * 128 + low))]
            case 0xC0, program:
                high, low = self._channels[channel].bank
                number = (high * 128 + low) * 128 + program
                return [ControlEvent(Control("program", number, channel), 1.0)]
        return []

    def _changed(
        self, channel: int, number: int, value: int, at: float, halved: Collection[Halved]
    ) -> list[ControlEvent]:
        if (channel, number) in halved:
            whole = Control("cc", number, channel, bits=14)
            return [ControlEvent(whole, self._halves_of(whole).high(value, at))]
        if (channel, number - FINE) in halved:
            whole = Control("cc", number - FINE, channel, bits=14)
            return _refined(whole, self._halves_of(whole).low(value, at))
        plain = ControlEvent(Control("cc", number, channel), value / 127)
        return [*self._meant(channel, number, value, at), plain]

    def _meant(self, channel: int, number: int, value: int, at: float) -> list[ControlEvent]:
        """Notes what is chosen; what moved where it is data for that."""
        said = self._channels[channel]
        if number in (BANK, BANK_FINE):
            said.bank[number == BANK_FINE] = value
        elif number in (NRPN, NRPN_FINE):
            said.chosen[number == NRPN_FINE] = value
        elif number in (RPN, RPN_FINE):
            said.chosen = [None, None]
        elif said.nrpn is not None and number in (DATA, DATA_FINE, MORE, LESS):
            return self._data(Control("nrpn", said.nrpn, channel), number, value, at)
        return []

    def _data(self, control: Control, number: int, value: int, at: float) -> list[ControlEvent]:
        if number == DATA:
            return [ControlEvent(control, self._halves_of(control).high(value, at))]
        if number == DATA_FINE:
            return _refined(control, self._halves_of(control).low(value, at))
        return [ControlEvent(control, 0.0, steps=1.0 if number == MORE else -1.0)]

    def _halves_of(self, control: Control) -> Halves:
        return self._halves.setdefault(control, Halves())


def _refined(control: Control, position: float | None) -> list[ControlEvent]:
    return [] if position is None else [ControlEvent(control, position)]


def _bent(value: int) -> float:
    """8192, where the wheel rests, is the exact middle."""
    return value / 16384 if value <= 8192 else 0.5 + (value - 8192) / 16382
