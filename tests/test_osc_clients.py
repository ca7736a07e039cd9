"""Clients of OSC that no one here wrote, and the control player."""

import asyncio
import json
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.bank import Bank
from installation.control import listen
from installation.plan import Plan, Wires, wired
from installation.player import Pulse, read_pulse
from installation.scenes.scenery import factory
from installation.settings import table
from mappings.osc.endpoint import listening_socket
from mappings.osc.meaning import names, standing, told_unasked
from mappings.osc.packets import packet

TABLE = table()
STANDING, NAMES = standing(TABLE), names(TABLE)
AMOUNT, FOLDS, NETWORK, PANIC = "/dream/amount", "/scope/folds", "/dream/network", "/master/panic"
PATIENCE = 20.0  # seconds

pytestmark = pytest.mark.e2e


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = wired(TABLE)
    Bank(TABLE, made.bank).start(TABLE.defaults)
    yield made
    made.unlink()


class House:
    """The control player. ``reply``: where clients listen that send from other ports."""

    def __init__(self, wires: Wires, home: Path, reply: int | None) -> None:
        self.bank = Bank(TABLE, wires.bank)
        self.port, self.reply = free_port(), reply
        self._wires, self._home = wires, home

    def play(self, scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def played() -> None:
            stopping, pulse = threading.Event(), Pulse(self._wires.pulses["control"])
            plan = Plan(
                TABLE.defaults,
                osc_port=self.port,
                osc_reply=self.reply,
                midi="none",
                home=self._home,
            )
            playing = asyncio.create_task(listen(plan, self._wires, stopping, pulse))
            try:
                await asyncio.wait_for(scene(), PATIENCE)
            finally:
                stopping.set()
                await asyncio.wait_for(playing, PATIENCE)

        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(played())

    async def send(self, *words: str) -> None:
        """By a process of its own, from a port of its own."""
        sending = await asyncio.create_subprocess_exec(
            "oscsend", "127.0.0.1", str(self.port), *words
        )
        assert await asyncio.wait_for(sending.wait(), PATIENCE) == 0

    async def reaches(self, address: str, value: float) -> None:
        while self.bank.read()[address] != pytest.approx(value):
            await asyncio.sleep(0.001)

    def figures(self) -> dict[str, Any]:
        figures: dict[str, Any] = read_pulse(self._wires.pulses["control"]).get("osc", {})
        return figures


@pytest.fixture
def house(wires: Wires, tmp_path: Path) -> House:
    return House(wires, tmp_path, reply=free_port())


def free_port() -> int:
    with listening_socket(0) as free:
        return int(free.getsockname()[1])


def needed(*programs: str) -> None:
    absent = [program for program in programs if shutil.which(program) is None]
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)}")


@asynccontextmanager
async def running(*words: str, cwd: Path | None = None) -> AsyncIterator[asyncio.StreamReader]:
    """What a program says, until it is ended."""
    process = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE, cwd=cwd)
    assert process.stdout
    try:
        yield process.stdout
    finally:
        process.terminate()
        await process.wait()


async def said(lines: asyncio.StreamReader, enough: Callable[[dict[str, str]], bool]) -> list[str]:
    """Reads lines of ``oscdump`` (time, address, types, arguments) until they are enough. The
    addresses, in the order in which they came."""
    heard: dict[str, str] = {}
    while not enough(heard):
        line = (await lines.readline()).decode()
        _, address, rest = line.split(" ", 2)
        heard[address] = rest.strip()
    return list(heard)


def test_oscdump_is_told_everything_then_what_changes_and_no_trigger(house: House) -> None:
    needed("oscsend", "oscdump")

    async def scene() -> None:
        async with running("oscdump", "-L", str(house.reply)) as lines:
            await until_bound(house.reply)
            await house.send("/sync")
            await said(lines, lambda heard: heard.keys() == set(told_unasked(TABLE)))
            await house.send(FOLDS, "f", "99.5")
            await said(lines, lambda told: told == {FOLDS: "i 24"})
            await house.send(NETWORK, "i", "1")
            second = TABLE[NETWORK].kind.decoded(1.0)
            await said(lines, lambda told: told == {NETWORK: f's "{second}"'})
            await house.send(FOLDS, "s", "?")
            await said(lines, lambda told: told == {FOLDS: "i 24"})
            await house.send(f"{FOLDS}/position", "f", "0")
            ends = {FOLDS: "i 1", f"{FOLDS}/position": "f 0.000000"}
            await said(lines, lambda told: told == ends)
            await house.send(PANIC, "T")
            await said(lines, lambda told: told.keys() >= {FOLDS, AMOUNT})

    house.play(scene)
    assert house.figures()["clients"] == [f"127.0.0.1:{house.reply}"]
    assert (house.figures()["refused"], house.figures()["unknown"]) == (0, 0)


