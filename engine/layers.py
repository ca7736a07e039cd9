"""The layers of the networks, by name."""

from functools import cache

from engine.bestiary import network as bestiary
from engine.networks import NETWORKS
from engine.topologies import read


@cache
def layers(network: str) -> tuple[str, ...]:
    """Those that can be put on a strip, from shallow to deep."""
    return read.layers(network) if NETWORKS[network].constructor else bestiary.layers()
