import json
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from jack import LIMIT, Jack, until

from engine.bank import Bank, bank_slot
from installation.desk import Desk
from installation.music.tempo import BEATS_A_BAR, Tempo, going
from installation.player import Pulse, read_pulse
from installation.settings import table
from mappings.mapping import Turn
from mappings.midi.clock import Line, PulseFollower

TABLE = table()
TEMPO, TAP, DOWNBEAT = "/master/tempo", "/master/tap", "/master/downbeat"
CLOCK, SEND_CLOCK, PANIC = "/master/clock", "/master/send_clock", "/master/panic"
TICK = 1 / 60


class Network:
    """A session that anyone may turn. ``shifted``: beats its bars are off by."""

    def __init__(self, tempo: float, shifted: float = 0.0) -> None:
        self.tempo: float | None = tempo
        self.shifted = shifted
        self.turned: list[float] = []
        self.closed = False

    def beat(self, at: float) -> float:
        assert self.tempo
        return at * self.tempo / 60 + self.shifted

    def steady(self, at: float) -> bool:
        return True

    def turn(self, tempo: float) -> None:
        self.turned.append(tempo)
        self.tempo = tempo

    def close(self) -> None:
        self.closed = True


class Followers:
    """Remembers what it was told to play."""

    def __init__(self) -> None:
        self.lines: list[Line | None] = []

    def follow(self, line: Line | None) -> None:
        self.lines.append(line)


class Playing:
    """A tempo whose clock we own."""

    def __init__(self, bank: Bank, pulse: Pulse) -> None:
        self.now = 1000.0
        self.pulses = PulseFollower()
        self.followers = Followers()
        self.network: Network | None = None
        self.desk = Desk(TABLE, bank, TABLE.defaults, lambda callback: None)
        self.tempo = Tempo(
            TABLE, self.desk, self.pulses, self.joined, self.followers, pulse, lambda: self.now
        )
        self.tempo.tick(self.now)

    def joined(self, tempo: float) -> Network:
        if self.network is None:
            raise OSError("Link: expected its extra")
        return self.network

    def turn(self, address: str, value: float | str | None = None) -> None:
        def refuse(error: Exception) -> None:
            raise error

        self.desk.turn([Turn(address, value)], refuse)
        self.desk.settle()

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            self.tempo.tick(self.now)

    def pulsed(self, tempo: float, beats: int, begun: bool = True) -> None:
        """Another machine plays for a while."""
        if begun:
            self.pulses.heard("start", self.now)
        start = self.now
        for pulse in range(beats * 24):
            while self.now < start + (pulse + 1) * 60 / tempo / 24:
                self.now += 0.001
            self.pulses.heard("clock", self.now)
            self.tempo.tick(self.now)

    @property
    def beat(self) -> float:
        return self.tempo.beat(self.now)

    @property
    def shown(self) -> float:
        return self.desk.values[TEMPO]


@pytest.fixture
def playing(pulse: Pulse) -> Iterator[Playing]:
    slot = bank_slot(TABLE)
    bank = Bank(TABLE, slot)
    bank.start(TABLE.defaults)
    yield Playing(bank, pulse)
    slot.unlink()


@pytest.mark.parametrize("owed", [-0.5, -0.2, 0.0, 0.3, 0.5])
def test_what_is_owed_is_made_up_for_over_one_beat_and_nothing_goes_back(owed: float) -> None:
    beats = going(90.0, 10.0, 100.0, owed)
    assert beats.count(100.0) == 10.0
    assert beats.count(100.0 + 60 / 90) == pytest.approx(11.0 + owed)
    assert beats.count(110.0) == pytest.approx(10.0 + owed + 10 * 90 / 60)
    counted = [beats.count(99.0 + step / 50) for step in range(200)]
    assert all(early <= late for early, late in pairwise(counted))
    assert beats.owed(100.0) == pytest.approx(owed)
    assert beats.owed(101.0) == 0.0


def test_beats_come_at_the_knobs_tempo(playing: Playing) -> None:
    before = playing.beat
    playing.wait(2.0)
    assert playing.beat - before == pytest.approx(4.0)


def test_turning_the_tempo_never_makes_the_beat_jump(playing: Playing) -> None:
    hand = random.Random(2)
    last = playing.beat
    for _ in range(300):
        playing.turn(TEMPO, hand.uniform(20, 300))
        playing.wait(TICK)
        assert 0 < playing.beat - last <= 300 / 60 * TICK * 1.001
        last = playing.beat


def test_taps_give_the_tempo_and_the_beat_comes_with_them(playing: Playing) -> None:
    for _ in range(5):
        playing.turn(TAP)
        playing.wait(0.6)
    assert playing.shown == 100.0
    assert playing.beat % 1 == pytest.approx(0.0, abs=1e-6) or playing.beat % 1 > 1 - 1e-6
    playing.wait(6.0)
    assert abs(playing.beat - round(playing.beat)) < 1e-6


