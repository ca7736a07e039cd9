import asyncio
import json
import socket
import sys
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import (
    ClientError,
    ClientWebSocketResponse,
    WSMessage,
    WSMsgType,
    WSServerHandshakeError,
    web,
)
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image
from standins import SkippingLoop

from engine.bank import Bank
from engine.bestiary.names import NAMES
from installation.page.address import drawn_address, page_address
from installation.page.browsers import PATIENCE_SECONDS, TAKE_SECONDS, Browser
from installation.page.door import HEADERS
from installation.page.state import House
from installation.plan import Plan, Wires, wired
from installation.player import Pulse, read_pulse
from installation.scenes.scenery import FOLDER
from installation.settings import table
from installation.web import MOST_BROWSERS, PAGE, Page, serve
from mappings.mapping import Turn
from mappings.osc.meaning import meant
from mappings.osc.packets import bundles
from mappings.osc.requests import Request

TABLE = table()
TOKEN = "a-token-of-this-show"
PATIENCE = 5.0
FOLDS, ZOOM, AMOUNT = (TABLE[each] for each in ("/scope/folds", "/scope/zoom", "/dream/amount"))
RESET = TABLE["/dream/reset"]
ROUTES = ("/", "/table.json", "/line", "/qr.svg", "/classes/eyes.png", "/scenes/ice.jpg")
ROUTES += ("/page/main.js", "/nothing")

Client = TestClient[Any, Any]
Playing = Callable[["Hall"], Awaitable[None]]
Prepare = Callable[[web.Request, web.StreamResponse], Awaitable[None]]


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = wired(TABLE)
    Bank(TABLE, made.bank).start(TABLE.defaults)
    made.keys.settimeout(PATIENCE)
    yield made
    made.unlink()


class Hall:
    """The page, and a browser's side of it."""

    def __init__(self, page: Page, client: Client, wires: Wires) -> None:
        self.page, self.client, self.wires = page, client, wires
        self.bank = Bank(TABLE, wires.bank)
        self.now = 100.0

    @property
    def host(self) -> str:
        return f"{self.client.host}:{self.client.port}"

    async def line(self, **headers: str) -> "Line":
        return Line(await self.client.ws_connect("/line", headers=headers, autoping=False))

    def tick(self, seconds: float = 1 / 60) -> None:
        self.now += seconds
        self.page.tick(self.now)

    def heard(self) -> list[Turn | Request]:
        """What one packet to the control player asks for."""
        found: list[Turn | Request] = []
        for bundle in bundles(self.wires.keys.recv(8192)):
            for message in bundle.messages:
                asked = meant(message, TABLE)
                assert isinstance(asked, (tuple, Request))
                found += asked if isinstance(asked, tuple) else [asked]
        return found

    def present(self, light: int = 128) -> None:
        self.wires.preview.publish(np.full((36, 64, 3), light, np.uint8), self.now)


