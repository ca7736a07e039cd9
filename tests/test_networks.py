import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.ascent import GRAIN
from engine.bestiary import network as bestiary
from engine.bestiary.network import LAYERS, weights
from engine.dream import STRIPS
from engine.networks import NETWORKS, Network

ROWS = [pytest.param(network, id=name) for name, network in NETWORKS.items()]
DOWNLOADED = [
    pytest.param(network, id=name) for name, network in NETWORKS.items() if network.constructor
]
CONVOLUTIONS = [layer for layer in LAYERS if layer.kernel]


@pytest.mark.parametrize("network", ROWS)
def test_a_network_has_eight_different_stops(network: Network) -> None:
    assert len(network.stops) == len(set(network.stops)) == STRIPS
    assert all(network.stops)


@pytest.mark.parametrize("network", ROWS)
def test_the_least_size_lies_on_the_grain(network: Network) -> None:
    assert network.least >= GRAIN
    assert network.least % GRAIN == 0


@pytest.mark.parametrize("network", ROWS)
def test_black_and_white_are_well_apart_for_every_colour(network: Network) -> None:
    assert len(network.scale) == 3
    for scale, offset in zip(network.scale, network.offset, strict=True):
        assert offset < 0 < scale + offset


@pytest.mark.parametrize("network", ROWS)
def test_where_a_network_comes_from_is_said(network: Network) -> None:
    assert network.provenance
    assert re.fullmatch(r"[A-Za-z0-9.-]+", network.licence), "expected an SPDX name"


@pytest.mark.parametrize("network", ROWS)
def test_a_checksum_names_its_algorithm(network: Network) -> None:
    forms = r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}"
    assert not network.checksum or re.fullmatch(forms, network.checksum)


@pytest.mark.parametrize("network", DOWNLOADED)
def test_what_is_downloaded_is_weights_without_a_classifier(network: Network) -> None:
    assert re.search(r"(notop|no_top)\.h5$", network.weights)


def test_the_embedded_network_is_the_first_and_only_one_that_travels_along() -> None:
    assert [name for name, network in NETWORKS.items() if not network.weights] == ["bestiary"]
    assert next(iter(NETWORKS)) == "bestiary"
    assert NETWORKS["bestiary"].checksum.startswith("sha256:")


def test_the_embedded_weights_are_whole_and_finite() -> None:
    values = weights()
    assert list(values) == [layer.name for layer in CONVOLUTIONS]
    for kernel, bias in values.values():
        assert kernel.dtype == bias.dtype == np.float32
        assert np.isfinite(kernel).all()
        assert np.isfinite(bias).all()


def test_the_embedded_weights_fit_their_layers() -> None:
    values, channels = weights(), 3
    for layer in CONVOLUTIONS:
        kernel, bias = values[layer.name]
        assert kernel.shape == (layer.kernel, layer.kernel, channels, layer.channels)
        assert bias.shape == (layer.channels,)
        channels = channels if layer.head else bias.size


def test_the_embedded_stops_are_layers_from_shallow_to_deep() -> None:
    names = [layer.name for layer in CONVOLUTIONS]
    stops = [stop for stop in names if stop in NETWORKS["bestiary"].stops]
    assert tuple(stops) == NETWORKS["bestiary"].stops


@pytest.mark.parametrize("place", [0, 100_000, -1])
def test_a_changed_byte_in_the_embedded_weights_is_refused(
    place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copy(bestiary.WEIGHTS, tmp_path))
    content = bytearray(copy.read_bytes())
    content[place] ^= 1
    copy.write_bytes(content)
    monkeypatch.setattr(bestiary, "WEIGHTS", copy)
    with pytest.raises(OSError, match=r"weights\.npz: expected sha256:\w+, received sha256:\w+"):
        weights()
