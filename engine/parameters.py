"""Declare a parameter once, as a field of a frozen settings class; every surface follows from it.

    @dataclass(frozen=True, slots=True)
    class Dream:
        amount: float = number(1.0, 0.0, 1.0, "How much of the dream is seen.")

Two words, never mixed: *position* 0..1 is where a knob stands; *value* is what it means, with a
unit. Every value is one float: a choice is the index of its option, a switch 0 or 1, a trigger the
count of times it was fired.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, cast

from engine.nearest import nearest, nearest_addresses

TRUE_WORDS = ("true", "on", "yes", "1")
FALSE_WORDS = ("false", "off", "no", "0")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a parameter accepts, and how a knob's travel maps to it. ``default``, ``low`` and
    ``high`` are values."""

    default: float
    low: float
    high: float
    doc: str
    unit: str = ""

    @property
    def expected(self) -> str:
        """What is accepted, in words: ``0 to 0.2 image units``."""
        return f"{self.low:g} to {self.high:g} {self.unit}".rstrip()

    def understood(self, received: object) -> float:
        """The number that ``received`` means, not yet clamped. Raises TypeError or ValueError."""
        return as_number(received)

    def clamped(self, value: float) -> float:
        """The nearest value there is."""
        return min(max(value, self.low), self.high)

    def at(self, position: float) -> float:
        """The value of a knob that stands at ``position``, 0..1 (clamped)."""
        return self.clamped(self.low + min(max(position, 0.0), 1.0) * (self.high - self.low))

    def position(self, value: float) -> float:
        """Where a knob stands, 0..1, for ``value``."""
        travel = self.high - self.low
        return (self.clamped(value) - self.low) / travel if travel else 0.0

    def decoded(self, value: float) -> float | int | bool | str:
        """The value as a settings field holds it."""
        return value

    @property
    def choices(self) -> tuple[float, ...]:
        """The values that buttons can choose from; empty where there is no end of them."""
        return ()


@dataclass(frozen=True, slots=True)
class Number(Kind):
    """A continuous value. ``curve`` > 1 gives the low end (or the middle, where the range is
    symmetric about 0) more of the knob's travel; ``moves`` names the field that this one, a rate
    per second, turns."""

    curve: float = 1.0
    moves: str = ""

    def at(self, position: float) -> float:
        position = min(max(position, 0.0), 1.0)
        if self.low == -self.high:
            return _bent(2 * position - 1, self.curve) * self.high
        return self.low + float(position**self.curve) * (self.high - self.low)

    def position(self, value: float) -> float:
        if self.low == -self.high:
            return (_bent(self.clamped(value) / self.high, 1 / self.curve) + 1) / 2
        travel = (self.clamped(value) - self.low) / (self.high - self.low)
        return float(travel ** (1 / self.curve))


def _bent(turn: float, curve: float) -> float:
    return math.copysign(abs(turn) ** curve, turn)


@dataclass(frozen=True, slots=True)
class Ratio(Kind):
    """A factor: equal turns of the knob multiply it equally. ``low`` > 0."""

    def at(self, position: float) -> float:
        return self.low * float((self.high / self.low) ** min(max(position, 0.0), 1.0))

    def position(self, value: float) -> float:
        return math.log(self.clamped(value) / self.low) / math.log(self.high / self.low)


@dataclass(frozen=True, slots=True)
class Whole(Kind):
    """A whole number; anything between is rounded. ``none``: the one that stands for none of them,
    which is no choice."""

    none: float | None = None

    @property
    def expected(self) -> str:
        return f"{self.low:g} to {self.high:g} {self.unit}".rstrip() + " (whole)"

    def clamped(self, value: float) -> float:
        return float(round(min(max(value, self.low), self.high)))

    def decoded(self, value: float) -> int:
        return int(value)

    @property
    def choices(self) -> tuple[float, ...]:
        there = map(float, range(int(self.low), int(self.high) + 1))
        return tuple(each for each in there if each != self.none)


