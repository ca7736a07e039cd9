"""Films and streams, read by PyAV."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np

from engine.frame import Array
from installation.sources.live import Live
from installation.sources.pace import PATIENCE, Clock
from installation.sources.pictures import MOST_PIXELS, fitting

FILMS = (  # containers only: FFmpeg would also draw a text and follow a list of addresses
    "apng,asf,avi,dv,flv,gif,h264,hevc,ivf,m4v,matroska,mjpeg,mov,mp4,mpeg,mpegts,mxf,nut,ogg,webm"
)
CAREFUL = {"max_pixels": str(MOST_PIXELS)}  # before a frame is decoded; the size may change
EXPECTED = f"a film or a stream of at most {MOST_PIXELS // 10**6} megapixels"
PROMPT = {"fflags": "nobuffer", "flags": "low_delay", "rtsp_transport": "tcp"}

SHORTEST, LONGEST = 1 / 250, 10.0  # seconds from frame to frame; other timestamps are mistakes
SKIPPED = 5  # late frames left out at a time, or a slow decoder would show nothing
SLIP = 1.0  # seconds late, after which the film goes on from where it is

CONNECT, STALL = 5.0, 4.0  # seconds before PyAV gives up opening, reading
OPENING, SILENCE = 15.0, 5.0  # seconds before we give up on PyAV

Timed = Iterator[tuple[float, Any]]  # seconds since the frame before; the frame


class Film:
    """A file shown for ever at its own rate. ``close`` may come from another thread."""

    def __init__(self, path: Path, clock: Clock = time.monotonic) -> None:
        """Raises OSError when the file is not a film."""
        self.name = path.name
        self._clock = clock
        self._lock = threading.Lock()
        self._frames: Any = _looped(path.resolve())
        self._held: Array | None = pixels_of(self._next()[1])
        self._due: float | None = None

    def read(self, stopping: threading.Event) -> Array | None:
        with self._lock:
            pixels, due = self._coming()
        ahead = due - self._clock()
        stopping.wait(max(0.0, min(PATIENCE, ahead)))
        if ahead > PATIENCE or stopping.is_set():
            return None
        self._held = None
        return pixels

    def close(self) -> None:
        with self._lock:
            self._frames.close()

    def _coming(self) -> tuple[Array, float]:
        """The next picture that is not late, and when it is due."""
        now = self._clock()
        due = now if self._due is None else self._due
        if self._held is None:
            for _ in range(1 + SKIPPED):
                step, frame = self._next()
                due += step
                if now < due + step:
                    break
            self._held = pixels_of(frame)
        self._due = due if now - due < SLIP else now
        return self._held, self._due

    def _next(self) -> tuple[float, Any]:
        for step, frame in self._frames:
            return step, frame
        raise OSError(f"{self.name}: expected an open film, received a closed one")


def stream(url: str) -> Live:
    """A camera or a mixer on the network. The newest picture is shown, but a film that waits on a
    server, whole or in pieces, keeps its own rate."""
    return Live(without_password(url), partial(_streamed, url), OPENING, SILENCE)


def without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)


def pixels_of(frame: Any) -> Array:
    """(height, width, 3) uint8 RGB, upright, inside ``MOST``."""
    turns = round(frame.rotation / 90)  # anti-clockwise, as telephones write it
    width, height = frame.width, frame.height
    across, down = fitting(width, height) if turns % 2 == 0 else fitting(height, width)[::-1]
    if (across, down) == (width, height):
        pixels = frame.to_ndarray(format="rgb24")
    else:
        pixels = frame.to_ndarray(format="rgb24", width=across, height=down, interpolation="AREA")
    return np.ascontiguousarray(np.rot90(pixels, turns))


def _looped(path: Path) -> Timed:
    name = str(path)
    while True:
        count = 0
        with _opened(name, name, {"format_whitelist": FILMS}) as container:
            for timed in _timed(container, name):
                count += 1
                yield timed
        if count == 0:
            raise OSError(f"{name}: expected {EXPECTED}, received no whole frame")


def _streamed(url: str, closing: threading.Event) -> Iterator[Array]:
    name = without_password(url)
    with _opened(url, name, PROMPT, (CONNECT, STALL)) as container:
        waits = bool(container.duration) or container.format.name == "hls"
        due = time.monotonic()
        for step, frame in _timed(container, name):
            due = max(due + step, time.monotonic() - SLIP)
            if waits:
                closing.wait(max(0.0, due - time.monotonic()))
            yield pixels_of(frame)
    raise OSError(f"{name}: the stream ended")


def _timed(container: Any, name: str) -> Timed:
    video = _video(container, name)
    video.codec_context.options = CAREFUL
    video.thread_type = "AUTO"
    usual = 1 / float(video.average_rate or 25)
    usual = usual if SHORTEST <= usual <= LONGEST else 1 / 25
    before: float | None = None
    for frame in _decoded(container, video):
        step = usual if None in (before, frame.time) else frame.time - before
        before = frame.time
        yield (step if SHORTEST <= step <= LONGEST else usual), frame


def _decoded(container: Any, video: Any) -> Iterator[Any]:
    for packet in container.demux(video):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            continue  # damaged, or before the first key frame of a stream
        yield from frames


def _video(container: Any, name: str) -> Any:
    for video in container.streams.video:
        if video.codec_context is None:
            raise OSError(f"{name}: expected {EXPECTED}, received an unknown code")
        return video
    raise OSError(f"{name}: expected {EXPECTED}, received no pictures")


@contextmanager
def _opened(
    address: str, name: str, options: dict[str, str], timeout: tuple[float, float] | None = None
) -> Iterator[Any]:
    """The container. What FFmpeg says meanwhile becomes an OSError: its own are of many kinds."""
    try:
        with av.open(
            address, options={**CAREFUL, **options}, timeout=timeout, metadata_errors="replace"
        ) as container:
            yield container
    except av.error.FFmpegError as error:
        late = isinstance(error, av.error.ExitError)
        received = "nothing in time" if late else error.strerror
        raise OSError(f"{name}: expected {EXPECTED}, received {received}") from error
