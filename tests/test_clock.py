"""MIDI clock: the tempo of pulses that shake, and pulses that do not."""

import random
import shutil
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

import mido
import pytest
from instruments import playing, plugged
from jack import Jack, until

from mappings.midi.clock import (
    BAR,
    PULSES,
    ClockKind,
    Leader,
    Line,
    PulseFollower,
    PulseMaker,
    PulseSender,
)
from mappings.midi.inputs import Hear, MidiInputs

PULSE = 60 / 120 / PULSES  # seconds, at 120 beats/min


def pulsed(count: int, tempo: float = 120.0, start: float = 100.0) -> list[float]:
    """When the pulses come."""
    return [start + place * 60 / tempo / PULSES for place in range(count)]


def following(times: Iterable[float]) -> PulseFollower:
    follower = PulseFollower()
    for at in times:
        follower.heard("clock", at)
    return follower


@pytest.mark.parametrize("tempo", [20.0, 60.0, 120.0, 174.3, 300.0])
def test_even_pulses_have_their_tempo(tempo: float) -> None:
    assert following(pulsed(30, tempo)).tempo == pytest.approx(tempo)


@pytest.mark.parametrize("seed", range(20))
def test_a_jitter_of_two_milliseconds_shakes_the_tempo_by_less_than_three_thousandths(
    seed: int,
) -> None:
    chance = random.Random(seed)
    follower = PulseFollower()
    for place, at in enumerate(pulsed(600)):
        follower.heard("clock", at + chance.uniform(-0.002, 0.002))
        if place >= 48:
            assert follower.tempo == pytest.approx(120.0, rel=0.003)
            assert follower.beat(at) == pytest.approx(place / PULSES, abs=0.005)


@pytest.mark.parametrize("tempo", [60.0, 90.0, 126.0, 174.0, 240.0])
def test_another_tempo_is_reached_within_two_beats(tempo: float) -> None:
    before = pulsed(100)
    after = pulsed(49, tempo, start=before[-1])[1:]
    follower = following([*before, *after])
    assert follower.tempo == pytest.approx(tempo)
    assert follower.beat(after[-1]) == pytest.approx((99 + 48) / PULSES)


def test_while_the_tempo_changes_the_beat_stays_within_a_tenth() -> None:
    before = pulsed(100)
    follower = following(before)
    for place, at in enumerate(pulsed(100, 150.0, start=before[-1])[1:], 100):
        follower.heard("clock", at)
        assert follower.beat(at) == pytest.approx(place / PULSES, abs=0.1)


def test_a_tempo_is_not_said_before_it_is_known() -> None:
    assert following([]).tempo is None
    assert following(pulsed(11)).tempo is None
    assert following(pulsed(12)).tempo == pytest.approx(120.0)


def test_the_beat_goes_on_between_pulses_and_without_them() -> None:
    times = pulsed(49)
    follower = following(times)
    assert follower.beat(times[-1] + PULSE / 2) == pytest.approx((48 + 0.5) / PULSES)
    assert follower.beat(times[-1] + 5.0) == pytest.approx(2 + 10)
    assert follower.tempo == pytest.approx(120.0)


def test_it_is_steady_until_three_pulses_are_missing() -> None:
    times = pulsed(49)
    follower = following(times)
    assert follower.steady(times[-1] + 3 * PULSE)
    assert not follower.steady(times[-1] + 4 * PULSE)
    assert not following([]).steady(0.0)


def test_after_a_silence_the_beat_is_where_it_would_have_been() -> None:
    times = pulsed(49)
    follower = following(times)
    for at in pulsed(3, start=times[-1] + 100.4 * PULSE):
        follower.heard("clock", at)
    assert follower.steady(at)
    assert follower.beat(at) == pytest.approx((48 + 102) / PULSES, abs=0.01)


def test_a_much_slower_clock_is_followed_though_its_pulses_seem_lost() -> None:
    slow = pulsed(30, 30.0, start=pulsed(49)[-1] + 0.1)
    assert following([*pulsed(49), *slow]).tempo == pytest.approx(30.0)


def test_the_pulse_after_a_start_is_the_downbeat() -> None:
    times = pulsed(60)
    follower = following(times[:50])
    follower.heard("start", times[49] + PULSE / 2)
    follower.heard("clock", times[50])
    assert follower.beat(times[50]) == pytest.approx(0.0)
    assert follower.tempo == pytest.approx(120.0)


def test_it_goes_on_from_where_the_song_was_stopped() -> None:
    follower = PulseFollower()
    follower.heard("start", 100.0)
    times = pulsed(100)
    for at in times[:30]:
        follower.heard("clock", at)
    follower.heard("stop", times[29])
    for at in times[30:40]:  # most machines go on pulsing
        follower.heard("clock", at)
    follower.heard("continue", times[39])
    follower.heard("clock", times[40])
    assert follower.beat(times[40]) == pytest.approx(30 / PULSES)


