"""Which control was moved on purpose, and what becomes of it."""

import argparse
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import mido
import pytest

from engine.parameters import Trigger
from installation.doctor import MIDI_FIX
from installation.keeping import keep
from installation.learning import learn, options
from installation.settings import table
from mappings.files.catalogue import Catalogue
from mappings.files.loading import load_mapping
from mappings.mapping import Control, Encoder, Follow, Press, Turn
from mappings.midi.decoding import Decoder
from mappings.midi.inputs import Hear
from mappings.midi.learning import GIVEN_UP_SECONDS, Learning, learnt_row
from mappings.midi.lesson import UNASKED, Learnt, Lesson

TABLE = table()
ZOOM, FADE, FOLDS, FREEZE = "/scope/zoom", "/master/fade", "/scope/folds", "/master/freeze"
DESK = "desk"

Message = tuple[int, ...]


def cc(number: int, *values: int, channel: int = 1) -> list[Message]:
    return [(0xB0 + channel - 1, number, value) for value in values]


def note(number: int, velocity: int) -> Message:
    return 0x90, number, velocity


def nobody(port: str) -> list[Control]:
    return []


def taught(
    *messages: Iterable[Message], lesson: Lesson | None = None, port: str = DESK
) -> tuple[Learnt | None, int]:
    """What is learnt, and by how many messages."""
    lesson, decoder = lesson or Lesson(nobody), Decoder()
    heard = [message for part in messages for message in part]
    for count, message in enumerate(heard, 1):
        learnt = lesson.hear(port, decoder.events(message, count * 0.01))
        if learnt:
            return learnt, count
    return None, len(heard)


def knob(number: int, bits: int = 7) -> Learnt:
    return Learnt(DESK, Control("cc", number, 1, bits))


@pytest.mark.parametrize("values", [range(40, 128), range(127, -1, -1), range(0, 128, 7)])
def test_a_knob_is_learnt_once_it_went_a_quarter_of_its_way(values: Sequence[int]) -> None:
    learnt, count = taught(cc(21, *values))
    assert learnt == knob(21)
    assert abs(values[count - 1] - values[0]) / 127 == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("values", [[64], range(64, 90), [64, 65] * 100, [0, 1, 0, 1]])
def test_less_than_that_is_nothing(values: Sequence[int]) -> None:
    assert taught(cc(21, *values))[0] is None


def test_the_knob_that_travels_is_found_among_others_that_tremble() -> None:
    chance = random.Random(1)
    messages = []
    for value in range(20, 80):
        messages += cc(30, 64 + chance.randint(-6, 6))
        messages += cc(31, 100 + chance.randint(-3, 3))
        messages += cc(21, value)
    assert taught(messages)[0] == knob(21)


