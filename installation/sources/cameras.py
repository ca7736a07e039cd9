"""Cameras on this machine, by name or index."""

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.frame import Array
from installation.sources.live import Live
from installation.sources.pace import Clock
from installation.sources.pictures import fitted

BACKENDS = {
    "linux": cv2.CAP_V4L2,
    "darwin": cv2.CAP_AVFOUNDATION,
    "win32": cv2.CAP_DSHOW,  # MSMF can take minutes to open (opencv#17687)
}
SETTINGS = (
    (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),  # USB 2 carries no raw 720p
    (cv2.CAP_PROP_FRAME_WIDTH, 1280),
    (cv2.CAP_PROP_FRAME_HEIGHT, 720),
    (cv2.CAP_PROP_BUFFERSIZE, 1),
)
OPENING, SILENCE = 10.0, 2.0  # seconds
# Some drivers repeat the last picture of an unplugged camera (opencv#14044). Sensors are noisy, but
# a covered lens can give the same black again and again: so this is long, and costs a reopening.
SAME = 10.0  # seconds

SYSFS = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True)
class Camera:
    index: int
    name: str


def cameras() -> tuple[Camera, ...]:
    """What is there, by index. Opens no device."""
    if sys.platform == "linux":
        return listed(SYSFS)
    else:  # or mypy looks for the package on Linux, where it is not needed
        from cv2_enumerate_cameras import enumerate_cameras

        found = enumerate_cameras(BACKENDS.get(sys.platform, cv2.CAP_ANY))
        return tuple(Camera(camera.index, camera.name) for camera in found)


def listed(folder: Path) -> tuple[Camera, ...]:
    """The first node of each device of Video4Linux; the others carry its metadata."""
    nodes = [node for node in folder.glob("video*") if _text(node / "index") == "0"]
    found = [Camera(int(node.name.removeprefix("video")), _text(node / "name")) for node in nodes]
    return tuple(sorted(found, key=lambda camera: camera.index))


def chosen(description: str, there: tuple[Camera, ...]) -> Camera:
    """``description``: camera, camera:INDEX or camera:NAME (or a part of the name that only one
    has). Raises OSError where there is none, never another."""
    wanted = description.partition(":")[2].strip().casefold()
    if not wanted:
        fitting = there[:1]
    elif wanted.isdecimal():
        fitting = tuple(camera for camera in there if camera.index == int(wanted))
    else:
        part = tuple(camera for camera in there if wanted in camera.name.casefold())
        fitting = tuple(camera for camera in part if wanted == camera.name.casefold()) or part
    if len(fitting) != 1:
        problem = "several such cameras" if fitting else "no such camera" if there else "no camera"
        known = ", ".join(f"{camera.index} ({camera.name})" for camera in there)
        raise OSError(
            f"{problem}: expected one of {known or 'those plugged in: none'}, "
            f"received {description!r}"
        )
    return fitting[0]


def camera(description: str) -> Live:
    found = chosen(description, cameras())
    return Live(f"camera {found.name}", partial(_seen, found), OPENING, SILENCE)


def changing(capture: Any, name: str, clock: Clock = time.monotonic) -> Iterator[Array]:
    """What ``capture.read()`` gives, as RGB. Raises OSError when it gives nothing, or the same for
    ``SAME`` seconds."""
    before: Array | None = None
    changed_at = clock()
    while True:
        whole, pixels = capture.read()
        if not whole:
            raise OSError(f"{name}: expected a picture, received none")
        if before is None or not np.array_equal(pixels, before):
            changed_at = clock()
        if clock() - changed_at > SAME:
            raise OSError(f"{name}: expected a new picture, received the same for {SAME:g} s")
        before = pixels
        yield fitted(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))


def _seen(camera: Camera, _closing: threading.Event) -> Iterator[Array]:
    capture = cv2.VideoCapture(camera.index, BACKENDS.get(sys.platform, cv2.CAP_ANY))
    try:
        if not capture.isOpened():
            raise OSError(f"camera {camera.name}: expected to open it, it is refused or in use")
        for setting, value in SETTINGS:
            capture.set(setting, value)
        yield from changing(capture, f"camera {camera.name}")
    except cv2.error as error:
        raise OSError(f"camera {camera.name}: {error}") from error
    finally:
        capture.release()


def _text(path: Path) -> str:
    return path.read_text(errors="replace").strip() if path.is_file() else ""
