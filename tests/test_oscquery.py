import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

import pytest
from aiohttp import (
    ClientSession,
    ClientWebSocketResponse,
    WSCloseCode,
    WSServerHandshakeError,
    web,
)
from aiohttp.test_utils import TestClient, TestServer
from oscquery_client import Explorer, command, fitting, read, streamed, walked, written
from sweep import over

from engine.bank import Bank
from engine.parameters import Choice, Numbered, Parameter, Switch, Trigger, Whole
from installation.control import listen
from installation.plan import Plan, Wires, wired
from installation.player import Pulse
from installation.settings import table
from mappings.osc.echo import PACE, QUIET
from mappings.osc.endpoint import listening_socket
from mappings.osc.meaning import standing
from mappings.osc.namespace import ATTRIBUTES, OPTIONAL, Namespace
from mappings.osc.oscquery import MOST_SOCKETS, HostInfo, Stream, application, commanded
from mappings.osc.packets import LONGEST, packet
from mappings.osc.requests import VERBS

TABLE = table()
AMOUNT, FOLDS, INVERT, PANIC = "/dream/amount", "/scope/folds", "/colour/invert", "/master/panic"
HOST = HostInfo("Kaleidream here", 9000, 9001)
EMPTY = ("/scene/recall", "/cue/at", "/take/play")  # there is none: they go back
PATIENCE = 10.0  # seconds

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def values() -> dict[str, float]:
    return {each.address: TABLE.defaults[each.index] for each in TABLE}


@pytest.fixture(scope="module")
def nodes() -> dict[str, dict[str, Any]]:
    values = {each.address: TABLE.defaults[each.index] for each in TABLE}
    return {node["FULL_PATH"]: node for node in walked(Namespace(TABLE).node("/", values))}


@over(TABLE)
def test_every_parameter_is_a_node_whose_value_fits_its_type_and_range(
    parameter: Parameter, nodes: dict[str, dict[str, Any]]
) -> None:
    node, kind = nodes[parameter.address], parameter.kind
    assert node["DESCRIPTION"] == kind.doc
    if isinstance(kind, Trigger):
        assert (node["TYPE"], node["ACCESS"]) == ("I", 2)
        assert "VALUE" not in node
        return
    (value,) = node["VALUE"]
    types = {"f": float, "i": int, "s": str, "T": bool}
    assert type(value) is types[node["TYPE"]]
    assert node["ACCESS"] == 3
    assert parameter.value_in_range(value) == TABLE.defaults[parameter.index]
    if isinstance(kind, Choice):
        assert node["RANGE"] == [{"VALS": list(kind.options)}]
    elif not isinstance(kind, Switch):
        assert node["RANGE"] == [{"MIN": kind.low, "MAX": kind.high}]
        assert node["CLIPMODE"] == ["both"]
        assert isinstance(node["RANGE"][0]["MIN"], int) == isinstance(kind, Whole)


def test_what_a_number_may_be_called_is_an_overload(nodes: dict[str, dict[str, Any]]) -> None:
    numbered = [each for each in TABLE if isinstance(each.kind, Numbered)]
    assert numbered
    for parameter in numbered:
        assert nodes[parameter.address]["TYPE"] == "i"
        (named,) = nodes[parameter.address]["OVERLOADS"]
        assert named == {"TYPE": "s", "RANGE": [{"VALS": list(parameter.kind.names)}]}  # type: ignore[attr-defined]


@pytest.mark.parametrize(("key", "verb"), VERBS.items(), ids=str)
def test_every_verb_is_a_node_or_an_overload_of_one(
    key: tuple[str, int], verb: Any, nodes: dict[str, dict[str, Any]]
) -> None:
    node = nodes[verb.address]
    ways = [node, *node.get("OVERLOADS", ())]
    (way,) = [each for each in ways if each.get("DESCRIPTION") == verb.doc]
    assert (way["TYPE"], way["ACCESS"]) == (verb.kinds or "I", 2)
    assert tuple(way.get("EXTENDED_TYPE", ())) == verb.arguments


