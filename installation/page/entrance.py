"""The way in to an HTTP server: how many are let in at once, and how long each may take.

aiohttp bounds how long a header is, and nothing else: not the time that it takes, not the number of
connections, not the time that the other side takes to read its answer.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import cast
from weakref import WeakKeyDictionary, ref

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from installation.neighbours import SIGNATURE
from installation.player import Pulse
from mappings.osc.refusals import Refusals

MOST_CONNECTIONS = 256  # of one server: thirty pages, and a hundred phones that are refused
MOST_FROM_ONE = 64  # from one address
MOST_HEADERS = 64  # of one request, each of 8 KiB at most
ASK_SECONDS = 10.0  # from coming in to the end of the first header
IDLE_SECONDS = 15.0  # from an answer to the next question
TAKE_SECONDS = 30.0  # to take what is answered; longer than what is idle is kept
LINGER_SECONDS = 1.0  # for the rest of a question that is answered already
FAREWELL_SECONDS = 1.0
PORT_OPTIONS = {"OSCQuery": "--osc-port", "page": "--web-port"}
FULL = b"expected fewer connections; come again a little later\n"
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 10\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(FULL), FULL)
)

Answering = asyncio.Task[None] | None

log = logging.getLogger("web")


@asynccontextmanager
async def serving(
    name: str, app: web.Application, host: str, port: int, pulse: Pulse, counts: Counter[str]
) -> AsyncIterator[bool]:
    """Whether it is served: where the port is taken the show goes on without it. ``counts``: see
    ``Entrance``."""
    entrance = Entrance(name, counts)
    app.middlewares.insert(0, entrance.hear)
    app.on_response_prepare.append(sign)
    running = web.AppRunner(
        app,
        access_log=None,
        logger=entrance.log,
        keepalive_timeout=IDLE_SECONDS,
        lingering_time=LINGER_SECONDS,
        max_headers=MOST_HEADERS,
        shutdown_timeout=FAREWELL_SECONDS,
    )
    await running.setup()
    assert running.server
    arriving = partial(Arriving, partial(entrance.let_in, running.server))
    listening: asyncio.Server | None = None
    try:
        listening = await asyncio.get_running_loop().create_server(arriving, host, port)
    except OSError as error:
        free = f"expected {host}:{port} to be free, received {error}"
        sentence = f"{name}: {free}; choose another port: {PORT_OPTIONS[name]}"
        log.error("%s; the show goes on without it", sentence)
        pulse.failed(sentence)
    try:
        yield listening is not None
    finally:
        if listening:
            listening.close()
        await running.cleanup()


async def sign(request: web.Request, response: web.StreamResponse) -> None:
    """For a doctor who asks whose port it is."""
    response.headers["Server"] = SIGNATURE


class Arriving(asyncio.Protocol):
    """Whoever comes, until it is let in or turned away."""

    def __init__(self, let_in: Callable[[asyncio.Transport], None]) -> None:
        self._let_in = let_in

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._let_in(cast(asyncio.Transport, transport))


class Entrance:
    """Of one server. ``counts``: of connections ``turned_away`` because there were too many, of
    those ``hung_up`` on because they took too long, and of ``malformed`` requests. ``log``: for
    aiohttp, which tells of each of them in twenty lines."""

    def __init__(self, name: str, counts: Counter[str]) -> None:
        self.log = logging.Logger(log.name)  # one of our own: its filter goes with it
        self.log.parent = log
        self.log.addFilter(self._is_ours)
        self._counts = counts
        self._loop = asyncio.get_running_loop()
        self._refusals = Refusals(name, self._loop, log)
        self._awaited: WeakKeyDictionary[asyncio.Transport, asyncio.TimerHandle]
        self._awaited = WeakKeyDictionary()

    def let_in(self, server: web.Server, transport: asyncio.Transport) -> None:
        """Or not. Once in, it has ``ASK_SECONDS`` to say what it wants."""
        there = [each.transport for each in server.connections]
        address = _address(transport)
        if len(there) >= MOST_CONNECTIONS:
            self._turn_away(transport, f"expected at most {MOST_CONNECTIONS} connections")
        elif sum(_address(each) == address for each in there if each) >= MOST_FROM_ONE:
            self._turn_away(transport, f"expected at most {MOST_FROM_ONE} from {address}")
        else:
            protocol = server()
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            self._await(transport, ASK_SECONDS)

    @web.middleware
    async def hear(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """While it is answered time is the answer's; then it has ``TAKE_SECONDS`` to read."""
        transport = request.transport
        if not transport:  # gone already
            return await handler(request)
        self._awaited.pop(transport).cancel()
        try:
            return await handler(request)
        finally:
            self._await(transport, TAKE_SECONDS, request.task)

    def _await(
        self, transport: asyncio.Transport, seconds: float, answering: Answering = None
    ) -> None:
        hanging = self._loop.call_later(seconds, self._hang_up, ref(transport), answering)
        self._awaited[transport] = hanging

    def _hang_up(self, held: "ref[asyncio.Transport]", answering: Answering) -> None:
        transport = held()
        if transport:
            hang_up(self._counts, transport, answering)

    def _turn_away(self, transport: asyncio.Transport, sentence: str) -> None:
        self._counts["turned_away"] += 1
        self._refusals.add(sentence)
        transport.write(BUSY)
        transport.close()

    def _is_ours(self, record: logging.LogRecord) -> bool:
        """What is no fault of the other side's is told in full."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError | web.RequestPayloadError):
            return True
        self._counts["malformed"] += 1
        kind = type(error).__name__
        self._refusals.add(kind, lambda: f"{kind}: {' '.join(str(error).split())}"[:120])
        return False


def hang_up(
    counts: Counter[str], transport: asyncio.Transport, answering: Answering = None
) -> None:
    """Also where the other side has never read what is still to be sent, for which ``close`` would
    wait. What is closed already is not counted. ``answering``: the task that writes to it."""
    if transport.get_extra_info("socket").fileno() < 0:
        return
    counts["hung_up"] += 1
    if answering is None or answering.done():
        transport.abort()
    else:  # else asyncio, in the midst of sending a file, goes on watching the number of its socket
        answering.add_done_callback(lambda _: transport.abort())
        answering.cancel()


def _address(transport: asyncio.Transport) -> str:
    """Empty where it has gone already."""
    return str((transport.get_extra_info("peername") or [""])[0])
