import json
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from jack import Jack
from jack import until as waited

from engine.bank import Bank, bank_slot
from installation.desk import Desk
from installation.music import microphone, sound
from installation.music.ear import Levels
from installation.music.sound import (
    OPENING_SECONDS,
    RING,
    Listener,
    Microphone,
    Ring,
    Sounding,
    input_named,
)
from installation.player import Pulse, read_pulse
from installation.settings import table

TABLE = table()
LIMIT = 10.0
SINE = np.sin(2 * np.pi * 440 * np.arange(4800) / 48000).astype(np.float32)


class Plugged:
    """An input that is open, or not, as we say."""

    def __init__(self) -> None:
        self.sounding: Sounding | None = None
        self.error = ""
        self.reopened = 0
        self.closed = False

    def plug(self, device: str = "card", rate: float = 48000) -> Ring:
        self.sounding = Sounding(device, rate, 0.005, Ring())
        return self.sounding.ring

    def reopen(self) -> None:
        self.reopened += 1

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def plugged() -> Plugged:
    return Plugged()


@pytest.fixture
def desk() -> Iterator[Desk]:
    slot = bank_slot(TABLE)
    bank = Bank(TABLE, slot)
    bank.start(TABLE.defaults)
    yield Desk(TABLE, bank, TABLE.defaults, lambda callback: None)
    slot.unlink()


@pytest.fixture
def listener(desk: Desk, pulse: Pulse, plugged: Plugged) -> Listener:
    return Listener(desk, pulse, plugged)


