import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator

import pytest

from engine.bank import Bank
from engine.frame import Slot
from installation.control import listen
from installation.desk import Desk
from installation.plan import Plan, Wires, wired
from installation.player import Pulse, read_pulse
from installation.settings import table
from mappings.mapping import Turn
from mappings.osc.endpoint import Sender, listening_socket
from mappings.osc.meaning import asking, names, standing
from mappings.osc.packets import Argument, Message, bundles, packet

TABLE = table()
AMOUNT, FOLDS, FADE = "/dream/amount", "/scope/folds", "/master/fade"
INVERT, PANIC, RESET = "/colour/invert", "/master/panic", "/dream/reset"
PATIENCE = 10.0  # seconds


class Soon:
    """What is to be done once everything that has arrived was handed in."""

    def __init__(self) -> None:
        self.later: list[Callable[[], None]] = []

    def __call__(self, callback: Callable[[], None]) -> None:
        self.later.append(callback)

    def come(self) -> None:
        later, self.later = self.later, []
        for callback in later:
            callback()


class Told:
    """Hears what each parameter came to stand at."""

    def __init__(self) -> None:
        self.values: list[tuple[str, float]] = []

    def __call__(self, address: str, value: float) -> None:
        self.values.append((address, value))


@pytest.fixture
def soon() -> Soon:
    return Soon()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def refused() -> list[Exception]:
    return []


Tick = Callable[..., None]


@pytest.fixture
def tick(bank: Bank, soon: Soon, told: Told, refused: list[Exception]) -> Tick:
    """Turns that arrive together."""
    desk = Desk(TABLE, bank, TABLE.defaults, soon)
    desk.hear(told)

    def turned(*turns: Turn) -> None:
        for turn in turns:
            desk.turn([turn], refused.append)
        soon.come()

    return turned


def test_turns_that_arrive_together_are_one_write_in_their_order(tick: Tick, bank: Bank) -> None:
    before = bank.sequence
    tick(Turn(AMOUNT, 0.1), Turn(FOLDS, 9), Turn(AMOUNT, 0.7))
    assert bank.sequence == before + 1
    assert (bank.read()[AMOUNT], bank.read()[FOLDS]) == (0.7, 9.0)


def test_relative_turns_of_one_tick_add_up(tick: Tick, bank: Bank) -> None:
    tick(Turn(FOLDS, 1, "plus"), Turn(FOLDS, 2, "plus"), Turn(FOLDS, 2, "times"))
    assert bank.read()[FOLDS] == 18.0


@pytest.mark.parametrize("presses", [1, 2, 3])
def test_toggles_of_one_tick_are_each_heard(tick: Tick, bank: Bank, presses: int) -> None:
    tick(*[Turn(INVERT, how="toggle")] * presses)
    assert bank.read()[INVERT] == presses % 2


def test_a_refused_turn_changes_nothing_and_is_told(
    tick: Tick, bank: Bank, refused: list[Exception], told: Told
) -> None:
    before = bank.sequence
    tick(Turn(AMOUNT, "much"), Turn("/dream/amuont", 1.0))
    assert [type(error) for error in refused] == [ValueError, LookupError]
    assert "expected 0 to 1, received 'much'" in str(refused[0])
    assert (bank.sequence, told.values) == (before, [])


def test_a_refused_turn_does_not_take_its_neighbours_along(tick: Tick, bank: Bank) -> None:
    tick(Turn(AMOUNT, 0.2), Turn(AMOUNT, "much"), Turn(FOLDS, 7))
    assert (bank.read()[AMOUNT], bank.read()[FOLDS]) == (0.2, 7.0)


def test_nothing_is_written_when_nothing_changes(tick: Tick, bank: Bank) -> None:
    tick(Turn(AMOUNT, 0.5))
    before = bank.sequence
    tick(Turn(AMOUNT, 0.5), Turn(RESET, 0))
    tick()
    assert bank.sequence == before


def test_the_canonical_value_is_told_also_of_what_stood_there_already(
    tick: Tick, told: Told
) -> None:
    tick(Turn(FOLDS, 99), Turn(FOLDS, 24), Turn(AMOUNT, 1.5))
    assert told.values == [(FOLDS, 24.0), (FOLDS, 24.0), (AMOUNT, 1.0)]


def test_a_trigger_counts_each_time_it_is_fired_and_is_never_told(
    tick: Tick, bank: Bank, told: Told
) -> None:
    tick(Turn(RESET), Turn(RESET, 1.0), Turn(RESET, 0.0))
    assert (bank.read()[RESET], told.values) == (2.0, [])


