"""The user's files, written so that neither a crash nor a slow disk does harm."""

import json
import logging
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from installation.player import Pulse

BACKUPS = 10  # versions kept of each file
MOST_WAITING = 256  # deeds
CLOSE_SECONDS = 2.0
STAMP = "%Y-%m-%d %H.%M.%S.%f"

log = logging.getLogger("control")


def as_json(found: object) -> bytes:
    return (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()


def listed(path: Path, refuse: Callable[[str], None]) -> list[Any]:
    """The list that is in a file; nothing where there is no file, or none that can be read, which
    is said to ``refuse``."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, RecursionError, ValueError) as error:
        refuse(f"{path.name}: {error}")
        return []
    if not isinstance(found, list):
        refuse(f"{path.name}: expected a list, received {str(found)[:40]}")
        return []
    return found


def place(path: Path, data: bytes) -> None:
    """Atomically: who is killed here leaves the old file or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def keep(path: Path, data: bytes) -> None:
    """As ``place``; what was there becomes a backup."""
    if path.exists():
        place(_backup(path), path.read_bytes())
        _forget_oldest(path)
    place(path, data)


def retire(path: Path) -> None:
    """Takes the file away, if there is one; it becomes a backup."""
    if path.exists():
        backup = _backup(path)
        backup.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, backup)
        _forget_oldest(path)


def _backup(path: Path) -> Path:
    stamp = datetime.now().strftime(STAMP)
    return path.parent / "backup" / path.stem / f"{stamp}{path.suffix}"


def _forget_oldest(path: Path) -> None:
    kept = sorted(_backup(path).parent.glob(f"*{path.suffix}"))
    for oldest in kept[:-BACKUPS]:
        oldest.unlink()


class Do(Protocol):
    """Does a deed a little later; raises OSError, and does nothing, where too many are waiting.
    An OSError of the deed is said. ``then``: called on the loop once it is done well."""

    def __call__(
        self, deed: Callable[[], object], then: Callable[[], object] | None = None, /
    ) -> "Future[object]": ...


class Scribe:
    """Does what has to do with disks in a thread of its own, one deed after the other."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._thread = ThreadPoolExecutor(1, "scribe")
        self._deeds: deque[tuple[Future[object], Callable[[], object] | None]] = deque()

    def do(
        self, deed: Callable[[], object], then: Callable[[], object] | None = None
    ) -> "Future[object]":
        """See ``Do``."""
        if len(self._deeds) >= MOST_WAITING:
            raise OSError(f"files: expected at most {MOST_WAITING} to wait for the disk")
        self._deeds.append((self._thread.submit(deed), then))
        return self._deeds[-1][0]

    def tick(self, now: float) -> None:
        """What a deed raises, other than OSError, is raised here."""
        while self._deeds and self._deeds[0][0].done():
            self._end(*self._deeds.popleft())

    def _end(self, deed: "Future[object]", then: Callable[[], object] | None) -> None:
        try:
            deed.result()
        except OSError as error:
            log.error("%s", error)
            self._pulse.failed(str(error))
        else:
            if then:
                then()

    def figures(self) -> dict[str, Any]:
        return {"waiting": len(self._deeds)}

    def close(self) -> None:
        """A disk that hangs is not waited for."""
        wait([deed for deed, _ in self._deeds], CLOSE_SECONDS)
        self.tick(0.0)
        self._thread.shutdown(wait=False, cancel_futures=True)
