"""The MIDI controllers that are plugged in."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import asdict
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from installation.backstage import Backstage
from installation.desk import PANIC
from installation.feedback import Feedback
from installation.keeping import keep
from installation.plan import Plan
from mappings.files.catalogue import Catalogue
from mappings.mapping import RECALL, ControlEvent, Turn
from mappings.midi.clock import Leader, PulseFollower, PulseSender
from mappings.midi.controller import Controller
from mappings.midi.inlets import system_ports
from mappings.midi.inputs import Heard, MidiInputs
from mappings.midi.learning import Learning
from mappings.midi.outlets import system_outputs
from mappings.midi.outputs import MidiOutputs

SCAN_SECONDS = 1.0

log = logging.getLogger("control")


class Controllers:
    """Every controller that is there. Without MIDI the show goes on."""

    def __init__(self, plan: Plan, backstage: Backstage, loop: asyncio.AbstractEventLoop) -> None:
        desk, parameters = backstage.desk, backstage.parameters
        self._catalogue = Catalogue(parameters, plan.home / "mappings", plan.mapping, plan.takeover)
        self._learning = Learning(
            parameters, self._catalogue, lambda: desk.values, self, backstage.do, keep
        )
        self._controllers: dict[str, Controller] = {}  # also of ports that are away now
        self._parameters, self._desk = parameters, desk
        self._do, self._pulse = backstage.do, backstage.pulse
        self.pulses = PulseFollower()
        self.sender: PulseSender | None = None
        self._inputs: MidiInputs | None = None
        self._outputs: MidiOutputs | None = None
        self._feedback: Feedback | None = None
        self._scanned = time.monotonic()
        self._reading: Future[object] | None = None
        self._gliding = False
        self._complain(self._catalogue.refused.values())
        if plan.midi == "none":
            return
        try:
            self._open(plan.midi, partial(loop.call_soon_threadsafe, self._take))
        except OSError as error:
            log.warning("%s; the show goes on without MIDI", error)
            self._pulse.failed(str(error))
            return
        desk.hear(self._told)
        desk.act(PANIC, lambda times: self._panicked())
        backstage.office.does("/learn", 1, self._arm)
        backstage.office.does("/learn/cancel", 0, self._learning.cancel)
        backstage.office.does("/learn/forget", 1, self._learning.forget)

    def _open(self, wanted: str | None, wake: Callable[[], object]) -> None:
        """Raises OSError where there is no MIDI; then nothing is open. The inputs come last: from
        then on there is something to take."""
        outputs = MidiOutputs(system_outputs())
        try:
            self._inputs = MidiInputs(system_ports(), wake, wanted, Leader(self.pulses).heard)
        except OSError:
            outputs.close()
            raise
        self._outputs = outputs
        self.sender = PulseSender(outputs.pulse)
        self._feedback = Feedback(outputs, self._catalogue, self._parameters, self._desk, wanted)
        self._feedback.scan(self._inputs.names)

    def tick(self, now: float) -> None:
        if self._inputs and now - self._scanned >= SCAN_SECONDS:
            self._scanned = now
            self._scan(self._inputs)
        self._learning.tick(now)
        self._glide(now)
        if self._feedback:
            self._feedback.tick(now)

    def _glide(self, now: float) -> None:
        """Two controllers may glide the same parameter: software is heard on its own port and on
        ours. Neither takes the other for a hand."""
        self._desk.settle()  # what was turned from elsewhere ends a glide
        for controller in self._controllers.values():
            self._desk.turn(controller.glided(now), _refuse)
        self._gliding = True
        self._desk.settle()
        self._gliding = False

    def figures(self) -> dict[str, Any]:
        if not self._inputs:
            return {"received": 0, "ports": []}
        learning, inbox = self._learning, self._inputs.inbox
        waiting = [
            asdict(each)
            for controller in self._controllers.values()
            for each in controller.waiting(self._desk.values)
        ]
        return {
            "received": inbox.received,
            "dropped": inbox.dropped,
            "ports": self._inputs.names,
            "learn": {"address": learning.address, "heard": learning.heard, "said": learning.said},
            "waiting": waiting,
        }

    def close(self) -> None:
        if self.sender:
            self.sender.close()
        if self._feedback:
            self._feedback.close()
        for ports in (self._inputs, self._outputs):
            if ports:
                ports.close()

    def kept(self, said: str, paths: Sequence[Path]) -> None:
        """Of ``Learning``."""
        for path in paths:
            log.info("%s; written to %s", said, path)
        self._remap()

    def refused(self, error: Exception) -> None:
        _refuse(error)

    def _scan(self, inputs: MidiInputs) -> None:
        for port in inputs.scan():
            self._came(port)
        if self._feedback:
            self._feedback.scan(inputs.names)
        if not self._reading or self._reading.done():  # a disk that hangs is asked once
            self._read()

    def _read(self) -> None:
        """Looks whether the user's files are others now."""
        changed: list[bool] = []

        def reread() -> None:
            if changed.pop():
                self._complain(self._catalogue.refused.values())
                self._remap()

        try:
            self._reading = self._do(lambda: changed.append(self._catalogue.scan()), reread)
        except OSError as error:
            _refuse(error)

    def _came(self, port: str) -> None:
        """Who was there before is known, but not where its controls stand now."""
        self._controller(port).plugged()

    def _remap(self) -> None:
        """The mappings are others now."""
        for port, controller in self._controllers.items():
            controller.use(self._catalogue.mapping_for(port))
        if self._feedback:
            self._feedback.remapped()

    def _complain(self, refused: Iterable[str]) -> None:
        for sentence in refused:
            log.warning("%s", sentence)
            self._pulse.failed(sentence)

    def _told(self, address: str, value: float) -> None:
        if address == RECALL:
            self._let_go()
        if not self._gliding:
            for controller in self._controllers.values():
                controller.turned_elsewhere(address)

    def _panicked(self) -> None:
        """The knobs live again, too."""
        self._learning.cancel()
        self._let_go()

    def _let_go(self) -> None:
        for controller in self._controllers.values():
            controller.let_go()

    def _arm(self, address: str) -> None:
        self._learning.arm(address, time.monotonic())

    def _take(self) -> None:
        assert self._inputs
        self._desk.settle()  # what came before counts
        for port, heard in groupby(self._inputs.heard(), lambda each: each.port):
            if self._learning.address:
                self._learn(port, heard)
            else:
                self._play(port, heard)

    def _play(self, port: str, heard: Iterable[Heard]) -> None:
        controller = self._controller(port)
        moved = controller.moved([(each.message, each.at) for each in heard])
        moved = [each for each in moved if not self._learning.keeps(port, each[0].control)]
        self._desk.turn(controller.turns(moved, self._desk.values), _refuse)
        if self._feedback:
            for event, at in moved:
                self._feedback.moved(port, event, at)

    def _learn(self, port: str, heard: Iterable[Heard]) -> None:
        """Meanwhile nothing is turned, but who cries panic is heard, and ends the lesson; unless
        that is what is learnt."""
        controller = self._controller(port)
        for each in heard:
            events = controller.raw(each.message, each.at)
            if self._learning.address != PANIC and _panics(controller, events):
                self._desk.turn([Turn(PANIC)], _refuse)
                self._desk.settle()
                continue
            try:
                self._learning.hear(port, events)
            except (OSError, ValueError) as error:
                _refuse(error)

    def _controller(self, port: str) -> Controller:
        if port not in self._controllers:
            self._controllers[port] = Controller(
                self._catalogue.mapping_for(port), self._parameters
            )
        return self._controllers[port]


def _panics(controller: Controller, events: Iterable[ControlEvent]) -> bool:
    turns = (turn for event in events for turn in controller.mapping.turns(event))
    return any(turn.address == PANIC for turn in turns)


def _refuse(error: Exception) -> None:
    log.warning("%s", error)
