import statistics

import pytest
from sweep import over

from engine.bank import Bank
from engine.parameters import Number, Parameter, Ratio, Switch
from installation.desk import Desk
from installation.music.ear import Levels
from installation.music.modulators import SHAPE_OF, Modulators
from installation.settings import MODULATED, MODULATORS, SHAPES, WAVES, Modulator, table
from mappings.mapping import Turn

TABLE = table()
TICK = 1 / 60
ZOOM, AMOUNT, FOLDS, INVERT = "/scope/zoom", "/dream/amount", "/scope/folds", "/colour/invert"
SOUNDS = ("level", "low", "middle", "high", "onset")


class Music:
    """Two beats a second."""

    downbeat = 0.0

    def beat(self, at: float) -> float:
        return 2 * at


class Heard:
    levels = Levels()


class Playing:
    """Modulators whose clock we own."""

    def __init__(self, bank: Bank) -> None:
        self.now = 50.0
        self.bank = bank
        self.music = Music()
        self.heard = Heard()
        self.desk = Desk(TABLE, bank, TABLE.defaults, lambda callback: None)
        self.modulators = Modulators(TABLE, self.desk, self.music, self.heard)

    def turn(self, *turns: Turn) -> None:
        def refuse(error: Exception) -> None:
            raise error

        self.desk.turn(turns, refuse)
        self.desk.settle()

    def modulate(self, number: int = 1, **settings: float | str) -> None:
        self.turn(*(Turn(f"/modulator/{number}/{name}", value) for name, value in settings.items()))

    def tick(self, seconds: float = TICK) -> None:
        self.now += seconds
        self.modulators.tick(self.now)

    def played(self, address: str, seconds: float) -> list[float]:
        """At each tick."""
        found = []
        for _ in range(round(seconds / TICK)):
            self.tick()
            found.append(self.bank.read().played(address))
        return found

    @property
    def swayed(self) -> set[str]:
        moment = self.bank.read()
        return {each.address for each in TABLE if moment.sways[each.index]}


@pytest.fixture
def playing(bank: Bank) -> Playing:
    return Playing(bank)


@pytest.mark.parametrize("shape", SHAPE_OF)
def test_a_wave_goes_as_far_up_as_down(shape: str) -> None:
    places = [SHAPE_OF[shape](step / 25, 3) for step in range(500 * 25)]
    assert -1.0 <= min(places) < -0.95
    assert 0.9 < max(places) <= 1.0
    assert abs(statistics.fmean(places)) < 0.05


def test_every_shape_is_a_wave_or_a_sound() -> None:
    assert (*SHAPE_OF, *SOUNDS) == SHAPES


@pytest.mark.parametrize(
    ("shape", "quarters"),
    [
        ("sine", [0.0, 1.0, 0.0, -1.0]),
        ("triangle", [0.0, 1.0, 0.0, -1.0]),
        ("saw", [-1.0, -0.5, 0.0, 0.5]),
        ("square", [1.0, 1.0, -1.0, -1.0]),
    ],
)
def test_where_a_wave_is_at_its_quarters(shape: str, quarters: list[float]) -> None:
    assert [SHAPE_OF[shape](7 + step / 4, 1) for step in range(4)] == pytest.approx(quarters)


def test_held_is_one_place_a_wave_and_random_goes_from_there_to_the_next() -> None:
    held, drifting = SHAPE_OF["held"], SHAPE_OF["random"]
    assert held(4.0, 1) == held(4.99, 1) != held(5.0, 1)
    assert drifting(4.0, 1) == held(4.0, 1)
    assert drifting(5 - 1e-9, 1) == pytest.approx(held(5.0, 1), abs=1e-6)


def test_each_modulator_has_places_of_its_own_the_same_in_every_show() -> None:
    first, second = ([SHAPE_OF["held"](wave, n) for wave in range(3)] for n in (1, 2))
    assert first == pytest.approx([0.81465, 0.79661, -0.68759], abs=1e-4)
    assert not set(first) & set(second)


@over(TABLE[address] for address in MODULATED)
def test_whatever_can_be_moved_stays_in_its_range_and_comes_back_exactly(
    bank: Bank, parameter: Parameter
) -> None:
    bank.start(TABLE.defaults)
    playing, before = Playing(bank), bank.read()
    target, kind = parameter.address, parameter.kind
    playing.modulate(target=target, depth=1, rate=7, shape="saw")
    playing.modulate(2, target=target, depth=-0.7, rate=3, shape="held")
    values = playing.played(target, 0.5)
    assert all(kind.low <= value <= kind.high for value in values)
    assert all(value == kind.clamped(value) for value in values), "a whole number, an option"
    assert len(set(values)) > 1
    assert playing.bank.read()[target] == before[target], "the knob stands where it stood"
    playing.modulate(mute="on")
    playing.modulate(2, depth=0)
    playing.tick()
    assert playing.bank.read().played(target) == before[target]
    assert not playing.swayed


