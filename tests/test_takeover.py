"""How a knob takes hold: truth tables of the three takeovers."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from engine.parameters import Kind
from installation.settings import table
from mappings.mapping import Follow, Takeover
from mappings.midi.takeover import NEAR, SOON_SECONDS, Grip

TABLE = table()
FADE, FOLDS, SYMMETRY = "/master/fade", "/scope/folds", "/scope/symmetry"
REST = 1.0  # seconds between moves: not soon


class Hand:
    """Moves a control, and the parameter with it where it takes hold."""

    def __init__(
        self,
        takeover: Takeover,
        value: float,
        address: str = FADE,
        ends: tuple[float, float] = (0.0, 1.0),
        curve: float = 1.0,
    ) -> None:
        self.kind: Kind = TABLE[address].kind
        self.value = value
        self.now = 0.0
        self.grip = Grip(Follow(address, *ends, False, curve, 0.0, takeover), self.kind)

    def move(self, *alongs: float, rest: float = REST) -> list[bool]:
        """Whether the parameter followed each."""
        followed = []
        for along in alongs:
            self.now += rest
            position = self.grip.moved(along, self.value, self.now)
            if position is not None:
                self.value = self.kind.at(position)
            followed.append(position is not None)
        return followed


@pytest.mark.parametrize(
    ("alongs", "followed"),
    [
        pytest.param([0.5], [True], id="first, there"),
        pytest.param([0.5 + NEAR], [True], id="first, near above"),
        pytest.param([0.5 - NEAR], [True], id="first, near below"),
        pytest.param([0.5 + 1.1 * NEAR], [False], id="first, just not near"),
        pytest.param([0.0], [False], id="first, far below"),
        pytest.param([1.0], [False], id="first, far above"),
        pytest.param([0.1, 0.2, 0.3, 0.4], [False] * 4, id="on the way, below"),
        pytest.param([0.9, 0.8, 0.7, 0.6], [False] * 4, id="on the way, above"),
        pytest.param([0.1, 0.2, 0.1], [False] * 3, id="back before it was reached"),
        pytest.param([0.4, 0.48, 0.9], [False, True, True], id="near, then gone on"),
        pytest.param([0.4, 0.6], [False, True], id="crossed upwards"),
        pytest.param([0.6, 0.4], [False, True], id="crossed downwards"),
        pytest.param([0.0, 1.0], [False, True], id="a fast sweep up jumps over"),
        pytest.param([1.0, 0.0], [False, True], id="a fast sweep down jumps over"),
        pytest.param([0.5, 1.0, 0.0, 0.3], [True] * 4, id="held, wherever it goes"),
    ],
)
def test_pickup(alongs: Sequence[float], followed: list[bool]) -> None:
    assert Hand("pickup", 0.5).move(*alongs) == followed


@pytest.mark.parametrize("takeover", ["pickup", "scaled", "jump"])
def test_what_follows_stands_where_the_control_stands(takeover: Takeover) -> None:
    hand = Hand(takeover, 0.5)
    hand.move(0.5, 0.9)
    assert hand.value == 0.9


def test_jump_follows_from_anywhere() -> None:
    assert Hand("jump", 0.5).move(0.0, 0.1, 1.0) == [True] * 3


def test_a_parameter_turned_from_elsewhere_must_be_caught_again() -> None:
    hand = Hand("pickup", 0.5)
    hand.move(0.5, 0.6)
    hand.value = 0.9
    assert hand.move(0.62, 0.7, 0.95) == [False, False, True]


def test_a_small_turn_from_elsewhere_is_no_loss() -> None:
    hand = Hand("pickup", 0.5)
    hand.move(0.5, 0.6)
    hand.value += 0.9 * NEAR
    assert hand.move(0.2) == [True]


def test_a_hand_in_motion_is_not_shaken_off() -> None:
    """By an echo of what it did a moment ago."""
    hand = Hand("pickup", 0.5)
    hand.move(0.5, 0.6)
    hand.value = 0.5
    assert hand.move(0.65, rest=SOON_SECONDS * 0.9) == [True]


@pytest.mark.parametrize("takeover", ["pickup", "scaled"])
def test_after_letting_go_the_first_value_is_ignored_however_soon(takeover: Takeover) -> None:
    hand = Hand(takeover, 0.5)
    hand.move(0.5)
    hand.grip.let_go()
    hand.value = 0.9
    assert hand.move(0.52, rest=0.001) == [False]
    assert hand.value == 0.9


def test_after_letting_go_nothing_is_crossed_that_was_before() -> None:
    hand = Hand("pickup", 0.5)
    hand.move(0.2)
    hand.grip.let_go()
    assert hand.move(0.8, 0.7, 0.3) == [False, False, True]


@pytest.mark.parametrize(
    ("start", "alongs", "values"),
    [
        (0.5, [0.0, 0.2, 1.0], [0.5, 0.6, 1.0]),  # as far of its rest as the control of its own
        (0.5, [1.0, 0.8, 0.0], [0.5, 0.4, 0.0]),
        (0.8, [0.4, 0.2, 0.0], [0.8, 0.4, 0.0]),
        (0.2, [0.6, 0.8, 1.0], [0.2, 0.6, 1.0]),
        (0.8, [0.4, 0.2, 0.3], [0.8, 0.4, 0.475]),
    ],
)
def test_scaled_converges_at_the_ends(
    start: float, alongs: Sequence[float], values: list[float]
) -> None:
    hand = Hand("scaled", start)
    reached = []
    for along in alongs:
        hand.move(along)
        reached.append(hand.value)
    assert reached == pytest.approx(values)


def test_scaled_holds_once_they_have_met() -> None:
    hand = Hand("scaled", 0.5)
    hand.move(0.0, 0.5, 1.0, 0.3)
    assert hand.value == pytest.approx(0.3)


def test_scaled_reaches_the_end_in_many_small_steps_of_a_whole_number() -> None:
    hand = Hand("scaled", 6.0, FOLDS)
    hand.move(*(cc / 127 for cc in range(64, 128)))
    assert hand.value == 24.0


def test_scaled_goes_with_the_hand() -> None:
    """But for the last bit, where they meet."""
    hand = Hand("scaled", 0.7)
    values = []
    for cc in range(128):
        hand.move(cc / 127)
        values.append(hand.value)
    assert all(after > before - NEAR for before, after in pairwise(values))
    assert values[-1] == 1.0


@pytest.mark.parametrize(("along", "followed"), [(0.1, False), (0.6, True), (0.9, True)])
def test_a_choice_is_held_by_all_of_its_part_of_the_travel(along: float, followed: bool) -> None:
    """The second of two options."""
    assert Hand("pickup", 1.0, SYMMETRY).move(along) == [followed]


@pytest.mark.parametrize(
    ("ends", "value", "along", "followed"),
    [
        ((0.5, 1.0), 0.75, 0.5, True),
        ((0.5, 1.0), 0.75, 0.75, False),
        ((1.0, 0.0), 0.9, 0.1, True),  # turned round
        ((0.5, 1.0), 0.1, 0.0, True),  # out of reach: caught at the nearest end
        ((0.5, 1.0), 0.1, 0.5, False),
    ],
)
def test_the_range_of_a_control_counts(
    ends: tuple[float, float], value: float, along: float, followed: bool
) -> None:
    assert Hand("pickup", value, ends=ends).move(along) == [followed]


def test_the_curve_of_a_control_counts() -> None:
    hand = Hand("pickup", 0.25, curve=2.0)
    assert hand.move(0.25, 0.5) == [False, True]
    assert hand.value == 0.25


def test_what_waits_is_said_until_it_is_caught() -> None:
    hand = Hand("pickup", 0.5)
    assert hand.grip.waiting(hand.value) is None, "it has not moved"
    hand.move(0.1)
    waiting = hand.grip.waiting(hand.value)
    assert waiting is not None
    assert (waiting.address, waiting.position, waiting.control) == (FADE, 0.5, 0.1)
    hand.move(0.6)
    assert hand.grip.waiting(hand.value) is None


def test_a_parameter_that_comes_by_itself_is_waited_for_no_more() -> None:
    hand = Hand("pickup", 0.5)
    hand.move(0.1)
    assert hand.grip.waiting(0.11) is None
