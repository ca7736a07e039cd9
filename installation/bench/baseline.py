"""The tutorial's step in a process of its own, so that its threads and ours do not share a
runtime. It works only when it is its turn."""

import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

from installation.bench.muted import muted
from installation.bench.rounds import turn

PATIENCE = 180.0  # seconds: importing TensorFlow, building a network
FAREWELL_SECONDS = 2.0


class Baseline:
    """Ends with its ``with``."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, child = context.Pipe()
        self._process = context.Process(target=_served, args=(child,), daemon=True)
        self._process.start()
        child.close()

    def __enter__(self) -> "Baseline":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pipe.close()
        self._process.join(FAREWELL_SECONDS)
        if self._process.is_alive():
            self._process.kill()

    def missing(self) -> str:
        """Why there is no baseline, or nothing. Ask once, first; waits until it is imported."""
        reason: str = self._received()
        return reason

    def prepared(self, network: str, stops: Sequence[str], width: int, height: int) -> float:
        """Builds a step. Returns the seconds of its first call."""
        self._pipe.send((network, tuple(stops), width, height))
        seconds: float = self._received()
        return seconds

    def turn(self, seconds: float) -> list[float]:
        self._pipe.send(seconds)
        took: list[float] = self._received()
        return took

    def _received(self) -> Any:
        with suppress(EOFError):
            if self._pipe.poll(PATIENCE):
                return self._pipe.recv()
        self._process.join(0)
        raise OSError(f"baseline: expected a reply, received exit status {self._process.exitcode}")


def _served(pipe: Connection) -> None:
    """Ends when the other side has closed the pipe, or is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    try:
        with muted():
            from installation.bench.tutorial import tutorial_step
    except ImportError as error:
        pipe.send(str(error))
        return
    pipe.send("")
    with suppress(EOFError, BrokenPipeError):
        while True:
            asked = pipe.recv()
            if isinstance(asked, tuple):
                step = tutorial_step(*asked)
                began = time.perf_counter()
                with muted():
                    step()
                pipe.send(time.perf_counter() - began)
            else:
                pipe.send(turn(step, asked))
