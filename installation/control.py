"""The control player: hears OSC, MIDI and the stage's keys, writes the bank, tells back."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from engine.bank import Bank, Moment
from engine.parameters import Table, Trigger
from installation.plan import Plan, Wires
from installation.player import Pulse, play
from installation.settings import table
from mappings.echo import Echo
from mappings.files import load_mapping, shipped_mappings
from mappings.mapping import Turn, mapping_for, settled
from mappings.midi import MidiInputs, system_ports
from mappings.osc import Endpoint, Sender, listening_socket

TICK_SECONDS = 1 / 60
SCAN_SECONDS = 1.0
PANIC, RESET = "/master/panic", "/dream/reset"

Refuse = Callable[[Exception], None]

log = logging.getLogger("control")


def control(plan: Plan, wires: Wires, lifeline: Connection) -> None:
    def loop(stopping: threading.Event, pulse: Pulse) -> None:
        # on every system: the loop that Windows would take cannot watch sockets
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(listen(plan, wires, stopping, pulse))

    play("control", lifeline, wires.pulses["control"], loop)


async def listen(plan: Plan, wires: Wires, stopping: threading.Event, pulse: Pulse) -> None:
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    loop.set_exception_handler(partial(_fail, failed))
    parameters = table()
    desk = Desk(parameters, Bank(parameters, wires.bank), plan.start, loop.call_soon)
    keys = Keys(wires, parameters, desk, loop)
    osc = Osc(plan, parameters, desk, loop, pulse)
    midi = Midi(plan, parameters, desk, loop, pulse)
    scanned = time.monotonic()
    while not stopping.is_set():
        await asyncio.wait((failed,), timeout=TICK_SECONDS)
        if failed.done():
            failed.result()
        now = time.monotonic()
        osc.flush(now)
        if now - scanned >= SCAN_SECONDS:
            scanned = now
            midi.scan()
        pulse.beat(lambda: {"osc": osc.figures(), "midi": midi.figures()})
    midi.close()
    osc.close()
    keys.close()
    pulse.beat_now({"osc": osc.figures(), "midi": midi.figures()})


def _fail(
    failed: "asyncio.Future[None]", loop: asyncio.AbstractEventLoop, context: dict[str, Any]
) -> None:
    """What escapes a callback ends the player, as what escapes its loop does."""
    if not failed.done():
        failed.set_exception(context.get("exception") or RuntimeError(context["message"]))


class Desk:
    """Where every turn ends, whoever makes it. What arrives together becomes one write, in the
    order it came. ``tell`` hears what each parameter came to stand at; of triggers it hears
    nothing, because a client that sends back what it is told would fire them again."""

    def __init__(
        self,
        parameters: Table,
        bank: Bank,
        start: Sequence[float],
        soon: Callable[[Callable[[], None]], object],
    ) -> None:
        """``start``: what panic goes back to. ``soon``: calls a function a little later, once
        everything that has arrived was handed in."""
        self.tell: Callable[[str, float], None] = lambda address, value: None
        self._parameters = parameters
        self._bank = bank
        self._start = start
        self._soon = soon
        self._pending: list[tuple[Turn, Refuse]] = []
        self._values = self._standing()

    def turn(self, turns: Sequence[Turn], refuse: Refuse) -> None:
        """``refuse`` is called with the sentence of a turn that means nothing."""
        if turns and not self._pending:
            self._soon(self.settle)
        self._pending += [(turn, refuse) for turn in turns]

    def settle(self) -> None:
        """Makes the turns that are pending."""
        pending, self._pending = self._pending, []
        changes: dict[str, float] = {}
        for turn, refuse in pending:
            try:
                value = settled(turn, self._parameters, self._values)
            except (LookupError, TypeError, ValueError) as error:
                refuse(error)
                continue
            if turn.address == PANIC and value:
                changes.clear()
                self._panic()
            else:
                self._stand(turn.address, value, changes)
        if changes:
            self._bank.write(changes)

    def read(self) -> Moment:
        return self._bank.read()

    def _stand(self, address: str, value: float, changes: dict[str, float]) -> None:
        """Notes where a parameter stands now; in ``changes`` only what must be written."""
        if isinstance(self._parameters[address].kind, Trigger):
            if value:
                changes[address] = changes.get(address, 0.0) + value
            return
        if value != self._values[address]:
            changes[address] = self._values[address] = value
        self.tell(address, value)

    def _panic(self) -> None:
        log.warning("panic: everything back to the start")
        self._bank.start(self._start, fired=(PANIC, RESET))
        self._values = self._standing()
        for address, value in self._values.items():
            self.tell(address, value)

    def _standing(self) -> dict[str, float]:
        moment = self._bank.read()
        return {
            parameter.address: moment[parameter.address]
            for parameter in self._parameters
            if not isinstance(parameter.kind, Trigger)
        }


class Keys:
    """The stage's keyboard, which arrives as OSC on a socket of its own."""

    def __init__(
        self, wires: Wires, parameters: Table, desk: Desk, loop: asyncio.AbstractEventLoop
    ) -> None:
        wires.keys.setblocking(False)
        self._desk = desk
        self._endpoint = Endpoint(wires.keys, parameters, self, loop)
        self.close = self._endpoint.close

    def turned(self, turns: Sequence[Turn], sender: Sender) -> None:
        self._desk.turn(turns, self._endpoint.refuse)

    def asked(self, addresses: Sequence[str], sender: Sender) -> None:
        """The stage reads the bank itself."""