class Line:
    """An open page's WebSocket."""

    def __init__(self, socket: "ClientWebSocketResponse[bool]") -> None:
        self.socket = socket
        self._told: deque[WSMessage] = deque()

    async def say(self, *words: object) -> None:
        await self.say_text(json.dumps(words))

    async def say_text(self, text: str) -> None:
        """Comes back once it was heard: answers keep the order of what they answer."""
        await self.socket.send_str(text)
        await self.socket.ping()
        while (message := await self._receive()).type is not WSMsgType.PONG:
            self._told.append(message)

    async def news(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((await self._next(WSMsgType.TEXT)).data)
        return told

    async def picture(self) -> Image.Image:
        return Image.open(BytesIO((await self._next(WSMsgType.BINARY)).data))

    async def _next(self, kind: WSMsgType) -> WSMessage:
        message = self._told.popleft() if self._told else await self._receive()
        assert message.type is kind, message
        return message

    async def _receive(self) -> WSMessage:
        message = await self.socket.receive(timeout=PATIENCE)
        assert message.type not in (WSMsgType.CLOSE, WSMsgType.CLOSED), message
        return message


@asynccontextmanager
async def opened(
    wires: Wires, served: str = "page", prepare: Prepare | None = None, **wishes: Any
) -> AsyncIterator[Hall]:
    """``prepare`` is called before each answer."""
    page = Page(Plan(TABLE.defaults, web_port=8080, **wishes), wires)
    app = page.application() if served == "page" else page.tree()
    if prepare:
        app.on_response_prepare.append(prepare)
    async with TestClient(TestServer(app)) as client:
        yield Hall(page, client, wires)


def played(wires: Wires, playing: Playing, **wishes: Any) -> None:
    async def play() -> None:
        async with opened(wires, **wishes) as hall:
            await playing(hall)

    asyncio.run(play())


OPEN = {"web_host": "0.0.0.0", "token": TOKEN}


# the door


def test_every_route_asks_for_the_token(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        for route in ROUTES:
            for given in ("", "?token=", "?token=another", "?token=%F0%9F%92%83"):
                answer = await hall.client.get(route + given)
                assert (route, given, answer.status) == (route, given, 403)
                assert not answer.cookies

    played(wires, playing, **OPEN)


def test_a_cookie_that_is_no_text_opens_nothing(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        reading, writing = await asyncio.open_connection(hall.client.host, hall.client.port)
        cookie = b"kaleidream-%d=\xff" % hall.client.port
        writing.write(
            b"GET / HTTP/1.1\r\nHost: %b\r\nCookie: %b\r\n\r\n" % (hall.host.encode(), cookie)
        )
        assert b" 403 " in await reading.readline()
        writing.close()

    played(wires, playing, **OPEN)


def test_no_route_was_forgotten(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        patterns = [each.get_info() for each in hall.page.application().router.resources()]
        known = [info.get("path") or info.get("formatter") or info["prefix"] for info in patterns]
        tried = [each for each in known if any(_fits(route, each) for route in ROUTES)]
        assert tried == known

    played(wires, playing)


def _fits(route: str, pattern: str) -> bool:
    return route == pattern or (pattern != "/" and route.startswith(pattern.partition("{")[0]))


def test_the_token_is_asked_for_once_and_then_kept_in_a_cookie(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        answer = await hall.client.get("/", params={"token": TOKEN})
        (cookie,) = answer.cookies.values()
        assert (answer.status, cookie.value) == (200, TOKEN)
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
        assert str(hall.client.port) in cookie.key, "cookies do not know of ports"
        for route in ("/", "/table.json", "/classes/eyes.png", "/page/main.js"):
            assert (await hall.client.get(route)).status == 200
        await (await hall.line()).news()

    played(wires, playing, **OPEN)


def test_this_machine_alone_is_asked_for_nothing(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        assert (await hall.client.get("/")).status == 200

    played(wires, playing)


@pytest.mark.parametrize("route", ["/", "/table.json", "/line"])
def test_a_name_that_somebody_gave_our_address_is_refused(wires: Wires, route: str) -> None:
    async def playing(hall: Hall) -> None:
        port = hall.client.port
        for host in (f"evil.example:{port}", "127.0.0.1", "localhost:1", f"127.0.0.1:{port}.x", ""):
            answer = await hall.client.get(route, headers={"Host": host})
            assert (host, answer.status) == (host, 403)
        for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
            assert (await hall.client.get("/", headers={"Host": host})).status == 200

    played(wires, playing)


@pytest.mark.parametrize("route", ["/", "/table.json", "/line"])
def test_a_page_of_somebody_elses_is_refused(wires: Wires, route: str) -> None:
    async def playing(hall: Hall) -> None:
        ours = f"http://{hall.host}"
        for origin in ("null", "http://evil.example", f"{ours}.x", "http://127.0.0.1", ""):
            answer = await hall.client.get(route, headers={"Origin": origin})
            assert (origin, answer.status) == (origin, 403)
        assert (await hall.client.get("/", headers={"Origin": ours})).status == 200

    played(wires, playing)


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}])
def test_a_websocket_from_elsewhere_is_refused_and_hears_nothing(
    wires: Wires, headers: dict[str, str]
) -> None:
    async def playing(hall: Hall) -> None:
        with pytest.raises(WSServerHandshakeError) as refused:
            await hall.line(**headers)
        assert refused.value.status == 403
        assert hall.page.figures()["browsers"] == 0
        await (await hall.line(Origin=f"http://{hall.host}")).news()

    played(wires, playing)


NAME = f"kaleidream-{socket.gethostname().partition('.')[0]}.local".lower()
STRANGERS = ("kaleidream.local", f"{NAME}.x", f"x.{NAME}", "local", ".local", "evil.local")


@pytest.mark.parametrize("tree", ["page", "OSCQuery"])
def test_the_announced_name_of_this_machine_is_let_in_where_the_network_is_and_no_other(
    wires: Wires, tree: str
) -> None:
    async def playing(hall: Hall) -> None:
        port, lan = hall.client.port, {"token": TOKEN}
        answer = await hall.client.get("/", params=lan, headers={"Host": f"{NAME}:{port}"})
        assert answer.status == 200
        own = {"Host": f"{NAME.upper()}:{port}", "Origin": f"http://{NAME.upper()}:{port}"}
        assert (await hall.client.get("/", params=lan, headers=own)).status == 200
        for name in STRANGERS:
            headers = {"Host": f"{name}:{port}"}
            answer = await hall.client.get("/", params=lan, headers=headers)
            assert (name, answer.status) == (name, 403)

    async def alone(hall: Hall) -> None:
        headers = {"Host": f"{NAME}:{hall.client.port}"}
        assert (await hall.client.get("/", headers=headers)).status == 403

    played(wires, playing, served=tree, **OPEN)
    played(wires, alone, served=tree)


def test_oscquery_asks_for_no_token_and_no_port_in_the_host(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        port = hall.client.port
        for host in ("127.0.0.1", "localhost", NAME, f"127.0.0.1:{port}"):
            answer = await hall.client.get("/?HOST_INFO", headers={"Host": host})
            assert (host, answer.status) == (host, 200)
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1:1", ""):
            answer = await hall.client.get("/?HOST_INFO", headers={"Host": host})
            assert (host, answer.status) == (host, 403)
        answer = await hall.client.get("/", headers={"Origin": "http://evil.example"})
        assert answer.status == 403

    played(wires, playing, served="OSCQuery", **OPEN)


def test_whatever_is_answered_may_load_nothing_from_elsewhere(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        for route in ROUTES:
            headers = (await hall.client.get(route)).headers
            assert headers["Content-Security-Policy"].startswith("default-src 'self';")
            assert f"ws://{hall.host}" in headers["Content-Security-Policy"]
            assert HEADERS.items() <= dict(headers).items()

    played(wires, playing)


def test_the_address_holds_the_token_only_where_others_are_let_in() -> None:
    assert page_address(Plan((), web_port=81)) == "http://127.0.0.1:81/"
    address = page_address(Plan((), web_port=8080, **OPEN))
    assert address.endswith(f":8080/?token={TOKEN}")
    assert b"<svg" in drawn_address(Plan((), web_port=8080, **OPEN))


# what is there


def test_the_page_has_everything_that_it_asks_for(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        kinds = {".js": "javascript", ".css": "text/css", ".svg": "image/svg+xml"}
        index = await (await hall.client.get("/")).text()
        assert 'src="/page/main.js"' in index
        for file in PAGE.iterdir():
            answer = await hall.client.get(f"/page/{file.name}")
            assert answer.status == 200
            assert kinds.get(file.suffix, "text/html") in answer.content_type

    played(wires, playing)


def test_no_file_of_the_page_names_another_host_or_says_anything_in_line() -> None:
    for file in PAGE.iterdir():
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text
        assert "https:" not in text
        assert not [
            each for each in (' style="', ' onclick="', "<script>", "HTML =") if each in text
        ]


def test_the_page_knows_every_parameter_in_the_order_of_the_bank(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        told = await (await hall.client.get("/table.json")).json()
        assert [each["address"] for each in told["parameters"]] == [each.address for each in TABLE]
        assert told["classes"] == list(NAMES)
        assert told["open"] is False

    played(wires, playing)


def test_every_class_has_a_picture(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        pictures = set()
        for name in NAMES[::8]:
            answer = await hall.client.get(f"/classes/{name}.png")
            drawn = await answer.read()
            assert Image.open(BytesIO(drawn)).size == (64, 64)
            pictures.add(drawn)
        assert len(pictures) == len(NAMES[::8])

    played(wires, playing)


@pytest.mark.parametrize(
    "path",
    [
        "/classes/nobody.png",
        "/classes/..%2f..%2fsecret.png",
        "/scenes/nobody.jpg",
        "/scenes/..%2f..%2fsecret.jpg",
        "/page/..%2fweb.py",
        "/page/%2e%2e/web.py",
        "/page/",
        "/qr.svg",
        "/web.py",
    ],
)
def test_what_is_not_there_is_not_found(wires: Wires, path: str) -> None:
    async def playing(hall: Hall) -> None:
        Pulse(wires.pulses["control"]).beat_now({"scenes": {"pictured": ["ice"]}})
        assert (await hall.client.get(path)).status in (403, 404)

    played(wires, playing)


def test_a_scene_of_the_users_own_is_shown_before_one_that_comes_with_the_show(
    wires: Wires, tmp_path: Path
) -> None:
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes" / "ice.jpg").write_bytes(b"my own")

    async def playing(hall: Hall) -> None:
        Pulse(wires.pulses["control"]).beat_now({"scenes": {"pictured": ["ice", "gone"]}})
        assert await (await hall.client.get("/scenes/ice.jpg")).read() == b"my own"
        assert (await hall.client.get("/scenes/gone.jpg")).status == 404

    played(wires, playing, home=tmp_path)


# the line


def test_who_comes_is_told_where_everything_stands(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        hall.bank.write({"/scope/folds": 9.0})
        news = await (await hall.line()).news()
        assert [index for index, _, _ in news["values"]] == list(range(len(TABLE)))
        assert news["values"][FOLDS.index] == [FOLDS.index, 9.0, 9.0]

    played(wires, playing)


def test_who_comes_is_told_how_the_show_is(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        Pulse(wires.pulses["stage"]).beat_now({"fps": 59.9})
        await (await hall.line()).news()
        hall.tick()
        news = await (await hall.line()).news()
        assert news["state"]["health"]["presented"] == 59.9

    played(wires, playing)


def test_a_page_of_another_version_is_told_that_the_table_is_another(
    wires: Wires, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []

    async def playing(hall: Hall) -> None:
        line = await hall.line()
        await line.news()
        hall.tick()
        told.append((await line.news())["state"]["table"])

    played(wires, playing)
    played(wires, playing)
    monkeypatch.setattr("installation.web.NAMES", NAMES[1:])
    played(wires, playing)
    assert told[0] == told[1] != told[2]


def test_what_is_turned_anywhere_is_told_everywhere_and_nothing_else(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        lines = [await hall.line(), await hall.line()]
        for line in lines:
            await line.say("away")
        hall.tick()
        for line in lines:
            assert len((await line.news())["values"]) == len(TABLE)
            assert not (await line.news())["values"], "how the show is"
        hall.bank.write({"/scope/zoom": 2.0, "/dream/amount": 0.25})
        hall.tick()
        for line in lines:
            values = (await line.news())["values"]
            assert values == [[AMOUNT.index, 0.25, 0.25], [ZOOM.index, 2.0, 2.0]]

    played(wires, playing)


def test_what_a_modulator_adds_is_told_beside_where_the_knob_stands(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        hall.bank.write({"/scope/zoom": 2.0}, sways={"/scope/zoom": 100.0})
        values = (await (await hall.line()).news())["values"]
        assert values[ZOOM.index] == [ZOOM.index, 2.0, 4.0]

    played(wires, playing)


@pytest.mark.parametrize(
    ("amount", "turn"),
    [
        (7, Turn(FOLDS.address, 7)),
        (7.5, Turn(FOLDS.address, 7.5)),
        ("7", Turn(FOLDS.address, "7")),
    ],
)
def test_a_turn_arrives_at_the_control_player(wires: Wires, amount: object, turn: Turn) -> None:
    async def playing(hall: Hall) -> None:
        await (await hall.line()).say("turn", [FOLDS.index, amount])
        assert hall.heard() == [turn]

    played(wires, playing)


def test_turns_that_belong_together_arrive_in_one_packet(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        await (await hall.line()).say(
            "turn", [FOLDS.index, 3], [ZOOM.index, 0.5], [RESET.index, None]
        )
        turns = [Turn(FOLDS.address, 3), Turn(ZOOM.address, 0.5), Turn(RESET.address, None)]
        assert hall.heard() == turns

    played(wires, playing)


def test_a_verb_arrives_at_the_control_player(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        await (await hall.line()).say("do", "/scene/move", "Blaue Grotte ♥", 3)
        assert hall.heard() == [Request("/scene/move", ("Blaue Grotte ♥", 3.0))]

    played(wires, playing)


NONSENSE = (
    "",
    "?",
    "{}",
    "[]",
    "[1]",
    '["turn", 1]',
    '["turn", [1]]',
    '["turn", [-1, 0]]',
    f'["turn", [{len(TABLE)}, 0]]',
    '["turn", [0.5, 0]]',
    '["turn", [0, NaN]]',
    '["turn", [0, 1e999]]',
    '["turn", [0, {}]]',
    '["turn", [0, "' + 500 * "a" + '"]]',
    '["turn", [0, "\\ud800"]]',
    '["turn"' + 300 * ", [0, 1]" + "]",
    '["do"]',
    '["do", "/scene/eat", "ice"]',
    '["do", "/scene/recall"]',
    '["do", "/scene/recall", []]',
    '["sing"]',
    "[" * 5000,
)


def test_nonsense_is_refused_and_harms_nobody(
    wires: Wires, caplog: pytest.LogCaptureFixture
) -> None:
    async def playing(hall: Hall) -> None:
        line = await hall.line()
        for count, text in enumerate(NONSENSE):
            await line.say_text(text)
            assert (text[:40], hall.page.figures()["refused"]) == (text[:40], count + 1)
        wires.keys.setblocking(False)
        with pytest.raises(BlockingIOError):
            wires.keys.recv(8192)
        await line.say("turn", [FOLDS.index, 5])
        assert hall.heard() == [Turn(FOLDS.address, 5)]

    played(wires, playing)
    assert len(caplog.records) < 5


def test_a_message_without_end_closes_its_line_and_no_other(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        loud, quiet = await hall.line(), await hall.line()
        await loud.socket.send_str("x" * 100_000)
        while (await loud.socket.receive(timeout=PATIENCE)).type is not WSMsgType.CLOSE:
            pass
        await quiet.say("turn", [FOLDS.index, 5])
        assert hall.heard() == [Turn(FOLDS.address, 5)]

    played(wires, playing)


def test_there_is_room_for_many_pages_and_an_end_to_it(
    wires: Wires, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installation.web.MOST_BROWSERS", 2)
    assert MOST_BROWSERS > 8

    async def playing(hall: Hall) -> None:
        await hall.line()
        second = await hall.line()
        with pytest.raises(WSServerHandshakeError, match="503"):
            await hall.line()
        await second.socket.close()
        while hall.page.figures()["browsers"] == 2:
            await asyncio.sleep(0.001)
        await hall.line()

    played(wires, playing)


def test_of_two_that_come_together_to_the_last_place_one_is_turned_away(
    wires: Wires, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installation.web.MOST_BROWSERS", 1)
    both = asyncio.Event()

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        if response.status == 503:
            both.set()
        await both.wait()

    async def playing(hall: Hall) -> None:
        async with asyncio.timeout(PATIENCE):
            came = await asyncio.gather(hall.line(), hall.line(), return_exceptions=True)
        (refused,) = [each for each in came if isinstance(each, WSServerHandshakeError)]
        assert refused.status == 503
        assert (hall.page.figures()["browsers"], hall.page.figures()["turned_away"]) == (1, 1)

    played(wires, playing, prepare=prepare)


def test_a_page_that_fails_on_its_way_in_takes_no_place(wires: Wires) -> None:
    async def fail(request: web.Request, response: web.StreamResponse) -> None:
        if response.status == 101:
            raise ConnectionResetError

    async def playing(hall: Hall) -> None:
        with pytest.raises((ClientError, WSServerHandshakeError)):
            await hall.line()
        assert hall.page.figures()["browsers"] == 0

    played(wires, playing, prepare=fail)


# the picture


def test_a_picture_is_sent_to_who_has_shown_the_last(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        line = await hall.line()
        await line.news()
        hall.present()
        hall.tick()
        await line.news()  # how the show is
        assert hall.page.figures()["pictures"] == 0, "nobody has asked for one"
        await line.say("look")
        for light in (10, 20, 30):
            hall.present(light)
            hall.tick()
        picture = await line.picture()
        assert picture.size == (64, 36)
        assert abs(picture.getpixel((5, 5))[0] - 10) < 3  # type: ignore[index,operator]
        figures = hall.page.figures()
        assert (figures["pictures"], figures["dropped"]) == (1, 2)
        await line.say("look")
        hall.present(40)
        hall.tick()
        assert abs((await line.picture()).getpixel((5, 5))[0] - 40) < 3  # type: ignore[index,operator]

    played(wires, playing)


def test_the_stage_is_told_whether_anybody_watches(wires: Wires) -> None:
    async def playing(hall: Hall) -> None:
        line = await hall.line()
        assert not hall.page.figures()["watched"]
        await line.say("look")
        assert hall.page.figures()["watched"]
        await line.say("away")
        assert not hall.page.figures()["watched"]
        await line.say("look")
        await line.socket.close()
        while hall.page.figures()["browsers"]:
            await asyncio.sleep(0.001)
        assert not hall.page.figures()["watched"]

    played(wires, playing)


class Jam:
    """A line that takes nothing until it is let go."""

    closed = False

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.sent: list[Any] = []

    async def close(self, **_: object) -> None:
        await self.free.wait()

    async def send_str(self, text: str) -> None:
        await self.free.wait()
        self.sent.append(json.loads(text))

    async def send_bytes(self, data: bytes) -> None:
        await self.free.wait()
        self.sent.append(data)


def test_a_slow_network_costs_freshness_not_memory() -> None:
    async def play() -> None:
        jam = Jam()
        browser = Browser(jam, Counter())  # type: ignore[arg-type]
        telling = asyncio.create_task(browser.tell(lambda: None))
        for value in range(1000):
            browser.values([(3, value, value)])
            browser.state({"health": value})
            browser.picture(b"picture %d" % value, float(value))
            await asyncio.sleep(0)
        jam.free.set()
        while len(jam.sent) < 4:
            await asyncio.sleep(0)
        telling.cancel()
        last, picture = jam.sent[-2:]
        assert last["values"] == [[3, 999, 999]]
        assert last["state"] == {"health": 999}
        assert picture == b"picture 999"
        assert len(jam.sent) == 4

    asyncio.run(play())


def test_who_takes_nothing_any_more_is_hung_up_on_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("installation.page.browsers.TAKE_SECONDS", 0.01)
    monkeypatch.setattr("installation.page.browsers.FAREWELL_SECONDS", 0.01)
    hung_up: list[Browser] = []

    async def play() -> None:
        browser = Browser(Jam(), Counter())  # type: ignore[arg-type]
        browser.picture(b"picture", 0.0)
        async with asyncio.timeout(PATIENCE):
            await browser.tell(lambda: hung_up.append(browser))
            await browser.leave()

    asyncio.run(play())
    assert len(hung_up) == 1


def test_a_page_that_reads_nothing_loses_its_place(
    wires: Wires, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = {"long": 16 * 1024 * 1024 * "x"}  # more than two systems keep for each other
    monkeypatch.setattr(House, "state", lambda self, now: long)

    async def play() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SkippingLoop)
        async with opened(wires) as hall:
            line = await hall.line()
            reading = line.socket._response.connection.transport  # type: ignore[union-attr]
            reading.pause_reading()  # type: ignore[union-attr]
            hall.tick()
            await asyncio.sleep(0.01)
            assert hall.page.figures()["browsers"] == 1
            loop.skipped += TAKE_SECONDS
            while hall.page.figures()["browsers"]:
                await asyncio.sleep(0.001)
            assert hall.page.figures()["hung_up"] == 1
            reading.resume_reading()  # type: ignore[union-attr]

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(play())


def test_who_does_not_show_a_picture_for_long_does_not_watch() -> None:
    async def play() -> None:
        browser = Browser(Jam(), Counter())  # type: ignore[arg-type]
        assert not browser.watches(0.0)
        browser.look()
        browser.picture(b"picture", 50.0)
        assert browser.watches(50.0 + 0.9 * PATIENCE_SECONDS)
        assert not browser.watches(50.0 + PATIENCE_SECONDS)
        browser.look()
        assert browser.watches(1000.0)

    asyncio.run(play())


# the state


def test_what_has_not_changed_is_not_told_again(wires: Wires, tmp_path: Path) -> None:
    house = House(wires.pulses, tmp_path)
    control = Pulse(wires.pulses["control"])
    control.beat_now({"cues": {"at": 1}, "tempo": {"tempo": 120}})
    before = house.state(1.0)
    control.beat_now({"cues": {"at": 2}, "tempo": {"tempo": 120}})
    after = house.state(2.0)
    assert after["tempo"] is before["tempo"]
    assert after["cues"] == {"at": 2}
    assert "takes" not in after


def test_a_scenes_picture_is_told_with_its_date(wires: Wires, tmp_path: Path) -> None:
    house = House(wires.pulses, tmp_path)
    pictured = ["ice", "gone"]
    Pulse(wires.pulses["control"]).beat_now({"scenes": {"pictured": pictured, "names": pictured}})
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes" / "ice.jpg").write_bytes(b"")
    told = house.state(1.0)["scenes"]
    assert told["names"] == pictured
    assert told["pictured"]["ice"] > 0
    assert told["pictured"]["gone"] == 0


def test_every_scene_that_comes_with_the_show_has_a_picture() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == {
        path.stem for path in FOLDER.glob("*.jpg")
    }


def test_errors_and_restarts_of_all_players_are_told(wires: Wires, tmp_path: Path) -> None:
    Pulse(wires.pulses["show"]).beat_now({"restarts": {"dream": 2}, "notes": ["dream: ended"]})
    dream = Pulse(wires.pulses["dream"])
    dream.failed("no memory")
    dream.beat_now({})
    health = House(wires.pulses, tmp_path).state(1.0)["health"]
    assert health["restarts"] == {"dream": 2}
    assert health["errors"] == ["dream: ended", "no memory"]


# the player


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more than one address for it")
def test_oscquery_is_served_to_whom_osc_is_heard_from(wires: Wires) -> None:
    stopping, pulse = threading.Event(), Pulse(wires.pulses["web"])
    with socket.create_server(("127.0.0.1", 0)) as free, socket.create_server(("", 0)) as other:
        ports = free.getsockname()[1], other.getsockname()[1]
    plan = Plan(TABLE.defaults, web_host="0.0.0.0", web_port=ports[0], osc_port=ports[1])

    async def play() -> None:
        playing = asyncio.create_task(serve(plan, wires, stopping, pulse))
        while not read_pulse(wires.pulses["web"]):
            await asyncio.sleep(0.001)
        for host, port, there in (
            ("127.0.0.1", plan.osc_port, True),
            ("127.0.0.2", plan.osc_port, False),
            ("127.0.0.2", plan.web_port, True),
        ):
            with socket.socket() as stranger:
                assert (stranger.connect_ex((host, port)) == 0) == there, (host, port)
        stopping.set()
        await playing

    asyncio.run(play())


def test_where_the_port_is_taken_the_show_goes_on_without_the_page(wires: Wires) -> None:
    stopping = threading.Event()
    pulse = Pulse(wires.pulses["web"])

    async def play(port: int) -> None:
        plan = Plan(TABLE.defaults, web_port=port, osc_port=port)
        playing = asyncio.create_task(serve(plan, wires, stopping, pulse))
        while not read_pulse(wires.pulses["web"]):
            await asyncio.sleep(0.001)
        assert not playing.done()
        stopping.set()
        await playing

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        asyncio.run(play(port))
    errors = read_pulse(wires.pulses["web"])["errors"]
    assert [each.partition(":")[0] for each in errors] == ["OSCQuery", "page"]
    assert all(f"127.0.0.1:{port} to be free" in each for each in errors)
    assert [each.rpartition(": ")[2] for each in errors] == ["--osc-port", "--web-port"]
