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
from installation.sources.live import Stuck
from installation.sources.table import Reopening

STALE_SECONDS = 1.0
TRIAL_SECONDS = 3.0

log = logging.getLogger("capture")


def capture(plan: Plan, wires: Wires, lifeline: Connection) -> None:
    def loop(stopping: threading.Event, pulse: Pulse) -> None:
        sources = plan.sources or found_source(stopping)
        Capture(sources, Bank(table(), wires.bank), wires.captured, pulse).run(stopping)

    play("capture", lifeline, wires.pulses["capture"], loop)


def found_source(stopping: threading.Event) -> tuple[str, ...]:
    """The first camera, if it gives a picture soon; else the picture that is built in."""
    if not cameras():
        return ("drift",)
    camera = Reopening("camera")
    until = time.monotonic() + TRIAL_SECONDS
    seen = False
    while not seen and time.monotonic() < until:
        seen = camera.read(stopping) is not None
    with suppress(Stuck):
        camera.close()
    if not seen:
        log.warning("no picture from the first camera (%s): showing drift", camera.last_error)
    return ("camera",) if seen else ("drift",)


class Capture:
    def __init__(self, sources: tuple[str, ...], bank: Bank, slot: Slot, pulse: Pulse) -> None:
        """Starts with the selected source, or with the first that is to be had. Raises Hopeless
        when none is."""
        self._sources = sources
        self._bank = bank
        self._slot = slot
        self._pulse = pulse
        self._rate = Rate()
        self._stale = pulse.count_before("stale")
        self._came_at = time.monotonic()
        self._lost = 0
        self._selected = self._select()
        self._source = self._first()

    def run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            self._change()
            self._take(stopping)
            self._pulse.beat(self._figures)
        with suppress(Stuck):  # it goes with the process
            self._source.close()
        self._pulse.beat_now(self._figures())

    def _take(self, stopping: threading.Event) -> None:
        pixels = self._source.read(stopping)
        now = time.monotonic()
        if self._source.lost != self._lost:
            self._lost = self._source.lost
            self._pulse.failed(f"{self._source.name}: {self._source.last_error}")
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

    def _first(self) -> Reopening:
        others = [source for source in self._sources if source != self._sources[self._selected]]
        sentences = []
        for description in (self._sources[self._selected], *others):
            try:
                return Reopening(description)
            except (OSError, ValueError) as error:
                sentences.append(str(error))
                self._pulse.failed(str(error))
        raise Hopeless("; ".join(sentences))

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
        with suppress(Stuck):
            self._source.close()
        self._source, self._lost = source, 0

    def _select(self) -> int:
        """Counted from 0; past the last one is the last one."""
        return min(self._bank.read().of(SourceSettings).select, len(self._sources)) - 1

    def _figures(self) -> dict[str, Any]:
        return {
            "captured": self._slot.sequence,
            "fps": self._rate.per_second(),
            "stale": self._stale,
            "source": self._source.name,
        }
