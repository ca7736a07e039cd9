"""MIDI bytes to events: 14 bits, NRPN, pitch bend, notes, programs; as truth tables."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from mappings.mapping import Control, ControlEvent
from mappings.midi.decoding import TOGETHER_SECONDS, Decoder

FINE = {(1, 1)}  # CC 1 and 33 of channel 1 are one knob
LATER = 1.0  # seconds between messages that do not belong together
NULL = ((99, 127), (98, 127))

Changes = Sequence[tuple[int, int]]


def places(changes: Changes, gap: float = LATER) -> list[int]:
    """Where the knob of 14 bits stands after each event, 0..16383."""
    decoder = Decoder()
    events = [
        event
        for at, (number, value) in enumerate(changes)
        for event in decoder.events((0xB0, number, value), at * gap, FINE)
    ]
    assert {event.control for event in events} <= {Control("cc", 1, 1, bits=14)}
    return [round(event.position * 16383) for event in events]


HIGH, LOW = 1, 33
LONE = [round(value / 127 * 16383) for value in range(128)]  # the high half alone, to both ends


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param([(HIGH, 0), (HIGH, 127)], [0, 16383], id="high alone reaches both ends"),
        pytest.param([(HIGH, 64), (LOW, 5)], [LONE[64], 64 * 128 + 5], id="low refines"),
        pytest.param([(LOW, 5)], [], id="low alone says nothing"),
        pytest.param([(LOW, 5), (HIGH, 64)], [64 * 128], id="high clears an old low"),
        pytest.param(
            [(HIGH, 64), (LOW, 5), (LOW, 6)], [LONE[64], 8197, 8198], id="low again and again"
        ),
        pytest.param(
            [(HIGH, 64), (LOW, 5), (HIGH, 65)], [LONE[64], 8197, 65 * 128], id="high clears low"
        ),
        pytest.param(
            [(HIGH, 127), (LOW, 127), (HIGH, 0), (LOW, 0)],
            [16383, 16383, 0, 0],
            id="both ends",
        ),
    ],
)
def test_two_halves_are_one_place(changes: Changes, expected: list[int]) -> None:
    assert places(changes) == expected


@pytest.mark.parametrize("gap", [0.0, TOGETHER_SECONDS * 0.9])
def test_halves_that_come_low_first_belong_together(gap: float) -> None:
    pairs = [(LOW, 7), (HIGH, 64), (LOW, 9), (HIGH, 65)]
    assert places(pairs, gap)[0] == 64 * 128 + 7
    assert places(pairs, gap)[-1] == 65 * 128 + 9


@pytest.mark.parametrize("gap", [0.0, 0.001, LATER])
@pytest.mark.parametrize("order", [(HIGH, LOW), (LOW, HIGH)])
def test_a_sweep_ends_at_the_exact_place_in_either_order(
    order: tuple[int, int], gap: float
) -> None:
    values = range(0, 16384, 111)
    halves = [{HIGH: value >> 7, LOW: value & 127} for value in values]
    decoder, ends = Decoder(), []
    for count, pair in enumerate(halves):
        for place, number in enumerate(order):
            at = count * gap + place * 0.0005
            events = decoder.events((0xB0, number, pair[number]), at, FINE)
        ends.append(round(events[-1].position * 16383))
    assert ends[1:] == list(values)[1:]


def test_without_a_row_of_14_bits_both_halves_are_knobs() -> None:
    decoder = Decoder()
    assert [decoder.events((0xB0, number, 127), 0.0) for number in (HIGH, LOW)] == [
        [ControlEvent(Control("cc", HIGH, 1), 1.0)],
        [ControlEvent(Control("cc", LOW, 1), 1.0)],
    ]


def test_another_channel_is_another_knob() -> None:
    decoder = Decoder()
    decoder.events((0xB0, HIGH, 64), 0.0, {(1, 1), (2, 1)})
    assert decoder.events((0xB1, LOW, 5), 0.0, {(1, 1), (2, 1)}) == []


def data(*changes: tuple[int, int], gap: float = LATER) -> list[tuple[int, float, float]]:
    """What NRPNs moved: the number, the place 0..16383, the steps."""
    decoder = Decoder()
    return [
        (int(event.control.name), round(event.position * 16383), event.steps)
        for at, (number, value) in enumerate(changes)
        for event in decoder.events((0xB0, number, value), at * gap)
        if event.control.kind == "nrpn"
    ]


CHOSEN = ((99, 1), (98, 2))  # the NRPN 130


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param([*CHOSEN, (6, 127)], [(130, 16383, 0)], id="high half alone"),
        pytest.param([*CHOSEN, (6, 64), (38, 3)], [(130, LONE[64], 0), (130, 8195, 0)], id="both"),
        pytest.param([*CHOSEN, (38, 3)], [], id="low half alone"),
        pytest.param([*CHOSEN, (96, 0)], [(130, 0, 1)], id="increment"),
        pytest.param([*CHOSEN, (97, 127)], [(130, 0, -1)], id="decrement"),
        pytest.param([*CHOSEN, (6, 0), (6, 127)], [(130, 0, 0), (130, 16383, 0)], id="running"),
        pytest.param([*CHOSEN, (98, 3), (6, 127)], [(131, 16383, 0)], id="low half chosen anew"),
        pytest.param([(98, 2), (99, 1), (6, 127)], [(130, 16383, 0)], id="low half chosen first"),
        pytest.param([(6, 127), (38, 1), (96, 0), (97, 0)], [], id="nothing chosen"),
        pytest.param([(99, 1), (6, 127)], [], id="half of it chosen"),
        pytest.param([*CHOSEN, *NULL, (6, 127), (38, 1), (96, 0), (97, 0)], [], id="null"),
        pytest.param([*CHOSEN, *NULL, *CHOSEN, (6, 0)], [(130, 0, 0)], id="after null"),
        pytest.param([*CHOSEN, (101, 0), (100, 0), (6, 2), (38, 0)], [], id="an RPN is none"),
        pytest.param([(101, 0), (100, 0), *CHOSEN, (6, 0)], [(130, 0, 0)], id="after an RPN"),
        pytest.param(
            [*CHOSEN, (6, 64), (38, 3), (99, 0), (98, 1), (6, 0), *CHOSEN, (38, 4)],
            [(130, LONE[64], 0), (130, 8195, 0), (1, 0, 0), (130, 8196, 0)],
            id="each keeps its halves",
        ),
    ],
)
def test_nrpn(changes: Changes, expected: list[tuple[int, float, float]]) -> None:
    assert data(*changes) == expected


def test_the_parts_of_an_nrpn_are_knobs_too_for_devices_that_use_their_numbers() -> None:
    decoder = Decoder()
    plain = [decoder.events((0xB0, number, 5), 0.0)[-1].control for number in (99, 98, 6, 38, 96)]
    assert plain == [Control("cc", number, 1) for number in (99, 98, 6, 38, 96)]


def test_each_channel_chooses_its_own_nrpn() -> None:
    decoder = Decoder()
    for number, value in CHOSEN:
        decoder.events((0xB0, number, value), 0.0)
    assert [event.control.kind for event in decoder.events((0xB1, 6, 1), 0.0)] == ["cc"]


@pytest.mark.parametrize(
    ("low", "high", "position"),
    [(0, 0, 0.0), (0, 64, 0.5), (127, 127, 1.0), (0, 32, 0.25)],
)
def test_the_pitch_bend_reaches_both_ends_and_rests_in_the_middle(
    low: int, high: int, position: float
) -> None:
    (event,) = Decoder().events((0xE2, low, high), 0.0)
    assert event == ControlEvent(Control("bend", 0, 3), position)


def test_the_pitch_bend_only_rises() -> None:
    decoder = Decoder()
    values = [decoder.events((0xE0, n & 127, n >> 7), 0.0)[0].position for n in range(16384)]
    assert all(before < after for before, after in pairwise(values))


@pytest.mark.parametrize(
    ("message", "position"),
    [((0x99, 36, 127), 1.0), ((0x99, 36, 0), 0.0), ((0x89, 36, 64), 0.0)],
)
def test_a_note_at_no_velocity_is_let_go(message: tuple[int, ...], position: float) -> None:
    assert Decoder().events(message, 0.0) == [ControlEvent(Control("note", 36, 10), position)]


@pytest.mark.parametrize(
    ("banks", "number"),
    [([], 5), ([(0, 0), (32, 0)], 5), ([(32, 1)], 128 + 5), ([(0, 1)], 128 * 128 + 5)],
)
def test_a_program_counts_on_over_the_banks(banks: Changes, number: int) -> None:
    decoder = Decoder()
    for bank in banks:
        decoder.events((0xB0, *bank), 0.0)
    for _ in range(2):  # the bank is remembered
        assert decoder.events((0xC0, 5), 0.0) == [ControlEvent(Control("program", number, 1), 1.0)]
    assert decoder.events((0xC1, 5), 0.0)[0].control.name == 5, "on its own channel only"


@pytest.mark.parametrize("message", [(0xF8,), (0xD0, 3), (0xA0, 3, 3), (0xF2, 1, 2), (0xFE,)])
def test_nothing_else_is_a_control(message: tuple[int, ...]) -> None:
    assert Decoder().events(message, 0.0) == []
