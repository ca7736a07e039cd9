"""Which device is told what, as devices come and go and mappings change."""

from dataclasses import dataclass, field
from pathlib import Path

import mido
import pytest

from engine.bank import Bank
from installation.desk import Desk
from installation.feedback import Feedback
from installation.settings import table
from mappings.files.catalogue import Catalogue
from mappings.mapping import Control, ControlEvent, Turn
from mappings.midi.outputs import MidiOutputs

TABLE = table()
NANO, SOLO, SOLO_LAMP = "nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0", "/strip/2/solo", 33
MINE = """
name = "mine"
ports = ["pads"]
source = "-"
hello = [[0xF0, 0x7D, 0xF7]]
[[control]]
note = 5
to = "/strip/2/solo"
mode = "toggle"
"""


@dataclass
class Cable:
    sent: list[mido.Message] = field(default_factory=list)

    def send(self, message: mido.Message) -> None:
        self.sent.append(message)

    def close(self) -> None:
        """Nothing more comes."""


@dataclass
class Sockets:
    there: list[str] = field(default_factory=list)
    cables: dict[str, Cable] = field(default_factory=dict)

    def names(self) -> list[str]:
        return list(self.there)

    def opened(self, name: str) -> Cable:
        self.cables[name] = Cable()
        return self.cables[name]

    def virtual(self, name: str) -> None:
        return None

    def close(self) -> None:
        """Ports of tests need no looking for."""


class Stand:
    """A desk, and what stands before it. ``told``: the messages since the last look."""

    def __init__(self, bank: Bank, home: Path, wanted: str | None = None) -> None:
        self.sockets = Sockets()
        self.home = home
        self.desk = Desk(TABLE, bank, TABLE.defaults, lambda soon: None)
        self.catalogue = Catalogue(TABLE, home)
        outputs = MidiOutputs(self.sockets)
        self.feedback = Feedback(outputs, self.catalogue, TABLE, self.desk, wanted)
        self._now = 100.0

    def plug(self, *names: str, heard: tuple[str, ...] = ()) -> None:
        """These outputs are there, and these inputs."""
        self.sockets.there = list(names)
        self.feedback.scan(heard)

    def told(self, name: str) -> list[mido.Message]:
        for _ in range(60):
            self._now += 1 / 60
            self.feedback.tick(self._now)
        sent, self.sockets.cables[name].sent = self.sockets.cables[name].sent, []
        return sent

    def turn(self, address: str, amount: float) -> None:
        self.desk.turn([Turn(address, amount)], print)
        self.desk.settle()

    def hand(self, port: str, control: Control, position: float) -> None:
        self.feedback.moved(port, ControlEvent(control, position), self._now)


@pytest.fixture
def stand(bank: Bank, tmp_path: Path) -> Stand:
    return Stand(bank, tmp_path)


def lamp(number: int, value: int) -> mido.Message:
    return mido.Message("control_change", control=number, value=value)


def test_a_device_that_comes_is_told_everything_once(stand: Stand) -> None:
    stand.turn(SOLO, 1)
    stand.plug(NANO)
    told = stand.told(NANO)
    assert lamp(SOLO_LAMP, 127) in told
    assert len(told) == len({message.control for message in told}) > 30
    stand.plug(NANO)
    assert stand.told(NANO) == []


def test_a_change_is_told_and_a_panic_takes_it_back(stand: Stand) -> None:
    stand.plug(NANO)
    stand.told(NANO)
    stand.turn(SOLO, 1)
    assert stand.told(NANO) == [lamp(SOLO_LAMP, 127)]
    stand.turn("/master/panic", 1)
    assert stand.told(NANO) == [lamp(SOLO_LAMP, 0)]


def test_a_scene_tells_only_what_differs(stand: Stand) -> None:
    stand.plug(NANO)
    stand.told(NANO)
    stand.desk.put({f"/strip/{strip}/mute": float(strip < 3) for strip in range(1, 9)})
    assert stand.told(NANO) == [lamp(48, 127), lamp(49, 127)]


def test_a_device_that_returns_is_told_everything_again(stand: Stand) -> None:
    stand.plug(NANO)
    before = stand.told(NANO)
    stand.plug()
    stand.plug(NANO)
    assert stand.told(NANO) == before


