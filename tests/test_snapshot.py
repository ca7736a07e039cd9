import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from standins import AtOnce

from engine.bank import Bank
from engine.frame import Array, whole_view
from installation.plan import Wires, wired
from installation.scenes.snapshot import Photographer, jpeg
from installation.settings import table

TABLE = table()
RED, BLUE = (200, 30, 30), (30, 30, 200)


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = wired(TABLE)
    Bank(TABLE, made.bank).start(TABLE.defaults)
    yield made
    made.unlink()


def plain(colour: tuple[int, int, int]) -> Array:
    return np.full((90, 160, 3), colour, np.uint8)


class Album:
    """Where the pictures go, and which hang."""

    def __init__(self, folder: Path, wires: Wires) -> None:
        self.hung: list[str] = []
        self._folder = folder
        self._wires = wires
        self._bank = Bank(TABLE, wires.bank)
        self.photographer = Photographer(wires, self.path, self.hung.append, AtOnce())

    def path(self, name: str) -> Path:
        return self._folder / f"{name}.jpg"

    def taken(self, name: str) -> Array:
        self.photographer.picture(name, self._bank.read())
        with Image.open(self.path(name)) as picture:
            assert picture.format == "JPEG"
            return np.asarray(picture.convert("RGB"))

    def show(self, colour: tuple[int, int, int]) -> None:
        self._wires.dreamed.publish(plain(colour), 1.0, whole_view(16 / 9), 16 / 9)


@pytest.fixture
def album(tmp_path: Path, wires: Wires) -> Album:
    return Album(tmp_path / "scenes", wires)


def near(pixels: Array, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixels.astype(int) - colour).max() < 12)


def test_before_anything_is_seen_there_is_no_picture(album: Album, wires: Wires) -> None:
    album.photographer.picture("mine", Bank(TABLE, wires.bank).read())
    assert (album.hung, album.path("mine").exists()) == ([], False)


def test_a_picture_is_of_the_dream_and_small(album: Album) -> None:
    album.show(RED)
    pixels = album.taken("mine")
    assert pixels.shape == (180, 320, 3)
    assert near(pixels, RED), "red, not blue"
    assert album.hung == ["mine"]
    album.show(BLUE)
    assert near(album.taken("mine"), BLUE), "the newest"


def test_without_a_dream_it_is_of_what_is_captured(album: Album, wires: Wires) -> None:
    wires.captured.publish(plain(BLUE), 1.0, whole_view(16 / 9), 16 / 9)
    assert near(album.taken("mine"), BLUE)


def test_a_picture_is_folded_and_coloured_and_never_dark(wires: Wires) -> None:
    bank = Bank(TABLE, wires.bank)
    bank.write({"/master/fade": 0.0, "/scope/folds": 2.0, "/scope/spin": 0.0})
    random = np.random.default_rng(0).integers(0, 255, (9, 16, 3), np.uint8)
    wires.dreamed.publish(random.repeat(10, 0).repeat(10, 1), 1.0, whole_view(16 / 9), 16 / 9)
    frame = wires.dreamed.newest()
    assert frame
    pixels = np.asarray(Image.open(io.BytesIO(jpeg(frame, bank.read()))).convert("RGB"), int)
    assert pixels.std() > 30
    assert np.abs(pixels - pixels[::-1, ::-1]).mean() < 4
    bank.write({"/colour/saturation": 0.0})
    grey = np.asarray(Image.open(io.BytesIO(jpeg(frame, bank.read()))).convert("RGB"), int)
    assert grey.std(axis=2).max() < 3
