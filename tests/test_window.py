"""The window: without a display, without OpenGL, and a real one."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pygame
import pytest

from engine.frame import Frame, whole_view
from installation import window as window_module
from installation.plan import Plan
from installation.player import Hopeless
from installation.settings import Colour, Scope, table
from installation.window import Window
from mappings.osc.packets import bundles, packet

SIZE = (160, 90)
GREY = 150
PATIENCE = 20.0  # seconds
OWN = ("SDL_VIDEODRIVER", "SDL_VIDEO_MINIMIZE_ON_FOCUS_LOSS", "LP_NUM_THREADS")
NO_DISPLAY = """
from installation.plan import Plan
from installation.player import Hopeless
from installation.settings import table
from installation.window import Window
try:
    Window(Plan(table().defaults, window=(160, 90)))
except Hopeless as error:
    print(error)
"""


Opening = Callable[..., Window]


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opening]:
    """Windows without a display; what they tell SDL ends with the test."""
    for name in OWN:
        monkeypatch.setenv(name, "1")
        monkeypatch.delenv(name)
    opened: list[Window] = []

    def open_window(**plan: Any) -> Window:
        asked = {"headless": True, "window": SIZE, **plan}
        opened.append(Window(Plan(table().defaults, **asked)))
        return opened[-1]

    yield open_window
    for window in opened:
        window.close()
    pygame.quit()


def no_opengl(size: tuple[int, int]) -> None:
    raise OSError("OpenGL: expected 3.3 or later, received none")


def show_grey(window: Window) -> Any:
    """What is painted of a grey picture."""
    pixels = np.full((30, 40, 3), GREY, np.uint8)
    window.painter.live(Frame(pixels, 1.0, whole_view(4 / 3), 4 / 3, 1))
    window.painter.paint(Scope(), Colour(), 1.0, 0.0)
    return window.painter.picture()


def test_without_a_display_the_picture_is_painted_all_the_same(opening: Opening) -> None:
    window = opening()
    picture = show_grey(window)
    window.flip()
    assert window.kind.startswith(("OpenGL on ", "the CPU"))
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    assert np.abs(picture.astype(int) - GREY).max() <= 1


def test_without_opengl_the_cpu_paints_in_the_window(
    opening: Opening, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(window_module, "GlPainter", no_opengl)
    window = opening()
    show_grey(window)
    window.flip()
    surface = pygame.display.get_surface()
    assert surface is not None
    assert (window.kind, window.size, surface.get_at((5, 5))[:3]) == ("the CPU", SIZE, (GREY,) * 3)
    assert "expected 3.3 or later, received none): folding on the CPU" in caplog.text


def test_without_a_display_the_clock_sets_the_pace(opening: Opening) -> None:
    window = opening()
    assert not window.synchronised
    assert window.refresh_rate > 0


def test_without_a_display_and_a_size_the_picture_has_a_size(opening: Opening) -> None:
    assert opening(window=None).size == window_module.DEFAULT_SIZE


@pytest.mark.parametrize("painter", ["opengl", "cpu"])
def test_a_display_that_is_not_there_is_hopeless(
    opening: Opening, monkeypatch: pytest.MonkeyPatch, painter: str
) -> None:
    if painter == "cpu":
        monkeypatch.setattr(window_module, "GlPainter", no_opengl)
    with pytest.raises(Hopeless, match=r"--display: expected 0 to \d+, received 99"):
        opening(display=99)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_no_display_is_hopeless_and_says_what_helps() -> None:
    absent = ("DISPLAY", "WAYLAND_DISPLAY", *OWN)
    environment = {name: value for name, value in os.environ.items() if name not in absent}
    ended = subprocess.run(
        (sys.executable, "-W", "ignore", "-c", NO_DISPLAY),
        env={**environment, "PYGAME_HIDE_SUPPORT_PROMPT": "1"},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ended.stdout.startswith("display: expected one, or --headless; received")


class Shown:
    """The whole show in a real window, its keys pressed from outside."""

    def __init__(self, folder: Path, display: str) -> None:
        self._stats = folder / "stats.json"
        self._said = folder / "said.txt"
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        absent = ("WAYLAND_DISPLAY", *OWN)
        kept = {name: value for name, value in os.environ.items() if name not in absent}
        self._environment = {**kept, "DISPLAY": display}
        command = (sys.executable, "-m", "installation", "run", "--window", "640x360")
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [
                    *(*command, "--source", "drift", "--stats", str(self._stats)),
                    *("--midi", "none", "--osc-port", str(self._port)),
                ],
                cwd=Path(__file__).parent.parent,
                env=self._environment,
                stdout=said,
                stderr=said,
            )

    def until(self, met: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not met():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def said(self) -> str:
        return self._said.read_text("utf-8", "replace")[-4000:]

    def figure(self, name: str) -> Any:
        return json.loads(self._stats.read_text())[name] if self._stats.exists() else None

    def stands_at(self, address: str) -> Any:
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asking:
            asking.settimeout(1.0)
            asking.sendto(packet(address, "?"), ("127.0.0.1", self._port))
            with contextlib.suppress(TimeoutError):
                (bundle,) = bundles(asking.recv(8192))
                return bundle.messages[0].arguments[0]

    def press(self, *keys: str) -> None:
        subprocess.run(
            ("xdotool", "mousemove", "50", "50", "key", *keys),
            env=self._environment,
            check=True,
            timeout=PATIENCE,
        )

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(PATIENCE)


@pytest.fixture
def display() -> Iterator[str]:
    """A display of our own, in memory."""
    if shutil.which("Xvfb") is None:
        pytest.skip("not installed: Xvfb")
    reading, writing = os.pipe()
    command = ("Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x720x24")
    server = subprocess.Popen(
        (*command, "-nolisten", "tcp"),
        pass_fds=(writing,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with open(reading) as numbers:
        number = numbers.readline().strip()
    assert number, "expected a display, but Xvfb ended"
    yield f":{number}"
    server.terminate()
    server.wait(PATIENCE)


@pytest.fixture
def shown(display: str, tmp_path: Path) -> Iterator[Shown]:
    show = Shown(tmp_path, display)
    yield show
    show.end()


@pytest.mark.e2e
def test_the_show_opens_a_window_hears_its_keys_and_ends_at_the_second_escape(
    shown: Shown,
) -> None:
    shown.until(lambda: (shown.figure("presented") or 0) > 30)
    assert "640x360" in shown.said()
    if shutil.which("xdotool") is None:
        pytest.skip("presents; not installed, to press keys: xdotool")
    folds = table().defaults[table()["/scope/folds"].index]
    shown.press("Up")
    shown.until(lambda: shown.stands_at("/scope/folds") == folds + 1)
    shown.press("q")
    shown.press("Up")
    shown.until(lambda: shown.stands_at("/scope/folds") == folds + 2)
    shown.press("Escape", "Escape")
    assert shown.process.wait(PATIENCE) == 0, shown.said()