def test_it_goes_on_from_a_song_position() -> None:
    follower = following(pulsed(30))
    follower.located(17)  # sixteenth notes
    follower.heard("continue", 101.0)
    follower.heard("clock", 101.0)
    assert follower.beat(101.0) == pytest.approx(17 / 4)


@pytest.mark.parametrize("kind", ["active_sensing", "reset", "note_on", ""])
def test_other_messages_mean_nothing(kind: str) -> None:
    follower = following(pulsed(30))
    follower.heard(kind, 100.0)
    assert follower.beat(pulsed(30)[-1]) == pytest.approx(29 / PULSES)


def test_pulses_that_come_all_at_once_harm_nothing() -> None:
    follower = following([100.0] * 100)
    assert follower.tempo
    assert 0 < follower.tempo < 1000


def test_a_clock_that_comes_by_two_ways_is_followed_by_one() -> None:
    follower = PulseFollower()
    leader = Leader(follower)
    for at in pulsed(60):
        leader.heard("desk", "clock", at)
        leader.heard("Kaleidream", "clock", at + 0.003)
    assert follower.tempo == pytest.approx(120.0)


def test_where_the_clock_that_led_falls_silent_another_leads() -> None:
    follower = PulseFollower()
    leader = Leader(follower)
    for at in pulsed(60):
        leader.heard("desk", "clock", at)
    for at in pulsed(60, 90.0, start=200.0):
        leader.heard("drums", "clock", at)
    assert follower.tempo == pytest.approx(90.0)


def test_a_song_position_is_handed_on() -> None:
    follower = PulseFollower()
    leader = Leader(follower)
    leader.heard("desk", "songpos", 100.0, 8)
    leader.heard("desk", "continue", 100.1)
    leader.heard("desk", "clock", 100.2)
    assert follower.beat(100.2) == pytest.approx(2.0)


def made(
    line: Line, until: float, maker: PulseMaker | None = None
) -> list[tuple[float, ClockKind]]:
    """What is sent from the line's instant on, looked at when the maker wants to be asked."""
    maker, now, sent = maker or PulseMaker(), line.at, []
    while now < until:
        sent += [(now, kind) for kind in maker.due(line, now)]
        now = max(maker.next_at(line), now + 1e-6)
    return sent


@pytest.mark.parametrize("tempo", [20.0, 120.0, 300.0])
def test_a_beat_has_twenty_four_pulses_each_at_its_time(tempo: float) -> None:
    line = Line(tempo, 0.5, 100.0)
    times = [at for at, kind in made(line, line.reaches(2.49)) if kind == "clock"]
    wanted = [line.reaches(0.5 + place / PULSES) for place in range(1, 2 * PULSES)]
    assert times == pytest.approx(wanted, abs=1e-5)


def test_a_start_goes_before_the_first_pulse_of_the_next_bar() -> None:
    line = Line(120.0, 3.9, 100.0)
    kinds = [kind for _, kind in made(line, line.reaches(4.1))]
    assert kinds == ["clock", "clock", "start", "clock", "clock", "clock"]


def test_where_the_bar_has_just_begun_it_starts_at_once() -> None:
    assert PulseMaker().due(Line(120.0, 8.0, 100.0), 100.0) == ["start", "clock"]
    late = PulseMaker().due(Line(120.0, 8.0, 100.0), 100.0 + 2.5 * PULSE)
    assert late == ["start", "clock", "clock", "clock"]


def test_who_follows_what_we_send_has_our_tempo_and_our_bars() -> None:
    line = Line(133.0, 1.3, 100.0)
    follower = PulseFollower()
    for at, kind in made(line, 110.0):
        follower.heard(kind, at)
    assert follower.tempo == pytest.approx(133.0, rel=1e-4)
    assert follower.beat(110.0) % 4 == pytest.approx(line.beat_at(110.0) % 4, abs=0.01)


def test_late_pulses_are_made_up_for_and_a_jump_is_not() -> None:
    line, maker = Line(120.0, 1.0, 100.0), PulseMaker()
    maker.due(line, 100.0)
    assert maker.due(line, 100.0 + 5.5 * PULSE) == ["clock"] * 5
    assert maker.due(line, 100.0 + 30.5 * PULSE) == []
    assert maker.due(line, 100.0 + 31.5 * PULSE) == ["clock"]


def test_after_a_jump_to_a_downbeat_it_starts_anew() -> None:
    maker = PulseMaker()
    maker.due(Line(120.0, 1.4, 100.0), 100.0)
    assert maker.due(Line(120.0, 4.0, 100.0), 100.0) == ["start", "clock"]


