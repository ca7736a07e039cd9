"""Learning which control turns a parameter, and keeping it in a file of the user's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from engine.parameters import Parameter, Switch, Table, Trigger
from mappings.files.actions import option
from mappings.files.catalogue import Catalogue
from mappings.files.loading import read_mapping
from mappings.files.reading import Found, contents
from mappings.files.writing import head, singly, slug, with_row, without_rows
from mappings.mapping import Control, ControlEvent
from mappings.midi.lesson import Learnt, Lesson

GIVEN_UP_SECONDS = 60.0  # without a control moved: until then none of them turns anything


class Disk(Protocol):
    """Does a deed, which waits for it, now or later in a thread; then, in the caller's, what
    follows from it. Raises OSError where too many are waiting."""

    def __call__(self, deed: Callable[[], object], then: Callable[[], object], /) -> object: ...


class Keeper(Protocol):
    """Is told what came of what was to be kept."""

    def kept(self, said: str, paths: Sequence[Path]) -> None:
        """``said``: what came of it; ``paths``: the files that were written. The catalogue knows
        them."""

    def refused(self, error: Exception) -> None:
        """``error``: an OSError or a ValueError where they cannot be written, a LookupError where
        nothing is there to be forgotten."""


class Learning:
    """What is to be learnt, and where it is kept: a file of the user's for each port. ``address``
    is the parameter that waits for a control, empty where none does; ``said``: what came of it."""

    def __init__(
        self,
        parameters: Table,
        catalogue: Catalogue,
        values: Callable[[], Mapping[str, float]],
        keeper: Keeper,
        disk: Disk,
        keep: Callable[[Path, bytes], object],
        widened: Callable[[Control], Control] = lambda control: control,
    ) -> None:
        """``values``: where the knobs stand. ``keep``: writes a file, so that no crash leaves half
        of it; it may raise OSError. ``widened``: the control that is kept, of the one that was
        moved."""
        self.address = ""
        self.said = ""
        self._parameters = parameters
        self._catalogue = catalogue
        self._values = values
        self._keeper = keeper
        self._disk = disk
        self._save = keep
        self._widened = widened
        self._lesson = Lesson(self._known)
        self._given_up_at = 0.0
        self._writing: list[Learnt] = []

    @property
    def heard(self) -> str:
        return self._lesson.heard

    def arm(self, address: str, now: float) -> None:
        """The next control that is moved turns ``address``. ``now``: monotonic seconds. Raises
        LookupError."""
        self.address = self._parameters[address].address
        self._lesson = Lesson(self._known)
        self._given_up_at = now + GIVEN_UP_SECONDS
        self.said = f"{address}: {self._lesson.hint}"

    def cancel(self) -> None:
        if self.address:
            self.said = f"{self.address}: nothing learnt"
        self.address = ""

    def tick(self, now: float) -> None:
        if self.address and now >= self._given_up_at:
            self.cancel()

    def forget(self, address: str) -> None:
        """No row of the user's turns ``address`` any more. Raises LookupError for no parameter, and
        OSError."""
        self._parameters[address]
        self._keep(
            lambda: self._forgotten(address), f"{address}: no learnt control turns it any more"
        )

    def hear(self, port: str, events: Sequence[ControlEvent]) -> None:
        """``events``: what one message says. Raises OSError, or ValueError where the control cannot
        turn the parameter; then nothing is learnt."""
        learnt = self._lesson.hear(port, events) if self.address else None
        if learnt:
            address, self.address = self.address, ""
            learnt = replace(learnt, control=self._widened(learnt.control))
            try:
                self._take(learnt, address)
            except (OSError, ValueError) as error:
                self._let_go(learnt)
                self.said = str(error)
                raise
        elif self.address:
            self.said = f"{self.address}: {self._lesson.hint}"

    def keeps(self, port: str, control: Control) -> bool:
        """Whether that control is learnt, but not on the disk yet: it turns nothing now."""
        here = (learnt.control for learnt in self._writing if learnt.port == port)
        return any(learnt.overlaps(control) for learnt in here)

    def _take(self, learnt: Learnt, address: str) -> None:
        row = learnt_row(learnt, self._parameters[address], self._values().get(address, 0.0))
        said = f"{learnt} turns {address} now{self._turned_before(learnt, address)}"
        self._writing.append(learnt)
        self.said = f"{address}: {learnt}, being written"
        self._keep(lambda: self._written(learnt, row), said, learnt)

    def _keep(
        self, write: Callable[[], list[Path]], said: str, learnt: Learnt | None = None
    ) -> None:
        """``said``: what came of it, once it is on the disk."""
        came: list[list[Path] | Exception] = []

        def deed() -> None:
            try:
                came.append(write())
            except (LookupError, OSError, ValueError) as error:
                came.append(error)

        self._disk(deed, lambda: self._ended(came[0], said, learnt))

    def _ended(self, came: list[Path] | Exception, said: str, learnt: Learnt | None) -> None:
        self._let_go(learnt)
        if not self.address:  # else the next lesson speaks
            self.said = str(came) if isinstance(came, Exception) else said
        if isinstance(came, Exception):
            self._keeper.refused(came)
        else:
            self._keeper.kept(said, came)

    def _let_go(self, learnt: Learnt | None) -> None:
        """Its control turns again what the files say."""
        self._writing = [each for each in self._writing if each is not learnt]

    def _forgotten(self, address: str) -> list[Path]:
        there = {path: self._sound(path) for path in self._catalogue.files()}
        left = {path: self._without(toml, address) for path, toml in there.items()}
        changed = [path for path in there if left[path] != there[path]]
        if not changed:
            raise LookupError(f"{address}: expected a learnt control, there is none")
        for path in changed:
            self._save(path, left[path].encode())
        self._catalogue.scan()
        return changed

    def _without(self, toml: str, address: str) -> str:
        return without_rows(toml, lambda row: row["to"] == address, self._parameters)

    def _sound(self, path: Path) -> str:
        """What the file says. Raises OSError, or ValueError where that means nothing."""
        try:
            toml = contents(path)
            read_mapping(toml, self._parameters)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path.name}: {error}") from None
        return toml

    def _written(self, learnt: Learnt, row: Found) -> list[Path]:
        path = self._catalogue.folder / f"{slug(learnt.port)}.toml"
        toml = self._sound(path) if path.exists() else head(learnt.port)
        left = without_rows(toml, _replaced(learnt.control, row), self._parameters)
        new = with_row(left, row)
        try:
            mapping = read_mapping(new, self._parameters)
        except (TypeError, ValueError) as error:  # rows that are not written one by one
            raise ValueError(f"{path.name}: {error}") from None
        if mapping.closeness(learnt.port) < 0:
            raise ValueError(f"{path.name}: ports: expected one of {learnt.port!r}")
        self._save(path, new.encode())
        self._catalogue.scan()
        return [path]

    def _turned_before(self, learnt: Learnt, address: str) -> str:
        """The warning that the control is another parameter's."""
        there = self._catalogue.mapping_for(learnt.port).rows
        before = [row.action.address for row in there if row.control.overlaps(learnt.control)]
        others = " and ".join(sorted({each for each in before if each != address}))
        return f", no more {others}" if others else ""

    def _known(self, port: str) -> list[Control]:
        return [row.control for row in self._catalogue.mapping_for(port).rows]


