from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.bestiary.names import NAMES
from engine.dream import STRIPS
from engine.networks import NETWORKS
from installation.__main__ import main
from installation.atlas import LABEL, POSTER, SHEET, clouded, sheet, square, subjects
from installation.scenes.scenery import factory


@pytest.mark.parametrize("network", NETWORKS)
def test_every_stop_has_a_tile_with_its_own_strip_open(network: str) -> None:
    stops = subjects(network)["stops"]
    assert tuple(stops) == NETWORKS[network].stops
    for number, strips in enumerate(stops.values()):
        assert [bool(strip.gain) for strip in strips] == [n == number for n in range(STRIPS)]


def test_every_class_of_the_embedded_network_has_a_tile() -> None:
    classes = subjects("bestiary")["classes"]
    assert tuple(classes) == NAMES
    assert [strips[-1].channel for strips in classes.values()] == list(range(1, len(NAMES) + 1))
    assert "classes" not in subjects("vgg16")


@pytest.mark.parametrize("count", [1, 2, 8, 81])
def test_a_sheet_holds_every_tile(count: int) -> None:
    tiles = [np.full((32, 48, 3), n / count, np.float32) for n in range(count)]
    there = sheet(tiles, [str(n) for n in range(count)])
    rows, columns = there.shape[0] // (32 + LABEL), there.shape[1] // 48
    assert there.shape == (rows * (32 + LABEL), columns * 48, 3)
    assert count <= rows * columns < count + columns
    assert there.shape[1] <= SHEET


def test_noise_is_the_same_each_time_and_of_middle_light() -> None:
    np.testing.assert_array_equal(clouded(64), clouded(64))
    assert clouded(64).shape == (64, 64, 3)
    assert abs(clouded(64).mean() - 0.5) < 0.1


def test_a_picture_is_cut_to_its_middle() -> None:
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = 255
    assert square(wide, 32).shape == (32, 32, 3)
    assert square(wide, 32).min() == 1.0


@pytest.mark.e2e
def test_the_sheets_are_written(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.full((64, 80, 3), 90, np.uint8))
    words = ["--picture", str(photo), "--side", "64", "--frames", "1", "--backend", "openvino"]
    assert main(["atlas", str(tmp_path / "sheets"), *words]) == 0
    assert sorted(path.name for path in (tmp_path / "sheets").iterdir()) == [
        "bestiary_classes_noise.jpg",
        "bestiary_classes_picture.jpg",
        "bestiary_stops_noise.jpg",
        "bestiary_stops_picture.jpg",
        "drawn.jpg",
    ]


@pytest.mark.e2e
def test_every_scene_has_its_picture(tmp_path: Path) -> None:
    assert main(["atlas", str(tmp_path), "--scenes", "--frames", "1", "--backend", "openvino"]) == 0
    assert {path.stem for path in tmp_path.iterdir()} == set(factory())
    poster = cv2.imread(str(next(tmp_path.iterdir())))
    assert poster.shape == (POSTER[1], POSTER[0], 3)
    assert poster.std() > 20


@pytest.mark.e2e
def test_a_network_that_cannot_be_had_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "vgg16.h5").write_bytes(b"nothing")
    words = ["--network", "vgg16", "--weights-dir", str(tmp_path), "--backend", "openvino"]
    assert main(["atlas", str(tmp_path / "sheets"), *words]) == 2
    assert "vgg16.h5: expected weights of vgg16" in capsys.readouterr().err


@pytest.mark.parametrize("side", ["8", "5000"])
def test_what_cannot_be_drawn_is_refused(
    side: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["atlas", str(tmp_path / "sheets"), "--side", side]) == 2
    assert f"--side: expected 16 to 1024 pixels, received {side}" in capsys.readouterr().err
    assert not (tmp_path / "sheets").exists()
