"""The capture player: keeps the newest picture of the source that is selected."""

import logging
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from engine.bank import Bank
from engine.frame import Slot, whole_view
from installation.figures import Rate
from installation.plan import Plan, Wires
from installation.player import Hopeless, Pulse, play
from installation.settings import Source as SourceSettings
from installation.settings import table
from installation.sources.cameras import cameras
from installation.sources.table import Reopening

STALE_SECONDS = 1.0

log = logging.getLogger("capture")


def capture(plan: Plan, wires: Wires, lifeline: Connection) -> None:
    def loop(stopping: threading.Event, pulse: Pulse) -> None:
        sources = plan.sources or found_source()
        Capture(sources, Bank(table(), wires.bank), wires.captured, pulse).run(stopping)

    play("capture", lifeline, wires.pulses["capture"], loop)


def found_source() -> tuple[str, ...]:
    """The first camera; where there is none, the picture that is built in."""
    return ("camera",) if cameras() else ("drift",)


class Capture:
    def __init__(self, sources: tuple[str, ...], bank: Bank, slot: Slot, pulse: Pulse) -> None:
        """Raises Hopeless when the selected source is not to be had at all."""
        self._sources = sources
        self._bank = bank
        self._slot = slot
        self._pulse = pulse
        self._rate = Rate()
        self._stale = pulse.count_before("stale")
        self._came_at = time.monotonic()
        self._selected = self._select()
        try:
            self._source = Reopening(sources[self._selected])
        except (OSError, ValueError) as error:
            raise Hopeless(str(error)) from error

    def run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            self._change()
            self._take(stopping)
            self._pulse.beat(self._figures)
        with suppress(OSError):  # a driver that hangs goes with the process
            self._source.close()
        self._pulse.beat_now(self._figures())

    def _take(self, stopping: threading.Event) -> None:
        pixels = self._source.read(stopping)
        now = time.monotonic()
        if pixels is None:
            if now - self._came_at > STALE_SECONDS:
                self._stale += 1
                self._came_at = now
            return
        self._came_at = now
        height, width = pixels.shape[:2]
        if self._bank.read(now).of(SourceSettings).mirror:
            pixels = pixels[:, ::-1]
        self._slot.publish(pixels, now, whole_view(width / height), width / height)
        self._rate.happened(now)

    def _change(self) -> None:
        """To the source that is selected now; one that is broken leaves us where we were."""
        selected = self._select()
        if selected == self._selected:
            return
        self._selected = selected
        try:
            source = Reopening(self._sources[selected])
        except (OSError, ValueError) as error:
            log.error("%s; the show stays with %s", error, self._source.name)
            self._pulse.failed(str(error))
            return
        with suppress(OSError):
            self._source.close()
        self._source = source

    def _select(self) -> int:
        """Counted from 0; past the last one is the last one."""
        return min(self._bank.read().of(SourceSettings).select, len(self._sources)) - 1

    def _figures(self) -> dict[str, Any]:
        return {
            "captured": self._slot.sequence,
            "fps": self._rate.per_second(),
            "stale": self._stale,
            "lost": self._source.lost,
            "last_error": self._source.last_error,
            "source": self._source.name,
        }
