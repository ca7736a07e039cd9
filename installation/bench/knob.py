"""From a knob to the picture: a real show is played by OSC until what it presents changes."""

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from engine.frame import Array, Slot
from installation.bench.rows import Row
from installation.plan import LOOPBACK, Plan, Wires, wired
from installation.settings import table
from installation.show import Show
from mappings.osc.endpoint import listening_socket
from mappings.osc.packets import packet

DISPLAY = (1280, 720)
KNOB_TURNS = 100
EVERY_FRAME = 240.0  # a second handed on, more than any display shows
FIRST_DREAM_SECONDS = 120.0
SETTLE_SECONDS = 2.0
GONE_SECONDS = 2.0  # a turn that does not show for so long is counted as this
LOOK_SECONDS = 0.0005
STILL = ("/scope/spin", "/scope/source_spin", "/dream/jitter")  # at 0


@dataclass(frozen=True, slots=True)
class Knob:
    """Turned from one of its ``values`` to the other, with the dream ``frozen`` where that would
    change the picture too. ``shows``: how much of the difference between their two pictures is
    seen, 0..1, when the turn counts as there."""

    address: str
    values: tuple[float, float]
    frozen: bool
    shows: float = 0.5


KNOBS = (
    Knob("/scope/angle", (0.0, 30.0), frozen=True),
    Knob("/colour/hue", (0.0, 120.0), frozen=True),
    Knob("/dream/amount", (0.0, 1.0), frozen=False),
)


def knob_rows(turns: int) -> Iterator[Row]:
    """The half and the 95 % of ``turns`` for each of ``KNOBS``."""
    with tempfile.TemporaryDirectory() as folder, played(Path(folder)) as show:
        for knob in KNOBS:
            delays = 1000 * np.array(show.delays(knob, turns))
            for share in (50, 95):
                name = f"{knob.address} to the picture, {share} %"
                yield Row("", "", name, *DISPLAY, "", float(np.percentile(delays, share)))


class Played:
    """A show that is turned, and what it presents."""

    def __init__(self, wires: Wires, port: int) -> None:
        self._presented = wires.presented
        self._chance = Random(0)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect((LOOPBACK, port))

    def close(self) -> None:
        self._socket.close()

    def turn(self, address: str, value: float) -> None:
        self._socket.send(packet(address, value))

    def delays(self, knob: Knob, turns: int) -> list[float]:
        """Seconds from the packet to the first picture that is nearer to where it leads."""
        self.turn("/dream/freeze", 0.0)
        ends = [self._settled(knob, value) for value in knob.values]
        self.turn("/dream/freeze", float(knob.frozen))
        self._settled(knob, knob.values[0])
        if knob.frozen:
            ends = [self._settled(knob, value) for value in knob.values]
            self._settled(knob, knob.values[0])
        return [self._delay(knob, ends, (turn + 1) % 2) for turn in range(turns)]

    def _settled(self, knob: Knob, value: float) -> Array:
        self.turn(knob.address, value)
        time.sleep(SETTLE_SECONDS)
        return seen(self._presented)

    def _delay(self, knob: Knob, ends: Sequence[Array], to: int) -> float:
        time.sleep(self._chance.uniform(0.1, 0.2))
        there = along(ends[1 - to], ends[to])
        after = self._presented.sequence
        sent = time.monotonic()
        self.turn(knob.address, knob.values[to])
        while time.monotonic() < sent + GONE_SECONDS:
            frame = self._presented.newest(after=after)
            if frame is None:
                time.sleep(LOOK_SECONDS)
                continue
            now, after = time.monotonic(), frame.sequence
            if there(small(frame.pixels)) >= knob.shows:
                return now - sent
        return GONE_SECONDS


def along(start: Array, end: Array) -> Callable[[Array], float]:
    """How far a picture is on the straight way from one to the other: 0..1."""
    way = (end - start).ravel()
    length = float(way @ way) or 1.0
    return lambda picture: float((picture - start).ravel() @ way) / length


def small(pixels: Array) -> Array:
    return np.asarray(pixels[::8, ::8], np.float32)


def seen(slot: Slot) -> Array:
    frame = slot.newest()
    if frame is None:
        raise OSError("bench: expected a picture, but the show presented none")
    return small(frame.pixels)


@contextmanager
def played(folder: Path) -> Iterator[Played]:
    """A show of a still picture, all of whose frames are handed on."""
    with listening_socket(0) as free:
        port: int = free.getsockname()[1]
    picture = folder / "still.png"
    chance = np.random.default_rng(0)
    dots = chance.integers(0, 255, (18, 32, 3), np.uint8)
    Image.fromarray(dots).resize((640, 360), Image.Resampling.BICUBIC).save(picture)
    wires = wired(table())
    plan = Plan(
        start=table().defaults,
        sources=(str(picture),),
        window=DISPLAY,
        headless=True,
        osc_port=port,
        midi="none",
        web_port=None,
        handed_fps=EVERY_FRAME,
        home=folder,
    )
    show = Show(plan, wires)
    running = threading.Thread(target=show.run, daemon=True)
    running.start()
    turned = Played(wires, port)
    try:
        _await_dream(wires)
        for address in STILL:
            turned.turn(address, 0.0)
        yield turned
    finally:
        turned.close()
        show.stop()
        running.join()
        wires.unlink()


def _await_dream(wires: Wires) -> None:
    end = time.monotonic() + FIRST_DREAM_SECONDS
    while not wires.dreamed.sequence:
        if time.monotonic() > end:
            raise OSError(f"bench: expected a dream in {FIRST_DREAM_SECONDS:g} s, received none")
        time.sleep(0.1)
    time.sleep(SETTLE_SECONDS)
