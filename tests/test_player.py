import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
import pytest

from engine.frame import Slot
from installation.player import (
    BEAT_SECONDS,
    HOPELESS,
    PULSE_CAPACITY,
    Hopeless,
    Pulse,
    beaten_at,
    play,
    read_pulse,
)

SPAWN = multiprocessing.get_context("spawn")
PATIENCE = 20.0  # seconds: a busy machine starts a process slowly


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, "waited for too long"
        time.sleep(0.005)


def counting(stopping: threading.Event, pulse: Pulse) -> None:
    """Beats until it is stopped, and says that it was."""
    pulse.beat_now({"pid": os.getpid()})
    stopping.wait(PATIENCE)
    pulse.beat_now({"stopped": stopping.is_set()})


def failing(stopping: threading.Event, pulse: Pulse) -> None:
    pulse.beat_now({"captured": 7})
    raise OSError("camera: unplugged")


def hopeless(stopping: threading.Event, pulse: Pulse) -> None:
    raise Hopeless("display: expected one, received none")


def play_on(name: str, lifeline: Connection, slot: Slot, loop: Any, witness: Connection) -> None:
    """``witness`` closes with this process."""
    play(name, lifeline, slot, loop)


def be_a_parent(slot: Slot, witness: Connection) -> None:
    """A show that is killed has no time to close its lifelines."""
    end, _lifeline = SPAWN.Pipe(duplex=False)
    player = SPAWN.Process(target=play_on, args=("capture", end, slot, counting, witness))
    player.start()
    player.join()


@pytest.fixture
def slot() -> Iterator[Slot]:
    made = Slot(PULSE_CAPACITY)
    yield made
    made.unlink()


Started = Callable[[Any], tuple[BaseProcess, Connection]]


@pytest.fixture
def started(slot: Slot) -> Iterator[Started]:
    """Starts a player, and ends it with the test."""
    running: list[BaseProcess] = []

    def start(loop: Any) -> tuple[BaseProcess, Connection]:
        end, lifeline = SPAWN.Pipe(duplex=False)
        process = SPAWN.Process(target=play, args=("capture", end, slot, loop), daemon=True)
        process.start()
        end.close()
        running.append(process)
        return process, lifeline

    yield start
    for process in running:
        process.kill()
        process.join()


def errors_of(slot: Slot) -> list[str]:
    errors: list[str] = read_pulse(slot)["errors"]
    return errors


def test_a_pulse_is_empty_before_the_first_beat(slot: Slot) -> None:
    assert (read_pulse(slot), beaten_at(slot)) == ({}, 0.0)


def test_figures_are_published_and_asked_for_only_now_and_then(
    slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    instants = iter(100 + BEAT_SECONDS * np.arange(1000) / 8)
    monkeypatch.setattr("installation.player.time.monotonic", lambda: next(instants))
    asked = itertools.count(1)
    pulse = Pulse(slot)
    for _ in range(100):
        pulse.beat(lambda: {"asked": next(asked)})
    assert slot.sequence == read_pulse(slot)["asked"]
    assert 10 < slot.sequence < 15


def test_a_beat_says_when_it_was(slot: Slot) -> None:
    before = time.monotonic()
    Pulse(slot).beat_now({"captured": 3})
    assert before <= beaten_at(slot) <= time.monotonic()
    assert read_pulse(slot) == {"captured": 3, "errors": []}


def test_counts_go_on_where_the_last_player_ended(slot: Slot) -> None:
    Pulse(slot).beat_now({"stale": 4})
    successor = Pulse(slot)
    assert (successor.count_before("stale"), successor.count_before("lost")) == (4, 0)


def test_the_last_five_errors_are_kept(slot: Slot) -> None:
    pulse = Pulse(slot)
    for number in range(7):
        pulse.failed(f"error {number}")
    pulse.beat_now({})
    assert errors_of(slot) == [f"error {number}" for number in range(2, 7)]


def test_why_the_last_player_ended_is_still_known_when_the_next_one_beats(slot: Slot) -> None:
    last = Pulse(slot)
    last.failed("out of memory")
    last.beat_now({})
    Pulse(slot).beat_now({"captured": 1})
    assert errors_of(slot) == ["out of memory"]


def test_errors_however_long_fit_into_the_pulse(slot: Slot) -> None:
    pulse = Pulse(slot)
    for _ in range(5):
        pulse.failed("\N{SNOWMAN}" * PULSE_CAPACITY)
    pulse.beat_now({})
    assert len(errors_of(slot)) == 5


def test_a_player_ends_when_its_lifeline_is_closed(started: Started, slot: Slot) -> None:
    process, lifeline = started(counting)
    until(lambda: "pid" in read_pulse(slot))
    lifeline.close()
    process.join(PATIENCE)
    assert (process.exitcode, read_pulse(slot)["stopped"]) == (0, True)


def test_a_player_ends_when_its_parent_is_killed(slot: Slot) -> None:
    witness, held = SPAWN.Pipe(duplex=False)
    parent = SPAWN.Process(target=be_a_parent, args=(slot, held))
    parent.start()
    held.close()
    until(lambda: "pid" in read_pulse(slot))
    parent.kill()
    parent.join()
    assert witness.poll(PATIENCE), "the player lives on"
    assert read_pulse(slot)["stopped"]


def test_ctrl_c_does_not_end_a_player(started: Started, slot: Slot) -> None:
    process, lifeline = started(counting)
    until(lambda: "pid" in read_pulse(slot))
    os.kill(read_pulse(slot)["pid"], signal.SIGINT)
    lifeline.close()
    process.join(PATIENCE)
    assert (process.exitcode, read_pulse(slot)["stopped"]) == (0, True)


def test_an_exception_ends_the_player_and_its_pulse_says_why(started: Started, slot: Slot) -> None:
    process, _lifeline = started(failing)
    process.join(PATIENCE)
    assert process.exitcode == 1
    assert errors_of(slot) == ["capture: OSError: camera: unplugged"]
    assert read_pulse(slot)["captured"] == 7


def test_a_hopeless_player_ends_with_a_status_of_its_own(started: Started, slot: Slot) -> None:
    process, _lifeline = started(hopeless)
    process.join(PATIENCE)
    assert process.exitcode == HOPELESS
    assert errors_of(slot) == ["display: expected one, received none"]
