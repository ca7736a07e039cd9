import random
import threading
from collections.abc import Iterator

import pytest

from engine.bank import Bank, bank_slot
from engine.dream import Dream, Strip
from installation.settings import Master, Scope, table

TABLE = table()


@pytest.fixture
def bank() -> Iterator[Bank]:
    slot = bank_slot(TABLE)
    made = Bank(TABLE, slot)
    made.start(TABLE.defaults, now=100.0)
    yield made
    slot.unlink()


def test_settings_come_back_typed(bank: Bank) -> None:
    bank.write({"/dream/network": 1.0, "/strip/3/gain": -0.5, "/dream/freeze": 1.0})
    moment = bank.read()
    assert moment.of(Dream).network == "inception_v3"
    assert moment.of(Dream).freeze is True
    assert [strip.gain for strip in moment.each(Strip)] == [0, 0, -0.5, 0.5, 1, 0, 0, 0]


def test_an_untouched_bank_holds_the_defaults(bank: Bank) -> None:
    assert bank.read(now=100.0).of(Dream) == Dream()
    assert bank.read(now=100.0).of(Scope) == Scope()


def test_a_spin_turns_its_angle(bank: Bank) -> None:
    bank.write({"/scope/spin": 90.0, "/scope/angle": 10.0}, now=100.0)
    assert bank.read(now=101.0).of(Scope).angle == pytest.approx(100.0)


def test_a_change_of_spin_never_jumps(bank: Bank) -> None:
    bank.write({"/scope/spin": 90.0}, now=100.0)
    before = bank.read(now=102.0).of(Scope).angle
    bank.write({"/scope/spin": -30.0}, now=102.0)
    assert bank.read(now=102.0).of(Scope).angle == pytest.approx(before)
    assert bank.read(now=103.0).of(Scope).angle == pytest.approx((before - 30.0) % 360)


def test_an_angle_that_is_set_is_the_angle_that_is_seen(bank: Bank) -> None:
    bank.write({"/scope/spin": 40.0}, now=100.0)
    bank.write({"/scope/angle": 0.0}, now=102.0)
    assert bank.read(now=102.0).of(Scope).angle == 0.0
    assert bank.read(now=103.0).of(Scope).angle == pytest.approx(40.0)


def test_an_angle_that_is_moved_while_it_turns_keeps_its_turn(bank: Bank) -> None:
    bank.write({"/scope/spin": 40.0}, now=100.0)
    bank.write({"/scope/angle": 10.0}, now=102.0, turning={"/scope/angle": 0.0})
    assert bank.read(now=102.0).of(Scope).angle == pytest.approx(90.0)
    assert bank.read(now=102.0).turned("/scope/angle") == pytest.approx(80.0)
    bank.write({"/scope/angle": 10.0}, now=103.0, turning={"/scope/angle": -20.0})
    assert bank.read(now=103.0).of(Scope).angle == pytest.approx(110.0)


def test_nothing_turns_what_has_no_rate(bank: Bank) -> None:
    assert bank.read(now=500.0).turned("/scope/zoom") == 0.0


def test_an_angle_never_leaves_its_range(bank: Bank) -> None:
    bank.write({"/scope/spin": 170.0}, now=100.0)
    angles = [bank.read(now=100.0 + months * 2.6e6).of(Scope).angle for months in range(12)]
    assert all(-180 <= angle < 180 for angle in angles)


def turned(bank: Bank, now: float, since: float) -> float:
    """How far the angle is from what it was, the short way round."""
    return (bank.read(now=now).of(Scope).angle - since + 180) % 360 - 180


@pytest.mark.parametrize("seed", range(20))
def test_however_a_spin_is_turned_and_swayed_its_angle_never_jumps(bank: Bank, seed: int) -> None:
    """Two writes a second, of the knob, of what a modulator adds, or of both."""
    hand, now = random.Random(seed), 100.0
    for _ in range(40):
        now += hand.uniform(0.0, 1.0)
        before = bank.read(now=now).of(Scope).angle
        knob, sway = hand.uniform(-180, 180), hand.choice([0.0, hand.uniform(-400, 400)])
        values = {"/scope/spin": knob} if hand.random() < 0.6 else {}
        bank.write(values, now=now, sways={"/scope/spin": sway} if hand.random() < 0.6 else {})
        assert turned(bank, now, before) == pytest.approx(0.0, abs=1e-6)
        spin = bank.read().played("/scope/spin")
        assert turned(bank, now + 0.1, before) == pytest.approx(spin * 0.1, abs=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_a_swayed_angle_goes_on_turning_and_stands_where_it_would_once_let_go(
    bank: Bank, seed: int
) -> None:
    hand, now = random.Random(seed), 100.0
    bank.write({"/scope/spin": 30.0, "/scope/angle": 20.0}, now=now)
    for _ in range(20):
        now += hand.uniform(0.0, 1.0)
        sway = hand.uniform(-100, 100)
        bank.write({}, now=now, sways={"/scope/angle": sway})
        assert turned(bank, now, 20.0 + 30.0 * (now - 100.0) + sway) == pytest.approx(0.0, abs=1e-6)
    bank.write({}, now=now, sways={"/scope/angle": 0.0})
    assert turned(bank, now, 20.0 + 30.0 * (now - 100.0)) == pytest.approx(0.0, abs=1e-6)


def test_a_new_start_lets_go_of_what_was_swayed(bank: Bank) -> None:
    bank.write({}, sways={"/dream/amount": -0.5})
    assert bank.read().played("/dream/amount") == 0.5
    bank.start(TABLE.defaults)
    assert bank.read().played("/dream/amount") == 1.0


def test_every_reader_sees_the_same_angle_at_the_same_instant(bank: Bank) -> None:
    other = Bank(TABLE, bank._slot)
    bank.write({"/scope/source_spin": 45.0}, now=100.0)
    assert bank.read(now=107.0).of(Scope) == other.read(now=107.0).of(Scope)


def test_a_trigger_counts(bank: Bank) -> None:
    bank.write({"/master/panic": 1.0})
    bank.write({"/master/panic": 2.0})
    assert bank.read().of(Master).panic == 3


def test_a_new_start_keeps_the_triggers_counts(bank: Bank) -> None:
    bank.write({"/dream/reset": 1.0, "/dream/amount": 0.2, "/scope/spin": 50.0}, now=100.0)
    bank.start(TABLE.defaults, now=110.0)
    moment = bank.read(now=110.0)
    assert (moment.of(Dream).reset, moment.of(Dream).amount) == (1, 1.0)
    assert moment.of(Scope).angle == 0.0


def test_a_bank_that_was_never_started_says_so() -> None:
    slot = bank_slot(TABLE)
    with pytest.raises(LookupError, match="never started"):
        Bank(TABLE, slot).read()
    slot.unlink()


def test_a_scene_is_seen_whole_or_not_at_all(bank: Bank) -> None:
    addresses = [parameter.address for parameter in TABLE if parameter.address.endswith("/gain")]
    torn, done = [], threading.Event()

    def look() -> None:
        while not done.is_set():
            moment = bank.read()
            if len({moment[address] for address in addresses}) != 1:
                torn.append(moment)

    bank.write(dict.fromkeys(addresses, 0.0))
    reader = threading.Thread(target=look)
    reader.start()
    for n in range(2000):
        bank.write(dict.fromkeys(addresses, n / 2000))
    done.set()
    reader.join()
    assert not torn
