"""A take as a file: a JSON line with what there was at its start, then one for each that moved."""

import json
import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from engine.parameters import as_number

LONGEST_LINE = 1 << 16  # bytes
MOST_AHEAD = 4096  # lines read before they are due
LOOK_SECONDS = 0.2
JOIN_SECONDS = 0.05  # a disk that hangs is left behind

Opening = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """``at``: seconds since the start of the take."""

    at: float
    address: str
    arguments: tuple[Any, ...]


class Reel:
    """Reads a take ahead of its playing, in a thread of its own. ``wrong``: a sentence about what
    could not be read, empty where all was well."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.opening: Opening | None = None  # None until it is read
        self.over = False
        self.wrong = ""
        self._ahead: queue.Queue[Opening | Line | OSError | ValueError | None]
        self._ahead = queue.Queue(MOST_AHEAD)
        self._next: Line | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._read, name="reel", daemon=True)
        self._thread.start()

    def due(self, at: float) -> list[Line]:
        """What is due until ``at``, and was not yet given."""
        found = []
        while not self.over:
            if self._next is None:
                self._look()
            if self._next is None or self._next.at > at:
                break
            found.append(self._next)
            self._next = None
        return found

    def close(self) -> None:
        self._stopping.set()
        with suppress(queue.Empty):  # whoever waits to put something ahead
            self._ahead.get_nowait()
        self._thread.join(JOIN_SECONDS)

    def _look(self) -> None:
        try:
            found = self._ahead.get_nowait()
        except queue.Empty:  # a slow disk: it is played when it comes
            return
        match found:
            case Line():
                self._next = found
            case None:
                self.over = True
            case OSError() | ValueError():
                self.over, self.wrong = True, str(found)
            case _:
                self.opening = found

    def _read(self) -> None:
        try:
            with self.path.open("rb") as file:
                for found in _lines(file):
                    if self._stopping.is_set():
                        return
                    self._put(found)
        except (OSError, ValueError) as error:
            self._put(error)
        self._put(None)

    def _put(self, found: Opening | Line | OSError | ValueError | None) -> None:
        while not self._stopping.is_set():
            try:
                return self._ahead.put(found, timeout=LOOK_SECONDS)
            except queue.Full:
                continue


def _lines(file: BinaryIO) -> Iterator[Opening | Line]:
    """The opening, then the lines. Raises ValueError for the first that is none; the last may be
    torn."""
    number = 0
    while text := file.readline(LONGEST_LINE):
        number += 1
        try:
            yield _opening(json.loads(text)) if number == 1 else _line(json.loads(text))
        except (RecursionError, TypeError, ValueError) as error:
            if number > 1 and not text.endswith(b"\n") and len(text) < LONGEST_LINE:
                return
            raise ValueError(f"{file.name}: line {number}: {error}") from None
    if not number:
        raise ValueError(f"{file.name}: expected a take, received nothing")


def _opening(found: object) -> Opening:
    match found:
        case {"values": dict(), "turned": dict(turned)}:
            numbers = {each: as_number(turned[each]) for each in turned}
            return {**cast(Opening, found), "turned": numbers}
    raise ValueError(f"expected what a take begins with, received {str(found)[:60]}")


def _line(found: object) -> Line:
    match found:
        case [seconds, str(address), *arguments]:
            return Line(as_number(seconds), address, tuple(arguments))
    raise ValueError(f"expected seconds, an address and values, received {str(found)[:60]}")