def test_of_two_that_travel_the_further_is_learnt() -> None:
    messages = [each for value in range(60) for each in (*cc(30, value // 2), *cc(21, value))]
    assert taught(messages)[0] == knob(21)


@pytest.mark.parametrize("number", sorted(UNASKED))
def test_what_keyboards_send_by_themselves_is_never_learnt(number: int) -> None:
    assert taught(cc(number, *range(128)), cc(number, 127, 0))[0] is None


@pytest.mark.parametrize("number", sorted(UNASKED - {98, 99, 100, 101}))
def test_but_it_is_where_the_device_is_known_to_have_a_knob_there(number: int) -> None:
    lesson = Lesson({DESK: [Control("cc", number)]}.__getitem__)
    assert taught(cc(number, *range(128)), lesson=lesson)[0] == knob(number)


@pytest.mark.parametrize(
    "messages",
    [
        [(0xF8,)] * 100,
        [(0xFE,), (0xFA,), (0xFC,), (0xFB,)],
        [(0x80, 36, 64)],
        [note(36, 0)],
        [(0xD0, value) for value in range(128)],
    ],
)
def test_clocks_releases_and_pressure_are_nothing(messages: list[Message]) -> None:
    assert taught(messages)[0] is None


def test_a_note_is_a_button_at_once() -> None:
    assert taught([note(36, 1)]) == (Learnt(DESK, Control("note", 36, 1), button=True), 1)


def test_a_program_is_a_button_at_once() -> None:
    assert taught([(0xC2, 7)])[0] == Learnt(DESK, Control("program", 7, 3), button=True)


@pytest.mark.parametrize("values", [(127, 0), (0, 127), (64, 0), (100, 0)])
def test_a_control_change_that_is_pressed_and_let_go_is_a_button(values: tuple[int, int]) -> None:
    assert taught(cc(41, *values))[0] == Learnt(DESK, Control("cc", 41, 1), button=True)


def test_a_button_is_not_learnt_by_its_press_alone() -> None:
    assert taught(cc(41, 127))[0] is None


UP_THEN_BACK = {  # by what the knob is turned up, and back
    "twos complement": (cc(16, 1, 1, 2, 1), cc(16, 127, 127, 126, 127), "twos complement", False),
    "twos complement, round": (
        cc(16, 127, 127, 126, 127),
        cc(16, 1, 1, 2, 1),
        "twos complement",
        True,
    ),
    "signed bit": (cc(16, 1, 1, 3, 1), cc(16, 65, 65, 66, 65), "signed bit", False),
    "signed bit 2": (cc(16, 65, 65, 67, 65), cc(16, 1, 1, 2, 1), "signed bit 2", False),
    "bin offset": (cc(16, 65, 65, 66, 65), cc(16, 63, 63, 62, 63), "bin offset", False),
    "bin offset, round": (cc(16, 63, 63, 62, 63), cc(16, 65, 65, 66, 65), "bin offset", True),
}


@pytest.mark.parametrize("name", UP_THEN_BACK)
def test_the_coding_of_an_endless_knob_is_found(name: str) -> None:
    up, back, coding, inverted = UP_THEN_BACK[name]
    learnt, _ = taught(up, back)
    assert learnt is not None
    assert (learnt.control, learnt.coding, learnt.inverted) == (
        Control("cc", 16, 1),
        coding,
        inverted,
    )


@pytest.mark.parametrize("name", UP_THEN_BACK)
def test_the_way_it_is_turned_first_is_up(name: str) -> None:
    up, back, *_ = UP_THEN_BACK[name]
    learnt, _ = taught(up, back)
    assert learnt is not None
    row = learnt_row(learnt, TABLE[FADE], 0.5)
    action = one_row(row)
    assert isinstance(action, Encoder)
    for messages, sign in ((up, 1), (back, -1)):
        (event,) = Decoder().events(messages[0], 0.0)
        assert action.steps(event) * action.amount * sign > 0


def test_the_first_step_is_shown() -> None:
    learnt, _ = taught(cc(16, 2, 2, 2, 2), cc(16, 127))
    assert str(learnt) == "CC 16 (channel 1) of desk, twos complement, first step +2"


@pytest.mark.parametrize("values", [(1, 1, 2, 1, 1, 1), (65, 65, 66, 65, 65)])
def test_where_two_codings_fit_it_is_to_be_turned_back(values: Sequence[int]) -> None:
    lesson = Lesson(nobody)
    assert taught(cc(16, *values), lesson=lesson)[0] is None
    assert "turn it back" in lesson.hint


def test_a_knob_that_starts_where_steps_lie_is_a_knob() -> None:
    for start in (1, 41, 65):
        assert taught(cc(16, *range(start, start + 40)))[0] == knob(16)
    assert taught(cc(16, *range(127, 80, -1)))[0] == knob(16)


def test_a_pair_of_14_bits_is_found() -> None:
    values = range(3000, 16384, 50)
    pairs = [each for v in values for each in (*cc(1, v >> 7), *cc(33, v & 127))]
    assert taught(pairs)[0] == knob(1, bits=14)


def test_a_pair_of_14_bits_is_found_low_half_first() -> None:
    values = range(3000, 16384, 50)
    pairs = [each for v in values for each in (*cc(33, v & 127), *cc(1, v >> 7))]
    assert taught(pairs)[0] == knob(1, bits=14)


def test_a_button_32_above_a_fader_that_was_touched_is_one_where_the_device_has_it() -> None:
    lesson = Lesson(lambda port: [Control("cc", 2), Control("cc", 34)])
    learnt, _ = taught(cc(2, 60, 61), cc(34, 127, 0), lesson=lesson)
    assert learnt == Learnt(DESK, Control("cc", 34, 1), button=True)


def test_a_pair_of_14_bits_is_learnt_again_where_the_device_has_it() -> None:
    values = range(3000, 16384, 50)
    pairs = [each for v in values for each in (*cc(1, v >> 7), *cc(33, v & 127))]
    lesson = Lesson(lambda port: [Control("cc", 1, bits=14)])
    assert taught(pairs, lesson=lesson)[0] == knob(1, bits=14)


def test_the_knob_32_above_is_a_knob_where_it_moves_alone() -> None:
    assert taught(cc(33, *range(128)))[0] == knob(33)


def test_an_nrpn_is_found_and_not_its_parts() -> None:
    messages = [
        each
        for value in range(0, 128, 2)
        for each in (*cc(99, 1), *cc(98, 2), *cc(6, value), *cc(38, 0))
    ]
    assert taught(messages)[0] == Learnt(DESK, Control("nrpn", 130, 1))


@pytest.mark.parametrize(("number", "inverted"), [(96, False), (97, True)])
def test_increments_of_an_nrpn_are_an_endless_knob(number: int, inverted: bool) -> None:
    learnt, _ = taught(cc(99, 1), cc(98, 2), cc(number, *[0] * 4))
    assert learnt is not None
    assert (learnt.control, learnt.coding) == (Control("nrpn", 130, 1), "increments")
    assert learnt.inverted == inverted


def test_the_pitch_bend_is_found() -> None:
    bent = [(0xE3, 0, high) for high in range(64, 128)]
    assert taught(bent)[0] == Learnt(DESK, Control("bend", 0, 4))


# what becomes of it


def one_row(row: object) -> Follow | Press | Encoder:
    from mappings.files.loading import read_mapping
    from mappings.files.writing import block, head

    assert isinstance(row, dict)
    (found,) = read_mapping(head(DESK) + block(row), TABLE).rows
    return found.action


@pytest.mark.parametrize(
    "learnt",
    [
        knob(21),
        knob(1, bits=14),
        Learnt(DESK, Control("nrpn", 130, 1)),
        Learnt(DESK, Control("bend", 0, 1)),
        Learnt(DESK, Control("cc", 41, 1), button=True),
        Learnt(DESK, Control("note", 36, 1), button=True),
        Learnt(DESK, Control("program", 3, 1), button=True),
    ],
    ids=str,
)
def test_every_parameter_can_be_learnt(learnt: Learnt) -> None:
    for parameter in TABLE:
        action = one_row(learnt_row(learnt, parameter, parameter.kind.default))
        assert action.address == parameter.address


def test_only_what_fires_cannot_be_turned_by_a_knob_without_end() -> None:
    endless = Learnt(DESK, Control("cc", 16, 1), coding="bin offset", first=1)
    for parameter in TABLE:
        if isinstance(parameter.kind, Trigger):
            with pytest.raises(ValueError, match=f"{parameter.address}: expected a button"):
                learnt_row(endless, parameter, 0.0)
        else:
            assert isinstance(one_row(learnt_row(endless, parameter, 0.0)), Encoder)


@pytest.mark.parametrize(
    ("address", "value", "action"),
    [
        (FREEZE, 0.0, Press(Turn(FREEZE, how="toggle"))),
        ("/master/panic", 0.0, Press(Turn("/master/panic"))),
        ("/scope/symmetry", 0.0, Press(Turn("/scope/symmetry", 0.0))),
        (FOLDS, 8.0, Press(Turn(FOLDS, 8.0))),
        ("/scene/recall", 0.0, Press(Turn("/scene/recall", 1.0))),  # 0 is no scene
        ("/scene/recall", 7.0, Press(Turn("/scene/recall", 7.0))),
        ("/cue/at", 0.0, Press(Turn("/cue/at", 1.0))),
        ("/strip/1/channel", 0.0, Press(Turn("/strip/1/channel", 0.0))),  # 0 is all of them
        (FADE, 0.25, Follow(FADE, 0.25, 1.0, held=True)),
        (FADE, 1.0, Follow(FADE, 1.0, 0.0, held=True)),
    ],
)
def test_a_button_does_what_suits_the_parameter(
    address: str, value: float, action: Follow | Press
) -> None:
    button = Learnt(DESK, Control("note", 36, 1), button=True)
    assert one_row(learnt_row(button, TABLE[address], value)) == action


MANY = 9  # deeds, more than ever wait


class Pupil:
    """Learning, its clock, and the user's folder. ``disk``: what waits for it, as long as it
    ``hangs``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.catalogue = Catalogue(TABLE, folder)
        self.values = {each.address: TABLE.defaults[each.index] for each in TABLE}
        self.learning = Learning(TABLE, self.catalogue, lambda: self.values, self, self.do, keep)
        self.said: list[str] = []
        self.hangs = False
        self.disk: list[Callable[[], object]] = []
        self._decoder = Decoder()
        self._paths: list[Path] = []

    def kept(self, said: str, paths: Sequence[Path]) -> None:
        self.said.append(said)
        self._paths += paths

    def refused(self, error: Exception) -> None:
        raise error

    def do(self, deed: Callable[[], object], then: Callable[[], object]) -> None:
        self.disk += [deed, then]
        if not self.hangs:
            self.goes_on()

    def goes_on(self, deeds: int = MANY) -> None:
        for step in self.disk[: 2 * deeds]:
            self.disk.remove(step)
            step()

    def learns(self, address: str, *messages: Iterable[Message], port: str = DESK) -> Path | None:
        self.learning.arm(address, 0.0)
        return self.hears(*messages, port=port)

    def hears(self, *messages: Iterable[Message], port: str = DESK) -> Path | None:
        self._paths.clear()
        for message in [message for part in messages for message in part]:
            self.learning.hear(port, self._decoder.events(message, 0.0))
            if self._paths:
                return self._paths[0]
        return None

    def turned(self, port: str = DESK) -> dict[str, str]:
        """What the user's file has, by control."""
        return {str(row.control): row.action.address for row in self.catalogue.users(port).rows}


@pytest.fixture
def pupil(tmp_path: Path) -> Pupil:
    return Pupil(tmp_path / "mappings")


def test_what_is_learnt_is_written_and_counts_at_once(pupil: Pupil) -> None:
    path = pupil.learns(ZOOM, cc(21, *range(60)))
    assert path == pupil.folder / "desk.toml"
    assert pupil.turned() == {"CC 21 (channel 1)": ZOOM}
    assert load_mapping(path, TABLE).ports == (DESK,)
    assert pupil.learning.address == ""
    assert "CC 21 (channel 1) of desk turns /scope/zoom now" in pupil.learning.said


def test_until_it_is_on_the_disk_the_control_turns_nothing(pupil: Pupil) -> None:
    pupil.hangs = True
    assert pupil.learns(ZOOM, cc(21, *range(60))) is None
    assert (pupil.learning.address, pupil.turned()) == ("", {})
    assert pupil.learning.said == f"{ZOOM}: CC 21 (channel 1) of desk, being written"
    keeps = pupil.learning.keeps
    assert keeps(DESK, Control("cc", 21, 1))
    assert not keeps(DESK, Control("cc", 22, 1))
    assert not keeps("pads", Control("cc", 21, 1))
    pupil.goes_on()
    assert pupil.turned() == {"CC 21 (channel 1)": ZOOM}
    assert not keeps(DESK, Control("cc", 21, 1))


def test_each_control_that_waits_for_the_disk_does_so_until_its_own_file_is_written(
    pupil: Pupil,
) -> None:
    pupil.hangs = True
    pupil.learns(ZOOM, cc(21, *range(60)))
    pupil.learns(FADE, cc(22, *range(60)))
    pupil.learning.forget(FOLDS)
    first, second = Control("cc", 21, 1), Control("cc", 22, 1)
    keeps = pupil.learning.keeps
    assert (keeps(DESK, first), keeps(DESK, second)) == (True, True)
    pupil.goes_on(1)
    assert (keeps(DESK, first), keeps(DESK, second)) == (False, True)
    pupil.goes_on(1)
    assert (keeps(DESK, first), keeps(DESK, second)) == (False, False)
    with pytest.raises(LookupError, match=FOLDS):
        pupil.goes_on()
    assert pupil.turned() == {"CC 21 (channel 1)": ZOOM, "CC 22 (channel 1)": FADE}


def test_what_is_forgotten_leaves_what_waits_for_the_disk(pupil: Pupil) -> None:
    pupil.learns(FADE, cc(22, *range(60)))
    pupil.hangs = True
    pupil.learning.forget(FADE)
    pupil.learns(ZOOM, cc(21, *range(60)))
    pupil.goes_on(1)
    assert pupil.turned() == {}
    assert pupil.learning.keeps(DESK, Control("cc", 21, 1))


def test_a_lesson_is_heard_out_whatever_becomes_of_the_one_before(pupil: Pupil) -> None:
    pupil.hangs = True
    pupil.learns(ZOOM, cc(21, *range(60)))
    pupil.learning.arm(FADE, 0.0)
    hint = pupil.learning.said
    pupil.goes_on()
    assert pupil.learning.said == hint
    assert [said.split(" now")[0] for said in pupil.said] == [
        f"CC 21 (channel 1) of desk turns {ZOOM}"
    ]


def test_what_cannot_be_written_is_said_once_the_disk_has_said_so(pupil: Pupil) -> None:
    pupil.hangs = True
    pupil.learns(ZOOM, cc(21, *range(60)))
    pupil.folder.touch()  # a file, where the folder should be
    with pytest.raises(OSError, match="mappings"):
        pupil.goes_on()
    assert "mappings" in pupil.learning.said
    assert not pupil.learning.keeps(DESK, Control("cc", 21, 1))


def test_it_counts_before_the_shipped_row_and_the_others_stay(pupil: Pupil) -> None:
    before = pupil.catalogue.mapping_for(DESK)
    pupil.learns(ZOOM, cc(20, *range(60)))
    after = pupil.catalogue.mapping_for(DESK)
    (row,) = after.covering(Control("cc", 20, 1))
    assert row.action.address == ZOOM
    assert after.covering(Control("cc", 21, 1)) == before.covering(Control("cc", 21, 1)) != []


def test_a_control_that_was_another_parameters_is_warned_about_and_taken(pupil: Pupil) -> None:
    pupil.learns(ZOOM, cc(90, *range(60)))
    pupil.learns(FADE, cc(90, *range(60)))
    assert pupil.learning.said.endswith(f"turns {FADE} now, no more {ZOOM}")
    assert pupil.turned() == {"CC 90 (channel 1)": FADE}


def test_the_warning_names_what_the_shipped_row_turned(pupil: Pupil) -> None:
    pupil.learns(ZOOM, cc(20, *range(60)))
    assert pupil.learning.said.endswith("no more /strip/1/gain")


def test_learning_again_replaces_the_control(pupil: Pupil) -> None:
    pupil.learns(ZOOM, cc(90, *range(60)))
    pupil.learns(ZOOM, cc(91, *range(60)))
    assert pupil.turned() == {"CC 91 (channel 1)": ZOOM}


def test_each_button_can_be_given_another_option(pupil: Pupil) -> None:
    for number, folds in ((36, 3.0), (37, 8.0), (38, 8.0)):
        pupil.values[FOLDS] = folds
        pupil.learns(FOLDS, [note(number, 100)])
    amounts = [row.action.turn.amount for row in pupil.catalogue.users(DESK).rows]  # type: ignore[union-attr]
    assert amounts == [3.0, 8.0]
    assert list(pupil.turned()) == ["note 36 (channel 1)", "note 38 (channel 1)"]


def test_each_device_has_a_file_of_its_own(pupil: Pupil) -> None:
    pupil.learns(ZOOM, cc(90, *range(60)))
    pupil.learns(ZOOM, cc(90, *range(60)), port="Other Desk: MIDI 1")
    assert {path.name for path in pupil.folder.iterdir()} == {"desk.toml", "other-desk-midi-1.toml"}
    assert pupil.turned("Other Desk: MIDI 1") == pupil.turned() == {"CC 90 (channel 1)": ZOOM}


def test_the_second_of_a_model_learns_for_itself(pupil: Pupil) -> None:
    pupil.learns(ZOOM, cc(90, *range(60)))
    pupil.learns(FADE, cc(90, *range(60)), port=f"{DESK} #2")
    assert [pupil.turned(port) for port in (DESK, f"{DESK} #2")] == [
        {"CC 90 (channel 1)": ZOOM},
        {"CC 90 (channel 1)": FADE},
    ]


def test_the_nanokontrols_own_fader_can_be_learnt(pupil: Pupil) -> None:
    """Its number is that of the bank."""
    pupil.learns(ZOOM, cc(0, *range(60)), port="nanoKONTROL2")
    assert pupil.turned("nanoKONTROL2") == {"CC 0 (channel 1)": ZOOM}


def test_what_is_forgotten_is_the_shipped_rows_again(pupil: Pupil) -> None:
    before = pupil.catalogue.mapping_for(DESK).rows
    pupil.learns(ZOOM, cc(20, *range(60)))
    pupil.learning.forget(ZOOM)
    assert pupil.turned() == {}
    assert pupil.catalogue.mapping_for(DESK).rows == before
    pupil.learns(ZOOM, cc(20, *range(60)))
    assert pupil.turned() == {"CC 20 (channel 1)": ZOOM}


def test_what_was_never_learnt_cannot_be_forgotten(pupil: Pupil) -> None:
    with pytest.raises(LookupError, match=f"{ZOOM}: expected a learnt control, there is none"):
        pupil.learning.forget(ZOOM)


def test_an_unknown_parameter_is_refused(pupil: Pupil) -> None:
    with pytest.raises(LookupError, match="there are /scope/zoom"):
        pupil.learning.arm("/scope/zom", 0.0)
    assert pupil.learning.address == ""


def test_a_lesson_that_is_broken_off_learns_nothing(pupil: Pupil) -> None:
    pupil.learning.arm(ZOOM, 0.0)
    pupil.learning.cancel()
    assert pupil.hears(cc(21, *range(128))) is None
    assert (pupil.learning.address, pupil.turned()) == ("", {})


def test_a_lesson_ends_by_itself_so_that_the_knobs_live_again(pupil: Pupil) -> None:
    pupil.learning.arm(ZOOM, 0.0)
    pupil.learning.tick(GIVEN_UP_SECONDS - 1)
    assert pupil.learning.address == ZOOM
    pupil.learning.tick(GIVEN_UP_SECONDS)
    assert pupil.learning.address == ""


def test_a_broken_file_is_named_and_stays_as_it_is(pupil: Pupil) -> None:
    pupil.folder.mkdir()
    path = pupil.folder / "desk.toml"
    path.write_text("name = ")
    with pytest.raises(ValueError, match=r"^desk\.toml: "):
        pupil.learns(ZOOM, cc(21, *range(60)))
    assert path.read_text() == "name = "
    assert "desk.toml" in pupil.learning.said


def test_what_is_saved_while_it_is_learnt_is_a_backup_and_was_not_half_read(
    pupil: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pupil.learns(FADE, cc(22, *range(60)))
    assert path
    row = '[[control]]\ncc = [21, 5]\nto = "/strip/{}/gain"\nlight = 07:32:00\n'
    reads, saved = Path.read_bytes, f'name = "mine"\n{row}'

    def saved_after(read: Path) -> bytes:
        found = reads(read)
        monkeypatch.undo()
        path.write_text(saved)
        return found

    monkeypatch.setattr(Path, "read_bytes", saved_after)
    pupil.learns(ZOOM, cc(21, *range(60)))
    assert pupil.turned() == {"CC 21 (channel 1)": ZOOM, "CC 22 (channel 1)": FADE}
    (backup,) = (pupil.folder / "backup").rglob("*.toml")
    assert backup.read_text() == saved


def test_lines_that_end_as_on_windows_stay_so(pupil: Pupil) -> None:
    path = pupil.learns(FADE, cc(22, *range(60)))
    assert path
    before = path.read_bytes().replace(b"\n", b"\r\n")
    path.write_bytes(before)
    pupil.learns(ZOOM, cc(21, *range(60)))
    assert path.read_bytes().startswith(before.rstrip())
    for address in (FADE, ZOOM):
        pupil.learning.forget(address)
        path.write_bytes(path.read_bytes().replace(b"]\n", b"]\r\n"))
    pupil.learns(ZOOM, cc(21, *range(60)))
    assert pupil.turned() == {"CC 21 (channel 1)": ZOOM}


def test_a_folder_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    pupil = Pupil(file)
    with pytest.raises(OSError, match="file"):
        pupil.learns(ZOOM, cc(21, *range(60)))
    assert pupil.learning.said


# the command

Learn = Callable[..., int]


@pytest.fixture
def command(tmp_path: Path) -> Learn:
    def command(*arguments: str) -> int:
        parser = options(argparse.ArgumentParser())
        return learn(parser.parse_args([ZOOM, "--home", str(tmp_path), *arguments]))

    return command


def test_without_midi_the_command_advises_what_the_doctor_does(
    command: Learn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> None:
        raise OSError("MIDI: no sequencer")

    monkeypatch.setattr("mappings.midi.inlets.system_ports", none)
    with pytest.raises(OSError, match=f"^MIDI: no sequencer\n{MIDI_FIX}$"):
        command()


class Sockets:
    """One input, whose player has a few things to say as soon as it is opened."""

    def __init__(self, *messages: Message) -> None:
        self._messages = messages

    def names(self) -> list[str]:
        return ["pads 20:0"]

    def opened(self, name: str, hear: Hear) -> "Sockets":
        for message in self._messages:
            hear(mido.Message.from_bytes(message))
        return self

    def virtual(self, name: str, hear: Hear) -> None:
        return None

    def close(self) -> None:
        """Nothing more comes."""


def test_the_command_says_what_it_learnt_and_where_it_is_written(
    command: Learn,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    sockets = Sockets(note(120, 9))
    monkeypatch.setattr("mappings.midi.inlets.system_ports", lambda: sockets)
    path = tmp_path / "mappings" / "pads.toml"
    assert command() == 0
    assert f"turns {ZOOM} now\nwritten to {path}\n" in capsys.readouterr().out
    assert command("--forget") == 0
    assert capsys.readouterr().out == f"{ZOOM} forgotten in {path}\n"
    path.write_text("name = ")
    with pytest.raises(ValueError, match=r"^pads\.toml: "):
        command()


def test_the_command_says_which_ports_there_are_where_none_has_the_name(
    command: Learn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("mappings.midi.inlets.system_ports", Sockets)
    monkeypatch.setattr("installation.learning.escaped", lambda: True)
    assert command("--midi", "desk") == 1
    assert "expected a port named 'desk', found pads; waiting for it" in caplog.text
