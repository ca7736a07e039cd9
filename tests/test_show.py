import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.bank import Bank
from installation import show as show_module
from installation.plan import Plan, Wires, wired
from installation.player import Hopeless, Pulse, play, read_pulse
from installation.settings import table
from installation.show import (
    FIRST_BEAT_SECONDS,
    LONGEST_PAUSE_SECONDS,
    SETTLED_SECONDS,
    SILENT_SECONDS,
    Begin,
    Life,
    Show,
)

TABLE = table()
PATIENCE = 20.0  # seconds: a busy machine starts a process slowly
FADE, NETWORK = "/master/fade", "/dream/network"


def living(stopping: threading.Event, pulse: Pulse) -> None:
    """What every player does that nothing happens to."""
    while not stopping.wait(0.01):
        pulse.beat(lambda: {"pid": os.getpid()})


def lives_of(pulse: Pulse) -> list[float]:
    """When each life of this player began, this one counted; kept in its pulse."""
    began = [*pulse.before.get("began", []), time.monotonic()]
    pulse.beat_now({"began": began})
    return began


def all_live(name: str, plan: Plan, wires: Wires, lifeline: Connection) -> None:
    play(name, lifeline, wires.pulses[name], living)


def capture_hangs_at_first(name: str, plan: Plan, wires: Wires, lifeline: Connection) -> None:
    def hanging(stopping: threading.Event, pulse: Pulse) -> None:
        if name == "capture" and len(lives_of(pulse)) == 1:
            time.sleep(PATIENCE)  # in a driver
        living(stopping, pulse)

    play(name, lifeline, wires.pulses[name], hanging)


def all_fail(name: str, plan: Plan, wires: Wires, lifeline: Connection) -> None:
    """Hopelessly, but not at the start."""

    def failing(stopping: threading.Event, pulse: Pulse) -> None:
        first = len(lives_of(pulse)) == 1
        raise OSError("unplugged") if first else Hopeless("no such camera")

    play(name, lifeline, wires.pulses[name], failing)


def all_but_the_stage_live(name: str, plan: Plan, wires: Wires, lifeline: Connection) -> None:
    if name != "stage":
        all_live(name, plan, wires, lifeline)


def all_are_hopeless(name: str, plan: Plan, wires: Wires, lifeline: Connection) -> None:
    def loop(stopping: threading.Event, pulse: Pulse) -> None:
        raise Hopeless("display: expected one, received none")

    play(name, lifeline, wires.pulses[name], loop)


class Ended(BaseProcess):
    """A process that is over."""

    def close(self) -> None:
        pass


