"""What the control player hears by OSC: from the network, from the stage's keys and the page."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from installation.backstage import Backstage
from installation.plan import Plan
from mappings.mapping import Turn
from mappings.osc.echo import Echo
from mappings.osc.endpoint import Endpoint, Sender, listening_socket
from mappings.osc.requests import Request

log = logging.getLogger("control")


class Hearing:
    """What an endpoint hears goes to the desk, or to whoever does what is asked for."""

    def __init__(
        self,
        listening: socket.socket,
        backstage: Backstage,
        loop: asyncio.AbstractEventLoop,
        echo: Echo | None = None,
    ) -> None:
        """``echo``: tells back. The stage and the page have none: they read the bank."""
        self.endpoint = Endpoint(listening, backstage.parameters, self, loop)
        self._desk, self._office = backstage.desk, backstage.office
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
        self, listening: socket.socket, backstage: Backstage, loop: asyncio.AbstractEventLoop
    ) -> None:
        listening.setblocking(False)
        self._hearing = Hearing(listening, backstage, loop)

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
        backstage: Backstage,
        loop: asyncio.AbstractEventLoop,
        scenes: Callable[[], Sequence[str]],
    ) -> None:
        """``scenes``: what they are called now, in their order."""
        self._endpoint: Endpoint | None = None
        self._scenes = scenes
        try:
            listening = listening_socket(plan.osc_port, plan.osc_host)
        except OSError as error:
            sentence = f"{error}: --osc-port"
            log.error("%s; the show goes on without OSC", sentence)
            backstage.pulse.failed(sentence)
            return
        desk = backstage.desk
        self._echo = Echo(listening, backstage.parameters, desk.read, plan.osc_reply)
        self._endpoint = Hearing(listening, backstage, loop, self._echo).endpoint
        desk.hear(self._echo.changed)
        log.info("OSC: listening to UDP %s:%d", *listening.getsockname())

    def tick(self, now: float) -> None:
        if self._endpoint:
            self._echo.name(self._scenes())
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
        "last_refused": endpoint.last_refused,
        "unknown": endpoint.unknown,
        "last_unknown": endpoint.last_unknown,
    }
