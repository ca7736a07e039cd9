"""The pages that are open: what they are told."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any

import numpy as np
from aiohttp import web
from PIL import Image

from engine.bank import Bank, Moment
from engine.frame import Array

DIGITS = 6  # of a value, after the point
QUALITY = 75  # of a JPEG
PATIENCE_SECONDS = 2.0  # who has not shown a picture by then does not look
TAKE_SECONDS = 10.0  # who has not taken by then what is told has gone, whatever it still says
FAREWELL_SECONDS = 1.0

Told = tuple[int, float, float]  # index, where the knob stands, what is played


class Browser:
    """One open page. What it is to be told waits here, of each thing the newest: a slow network
    costs freshness, not memory. A picture is sent only where the last one was acknowledged."""

    def __init__(self, line: web.WebSocketResponse, counts: Counter[str]) -> None:
        """``counts``: of ``pictures`` sent, and of those ``dropped`` because they came too soon."""
        self.ready = False
        self._line = line
        self._counts = counts
        self._telling = False
        self._news = asyncio.Event()
        self._values: dict[int, Told] = {}
        self._state: dict[str, Any] = {}
        self._picture = b""
        self._sent_at = -PATIENCE_SECONDS

    def look(self) -> None:
        """What was sent is on the screen; the next picture may come."""
        self.ready = True

    def look_away(self) -> None:
        self.ready = False
        self._sent_at = -PATIENCE_SECONDS

    def watches(self, now: float) -> bool:
        return self.ready or now - self._sent_at < PATIENCE_SECONDS

    def values(self, told: Sequence[Told]) -> None:
        self._values.update((each[0], each) for each in told)
        self._news.set()

    def state(self, parts: Mapping[str, Any]) -> None:
        self._state.update(parts)
        self._news.set()

    def picture(self, jpeg: bytes, now: float) -> None:
        self.ready, self._sent_at = False, now
        self._picture = jpeg
        self._counts["pictures"] += 1
        self._news.set()

    async def tell(self, hang_up: Callable[[], object]) -> None:
        """Until the line is closed, or this is cancelled. ``hang_up`` is called where the other
        side takes nothing any more."""
        self._telling = True
        with suppress(ConnectionError):
            while not self._line.closed:
                await self._news.wait()
                self._news.clear()
                try:
                    async with asyncio.timeout(TAKE_SECONDS):
                        await self._send()
                except TimeoutError:
                    hang_up()
                    return

    async def _send(self) -> None:
        values, self._values = self._values, {}
        state, self._state = self._state, {}
        picture, self._picture = self._picture, b""
        if values or state:
            news = {"now": time.monotonic(), "state": state, "values": [*values.values()]}
            await self._line.send_str(json.dumps(news, separators=(",", ":")))
        if picture:
            await self._line.send_bytes(picture)

    async def leave(self) -> None:
        """Does not wait for who takes nothing any more."""
        if self._telling:
            with suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_SECONDS):
                    await self._line.close(code=1001, message=b"the show ends")


class Browsers:
    """All that are open."""

    def __init__(self, bank: Bank, counts: Counter[str]) -> None:
        """``counts``: see ``Browser``."""
        self._counts = counts
        self._bank = bank
        self._open: set[Browser] = set()
        self._sequence = bank.sequence
        self._moment = bank.read()
        self._parts: Mapping[str, Any] = {}

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def seat(self, line: web.WebSocketResponse) -> Iterator[Browser]:
        """Taken before the line is prepared, which may wait, and given back whatever happens. Who
        sits is told everything there is."""
        self.look()
        browser = Browser(line, self._counts)
        browser.values(_told(self._moment, range(len(self._moment.values))))
        browser.state(self._parts)
        self._open.add(browser)
        try:
            yield browser
        finally:
            self._open.discard(browser)

    async def close(self) -> None:
        await asyncio.gather(*(browser.leave() for browser in self._open))

    def watched(self, now: float) -> bool:
        return any(browser.watches(now) for browser in self._open)

    def look(self) -> None:
        """Tells what was turned since the last look, whoever turned it."""
        if self._bank.sequence == self._sequence:
            return
        self._sequence = self._bank.sequence
        before, self._moment = self._moment, self._bank.read()
        moved = (self._moment.values != before.values) | (self._moment.sways != before.sways)
        told = _told(self._moment, np.flatnonzero(moved).tolist())
        for browser in self._open if told else ():
            browser.values(told)

    def state(self, parts: Mapping[str, Any]) -> None:
        """Tells the parts that are other objects than before, and of those that are gone None."""
        news = {name: part for name, part in parts.items() if part is not self._parts.get(name)}
        gone = dict.fromkeys(self._parts.keys() - parts.keys())
        self._parts = parts
        for browser in self._open if news or gone else ():
            browser.state({**news, **gone})

    def picture(self, pixels: Array, now: float) -> None:
        """``pixels``: (height, width, 3) uint8 RGB. Encoded once, for those who wait for it."""
        waiting = [browser for browser in self._open if browser.ready]
        watching = sum(browser.watches(now) for browser in self._open)
        self._counts["dropped"] += watching - len(waiting)
        if waiting:
            jpeg = encoded(pixels)
            for browser in waiting:
                browser.picture(jpeg, now)


def _told(moment: Moment, indices: Sequence[int]) -> list[Told]:
    parameters = moment.table.parameters
    values, sways = moment.values.tolist(), moment.sways.tolist()
    return [
        (
            index,
            round(values[index], DIGITS),
            round(parameters[index].kind.clamped(values[index] + sways[index]), DIGITS),
        )
        for index in indices
    ]


def encoded(pixels: Array) -> bytes:
    kept = BytesIO()
    Image.fromarray(pixels).save(kept, "JPEG", quality=QUALITY)
    return kept.getvalue()
