"""``kaleidream learn``: which control turns a parameter, without a show."""

import argparse
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from engine.parameters import Table
from installation.doctor import MIDI_FIX
from installation.keeping import keep
from installation.keystrokes import escaped, keystrokes
from installation.plan import home
from installation.settings import table
from mappings.files.catalogue import Catalogue
from mappings.mapping import Control
from mappings.midi.controller import Controller
from mappings.midi.learning import Learning

LOOK_SECONDS = 0.1
SCAN_SECONDS = 1.0


def options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    add = parser.add_argument
    add("address", metavar="ADDRESS", help="the parameter (see: kaleidream parameters)")
    add("--forget", action="store_true", help="learn nothing; no learnt control turns it any more")
    add("--any-channel", action="store_true", help="the control counts on every MIDI channel")
    add("--midi", metavar="NAME", help="only MIDI ports of this name (all)")
    add("--home", type=Path, metavar="FOLDER", help="where your scenes, mappings and takes lie")
    return parser


def learn(options: argparse.Namespace) -> int:
    """``kaleidream learn``: 0 when it is learnt, or forgotten; 1 when it was broken off. Raises
    LookupError, OSError or ValueError."""
    parameters = table()
    start = {
        each.address: value for each, value in zip(parameters, parameters.defaults, strict=True)
    }
    catalogue = Catalogue(parameters, (options.home or home()) / "mappings")
    for sentence in catalogue.refused.values():
        print(f"kaleidream: {sentence}", file=sys.stderr)
    widened = _on_any_channel if options.any_channel else _as_it_is
    written = Written()
    learning = Learning(parameters, catalogue, lambda: start, written, _at_once, keep, widened)
    if options.forget:
        learning.forget(options.address)
        for path in written.paths:
            print(f"{options.address} forgotten in {path}")
        return 0
    learning.arm(options.address, time.monotonic())
    Terminal(parameters, catalogue, learning, options.midi).listen()
    print(learning.said)
    for path in written.paths:
        print(f"written to {path}")
    return 0 if written.paths else 1


class Written:
    """The ``paths`` of what was."""

    def __init__(self) -> None:
        self.paths: list[Path] = []

    def kept(self, said: str, paths: Sequence[Path]) -> None:
        self.paths += paths

    def refused(self, error: Exception) -> None:
        raise error


def _at_once(deed: Callable[[], object], then: Callable[[], object]) -> None:
    """Here nobody minds waiting for a disk."""
    deed()
    then()


def _on_any_channel(control: Control) -> Control:
    return replace(control, channel=None)


def _as_it_is(control: Control) -> Control:
    return control


class Terminal:
    """Hears every input until something is learnt, and says what it hears."""

    def __init__(
        self, parameters: Table, catalogue: Catalogue, learning: Learning, wanted: str | None
    ) -> None:
        from mappings.midi.inlets import system_ports  # loads mido
        from mappings.midi.inputs import MidiInputs

        self._woken = threading.Event()
        try:
            self._inputs = MidiInputs(system_ports(), self._woken.set, wanted)
        except OSError as error:
            raise OSError(f"{error}\n{MIDI_FIX}") from None
        self._controllers: dict[str, Controller] = {}
        self._parameters = parameters
        self._catalogue = catalogue
        self._learning = learning
        self._shown: dict[str, str] = {}

    def listen(self) -> None:
        names = ", ".join(self._inputs.names) or "nothing yet: plug it in"
        print(f"MIDI: {names}", flush=True)
        try:
            with keystrokes():
                self._listen()
        finally:
            self._inputs.close()

    def _listen(self) -> None:
        scanned = time.monotonic()
        while self._learning.address:
            self._show("said", self._learning.said)
            self._woken.wait(LOOK_SECONDS)
            self._woken.clear()
            now = time.monotonic()
            if now - scanned >= SCAN_SECONDS:
                scanned = now
                self._inputs.scan()
            self._hear()
            if escaped():
                self._learning.cancel()
            self._learning.tick(now)

    def _hear(self) -> None:
        for heard in self._inputs.heard():
            controller = self._controllers.get(heard.port)
            if not controller:
                mapping = self._catalogue.mapping_for(heard.port)
                controller = self._controllers[heard.port] = Controller(mapping, self._parameters)
            self._learning.hear(heard.port, controller.raw(heard.message, heard.at))
            if not self._learning.address:
                return
            self._show("heard", self._learning.heard)

    def _show(self, kind: str, line: str) -> None:
        """Once, until there is another line of this kind."""
        if line and line != self._shown.get(kind):
            self._shown[kind] = line
            print(line, flush=True)