@dataclass(frozen=True, slots=True)
class Numbered(Whole):
    """A whole number, some of which have names: the first of ``names`` (one or more) stands for
    1."""

    names: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        return f"{self.low:g} to {self.high:g} (whole), or a name, such as {self.names[0]}"

    def understood(self, received: object) -> float:
        if not isinstance(received, str):
            return as_number(received)
        word = received.strip().lower()
        if word in self.names:
            return 1.0 + self.names.index(word)
        try:
            return as_number(received)
        except ValueError as error:
            raise ValueError(f"{error}{nearest(word, self.names)}") from None


@dataclass(frozen=True, slots=True)
class Switch(Kind):
    """On or off; a number is on from 0.5."""

    @property
    def expected(self) -> str:
        return "true or false"

    def understood(self, received: object) -> float:
        if isinstance(received, str):
            word = received.strip().lower()
            if word in TRUE_WORDS or word in FALSE_WORDS:
                return float(word in TRUE_WORDS)
        return as_number(received)

    def clamped(self, value: float) -> float:
        return float(value >= 0.5)

    def decoded(self, value: float) -> bool:
        return value >= 0.5

    @property
    def choices(self) -> tuple[float, ...]:
        return (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Choice(Whole):
    """One of ``options``, by name or index. The knob's travel is shared out evenly."""

    options: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        return "one of " + ", ".join(self.options)

    def understood(self, received: object) -> float:
        if isinstance(received, str) and received in self.options:
            return float(self.options.index(received))
        return as_number(received)

    def decoded(self, value: float) -> str:  # type: ignore[override]  # a name, not its index
        return self.options[int(value)]


@dataclass(frozen=True, slots=True)
class Name(Choice):
    """One of many ``options``, or none of them: the empty name, 0."""

    @property
    def expected(self) -> str:
        return f"one of {len(self.options) - 1} names, such as {self.options[1]}, or nothing"

    def understood(self, received: object) -> float:
        if isinstance(received, str) and received not in self.options:
            raise ValueError(f"received {received!r}{nearest(received, self.options)}")
        return Choice.understood(self, received)


@dataclass(frozen=True, slots=True)
class Trigger(Kind):
    """Something that happens: fired by anything from 0.5 up, ignored below. Its value counts, so
    there is no position to come back to."""

    @property
    def expected(self) -> str:
        return "1 or nothing, to fire"

    def understood(self, received: object) -> float:
        return 1.0 if received is None else as_number(received)

    def clamped(self, value: float) -> float:
        return float(value >= 0.5)

    def position(self, value: float) -> float:
        return 0.0

    def decoded(self, value: float) -> int:
        return int(value)


def as_number(received: object) -> float:
    """A float of what came from outside. NaN and infinity are refused."""
    if not isinstance(received, (int, float, str)):
        raise TypeError(f"received {received!r}")
    try:
        value = float(received)
    except (ValueError, OverflowError):
        raise ValueError(f"received {received!r}") from None
    if not math.isfinite(value):
        raise ValueError(f"received {received!r}")
    return value


def number(
    default: float,
    low: float,
    high: float,
    doc: str,
    *,
    curve: float = 1.0,
    unit: str = "",
    moves: str = "",
) -> float:
    return cast(float, _field(default, Number(default, low, high, doc, unit, curve, moves)))


def ratio(default: float, low: float, high: float, doc: str, *, unit: str = "times") -> float:
    return cast(float, _field(default, Ratio(default, low, high, doc, unit)))


def whole(
    default: int, low: int, high: int, doc: str, *, unit: str = "", none: int | None = None
) -> int:
    return cast(int, _field(default, Whole(default, low, high, doc, unit, none)))


def numbered(default: int, low: int, high: int, names: Sequence[str], doc: str) -> int:
    kind = Numbered(default, low, high, doc, names=tuple(names))
    return cast(int, _field(default, kind))


def switch(doc: str) -> bool:
    """Off at the start."""
    return cast(bool, _field(False, Switch(0.0, 0.0, 1.0, doc)))


def choice(default: str, options: Sequence[str], doc: str) -> str:
    index, last = float(options.index(default)), float(len(options) - 1)
    return cast(str, _field(default, Choice(index, 0.0, last, doc, options=tuple(options))))


def name(options: Sequence[str], doc: str) -> str:
    """Empty at the start."""
    there = ("", *options)
    return cast(str, _field("", Name(0.0, 0.0, float(len(options)), doc, options=there)))


def trigger(doc: str) -> int:
    return cast(int, _field(0, Trigger(0.0, 0.0, 1.0, doc)))


def _field(default: object, kind: Kind) -> object:
    return field(default=default, metadata={"parameter": kind})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A kind at its address. ``index`` is its place in the bank."""

    address: str
    index: int
    kind: Kind

    def value(self, received: object) -> float:
        """What an OSC argument, a line of a file or a word means, clamped. Raises TypeError or
        ValueError with a sentence that names the parameter."""
        return self.kind.clamped(self._understood(received))

    def value_in_range(self, received: object) -> float:
        """As ``value``, but what lies outside the range is refused."""
        value = self._understood(received)
        if not self.kind.low <= value <= self.kind.high:
            raise ValueError(self._refusal(f"received {received!r}"))
        return self.kind.clamped(value)

    def _understood(self, received: object) -> float:
        try:
            return self.kind.understood(received)
        except (TypeError, ValueError) as error:
            raise type(error)(self._refusal(str(error))) from None

    def _refusal(self, received: str) -> str:
        return f"{self.address}: expected {self.kind.expected}, {received}"


@dataclass(frozen=True, slots=True)
class Group:
    """One settings object under an address: ``Group("/strip/3", Strip)``. ``defaults`` holds the
    values that differ from the class's own."""

    prefix: str
    settings: type[Any]
    defaults: Mapping[str, float] = field(default_factory=dict)


class Table:
    """Every parameter of the show, by address and by index."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = tuple(groups)
        self.parameters: tuple[Parameter, ...] = tuple(_parameters(groups))
        self._by_address = {parameter.address: parameter for parameter in self.parameters}
        self.rates: dict[str, str] = {  # by what they move
            f"{parameter.address.rpartition('/')[0]}/{parameter.kind.moves}": parameter.address
            for parameter in self.parameters
            if isinstance(parameter.kind, Number) and parameter.kind.moves
        }
        starts = {group.prefix: group.defaults for group in groups}
        self.defaults: tuple[float, ...] = tuple(
            starts[prefix].get(name, parameter.kind.default)
            for parameter in self.parameters
            for prefix, _, name in [parameter.address.rpartition("/")]
        )

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    def __contains__(self, address: str) -> bool:
        return address in self._by_address

    def __getitem__(self, address: str) -> Parameter:
        """Raises LookupError with the nearest names there are."""
        if address not in self._by_address:
            raise LookupError(self.unknown(address))
        return self._by_address[address]

    def unknown(self, address: str, beside: Iterable[str] = ()) -> str:
        """A sentence with the nearest addresses there are. ``beside``: what else has one."""
        there = nearest_addresses(address, [*self._by_address, *beside])
        return f"no parameter '{address}'{there}"


def _parameters(groups: Sequence[Group]) -> Iterator[Parameter]:
    index = 0
    for group in groups:
        for name, kind in kinds(group.settings).items():
            yield Parameter(f"{group.prefix}/{name}", index, kind)
            index += 1


def kinds(settings: type[Any]) -> dict[str, Kind]:
    """The declared parameters of a settings class, by field name, in order."""
    found = {}
    for each in fields(settings):
        if "parameter" in each.metadata:
            found[each.name] = cast(Kind, each.metadata["parameter"])
        elif each.default is MISSING:
            raise TypeError(f"{settings.__name__}.{each.name}: expected a declared parameter")
    return found