def test_no_two_siblings_share_a_description(nodes: dict[str, dict[str, Any]]) -> None:
    """Chataigne would show them as one."""
    for node in nodes.values():
        below = node.get("CONTENTS", {}).values()
        containers = [each["DESCRIPTION"] for each in below if "DESCRIPTION" in each]
        assert len(containers) == len(set(containers)), node["FULL_PATH"]


def test_a_node_has_no_attribute_that_the_proposal_does_not_know(
    nodes: dict[str, dict[str, Any]],
) -> None:
    for node in nodes.values():
        assert node.keys() <= set(ATTRIBUTES)
        assert json.loads(json.dumps(node)) == node


class Server:
    """An application, what it reads, and what it was sent."""

    def __init__(self, values: dict[str, float]) -> None:
        self.values = values
        self.sent: list[bytes] = []
        self.error: OSError | None = None
        self.application = application(TABLE, lambda: values, self._send, HOST)

    def _send(self, data: bytes) -> None:
        if self.error:
            raise self.error
        self.sent.append(data)

    def serve(self, scene: Callable[[Client], Awaitable[None]]) -> None:
        async def served() -> None:
            async with asyncio.timeout(PATIENCE), TestClient(TestServer(self.application)) as made:
                await scene(made)

        asyncio.run(served())


@pytest.fixture
def server(values: dict[str, float]) -> Server:
    return Server(values)


@pytest.mark.parametrize(
    ("url", "status", "body"),
    [
        (f"{AMOUNT}?VALUE", 200, {"VALUE": [1.0]}),
        (f"{AMOUNT}/?VALUE", 200, {"VALUE": [1.0]}),
        (f"{AMOUNT}?TYPE", 200, {"TYPE": "f"}),
        (f"{AMOUNT}?RANGE", 200, {"RANGE": [{"MIN": 0.0, "MAX": 1.0}]}),
        (f"{AMOUNT}?VALUE&TYPE", 200, {"VALUE": [1.0], "TYPE": "f"}),
        (f"{AMOUNT}?VALUE&token=abc", 200, {"VALUE": [1.0]}),
        (f"{AMOUNT}?FULL_PATH", 200, {"FULL_PATH": AMOUNT}),
        ("/scope/angle?UNIT", 200, {"UNIT": ["angle.degree"]}),
        (f"{INVERT}?VALUE", 200, {"VALUE": [False]}),
        (f"{PANIC}?VALUE", 204, None),
        (f"{PANIC}?RANGE", 204, None),
        (f"{AMOUNT}?CONTENTS", 204, None),
        ("/dream?TYPE", 204, None),
        ("/dream?VALUE", 204, None),
        ("/learn?VALUE", 204, None),
        (f"{AMOUNT}?FOO", 400, None),
        (f"{AMOUNT}?value", 400, None),
        (f"{AMOUNT}?HTML", 400, None),
        (f"{AMOUNT}?VALUE&FOO", 400, None),
        ("/nowhere", 404, None),
        ("/nowhere?VALUE", 404, None),
        ("//", 200, ...),
        ("/dream/../scope", 200, ...),
        ("/%2e%2e/%2e%2e/etc/passwd", 404, None),
        ("/%ff%00?VALUE", 404, None),
    ],
)
def test_a_question_is_answered_with_its_status(
    server: Server, url: str, status: int, body: object
) -> None:
    async def scene(client: Client) -> None:
        answer = await client.get(url)
        assert answer.status == status
        if status == 200 and body is not ...:
            assert answer.content_type == "application/json"
            assert await answer.json() == body
        if status == 204:
            assert await answer.read() == b""

    server.serve(scene)


def test_a_container_is_told_with_everything_in_it(server: Server) -> None:
    async def scene(client: Client) -> None:
        whole = await (await client.get("/")).json()
        part = await (await client.get("/strip/3")).json()
        assert part == whole["CONTENTS"]["strip"]["CONTENTS"]["3"]
        assert part["CONTENTS"]["gain"]["FULL_PATH"] == "/strip/3/gain"

    server.serve(scene)