def test_after_any_other_jump_it_starts_with_the_next_bar() -> None:
    line, maker = Line(120.0, 8.0, 100.0), PulseMaker()
    maker.due(line, 100.0)
    leapt = Line(120.0, 10.0, 100.0)
    kinds = [kind for _, kind in made(leapt, leapt.reaches(12.0) - 1e-4, maker)]
    assert kinds == ["clock"] * (2 * PULSES - 1) + ["start"]


def test_a_line_that_shakes_sends_no_pulse_twice() -> None:
    maker, sent = PulseMaker(), 0
    for place in range(2 * BAR):
        at = 100.0 + place * PULSE
        shaken = Line(120.0, (at - 100.0) * 2 + (-1) ** place / PULSES / 1.5, at)
        sent += maker.due(shaken, at).count("clock")
    assert sent == pytest.approx(2 * BAR, abs=3)


class Wire:
    """Remembers what was sent, and rings at a kind."""

    def __init__(self, kind: ClockKind) -> None:
        self.sent: list[ClockKind] = []
        self.rang = threading.Event()
        self._kind = kind

    def __call__(self, kind: ClockKind) -> None:
        self.sent.append(kind)
        if kind == self._kind:
            self.rang.set()


def test_a_sender_sends_while_it_has_a_line_and_says_when_it_stops() -> None:
    wire = Wire("clock")
    sender = PulseSender(wire)
    assert wire.sent == []
    sender.follow(Line(300.0, 0.0, 0.0))
    assert wire.rang.wait(2.0)
    sender.close()
    assert wire.sent[-1] == "stop"
    assert wire.sent.count("stop") == 1


def test_a_sender_without_a_line_sends_nothing() -> None:
    wire = Wire("stop")
    sender = PulseSender(wire)
    sender.follow(Line(300.0, 0.5, 0.0))
    sender.follow(None)
    sender.close()
    assert set(wire.sent) <= {"clock", "start", "stop"}
    silent = Wire("stop")
    PulseSender(silent).close()
    assert silent.sent == []


@dataclass
class Socket:
    """The inputs of a machine that has none but the one for other software."""

    hear: Hear | None = None

    def names(self) -> list[str]:
        return []

    def opened(self, name: str, hear: Hear) -> "Socket":
        raise OSError(name)

    def virtual(self, name: str, hear: Hear) -> "Socket":
        self.hear = hear
        return self

    def close(self) -> None:
        self.hear = None


def test_the_inputs_hand_on_a_clock_with_its_time_and_nothing_else() -> None:
    socket, clocked = Socket(), []
    inputs = MidiInputs(socket, lambda: None, clocked=lambda *heard: clocked.append(heard))
    assert socket.hear
    before = time.monotonic()
    for kind in ("clock", "start", "continue", "stop", "active_sensing", "note_on"):
        socket.hear(mido.Message(kind))
    socket.hear(mido.Message("songpos", pos=9))
    heard = [(port, kind, place) for port, kind, _, place in clocked]
    kinds = ("clock", "start", "continue", "stop")
    assert heard == [*(("Kaleidream", kind, 0) for kind in kinds), ("Kaleidream", "songpos", 9)]
    assert before <= clocked[0][2] <= clocked[-1][2] <= time.monotonic()
    assert [each.message[0] for each in inputs.heard()] == [0x90]


@pytest.mark.e2e
def test_our_clock_has_our_tempo_on_the_other_side(jack: Jack) -> None:
    with plugged(jack, "nanoKONTROL2") as device, playing(jack) as player:
        player.turn("/master/tempo", 150.0)
        player.turn("/master/send_clock", 1)
        until(lambda: device.messages.count("f8") > 200, player.program)
        player.turn("/master/send_clock", 0)
        device.hears("fc")
        told = [message for message in device.messages if message in ("fa", "f8", "fc")]
        follower = PulseFollower()
        for at, message in device.heard:
            if message == "f8":
                follower.heard("clock", at / 48000)
        assert ("fa" in told, told[-1]) == (True, "fc")
        assert follower.tempo == pytest.approx(150.0, rel=0.05)  # JACK's own time loses some


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("jack_midi_clock") is None, reason="not installed")
def test_the_tempo_of_another_program_is_followed(jack: Jack) -> None:
    clock = ("jack_midi_clock", "-b", "93", "-J", "5", "Kaleidream:Kaleidream")
    with plugged(jack, "Transport") as device, playing(jack) as player, jack.started(*clock):
        player.turn("/master/clock", "midi")
        device.does("roll")
        until(lambda: abs(player.tempo() - 93.0) < 3.0, player.program)
