"""The web player: the page, for every phone, tablet and laptop that is to play.

A process of its own: encoding pictures for others must never make a knob late.
"""

import asyncio
import json
import logging
import threading
import time
import zlib
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import asdict
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType
from aiohttp import web as http

from engine.bank import Bank
from engine.bestiary.names import NAMES
from engine.bestiary.network import heads
from engine.layers import layers
from engine.networks import NETWORKS
from engine.parameters import Table
from installation.page.address import drawn_address, own_names, page_address
from installation.page.announcing import announced
from installation.page.asking import Asking, heard
from installation.page.browsers import Browser, Browsers
from installation.page.classes import class_picture
from installation.page.door import door, dress, tree_door
from installation.page.entrance import FAREWELL_SECONDS, hang_up, serving
from installation.page.state import House
from installation.plan import LOOPBACK, Plan, Wires
from installation.player import Pulse, play, step_back
from installation.reference import described
from installation.scenes.scenery import of_a_look
from installation.settings import table
from mappings.osc.oscquery import HostInfo
from mappings.osc.oscquery import application as oscquery
from mappings.osc.requests import VERBS

PAGE = Path(__file__).parent / "page" / "static"
TICK_SECONDS = 1 / 60
HEARTBEAT_SECONDS = 5.0  # who does not answer by then is gone
LONGEST_MESSAGE = 8192  # bytes
MOST_BROWSERS = 32
KEPT_SECONDS = 24 * 3600  # pictures that never change
COUNTS = ("pictures", "dropped", "turned_away", "hung_up", "malformed")

log = logging.getLogger("web")


def web(plan: Plan, wires: Wires, lifeline: Connection) -> None:
    def loop(stopping: threading.Event, pulse: Pulse) -> None:
        step_back()
        # on every system: other libraries watch sockets in this loop too
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(serve(plan, wires, stopping, pulse))

    play("web", lifeline, wires.pulses["web"], loop)


async def serve(plan: Plan, wires: Wires, stopping: threading.Event, pulse: Pulse) -> None:
    assert plan.web_port is not None
    page = Page(plan, wires)
    async with AsyncExitStack() as opened:
        tree = serving("OSCQuery", page.tree(), plan.osc_host, plan.osc_port, pulse, page.counts)
        there = await opened.enter_async_context(tree)
        if plan.osc_host != LOOPBACK:
            known = announced(plan.osc_port, plan.osc_port if there else None)
            await opened.enter_async_context(known)
        app, host = page.application(), plan.web_host
        routes = serving("page", app, host, plan.web_port, pulse, page.counts)
        if await opened.enter_async_context(routes):
            log.info("page: %s", page_address(plan))
        while not stopping.is_set():
            await asyncio.sleep(TICK_SECONDS)
            page.tick(time.monotonic())
            pulse.beat(page.figures)


