from collections.abc import Iterator

import numpy as np
import pytest

from engine.frame import Array
from installation.plan import LARGEST_PREVIEW, PREVIEW_FPS, Wires, bytes_of, wired
from installation.player import Pulse
from installation.preview import GONE_SECONDS, LOOK_SECONDS, SHARE, Preview, shrunk
from installation.settings import table

RATE = 60
SIZE = (1280, 720)


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = wired(table())
    yield made
    made.unlink()


class Stage:
    """Presents ``RATE`` pictures a second, and counts how often one was asked for."""

    def __init__(self, wires: Wires, takes: float = 0.0) -> None:
        """``takes``: seconds for a picture."""
        self.asked = 0
        self._passed, self._takes = 0.0, takes
        self._preview = Preview(wires, lambda: self._passed)

    def finish(self) -> None:
        """Painting takes its time too."""
        self._passed += 1.0

    def picture(self) -> Array:
        self.asked += 1
        self._passed += self._takes
        return np.full((SIZE[1], SIZE[0], 3), self.asked, np.uint8)

    def plays(self, since: float, seconds: float) -> int:
        before = self.asked
        for refresh in range(round(seconds * RATE)):
            self._preview.show(self, since + refresh / RATE)
        return self.asked - before


def say(wires: Wires, monkeypatch: pytest.MonkeyPatch, watched: bool) -> float:
    """What the web player says, and when."""
    monkeypatch.setattr("installation.player.time.monotonic", lambda: 100.0)
    Pulse(wires.pulses["web"]).beat_now({"watched": watched})
    return 100.0


def test_nobody_is_shown_anything_while_nobody_watches(
    wires: Wires, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(wires)
    assert stage.plays(99.0, 0.5) == 0, "there is no web player"
    assert stage.plays(say(wires, monkeypatch, False), 1.0) == 0
    assert wires.preview.sequence == 0


def test_who_watches_is_shown_every_other_refresh(
    wires: Wires, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(wires)
    shown = stage.plays(say(wires, monkeypatch, True), 1.0)
    assert shown == PREVIEW_FPS == wires.preview.sequence
    newest = wires.preview.newest()
    assert newest
    assert newest.pixels.shape == (360, 640, 3)
    assert newest.pixels[0, 0, 0] == stage.asked


def test_a_slow_stage_is_not_made_slower_by_more_than_a_tenth(
    wires: Wires, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(wires, takes=0.02)
    assert stage.plays(say(wires, monkeypatch, True), 1.0) == 1 / (0.02 / SHARE)


def test_whoever_begins_to_watch_is_noticed_soon(
    wires: Wires, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(wires)
    now = say(wires, monkeypatch, False)
    stage.plays(now, 0.1)
    say(wires, monkeypatch, True)
    assert stage.plays(now + 0.1, LOOK_SECONDS) > 0


def test_a_web_player_that_is_gone_is_watched_by_nobody(
    wires: Wires, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(wires)
    assert stage.plays(say(wires, monkeypatch, True) + GONE_SECONDS, 1.0) == 0


@pytest.mark.parametrize(
    "size", [(640, 360), (1280, 720), (3840, 2160), (720, 1280), (7, 5), (9, 4000)]
)
def test_a_small_picture_has_the_shape_of_the_large_one(size: tuple[int, int]) -> None:
    large = np.zeros((size[1], size[0], 3), np.uint8)
    small = shrunk(large[::-1])
    assert small.nbytes <= bytes_of(LARGEST_PREVIEW)
    assert small.shape[1] <= LARGEST_PREVIEW[0]
    assert small.shape[0] <= LARGEST_PREVIEW[1]
    scale = small.shape[0] / size[1]
    assert abs(small.shape[1] - size[0] * scale) <= 1


def test_a_small_picture_is_the_right_way_up() -> None:
    large = np.zeros((720, 1280, 3), np.uint8)
    large[:360] = 200
    small = shrunk(large)
    assert small[:170].min() == 200
    assert small[190:].max() == 0
