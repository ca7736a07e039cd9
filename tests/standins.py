"""What the show's parts are played with, without a clock or a disk of their own."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from engine.bank import Bank, Moment, bank_slot
from engine.frame import Slot
from engine.parameters import Table
from installation.backstage import Backstage
from installation.desk import Desk
from installation.player import PULSE_CAPACITY, Pulse
from mappings.mapping import Turn
from mappings.osc.requests import Office


class AtOnce:
    """A disk without delay. ``full``: refuses more."""

    def __init__(self) -> None:
        self.full = False

    def __call__(
        self, deed: Callable[[], object], then: Callable[[], object] | None = None, /
    ) -> "Future[object]":
        if self.full:
            raise OSError("files: expected at most 256 to wait for the disk")
        done: Future[object] = Future()
        try:
            done.set_result(deed())
        except OSError as error:
            done.set_exception(error)
        else:
            if then:
                then()
        return done


class Late(AtOnce):
    """A disk that does everything when it ``comes``."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[tuple[Callable[[], object], Callable[[], object] | None]] = []

    def __call__(
        self, deed: Callable[[], object], then: Callable[[], object] | None = None, /
    ) -> "Future[object]":
        self._waiting.append((deed, then))
        return Future()

    def comes(self) -> None:
        for deed, then in self._waiting:
            super().__call__(deed, then)
        self._waiting.clear()


class Clock:
    """Seconds that pass when they are told to, and beats, two a second."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def beat(self, at: float) -> float:
        return 2 * at


class SkippingLoop(asyncio.SelectorEventLoop):
    """Its clock can be put forward."""

    skipped = 0.0

    def time(self) -> float:
        return super().time() + self.skipped


class Photographer:
    """Remembers whose picture was taken."""

    def __init__(self) -> None:
        self.pictures: list[str] = []

    def picture(self, name: str, moment: Moment) -> None:
        self.pictures.append(name)


class Hand:
    """Turns what is turned by hand, each turn at once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __call__(self, address: str, amount: float | str | None = None) -> None:
        self._desk.turn([Turn(address, amount)], self._refuse)
        self._desk.settle()

    def _refuse(self, error: Exception) -> None:
        raise error


class TimedBank(Bank):
    """Keeps the time of a clock that is told what time it is."""

    def __init__(self, table: Table, slot: Slot, clock: Clock) -> None:
        super().__init__(table, slot)
        self._clock = clock

    def read(self, now: float | None = None) -> Moment:
        return super().read(self._clock.now if now is None else now)

    def start(
        self, values: Sequence[float], fired: Sequence[str] = (), now: float | None = None
    ) -> None:
        super().start(values, fired, self._clock.now if now is None else now)

    def write(
        self,
        values: Mapping[str, float],
        now: float | None = None,
        sways: Mapping[str, float] | None = None,
        turning: Mapping[str, float] | None = None,
    ) -> None:
        super().write(values, self._clock.now if now is None else now, sways, turning)


@contextmanager
def played(table: Table, clock: Clock) -> Iterator[tuple[Bank, Desk]]:
    """A bank and the desk that writes it."""
    slot = bank_slot(table)
    bank = TimedBank(table, slot, clock)
    bank.start(table.defaults)
    yield bank, Desk(table, bank, table.defaults, lambda settle: None)
    slot.unlink()


@contextmanager
def backstage(home: Path, table: Table, clock: Clock) -> Iterator[tuple[Bank, AtOnce, Backstage]]:
    """What parts of the control player work with, and whom they do not know."""
    slot, disk = Slot(PULSE_CAPACITY), AtOnce()
    with played(table, clock) as (bank, desk):
        yield bank, disk, Backstage(home, table, desk, Office(), disk, Pulse(slot))
    slot.unlink()
