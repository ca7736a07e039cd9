"""What a control asks of a parameter, whoever sends it: a fader, a packet, a key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.parameters import Table, Trigger, as_number

RECALL = "/scene/recall"  # a program change turns it, too; a surface shows names on it
CUE = "/cue/at"

How = Literal["value", "position", "plus", "minus", "times", "toggle", "nudge"]


class Standing(Protocol):
    """Where the parameters stand, by address."""

    def __getitem__(self, address: str, /) -> float: ...


@dataclass(frozen=True, slots=True)
class Turn:
    """``amount``: what was received, not yet understood: a number, a word, None to fire. ``nudge``
    adds it to the position, ``plus`` to the value."""

    address: str
    amount: float | str | None = None
    how: How = "value"


def settled(turn: Turn, table: Table, now: Standing) -> float:
    """The value that ``turn`` leads to from where the parameter stands. Raises LookupError,
    TypeError or ValueError with a sentence for the log."""
    parameter = table[turn.address]
    if isinstance(parameter.kind, Trigger):
        return parameter.value(turn.amount)
    current = now[turn.address]
    match turn.how:
        case "value":
            return parameter.value(turn.amount)
        case "position":
            return parameter.kind.at(_plain(turn))
        case "nudge":
            return parameter.kind.at(parameter.kind.position(current) + _plain(turn))
        case "plus":
            return parameter.kind.clamped(current + _plain(turn))
        case "minus":
            return parameter.kind.clamped(current - _plain(turn))
        case "times":
            return parameter.kind.clamped(current * _plain(turn))
        case "toggle":
            return parameter.kind.low if current > parameter.kind.low else parameter.kind.high


def _plain(turn: Turn) -> float:
    try:
        return as_number(turn.amount)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{turn.address}: expected a number to turn it by, {error}") from None


ControlKind = Literal["cc", "note", "key", "bend", "nrpn", "program"]
FINE = 32  # a controller of 14 bits sends its low seven by the number that is so much higher


@dataclass(frozen=True, slots=True)
class Control:
    """One knob, pad or key. ``name``: its number (0 for the pitch bend), or what the key is called;
    of a program counted on over the banks. ``channel``: 1..16; None is any. ``bits``: 14 where a
    control change and the one ``FINE`` above it are one knob."""

    kind: ControlKind
    name: int | str
    channel: int | None = None
    bits: int = 7

    def covers(self, other: "Control") -> bool:
        same = (self.kind, self.name, self.bits) == (other.kind, other.name, other.bits)
        return same and self.channel in (None, other.channel)

    def overlaps(self, other: "Control") -> bool:
        """Whether some message would move both."""
        channels = None in (self.channel, other.channel) or self.channel == other.channel
        return self.kind == other.kind and channels and bool(self._numbers & other._numbers)

    @property
    def _numbers(self) -> set[int | str]:
        return {self.name, int(self.name) + FINE} if self.bits == 14 else {self.name}

    def __str__(self) -> str:
        spoken = {"cc": f"CC {self.name}", "key": str(self.name), "bend": "pitch bend"}
        kind = "NRPN" if self.kind == "nrpn" else self.kind
        bits = " with 14 bits" if self.bits == 14 else ""
        where = "" if self.channel is None else f" (channel {self.channel})"
        return spoken.get(self.kind, f"{kind} {self.name}") + bits + where


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """A control that moved. ``position``: 0..1; a button is 1 while it is held. ``steps``: how far
    an endless control says that it was turned; its position means nothing."""

    control: Control
    position: float
    steps: float = 0.0

    @property
    def pressed(self) -> bool:
        """A note at any velocity; anything else from the middle up (CC 64)."""
        return self.position > 0 if self.control.kind == "note" else self.position >= 0.5


Takeover = Literal["jump", "pickup", "scaled"]
TRAVEL = 128  # steps of an endless control over a parameter's whole travel, unless it says so


@dataclass(frozen=True, slots=True)
class Follow:
    """The parameter stands where the control stands, between the positions ``start`` and ``end``.
    ``held``: only the ends count, pressed or not. ``curve`` > 1 gives the start more of the
    control's travel; ``smoothing``: seconds that the parameter takes to get there; ``takeover``:
    how the control takes hold of a parameter that stands elsewhere."""

    address: str
    start: float
    end: float
    held: bool
    curve: float = 1.0
    smoothing: float = 0.0
    takeover: Takeover = "jump"

    def turns(self, event: ControlEvent) -> list[Turn]:
        if event.steps:
            return [Turn(self.address, event.steps / TRAVEL * (self.end - self.start), "nudge")]
        along = float(event.pressed) if self.held else event.position
        return [Turn(self.address, self.stands(along), "position")]

    def stands(self, along: float) -> float:
        """The parameter's position where the control stands at ``along``, 0..1."""
        return self.start + float(along**self.curve) * (self.end - self.start)

    def reached(self, position: float) -> float:
        """Where the control would stand, 0..1, for a parameter at ``position``: at its nearest end
        if it cannot reach so far."""
        if self.start == self.end:
            return 0.0
        along = (position - self.start) / (self.end - self.start)
        return float(min(max(along, 0.0), 1.0) ** (1 / self.curve))


