"""What the dream is fed with. A new source is a class and a row of ``SOURCES``."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.frame import Array
from installation.sources.cameras import camera
from installation.sources.drift import Drift, Noise
from installation.sources.films import Film, stream, without_password
from installation.sources.pace import PATIENCE, Clock, Paced
from installation.sources.pictures import Album, is_picture, picture

SCHEMES = ("rtsp", "http", "https", "udp", "rtp", "srt", "tcp")
FIRST, LONGEST = 0.5, 10.0  # seconds before a lost source is opened again

log = logging.getLogger(__name__)


class Source(Protocol):
    """Gives pictures, one reader at a time."""

    name: str

    def read(self, stopping: threading.Event) -> Array | None:
        """Waits for the next picture: (height, width, 3) uint8 RGB, contiguous, inside ``MOST``.
        The same array may come again, so it is not to be written to. None, after about half a
        second: nothing new is there yet, or ``stopping`` is set. Raises OSError when the source
        is gone."""

    def close(self) -> None:
        """Ends it, from any thread. May be called again. Raises Stuck while a device hangs."""


@dataclass(frozen=True, slots=True)
class Kind:
    """``away``: it may be absent at the start and come later."""

    pattern: str
    doc: str
    fits: Callable[[str], bool]
    open: Callable[[str], Source]
    away: bool = False


def _camera_fits(description: str) -> bool:
    kind, colon, which = description.partition(":")
    return kind == "camera" and bool(which.strip()) == bool(colon)


def _url_fits(description: str) -> bool:
    scheme, separator, rest = description.partition("://")
    return bool(separator and rest) and scheme.lower() in SCHEMES


def _file(description: str) -> Source:
    path = Path(description)
    if not is_picture(path):
        return Film(path)
    pixels = picture(path)
    return Paced(path.name, lambda _: pixels)


def _folder(description: str) -> Source:
    return Paced(description, Album(Path(description)).at)


SOURCES = (
    Kind(
        "camera[:NAME|:INDEX]",
        "A camera: the first one, or the one of this name or index.",
        _camera_fits,
        camera,
        away=True,
    ),
    Kind(
        "|".join(f"{scheme}://" for scheme in SCHEMES),
        "A stream from the network.",
        _url_fits,
        stream,
        away=True,
    ),
    Kind(
        "drift",
        "A moving picture that is built in.",
        lambda description: description == "drift",
        lambda _: Paced("drift", Drift().at),
    ),
    Kind(
        "noise",
        "Smooth coloured noise.",
        lambda description: description == "noise",
        lambda _: Paced("noise", Noise().at),
    ),
    Kind(
        "FOLDER",
        "Its pictures, faded one into the next.",
        lambda description: Path(description).is_dir(),
        _folder,
    ),
    Kind(
        "FILE",
        "A film, in a loop, or a picture.",
        lambda description: Path(description).is_file(),
        _file,
    ),
)


def kind_of(description: str) -> Kind:
    """Raises ValueError for what no source is called, FileNotFoundError for what may be a file."""
    for kind in SOURCES:
        if description and kind.fits(description):
            return kind
    patterns = ", ".join(kind.pattern for kind in SOURCES)
    sentence = f"source: expected one of {patterns}, received {description!r}"
    if not description or "://" in description or description.startswith("camera:"):
        raise ValueError(sentence)
    raise FileNotFoundError(f"{sentence}, and there is no such file")


def open_source(description: str) -> Source:
    """Raises ValueError for a wrong description, OSError for what is not there or is broken."""
    return kind_of(description).open(description)


class Reopening:
    """A source that is opened again, for ever, when it is gone: ``read`` then gives None. ``lost``
    counts every failure; each is one line in the log and in ``last_error``."""

    def __init__(
        self,
        description: str,
        opened: Callable[[str], Source] = open_source,
        clock: Clock = time.monotonic,
    ) -> None:
        """Raises ValueError for a wrong description, and OSError unless it is of a kind that comes
        and goes (camera, stream)."""
        self.name = without_password(description)
        self.lost = 0
        self.last_error = ""
        self._description = description
        self._opened = opened
        self._clock = clock
        self._pause = FIRST
        self._again_at = clock()
        self._since: float | None = None
        self._source: Source | None = None
        self._away = kind_of(description).away
        if not self._away:
            self._source = opened(description)

    @property
    def away(self) -> bool:
        """Whether it is waiting to be opened."""
        return self._away

    def read(self, stopping: threading.Event) -> Array | None:
        try:
            return self._read(stopping)
        except OSError as error:
            self._lose(error)
            return None

    def close(self) -> None:
        if self._source is not None:
            self._source.close()

    def _read(self, stopping: threading.Event) -> Array | None:
        if self._away and not self._reopened(stopping):
            return None
        assert self._source is not None
        pixels = self._source.read(stopping)
        if pixels is not None and self._since is None:
            self._since = self._clock()
        return pixels

    def _reopened(self, stopping: threading.Event) -> bool:
        ahead = self._again_at - self._clock()
        if stopping.wait(max(0.0, min(PATIENCE, ahead))) or ahead > PATIENCE:
            return False
        self.close()  # the lost one first: a device opens once
        self._source = None
        self._source = self._opened(self._description)
        self._away = False
        return True

    def _lose(self, error: OSError) -> None:
        now = self._clock()
        if self._since is not None and now - self._since > self._pause:
            self._pause = FIRST  # it held longer than the wait for it
        log.warning("%s; opened again in %g s", error, self._pause)
        self.lost += 1
        self.last_error = str(error)
        self._again_at = now + self._pause
        self._pause = min(2 * self._pause, LONGEST)
        self._since = None
        self._away = True