def test_depth_one_is_half_the_travel_to_each_side(playing: Playing) -> None:
    playing.modulate(target="/colour/brightness", depth=1, rate=1, shape="triangle")
    values = playing.played("/colour/brightness", 2.0)
    assert (min(values), max(values)) == pytest.approx((-1.0, 1.0), abs=0.05)


def test_what_is_moved_moves_evenly_for_the_hand_not_for_the_number(playing: Playing) -> None:
    """A zoom goes as many times in as out."""
    playing.modulate(target=ZOOM, depth=0.5, rate=1, shape="square")
    values = playing.played(ZOOM, 2.0)
    assert min(values) * max(values) == pytest.approx(1.0)
    assert max(values) == pytest.approx(2.0)


def test_a_negative_depth_goes_the_other_way(playing: Playing) -> None:
    playing.modulate(target=AMOUNT, depth=-1, rate=1, shape="saw")
    playing.turn(Turn(AMOUNT, 0.5))
    falling = playing.played(AMOUNT, 0.9)
    assert falling[0] > 0.9
    assert falling == sorted(falling, reverse=True)


def test_several_that_move_one_parameter_add_up(playing: Playing) -> None:
    playing.turn(Turn(AMOUNT, 0.5))
    playing.heard.levels = Levels(low=0.5, high=0.25)
    playing.modulate(1, target=AMOUNT, depth=0.5, shape="low")
    playing.modulate(2, target=AMOUNT, depth=-0.5, shape="high")
    assert playing.played(AMOUNT, TICK) == [pytest.approx(0.5 + 0.125 - 0.0625)]


@pytest.mark.parametrize("shape", SOUNDS)
def test_a_sound_pushes_one_way_and_silence_leaves_the_knob_alone(
    playing: Playing, shape: str
) -> None:
    playing.turn(Turn(AMOUNT, 0.25))
    playing.modulate(target=AMOUNT, depth=1, shape=shape)
    assert playing.played(AMOUNT, TICK) == [0.25]
    playing.heard.levels = Levels(**{shape: 1.0})
    assert playing.played(AMOUNT, TICK) == [pytest.approx(0.75)]


@pytest.mark.parametrize("on", [0, 1])
def test_a_square_at_full_depth_turns_a_switch_over(playing: Playing, on: int) -> None:
    playing.turn(Turn(INVERT, on))
    playing.modulate(target=INVERT, depth=1, shape="square", rate=2)
    assert set(playing.played(INVERT, 1.0)) == {0.0, 1.0}


def test_a_whole_number_is_moved_in_whole_steps(playing: Playing) -> None:
    playing.turn(Turn(FOLDS, 6))
    playing.modulate(target=FOLDS, depth=0.3, rate=1)
    assert set(playing.played(FOLDS, 1.0)) >= {3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0}


def test_turning_the_rate_never_makes_a_wave_jump(playing: Playing) -> None:
    playing.modulate(target=AMOUNT, depth=1, shape="triangle", rate=0.5)
    playing.turn(Turn(AMOUNT, 0.5))
    last = playing.played(AMOUNT, 1.3)[-1]
    for rate in (0.01, 2.0, 0.3, 1.0, 0.7):
        playing.modulate(rate=rate)
        for value in playing.played(AMOUNT, 0.2):
            assert abs(value - last) <= 2 * rate * TICK * 1.001 + 1e-9
            last = value


def test_a_wave_in_seconds_begins_when_it_comes_into_use(playing: Playing) -> None:
    playing.tick(1.234)
    playing.modulate(target=AMOUNT, depth=1, shape="sine", rate=1)
    playing.turn(Turn(AMOUNT, 0.5))
    first = playing.played(AMOUNT, 0.7)
    assert first[0] == 0.5
    playing.modulate(mute="on")
    playing.tick(0.377)
    playing.modulate(mute="off")
    assert playing.played(AMOUNT, 0.7) == pytest.approx(first), "so a take replays"


@pytest.mark.parametrize("beats", WAVES)
def test_a_wave_in_beats_begins_at_the_downbeat(playing: Playing, beats: str) -> None:
    playing.modulate(target=AMOUNT, depth=1, shape="saw", timing="beats", beats=beats)
    playing.turn(Turn(AMOUNT, 0.5))
    playing.music.downbeat = 2 * (playing.now + 1.0)
    playing.tick(1.0)
    assert playing.bank.read().played(AMOUNT) == pytest.approx(0.0, abs=1e-6)
    numerator, _, denominator = beats.partition("/")
    seconds = int(numerator) / int(denominator or 1) / 2
    playing.tick(0.75 * seconds)
    assert playing.bank.read().played(AMOUNT) == pytest.approx(0.75, abs=1e-6)


