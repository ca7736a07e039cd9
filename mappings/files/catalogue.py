"""Every mapping there is: the user's, the one of the command line, the shipped ones."""

from collections.abc import Iterator
from functools import reduce
from pathlib import Path

from engine.parameters import Table
from mappings.files.loading import USUAL, load_controller, load_mapping, shipped_mappings
from mappings.mapping import Mapping, Takeover, mapping_for

NOBODY = Mapping("nobody's", (), "-", ())

State = tuple[int, int]  # of a file: when it was changed (ns), how long it is


class Catalogue:
    """Which mapping a port has. The user's rows, first those of the file that names the port most
    exactly, count before the command line's file or the shipped one, each for its own controls."""

    def __init__(
        self,
        table: Table,
        folder: Path,
        given: Path | None = None,
        takeover: Takeover = USUAL,
    ) -> None:
        """``folder``: the user's, which need not be there. ``given``: counts in place of the
        shipped ones, where it claims the port. ``takeover``: of the knobs of files that name none.
        Raises OSError or ValueError for ``given``."""
        self.folder = folder
        self.refused: dict[str, str] = {}  # the sentence, by the name of the file
        self._table = table
        self._takeover = takeover
        self._given = [load_mapping(given, table, takeover)] if given else []
        self._shipped = [load_mapping(file, table, takeover) for file in shipped_mappings()]
        self._users: dict[Path, Mapping] = {}
        self._states: dict[Path, State] = {}
        self.scan()

    def scan(self) -> bool:
        """Looks whether the user's files have changed. One that is broken is ``refused``, and what
        it said before counts."""
        there = dict(self._found())
        if there == self._states:
            return False
        for path in self._states.keys() - there.keys():
            self._users.pop(path, None)
            self.refused.pop(path.name, None)
        for path in [path for path, state in there.items() if self._states.get(path) != state]:
            self._load(path)
        self._states = there
        return True

    def files(self) -> list[Path]:
        """The user's, as they lie there now."""
        return sorted(self.folder.glob("[!.]*.toml"))

    def mapping_for(self, port: str) -> Mapping:
        return self.users(port).over(self.base(port))

    def users(self, port: str) -> Mapping:
        """What the user's files say of ``port``, together."""
        near = [each for _, each in sorted(self._users.items()) if each.closeness(port) >= 0]
        near.sort(key=lambda mapping: -mapping.closeness(port))
        return reduce(Mapping.over, near) if near else NOBODY

    def base(self, port: str) -> Mapping:
        """What counts where the user's files say nothing."""
        return mapping_for(port, self._given) or mapping_for(port, self._shipped) or NOBODY

    def _found(self) -> Iterator[tuple[Path, State]]:
        for path in self.files():
            try:
                found = path.stat()
            except OSError:  # just removed
                continue
            yield path, (found.st_mtime_ns, found.st_size)

    def _load(self, path: Path) -> None:
        try:
            self._users[path] = load_controller(path, self._table, self._takeover)
        except (OSError, ValueError) as error:
            self.refused[path.name] = str(error)
        else:
            self.refused.pop(path.name, None)
