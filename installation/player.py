"""What every player has: a life that ends with its parent's, a pulse, and a name in the log."""

import json
import logging
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from engine.frame import Slot
from engine.heap import keep_pages

HOPELESS = 3  # exit status
PULSE_CAPACITY = 256 * 1024  # bytes; as many scenes and cues as there may be, with long names
BEAT_SECONDS = 0.2
NICENESS = 5
LOG_FORMAT = "%(asctime)s %(levelname).1s {}: %(message)s"
LONGEST_ERROR = 1000  # letters: TensorFlow's fill pages, and five have to fit into the pulse
FAREWELL_SECONDS = 4.0  # what a player has to finish its film, its sockets, its window


def ending_signals() -> list[signal.Signals]:
    """Those by which people, service managers and terminals end a program."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is unknown to Windows
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


class Hopeless(RuntimeError):
    """What no restart can help: ends the show, with its sentence, if it happens at the start."""


class Pulse:
    """The player's figures, published a few times a second; that they are new says it lives.
    Counts go on where a killed predecessor left them, and why it ended is not forgotten."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._beaten = 0.0
        self.before = read_pulse(slot)
        self._errors: deque[str] = deque(self.before.get("errors", ()), maxlen=5)

    def count_before(self, name: str) -> int:
        """What the counter called ``name`` had reached when the last player of this name ended."""
        return int(self.before.get(name, 0))

    def failed(self, sentence: str) -> None:
        self._errors.append(sentence[:LONGEST_ERROR])

    def beat(self, figures: Callable[[], dict[str, Any]]) -> None:
        """Publishes now and then; ``figures`` is asked only when it is time."""
        if time.monotonic() - self._beaten >= BEAT_SECONDS:
            self.beat_now(figures())

    def beat_now(self, figures: dict[str, Any]) -> None:
        self._beaten = time.monotonic()
        text = json.dumps({**figures, "errors": list(self._errors)})
        self._slot.publish(np.frombuffer(text.encode(), np.uint8), self._beaten)


def read_pulse(slot: Slot) -> dict[str, Any]:
    """The newest figures of a player; empty before its first."""
    newest = slot.newest()
    figures: dict[str, Any] = json.loads(newest.pixels.tobytes()) if newest else {}
    return figures


def beaten_at(slot: Slot) -> float:
    """``time.monotonic()`` seconds of the last beat; 0 before the first."""
    newest = slot.newest()
    return newest.seen_at if newest else 0.0


def play(
    name: str, lifeline: Connection, slot: Slot, loop: Callable[[threading.Event, Pulse], None]
) -> None:
    """The whole life of a player's process. It ends when the parent closes the lifeline, or dies;
    whatever escapes the loop is logged and ends the process, and the parent starts another."""
    keep_pages()
    for each in ending_signals():  # they reach the whole group; the parent decides
        signal.signal(each, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT.format(name))
    stopping = threading.Event()
    threading.Thread(target=_await_end, args=(lifeline, stopping), daemon=True).start()
    pulse = Pulse(slot)
    try:
        loop(stopping, pulse)
    except Hopeless as error:
        logging.getLogger(name).error("%s", error)
        pulse.failed(str(error))
        pulse.beat_now(read_pulse(slot))
        _leave(HOPELESS)
    except Exception as error:
        logging.getLogger(name).exception("%s ends", name)
        pulse.failed(f"{name}: {type(error).__name__}: {error}")
        pulse.beat_now(read_pulse(slot))
        _leave(1)
    _leave(0)


def step_back() -> None:
    """Lets the players that keep the picture moving go first, where the system knows how."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def _await_end(lifeline: Connection, stopping: threading.Event) -> None:
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        stopping.set()
    time.sleep(FAREWELL_SECONDS)
    os._exit(2)


def _leave(status: int) -> None:
    """Ends the process without waiting for threads of libraries that may be stuck in a driver."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
