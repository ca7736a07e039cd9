import asyncio
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web
from standins import SkippingLoop

from installation.page import entrance
from installation.page.entrance import (
    ASK_SECONDS,
    IDLE_SECONDS,
    MOST_HEADERS,
    TAKE_SECONDS,
    hang_up,
    serving,
)
from installation.player import Pulse

PATIENCE = 5.0
LONG = 16 * 1024 * 1024  # bytes: more than two systems keep for each other
ASKED = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
LINE = (
    b"GET /line HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PING, PONG = b"\x89\x80\0\0\0\0", b"\x8a\x00"
# no gzip: what is found out after the answer, for which nobody has read it
LATE = b"GET / HTTP/1.1\r\nHost: here\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"
NONSENSE = (
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: here\r\nno header\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: here\r\nContent-Length: -4\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: here\r\nX: " + 20_000 * b"x" + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: here\r\n" + MOST_HEADERS * b"X: x\r\n" + b"\r\n",
    b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    LATE,
)


class Caller:
    """One connection."""

    def __init__(self, reading: asyncio.StreamReader, writing: asyncio.StreamWriter) -> None:
        self.reading, self.writing = reading, writing

    def say(self, words: bytes) -> None:
        self.writing.write(words)

    async def answer(self) -> bytes:
        """The status, after the whole answer."""
        head = await self.reading.readuntil(b"\r\n\r\n")
        length = next(each for each in head.split(b"\r\n") if b"Content-Length: " in each)
        await self.reading.readexactly(int(length.split()[1]))
        return head.split()[1]

    async def gone(self) -> bool:
        """Whether nothing but the end comes."""
        return await self.reading.read() == b""


class House:
    def __init__(self, loop: SkippingLoop, port: int, counts: Counter[str]) -> None:
        self.port, self.counts = port, counts
        self._loop = loop
        self._callers: list[Caller] = []

    async def caller(self, address: str = "127.0.0.1") -> Caller:
        local = (address, 0)
        streams = await asyncio.open_connection("127.0.0.1", self.port, local_addr=local)
        self._callers.append(Caller(*streams))
        return self._callers[-1]

    async def left(self) -> None:
        for each in self._callers:
            each.writing.close()
            with suppress(ConnectionError):
                await each.writing.wait_closed()

    async def deaf(self, words: bytes) -> socket.socket:
        """Asks, and never reads."""
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.setblocking(False)
        await self._loop.sock_connect(made, ("127.0.0.1", self.port))
        await self._loop.sock_sendall(made, words)
        return made

    async def skip(self, seconds: float) -> None:
        """What has been said is heard before."""
        for _ in range(10):
            await asyncio.sleep(0)
        self._loop.skipped += seconds

    async def until(self, met: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not met():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.001)


Visit = Callable[[House], Awaitable[None]]


@pytest.fixture
def visited(pulse: Pulse, tmp_path: Path) -> Callable[[Visit], Counter[str]]:
    """A house with something of every kind; what its entrance has counted."""
    (tmp_path / "long").write_bytes(bytes(LONG))

    async def short(request: web.Request) -> web.Response:
        return web.Response(text="short")

    async def long(request: web.Request) -> web.Response:
        return web.Response(body=bytes(LONG))

    async def file(request: web.Request) -> web.FileResponse:
        return web.FileResponse(tmp_path / "long")

    async def broken(request: web.Request) -> web.Response:
        raise RuntimeError("a fault of ours")

    async def line(request: web.Request) -> web.WebSocketResponse:
        made = web.WebSocketResponse()
        await made.prepare(request)
        async for _ in made:
            pass
        return made

    async def visit(visiting: Visit, counts: Counter[str]) -> None:
        app = web.Application()
        for route, handler in (("/", short), ("/long", long), ("/file", file), ("/line", line)):
            app.router.add_get(route, handler)
        app.router.add_get("/broken", broken)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SkippingLoop)
        async with serving("page", app, "127.0.0.1", port, pulse, counts) as there:
            assert there
            house = House(loop, port, counts)
            try:
                await visiting(house)
            finally:
                await house.left()

    def visited(visiting: Visit) -> Counter[str]:
        counts: Counter[str] = Counter()
        with asyncio.Runner(loop_factory=SkippingLoop) as runner:
            runner.run(visit(visiting, counts))
        return counts

    return visited


Visited = Callable[[Visit], Counter[str]]


@pytest.mark.parametrize(
    ("most", "others"), [("MOST_CONNECTIONS", "127.0.0.2"), ("MOST_FROM_ONE", "127.0.0.1")]
)
def test_there_is_room_for_so_many_and_whoever_goes_makes_some(
    visited: Visited, monkeypatch: pytest.MonkeyPatch, most: str, others: str
) -> None:
    monkeypatch.setattr(entrance, most, 3)

    async def answered(house: House) -> bytes:
        caller = await house.caller(others)
        caller.say(ASKED)
        return await caller.answer()

    async def visit(house: House) -> None:
        first = await house.caller()
        first.say(ASKED)
        assert await first.answer() == b"200"
        together = await asyncio.gather(*(house.caller(others) for _ in range(5)))
        answers = {asyncio.create_task(each.answer()): each for each in together}
        await house.until(lambda: sum(each.done() for each in answers) == 3)
        assert [each.result() for each in answers if each.done()] == 3 * [b"503"]
        for answer, caller in answers.items():
            if not answer.done():
                caller.say(ASKED)
                assert await answer == b"200"
        first.writing.close()
        while await answered(house) == b"503":
            pass

    assert visited(visit)["turned_away"] >= 3