def _replaced(control: Control, row: Found) -> Callable[[Found], bool]:
    """Whether another row must go: one of the same control, or of the same parameter, unless each
    is a button that sets a value of its own."""

    def replaced(other: Found) -> bool:
        beside = "value" in row and "value" in other and row["value"] != other["value"]
        return singly(other).overlaps(control) or (row["to"] == other["to"] and not beside)

    return replaced


def learnt_row(learnt: Learnt, parameter: Parameter, value: float) -> Found:
    """The row of a mapping file. ``value``: where the parameter stands, for a button to come back
    to. Raises ValueError for a knob without end on what only fires."""
    control, kind = learnt.control, parameter.kind
    row: dict[str, object] = {control.kind: True if control.kind == "bend" else control.name}
    if control.channel is not None:
        row["channel"] = control.channel
    if control.bits == 14:
        row["bits"] = 14
    row["to"] = parameter.address
    if learnt.coding:
        if isinstance(kind, Trigger):
            raise ValueError(
                f"{parameter.address}: expected a button to fire it, received {learnt}"
            )
        return {**row, "coding": learnt.coding, **({"invert": True} if learnt.inverted else {})}
    return {**row, **(_pressing(learnt, parameter, value) if learnt.button else _turning(kind))}


def _turning(kind: object) -> Found:
    return {"mode": "absolute"} if isinstance(kind, Switch) else {}


def _pressing(learnt: Learnt, parameter: Parameter, value: float) -> Found:
    """A switch flips; one of several is set to where it stands, or to the first, so that each
    button can be given another; a number is at its end while the button is held."""
    kind = parameter.kind
    if isinstance(kind, Trigger):
        return {"mode": "trigger"}
    if isinstance(kind, Switch):
        return {"mode": "toggle"}
    if kind.choices and value not in kind.choices:  # none of them
        value = kind.choices[0]
    held = option(kind, value)
    if kind.choices or learnt.control.kind == "program":
        return {"value": held}
    end = kind.low if value == kind.high else kind.high
    return {"mode": "momentary", "range": [held, option(kind, end)]}