@pytest.mark.parametrize("path", ["/", "/nowhere", AMOUNT])
def test_the_host_says_where_it_is_reached_whatever_was_asked(server: Server, path: str) -> None:
    async def scene(client: Client) -> None:
        told = await (await client.get(f"{path}?HOST_INFO")).json()
        extensions = told.pop("EXTENSIONS")
        assert told == {
            "NAME": "Kaleidream here",
            "OSC_IP": "127.0.0.1",
            "OSC_PORT": 9000,
            "OSC_TRANSPORT": "UDP",
            "WS_IP": "127.0.0.1",
            "WS_PORT": 9001,
        }
        assert {each for each, there in extensions.items() if there} == {*OPTIONAL, "LISTEN"}

    server.serve(scene)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed_by_http(server: Server, method: str) -> None:
    async def scene(client: Client) -> None:
        assert (await client.request(method, AMOUNT)).status == 405

    server.serve(scene)


def test_what_a_client_listens_to_is_streamed_as_it_changes(server: Server) -> None:
    async def scene(client: Client) -> None:
        async with client.ws_connect("/") as socket:
            for address in (AMOUNT, INVERT, "/dream/network"):
                await command(socket, "LISTEN", address)
            first = dict([await streamed(socket) for _ in range(3)])
            assert first == {AMOUNT: [1.0], INVERT: [0], "/dream/network": ["bestiary"]}
            server.values[FOLDS] = 9.0
            server.values[INVERT] = 1.0
            assert await streamed(socket) == (INVERT, [1])
            await command(socket, "IGNORE", INVERT)
            await socket.send_bytes(packet(PANIC))  # after it the command before it is obeyed
            while not server.sent:
                await asyncio.sleep(0.001)
            server.values[INVERT] = 0.0
            server.values[AMOUNT] = 0.5
            assert await streamed(socket) == (AMOUNT, [0.5])

    server.serve(scene)