class Page:
    """Its routes, and what is told to those who have it open."""

    def __init__(self, plan: Plan, wires: Wires) -> None:
        parameters = table()
        self._plan = plan
        self._wires = wires
        self._table = json.dumps(everything(parameters, plan))
        self._version = zlib.crc32(self._table.encode())
        self.counts: Counter[str] = Counter()
        self._bank = Bank(parameters, wires.bank)
        self._browsers = Browsers(self._bank, self.counts)
        self._hang_up = partial(hang_up, self.counts)
        self._names = own_names() if plan.web_host != LOOPBACK else ()
        self._house = House(wires.pulses, plan.home)
        self._asking = Asking(parameters, wires.keys.getsockname(), asyncio.get_running_loop())
        self._shown = 0

    def application(self) -> http.Application:
        app = http.Application(
            middlewares=[door(self._plan.token, self._names)], client_max_size=1024
        )
        app.on_response_prepare.append(dress)
        app.on_shutdown.append(self._close)
        app.router.add_get("/", self._index)
        app.router.add_get("/table.json", self._everything)
        app.router.add_get("/line", self._line)
        app.router.add_get("/qr.svg", self._qr)
        app.router.add_get("/classes/{name}.png", self._class)
        app.router.add_get("/scenes/{name}.jpg", self._scene)
        app.router.add_static("/page", PAGE)
        return app

    def tree(self) -> http.Application:
        """OSCQuery. Its proposal knows no token, and its clients could give none, so it asks for
        none, as OSC asks for none: it is served where OSC is heard, on the network only with
        ``--lan``, and lets nobody turn what could not be turned there. Pages of others and
        names that others gave our address are refused as at the page."""
        host = HostInfo("Kaleidream", self._plan.osc_port, self._plan.osc_port)
        bank, send, middlewares = self._bank, self._asking.send, [tree_door(self._names)]
        return oscquery(bank.table, bank.read, send, host, middlewares, self._hang_up)

    def tick(self, now: float) -> None:
        """``now``: monotonic seconds."""
        self._browsers.look()
        if not len(self._browsers):
            return
        self._browsers.state({**self._house.state(now), "table": self._version})
        shown = self._wires.preview.newest(after=self._shown)
        if shown:
            self._shown = shown.sequence
            self._browsers.picture(shown.pixels, now)

    def figures(self) -> dict[str, Any]:
        """Counts of browsers and connections: see ``Browser`` and ``Entrance``."""
        return {
            "browsers": len(self._browsers),
            "watched": self._browsers.watched(time.monotonic()),
            **{name: self.counts[name] for name in COUNTS},
            "turned": self._asking.turned,
            "refused": self._asking.refused,
        }

    async def _close(self, app: http.Application) -> None:
        await self._browsers.close()
        self._asking.close()

    async def _index(self, request: http.Request) -> http.FileResponse:
        return http.FileResponse(PAGE / "index.html")

    async def _everything(self, request: http.Request) -> http.Response:
        return http.Response(text=self._table, content_type="application/json")

    async def _qr(self, request: http.Request) -> http.Response:
        if self._plan.web_host == LOOPBACK:
            raise http.HTTPNotFound(text="expected a show with --lan, received one without")
        return http.Response(body=drawn_address(self._plan), content_type="image/svg+xml")

    async def _class(self, request: http.Request) -> http.Response:
        try:
            drawn = await asyncio.to_thread(class_picture, request.match_info["name"])
        except LookupError as error:
            raise http.HTTPNotFound(text=str(error)) from None
        kept = {"Cache-Control": f"private, max-age={KEPT_SECONDS}"}
        return http.Response(body=drawn, content_type="image/png", headers=kept)

    async def _scene(self, request: http.Request) -> http.FileResponse:
        try:
            return http.FileResponse(self._house.picture(request.match_info["name"]))
        except LookupError as error:
            raise http.HTTPNotFound(text=str(error)) from None

    async def _line(self, request: http.Request) -> http.WebSocketResponse:
        if len(self._browsers) >= MOST_BROWSERS:
            self.counts["turned_away"] += 1
            raise http.HTTPServiceUnavailable(text=f"expected at most {MOST_BROWSERS} pages")
        line = http.WebSocketResponse(
            timeout=FAREWELL_SECONDS,
            heartbeat=HEARTBEAT_SECONDS,
            max_msg_size=LONGEST_MESSAGE,
            compress=False,  # pictures are already; and a thread would write to who has left
        )
        with self._browsers.seat(line) as browser:
            await line.prepare(request)
            assert request.transport
            telling = asyncio.create_task(browser.tell(partial(self._hang_up, request.transport)))
            try:
                async for message in line:
                    if message.type is WSMsgType.TEXT:
                        self._hear(message.data, browser)
            finally:
                telling.cancel()
        return line

    def _hear(self, text: str, browser: Browser) -> None:
        try:
            wish, given = heard(text)
            match wish:
                case "look":
                    browser.look()
                case "away":
                    browser.look_away()
                case _:
                    self._asking.ask(wish, given)
        except (LookupError, OSError, TypeError, ValueError) as error:
            self._asking.refuse(error)


def everything(parameters: Table, plan: Plan) -> dict[str, Any]:
    """What there is to turn and to ask for, as the page needs it once. ``open``: to the network."""
    return {
        "open": plan.web_host != LOOPBACK,
        "parameters": [
            {**told, "look": of_a_look(parameter)}
            for told, parameter in zip(described(parameters), parameters, strict=True)
        ],
        "verbs": [asdict(verb) for verb in VERBS.values()],
        "classes": NAMES,
        "heads": heads(),
        "networks": {
            name: {"stops": network.stops, "layers": layers(name)}
            for name, network in NETWORKS.items()
        },
    }
