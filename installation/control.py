"""The control player: hears OSC, MIDI and the stage's keys, writes the bank, tells back."""

import asyncio
import logging
import socket
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Protocol

from engine.bank import Bank
from engine.parameters import Table
from installation.backstage import Backstage
from installation.controllers import Controllers
from installation.desk import Desk
from installation.keeping import Scribe
from installation.music.link import LinkSession
from installation.music.modulators import Modulators
from installation.music.sound import Listener, input_named
from installation.music.tempo import Tempo
from installation.plan import Plan, Wires
from installation.player import Pulse, play, read_pulse
from installation.scenes.cues import Cues
from installation.scenes.recalling import Recall
from installation.scenes.shelf import Shelf
from installation.scenes.snapshot import Photographer
from installation.settings import table
from installation.takes.takes import Takes
from mappings.mapping import Turn
from mappings.osc.echo import Echo
from mappings.osc.endpoint import Endpoint, Sender, listening_socket
from mappings.osc.requests import Office, Request

TICK_SECONDS = 1 / 60
SWITCH_SECONDS = 0.0005  # so long a thread waits for the loop: after 5 ms a MIDI clock shakes

log = logging.getLogger("control")


def control(plan: Plan, wires: Wires, lifeline: Connection) -> None:
    def loop(stopping: threading.Event, pulse: Pulse) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        # on every system: the loop that Windows would take cannot watch sockets
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(listen(plan, wires, stopping, pulse))

    play("control", lifeline, wires.pulses["control"], loop)


class Part(Protocol):
    """What the control player is made of."""

    def tick(self, now: float) -> None:
        """Called ``TICK_SECONDS`` apart, at ``time.monotonic()`` seconds; must not block."""

    def figures(self) -> dict[str, Any]: ...

    def close(self) -> None: ...


async def listen(plan: Plan, wires: Wires, stopping: threading.Event, pulse: Pulse) -> None:
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    loop.set_exception_handler(partial(_fail, failed))
    parameters = table()
    desk = Desk(parameters, Bank(parameters, wires.bank), plan.start, loop.call_soon)
    office = Office()
    files = Scribe(pulse)
    backstage = Backstage(plan.home, parameters, desk, office, files.do, pulse)
    midi = Controllers(plan, parameters, desk, office, loop, pulse)
    tempo = Tempo(parameters, desk, midi.pulses, LinkSession, midi.sender, pulse)
    sound = Listener(desk, pulse, input_named(plan.sound))
    parts: dict[str, Part] = {
        "files": files,  # the first to begin is the last to end
        "tempo": tempo,
        "keys": Keys(wires, parameters, desk, office, loop),
        "osc": Osc(plan, parameters, desk, office, loop, pulse),
        "midi": midi,
        "sound": sound,
        **_kept_parts(plan, wires, backstage, tempo),
        "modulators": Modulators(parameters, desk, tempo, sound),
    }

    def figures() -> dict[str, Any]:
        return {name: part.figures() for name, part in parts.items()}

    try:
        while not stopping.is_set():
            await asyncio.wait((failed,), timeout=TICK_SECONDS)
            if failed.done():
                failed.result()
            now = time.monotonic()
            for part in parts.values():
                part.tick(now)
            pulse.beat(figures)
    finally:  # ports and JACK's clients are given back also where a part has failed
        for part in reversed(parts.values()):
            part.close()
    pulse.beat_now(figures())


def _kept_parts(plan: Plan, wires: Wires, backstage: Backstage, tempo: Tempo) -> dict[str, Part]:
    """What has files of the user's."""
    shelf = Shelf(plan.home, backstage.parameters, backstage.do)
    photographer = Photographer(wires, shelf.picture, shelf.hang, backstage.do)
    recall = Recall(backstage, shelf, tempo, photographer, plan.scene)
    capture = wires.pulses["capture"]

    def source() -> str:
        return str(read_pulse(capture).get("source", ""))

    return {
        "scenes": recall,
        "cues": Cues(backstage, shelf, recall, tempo),
        "takes": Takes(backstage, recall, source, plan.take),
    }


def _fail(
    failed: "asyncio.Future[None]", loop: asyncio.AbstractEventLoop, context: dict[str, Any]
) -> None:
    """What escapes a callback ends the player, as what escapes its loop does."""
    if not failed.done():
        failed.set_exception(context.get("exception") or RuntimeError(context["message"]))


class Hearing:
    """What an endpoint hears goes to the desk, or to whoever does what is asked for."""

    def __init__(
        self,
        listening: socket.socket,
        parameters: Table,
        desk: Desk,
        office: Office,
        loop: asyncio.AbstractEventLoop,
        echo: Echo | None = None,
    ) -> None:
        """``echo``: tells back. The stage and the page have none: they read the bank."""
        self.endpoint = Endpoint(listening, parameters, self, loop)
        self._desk = desk
        self._office = office
        self._echo = echo

    def turned(self, turns: Sequence[Turn], sender: Sender) -> None:
        if self._echo:
            self._echo.turned(turns, sender, time.monotonic())
        self._desk.turn(turns, self.endpoint.refuse)

    def asked(self, addresses: Sequence[str], sender: Sender) -> None:
        if self._echo:
            self._echo.answer(addresses, sender, time.monotonic())

    def requested(self, request: Request, sender: Sender) -> None:
        if self._echo:
            self._echo.turned((), sender, time.monotonic())
        self._desk.settle()  # what came before the request is turned before it
        self._office.ask(request)

    def gone(self, client: Sender) -> None:
        if self._echo:
            self._echo.forget(client)


class Keys:
    """The stage's keyboard and the page, which ask by OSC on a socket of their own."""

    def __init__(
        self,
        wires: Wires,
        parameters: Table,
        desk: Desk,
        office: Office,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        wires.keys.setblocking(False)
        self._hearing = Hearing(wires.keys, parameters, desk, office, loop)

    def tick(self, now: float) -> None:
        """Nothing is told back."""

    def figures(self) -> dict[str, Any]:
        return counted(self._hearing.endpoint)

    def close(self) -> None:
        self._hearing.endpoint.close()


class Osc:
    """OSC from the network, and the values told back. Without a free port the show goes on."""

    def __init__(
        self,
        plan: Plan,
        parameters: Table,
        desk: Desk,
        office: Office,
        loop: asyncio.AbstractEventLoop,
        pulse: Pulse,
    ) -> None:
        self._endpoint: Endpoint | None = None
        try:
            listening = listening_socket(plan.osc_port, plan.osc_host)
        except OSError as error:
            sentence = f"{error}: --osc-port"
            log.error("%s; the show goes on without OSC", sentence)
            pulse.failed(sentence)
            return
        self._echo = Echo(listening, parameters, desk.read, plan.osc_reply)
        hearing = Hearing(listening, parameters, desk, office, loop, self._echo)
        self._endpoint = hearing.endpoint
        desk.hear(self._echo.changed)
        log.info("OSC: listening to UDP %s:%d", *listening.getsockname())

    def tick(self, now: float) -> None:
        if self._endpoint:
            self._echo.flush(now)

    def figures(self) -> dict[str, Any]:
        if not self._endpoint:
            return {}
        clients = [f"{host}:{port}" for host, port in self._echo.clients]
        return {**counted(self._endpoint), "clients": clients}

    def close(self) -> None:
        if self._endpoint:
            self._endpoint.close()


def counted(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "received": endpoint.received,
        "refused": endpoint.refused,
        "unknown": endpoint.unknown,
        "last_unknown": endpoint.last_unknown,
    }
