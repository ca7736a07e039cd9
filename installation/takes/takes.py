"""Takes: shows that were kept, to be played again."""

from collections.abc import Callable
from os.path import isfile
from pathlib import Path
from typing import Any

from installation.backstage import Backstage
from installation.scenes.recalling import Recall
from installation.takes.playback import PLAY, Playback
from installation.takes.taping import Taping

MOST_NAMES = 32
LONGEST_NAME = 80  # letters


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
        self._awaited = ""  # the name that is looked for on the disk
        self._taping = Taping(backstage, self._folder, recall, source)
        self._playback = Playback(backstage, recall)
        backstage.office.does("/take/choose", 1, self.choose)
        if backstage.pulse.before:  # how far the last control player had played it is not known
            self._desk.put({PLAY: 0.0})
        elif first:
            self._desk.put({PLAY: 1.0})

    def choose(self, name: str) -> None:
        """One that is not known is looked for on the disk; until then nothing begins to play.
        Raises LookupError, or OSError where the disk is too far behind."""
        if Path(name).name != name:
            raise self._none(name)
        self._awaited = ""
        if name in self._names:
            self._chosen = self._path(name)
        else:
            self._look_for(name)

    def tick(self, now: float) -> None:
        if self._desk.values[PLAY] >= 0.5 and not self._playback.name and not self._awaited:
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

    def _look_for(self, name: str) -> None:
        path, there = self._path(name), list[bool]()
        self._awaited = name
        try:
            self._do(lambda: there.append(isfile(path)), lambda: self._looked(name, there[0]))
        except OSError:
            self._awaited = ""
            raise

    def _looked(self, name: str, there: bool) -> None:
        if self._awaited != name:  # another was chosen meanwhile
            return
        self._awaited = ""
        if there:
            self._chosen = self._path(name)
        else:
            self._playback.refuse(str(self._none(name)))

    def _none(self, name: str) -> LookupError:
        return LookupError(f"no take {name!r}; there are {', '.join(self._names[-5:])}")

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
