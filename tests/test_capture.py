import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.bank import Bank
from engine.frame import Array, Frame, Slot, whole_view
from installation import capture as capture_module
from installation.capture import Capture, found_source
from installation.plan import Wires, wired
from installation.player import Hopeless, Pulse, read_pulse
from installation.settings import table
from installation.sources.cameras import Camera

TABLE = table()
SELECT, MIRROR = "/source/select", "/source/mirror"
PATIENCE = 5.0  # seconds
WIDTH, HEIGHT = 64, 48


def ramp() -> Array:
    """Grey that grows to the right."""
    row = np.arange(WIDTH, dtype=np.uint8) * 3
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (HEIGHT, WIDTH, 3)))


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "ramp.png"
    Image.fromarray(ramp()).save(path)
    return str(path)


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = wired(TABLE)
    Bank(TABLE, made.bank).start(TABLE.defaults)
    yield made
    made.unlink()


Playing = Callable[..., Capture]


@pytest.fixture
def playing(wires: Wires) -> Iterator[Playing]:
    """Captures beside the test until it is over."""
    stopping, threads = threading.Event(), []

    def start(*sources: str) -> Capture:
        pulse = Pulse(wires.pulses["capture"])
        made = Capture(sources, Bank(TABLE, wires.bank), wires.captured, pulse)
        threads.append(threading.Thread(target=made.run, args=(stopping,)))
        threads[-1].start()
        return made

    yield start
    stopping.set()
    for thread in threads:
        thread.join(PATIENCE)


def following(slot: Slot) -> Frame:
    """A frame that was taken wholly after this call: the second one from now."""
    after = slot.sequence + 1
    while slot.sequence <= after:
        assert slot.wait(PATIENCE), "no frame comes"
    newest = slot.newest()
    assert newest is not None
    return newest


def test_a_picture_is_published_with_its_whole_view_and_aspect(
    playing: Playing, wires: Wires, file: str
) -> None:
    playing(file)
    frame = following(wires.captured)
    assert np.array_equal(frame.pixels, ramp())
    assert (frame.aspect, frame.view) == (WIDTH / HEIGHT, whole_view(WIDTH / HEIGHT))


def test_the_mirror_flips_left_and_right(playing: Playing, wires: Wires, file: str) -> None:
    playing(file)
    following(wires.captured)
    Bank(TABLE, wires.bank).write({MIRROR: 1.0})
    assert np.array_equal(following(wires.captured).pixels, ramp()[:, ::-1])


def test_the_selected_source_is_shown(playing: Playing, wires: Wires, file: str) -> None:
    playing(file, "drift")
    following(wires.captured)
    Bank(TABLE, wires.bank).write({SELECT: 2.0})
    assert following(wires.captured).pixels.shape == (360, 640, 3)
    Bank(TABLE, wires.bank).write({SELECT: 1.0})
    assert np.array_equal(following(wires.captured).pixels, ramp())


def test_past_the_last_source_is_the_last_source(playing: Playing, wires: Wires, file: str) -> None:
    playing("drift", file)
    Bank(TABLE, wires.bank).write({SELECT: 8.0})
    assert np.array_equal(following(wires.captured).pixels, ramp())


def test_a_source_that_is_broken_leaves_the_old_one(
    playing: Playing, wires: Wires, file: str, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    playing(file, str(broken))
    following(wires.captured)
    Bank(TABLE, wires.bank).write({SELECT: 2.0})
    assert np.array_equal(following(wires.captured).pixels, ramp())


def test_the_pulse_says_what_is_captured_and_what_was_broken(wires: Wires, file: str) -> None:
    pulse, stopping = Pulse(wires.pulses["capture"]), threading.Event()
    made = Capture((file, "nothing.mp4"), Bank(TABLE, wires.bank), wires.captured, pulse)
    Bank(TABLE, wires.bank).write({SELECT: 2.0})
    running = threading.Thread(target=made.run, args=(stopping,))
    running.start()
    following(wires.captured)
    stopping.set()
    running.join(PATIENCE)
    figures = read_pulse(wires.pulses["capture"])
    assert (figures["captured"], figures["source"]) == (wires.captured.sequence, file)
    assert figures["stale"] == 0
    assert "nothing.mp4" in figures["errors"][0]


@pytest.mark.parametrize("description", ["nothing.mp4", "camera:", "gopher://somewhere", ""])
def test_a_wrong_description_is_hopeless(wires: Wires, description: str) -> None:
    pulse = Pulse(wires.pulses["capture"])
    with pytest.raises(Hopeless, match=r"expected one of .*, received"):
        Capture((description,), Bank(TABLE, wires.bank), wires.captured, pulse)


def test_without_a_camera_the_built_in_picture_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_module, "cameras", lambda: ())
    assert found_source(threading.Event()) == ("drift",)


class Eye:
    """A camera that shows ``pixels``, or nothing."""

    last_error = "it is in use"

    def __init__(self, pixels: Array | None) -> None:
        self._pixels = pixels

    def read(self, stopping: threading.Event) -> Array | None:
        return self._pixels

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("pixels", "found"), [(np.zeros((4, 4, 3), np.uint8), "camera"), (None, "drift")]
)
def test_the_first_camera_is_taken_if_it_shows_something(
    monkeypatch: pytest.MonkeyPatch, pixels: Array | None, found: str
) -> None:
    monkeypatch.setattr(capture_module, "cameras", lambda: (Camera(0, "eye"), Camera(2, "other")))
    monkeypatch.setattr(capture_module, "Reopening", lambda description: Eye(pixels))
    monkeypatch.setattr(capture_module, "TRIAL_SECONDS", 0.05)
    assert found_source(threading.Event()) == (found,)


def test_a_restart_takes_the_first_source_that_is_to_be_had(wires: Wires, file: str) -> None:
    pulse = Pulse(wires.pulses["capture"])
    made = Capture(("nothing.mp4", file), Bank(TABLE, wires.bank), wires.captured, pulse)
    made._take(threading.Event())
    assert wires.captured.sequence == 1
