"""The live value of every parameter, readable from every process, written by one."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from engine.frame import Array, Slot
from engine.parameters import Number, Table, Trigger, kinds

Settings = TypeVar("Settings")

VALUE, TURNED, SINCE = range(3)  # rows: the value; what a rate turned until it last changed; when


class Moment:
    """Every value at one instant: consistent, and not moving any more."""

    def __init__(self, table: Table, rows: Array, now: float) -> None:
        self.table = table
        self.now = now
        self._rows = rows

    def __getitem__(self, address: str) -> float:
        return float(self._rows[VALUE, self.table[address].index])

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
            value, before, since = self._rows[:, index].tolist()
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
        self._rates = {
            f"{parameter.address.rpartition('/')[0]}/{parameter.kind.moves}": parameter.index
            for parameter in table
            if isinstance(parameter.kind, Number) and parameter.kind.moves
        }

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
        rows = np.stack([np.array(values), np.zeros(len(values)), np.full(len(values), now)])
        if self.sequence:
            triggers = [isinstance(parameter.kind, Trigger) for parameter in self.table]
            rows[VALUE, triggers] = self._rows()[VALUE, triggers]
        for address in fired:
            rows[VALUE, self.table[address].index] += 1
        self._slot.publish(rows, now)

    def write(self, values: Mapping[str, float], now: float | None = None) -> None:
        """Sets all of ``values`` (by address, already clamped) in one instant; a trigger's value
        is the number of times to fire it. What a rate has turned is forgotten where the field that
        it moves is set."""
        now = time.monotonic() if now is None else now
        rows = self._rows()
        for address, value in values.items():
            parameter = self.table[address]
            column = rows[:, parameter.index]
            column[TURNED] += column[VALUE] * (now - column[SINCE])
            column[SINCE] = now
            column[VALUE] = value + (column[VALUE] if isinstance(parameter.kind, Trigger) else 0)
            if address in self._rates:
                rows[TURNED, self._rates[address]] = 0.0
                rows[SINCE, self._rates[address]] = now
        self._slot.publish(rows, now)

    def _rows(self) -> Array:
        newest = self._slot.newest()
        if newest is None:
            raise LookupError("bank: expected values, but it was never started")
        return newest.pixels


def bank_slot(table: Table) -> Slot:
    return Slot(3 * 8 * len(table))
