"""Takes: shows that were kept, to be played again."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from installation.backstage import Backstage
from installation.scenes.recalling import Recall
from installation.takes.playback import PLAY, Playback
from installation.takes.taping import Taping

MOST_NAMES = 32
LONGEST_NAME = 80  # letters

log = logging.getLogger("control")


class Takes:
    """Part of the control player. A playback may be recorded."""

    def __init__(
        self,
        backstage: Backstage,
        recall: Recall,
        source: Callable[[], str],
        first: Path | None = None,
    ) -> None:
        """``source``: what is captured, in words. ``first``: a take to begin with."""
        self._folder = backstage.home / "takes"
        self._desk, self._do = backstage.desk, backstage.do
        self._names = self._found()
        self._chosen = first
        self._taping = Taping(backstage, self._folder, recall, source)
        self._playback = Playback(backstage, recall)
        backstage.office.does("/take/choose", 1, self.choose)
        if backstage.pulse.before:  # how far the last control player had played it is not known
            self._desk.put({PLAY: 0.0})
        elif first:
            self._desk.put({PLAY: 1.0})

    def choose(self, name: str) -> None:
        """One that is not known is looked for on the disk. Raises OSError where that is too far
        behind."""
        if name in self._names:
            self._chosen = self._path(name)
            return
        found: list[str] = []
        self._do(lambda: found.extend(self._found()), lambda: self._choose(name, found))

    def tick(self, now: float) -> None:
        if self._desk.values[PLAY] >= 0.5 and not self._playback.name:
            self._begin()
        self._playback.tick(now)
        self._taping.tick(now)
        recording = self._taping.name
        if recording and recording not in self._names:
            self._names = [*self._names, recording][-MOST_NAMES:]

    def figures(self) -> dict[str, Any]:
        return {
            "names": self._names,
            "recording": self._taping.name,
            "playing": self._playback.name,
            "chosen": self._chosen.stem if self._chosen else "",
        }

    def close(self) -> None:
        self._taping.close()
        self._playback.close()

    def _choose(self, name: str, names: list[str]) -> None:
        self._names = names
        if name in names:
            self._chosen = self._path(name)
        else:
            log.warning("no take %r; there are %s", name, ", ".join(names[-5:]))

    def _begin(self) -> None:
        """The one chosen, else the last that is not being recorded."""
        names = [name for name in self._names if name != self._taping.name]
        if self._chosen:
            self._playback.begin(self._chosen)
        elif names:
            self._playback.begin(self._path(names[-1]))
        else:
            self._playback.refuse("there is no take to play; /take/record makes one")

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.jsonl"

    def _found(self) -> list[str]:
        names = sorted(path.stem for path in self._folder.glob("*.jsonl"))
        return [name for name in names if len(name) <= LONGEST_NAME][-MOST_NAMES:]
