"""A show without pictures, in this process: fast to begin, and not at work beside the browser."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pythonosc.osc_message_builder import OscMessageBuilder

from engine.bank import Bank
from installation.control import listen
from installation.plan import Plan, wired
from installation.player import Pulse, read_pulse
from installation.settings import table
from installation.web import serve

TABLE = table()
LIMIT = 10.0  # seconds


class Backdrop:
    """The web player alone: what the others would show and say is shown and said by hand. Serves
    the page at ``address``, until it is closed."""

    def __init__(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("", 0)) as other:
            ports = one.getsockname()[1], other.getsockname()[1]
        self.plan = Plan(
            TABLE.defaults, web_port=ports[0], osc_port=ports[1], midi="none", home=home
        )
        self.address = f"http://127.0.0.1:{self.plan.web_port}/"
        self.wires = wired(TABLE)
        self.bank = Bank(TABLE, self.wires.bank)
        self.bank.start(TABLE.defaults)
        self.control = Pulse(self.wires.pulses["control"])
        self.stopping = threading.Event()
        self._playing = threading.Thread(target=self._play, daemon=True)
        self._playing.start()
        self.until(lambda _: self.begun())

    def begun(self) -> bool:
        return bool(self.figures)

    @property
    def figures(self) -> dict[str, Any]:
        return read_pulse(self.wires.pulses["web"])

    def until(self, met: Callable[[dict[str, Any]], object]) -> None:
        deadline = time.monotonic() + LIMIT
        while not met(self.figures):
            assert time.monotonic() < deadline, self.figures
            time.sleep(0.005)

    def presents(self) -> None:
        self.wires.preview.publish(np.full((36, 64, 3), 128, np.uint8), 0.0)

    def close(self) -> None:
        self.stopping.set()
        self._playing.join(LIMIT)
        self.wires.unlink()

    def players(self) -> list[Coroutine[Any, Any, None]]:
        return [serve(self.plan, self.wires, self.stopping, Pulse(self.wires.pulses["web"]))]

    def _play(self) -> None:
        async def play() -> None:
            await asyncio.gather(*self.players())

        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(play())


class Rehearsal(Backdrop):
    """The control player too."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def begun(self) -> bool:
        return super().begun() and bool(read_pulse(self.wires.pulses["control"]))

    def turn(self, address: str, *arguments: float | str) -> None:
        builder = OscMessageBuilder(address)
        for argument in arguments:
            builder.add_arg(argument)
        self._socket.sendto(builder.build().dgram, ("127.0.0.1", self.plan.osc_port))

    def ask(self, address: str) -> float:
        """Where it stands."""
        return float(self.bank.read()[address])

    def becomes(self, address: str, value: float) -> None:
        """Waits until the parameter stands there."""
        self.until(lambda _: self.ask(address) == pytest.approx(value, abs=1e-3))

    def close(self) -> None:
        super().close()
        self._socket.close()

    def players(self) -> list[Coroutine[Any, Any, None]]:
        return [listen(self.plan, self.wires, self.stopping, self.control), *super().players()]