def test_what_is_put_is_taken_once_in_its_order() -> None:
    ring = Ring()
    for start in range(0, 4 * RING, RING // 4 + 1):
        samples = np.arange(start, start + RING // 4 + 1, dtype=np.float32)
        ring.put(samples)
        assert np.array_equal(ring.taken(), samples)
    assert ring.taken().tolist() == []


def test_who_is_late_gets_the_newest() -> None:
    ring = Ring()
    for start in range(0, 3 * RING, 1000):
        ring.put(np.arange(start, start + 1000, dtype=np.float32))
    taken = ring.taken()
    assert len(taken) == RING // 2
    assert np.array_equal(taken, np.arange(ring.written - RING // 2, ring.written))


def test_without_an_input_there_is_silence(desk: Desk, pulse: Pulse) -> None:
    listener = Listener(desk, pulse, input_named("none"))
    listener.tick(1.0)
    assert listener.levels == Levels()
    assert listener.figures()["device"] == ""
    listener.close()


def test_what_comes_in_is_heard_and_told(listener: Listener, plugged: Plugged) -> None:
    plugged.plug().put(SINE)
    listener.tick(1.0)
    assert listener.levels.middle == pytest.approx(1.0, abs=0.05)
    figures = listener.figures()
    assert (figures["device"], figures["lost"], figures["latency_ms"]) == ("card", 0, 5.0)
    assert figures["middle"] == pytest.approx(1.0, abs=0.05)


def test_what_was_heard_is_forgotten_with_its_input(listener: Listener, plugged: Plugged) -> None:
    plugged.plug().put(SINE)
    listener.tick(1.0)
    plugged.sounding = None
    listener.tick(2.0)
    assert listener.levels == Levels()
    plugged.plug("another", 44100).put(SINE)
    listener.tick(3.0)
    assert listener.levels.level == pytest.approx(1.0, abs=0.05)


def test_an_input_that_gives_nothing_is_opened_again(listener: Listener, plugged: Plugged) -> None:
    ring = plugged.plug()
    for tick in range(120):
        ring.put(np.zeros(800, np.float32))
        listener.tick(tick / 60)
    assert plugged.reopened == 0, "silence is not nothing"
    for tick in range(120, 120 + 50):
        listener.tick(tick / 60)
    assert plugged.reopened == 0
    for tick in range(170, 170 + 20):
        listener.tick(tick / 60)
    assert plugged.reopened == 1


def test_opening_may_take_longer(listener: Listener, plugged: Plugged) -> None:
    for seconds in range(round(OPENING_SECONDS)):
        listener.tick(seconds)
    assert plugged.reopened == 0
    listener.tick(OPENING_SECONDS + 1)
    assert plugged.reopened == 1


def test_why_nothing_is_heard_is_told_once_in_the_figures(
    listener: Listener, plugged: Plugged, pulse: Pulse
) -> None:
    plugged.error = "sound: no such input"
    for now in range(3):
        listener.tick(now)
    pulse.beat_now({})
    assert read_pulse(pulse._slot)["errors"] == ["sound: no such input"]


def test_the_input_is_closed_with_the_part(listener: Listener, plugged: Plugged) -> None:
    listener.close()
    assert plugged.closed


# Programs that stand for the one that listens to a card.
CARD = """
import array, json, sys, struct, time
print(json.dumps({"device": "card", "rate": 48000.0, "latency": 0.01}), flush=True)
for lost in (0, 1, 0):
    sys.stdout.buffer.write(struct.pack("=?I", lost, 256) + array.array("f", [0.5] * 256).tobytes())
sys.stdout.buffer.flush()
"""
LASTING = CARD + "time.sleep(60)"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "RETRY_SECONDS", 0.01)


@pytest.fixture
def listening() -> Iterator[Callable[[str], Microphone]]:
    made: list[Microphone] = []

    def listening(text: str) -> Microphone:
        made.append(Microphone((sys.executable, "-c", text)))
        return made[-1]

    yield listening
    for each in made:
        each.close()


Listening = Callable[[str], Microphone]


def until(so: Callable[[], object]) -> None:
    end = time.monotonic() + LIMIT
    while not so():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_what_the_card_gives_is_in_the_ring(listening: Listening) -> None:
    microphone = listening(LASTING)
    until(lambda: microphone.sounding and microphone.sounding.ring.written == 3 * 256)
    sounding = microphone.sounding
    assert sounding
    assert (sounding.device, sounding.rate, sounding.lost) == ("card", 48000.0, 1)
    assert sounding.ring.taken().tolist() == [0.5] * 3 * 256


@pytest.mark.usefixtures("quick")
def test_a_card_that_was_lost_is_opened_again(listening: Listening) -> None:
    microphone = listening(CARD)
    until(lambda: microphone.error == "sound: lost card")
    until(lambda: microphone.sounding)


def test_what_breaks_off_amid_a_block_is_left_out(listening: Listening) -> None:
    microphone = listening(CARD + "sys.stdout.buffer.write(struct.pack('=?I', 0, 256) + b'abc')")
    until(lambda: microphone.error == "sound: lost card")


def test_giving_up_ends_the_program(listening: Listening) -> None:
    microphone = listening(LASTING)
    until(lambda: microphone.sounding)
    microphone.reopen()
    until(lambda: microphone.error == "sound: lost card")


def test_closing_ends_the_program_and_is_no_loss(listening: Listening) -> None:
    microphone = listening(LASTING)
    until(lambda: microphone.sounding)
    process = microphone._process
    microphone.close()
    assert process is not None
    assert process.poll() is not None
    assert microphone._process is process


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('print(\'{"error": "no card"}\')', "sound: no card"),
        ("raise SystemExit(1)", "sound: its program ended"),
    ],
)
def test_why_it_cannot_be_opened_is_logged_once(
    listening: Listening, caplog: pytest.LogCaptureFixture, text: str, why: str
) -> None:
    microphone = listening(text)
    until(lambda: microphone.error == why)
    before = microphone._process
    until(lambda: microphone._process is not before)
    assert len(caplog.messages) == 1


def test_without_its_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(OSError, match=r"pip install 'kaleidream\[audio\]'"):
        microphone._library()


class Library:
    """What sounddevice says of two cards."""

    def query_devices(self) -> list[dict[str, object]]:
        return [
            {"name": "HDMI", "max_input_channels": 0},
            {"name": "USB Audio", "max_input_channels": 2},
        ]


def test_an_unknown_name_lists_the_inputs_there_are() -> None:
    with pytest.raises(OSError, match="expected an input named 'hdmi', found USB Audio"):
        microphone.found(Library(), "hdmi")


def test_a_part_of_a_name_is_enough() -> None:
    assert microphone.found(Library(), "usb")["name"] == "USB Audio"


# Five clicks, 0.6 s apart.
CLICKS = """
<CsoundSynthesizer>
<CsInstruments>
sr = 48000
ksmps = 64
nchnls = 1
0dbfs = 1
instr 1
  aclick rand 0.5
  out aclick
endin
</CsInstruments>
<CsScore>
i 1 4.0 0.01
i 1 4.6 0.01
i 1 5.2 0.01
i 1 5.8 0.01
i 1 6.4 0.01
e 8
</CsScore>
</CsoundSynthesizer>
"""

# The control player, a modulator of which lifts the dream at each onset; says when it was lifted.
LIFTED = """
import asyncio, json, threading, time
from engine.bank import Bank
from installation.control import listen
from installation.plan import Plan, wired
from installation.player import Pulse, read_pulse
from installation.settings import table

parameters = table()
wires = wired(parameters)
start = list(parameters.defaults)
for name, value in {"target": "/dream/amount", "shape": "onset", "depth": 1.0}.items():
    parameter = parameters[f"/modulator/1/{name}"]
    start[parameter.index] = parameter.value(value)
start[parameters["/dream/amount"].index] = 0.0
bank = Bank(parameters, wires.bank)
bank.start(start)
stopping, lifted, high = threading.Event(), [], False

async def play():
    global high
    plan = Plan(tuple(start), sound="clicks", midi="none", osc_port=0)
    playing = asyncio.create_task(listen(plan, wires, stopping, Pulse(wires.pulses["control"])))
    end = time.monotonic() + 8
    while time.monotonic() < end:
        await asyncio.sleep(0.005)
        amount = bank.read().played("/dream/amount")
        if amount > 0.4 and not high:
            lifted.append(time.monotonic())
        high = amount > 0.2
    stopping.set()
    await playing

asyncio.run(play())
print(json.dumps([lifted, read_pulse(wires.pulses["control"])["sound"]]), flush=True)
wires.unlink()
"""


@pytest.mark.e2e
def test_clicks_that_csound_plays_lift_the_dream(jack: Jack) -> None:
    pytest.importorskip("sounddevice", reason="the extra audio, or PortAudio, is missing")
    score = jack.folder / "clicks.csd"
    score.write_text(CLICKS, "utf-8")
    played = ("csound", "-+rtaudio=jack", "-odac:null", "-+jack_client=clicks", "-d", "-m0")
    with jack.started(*played, str(score)), jack.started(sys.executable, "-c", LIFTED) as show:
        waited(lambda: any(line.startswith("[[") for line in show.lines), show)
        lifted, heard = json.loads(next(line for line in show.lines if line.startswith("[[")))
    assert heard["device"] == "clicks", show.lines
    assert len(lifted) == 5
    assert np.diff(lifted) == pytest.approx([0.6] * 4, abs=0.2)