class Osc:
    """OSC from the network, and the values told back. Without a free port the show goes on."""

    def __init__(
        self,
        plan: Plan,
        parameters: Table,
        desk: Desk,
        loop: asyncio.AbstractEventLoop,
        pulse: Pulse,
    ) -> None:
        self._desk = desk
        self._endpoint: Endpoint | None = None
        try:
            listening = listening_socket(plan.osc_port, plan.osc_host)
        except OSError as error:
            log.error("%s; the show goes on without OSC", error)
            pulse.failed(str(error))
            return
        self._endpoint = Endpoint(listening, parameters, self, loop)
        self._echo = Echo(listening, parameters)
        desk.tell = self._echo.changed
        log.info("OSC: listening to UDP %s:%d", *listening.getsockname())

    def turned(self, turns: Sequence[Turn], sender: Sender) -> None:
        assert self._endpoint
        self._echo.heard((turn.address for turn in turns), sender, time.monotonic())
        self._desk.turn(turns, self._endpoint.refuse)

    def asked(self, addresses: Sequence[str], sender: Sender) -> None:
        self._desk.settle()  # what came before the question counts in its answer
        self._echo.heard((), sender, time.monotonic())
        self._echo.answer(addresses, sender, self._desk.read())

    def flush(self, now: float) -> None:
        if self._endpoint:
            self._echo.flush(now)

    def figures(self) -> dict[str, Any]:
        if not self._endpoint:
            return {}
        return {
            "received": self._endpoint.received,
            "refused": self._endpoint.refused,
            "unknown": self._endpoint.unknown,
            "last_unknown": self._endpoint.last_unknown,
        }

    def close(self) -> None:
        if self._endpoint:
            self._endpoint.close()


class Midi:
    """Every controller that is there. Without MIDI the show goes on."""

    def __init__(
        self,
        plan: Plan,
        parameters: Table,
        desk: Desk,
        loop: asyncio.AbstractEventLoop,
        pulse: Pulse,
    ) -> None:
        self._own = [load_mapping(plan.mapping, parameters)] if plan.mapping else []
        self._shipped = [load_mapping(file, parameters) for file in shipped_mappings()]
        self._desk = desk
        self._inputs: MidiInputs | None = None
        if plan.midi == "none":
            return
        try:
            wake = partial(loop.call_soon_threadsafe, self._take)
            self._inputs = MidiInputs(system_ports(), wake, plan.midi)
        except OSError as error:
            log.warning("%s; the show goes on without MIDI", error)
            pulse.failed(str(error))

    def scan(self) -> None:
        if self._inputs:
            self._inputs.scan()

    def figures(self) -> dict[str, Any]:
        if not self._inputs:
            return {"received": 0, "ports": []}
        inbox = self._inputs.inbox
        received, dropped = inbox.received, inbox.dropped
        return {"received": received, "dropped": dropped, "ports": self._inputs.names}

    def close(self) -> None:
        if self._inputs:
            self._inputs.close()

    def _take(self) -> None:
        assert self._inputs
        for port, event in self._inputs.events():
            mapping = mapping_for(port, self._own) or mapping_for(port, self._shipped)
            if mapping:
                self._desk.turn(mapping.turns(event), lambda error: log.warning("%s", error))
