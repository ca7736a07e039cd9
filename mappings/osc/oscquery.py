"""OSCQuery: the tree of parameters by HTTP, and their values by WebSocket, on one port.

The proposal is https://github.com/Vidvox/OSCQueryProposal. What is streamed is one message a
packet, and a switch is 0 or 1 in it, as by UDP: Chataigne reads neither bundles nor T and F.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol

from aiohttp import WSCloseCode, WSMsgType, web
from aiohttp.typedefs import Middleware

from engine.parameters import Table, Trigger
from mappings.mapping import Standing
from mappings.osc.echo import Client, spoken
from mappings.osc.meaning import meant
from mappings.osc.namespace import ATTRIBUTES, OPTIONAL, Namespace
from mappings.osc.packets import LONGEST, bundles, packet
from mappings.osc.refusals import Refusals

LOOK_SECONDS = 1 / 60
MOST_SOCKETS = 16
HEARTBEAT_SECONDS = 10.0
TAKE_SECONDS = 10.0  # who has not taken a value by then has gone, whatever it still says
FAREWELL_SECONDS = 1.0
TOKEN = "token"  # what a middleware may ask for; no attribute
COMMANDS = ("LISTEN", "IGNORE")

Read = Callable[[], Standing]
Send = Callable[[bytes], object]
HangUp = Callable[[asyncio.Transport], object]


@dataclass(frozen=True, slots=True)
class HostInfo:
    """``osc_port``: UDP. ``web_port``: TCP, of the pages and the sockets."""

    name: str
    osc_port: int
    web_port: int

    def told(self, address: str) -> dict[str, Any]:
        """``address``: by which the client has reached this machine, so that it can again."""
        return {
            "NAME": self.name,
            "OSC_IP": address,
            "OSC_PORT": self.osc_port,
            "OSC_TRANSPORT": "UDP",
            "WS_IP": address,
            "WS_PORT": self.web_port,
            "EXTENSIONS": {**dict.fromkeys(OPTIONAL, True), "LISTEN": True, "PATH_CHANGED": False},
        }


def application(
    table: Table,
    read: Read,
    send: Send,
    host: HostInfo,
    middlewares: Sequence[Middleware] = (),
    hang_up: HangUp = asyncio.Transport.abort,
) -> web.Application:
    """``read``: where everything stands, asked ``1 / LOOK_SECONDS`` times a second for each socket.
    ``send``: takes an OSC packet as it came; it must not block, and may raise OSError. ``hang_up``:
    is given the transport of who takes nothing any more."""
    server = Server(table, read, send, host, hang_up)
    made = web.Application(middlewares=middlewares)
    made.router.add_get("/{path:.*}", server.answer)
    made.on_shutdown.append(server.close)
    return made


class Server:
    def __init__(
        self, table: Table, read: Read, send: Send, host: HostInfo, hang_up: HangUp
    ) -> None:
        self._table = table
        self._namespace = Namespace(table)
        self._read = read
        self._send = send
        self._host = host
        self._hang_up = hang_up
        self._sockets: set[web.WebSocketResponse] = set()
        self._refusals: Refusals | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._talk(request)
        asked = [attribute for attribute in request.query if attribute != TOKEN]
        if "HOST_INFO" in asked:
            reached = request.get_extra_info("sockname")[0]
            return web.json_response(self._host.told(reached))
        unknown = [attribute for attribute in asked if attribute not in ATTRIBUTES]
        if unknown:
            expected = f"expected {', '.join(ATTRIBUTES)}, received {unknown[0][:40]!r}"
            raise web.HTTPBadRequest(text=f"attribute: {expected}")
        try:
            node = self._namespace.node(request.path.rstrip("/") or "/", self._read())
        except LookupError as error:
            raise web.HTTPNotFound(text=str(error)[:200]) from None
        if not asked:
            return web.json_response(node)
        told = {attribute: node[attribute] for attribute in asked if attribute in node}
        return web.json_response(told) if told else web.Response(status=HTTPStatus.NO_CONTENT)

    async def close(self, _: web.Application) -> None:
        """Does not wait for who takes nothing any more."""
        await asyncio.gather(*(_closed(socket) for socket in self._sockets if socket.prepared))

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        if len(self._sockets) >= MOST_SOCKETS:
            raise web.HTTPServiceUnavailable(text=f"expected at most {MOST_SOCKETS} sockets")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=LONGEST)
        self._sockets.add(socket)  # before it is prepared, which may wait
        try:
            await socket.prepare(request)
            assert request.transport
            await self._stream(socket, partial(self._hang_up, request.transport))
        finally:
            self._sockets.discard(socket)
        return socket

    async def _stream(self, socket: web.WebSocketResponse, hang_up: Callable[[], object]) -> None:
        stream = Stream(self._table)
        telling = asyncio.create_task(stream.tell(socket, self._read, hang_up))
        try:
            async for message in socket:
                self._heard(message.type, message.data, stream)
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling

    def _heard(self, kind: WSMsgType, data: str | bytes, stream: "Stream") -> None:
        try:
            if isinstance(data, bytes):
                stream.touched(data, time.monotonic())
                self._send(data)
            elif kind is WSMsgType.TEXT:
                self._obey(data, stream)
        except (LookupError, OSError, ValueError) as error:
            self._refuse(str(error))

    def _obey(self, text: str, stream: "Stream") -> None:
        command, address = commanded(text)
        if address not in self._namespace:
            raise LookupError(f"no node '{address}'")
        if command == "LISTEN":
            stream.listen(address)
        else:
            stream.ignore(address)

    def _refuse(self, sentence: str) -> None:
        if self._refusals is None:  # only now is there a loop for certain
            loop = asyncio.get_running_loop()
            self._refusals = Refusals("OSCQuery", loop, logging.getLogger(__name__))
        self._refusals.add(sentence)


async def _closed(socket: web.WebSocketResponse) -> None:
    with suppress(TimeoutError, RuntimeError):
        async with asyncio.timeout(FAREWELL_SECONDS):
            await socket.close(code=WSCloseCode.GOING_AWAY)


def commanded(text: str) -> tuple[str, str]:
    """The command and the address of it. Raises ValueError."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"command: expected JSON, received {text[:40]!r}") from None
    match told:
        case {"COMMAND": str() as command, "DATA": str() as address} if command in COMMANDS:
            return command, address
    expected = f"COMMAND, one of {', '.join(COMMANDS)}, and DATA, an address"
    raise ValueError(f"command: expected {expected}, received {text[:40]!r}")


