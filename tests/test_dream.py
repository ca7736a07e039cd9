import pytest

from engine.dream import STRIPS, Strip, deepest_open, open_gains

LOUD, MUTED = Strip(gain=0.5), Strip(gain=0.5, mute=True)
SOLOED, BOTH = Strip(gain=0.5, solo=True), Strip(gain=0.5, mute=True, solo=True)
CALM, CLOSED = Strip(gain=-0.5), Strip()


@pytest.mark.parametrize(
    ("strips", "gains"),
    [
        ((LOUD, LOUD), (0.5, 0.5)),
        ((LOUD, CALM), (0.5, -0.5)),
        ((LOUD, MUTED), (0.5, 0.0)),
        ((LOUD, SOLOED), (0.0, 0.5)),
        ((CALM, SOLOED), (0.0, 0.5)),
        ((MUTED, SOLOED), (0.0, 0.5)),
        ((SOLOED, SOLOED), (0.5, 0.5)),
        ((LOUD, BOTH), (0.0, 0.0)),  # mute wins, and what is soloed still silences the others
        ((SOLOED, BOTH), (0.5, 0.0)),
        ((CLOSED, CLOSED), (0.0, 0.0)),
    ],
)
def test_mute_closes_a_strip_and_solo_closes_the_others(
    strips: tuple[Strip, ...], gains: tuple[float, ...]
) -> None:
    assert open_gains(strips) == gains


@pytest.mark.parametrize("number", range(1, STRIPS + 1))
@pytest.mark.parametrize("gain", [1.0, 0.001, -1.0])
def test_the_deepest_open_strip_is_what_must_be_computed(number: int, gain: float) -> None:
    gains = tuple(gain if n <= number else 0.0 for n in range(1, STRIPS + 1))
    alone = tuple(gain if n == number else 0.0 for n in range(1, STRIPS + 1))
    assert deepest_open(gains) == deepest_open(alone) == number


def test_nothing_open_needs_nothing_computed() -> None:
    assert deepest_open((0.0,) * STRIPS) == 0


def test_a_muted_deep_strip_spares_its_layers() -> None:
    assert deepest_open(open_gains((LOUD, LOUD, MUTED, CLOSED))) == 2