@dataclass(frozen=True, slots=True)
class Press:
    """The same turn at each press; nothing at the release."""

    turn: Turn

    @property
    def address(self) -> str:
        return self.turn.address

    def turns(self, event: ControlEvent) -> list[Turn]:
        return [self.turn] if event.pressed else []


class Coding(Protocol):
    """How an endless control writes its steps."""

    def __call__(self, sent: int, /) -> int:
        """``sent``: 0..127. Steps, up is positive."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """An endless control: each of its steps turns the parameter by ``amount``, of its value
    (``plus``) or of its travel (``nudge``). ``stepped``: the parameter takes whole numbers only, so
    that what is left over waits for the next step."""

    address: str
    coding: Coding
    amount: float
    how: Literal["plus", "nudge"]
    stepped: bool = False

    def steps(self, event: ControlEvent) -> float:
        return event.steps or self.coding(round(event.position * 127))

    def turns(self, event: ControlEvent) -> list[Turn]:
        return [Turn(self.address, self.steps(event) * self.amount, self.how)]


Action = Follow | Press | Encoder


@dataclass(frozen=True, slots=True)
class Light:
    """Where a device shows how far something is turned: a lamp, a ring, a fader with a motor. It is
    told as ``control`` would tell it, ``off`` to ``on``."""

    control: Control
    on: int
    off: int


@dataclass(frozen=True, slots=True)
class Row:
    """One control, what it does, and what that is called: ``up: folds +1``. ``light``: None where
    the device shows nothing."""

    control: Control
    label: str
    action: Action
    light: Light | None = None

    def __str__(self) -> str:
        return f"{self.control}: {self.label}"


@dataclass(frozen=True, slots=True)
class Mapping:
    """The controls of one device. ``ports``: what its port's name contains; ``*`` is any port that
    no other mapping claims. ``source``: where the numbers come from. ``alone``: no other mapping of
    the port is heard beside this one. ``hello``: the messages, in bytes, that the device is sent
    when it is plugged in."""

    name: str
    ports: tuple[str, ...]
    source: str
    rows: tuple[Row, ...]
    alone: bool = False
    hello: tuple[tuple[int, ...], ...] = ()

    def turns(self, event: ControlEvent) -> list[Turn]:
        """What ``event`` asks for; empty where it is mapped to nothing."""
        return [turn for row in self.covering(event.control) for turn in row.action.turns(event)]

    def covering(self, control: Control) -> list[Row]:
        """What ``control`` does."""
        return [row for row in self.rows if row.control.covers(control)]

    def claims(self, port: str) -> bool:
        """Whether ``port`` is named, not counting ``*``."""
        return self.closeness(port) > 0

    def closeness(self, port: str) -> int:
        """How many letters of ``port`` are named; 0 for ``*``, -1 where the mapping is for others
        only."""
        named = [name for name in self.ports if name != "*" and name.lower() in port.lower()]
        return max(map(len, named), default=0 if "*" in self.ports else -1)

    def over(self, lower: "Mapping") -> "Mapping":
        """Both, where the controls that this one names do what it says."""
        if self.alone:
            return self
        mine = [row.control for row in self.rows]
        rest = [row for row in lower.rows if not any(row.control.overlaps(each) for each in mine)]
        rows, ports = (*self.rows, *rest), (*self.ports, *lower.ports)
        return Mapping(self.name, ports, self.source, rows, lower.alone, self.hello or lower.hello)


def mapping_for(port: str, mappings: Sequence[Mapping]) -> Mapping | None:
    """The one that names ``port`` most exactly, of several the last; None where all are for others
    only."""
    there = [mapping for mapping in reversed(mappings) if mapping.closeness(port) >= 0]
    return max(there, key=lambda mapping: mapping.closeness(port), default=None)