def test_a_phase_starts_a_wave_elsewhere(playing: Playing) -> None:
    playing.turn(Turn(AMOUNT, 0.5))
    playing.modulate(1, target=AMOUNT, depth=1, shape="sine", phase=0.25)
    assert playing.played(AMOUNT, TICK) == [pytest.approx(1.0)]


def test_the_knob_can_be_turned_under_a_modulator(playing: Playing) -> None:
    playing.heard.levels = Levels(level=1.0)
    playing.modulate(target=AMOUNT, depth=0.2, shape="level")
    for stands in (0.1, 0.5, 0.85):
        playing.turn(Turn(AMOUNT, stands))
        assert playing.played(AMOUNT, TICK) == [pytest.approx(stands + 0.1)]


def test_it_is_let_go_of_once_and_then_nothing_is_written(playing: Playing) -> None:
    playing.modulate(target=ZOOM, depth=0.5, rate=1)
    playing.played(ZOOM, 0.3)
    playing.modulate(depth=0)
    before = playing.bank.sequence
    playing.tick()
    assert (playing.swayed, playing.bank.sequence) == (set(), before + 1)
    playing.played(ZOOM, 0.3)
    assert playing.bank.sequence == before + 1


def test_another_target_lets_the_first_go(playing: Playing) -> None:
    playing.modulate(target=ZOOM, depth=0.5, rate=1)
    playing.played(ZOOM, 0.3)
    playing.modulate(target=AMOUNT)
    playing.played(AMOUNT, 0.1)
    assert playing.swayed <= {AMOUNT}


def test_all_of_them_are_one_write_a_tick(playing: Playing) -> None:
    for number in range(1, MODULATORS + 1):
        playing.modulate(number, target=MODULATED[number * 9], depth=0.5, rate=number)
    playing.tick()
    before = playing.bank.sequence
    playing.tick()
    assert playing.bank.sequence == before + 1
    assert len(playing.modulators.figures()["moving"]) == MODULATORS


def test_nothing_is_written_while_a_wave_holds_still(playing: Playing) -> None:
    playing.modulate(target=ZOOM, depth=0.5, rate=0.01, shape="held")
    playing.tick()
    before = playing.bank.sequence
    playing.played(ZOOM, 0.5)
    assert playing.bank.sequence == before


def test_after_panic_nothing_moves(playing: Playing) -> None:
    playing.modulate(target=ZOOM, depth=0.5, rate=1)
    playing.played(ZOOM, 0.3)
    playing.turn(Turn("/master/panic"))
    playing.played(ZOOM, 0.3)
    assert playing.swayed == set()
    assert {modulator.depth for modulator in playing.bank.read().each(Modulator)} == {0.0}


def test_what_moves_at_the_start_moves_again_after_panic(bank: Bank) -> None:
    start = list(TABLE.defaults)
    settings = {"target": AMOUNT, "depth": 1.0, "shape": "level"}
    for name, value in settings.items():
        parameter = TABLE[f"/modulator/1/{name}"]
        start[parameter.index] = parameter.value(value)
    start[TABLE[AMOUNT].index] = 0.0
    bank.start(start)
    playing = Playing(bank)
    playing.desk = Desk(TABLE, bank, start, lambda callback: None)
    playing.modulators = Modulators(TABLE, playing.desk, playing.music, playing.heard)
    playing.heard.levels = Levels(level=0.5)
    assert playing.played(AMOUNT, TICK) == [pytest.approx(0.25)]
    playing.turn(Turn("/master/panic"))
    assert playing.played(AMOUNT, TICK) == [pytest.approx(0.25)]


def test_a_control_player_that_is_started_anew_lets_go_of_what_the_last_one_moved(
    playing: Playing,
) -> None:
    playing.modulate(target=ZOOM, depth=0.5, rate=1)
    playing.played(ZOOM, 0.3)
    playing.modulate(depth=0)
    another = Playing(playing.bank)
    assert another.swayed == {ZOOM}
    another.tick()
    assert another.swayed == set()


@pytest.mark.parametrize("address", ["/master/blackout", "/master/tempo", "/dream/network"])
def test_what_must_not_move_cannot_be_chosen(address: str) -> None:
    assert address not in MODULATED


def test_there_are_all_kinds_to_move() -> None:
    kinds = {type(TABLE[address].kind) for address in MODULATED}
    assert kinds >= {Number, Ratio, Switch}
