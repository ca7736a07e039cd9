"""A real browser without a display, driven by Chromium's own protocol."""

import asyncio
import base64
import json
import subprocess
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 30.0  # seconds
OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # who tests may be root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
KEYS = {
    "ArrowRight": 39,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowDown": 40,
    "Home": 36,
    "End": 35,
    "Enter": 13,
    "Escape": 27,
    "Tab": 9,
    "PageUp": 33,
    "PageDown": 34,
    "Delete": 46,
}


class Chromium:
    def __init__(self, program: str, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            (program, *OPTIONS, f"--user-data-dir={folder}", "about:blank"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._events: dict[str, list[dict[str, Any]]] = {}
        self._asked = 0
        self._run(self._connect(self._found()))

    def page(self, address: str, size: tuple[int, int], touch: bool = False) -> "Page":
        """In a browser of its own: nothing is shared with the others."""
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        about = {"url": "about:blank", "browserContextId": context}
        target = self.ask("Target.createTarget", about)["targetId"]
        told = {"targetId": target, "flatten": True}
        session = self.ask("Target.attachToTarget", told)["sessionId"]
        self._events[session] = []
        return Page(self, session, context, self._events[session], address, size, touch)

    def ask(self, method: str, given: dict[str, Any] | None = None, session: str = "") -> Any:
        return self._run(self._ask(method, given or {}, session))

    def close(self) -> None:
        self._run(self._http.close())
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _found(self) -> str:
        file = self._folder / "DevToolsActivePort"
        deadline = time.monotonic() + PATIENCE
        while not (file.exists() and len(file.read_text().splitlines()) == 2):
            assert self._process.poll() is None, "the browser has ended"
            assert time.monotonic() < deadline, "the browser does not answer"
            time.sleep(0.05)
        port, path = file.read_text().splitlines()
        return f"ws://127.0.0.1:{port}{path}"

    def _run(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(PATIENCE)

    async def _connect(self, address: str) -> None:
        self._http = aiohttp.ClientSession()
        self._line = await self._http.ws_connect(address, max_msg_size=0)
        self._hearing = asyncio.create_task(self._hear())

    async def _hear(self) -> None:
        async for message in self._line:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            else:
                self._events.get(told.get("sessionId", ""), []).append(told)

    async def _ask(self, method: str, given: dict[str, Any], session: str) -> Any:
        self._asked += 1
        number = self._asked
        self._answers[number] = answer = self._loop.create_future()
        asked = {"id": number, "method": method, "params": given}
        await self._line.send_json({**asked, **({"sessionId": session} if session else {})})
        told = await answer
        assert "error" not in told, f"{method}: {told['error']}"
        return told["result"]


class Page:
    def __init__(
        self,
        browser: Chromium,
        session: str,
        context: str,
        events: list[dict[str, Any]],
        address: str,
        size: tuple[int, int],
        touch: bool,
    ) -> None:
        self._browser = browser
        self._session = session
        self._context = context
        self._events = events
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._ask(f"{domain}.enable")
        self.resize(size, touch)
        self._ask("Page.navigate", url=address)
        self.until("document.querySelector('[role=tab]') && true")
        self.until("!document.body.classList.contains('alone')")
        self.until("document.querySelector('[role=slider][aria-valuenow]') && true")

    def resize(self, size: tuple[int, int], touch: bool = False) -> None:
        seen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": touch}
        self._ask("Emulation.setDeviceMetricsOverride", **seen)
        self._ask("Emulation.setTouchEmulationEnabled", enabled=touch)

    def _ask(self, method: str, **given: Any) -> Any:
        return self._browser.ask(method, given, self._session)

    def told(self, expression: str) -> Any:
        """What a JavaScript expression comes to."""
        wish = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = self._ask("Runtime.evaluate", **wish)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str) -> Any:
        """The value of ``expression`` as soon as it is true; of an element, that it is there."""
        deadline = time.monotonic() + PATIENCE
        wish = f"((found) => found instanceof Element || found)({expression})"
        while not (value := self.told(wish)):
            assert time.monotonic() < deadline, f"never true: {expression}"
            time.sleep(0.02)
        return value

    def close(self) -> None:
        """May be called again."""
        if self._context:
            self._browser.ask("Target.disposeBrowserContext", {"browserContextId": self._context})
        self._context = ""

    @contextmanager
    def covered(self) -> Iterator[None]:
        """Another tab lies before it."""
        about = {"url": "about:blank", "browserContextId": self._context}
        other = self._browser.ask("Target.createTarget", about)["targetId"]
        self.until("document.visibilityState === 'hidden'")
        yield
        self._browser.ask("Target.closeTarget", {"targetId": other})
        self.until("document.visibilityState === 'visible'")

    def focus(self, selector: str) -> None:
        self.told(f"document.querySelector({json.dumps(selector)}).focus({{focusVisible: true}})")

    def open(self, tab: str) -> None:
        self.told(f"document.getElementById('{tab}-tab').click()")

    def place(self, selector: str, x: float = 0.5, y: float = 0.5) -> tuple[float, float]:
        """A point in an element, scrolled to, in pixels of the window."""
        self.told(
            f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})"
        )
        return self.where(selector, x, y)

    def where(self, selector: str, x: float = 0.5, y: float = 0.5) -> tuple[float, float]:
        """As ``place``, where it is."""
        left, top, width, height = self.told(
            f"(({{left, top, width, height}}) => [left, top, width, height])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )
        return left + x * width, top + y * height

    def mouse(self, kind: str, at: tuple[float, float]) -> None:
        pressed = {"button": "left", "buttons": 1, "clickCount": 1}
        self._ask("Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1], **pressed)

    def click(self, selector: str) -> None:
        at = self.place(selector)
        self.mouse("mousePressed", at)
        self.mouse("mouseReleased", at)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.mouse("mousePressed", start)
        for part in (0.3, 0.6, 1.0):
            between = tuple(a + part * (b - a) for a, b in zip(start, end, strict=True))
            self.mouse("mouseMoved", (between[0], between[1]))
        self.mouse("mouseReleased", end)

    def touch(self, kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(at)]
        self._ask("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    def key(self, name: str) -> None:
        code = KEYS.get(name, ord(name[0].upper()))
        pressed = {"key": name, "code": name, "windowsVirtualKeyCode": code}
        text = {"text": "\r"} if name == "Enter" else {}
        self._ask("Input.dispatchKeyEvent", type="keyDown", **pressed, **text)
        self._ask("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def write(self, text: str) -> None:
        self._ask("Input.insertText", text=text)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._ask("Page.captureScreenshot")["data"]))

    @property
    def requests(self) -> list[str]:
        """Addresses of everything that was asked for, WebSockets too."""
        asked = [
            event["params"].get("request", event["params"]).get("url")
            for event in self._events
            if event["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated")
        ]
        return [address for address in asked if address]

    @property
    def complaints(self) -> list[str]:
        """What the browser's console says of errors."""
        return [
            json.dumps(event["params"])
            for event in self._events
            if event["method"] == "Runtime.exceptionThrown"
            or (
                event["method"] == "Log.entryAdded"
                and event["params"]["entry"]["level"] in ("error", "warning")
            )
        ]