def test_a_device_nobody_hears_and_no_file_names_is_left_alone(stand: Stand) -> None:
    stand.plug("Synth:Synth MIDI 1 24:0")
    assert stand.sockets.cables == {}
    stand.plug("Synth:Synth MIDI 1 24:0", heard=("Synth:Synth MIDI 1",))
    assert stand.told("Synth:Synth MIDI 1 24:0") == []


def test_only_wanted_devices_are_told(bank: Bank, tmp_path: Path) -> None:
    stand = Stand(bank, tmp_path, wanted="PADS")
    stand.plug(NANO)
    assert stand.sockets.cables == {}


def test_a_users_file_says_what_its_device_is_told_and_greeted_with(stand: Stand) -> None:
    (stand.home / "mine.toml").write_text(MINE, "utf-8")
    stand.catalogue.scan()
    stand.plug("pads 24:0")
    told = stand.told("pads 24:0")
    assert [each.hex() for each in told] == ["F0 7D F7", "90 05 00"]


def test_a_file_that_changes_tells_its_device_anew(stand: Stand) -> None:
    file = stand.home / "mine.toml"
    file.write_text(MINE, "utf-8")
    stand.catalogue.scan()
    stand.plug("pads 24:0")
    stand.told("pads 24:0")
    file.write_text(MINE.replace("note = 5", "note = 64"), "utf-8")
    stand.catalogue.scan()
    stand.feedback.remapped()
    told = [each.hex() for each in stand.told("pads 24:0")]
    assert told == ["90 05 00", "F0 7D F7", "90 40 00"]


def test_a_lamp_that_shows_nothing_any_more_goes_out_and_the_others_do_not_flicker(
    stand: Stand,
) -> None:
    both = MINE + '[[control]]\nnote = 7\nto = "/strip/2/solo"\nmode = "toggle"\n'
    file = stand.home / "mine.toml"
    file.write_text(both, "utf-8")
    stand.catalogue.scan()
    stand.turn(SOLO, 1)
    stand.plug("pads 24:0")
    assert [each.hex() for each in stand.told("pads 24:0")] == ["F0 7D F7", "90 05 7F", "90 07 7F"]
    file.write_text(both.replace("note = 5", "note = 64"), "utf-8")
    stand.catalogue.scan()
    stand.feedback.remapped()
    told = [each.hex() for each in stand.told("pads 24:0")]
    assert told == ["90 05 00", "F0 7D F7", "90 40 7F", "90 07 7F"]


@pytest.mark.parametrize("port", ["nanoKONTROL2:nanoKONTROL2 MIDI 1", "nanoKONTROL2 SLIDER/KNOB"])
def test_a_hand_is_known_by_its_input_though_that_is_called_otherwise(
    stand: Stand, port: str
) -> None:
    stand.plug(NANO)
    stand.told(NANO)
    stand.hand(port, Control("cc", SOLO_LAMP, 1), 0.0)  # a button that is let go
    assert stand.told(NANO) == [lamp(SOLO_LAMP, 0)]
    stand.hand("pads", Control("cc", SOLO_LAMP, 1), 0.0)
    assert stand.told(NANO) == []


def test_two_devices_of_one_model_are_two(stand: Stand) -> None:
    nano, second = NANO, NANO.replace("20:0", "24:0")
    stand.plug(nano, second)
    both = [stand.told(name) for name in (nano, second)]
    assert both[0] == both[1] != []
    stand.hand("nanoKONTROL2:nanoKONTROL2 MIDI 1 #2", Control("cc", SOLO_LAMP, 1), 0.0)
    assert stand.told(second) == [lamp(SOLO_LAMP, 0)]
    assert stand.told(nano) == []


def test_the_second_of_a_model_can_have_a_file_of_its_own(stand: Stand) -> None:
    own = MINE.replace('"pads"', '"MIDI 1 #2"').replace("note = 5", "note = 64")
    (stand.home / "mine.toml").write_text(own.replace("source", "alone = true\nsource"), "utf-8")
    stand.catalogue.scan()
    second = NANO.replace("20:0", "24:0")
    stand.plug(NANO, second)
    assert [each.hex() for each in stand.told(second)] == ["F0 7D F7", "90 40 00"]
    assert len(stand.told(NANO)) > 30


def test_at_the_end_the_lamps_go_out(stand: Stand) -> None:
    stand.turn(SOLO, 1)
    stand.plug(NANO)
    stand.told(NANO)
    stand.feedback.close()
    sent = stand.sockets.cables[NANO].sent
    assert lamp(SOLO_LAMP, 0) in sent
    assert {message.value for message in sent} == {0}