def test_who_holds_all_that_one_may_have_shuts_nobody_else_out(
    visited: Visited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrance, "MOST_FROM_ONE", 1)

    async def visit(house: House) -> None:
        for address in ("127.0.0.1", "127.0.0.2"):
            caller = await house.caller(address)
            caller.say(ASKED)
            assert await caller.answer() == b"200"

    assert not visited(visit)


@pytest.mark.parametrize("said", [b"", b"GET / HT", ASKED[:-2]])
def test_who_does_not_say_in_time_what_is_wanted_is_hung_up_on(
    visited: Visited, said: bytes
) -> None:
    async def visit(house: House) -> None:
        caller = await house.caller()
        for letter in said:
            caller.say(bytes([letter]))
            await house.skip(0.9 * ASK_SECONDS / len(said))
        assert not caller.reading.at_eof()
        await house.skip(ASK_SECONDS)
        assert await caller.gone()

    assert visited(visit)["hung_up"] == 1


def test_a_connection_is_kept_for_the_next_question_but_not_for_long(visited: Visited) -> None:
    async def visit(house: House) -> None:
        caller = await house.caller()
        for _ in range(4):
            caller.say(ASKED)
            assert await caller.answer() == b"200"
            await house.skip(0.9 * IDLE_SECONDS)
        caller.say(ASKED[:-2])
        await house.skip(0.2 * IDLE_SECONDS)
        assert await caller.gone()

    assert visited(visit)["hung_up"] == 0, "that is nobody's fault"


@pytest.mark.parametrize("route", [b"/long", b"/file"])
def test_who_does_not_read_the_answer_is_hung_up_on_and_makes_room(
    visited: Visited, monkeypatch: pytest.MonkeyPatch, route: bytes
) -> None:
    monkeypatch.setattr(entrance, "MOST_CONNECTIONS", 1)

    async def visit(house: House) -> None:
        deaf = await house.deaf(ASKED.replace(b"/", route, 1))
        await asyncio.sleep(0.02)  # to the brim
        await house.skip(0.9 * TAKE_SECONDS)
        assert not house.counts["hung_up"]
        await house.skip(0.2 * TAKE_SECONDS)
        await house.until(lambda: house.counts["hung_up"])
        await asyncio.sleep(0)
        caller = await house.caller()
        caller.say(ASKED)
        assert await caller.answer() == b"200"
        deaf.close()

    assert visited(visit)["hung_up"] == 1


def test_a_line_stays_open_as_long_as_it_likes(visited: Visited) -> None:
    async def visit(house: House) -> None:
        caller = await house.caller()
        caller.say(LINE)
        await caller.reading.readuntil(b"\r\n\r\n")
        for _ in range(3):
            await house.skip(3600)
            caller.say(PING)
            assert await caller.reading.readexactly(2) == PONG

    assert not visited(visit)


def test_nonsense_is_counted_and_told_in_one_line(
    visited: Visited, caplog: pytest.LogCaptureFixture
) -> None:
    async def visit(house: House) -> None:
        for words in NONSENSE * 10:
            caller = await house.caller()
            caller.say(words)
            status = (await caller.reading.readline()).split()[1]
            assert status == (b"200" if words is LATE else b"400")
            caller.writing.close()
        await house.until(lambda: house.counts["malformed"] == 10 * len(NONSENSE))

    visited(visit)
    (told,) = caplog.records
    assert told.getMessage().startswith("page: 1 refused: BadStatusLine: ")
    assert len(told.getMessage()) < 160
    assert not told.exc_info


def test_a_fault_of_our_own_is_told_in_full(
    visited: Visited, caplog: pytest.LogCaptureFixture
) -> None:
    async def visit(house: House) -> None:
        caller = await house.caller()
        caller.say(ASKED.replace(b"/", b"/broken", 1))
        assert await caller.answer() == b"500"

    assert not visited(visit)
    (told,) = caplog.records
    assert told.exc_info
    assert "a fault of ours" in str(told.exc_info[1])


def test_what_is_closed_already_is_not_hung_up_on() -> None:
    counts: Counter[str] = Counter()

    async def call() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            _, writing = await asyncio.open_connection(*server.getsockname())
            hang_up(counts, writing.transport)  # type: ignore[arg-type]
            await asyncio.sleep(0)
            hang_up(counts, writing.transport)  # type: ignore[arg-type]

    asyncio.run(call())
    assert counts["hung_up"] == 1
