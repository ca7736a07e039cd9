"""The scenes there are: the user's own, and those that come with the show, in the user's order."""

import logging
import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from engine.nearest import nearest, there_are
from engine.parameters import Table
from installation.keeping import Do, as_json, keep, listed, retire
from installation.scenes.scenery import Scene, factory, opened, scene, written
from installation.settings import MOST_SCENES

LONGEST_NAME = 40  # letters
FORBIDDEN = frozenset('/\\:*?"<>|')  # in names of files, here or elsewhere
DEVICES = ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(9)))
ORDER = "order"
MOST_SAID = 5  # sentences about files that are refused

Renamed = Callable[[str, str], None]

log = logging.getLogger("control")


def named(name: str) -> str:
    """A name that every system takes as a file's. Raises ValueError."""
    plain = unicodedata.normalize("NFC", name).strip()
    shaped = plain.isprintable() and not FORBIDDEN & set(plain) and plain.strip(".") == plain
    if not (shaped and 0 < len(plain) <= LONGEST_NAME):
        expected = f"1 to {LONGEST_NAME} letters, none of them {' '.join(sorted(FORBIDDEN))}"
        raise ValueError(f"scene: expected a name of {expected}, received {name[:60]!r}")
    if plain.partition(".")[0].casefold() in (ORDER, *DEVICES):
        raise ValueError(f"scene: expected a name that is free, received {name!r}")
    return plain