def test_a_packet_from_the_socket_is_handed_on_as_it_came(server: Server) -> None:
    async def scene(client: Client) -> None:
        async with client.ws_connect("/") as socket:
            for data in (packet(AMOUNT, 0.5), b"junk"):  # which the endpoint refuses and counts
                await socket.send_bytes(data)
            while len(server.sent) < 2:
                await asyncio.sleep(0.001)
            assert server.sent == [packet(AMOUNT, 0.5), b"junk"]

    server.serve(scene)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("LISTEN", "command: expected JSON, received 'LISTEN'"),
        ("[" * 8000, "command: expected JSON"),
        ("[]", "expected COMMAND, one of LISTEN, IGNORE, and DATA, an address, received '[]'"),
        ('{"COMMAND": "LISTEN"}', "and DATA, an address"),
        ('{"COMMAND": "LISTEN", "DATA": 5}', "and DATA, an address"),
        ('{"COMMAND": "DANCE", "DATA": "/dream/amount"}', "one of LISTEN, IGNORE"),
        ('{"COMMAND": ["LISTEN"], "DATA": "/dream/amount"}', "one of LISTEN, IGNORE"),
        ('{"COMMAND": "LISTEN", "DATA": "/nowhere"}', "no node '/nowhere'"),
    ],
)
def test_what_is_no_command_is_refused_in_the_log_and_the_socket_stays(
    server: Server, text: str, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(client: Client) -> None:
        async with client.ws_connect("/") as socket:
            await socket.send_str(text)
            await command(socket, "LISTEN", AMOUNT)
            assert await streamed(socket) == (AMOUNT, [1.0])

    with caplog.at_level(logging.WARNING):
        server.serve(scene)
    assert sentence in caplog.text


def test_what_cannot_be_sent_is_refused_in_the_log_and_the_socket_stays(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.error = BlockingIOError("no room")

    async def scene(client: Client) -> None:
        async with client.ws_connect("/") as socket:
            await socket.send_bytes(packet(AMOUNT, 0.5))
            await command(socket, "LISTEN", FOLDS)
            assert await streamed(socket) == (FOLDS, [6])

    server.serve(scene)
    assert "OSCQuery: 1 refused: no room" in caplog.text


def test_a_message_that_is_too_long_ends_its_socket_only(server: Server) -> None:
    async def scene(client: Client) -> None:
        async with client.ws_connect("/") as long, client.ws_connect("/") as other:
            await long.send_bytes(b"x" * (LONGEST + 4))
            while not long.closed:
                await long.receive()
            assert long.close_code == WSCloseCode.MESSAGE_TOO_BIG
            await command(other, "LISTEN", AMOUNT)
            assert await streamed(other) == (AMOUNT, [1.0])
        assert server.sent == []

    server.serve(scene)


def test_only_so_many_sockets_are_open_and_a_closed_one_makes_room(server: Server) -> None:
    async def scene(client: Client) -> None:
        sockets = [await client.ws_connect("/") for _ in range(MOST_SOCKETS)]
        upgrade = {"Upgrade": "websocket"}
        assert (await client.get("/", headers=upgrade)).status == 503
        await sockets[0].close()
        while (await client.get("/", headers=upgrade)).status == 503:
            await asyncio.sleep(0.001)
        for each in sockets:
            await each.close()

    server.serve(scene)


def test_of_two_that_come_together_to_the_last_place_one_is_turned_away(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mappings.osc.oscquery.MOST_SOCKETS", 1)
    both = asyncio.Event()

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        if response.status == 503:
            both.set()
        await both.wait()

    async def scene(client: Client) -> None:
        came = await asyncio.gather(
            client.ws_connect("/"), client.ws_connect("/"), return_exceptions=True
        )
        (refused,) = [each for each in came if isinstance(each, WSServerHandshakeError)]
        assert refused.status == 503

    server.application.on_response_prepare.append(prepare)
    server.serve(scene)


def test_when_the_show_ends_its_sockets_are_closed(server: Server) -> None:
    async def scene(client: Client) -> None:
        socket = await client.ws_connect("/")
        await asyncio.gather(client.server.close(), until_closed(socket))
        assert socket.close_code == WSCloseCode.GOING_AWAY

    server.serve(scene)


async def until_closed(socket: ClientWebSocketResponse) -> None:
    async for _ in socket:
        pass


class Slow:
    """A client that takes what it is sent when it is let."""

    def __init__(self) -> None:
        self.let = asyncio.Semaphore(0)
        self.taken: list[tuple[str, list[Any]]] = []

    async def send_bytes(self, data: bytes) -> None:
        await self.let.acquire()
        self.taken.append(read(data))

    async def takes(self, number: int) -> None:
        for _ in range(number):
            self.let.release()
        while len(self.taken) < number:
            await asyncio.sleep(0)


def test_a_client_that_is_behind_misses_values_and_is_told_the_newest() -> None:
    moments = count()

    def read_values() -> dict[str, float]:
        return {AMOUNT: next(moments) / 1e6}

    async def scene() -> None:
        stream, slow = Stream(TABLE), Slow()
        stream.listen(AMOUNT)
        telling = asyncio.create_task(stream.tell(slow, read_values, lambda: None))
        await asyncio.sleep(0.1)  # six looks, if it were not behind
        assert next(moments) == 1, "nothing is looked up for who has not taken the last"
        for _ in range(100):
            next(moments)
        await slow.takes(2)
        assert [told for _, (told,) in slow.taken] == pytest.approx([0.0, 102 / 1e6])
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling

    asyncio.run(scene())


def test_a_client_that_takes_nothing_any_more_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mappings.osc.oscquery.TAKE_SECONDS", 0.01)
    hung_up = []

    async def scene() -> None:
        stream = Stream(TABLE)
        stream.listen(AMOUNT)
        async with asyncio.timeout(PATIENCE):
            await stream.tell(Slow(), lambda: {AMOUNT: 0.0}, lambda: hung_up.append(stream))

    asyncio.run(scene())
    assert hung_up


def test_what_a_client_turns_itself_it_is_not_told_until_its_hand_rests() -> None:
    stream, values = Stream(TABLE), {AMOUNT: 0.0, FOLDS: 6.0}
    for address in values:
        stream.listen(address)
    assert len(stream.due(values, 0.0)) == 2
    stream.touched(packet(FOLDS, 99), 1.0)
    values.update({AMOUNT: 0.5, FOLDS: 24.0})
    assert [read(data) for data in stream.due(values, 1.0)] == [(AMOUNT, [0.5])]
    assert [read(data) for data in stream.due(values, 1.0 + QUIET)] == [(FOLDS, [24])]
    stream.touched(b"junk", 2.0)


def test_everything_may_be_listened_to_and_never_is_too_much_told_at_once() -> None:
    stream = Stream(TABLE)
    values = {each.address: TABLE.defaults[each.index] for each in TABLE}
    for each in TABLE:
        stream.listen(each.address)
    told: list[bytes] = []
    for tick in range(10):
        due = stream.due(values, tick / 60)
        assert len(due) <= PACE
        told += due
    assert sorted(read(data)[0] for data in told) == sorted(standing(TABLE))


def test_a_command_is_understood() -> None:
    assert commanded('{"COMMAND": "LISTEN", "DATA": "/a"}') == ("LISTEN", "/a")
    assert commanded('{"COMMAND": "IGNORE", "DATA": "/a", "MORE": 1}') == ("IGNORE", "/a")


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = wired(TABLE)
    Bank(TABLE, made.bank).start(TABLE.defaults)
    yield made
    made.unlink()


@asynccontextmanager
async def show(wires: Wires) -> AsyncIterator[Explorer]:
    """The control player, and its tree on the TCP port of the same number."""
    stopping, pulse, bank = (
        threading.Event(),
        Pulse(wires.pulses["control"]),
        Bank(TABLE, wires.bank),
    )
    with listening_socket(0) as free:
        port = free.getsockname()[1]
    plan = Plan(TABLE.defaults, osc_port=port, midi="none")
    playing = asyncio.create_task(listen(plan, wires, stopping, pulse))
    with listening_socket(0) as asking:
        asking.connect(wires.keys.getsockname())
        made = application(TABLE, bank.read, asking.send, HostInfo("Kaleidream", port, port))
        runner = web.AppRunner(made)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield Explorer("127.0.0.1", port)
        finally:
            await runner.cleanup()
            stopping.set()
            await asyncio.wait_for(playing, PATIENCE)


@pytest.mark.e2e
def test_a_client_written_from_the_proposal_plays_every_parameter(wires: Wires) -> None:
    bank = Bank(TABLE, wires.bank)

    async def scene() -> None:
        async with show(wires) as explorer, ClientSession() as session:
            methods = await asyncio.to_thread(explorer.methods)
            held = {address: node for address, node in methods.items() if "VALUE" in node}
            assert set(held) == set(standing(TABLE))
            where = await asyncio.to_thread(explorer.websocket)
            async with session.ws_connect(where) as socket, session.ws_connect(where) as other:
                for address in held:
                    await command(other, "LISTEN", address)
                told = dict([await streamed(other) for _ in held])
                assert {
                    address: [*map(spelt, node["VALUE"])] for address, node in held.items()
                } == {address: pytest.approx(arguments) for address, arguments in told.items()}
                for address, node in held.items():
                    if address not in EMPTY:
                        tags, arguments = fitting(node)
                        await socket.send_bytes(written(address, tags, *arguments))
                        expected = arguments or [int(tags == "T")]
                        while (await streamed(other)) != (address, pytest.approx(expected)):
                            pass
                        _, answer = await asyncio.to_thread(explorer.get, f"{address}?VALUE")
                        assert [*map(spelt, answer["VALUE"])] == pytest.approx(expected)
                await socket.send_bytes(written(PANIC, "I"))
                while bank.read()[PANIC] != 1.0:
                    await asyncio.sleep(0.001)

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(asyncio.wait_for(scene(), 60))


def spelt(value: object) -> object:
    """As it is streamed."""
    return int(value) if isinstance(value, bool) else value
