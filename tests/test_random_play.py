import pytest
from random_play import SPARED, Hands, played, slope

from installation.settings import table


def test_every_parameter_is_turned_to_what_it_takes() -> None:
    hands, known = Hands(["bestiary", "vgg16"], seed=0), table()
    turned = {}
    for _ in range(20000):
        address, value = hands.turn()
        turned[address] = known[address].value_in_range(value)
    assert turned.keys() == {each.address for each in known} - set(SPARED)


def test_the_slope_is_that_of_the_warm_part() -> None:
    memory = [(float(at), 500.0 + 2.0 * at / 60 + 300.0 * (at < 100)) for at in range(0, 600, 10)]
    assert slope(memory) == pytest.approx(2.0, abs=0.1)
    assert slope(memory[:5]) == 0.0


@pytest.mark.e2e
def test_random_play_stops_nothing() -> None:
    *_, (_, figures, _) = played(30.0, ["drift"], None, seed=1)
    assert (figures["traces"], figures["reseeded"]) == (0, 0)
    assert set(figures["restarts"].values()) == {0}
    assert figures["dreamed"] > 20
