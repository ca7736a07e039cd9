"""The MIDI controllers that are plugged in."""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from itertools import groupby
from typing import Any

from engine.parameters import Table
from installation.desk import PANIC, Desk
from installation.feedback import Feedback
from installation.plan import Plan
from installation.player import Pulse
from mappings.files.catalogue import Catalogue
from mappings.midi.clock import Leader, PulseFollower, PulseSender
from mappings.midi.controller import RECALL, Controller
from mappings.midi.inlets import system_ports
from mappings.midi.inputs import Heard, MidiInputs
from mappings.midi.learning import Learning
from mappings.midi.outlets import system_outputs
from mappings.midi.outputs import MidiOutputs
from mappings.osc.requests import Office

SCAN_SECONDS = 1.0

log = logging.getLogger("control")


class Controllers:
    """Every controller that is there. Without MIDI the show goes on."""

    def __init__(
        self,
        plan: Plan,
        parameters: Table,
        desk: Desk,
        office: Office,
        loop: asyncio.AbstractEventLoop,
        pulse: Pulse,
    ) -> None:
        self._catalogue = Catalogue(parameters, plan.home / "mappings", plan.mapping, plan.takeover)
        self._learning = Learning(parameters, self._catalogue, lambda: desk.values)
        self._controllers: dict[str, Controller] = {}  # also of ports that are away now
        self._parameters = parameters
        self._desk = desk
        self._pulse = pulse
        self.pulses = PulseFollower()
        self.sender: PulseSender | None = None
        self._inputs: MidiInputs | None = None
        self._outputs: MidiOutputs | None = None
        self._feedback: Feedback | None = None
        self._scanned = time.monotonic()
        self._complain(self._catalogue.refused.values())
        if plan.midi == "none":
            return
        try:
            wake = partial(loop.call_soon_threadsafe, self._take)
            inputs, outputs = system_ports(), system_outputs()
            self._outputs = MidiOutputs(outputs)
            self._inputs = MidiInputs(inputs, wake, plan.midi, Leader(self.pulses).heard)
        except OSError as error:
            log.warning("%s; the show goes on without MIDI", error)
            pulse.failed(str(error))
            return
        self.sender = PulseSender(self._outputs.pulse)
        self._feedback = Feedback(self._outputs, self._catalogue, parameters, desk, plan.midi)
        self._feedback.scan(self._inputs.names)
        self._gliding = False
        desk.hear(self._told)
        desk.act(PANIC, lambda times: self._let_go())
        office.does("/learn", 1, lambda address: self._learning.arm(address, time.monotonic()))
        office.does("/learn/cancel", 0, self._learning.cancel)
        office.does("/learn/forget", 1, self._forget)

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
        for ports in (self._inputs, self._outputs):
            if ports:
                ports.close()

    def _scan(self, inputs: MidiInputs) -> None:
        for port in inputs.scan():
            self._came(port)
        if self._catalogue.scan():
            self._complain(self._catalogue.refused.values())
            self._remap()
        if self._feedback:
            self._feedback.scan(inputs.names)

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

    def _let_go(self) -> None:
        for controller in self._controllers.values():
            controller.let_go()

    def _forget(self, address: str) -> None:
        self._learning.forget(address)
        self._remap()

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
        self._desk.turn(controller.turns(moved, self._desk.values), _refuse)
        if self._feedback:
            for event, at in moved:
                self._feedback.moved(port, event, at)

    def _learn(self, port: str, heard: Iterable[Heard]) -> None:
        """Meanwhile nothing is turned."""
        for each in heard:
            try:
                kept = self._learning.hear(port, self._controller(port).raw(each.message, each.at))
            except (OSError, ValueError) as error:
                log.warning("%s", error)
                continue
            if kept:
                log.info("%s; written to %s", self._learning.said, kept)
                self._remap()

    def _controller(self, port: str) -> Controller:
        if port not in self._controllers:
            self._controllers[port] = Controller(
                self._catalogue.mapping_for(port), self._parameters
            )
        return self._controllers[port]


def _refuse(error: Exception) -> None:
    log.warning("%s", error)