def test_oscdump_is_told_the_value_while_a_hand_is_on_the_position(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed("oscsend", "oscdump")
    monkeypatch.setattr("mappings.osc.echo.QUIET", 3600.0)  # it never rests

    async def scene() -> None:
        async with running("oscdump", "-L", str(house.reply)) as lines:
            await until_bound(house.reply)
            await house.send("/sync")
            await said(lines, lambda heard: heard.keys() == set(told_unasked(TABLE)))
            for position, folds in (("0", 1), ("1", 24), ("0.5", 12)):
                await house.send(f"{FOLDS}/position", "f", position)
                heard = await said(lines, lambda told, is_=folds: told == {FOLDS: f"i {is_}"})
                assert heard == [FOLDS]

    house.play(scene)


def test_oscdump_is_told_what_the_scenes_are_called_and_when_that_changes(house: House) -> None:
    needed("oscsend", "oscdump")
    own = len(factory())

    async def scene() -> None:
        async with running("oscdump", "-L", str(house.reply)) as lines:
            await until_bound(house.reply)
            await house.send("/sync")
            begin = {name: f's "{scene}"' for name, scene in zip(NAMES, factory(), strict=False)}
            await said(lines, lambda told: told.keys() > {*NAMES} and told | begin == told)
            await house.send("/scene/store", "s", "my own")
            await said(lines, lambda told: told.get(NAMES[own]) == 's "my own"')
            await house.send("/scene/move", "sf", "my own", "1")
            await said(lines, lambda told: told.get(NAMES[0]) == 's "my own"')
            await house.send("/scene/delete", "s", "my own")
            await said(lines, lambda told: told.get(NAMES[own]) == 's ""')
            await house.send(NAMES[0], "s", "?")
            await said(lines, lambda told: told.get(NAMES[0]) == begin[NAMES[0]])

    house.play(scene)
    assert (house.figures()["refused"], house.figures()["unknown"]) == (0, 0)


async def until_bound(port: int) -> None:
    """Waits until somebody else listens there."""
    while True:
        try:
            listening_socket(port, "0.0.0.0").close()
        except OSError:
            return
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (("f", "0.25"), 0.25),
        (("d", "0.25"), 0.25),
        (("s", "0.25"), 0.25),
        (("i", "0"), 0.0),
        (("h", "0"), 0.0),
        (("F",), 0.0),
        (("sf", "-", "0.25"), 0.75),
        (("sf", "*", "0.5"), 0.5),
        (("f", "-7"), 0.0),
    ],
)
def test_oscsend_turns_by_every_type(house: House, words: tuple[str, ...], value: float) -> None:
    needed("oscsend")

    async def scene() -> None:
        await house.send(AMOUNT, *words)
        await house.reaches(AMOUNT, value)

    house.play(scene)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("/dream/amuont", "f", "1"), "no parameter '/dream/amuont'; there are /dream/amount"),
        (("/learn/cancle",), "there are /learn/cancel"),
    ],
)
def test_oscsend_is_told_of_in_the_figures_where_nothing_has_that_address(
    house: House, words: tuple[str, ...], sentence: str
) -> None:
    needed("oscsend")

    async def scene() -> None:
        await house.send(*words)
        await house.send(AMOUNT, "f", "0.5")
        await house.reaches(AMOUNT, 0.5)

    house.play(scene)
    assert house.figures()["unknown"] == 1
    assert sentence in house.figures()["last_unknown"]


NODE = """
const { Bundle, Client, Server } = require("node-osc");
const [port, reply, folds, amount, panic] = process.argv.slice(2);
const server = new Server(+reply, "127.0.0.1", () => {
  const client = new Client("127.0.0.1", +port);
  client.send(new Bundle([`${folds}`, 9], [amount, 0.25]));
  client.send(new Bundle(1, [panic, 0], new Bundle(["/strip/{1,2}/gain", -0.5])));
  client.send("/strip/[3-4]/mute", true);
  client.send("/sync");
});
const told = (message) => console.log(JSON.stringify(message));
server.on("message", told);
server.on("bundle", function each(bundle) {
  bundle.elements.forEach((one) => (one.elements ? each(one) : told(one)));
});
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with node-osc in it."""
    needed("node", "npm")
    folder = tmp_path_factory.mktemp("node")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "node-osc@11"]
    try:
        done = subprocess.run(install, cwd=folder, timeout=60, capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        pytest.skip("npm: no answer from the registry")
    if done.returncode:
        pytest.skip(f"npm: node-osc cannot be had: {done.stderr[-200:]}")
    (folder / "client.js").write_text(NODE)
    return folder


def test_node_osc_plays_in_bundles_and_is_told_everything(house: House, node: Path) -> None:
    asked = [str(house.port), str(house.reply), FOLDS, AMOUNT, PANIC]

    async def scene() -> None:
        async with running("node", "client.js", *asked, cwd=node) as lines:
            heard: dict[str, Any] = {}
            while heard.keys() < set(told_unasked(TABLE)) or heard[FOLDS] != 9:
                address, *arguments = json.loads(await lines.readline())
                (heard[address],) = arguments
        assert heard[AMOUNT] == 0.25
        assert [heard[f"/strip/{each}/gain"] for each in (1, 2)] == [-0.5, -0.5]
        assert [heard[f"/strip/{each}/mute"] for each in (2, 3, 4, 5)] == [0, 1, 1, 0]
        assert house.bank.read()[PANIC] == 0.0

    house.play(scene)
    assert (house.figures()["refused"], house.figures()["unknown"]) == (0, 0)


def test_who_has_gone_is_forgotten_and_the_others_are_told_on(wires: Wires, tmp_path: Path) -> None:
    house = House(wires, tmp_path, reply=None)

    async def scene() -> None:
        with listening_socket(0) as staying:
            with listening_socket(0) as going:
                for each in (going, staying):
                    each.sendto(packet("/sync"), ("127.0.0.1", house.port))
                while len(house.figures().get("clients", ())) < 2:
                    await asyncio.sleep(0.01)
            await house.send(FOLDS, "i", "9")  # and nobody hears the answer
            while house.figures()["clients"] != [f"127.0.0.1:{staying.getsockname()[1]}"]:
                await asyncio.sleep(0.01)

    house.play(scene)
