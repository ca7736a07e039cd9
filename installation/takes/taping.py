"""Keeps a take: everything that is moved, with its time, for as long as the switch is on."""

import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from installation.backstage import Backstage
from installation.desk import PANIC
from installation.keeping import Do
from installation.scenes.recalling import Recall
from installation.takes.reel import Line, Opening
from mappings.osc.requests import Request

RECORD = "/take/record"
MORPH = "/scene/morph"  # in takes only: a recall with the values that were recalled
NAME = "%Y-%m-%d %H.%M.%S"

log = logging.getLogger("control")


class Recorder:
    """Writes a take; what was not written when the power fails is half a second."""

    FLUSH_SECONDS = 0.5

    def __init__(self, path: Path, opening: Opening, do: Do, now: float) -> None:
        """``path`` gets a number where there is a file. Raises OSError where the disk is too far
        behind."""
        self.path = path  # the thread's, until it is there
        self.began = self._flushed = now
        self._do = do
        self._there = False  # the thread's
        self._lines: list[Line] = []
        self._deeds: list[Future[object]] = [do(partial(self._open, opening))]

    @property
    def failed(self) -> bool:
        """Whether nothing can be written any more; why was said when it happened."""
        return any(deed.done() and deed.exception() for deed in self._deeds)

    def tell(self, at: float, address: str, *arguments: object) -> None:
        tenths = math.floor((at - self.began) * 1e4)  # of a ms; rounded up, it came a tick later
        self._lines.append(Line(tenths / 1e4, address, arguments))

    def flush(self, now: float) -> None:
        """Now and then. Raises as the start."""
        if self._lines and now - self._flushed >= self.FLUSH_SECONDS:
            self._flushed = now
            self._hand_over()

    def end(self) -> None:
        """Raises as ``flush``."""
        if self._lines:
            self._hand_over()

    def _hand_over(self) -> None:
        lines, self._lines = self._lines, []
        self._deeds = [deed for deed in self._deeds if not deed.done() or deed.exception()]
        self._deeds.append(self._do(partial(self._write, lines)))

    def _open(self, opening: Opening) -> None:
        with self._named_errors():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _opened(self.path) as file:
                self.path = Path(file.name)
                file.write(_encoded(opening))
        self._there = True

    def _write(self, lines: list[Line]) -> None:
        """Opened each time: a disk that goes leaves nothing open."""
        if self._there:
            data = b"".join(_encoded([line.at, line.address, *line.arguments]) for line in lines)
            with self._named_errors(), self.path.open("ab") as file:
                file.write(data)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OSError(f"take {self.path.stem}: ends here: {error}") from error


def _opened(path: Path) -> BinaryIO:
    """A new file: two takes may begin in one second."""
    numbered, number = path, 1
    while True:
        try:
            return numbered.open("xb")
        except FileExistsError:
            number += 1
            numbered = path.with_stem(f"{path.stem} {number}")


def _encoded(found: object) -> bytes:
    return (json.dumps(found, ensure_ascii=False) + "\n").encode()


class Taping:
    """What modulators do is not kept, only how they are set."""

    def __init__(
        self, backstage: Backstage, folder: Path, recall: Recall, source: Callable[[], str]
    ) -> None:
        """``source``: what is captured, in words."""
        self._folder, self._recall, self._source = folder, recall, source
        self._parameters, self._desk = backstage.parameters, backstage.desk
        self._do, self._pulse = backstage.do, backstage.pulse
        self._moved: dict[object, tuple[str, tuple[object, ...]]] = {}
        self._recorder: Recorder | None = None
        self._desk.hear(self._heard)
        self._desk.witness(self._note)
        self._desk.act(PANIC, lambda times: self._go_on())
        recall.beginning(self._morphed)
        backstage.office.witness(self._requested)

    @property
    def name(self) -> str:
        """Of the take that is recorded; empty for none."""
        return self._recorder.path.stem if self._recorder else ""

    def tick(self, now: float) -> None:
        """By where the switch stands, however it came there."""
        try:
            self._record(now)
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        try:
            self._end()
        except OSError as error:
            self._fail(error)

    def _record(self, now: float) -> None:
        recorder, wanted = self._recorder, self._desk.values[RECORD] >= 0.5
        if recorder:
            for address, arguments in self._moved.values():
                recorder.tell(now, address, *arguments)
            self._moved.clear()
        if recorder and not wanted:
            self._end()
        elif recorder and recorder.failed:
            self._stop()
        elif recorder:
            recorder.flush(now)
        elif wanted:
            self._begin(now)

    def _begin(self, now: float) -> None:
        path = self._folder / f"{datetime.now().strftime(NAME)}.jsonl"
        self._recorder = Recorder(path, self._opening(), self._do, now)
        seconds, targets = self._recall.rest()
        if targets:
            self._morphed(self._recall.current, seconds, targets)
        log.info("take %s: recording", path.stem)

    def _end(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder:
            recorder.end()
            log.info("take %s: kept", recorder.path.stem)

    def _fail(self, error: OSError) -> None:
        """The disk is too far behind."""
        log.error("take: %s", error)
        self._pulse.failed(f"take: {error}")
        self._stop()

    def _stop(self) -> None:
        self._recorder = None
        self._moved.clear()
        self._desk.put({RECORD: 0.0})

    def _opening(self) -> Opening:
        moment = self._desk.read()
        return {
            "made": datetime.now().astimezone().isoformat(timespec="seconds"),
            "scene": self._recall.current,
            "source": self._source(),
            "values": self._readable(self._desk.values),
            "turned": {moved: moment.turned(moved) % 360 for moved in self._parameters.rates},
        }

    def _readable(self, values: Mapping[str, float]) -> dict[str, object]:
        return {each: self._parameters[each].kind.decoded(values[each]) for each in values}

    def _heard(self, address: str, value: float) -> None:
        """The last value of a tick, in the place of the last; what a morph moves is not heard one
        by one."""
        if self._recorder and not self._recall.moving and not address.startswith("/take/"):
            self._moved.pop(address, None)
            self._moved[address] = address, (self._parameters[address].kind.decoded(value),)

    def _note(self, address: str, *arguments: object) -> None:
        if self._recorder:
            self._moved[len(self._moved), address] = address, arguments

    def _requested(self, request: Request) -> None:
        self._note(request.address, *request.arguments)

    def _morphed(self, name: str, seconds: float, targets: Mapping[str, float]) -> None:
        self._note(MORPH, name, seconds, self._readable(targets))

    def _go_on(self) -> None:
        """Through a panic too, which turns the switch off as everything else."""
        if self._recorder:
            self._desk.put({RECORD: 1.0})