def test_a_witness_is_told_of_triggers_panic_too_and_of_nothing_else(
    bank: Bank, soon: Soon, told: Told
) -> None:
    desk = Desk(TABLE, bank, TABLE.defaults, soon)
    desk.witness(told)
    desk.turn([Turn(RESET), Turn(RESET, 0.0), Turn(PANIC), Turn(AMOUNT, 0.5)], pytest.fail)
    soon.come()
    assert told.values == [(RESET, 1.0), (PANIC, 1.0)]


def test_an_angle_turned_to_where_it_stands_starts_the_turn_anew(tick: Tick, bank: Bank) -> None:
    bank.write({"/scope/angle": 0.0, "/scope/spin": 0.0}, turning={"/scope/angle": 90.0})
    assert bank.read().turned("/scope/angle") == pytest.approx(90.0, abs=1.0)
    tick(Turn("/scope/angle", 0.0))
    assert bank.read().turned("/scope/angle") == 0.0


def test_what_cannot_come_of_a_turn_is_told_to_whoever_turned_it(bank: Bank, soon: Soon) -> None:
    desk = Desk(TABLE, bank, TABLE.defaults, soon)
    acted: list[float] = []

    def refuse(value: float) -> None:
        raise LookupError(f"no scene {value:g}")

    for act in (refuse, acted.append):
        desk.act(FOLDS, act)
    one, other = list[Exception](), list[Exception]()
    desk.turn([Turn(FOLDS, 7)], one.append)
    desk.turn([Turn(AMOUNT, 0.5)], other.append)
    soon.come()
    assert (acted, [str(error) for error in one], other) == ([7.0], ["no scene 7"], [])


def test_many_values_are_put_in_one_write_and_nothing_acts_on_them(
    bank: Bank, soon: Soon, told: Told
) -> None:
    desk = Desk(TABLE, bank, TABLE.defaults, soon)
    desk.hear(told)
    desk.act(FOLDS, pytest.fail)
    before = bank.sequence
    desk.put({AMOUNT: 0.5, FOLDS: 9.0, FADE: 1.0})
    assert bank.sequence == before + 1
    assert told.values == [(AMOUNT, 0.5), (FOLDS, 9.0), (FADE, 1.0)]


def test_panic_returns_to_the_start_counts_and_resets_the_dream(
    tick: Tick, bank: Bank, told: Told
) -> None:
    tick(Turn(AMOUNT, 0.1), Turn(FOLDS, 3), Turn(RESET))
    tick(Turn(PANIC))
    moment = bank.read()
    assert (moment[AMOUNT], moment[FOLDS]) == (1.0, 6.0)
    assert (moment[PANIC], moment[RESET]) == (1.0, 2.0)
    assert (AMOUNT, 1.0) in told.values
    assert not {PANIC, RESET} & dict(told.values).keys()


def test_panic_forgets_what_came_before_it_in_the_same_tick_not_what_came_after(
    tick: Tick, bank: Bank
) -> None:
    tick(Turn(AMOUNT, 0.1), Turn(RESET), Turn(PANIC), Turn(FOLDS, 1, "plus"))
    moment = bank.read()
    assert (moment[AMOUNT], moment[FOLDS], moment[RESET]) == (1.0, 7.0, 1.0)


def test_a_panic_button_that_is_let_go_does_nothing(tick: Tick, bank: Bank) -> None:
    tick(Turn(AMOUNT, 0.1))
    tick(Turn(PANIC, 0.0))
    assert (bank.read()[AMOUNT], bank.read()[PANIC]) == (0.1, 0.0)


def test_after_panic_turns_start_from_the_start(tick: Tick, bank: Bank) -> None:
    tick(Turn(FOLDS, 20))
    tick(Turn(PANIC))
    tick(Turn(FOLDS, 1, "plus"))
    assert bank.read()[FOLDS] == 7.0


