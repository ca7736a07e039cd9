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
            found[name] += turn
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

    def start(self, values: Sequence[float], now: float | None = None) -> None:
        """Every value at once, the rates' angles back at zero. Triggers keep their counts."""
        now = time.monotonic() if now is None else now
        rows = np.stack([np.array(values), np.zeros(len(values)), np.full(len(values), now)])
        if self.sequence:
            fired = [isinstance(parameter.kind, Trigger) for parameter in self.table]
            rows[VALUE, fired] = self._rows()[VALUE, fired]
        self._slot.publish(rows, now)

    def write(self, values: Mapping[str, float], now: float | None = None) -> None:
        """Sets all of ``values`` (by address, already clamped) in one instant; a trigger's value
        is the number of times to fire it."""
        now = time.monotonic() if now is None else now
        rows = self._rows()
        for address, value in values.items():
            parameter = self.table[address]
            column = rows[:, parameter.index]
            column[TURNED] += column[VALUE] * (now - column[SINCE])
            column[SINCE] = now
            column[VALUE] = value + (column[VALUE] if isinstance(parameter.kind, Trigger) else 0)
        self._slot.publish(rows, now)

    def _rows(self) -> Array:
        newest = self._slot.newest()
        if newest is None:
            raise LookupError("bank: expected values, but it was never started")
        return newest.pixels


def bank_slot(table: Table) -> Slot:
    return Slot(3 * 8 * len(table))
