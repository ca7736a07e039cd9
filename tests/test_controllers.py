"""The part of the control player that controllers are plugged into: doubles for ports, loop and
disk."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import cast

import mido
import pytest
from ports import Refusing

from engine.bank import Bank, bank_slot
from engine.frame import Slot
from installation.backstage import Backstage
from installation.controllers import SCAN_SECONDS, Controllers
from installation.desk import Desk
from installation.plan import Plan
from installation.player import Pulse, read_pulse
from installation.settings import table
from mappings.mapping import Turn
from mappings.midi.inputs import VIRTUAL, Hear
from mappings.osc.requests import Office, Request

TABLE = table()
GAIN, ZOOM, FADE = "/strip/1/gain", "/scope/zoom", "/master/fade"
DESK = "desk 20:0"


class Cable:
    def __init__(self, hear: Hear) -> None:
        self.hear = hear
        self.open = True

    def close(self) -> None:
        self.hear = lambda message: None
        self.open = False


class Sockets:
    """Inputs that come and go as a test says."""

    def __init__(self) -> None:
        self.there = [DESK]
        self.cables: dict[str, Cable] = {}

    def names(self) -> list[str]:
        return list(self.there)

    def opened(self, name: str, hear: Hear) -> Cable:
        self.cables[name] = Cable(hear)
        return self.cables[name]

    virtual = opened

    def close(self) -> None:
        """Ports of tests need no looking for."""


class Lamps:
    """An output that remembers what it was told while it was open."""

    def __init__(self) -> None:
        self.told: list[mido.Message] = []
        self.open = True

    def send(self, message: mido.Message) -> None:
        assert self.open
        self.told.append(message)

    def close(self) -> None:
        self.open = False


class Outputs:
    """None are there, unless a test says so."""

    def __init__(self) -> None:
        self.there: list[str] = []
        self.lamps: dict[str, Lamps] = {}

    def names(self) -> list[str]:
        return list(self.there)

    def close(self) -> None:
        """None are looked for."""

    def opened(self, name: str) -> Lamps:
        self.lamps[name] = Lamps()
        return self.lamps[name]

    def virtual(self, name: str) -> None:
        return None


class Loop:
    """What is to be done soon, and is when the test says so."""

    def __init__(self) -> None:
        self._later: list[Callable[[], object]] = []

    def call_soon_threadsafe(self, callback: Callable[[], object]) -> None:
        self._later.append(callback)

    def turn(self) -> None:
        while self._later:
            self._later.pop(0)()


class Disk:
    """``waiting``: what was to be done, and is not while it ``hangs``."""

    def __init__(self) -> None:
        self.hangs = False
        self.waiting: list[tuple[Future[object], Callable[[], object], Callable[[], object]]] = []

    def do(
        self, deed: Callable[[], object], then: Callable[[], object] | None = None
    ) -> "Future[object]":
        assert then
        done: Future[object] = Future()
        self.waiting.append((done, deed, then))
        return done

    def turn(self) -> None:
        while self.waiting and not self.hangs:
            done, deed, then = self.waiting.pop(0)
            done.set_result(deed())
            then()


class Stand:
    """A desk with one controller before it."""

    def __init__(self, folder: Path, bank: Bank, pulse: Pulse) -> None:
        self.folder = folder
        self.sockets, self.loop, self.office = Sockets(), Loop(), Office()
        self.outputs, self.disk = Outputs(), Disk()
        self.desk = Desk(TABLE, bank, TABLE.defaults, self.loop.call_soon_threadsafe)
        self.now = 1000.0
        self.part: Controllers
        self._bank, self._pulse = bank, pulse

    def plug(self, mapping: Path | None = None) -> "Stand":
        loop = cast(asyncio.AbstractEventLoop, self.loop)
        plan = Plan(TABLE.defaults, home=self.folder, mapping=mapping)
        backstage = Backstage(self.folder, TABLE, self.desk, self.office, self.disk.do, self._pulse)
        self.part = Controllers(plan, backstage, loop)
        self.now = time.monotonic()
        return self

    def plays(self, *messages: mido.Message, port: str = DESK, seconds: float = 1.0) -> None:
        """Each alone, and so long after it nothing but ticks."""
        for message in messages:
            self.sockets.cables[port].hear(message)
            self.loop.turn()
            self.goes_on(seconds)

    def goes_on(self, seconds: float) -> None:
        for _ in range(int(seconds * 10)):
            self.now += 0.1
            self.part.tick(self.now)
            self.disk.turn()
            self.loop.turn()

    def asks(self, address: str, *arguments: str) -> None:
        self.office.ask(Request(address, arguments))

    def elsewhere(self, address: str, value: float) -> None:
        self.desk.turn([Turn(address, value)], lambda error: None)
        self.loop.turn()

    @property
    def figures(self) -> dict[str, object]:
        return self.part.figures()

    @property
    def learn(self) -> dict[str, str]:
        return cast(dict[str, str], self.figures["learn"])


def cc(number: int, value: int) -> mido.Message:
    return mido.Message("control_change", control=number, value=value)


def sweep(number: int) -> list[mido.Message]:
    return [cc(number, value) for value in range(0, 128, 8)]


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beaten: Slot) -> Iterator[Stand]:
    slot = bank_slot(TABLE)
    bank = Bank(TABLE, slot)
    bank.start(TABLE.defaults)
    made = Stand(tmp_path, bank, Pulse(beaten))
    monkeypatch.setattr("installation.controllers.system_ports", lambda: made.sockets)
    monkeypatch.setattr("installation.controllers.system_outputs", lambda: made.outputs)
    yield made.plug()
    made.part.close()
    slot.unlink()


@pytest.mark.parametrize("port", [DESK, VIRTUAL])
def test_a_fader_that_starts_where_its_parameter_stands_turns_it(stand: Stand, port: str) -> None:
    stand.plays(cc(20, 0), cc(20, 127), port=port)  # the first strip's gain
    assert stand.desk.values[GAIN] == 1.0


def test_a_fader_that_stands_elsewhere_waits_and_says_so(stand: Stand) -> None:
    stand.plays(cc(20, 127))
    assert stand.desk.values[GAIN] == 0.0
    assert stand.figures["waiting"] == [{"address": GAIN, "position": 0.5, "control": 1.0}]
    stand.plays(cc(20, 0))
    assert stand.figures["waiting"] == []


@pytest.mark.parametrize("address", ["/scene/recall", "/master/panic"])
def test_a_scene_and_a_panic_shake_off_every_fader(stand: Stand, address: str) -> None:
    stand.plays(cc(20, 0), cc(20, 100))
    stand.elsewhere(address, 1)
    stand.elsewhere(GAIN, 0.0)
    stand.plays(cc(20, 90))
    assert stand.desk.values[GAIN] == 0.0


def test_a_device_that_returns_takes_hold_anew(stand: Stand) -> None:
    stand.plays(cc(20, 0), cc(20, 100))
    stand.sockets.there = []
    stand.goes_on(2 * SCAN_SECONDS)
    assert stand.figures["ports"] == []
    stand.sockets.there = ["desk 24:0"]
    stand.goes_on(2 * SCAN_SECONDS)
    stand.elsewhere(GAIN, 0.5)
    stand.plays(cc(20, 0), port="desk 24:0")
    stand.plays(cc(20, 40), port="desk 24:0")
    assert stand.desk.values[GAIN] == 0.5
    stand.plays(cc(20, 127), port="desk 24:0")
    assert stand.desk.values[GAIN] == 1.0


def test_two_devices_play_side_by_side(stand: Stand) -> None:
    stand.sockets.there = [DESK, "pads 24:0"]
    stand.goes_on(2 * SCAN_SECONDS)
    stand.plays(cc(20, 0), cc(20, 127))
    stand.plays(cc(21, 0), cc(21, 127), port="pads 24:0")
    assert (stand.desk.values[GAIN], stand.desk.values["/strip/2/gain"]) == (1.0, 1.0)


def test_two_devices_of_one_model_have_hands_of_their_own(stand: Stand) -> None:
    second = "desk 24:0"
    stand.sockets.there = [DESK, second]
    stand.goes_on(2 * SCAN_SECONDS)
    assert stand.figures["ports"] == ["desk", "desk #2"]
    stand.plays(cc(20, 0))  # takes hold
    stand.plays(cc(20, 127), port=second)
    assert stand.desk.values[GAIN] == 0.0
    stand.plays(cc(20, 127))
    assert stand.desk.values[GAIN] == 1.0


def test_a_control_that_two_ports_hear_glides_to_its_end(stand: Stand) -> None:
    stand.sockets.there = [DESK, "pads 24:0"]
    stand.goes_on(2 * SCAN_SECONDS)
    for message in (cc(20, 0), cc(20, 127)):
        for port in stand.sockets.there:
            stand.sockets.cables[port].hear(message)
            stand.loop.turn()
        stand.now = time.monotonic()
        for _ in range(20):
            stand.now += 0.01
            stand.part.tick(stand.now)
    assert stand.desk.values[GAIN] == 1.0


def test_a_control_that_is_learnt_plays_at_once(stand: Stand) -> None:
    stand.asks("/learn", ZOOM)
    assert stand.learn["address"] == ZOOM
    stand.plays(*sweep(90), seconds=0.1)
    assert stand.learn["address"] == ""
    assert stand.learn["heard"].startswith("CC 90 (channel 1) of desk")
    assert (stand.folder / "mappings" / "desk.toml").exists()
    stand.plays(cc(90, 127), cc(90, 0))
    assert stand.desk.values[ZOOM] == 0.25


def test_while_it_is_learnt_nothing_is_turned(stand: Stand) -> None:
    stand.asks("/learn", ZOOM)
    stand.plays(*sweep(20), seconds=0.1)
    assert stand.desk.values[GAIN] == 0.0
    assert "no more /strip/1/gain" in stand.learn["said"]


def test_while_the_disk_hangs_everything_else_is_played(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    stand.disk.hangs = True
    stand.asks("/learn", ZOOM)
    stand.plays(*sweep(20), seconds=0.1)
    stand.goes_on(5 * SCAN_SECONDS)
    stand.plays(cc(20, 0), cc(20, 127), cc(21, 0), cc(21, 127))
    assert (stand.desk.values[GAIN], stand.desk.values["/strip/2/gain"]) == (0.0, 1.0)
    assert "being written" in stand.learn["said"]
    assert len(stand.disk.waiting) == 2, "what is learnt, and one look at the files"
    stand.disk.hangs = False
    stand.disk.turn()
    assert f"turns {ZOOM} now" in stand.learn["said"]
    stand.plays(cc(20, 127), cc(20, 0))
    assert stand.desk.values[ZOOM] == 0.25


def test_what_cannot_be_written_is_said_and_the_knob_lives_on(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    (stand.folder / "mappings").touch()  # a file, where the folder should be
    stand.asks("/learn", ZOOM)
    stand.plays(*sweep(20), seconds=0.1)
    assert "mappings" in stand.learn["said"]
    assert caplog.text.count(stand.learn["said"]) == 1
    stand.plays(cc(20, 0), cc(20, 127))
    assert stand.desk.values[GAIN] == 1.0


def test_a_disk_that_too_many_wait_for_ends_nothing(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*deed: object) -> None:
        raise OSError("too many wait for the disk")

    monkeypatch.setattr(stand.part, "_do", full)
    stand.goes_on(2 * SCAN_SECONDS)
    assert "too many wait for the disk" in caplog.text
    stand.plays(cc(20, 0), cc(20, 127))
    assert stand.desk.values[GAIN] == 1.0


PANIC_ON_36 = """
name = "mine"
ports = ["desk"]
[[control]]
note = 36
to = "/master/panic"
"""


@pytest.fixture
def panicking(stand: Stand) -> Stand:
    """With a pad that cries panic, and a gain that it takes back."""
    (stand.folder / "mappings").mkdir()
    (stand.folder / "mappings" / "mine.toml").write_text(PANIC_ON_36)
    stand.goes_on(2 * SCAN_SECONDS)
    stand.elsewhere(GAIN, 1.0)
    return stand


PAD = (mido.Message("note_on", note=36, velocity=9), mido.Message("note_off", note=36))


def test_who_cries_panic_is_heard_while_something_is_learnt_and_the_knobs_live(
    panicking: Stand,
) -> None:
    panicking.asks("/learn", ZOOM)
    panicking.plays(*PAD)
    assert panicking.desk.values[GAIN] == 0.0
    assert panicking.learn["address"] == ""
    assert panicking.learn["said"] == f"{ZOOM}: nothing learnt"
    panicking.plays(cc(20, 0), cc(20, 127))
    assert panicking.desk.values[GAIN] == 1.0


def test_a_panic_from_elsewhere_ends_the_lesson_too(stand: Stand) -> None:
    stand.asks("/learn", ZOOM)
    stand.elsewhere("/master/panic", 1)
    assert stand.learn["address"] == ""


def test_the_pad_that_panic_is_learnt_on_anew_does_not_cry_it(panicking: Stand) -> None:
    panicking.asks("/learn", "/master/panic")
    panicking.plays(*PAD)
    assert panicking.desk.values[GAIN] == 1.0
    assert "turns /master/panic now" in panicking.learn["said"]
    panicking.plays(*PAD)
    assert panicking.desk.values[GAIN] == 0.0


def test_what_is_learnt_anew_leaves_a_backup_that_plays_nothing(stand: Stand) -> None:
    kept = []
    for number in (90, 91):
        stand.asks("/learn", ZOOM)
        stand.plays(*sweep(number), seconds=0.1)
        kept.append((stand.folder / "mappings" / "desk.toml").read_bytes())
    (backup,) = (stand.folder / "mappings" / "backup").rglob("*.toml")
    assert backup.read_bytes() == kept[0] != kept[1]
    before = stand.desk.values[ZOOM]
    stand.plays(cc(90, 127), cc(90, 0))
    assert stand.desk.values[ZOOM] == before


def test_learning_can_be_broken_off(stand: Stand) -> None:
    stand.asks("/learn", ZOOM)
    stand.asks("/learn/cancel")
    stand.plays(*sweep(20), seconds=0.2)
    assert stand.learn["address"] == ""
    assert stand.desk.values[GAIN] > 0.9


def test_what_is_forgotten_plays_as_it_is_shipped_at_once(stand: Stand) -> None:
    stand.asks("/learn", ZOOM)
    stand.plays(*sweep(20), seconds=0.1)
    stand.asks("/learn/forget", ZOOM)
    stand.disk.turn()
    before = stand.desk.values[ZOOM]
    stand.plays(cc(20, 0), cc(20, 127))
    assert (stand.desk.values[ZOOM], stand.desk.values[GAIN]) == (before, 1.0)


def test_a_users_file_that_changes_counts_within_a_second(stand: Stand) -> None:
    folder = stand.folder / "mappings"
    folder.mkdir()
    row = f'[[control]]\ncc = 20\nto = "{FADE}"\ntakeover = "jump"\n'
    (folder / "mine.toml").write_text(f'name = "mine"\nports = ["desk"]\n{row}')
    stand.goes_on(2 * SCAN_SECONDS)
    stand.plays(cc(20, 0))
    assert stand.desk.values[FADE] == 0.0


def test_a_users_file_that_is_broken_is_said(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    folder = stand.folder / "mappings"
    folder.mkdir()
    (folder / "mine.toml").write_text("name = ")
    with caplog.at_level(logging.WARNING):
        stand.goes_on(2 * SCAN_SECONDS)
    assert caplog.text.count("mine.toml: ") == 1


def test_a_glide_is_made_of_the_desks_turns(stand: Stand) -> None:
    told: list[float] = []
    stand.desk.hear(lambda address, value: told.append(value))
    stand.plays(cc(20, 0), cc(20, 127))
    assert told[-1] == 1.0
    assert stand.desk.read()[GAIN] == 1.0


def test_without_inputs_nothing_can_be_learnt(tmp_path: Path, beaten: Slot) -> None:
    slot, loop, office = bank_slot(TABLE), cast(asyncio.AbstractEventLoop, Loop()), Office()
    bank = Bank(TABLE, slot)
    bank.start(TABLE.defaults)
    desk = Desk(TABLE, bank, TABLE.defaults, lambda callback: None)
    plan = Plan(TABLE.defaults, home=tmp_path, midi="none")
    backstage = Backstage(tmp_path, TABLE, desk, office, Disk().do, Pulse(beaten))
    part = Controllers(plan, backstage, loop)
    with pytest.raises(LookupError, match="/learn: expected somebody who does it"):
        office.ask(Request("/learn", (ZOOM,)))
    assert part.figures() == {"received": 0, "ports": []}
    assert read_pulse(beaten) == {}
    slot.unlink()


class Eager(Sockets):
    """Says something as soon as it is opened."""

    def opened(self, name: str, hear: Hear) -> Cable:
        hear(cc(20, 0))
        return super().opened(name, hear)

    virtual = opened


class Open(Outputs):
    """With a port for other software."""

    closed = False

    def virtual(self, name: str) -> Lamps:  # type: ignore[override]  # the others have none
        return self.opened(name)

    def close(self) -> None:
        self.closed = True


def none() -> Outputs:
    raise OSError("MIDI: no sequencer")


@pytest.mark.parametrize("outputs", [Refusing, none])
def test_where_the_outputs_fail_no_input_stays_open(
    tmp_path: Path,
    bank: Bank,
    beaten: Slot,
    monkeypatch: pytest.MonkeyPatch,
    outputs: Callable[[], Outputs],
) -> None:
    stand = Stand(tmp_path, bank, Pulse(beaten))
    stand.sockets = Eager()
    monkeypatch.setattr("installation.controllers.system_ports", lambda: stand.sockets)
    monkeypatch.setattr("installation.controllers.system_outputs", outputs)
    stand.plug()
    stand.loop.turn()
    assert stand.figures == {"received": 0, "ports": []}
    assert not any(cable.open for cable in stand.sockets.cables.values())
    stand.goes_on(2 * SCAN_SECONDS)
    stand.part.close()


@pytest.mark.parametrize("inputs", [Refusing, none])
def test_where_the_inputs_fail_no_output_stays_open(
    tmp_path: Path,
    bank: Bank,
    beaten: Slot,
    monkeypatch: pytest.MonkeyPatch,
    inputs: Callable[[], Refusing],
) -> None:
    stand, outputs = Stand(tmp_path, bank, Pulse(beaten)), Open()
    monkeypatch.setattr("installation.controllers.system_ports", inputs)
    monkeypatch.setattr("installation.controllers.system_outputs", lambda: outputs)
    stand.plug()
    assert stand.figures == {"received": 0, "ports": []}
    assert (outputs.closed, [lamps.open for lamps in outputs.lamps.values()]) == (True, [False])
    stand.part.close()


def test_a_file_of_the_command_line_that_broke_meanwhile_is_said_and_the_show_goes_on(
    stand: Stand, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    given = tmp_path / "given.toml"
    given.write_text("name = ")
    stand.part.close()
    stand.office = Office()
    stand.plug(given)
    assert "given.toml: line 1: expected TOML" in caplog.text
    stand.plays(cc(20, 0), cc(20, 127))
    assert stand.desk.values[GAIN] == 1.0


def test_at_the_end_the_lamps_are_put_out_before_the_ports_close(stand: Stand) -> None:
    nano = "nanoKONTROL2 20:0"
    stand.outputs.there = [nano]
    stand.elsewhere("/strip/1/solo", 1)
    stand.goes_on(2 * SCAN_SECONDS)
    lamps = stand.outputs.lamps[nano]
    assert cc(32, 127) in lamps.told
    stand.part.close()
    assert not lamps.open
    assert [each.value for each in lamps.told if each.control == 32] == [127, 0]