def until(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, "waited for too long"
        time.sleep(0.005)


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = wired(TABLE)
    yield made
    made.unlink()


class Run:
    """A show that runs beside the test."""

    def __init__(self, show: Show, wires: Wires) -> None:
        self.show = show
        self.status: int | None = None
        self._wires = wires
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.status = self.show.run()

    def pulse(self, name: str) -> dict[str, Any]:
        return read_pulse(self._wires.pulses[name])

    def restarts(self) -> dict[str, int]:
        restarts: dict[str, int] = self.show.figures()["restarts"]
        return restarts

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def end(self) -> None:
        self.show.stop()
        self._thread.join(PATIENCE)


Playing = Callable[..., Run]


@pytest.fixture
def playing(wires: Wires, monkeypatch: pytest.MonkeyPatch) -> Iterator[Playing]:
    """Starts a show of few players, and ends it with the test."""
    runs: list[Run] = []

    def start(begin: Begin, *players: str, **wishes: Any) -> Run:
        monkeypatch.setattr("installation.plan.PLAYERS", players)
        runs.append(Run(Show(Plan(TABLE.defaults, **wishes), wires, begin=begin), wires))
        return runs[-1]

    yield start
    for run in runs:
        run.end()


def test_a_killed_player_is_restarted_and_the_others_play_on(
    playing: Playing, wires: Wires
) -> None:
    run = playing(all_live, "stage", "capture")
    until(lambda: run.pulse("stage") and run.pulse("capture"))
    stage, capture = run.pulse("stage")["pid"], run.pulse("capture")["pid"]
    Bank(TABLE, wires.bank).write({FADE: 0.25, NETWORK: 2.0})
    os.kill(capture, signal.SIGKILL)
    until(lambda: run.pulse("capture")["pid"] != capture)
    assert run.restarts() == {"stage": 0, "capture": 1}
    assert run.pulse("stage")["pid"] == stage
    moment = Bank(TABLE, wires.bank).read()
    assert (moment[FADE], moment[NETWORK]) == (0.25, 2.0), "the values survive"


@pytest.mark.e2e
def test_a_player_that_is_silent_is_killed_and_restarted(
    playing: Playing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SILENT_SECONDS, "capture", 0.5)
    run = playing(capture_hangs_at_first, "stage", "capture")
    until(lambda: "pid" in run.pulse("capture"))
    assert run.restarts()["stage"] == 0
    assert "capture: silent for too long, killed" in run.show.figures()["errors"]


@pytest.mark.e2e
def test_a_player_that_never_beats_is_killed(
    playing: Playing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(show_module, "FIRST_BEAT_SECONDS", 0.0)
    run = playing(all_live, "capture")
    until(lambda: run.restarts()["capture"] > 0)
    monkeypatch.setattr(show_module, "FIRST_BEAT_SECONDS", FIRST_BEAT_SECONDS)
    until(lambda: "pid" in run.pulse("capture"))


def test_the_first_beat_is_waited_for_longer_than_the_next() -> None:
    life = Life("capture", all_live, started_at=100.0)
    long = SILENT_SECONDS["capture"] + 1
    assert not life.silent(pulse=0.0, now=100.0 + long)
    assert not life.silent(pulse=50.0, now=100.0 + long), "a predecessor's beat is none"
    assert life.silent(pulse=0.0, now=101.0 + FIRST_BEAT_SECONDS)
    assert life.silent(pulse=102.0, now=102.0 + long)


@pytest.mark.e2e
def test_a_player_that_fails_again_and_again_is_restarted_but_not_at_once(
    playing: Playing, tmp_path: Path
) -> None:
    stats = tmp_path / "stats.json"
    run = playing(all_fail, "capture", stats=stats)

    def looked() -> bool:
        if stats.exists():
            json.loads(stats.read_text())  # whole at every moment
        return len(run.pulse("capture").get("began", [])) >= 3

    until(looked)
    _, second, third = run.pulse("capture")["began"][:3]
    assert third - second >= 0.4
    assert run.running, "hopeless only counts at the start"
    run.end()
    figures = json.loads(stats.read_text())
    assert figures["restarts"]["capture"] in (2, 3)
    assert "capture: OSError: unplugged" in figures["errors"]
    assert list(tmp_path.iterdir()) == [stats]


def test_the_pauses_grow_up_to_a_limit_and_end_with_a_long_life(wires: Wires) -> None:
    show = Show(Plan(TABLE.defaults), wires, begin=all_live)
    life, pauses = Life("capture", all_live), []
    for lived in [1.0] * 8 + [SETTLED_SECONDS + 1]:
        life.started_at, life.process = 100.0, Ended()
        show._bury(life, 1, now=100.0 + lived)
        pauses.append(life.due_at - 100.0 - lived)
    assert pauses == pytest.approx([0, 0.4, 0.8, 1.6, 3.2, *[LONGEST_PAUSE_SECONDS] * 3, 0])


@pytest.mark.e2e
def test_a_window_that_is_closed_ends_the_show(playing: Playing) -> None:
    run = playing(all_but_the_stage_live, "stage", "capture")
    until(lambda: not run.running)
    assert (run.status, run.restarts()["stage"]) == (0, 0)


@pytest.mark.e2e
def test_what_is_hopeless_at_the_start_ends_the_show(playing: Playing) -> None:
    run = playing(all_are_hopeless, "stage")
    until(lambda: not run.running)
    assert (run.status, run.restarts()) == (1, {"stage": 0})
    assert run.show.figures()["errors"] == ["display: expected one, received none"]


def test_the_seconds_wait_for_the_first_dreamed_frame_but_not_for_ever(wires: Wires) -> None:
    show = Show(Plan(start=table().defaults, seconds=5.0, patience=60.0), wires)
    assert not show._over(show._began + 59.0)
    assert show._over(show._began + 65.0)
    wires.dreamed.publish(np.zeros((2, 2, 3), np.uint8), 0.0)
    show = Show(Plan(start=table().defaults, seconds=5.0, patience=60.0), wires)
    assert show._over(show._began + 6.0)


@pytest.mark.e2e
def test_a_show_ends_after_its_seconds_and_leaves_no_player(playing: Playing) -> None:
    began = time.monotonic()
    run = playing(all_live, "stage", seconds=0.4)
    until(lambda: not run.running)
    assert run.status == 0
    assert time.monotonic() - began >= 0.4
    assert not multiprocessing.active_children()


@pytest.mark.e2e
def test_stop_ends_the_show(playing: Playing) -> None:
    run = playing(all_live, "stage")
    until(lambda: run.pulse("stage"))
    run.end()
    assert (run.running, run.status) == (False, 0)


@pytest.mark.e2e
def test_figures_that_cannot_be_kept_do_not_end_the_show(playing: Playing, tmp_path: Path) -> None:
    run = playing(all_live, "stage", stats=tmp_path / "unplugged" / "stats.json")
    until(lambda: run.pulse("stage"))
    run.end()
    assert run.status == 0
    assert "unplugged" in run.show.figures()["errors"][0]
