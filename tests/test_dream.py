import pytest

from engine.dream import LAYERS, STRIPS, Strip, open_gains, strip_layers
from engine.layers import layers
from engine.networks import NETWORKS

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


@pytest.mark.parametrize("network", NETWORKS)
def test_a_strip_without_a_layer_plays_its_stop(network: str) -> None:
    assert strip_layers((Strip(),) * STRIPS, network) == NETWORKS[network].stops


@pytest.mark.parametrize("network", NETWORKS)
def test_a_strip_plays_the_layer_it_is_given(network: str) -> None:
    deepest = layers(network)[-1]
    chosen = strip_layers((Strip(layer=deepest), *[Strip()] * (STRIPS - 1)), network)
    assert chosen == (deepest, *NETWORKS[network].stops[1:])


@pytest.mark.parametrize("network", NETWORKS)
def test_a_layer_of_another_network_leaves_the_strip_on_its_stop(network: str) -> None:
    foreign = next(layer for layer in LAYERS if layer not in layers(network))
    strips = (Strip(layer=foreign),) * STRIPS
    assert strip_layers(strips, network) == NETWORKS[network].stops


def test_two_strips_may_play_one_layer() -> None:
    strips = (Strip(layer="c3a"),) * STRIPS
    assert strip_layers(strips, "bestiary") == ("c3a",) * STRIPS


@pytest.mark.parametrize("network", NETWORKS)
def test_every_layer_can_be_named_on_a_strip(network: str) -> None:
    assert set(NETWORKS[network].stops) <= set(layers(network)) <= set(LAYERS)
    assert len(set(LAYERS)) == len(LAYERS)
