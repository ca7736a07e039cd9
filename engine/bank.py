"""The live value of every parameter, readable from every process, written by one."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from engine.frame import Array, Slot
from engine.parameters import Kind, Number, Parameter, Table, Trigger, kinds

Settings = TypeVar("Settings")

# Rows: where the knob stands; what a rate turned until it last changed; when that was; what a
# modulator adds
VALUE, TURNED, SINCE, SWAY = ROWS = range(4)


class Moment:
    """Every value at one instant: consistent, and not moving any more."""

    def __init__(self, table: Table, rows: Array, now: float) -> None:
        self.table = table
        self.now = now
        self._rows = rows

    @classmethod
    def still(cls, table: Table, values: Sequence[float]) -> "Moment":
        """``values`` in the order of the table, and nothing that moves."""
        rows = np.zeros((len(ROWS), len(values)))
        rows[VALUE] = values
        return cls(table, rows, 0.0)

    def __getitem__(self, address: str) -> float:
        """Where the knob stands."""
        return float(self._rows[VALUE, self.table[address].index])

    def played(self, address: str) -> float:
        """The value that is played: where the knob stands, and what a modulator adds."""
        parameter = self.table[address]
        value, sway = self._rows[(VALUE, SWAY), parameter.index].tolist()
        return _played(parameter.kind, value, sway)

    @property
    def values(self) -> Array:
        """Where every knob stands, in the order of the table."""
        values: Array = self._rows[VALUE]
        return values

    @property
    def sways(self) -> Array:
        """What modulators add to each."""
        sways: Array = self._rows[SWAY]
        return sways

    def turned(self, address: str) -> float:
        """What a rate has turned this field by, since the field was last set."""
        if address not in self.table.rates:
            return 0.0
        rate = self.table[self.table.rates[address]]
        value, before, since, sway = self._rows[:, rate.index].tolist()
        return float(before + _played(rate.kind, value, sway) * (self.now - since))

    def of(self, settings: type[Settings]) -> Settings:
        """The settings of the one group of this class."""
        (only,) = self.each(settings)
        return only

    def each(self, settings: type[Settings]) -> tuple[Settings, ...]:
        """The settings of every group of this class, in order."""
        return tuple(
            self._settings(group.prefix, settings)
            for group in self.table.groups
            if group.settings is settings
        )

    def _settings(self, prefix: str, settings: type[Settings]) -> Settings:
        found: dict[str, Any] = {}
        turned: dict[str, float] = {}
        first = self.table[f"{prefix}/{next(iter(kinds(settings)))}"].index
        for index, (name, kind) in enumerate(kinds(settings).items(), first):
            value, before, since, sway = self._rows[:, index].tolist()
            value = _played(kind, value, sway)
            found[name] = kind.decoded(value)
            if isinstance(kind, Number) and kind.moves:
                turned[kind.moves] = before + value * (self.now - since)
        for name, turn in turned.items():
            low, high = kinds(settings)[name].low, kinds(settings)[name].high
            found[name] = low + (found[name] + turn - low) % (high - low)
        return settings(**found)


class Bank:
    """``read`` from anywhere; ``write`` from the one player that owns it. A rate (a spin) is stored
    with what it has turned so far, so that every reader sees the same angle at the same instant and
    a change of speed never jumps."""

    def __init__(self, table: Table, slot: Slot) -> None:
        self.table = table
        self._slot = slot

    @property
    def sequence(self) -> int:
        """Counts the writes."""
        return self._slot.sequence

    def read(self, now: float | None = None) -> Moment:
        """``now``: ``time.monotonic()`` seconds at which the rates are looked at."""
        return Moment(self.table, self._rows(), time.monotonic() if now is None else now)

    def start(
        self, values: Sequence[float], fired: Sequence[str] = (), now: float | None = None
    ) -> None:
        """Every value at once, the rates' angles back at zero. Triggers keep their counts; those
        in ``fired`` fire."""
        now = time.monotonic() if now is None else now
        rows = np.zeros((len(ROWS), len(values)))
        rows[VALUE], rows[SINCE] = values, now
        if self.sequence:
            triggers = [isinstance(parameter.kind, Trigger) for parameter in self.table]
            rows[VALUE, triggers] = self._rows()[VALUE, triggers]
        for address in fired:
            rows[VALUE, self.table[address].index] += 1
        self._slot.publish(rows, now)

    def write(
        self,
        values: Mapping[str, float],
        now: float | None = None,
        sways: Mapping[str, float] | None = None,
        turning: Mapping[str, float] | None = None,
    ) -> None:
        """Sets all of ``values`` (by address, already clamped) in one instant; a trigger's value
        is the number of times to fire it. What a rate has turned is forgotten where the field that
        it moves is set, unless that is in ``turning``, with what is added to the turn. ``sways``:
        what is added to where the knobs stand, from now on."""
        now = time.monotonic() if now is None else now
        rows = self._rows()
        for address in {**values, **(sways or {})}:
            self._settle(rows, self.table[address], now)
        for address, value in values.items():
            parameter = self.table[address]
            fired = rows[VALUE, parameter.index] if isinstance(parameter.kind, Trigger) else 0.0
            rows[VALUE, parameter.index] = value + fired
            if address in self.table.rates:
                rate = self.table[self.table.rates[address]].index
                if turning and address in turning:
                    rows[TURNED, rate] += turning[address]
                else:
                    rows[TURNED, rate], rows[SINCE, rate] = 0.0, now
        for address, sway in (sways or {}).items():
            rows[SWAY, self.table[address].index] = sway
        self._slot.publish(rows, now)

    def _settle(self, rows: Array, parameter: Parameter, now: float) -> None:
        """Notes what a rate has turned until now."""
        if isinstance(parameter.kind, Number) and parameter.kind.moves:
            value, before, since, sway = rows[:, parameter.index].tolist()
            turned = before + _played(parameter.kind, value, sway) * (now - since)
            rows[TURNED, parameter.index] = turned
            rows[SINCE, parameter.index] = now

    def _rows(self) -> Array:
        newest = self._slot.newest()
        if newest is None:
            raise LookupError("bank: expected values, but it was never started")
        return newest.pixels


def _played(kind: Kind, value: float, sway: float) -> float:
    return kind.clamped(value + sway) if sway else value


def bank_slot(table: Table) -> Slot:
    return Slot(len(ROWS) * 8 * len(table))
