"""Every mapping there is: the user's, the one of the command line, the shipped ones."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path

from engine.parameters import Table
from mappings.files.loading import USUAL, load_controller, load_mapping, shipped_mappings
from mappings.mapping import Mapping, Takeover, mapping_for

NOBODY = Mapping("nobody's", (), "-", ())

State = tuple[int, int]  # of a file: when it was changed (ns), how long it is


@dataclass(frozen=True, slots=True)
class Users:
    """What the user's files said when they were looked at. ``refused``: the sentence, by the
    file's name."""

    states: dict[Path, State] = field(default_factory=dict)
    mappings: dict[Path, Mapping] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


class Catalogue:
    """Which mapping a port has. The user's rows, first those of the file that names the port most
    exactly, count before the command line's file or the shipped one, each for its own controls.
    One thread may ``scan`` while another asks: what is known is replaced whole."""

    def __init__(
        self,
        table: Table,
        folder: Path,
        given: Path | None = None,
        takeover: Takeover = USUAL,
    ) -> None:
        """``folder``: the user's, which need not be there. ``given``: counts in place of the
        shipped ones, where it claims the port, and is ``refused`` where it is broken. ``takeover``:
        of the knobs of files that name none."""
        self.folder = folder
        self._table = table
        self._takeover = takeover
        self._given: list[Mapping] = []
        self._refused: dict[str, str] = {}  # what was given
        self._shipped = [load_mapping(file, table, takeover) for file in shipped_mappings()]
        if given:
            self._give(given)
        self._known = Users()
        self.scan()

    @property
    def refused(self) -> dict[str, str]:
        """The sentence, by the name of the file."""
        return {**self._refused, **self._known.refused}

    def scan(self) -> bool:
        """Looks whether the user's files have changed. One that is broken is ``refused``, and what
        it said before counts. Waits for the disk."""
        before, states = self._known, dict(self._found())
        if states == before.states:
            return False
        names = {path.name for path in states}
        mappings = {path: each for path, each in before.mappings.items() if path in states}
        refused = {name: why for name, why in before.refused.items() if name in names}
        for path in [path for path in states if before.states.get(path) != states[path]]:
            refused.pop(path.name, None)
            try:
                mappings[path] = load_controller(path, self._table, self._takeover)
            except (OSError, ValueError) as error:
                refused[path.name] = str(error)
        self._known = Users(states, mappings, refused)
        return True

    def files(self) -> list[Path]:
        """The user's, as they lie there now."""
        return sorted(self.folder.glob("[!.]*.toml"))

    def mapping_for(self, port: str) -> Mapping:
        return self.users(port).over(self.base(port))

    def users(self, port: str) -> Mapping:
        """What the user's files say of ``port``, together."""
        there = sorted(self._known.mappings.items())
        near = [each for _, each in there if each.closeness(port) >= 0]
        near.sort(key=lambda mapping: -mapping.closeness(port))
        return reduce(Mapping.over, near) if near else NOBODY

    def base(self, port: str) -> Mapping:
        """What counts where the user's files say nothing."""
        return mapping_for(port, self._given) or mapping_for(port, self._shipped) or NOBODY

    def _give(self, path: Path) -> None:
        """The show has checked it, but a control player that begins anew may find another."""
        try:
            self._given = [load_mapping(path, self._table, self._takeover)]
        except (OSError, ValueError) as error:
            self._refused[path.name] = str(error)

    def _found(self) -> Iterator[tuple[Path, State]]:
        for path in self.files():
            try:
                found = path.stat()
            except OSError:  # just removed
                continue
            yield path, (found.st_mtime_ns, found.st_size)