def test_a_single_tap_moves_the_beat_to_itself_and_leaves_the_tempo(playing: Playing) -> None:
    playing.wait(0.2)
    playing.turn(TAP)
    playing.wait(0.5)
    assert playing.shown == 120.0
    assert abs(playing.beat - round(playing.beat)) < 1e-6


def test_a_downbeat_begins_a_bar_at_once(playing: Playing) -> None:
    playing.wait(1.1)
    bar = playing.beat // BEATS_A_BAR
    playing.turn(DOWNBEAT)
    assert playing.beat == (bar + 1) * BEATS_A_BAR == playing.tempo.downbeat
    playing.wait(1.0)
    assert playing.beat - playing.tempo.downbeat == pytest.approx(2.0)


def test_a_downbeat_just_after_the_bar_line_means_that_one(playing: Playing) -> None:
    playing.wait(2.1)
    playing.turn(DOWNBEAT)
    assert playing.tempo.downbeat == 4.0
    playing.wait(2.0)
    assert playing.beat == pytest.approx(8.0)


def test_whatever_is_done_the_beat_never_goes_back(playing: Playing) -> None:
    hand = random.Random(4)
    playing.network = Network(111.0, 2.3)
    deeds: list[Callable[[], None]] = [
        lambda: playing.turn(TAP),
        lambda: playing.turn(DOWNBEAT),
        lambda: playing.turn(TEMPO, hand.uniform(20, 300)),
        lambda: playing.turn(CLOCK, hand.choice(["own", "midi", "link"])),
        lambda: playing.turn(PANIC),
        lambda: playing.pulsed(hand.uniform(60, 180), 1, hand.random() < 0.5),
    ]
    last = playing.beat
    for _ in range(300):
        hand.choice(deeds)()
        assert playing.beat >= last
        last = playing.beat
        playing.wait(hand.choice([TICK, 0.1, 0.4]))
        assert playing.beat >= last
        last = playing.beat


def test_midi_clock_is_followed_and_shown(playing: Playing) -> None:
    told: list[tuple[str, float]] = []
    playing.desk.hear(lambda address, value: told.append((address, value)))
    playing.turn(CLOCK, "midi")
    playing.wait(0.3)
    playing.pulsed(133.7, 8)
    assert playing.shown == pytest.approx(133.7, abs=0.15)
    assert (TEMPO, playing.shown) in told
    off = (playing.beat - playing.pulses.beat(playing.now)) % BEATS_A_BAR
    assert min(off, BEATS_A_BAR - off) < 0.01
    assert playing.beat - playing.tempo.downbeat == pytest.approx(8.0, abs=0.05)
    assert playing.tempo.figures()["steady"]


def test_what_a_hand_turns_while_midi_gives_the_tempo_is_turned_back(playing: Playing) -> None:
    playing.turn(CLOCK, "midi")
    playing.pulsed(100.0, 4)
    playing.turn(TEMPO, 250)
    playing.pulsed(100.0, 1, begun=False)
    assert playing.shown == pytest.approx(100.0, abs=0.15)


def test_a_lost_clock_goes_on_at_its_tempo_and_a_hand_may_turn_it(playing: Playing) -> None:
    playing.turn(CLOCK, "midi")
    playing.pulsed(150.0, 8)
    playing.wait(2.0)
    assert not playing.tempo.figures()["steady"]
    before = playing.beat
    playing.wait(2.0)
    assert playing.beat - before == pytest.approx(5.0, rel=0.005)
    playing.turn(TEMPO, 60)
    playing.wait(1.0)
    before = playing.beat
    playing.wait(1.0)
    assert playing.beat - before == pytest.approx(1.0)


def test_a_downbeat_says_which_beat_of_another_machine_is_the_first(playing: Playing) -> None:
    playing.turn(CLOCK, "midi")
    playing.pulsed(120.0, 6)
    playing.turn(DOWNBEAT)
    playing.pulsed(120.0, 8, begun=False)
    assert playing.beat - playing.tempo.downbeat == pytest.approx(8.0, abs=0.1)


def test_a_new_start_of_another_machine_begins_a_bar(playing: Playing) -> None:
    playing.turn(CLOCK, "midi")
    playing.pulsed(120.0, 6)
    playing.pulsed(120.0, 3)
    assert playing.beat - playing.tempo.downbeat == pytest.approx(3.0, abs=0.1)
    assert playing.tempo.downbeat % BEATS_A_BAR == 0


def test_link_gives_the_tempo_and_the_bars(playing: Playing) -> None:
    playing.network = Network(93.0, 1.7)
    playing.turn(CLOCK, "link")
    playing.wait(3.0)
    assert playing.shown == 93.0
    off = playing.beat - playing.network.beat(playing.now)
    assert abs(off - round(off / BEATS_A_BAR) * BEATS_A_BAR) < 0.01
    assert playing.network.turned == []