class Player:
    """The control player without its process. ``client`` sends it OSC and hears what it says."""

    def __init__(self, wires: Wires, beaten: Slot) -> None:
        self.bank = Bank(TABLE, wires.bank)
        self.client = listening_socket(0)
        self._wires = wires
        self._beaten = beaten
        with listening_socket(0) as free:
            self.port: int = free.getsockname()[1]

    def play(self, scene: Callable[[], Awaitable[None]]) -> None:
        """The whole coroutine, until ``scene`` is over."""

        async def played() -> None:
            stopping, pulse = threading.Event(), Pulse(self._beaten)
            plan = Plan(TABLE.defaults, osc_port=self.port, midi="none")
            listening = asyncio.create_task(listen(plan, self._wires, stopping, pulse))
            await asyncio.sleep(0)  # now the port is open
            try:
                await scene()
            finally:
                stopping.set()
                await asyncio.wait_for(listening, PATIENCE)

        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(played())

    def send(self, *arguments: str | float) -> None:
        address, *rest = arguments
        self.client.sendto(packet(str(address), *rest), ("127.0.0.1", self.port))

    def press(self, turn: Turn) -> None:
        """As the stage does."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stage:
            stage.sendto(asking(turn), self._wires.keys.getsockname())

    def heard(self) -> list[Message]:
        found: list[Message] = []
        while True:
            try:
                data = self.client.recv(65536)
            except BlockingIOError:
                return found
            found += [message for bundle in bundles(data) for message in bundle.messages]

    async def hears(self, count: int = 1) -> list[Message]:
        found: list[Message] = []
        async with asyncio.timeout(PATIENCE):
            while len(found) < count:
                await asyncio.sleep(0.001)
                found += self.heard()
        return found

    async def told(self, address: str) -> tuple[Argument, ...]:
        """The first that is said of ``address``."""
        while True:
            for message in await self.hears():
                if message.address == address:
                    return message.arguments

    async def reaches(self, address: str, value: float) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.bank.read()[address] != value:
                await asyncio.sleep(0.001)


@pytest.fixture
def player(beaten: Slot) -> Iterator[Player]:
    wires = wired(TABLE)
    Bank(TABLE, wires.bank).start(TABLE.defaults)
    made = Player(wires, beaten)
    yield made
    made.client.close()
    wires.unlink()


def test_a_packet_changes_the_bank_and_its_canonical_value_comes_back(player: Player) -> None:
    async def scene() -> None:
        player.send(FOLDS, 99)
        await player.reaches(FOLDS, 24.0)
        assert await player.told(FOLDS) == (24,)

    player.play(scene)


def test_a_question_is_answered_with_what_came_before_it(player: Player) -> None:
    async def scene() -> None:
        player.send(AMOUNT, 0.25)
        player.send(AMOUNT, "?")
        assert (await player.hears())[0] == Message(AMOUNT, (0.25,))

    player.play(scene)


def test_a_key_turns_the_bank_but_the_stage_does_not_become_the_client(player: Player) -> None:
    async def scene() -> None:
        player.send(AMOUNT, "?")
        await player.hears(len(standing(TABLE) + names(TABLE)))
        player.press(Turn(FOLDS, 1.0, "plus"))
        await player.reaches(FOLDS, 7.0)
        assert await player.hears() == [Message(FOLDS, (7,))], "told to who spoke by OSC"

    player.play(scene)


def test_a_key_fires_panic(player: Player) -> None:
    async def scene() -> None:
        player.press(Turn(FOLDS, 12))
        await player.reaches(FOLDS, 12.0)
        player.press(Turn(PANIC))
        await player.reaches(PANIC, 1.0)
        assert player.bank.read()[FOLDS] == 6.0

    player.play(scene)


def test_what_is_heard_and_refused_is_counted_in_the_pulse(player: Player, beaten: Slot) -> None:
    async def scene() -> None:
        player.send(AMOUNT, "much")
        player.send("/dream/amuont", 1.0)
        player.send(FADE, 0.5)
        await player.reaches(FADE, 0.5)

    player.play(scene)
    figures = read_pulse(beaten)
    osc = figures["osc"]
    assert (osc["received"], osc["refused"], osc["unknown"]) == (3, 1, 1)
    assert "there are /dream/amount" in osc["last_unknown"]
    assert figures["midi"] == {"received": 0, "ports": []}


def test_a_port_that_is_taken_does_not_stop_the_show_and_the_keys_still_work(
    player: Player, beaten: Slot
) -> None:
    async def scene() -> None:
        player.press(Turn(FADE, 0.5))
        await player.reaches(FADE, 0.5)

    with listening_socket(player.port):
        player.play(scene)
    (sentence,) = read_pulse(beaten)["errors"]
    assert f"expected 127.0.0.1:{player.port} to be free" in sentence
    assert sentence.endswith("choose another port: --osc-port")


def test_a_stopped_player_lets_its_port_go(player: Player) -> None:
    async def scene() -> None:
        pass

    player.play(scene)
    listening_socket(player.port).close()


def test_a_client_that_has_gone_hurts_nobody(player: Player) -> None:
    sender: Sender = ("127.0.0.1", player.port)

    async def scene() -> None:
        with listening_socket(0) as gone:
            gone.sendto(packet(FADE, 0.25), sender)
        await player.reaches(FADE, 0.25)
        player.press(Turn(FADE, 0.75))
        await player.reaches(FADE, 0.75)
        player.send(FADE, 0.5)
        await player.reaches(FADE, 0.5)

    player.play(scene)