class Socket(Protocol):
    async def send_bytes(self, data: bytes) -> None:
        """Waits while the other side is behind; raises ConnectionError when it has gone."""


class Stream:
    """What one client listens to. What changes while it is behind is told once it has caught up,
    the latest value only."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._known: dict[str, float | None] = {}  # what is listened to
        self._client = Client()

    def listen(self, address: str) -> None:
        """It is told at once where a parameter stands. A trigger stands nowhere."""
        if address in self._table and not isinstance(self._table[address].kind, Trigger):
            self._known.setdefault(address, None)

    def ignore(self, address: str) -> None:
        self._known.pop(address, None)

    def touched(self, data: bytes, now: float) -> None:
        """What the client turns itself, it is not told back until its hand has rested."""
        with suppress(LookupError, TypeError, ValueError):  # refused where it is sent to
            for bundle in bundles(data):
                for message in bundle.messages:
                    turns = meant(message, self._table)
                    if isinstance(turns, tuple):
                        self._client.touched(turns, now)

    def due(self, values: Standing, now: float) -> list[bytes]:
        """The packets to be sent. ``now``: monotonic seconds."""
        for address, known in self._known.items():
            value = values[address]
            if value != known:
                self._known[address] = value
                self._client.hear(address)
        due = [each for each in self._client.due(now) if each in self._known]
        return [packet(each, spoken(self._table[each], values[each])) for each in due]

    async def tell(self, socket: Socket, read: Read, hang_up: Callable[[], object]) -> None:
        """Until the other side has gone. ``hang_up`` is called where it takes nothing any more."""
        with suppress(ConnectionError):
            while True:
                if self._known:
                    for data in self.due(read(), time.monotonic()):
                        await self._send(socket, data, hang_up)
                await asyncio.sleep(LOOK_SECONDS)

    async def _send(self, socket: Socket, data: bytes, hang_up: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(TAKE_SECONDS):
                await socket.send_bytes(data)
        except TimeoutError:
            hang_up()
            raise ConnectionAbortedError from None