def test_a_hand_turns_the_tempo_of_everyone_on_link(playing: Playing) -> None:
    playing.network = Network(93.26)
    playing.turn(CLOCK, "link")
    playing.wait(1.0)
    playing.turn(TEMPO, 140)
    playing.wait(1.0)
    assert (playing.network.turned, playing.shown) == ([140.0], 140.0)
    for _ in range(3):
        playing.turn(TAP)
        playing.wait(0.6)
    assert playing.network.tempo == playing.shown == pytest.approx(100.0)


def test_another_clock_leaves_link(playing: Playing) -> None:
    playing.network = Network(93.0)
    playing.turn(CLOCK, "link")
    playing.wait(0.1)
    playing.turn(CLOCK, "own")
    playing.wait(0.1)
    assert playing.network.closed
    assert playing.tempo.figures()["clock"] == "own"


def test_where_link_is_missing_the_knob_goes_back_and_says_why(
    playing: Playing, pulse: Pulse
) -> None:
    playing.turn(CLOCK, "link")
    playing.wait(0.1)
    assert playing.desk.values[CLOCK] == 0.0
    assert playing.tempo.figures()["clock"] == "own"
    pulse.beat_now({})
    assert read_pulse(pulse._slot)["errors"] == ["Link: expected its extra"]


def test_after_panic_the_tempo_is_the_starts_and_the_beat_goes_on(playing: Playing) -> None:
    playing.turn(TEMPO, 60)
    playing.wait(1.0)
    before = playing.beat
    playing.turn(PANIC)
    playing.wait(1.0)
    assert playing.shown == 120.0
    assert playing.beat - before == pytest.approx(2.0, rel=0.02)


def test_others_are_sent_the_line_only_while_the_switch_is_on(playing: Playing) -> None:
    playing.wait(0.1)
    assert playing.followers.lines[-1] is None
    playing.turn(SEND_CLOCK, "on")
    playing.wait(1.0)
    line = playing.followers.lines[-1]
    assert line is not None
    assert line.beat_at(playing.now) == pytest.approx(playing.beat)
    assert len(set(playing.followers.lines)) == 2, "nothing changed, so nothing to tell anew"
    playing.turn(SEND_CLOCK, "off")
    playing.wait(0.1)
    assert playing.followers.lines[-1] is None


def test_the_figures_say_where_the_beat_is(playing: Playing) -> None:
    playing.wait(1.1)
    playing.turn(DOWNBEAT)
    playing.wait(0.5)
    assert playing.tempo.figures() == {
        "tempo": 120.0,
        "beat": 1.0,
        "at": playing.now,
        "clock": "own",
        "steady": True,
    }


# The control player, which follows MIDI clock; says what its tempo is once it is steady.
FOLLOWING = """
import asyncio, json, pathlib, sys, threading, time
from engine.bank import Bank
from installation.control import listen
from installation.plan import Plan, wired
from installation.player import Pulse, read_pulse
from installation.settings import table

parameters = table()
wires = wired(parameters)
start = list(parameters.defaults)
start[parameters["/master/clock"].index] = parameters["/master/clock"].value("midi")
bank = Bank(parameters, wires.bank)
bank.start(start)
stopping = threading.Event()

async def play():
    home = pathlib.Path(sys.argv[1])
    plan = Plan(tuple(start), osc_port=0, midi="no other port", home=home)
    playing = asyncio.create_task(listen(plan, wires, stopping, Pulse(wires.pulses["control"])))
    end, steady_at = time.monotonic() + 15, None
    print("listening", flush=True)
    while time.monotonic() < (end if steady_at is None else steady_at + 2):
        await asyncio.sleep(0.05)
        steady = read_pulse(wires.pulses["control"]).get("tempo", {}).get("steady")
        steady_at = steady_at or (time.monotonic() if steady else None)
    told = [read_pulse(wires.pulses["control"])["tempo"], bank.read()["/master/tempo"]]
    stopping.set()
    await playing
    print(json.dumps(told), flush=True)

asyncio.run(play())
wires.unlink()
"""


@pytest.mark.e2e
def test_the_clock_of_another_program_is_followed(jack: Jack) -> None:
    if not shutil.which("jack_midi_clock"):
        pytest.skip("not installed: jack_midi_clock")
    listening = (sys.executable, "-c", FOLLOWING, str(jack.folder))
    pulsing = ("jack_midi_clock", "-b", "137.5", "Kaleidream:Kaleidream")
    with jack.started(*listening) as show:
        until(lambda: show.says("listening"), show)
        until(lambda: jack.succeeds("sh", "-c", "jack_lsp | grep -q ^Kaleidream:"), show)
        with jack.started(*pulsing) as clock:
            assert jack.succeeds("sh", "-c", "echo play | jack_transport")
            until(lambda: show.lines[-1].startswith("["), show)
            clock.process.send_signal(signal.SIGINT)  # else JACK waits six seconds for it
            clock.process.wait(LIMIT)
    tempo, shown = json.loads(show.lines[-1])
    assert (tempo["clock"], tempo["steady"]) == ("midi", True)
    assert shown == pytest.approx(137.5, abs=1.0)
