"""The parent: starts the players, listens to their pulses, restarts them, ends the show."""

import importlib
import logging
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from engine.bank import Bank
from installation.plan import Plan, Wires
from installation.player import (
    FAREWELL_SECONDS,
    HOPELESS,
    Pulse,
    beaten_at,
    ending_signals,
    read_pulse,
)
from installation.settings import table
from installation.stats import composed, written

Begin = Callable[[str, Plan, Wires, Connection], None]

WATCH_SECONDS = 0.05
FIRST_BEAT_SECONDS = 90.0  # loading what computes from a slow disk
SILENT_SECONDS = {
    "stage": 5.0,
    "capture": 8.0,
    "control": 5.0,
    "dream": 20.0,
    "web": 10.0,
    "record": 15.0,
}
LONGEST_PAUSE_SECONDS = 5.0
KILL_SECONDS = 1.0
KILLED = -9
SETTLED_SECONDS = 10.0  # a player that lived this long starts again at once
CLOSED = 0  # exit status of a stage whose window was closed

log = logging.getLogger("show")


def begin(name: str, plan: Plan, wires: Wires, lifeline: Connection) -> None:
    """Plays until the lifeline closes. Each player is a function in a module of its own name, and
    that module alone loads the player's libraries."""
    getattr(importlib.import_module(f"installation.{name}"), name)(plan, wires, lifeline)


@contextmanager
def ending_signals_ignored() -> Iterator[None]:
    """For the main thread; in others signals are not heard anyway."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, signal.SIG_IGN) for each in ending_signals()}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@dataclass(slots=True)
class Life:
    """One player through its restarts."""

    name: str
    play: Begin
    process: BaseProcess | None = None
    lifeline: Connection | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    restarts: int = 0
    failures: int = 0

    def begin(self, plan: Plan, wires: Wires) -> None:
        spawn = multiprocessing.get_context("spawn")
        end, self.lifeline = spawn.Pipe(duplex=False)
        self.process = spawn.Process(
            target=self.play, args=(self.name, plan, wires, end), name=self.name, daemon=True
        )
        with ending_signals_ignored():  # the child inherits that, until it can do so itself
            self.process.start()
        end.close()
        self.started_at = time.monotonic()

    def let_go(self) -> None:
        """Closes the lifeline: the player ends by itself."""
        if self.lifeline:
            self.lifeline.close()
            self.lifeline = None

    def silent(self, pulse: float, now: float) -> bool:
        """Whether nothing was heard for too long. ``pulse``: when it last beat."""
        if pulse < self.started_at:
            return now - self.started_at > FIRST_BEAT_SECONDS
        return now - pulse > SILENT_SECONDS[self.name]


class Show:
    """One show. ``run`` returns the exit status when it is over."""

    def __init__(self, plan: Plan, wires: Wires, begin: Begin = begin) -> None:
        """``begin``: what each player's process does, given the player's name."""
        self._plan = plan
        self._wires = wires
        self._lives = {name: Life(name, begin) for name in plan.players}
        self._ended = False
        self._began = self._counted_from = time.monotonic()
        self._errors: list[str] = []
        self._pulse = Pulse(wires.pulses["show"])

    def stop(self) -> None:
        """May be called from a signal handler."""
        self._ended = True

    def run(self) -> int:
        Bank(table(), self._wires.bank).start(self._plan.start)
        self._began = self._counted_from = time.monotonic()
        for life in self._lives.values():
            life.begin(self._plan, self._wires)
        status = self._watch()
        self._end()
        self._report()
        return status

    def _watch(self) -> int:
        reported = time.monotonic()
        while not self._ended:
            now = time.monotonic()
            if self._over(now):
                return 0
            for life in self._lives.values():
                status = self._look_after(life, now)
                if status is not None:
                    return status
            if now - reported >= 1.0:
                reported = now
                self._report()
            time.sleep(WATCH_SECONDS)
        return 0

    def _over(self, now: float) -> bool:
        if not self._wires.dreamed.sequence and now - self._began < self._plan.patience:
            self._counted_from = now
        return self._plan.seconds is not None and now - self._counted_from >= self._plan.seconds

    def _look_after(self, life: Life, now: float) -> int | None:
        """Restarts ``life`` where needed. Returns the show's exit status when it is to end."""
        if life.process is None:
            if now >= life.due_at:
                self._begin_again(life, now)
            return None
        status = life.process.exitcode
        if status is None and life.silent(beaten_at(self._wires.pulses[life.name]), now):
            self._note(f"{life.name}: silent for too long, killed")
            life.process.kill()
            life.process.join(KILL_SECONDS)
            status = life.process.exitcode or KILLED  # or it hangs in a driver: left behind
        if status is None:
            return None
        if life.name == "stage" and status == CLOSED:
            return 0
        if status == HOPELESS and life.restarts == 0:
            return 1
        self._bury(life, status, now)
        return None

    def _begin_again(self, life: Life, now: float) -> None:
        life.restarts += 1
        try:
            life.begin(self._plan, self._wires)
        except OSError as error:  # no memory, no descriptors: perhaps later
            self._note(f"{life.name}: {error}")
            life.process = None
            life.due_at = now + LONGEST_PAUSE_SECONDS

    def _bury(self, life: Life, status: int, now: float) -> None:
        assert life.process is not None
        self._note(f"{life.name}: ended with status {status}, restarted")
        life.process = None
        life.let_go()
        life.failures = 0 if now - life.started_at > SETTLED_SECONDS else life.failures + 1
        pause = 0.1 * 2**life.failures if life.failures > 1 else 0.0
        life.due_at = now + min(pause, LONGEST_PAUSE_SECONDS)

    def _note(self, sentence: str) -> None:
        log.warning(sentence)
        self._errors = [*self._errors[-4:], sentence]

    def _end(self) -> None:
        for life in self._lives.values():
            life.let_go()
        patience = time.monotonic() + FAREWELL_SECONDS + 1
        for life in self._lives.values():
            if life.process is not None:
                life.process.join(max(patience - time.monotonic(), 0.1))
                if life.process.exitcode is None:
                    life.process.kill()

    def _report(self) -> None:
        self._pulse.beat_now({"restarts": self._restarts(), "notes": self._errors})
        if not self._plan.stats:
            return
        try:
            written(self._plan.stats, self.figures())
        except OSError as error:  # a full disk does not end the show, and is said once
            sentence = f"--stats: {error}"
            if sentence not in self._errors:
                self._note(sentence)

    def figures(self) -> dict[str, Any]:
        """What ``--stats`` writes."""
        pulses = {name: read_pulse(slot) for name, slot in self._wires.pulses.items()}
        running = {name: life.process for name, life in self._lives.items() if life.process}
        pids = {name: process.pid for name, process in running.items()}
        seconds = round(time.monotonic() - self._began, 2)
        return {**composed(seconds, pulses, self._restarts(), self._errors), "pids": pids}

    def _restarts(self) -> dict[str, int]:
        return {name: life.restarts for name, life in self._lives.items()}
