"""Scenes, cues and takes in a real show, asked for by liblo's oscsend, and there in the next."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from doubles import until
from PIL import Image
from test_whole_show import Played, dreams

from installation.scenes.scenery import factory, scene
from installation.settings import table
from mappings.osc.packets import bundles

pytestmark = pytest.mark.e2e

TABLE = table()
FACTORY = list(factory())
FOLDS, AMOUNT, RECALL = "/scope/folds", "/dream/amount", "/scene/recall"

PATIENCE = 60.0


class Show(Played):
    """Looked at as its players look at it: the bank is asked by OSC, in bundles too."""

    def ask(self, address: str) -> Any:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.turn(address, "?")
            with contextlib.suppress(TimeoutError):
                while True:
                    for bundle in bundles(self._socket.recv(8192)):
                        for message in bundle.messages:
                            if message.address == address:
                                return message.arguments[0]
        raise AssertionError(f"{address}: no answer\n{self.log()}")


Start = Callable[..., Show]


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Start]:
    """One show after the other, with one home."""
    if not shutil.which("oscsend"):
        pytest.skip("not installed: oscsend (liblo-tools)")
    started: list[Show] = []

    def start(*arguments: str) -> Show:
        folder = tmp_path / f"show {len(started)}"
        folder.mkdir()
        home = ("--home", str(tmp_path), "--source", "drift", "--midi", "none")
        started.append(Show(folder, *home, *arguments))
        started[-1].ask(FOLDS)  # now it listens
        return started[-1]

    yield start
    for played in started:
        if played.process.poll() is None:
            played.end()


def send(played: Show, address: str, kinds: str = "", *arguments: str | float) -> None:
    words = [str(argument) for argument in arguments]
    given = [kinds, *words] if kinds else []
    subprocess.run(["oscsend", "localhost", str(played.port), address, *given], check=True)


def test_a_scene_is_stored_recalled_and_there_in_the_next_show(show: Start, tmp_path: Path) -> None:
    played = show()
    played.until(dreams)
    send(played, "/scene/morph_seconds", "f", 0.3)
    send(played, FOLDS, "i", 17)
    send(played, "/scene/store", "s", "räder")
    picture = tmp_path / "scenes" / "räder.jpg"
    until(picture.exists)
    with Image.open(picture) as shown:
        assert shown.size == (320, 180)
    send(played, FOLDS, "i", 5)
    send(played, RECALL, "i", len(FACTORY) + 1)
    played.becomes(FOLDS, 17)
    send(played, RECALL, "s", FACTORY[2])
    played.becomes(FOLDS, scene(FACTORY[2], TABLE).look(TABLE)[FOLDS])
    played.becomes(RECALL, 3)
    send(played, "/scene/previous")
    played.becomes(RECALL, 2)
    assert played.end() == 0
    again = show("--scene", "räder")
    assert again.ask(FOLDS) == 17
    assert again.ask(RECALL) == len(FACTORY) + 1
    send(again, "/scene/delete", "s", "räder")
    until(lambda: not picture.exists())
    assert len(list((tmp_path / "scenes" / "backup" / "räder").iterdir())) == 2
    assert again.end() == 0


def test_a_control_player_that_is_killed_knows_the_scene_and_the_cue(show: Start) -> None:
    played = show()
    for name in FACTORY[:2]:
        send(played, "/cue/add", "s", name)
    send(played, "/cue/go", "i", 1)
    send(played, "/cue/go", "i", 1)
    played.becomes(RECALL, 2)
    figures = played.until(lambda figures: figures["presented"] > 10)
    os.kill(figures["pids"]["control"], signal.SIGKILL)
    played.until(lambda figures: figures["restarts"]["control"] == 1)
    assert played.ask(RECALL) == 2
    send(played, "/cue/back")
    played.becomes(RECALL, 1)
    assert played.end() == 0


def test_a_take_is_recorded_and_the_next_show_plays_it(show: Start, tmp_path: Path) -> None:
    played = show()
    send(played, "/take/record", "i", 1)
    played.becomes("/take/record", 1)
    send(played, AMOUNT, "f", 0.25)
    played.becomes(AMOUNT, 0.25)
    send(played, FOLDS, "i", 11)
    played.becomes(FOLDS, 11)
    assert played.end() == 0
    (take,) = (tmp_path / "takes").iterdir()
    moved = [json.loads(line)[1:] for line in take.read_text().splitlines()[1:]]
    assert moved == [[AMOUNT, 0.25], [FOLDS, 11]]
    again = show("--take", str(take))
    again.becomes(FOLDS, 11)
    assert again.ask(AMOUNT) == 0.25
    again.becomes("/take/play", 0)
    assert again.end() == 0
