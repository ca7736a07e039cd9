"""The sound that is played to the show: an input of this machine, and what is heard in it."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import IO, Any, Protocol

import numpy as np

from engine.frame import Array
from installation.desk import Desk
from installation.music import microphone
from installation.music.ear import Ear, Levels
from installation.music.microphone import HEADER
from installation.player import Pulse
from installation.settings import Sound

RETRY_SECONDS = 5.0
OPENING_SECONDS = 20.0  # some systems look at every card first
SILENT_SECONDS = 1.0  # without a sample, which silence has too: the input is lost
RING = 65536  # samples

log = logging.getLogger("control")


class Ring:
    """The newest samples. One thread puts, one takes; who is too late misses the oldest."""

    def __init__(self) -> None:
        self.written = 0  # since the start
        self._taken = 0
        self._samples = np.zeros(RING, np.float32)

    def put(self, samples: Array) -> None:
        places = np.arange(self.written, self.written + len(samples)) % RING
        self._samples[places] = samples
        self.written += len(samples)

    def taken(self) -> Array:
        """(n,): what has come since."""
        written = self.written
        places = np.arange(max(self._taken, written - RING // 2), written) % RING
        self._taken = written
        return self._samples[places]


@dataclass(slots=True)
class Sounding:
    """An input that is open. ``rate``: samples a second. ``latency``: seconds from the air to the
    program, as the system says. ``lost``: how often samples were."""

    device: str
    rate: float
    latency: float
    ring: Ring
    lost: int = 0


class Input(Protocol):
    """``sounding``: while it is open. ``error``: why it is not."""

    @property
    def sounding(self) -> Sounding | None: ...

    @property
    def error(self) -> str: ...

    def reopen(self) -> None:
        """Gives up what is open, or being opened, and tries again a little later."""

    def close(self) -> None: ...


class Microphone:
    """Opens an input, and opens it again when it was lost, in a program of its own; a thread hears
    what that says."""

    def __init__(self, command: Sequence[str]) -> None:
        self.sounding: Sounding | None = None
        self.error = ""
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="sound", daemon=True)
        self._thread.start()

    def reopen(self) -> None:
        if self._process:
            self._process.kill()

    def close(self) -> None:
        self._closing.set()
        self.reopen()
        self._thread.join(1.0)

    def _listen(self) -> None:
        while not self._closing.is_set():
            quiet = subprocess.DEVNULL  # the libraries of sound cards talk much
            with subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet
            ) as self._process:
                assert self._process.stdout
                if not self._closing.is_set():
                    self._hear(self._process.stdout)
                self._process.kill()
            self._closing.wait(RETRY_SECONDS)

    def _hear(self, said: IO[bytes]) -> None:
        """Until it ends."""
        opened = json.loads(said.readline() or b'{"error": "its program ended"}')
        if "error" in opened:
            self._fail(f"sound: {opened['error']}")
            return
        self.error = ""
        self.sounding = sounding = Sounding(**opened, ring=Ring())
        log.info("sound: listening to %s, %g Hz", sounding.device, sounding.rate)
        for lost, samples in _blocks(said):
            sounding.lost += lost
            sounding.ring.put(samples)
        self.sounding = None
        self._fail(f"sound: lost {sounding.device}")

    def _fail(self, sentence: str) -> None:
        if sentence != self.error and not self._closing.is_set():
            log.warning("%s; trying again every %g s", sentence, RETRY_SECONDS)
        self.error = sentence


def _blocks(said: IO[bytes]) -> Iterator[tuple[bool, Array]]:
    """Until it ends, which may be amid a block."""
    while len(header := said.read(HEADER.size)) == HEADER.size:
        lost, count = HEADER.unpack(header)
        samples = said.read(4 * count)
        if len(samples) == 4 * count:
            yield lost, np.frombuffer(samples, np.float32)


class Listener:
    """Part of the control player: what is heard now. From the air to ``levels`` it takes what the
    input takes (5 to 20 ms), half a window (11 ms), and half a tick (8 ms)."""

    def __init__(self, desk: Desk, pulse: Pulse, heard: Input | None) -> None:
        self.levels = Levels()
        self._desk = desk
        self._pulse = pulse
        self._input = heard
        self._sounding: Sounding | None = None
        self._ear: Ear | None = None
        self._said = ""
        self._heard_at: float | None = None

    def tick(self, now: float) -> None:
        if not self._input:
            return
        if self._said != self._input.error:
            self._said = self._input.error
            self._complain()
        if self._sounding is not self._input.sounding or self._heard_at is None:
            self._turn_to(self._input.sounding, now)
        if self._sounding and self._ear:
            samples = self._sounding.ring.taken()
            self._heard_at = now if len(samples) else self._heard_at
            self.levels = self._ear.hear(samples, self._desk.read().of(Sound))
        self._watch(self._input, now)

    def figures(self) -> dict[str, Any]:
        sounding = self._sounding
        rounded = {name: round(level, 3) for name, level in asdict(self.levels).items()}
        return {
            "device": sounding.device if sounding else "",
            "lost": sounding.lost if sounding else 0,
            "latency_ms": round(sounding.latency * 1000, 1) if sounding else 0.0,
            **rounded,
        }

    def close(self) -> None:
        if self._input:
            self._input.close()

    def _watch(self, heard: Input, now: float) -> None:
        """A device may go without a word."""
        patience = SILENT_SECONDS if self._sounding else OPENING_SECONDS
        if self._heard_at is not None and now - self._heard_at > patience:
            self._heard_at = now
            heard.reopen()

    def _complain(self) -> None:
        if self._said:
            self._pulse.failed(self._said)

    def _turn_to(self, sounding: Sounding | None, now: float) -> None:
        self._sounding, self._heard_at = sounding, now
        self.levels = Levels()
        self._ear = Ear(sounding.rate) if sounding else None


def input_named(name: str) -> Input | None:
    """What ``--sound`` names; nothing is opened for ``none``."""
    if name == "none":
        return None
    # -P: the program's folder holds names that are not meant for it
    return Microphone((sys.executable, "-P", microphone.__file__, name))
