"""Takes: shows that were kept, to be played again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.parameters import Table
from installation.desk import Desk
from installation.keeping import Do
from installation.player import Pulse
from installation.scenes.recalling import Recall
from installation.takes.playback import PLAY, Playback
from installation.takes.taping import Taping
from mappings.osc.requests import Office

MOST_NAMES = 32
LONGEST_NAME = 80  # letters


class Takes:
    """Part of the control player. A playback may be recorded."""

    def __init__(
        self,
        home: Path,
        parameters: Table,
        desk: Desk,
        office: Office,
        recall: Recall,
        do: Do,
        pulse: Pulse,
        source: Callable[[], str],
        first: Path | None = None,
    ) -> None:
        """``source``: what is captured, in words. ``first``: a take to begin with."""
        self._folder = home / "takes"
        self._desk = desk
        self._names = self._found()
        self._chosen = first
        self._taping = Taping(self._folder, parameters, desk, office, recall, do, pulse, source)
        self._playback = Playback(parameters, desk, recall, pulse)
        office.does("/take/choose", 1, self.choose)
        if pulse.before:  # how far the last control player had played it is not known
            desk.put({PLAY: 0.0})
        elif first:
            desk.put({PLAY: 1.0})

    def choose(self, name: str) -> None:
        """Raises LookupError."""
        self._names = self._found()
        if name not in self._names:
            raise LookupError(f"no take {name!r}; there are {', '.join(self._names[-5:])}")
        self._chosen = self._path(name)

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