class Shelf:
    """``names``: of every scene, in the user's order. ``refused``: sentences about files that could
    not be read; they stay where they are."""

    def __init__(self, home: Path, parameters: Table, do: Do) -> None:
        self.folder = home / "scenes"
        self.refused: list[str] = []
        self._parameters = parameters
        self._do = do
        self._renaming: list[Renamed] = []
        self._factory = {name: scene(name, parameters) for name in factory()}
        self._own = {each.name: each for each in self._opened()}
        self._pictures = {path.stem for path in self.folder.glob("*.jpg")}
        self.names = self._listed(listed(self._file(ORDER), self._refuse))

    def renaming(self, renamed: Renamed) -> None:
        """``renamed`` is called with the old name and the new."""
        self._renaming.append(renamed)

    def __getitem__(self, name: str) -> Scene:
        """Raises LookupError with the nearest names there are."""
        if name not in self.names:
            there = nearest(name, self.names) or there_are(self.names)
            raise LookupError(f"no scene {name!r}{there}")
        return self._own.get(name) or self._factory[name]

    def numbered(self, number: int) -> str:
        """The name of the scene of this number, from 1. Raises LookupError."""
        if not 1 <= number <= len(self.names):
            raise LookupError(f"no scene {number}; there are {len(self.names)}")
        return self.names[number - 1]

    def own(self, name: str) -> bool:
        return name in self._own

    def pictured(self) -> list[str]:
        """The names of the scenes that have a picture."""
        return [name for name in self.names if name in self._pictures or not self.own(name)]

    def picture(self, name: str) -> Path:
        """Where the picture of a scene is to be kept; ``hang`` it once it is there."""
        return self.folder / f"{name}.jpg"

    def hang(self, name: str) -> None:
        self._pictures.add(name)

    def unused(self) -> str:
        """A name for a scene that was given none."""
        numbers = (number for number in range(1, MOST_SCENES + 2))
        return next(name for name in map("scene {}".format, numbers) if name not in self.names)

    def store(self, name: str, values: Mapping[str, float]) -> str:
        """Returns the name it has. One of the user's of this name is written over, one that comes
        with the show is hidden. Raises OSError or ValueError, and has changed nothing then."""
        name = named(name)
        self._refuse_other_case(name)
        if name not in self.names and len(self.names) >= MOST_SCENES:
            raise ValueError(f"scene: expected at most {MOST_SCENES}, there are as many: {name!r}")
        mood = self._own[name].mood if name in self._own else ""
        made = datetime.now().astimezone().isoformat(timespec="seconds")
        kept = Scene(name, mood, dict(values), made)
        data = as_json(written(kept, self._parameters))
        names = self.names if name in self.names else [*self.names, name]
        self._change(names, partial(keep, self._file(name), data))
        self._own[name] = kept
        self.names = self._listed(names)
        self._pictures.discard(name)
        return name

    def rename(self, old: str, new: str) -> None:
        """Raises LookupError, OSError or ValueError, and has changed nothing then."""
        self._check_own(old)
        new = named(new)
        if new.casefold() != old.casefold():
            self._refuse_other_case(new)
            if new in self.names:
                raise ValueError(f"scene: expected a name that is free, received {new!r}")
        names = [new if name == old else name for name in self.names]
        self._change(names, partial(self._move_files, old, new), partial(self._rehang, old, new))
        kept = self._own.pop(old)
        self._own[new] = replace(kept, name=new)
        self.names = self._listed(names)
        for renamed in self._renaming:
            renamed(old, new)

    def delete(self, name: str) -> None:
        """Shows the one that comes with the show again, if it had that name. Raises as
        ``rename``."""
        self._check_own(name)
        stays = name in self._factory
        names = [each for each in self.names if stays or each != name]
        self._change(names, partial(self._retire_files, name))
        del self._own[name]
        self._pictures.discard(name)
        self.names = self._listed(names)

    def move(self, name: str, place: float) -> None:
        """``place``: from 1. Raises LookupError or OSError."""
        self[name]
        names = [each for each in self.names if each != name]
        names.insert(round(min(max(place, 1), len(self.names))) - 1, name)
        self._change(names, lambda: None)
        self.names = names

    def _rehang(self, old: str, new: str) -> None:
        """Not before the files are moved: the picture may have come just before them."""
        if old in self._pictures:
            self._pictures.remove(old)
            self._pictures.add(new)

    def _change(
        self,
        names: list[str],
        deed: Callable[[], object],
        then: Callable[[], object] | None = None,
    ) -> None:
        """The files, then their order: who is killed between finds a new scene at the end."""
        ordered = as_json(names)

        def done() -> None:
            deed()
            keep(self._file(ORDER), ordered)

        self._do(deed if names == self.names else done, then)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _move_files(self, old: str, new: str) -> None:
        os.replace(self._file(old), self._file(new))
        if self.picture(old).exists():
            os.replace(self.picture(old), self.picture(new))

    def _retire_files(self, name: str) -> None:
        retire(self._file(name))
        retire(self.picture(name))

    def _check_own(self, name: str) -> None:
        self[name]
        if name not in self._own:
            raise ValueError(f"scene: expected one of your own, {name!r} comes with the show")

    def _refuse_other_case(self, name: str) -> None:
        """Not every system tells files apart by the case of their letters."""
        for each in self.names:
            if each != name and each.casefold() == name.casefold():
                raise ValueError(f"scene: expected {each!r} or another name, received {name!r}")

    def _listed(self, order: Sequence[Any]) -> list[str]:
        """What is not in ``order``: the user's, then the factory's."""
        there = dict.fromkeys([*sorted(self._own), *self._factory])
        told = [name for name in order if isinstance(name, str)]
        names = [name for name in dict.fromkeys(told) if name in there]
        names += [name for name in there if name not in names]
        if len(names) > MOST_SCENES:
            self._refuse(f"scenes: expected at most {MOST_SCENES}, received {len(names)}")
        return names[:MOST_SCENES]

    def _opened(self) -> Iterator[Scene]:
        for path in sorted(self.folder.glob("*.json")):
            if path.stem == ORDER:
                continue
            try:
                named(path.stem)
                found = opened(path, self._parameters)
            except (OSError, ValueError) as error:
                self._refuse(str(error))
                continue
            if found.skipped:
                log.warning("%s: %d skipped: %s", path.name, len(found.skipped), found.skipped[0])
            yield found.scene

    def _refuse(self, sentence: str) -> None:
        log.error("%s", sentence)
        self.refused = [*self.refused, sentence][:MOST_SAID]
