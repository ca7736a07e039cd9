import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from engine.frame import Array, Slot
from installation.plan import FILMS, PICTURES, recordable
from installation.plan import RECORDED_FPS as FPS
from installation.player import Pulse, read_pulse
from installation.record import Film, await_dream, keep, unused

SIZE = (48, 64)  # height, width


def grey(number: int, size: tuple[int, int] = SIZE) -> Array:
    return np.full((*size, 3), 10 * number % 250, np.uint8)


def decoded(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def filmed(path: Path, count: int, interval: float = 1 / FPS) -> Film:
    film = Film(path)
    for number in range(count):
        film.add(grey(number), 1000.0 + number * interval)
    return film


@pytest.fixture(params=FILMS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"show{request.param}"


def test_a_film_plays_back_what_was_shown(path: Path) -> None:
    filmed(path, 20).close()
    frames = decoded(path)
    assert len(frames) == 20
    assert {(frame.width, frame.height) for frame in frames} == {(64, 48)}
    for number, frame in enumerate(frames):
        assert frame.to_ndarray(format="rgb24").mean() == pytest.approx(10 * number, abs=4)


def test_each_picture_plays_at_the_time_it_was_shown(path: Path) -> None:
    times = [0.0, 0.1, 0.5, 0.6, 2.0]
    film = Film(path)
    for number, seconds in enumerate(times):
        film.add(grey(number), 1000.0 + seconds)
    film.close()
    assert [frame.time for frame in decoded(path)] == pytest.approx(times, abs=1 / FPS)


def test_pictures_of_the_same_thirtieth_are_one(tmp_path: Path) -> None:
    filmed(tmp_path / "show.mp4", 60, interval=1 / 120).close()
    assert len(decoded(tmp_path / "show.mp4")) == 16


def test_odd_sizes_are_made_even(path: Path) -> None:
    film = Film(path)
    film.add(grey(5, (49, 65)), 0.0)
    film.close()
    (frame,) = decoded(path)
    assert (frame.width, frame.height) == (64, 48)


def test_a_picture_of_another_size_is_scaled_to_the_first(path: Path) -> None:
    film = Film(path)
    film.add(grey(5), 0.0)
    film.add(grey(9, (96, 200)), 1.0)
    film.close()
    first, second = decoded(path)
    assert (second.width, second.height) == (first.width, first.height) == (64, 48)
    assert second.to_ndarray(format="rgb24").mean() == pytest.approx(90, abs=4)


def test_a_film_that_was_never_closed_plays_all_but_its_last_seconds(path: Path) -> None:
    film = filmed(path, 8 * FPS)
    left = path.with_stem("killed")
    shutil.copy(path, left)  # what is there after a kill
    film.close()
    assert len(decoded(left)) >= 5 * FPS


def test_a_film_is_begun_without_a_warning(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    filmed(path, 2).close()
    assert not caplog.records


def test_a_film_without_a_picture_leaves_nothing(tmp_path: Path) -> None:
    Film(tmp_path / "show.mp4").close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [*FILMS, *PICTURES, ".PNG"])
def test_every_kind_of_film_and_picture_can_be_kept(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"show{suffix}"
    assert recordable(path) == path


@pytest.mark.parametrize("name", ["show.avi", "show", "show.mp4.part", ".mp4"])
def test_a_name_that_cannot_be_kept_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        ValueError, match=r"--record: expected a name that ends in \.mp4, .*received"
    ):
        recordable(tmp_path / name)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"--record: expected a folder, received '.*gone'"):
        recordable(tmp_path / "gone" / "show.mp4")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "show.mp4"
    assert unused(path) == path
    path.write_bytes(b"a film")
    (tmp_path / "show-2.mp4").write_bytes(b"another")
    assert unused(path) == tmp_path / "show-3.mp4"
    (tmp_path / "show-3.mp4").touch()
    assert unused(path) == tmp_path / "show-3.mp4", "nothing was kept in that one"


class Presenting(threading.Event):
    """Presents ``at_once`` more pictures each time the recorder asks whether it is to stop."""

    def __init__(self, presented: Slot, count: int, at_once: int = 1, fps: float = 4.0) -> None:
        super().__init__()
        self._presented = presented
        self._left = range(count)
        self._at_once = at_once
        self._fps = fps

    def is_set(self) -> bool:
        now, self._left = self._left[: self._at_once], self._left[self._at_once :]
        for number in now:
            self._presented.publish(grey(number), 1000.0 + number / self._fps)
        return not now


@pytest.fixture
def presented() -> Iterator[Slot]:
    slot = Slot(SIZE[0] * SIZE[1] * 3)
    yield slot
    slot.unlink()


Keeping = Callable[..., None]


@pytest.fixture
def keeping(presented: Slot, beaten: Slot) -> Keeping:
    return lambda count, *paths: keep(paths, presented, Presenting(presented, count), Pulse(beaten))


@pytest.mark.parametrize(
    ("at_once", "fps", "recorded", "missed"),
    [
        (1, 30.0, 60, 0),
        (3, 30.0, 20, 38),  # of three the last, and what was before the first is nobody's loss
        (3, 10.0, 20, 38),
        (2, 60.0, 30, 0),  # a film has no place for the other
        (4, 60.0, 15, 14),
    ],
)
def test_what_came_too_fast_to_be_kept_is_counted_and_said_once(
    presented: Slot,
    beaten: Slot,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    at_once: int,
    fps: float,
    recorded: int,
    missed: int,
) -> None:
    presenting = Presenting(presented, 60, at_once, fps)
    keep([tmp_path / "show.mkv"], presented, presenting, Pulse(beaten))
    assert read_pulse(beaten) == {"recorded": recorded, "missed": missed, "errors": []}
    said = f"{missed} of {recorded + missed} pictures were not kept"
    assert [said in each.message for each in caplog.records] == [True] * bool(missed)


def test_a_recorder_that_is_started_again_counts_on(
    presented: Slot, beaten: Slot, tmp_path: Path
) -> None:
    for _ in range(2):
        presenting = Presenting(presented, 6, at_once=2)
        keep([tmp_path / "show.mkv"], presented, presenting, Pulse(beaten))
    assert read_pulse(beaten)["recorded"] == 6
    assert read_pulse(beaten)["missed"] == 4


def test_a_recorder_waits_for_the_first_dreamed_frame(presented: Slot, beaten: Slot) -> None:
    waits = []

    class Waiting(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            if len(waits) == 3:
                presented.publish(grey(1), 0.0)
            return False

    await_dream(presented, 60.0, Waiting(), Pulse(beaten))
    assert len(waits) == 3


@pytest.mark.parametrize(("patience", "ended"), [(0.0, False), (60.0, True)])
def test_a_recorder_waits_no_longer_than_it_may(
    presented: Slot, beaten: Slot, patience: float, ended: bool
) -> None:
    stopping = threading.Event()
    if ended:
        stopping.set()
    await_dream(presented, patience, stopping, Pulse(beaten), pause=60.0)


def test_a_picture_keeps_the_last_of_the_show(keeping: Keeping, tmp_path: Path) -> None:
    path = tmp_path / "show.png"
    keeping(3, path)
    with Image.open(path) as picture:
        assert np.array_equal(np.asarray(picture), grey(2))


def test_films_and_pictures_are_kept_at_once(keeping: Keeping, tmp_path: Path) -> None:
    film, still = tmp_path / "show.mkv", tmp_path / "show.JPG"
    keeping(3, film, still)
    assert len(decoded(film)) == 3
    with Image.open(still) as picture:
        assert picture.size == (64, 48)


def test_a_recorder_that_is_started_again_goes_on_in_another_film(
    keeping: Keeping, tmp_path: Path
) -> None:
    path = tmp_path / "show.mp4"
    keeping(2, path)
    keeping(3, path)
    assert len(decoded(path)) == 2
    assert len(decoded(tmp_path / "show-2.mp4")) == 3


def test_a_show_that_presented_nothing_leaves_nothing(keeping: Keeping, tmp_path: Path) -> None:
    keeping(0, tmp_path / "show.mp4", tmp_path / "show.png")
    assert not list(tmp_path.iterdir())
