"""What a control asks of a parameter, whoever sends it: a fader, a packet, a key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.parameters import Table, Trigger, as_number

How = Literal["value", "position", "plus", "minus", "times", "toggle"]


class Standing(Protocol):
    """Where the parameters stand, by address."""

    def __getitem__(self, address: str, /) -> float: ...


@dataclass(frozen=True, slots=True)
class Turn:
    """``amount``: what was received, not yet understood: a number, a word, None to fire."""

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


ControlKind = Literal["cc", "note", "key"]


@dataclass(frozen=True, slots=True)
class Control:
    """One knob, pad or key. ``name``: its number, or what the key is called. ``channel``: 1..16;
    None is any."""

    kind: ControlKind
    name: int | str
    channel: int | None = None

    def covers(self, other: "Control") -> bool:
        same = (self.kind, self.name) == (other.kind, other.name)
        return same and self.channel in (None, other.channel)

    def __str__(self) -> str:
        spoken = {"cc": f"CC {self.name}", "note": f"note {self.name}", "key": str(self.name)}
        where = "" if self.channel is None else f" (channel {self.channel})"
        return spoken[self.kind] + where


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """A control that moved. ``position``: 0..1; a button is 1 while it is held."""

    control: Control
    position: float

    @property
    def pressed(self) -> bool:
        """A note at any velocity; anything else from the middle up (CC 64)."""
        return self.position > 0 if self.control.kind == "note" else self.position >= 0.5


@dataclass(frozen=True, slots=True)
class Follow:
    """The parameter stands where the control stands, between the positions ``start`` and ``end``.
    ``held``: only the ends count, pressed or not."""

    address: str
    start: float
    end: float
    held: bool

    def turns(self, event: ControlEvent) -> list[Turn]:
        along = float(event.pressed) if self.held else event.position
        return [Turn(self.address, self.start + along * (self.end - self.start), "position")]


@dataclass(frozen=True, slots=True)
class Press:
    """The same turn at each press; nothing at the release."""

    turn: Turn

    @property
    def address(self) -> str:
        return self.turn.address

    def turns(self, event: ControlEvent) -> list[Turn]:
        return [self.turn] if event.pressed else []


Action = Follow | Press


@dataclass(frozen=True, slots=True)
class Row:
    """One control, what it does, and what that is called: ``up: folds +1``."""

    control: Control
    label: str
    action: Action

    def __str__(self) -> str:
        return f"{self.control}: {self.label}"


@dataclass(frozen=True, slots=True)
class Mapping:
    """The controls of one device. ``ports``: what its port's name contains; ``*`` is any port that
    no other mapping claims. ``source``: where the numbers come from."""

    name: str
    ports: tuple[str, ...]
    source: str
    rows: tuple[Row, ...]

    def turns(self, event: ControlEvent) -> list[Turn]:
        """What ``event`` asks for; empty where it is mapped to nothing."""
        rows = (row for row in self.rows if row.control.covers(event.control))
        return [turn for row in rows for turn in row.action.turns(event)]

    def claims(self, port: str) -> bool:
        """Whether ``port`` is named, not counting ``*``."""
        return any(name != "*" and name.lower() in port.lower() for name in self.ports)


def mapping_for(port: str, mappings: Sequence[Mapping]) -> Mapping | None:
    """The last mapping that claims ``port``, else the last one for any port, else None."""
    claiming = [mapping for mapping in mappings if mapping.claims(port)]
    anything = [mapping for mapping in mappings if "*" in mapping.ports]
    return next(reversed(claiming or anything), None)
