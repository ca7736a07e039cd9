from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from arrays import affine, arrays_of, convolution, forward, network, picture

from engine.bestiary import network as bestiary
from engine.bestiary.names import NAMES
from engine.graph import Graph
from engine.layers import layers
from engine.loading import Networks, blueprint, loaded
from engine.networks import NETWORKS
from engine.runtime import Tap
from engine.simplify import cut
from engine.topologies import read

WRITTEN = 2  # layers that have weights in the files of these tests; the others are 0


def saved(name: str, folder: Path) -> None:
    """A file of weights as Keras once wrote them."""
    weighted = [row for row in read.rows(name) if row.get("weights")]
    with h5py.File(folder / f"{name}.h5", "w") as file:
        file.attrs["layer_names"] = [row["name"] for row in weighted]
        for place, row in enumerate(weighted):
            group = file.create_group(row["name"])
            group.attrs["weight_names"] = [str(n) for n in range(len(row["weights"]))]
            for n, shape in enumerate(row["weights"]):
                values = arrays_of(row)[n] if place < WRITTEN else None
                group.create_dataset(str(n), shape, np.float32, values)


def begun(name: str) -> Graph:
    """What of a network has weights, as Keras has it."""
    rows = list(read.rows(name))
    places = [place for place, row in enumerate(rows) if row.get("weights")]
    shallow = rows[: places[WRITTEN - 1] + 1]
    return read.graph(shallow, {row["name"]: arrays_of(row) for row in shallow})


@pytest.fixture(scope="module")
def embedded() -> Graph:
    return loaded("bestiary", None)


@pytest.fixture(scope="module")
def vgg16(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    folder = tmp_path_factory.mktemp("weights")
    saved("vgg16", folder)
    return loaded("vgg16", folder)


@pytest.mark.parametrize("name", ["vgg16", "resnet50", "mobilenet_v2"])
def test_every_network_takes_its_picture_as_rgb(name: str, tmp_path: Path) -> None:
    saved(name, tmp_path)
    graph, original, x = loaded(name, tmp_path), begun(name), picture(16, 16)
    last = original.operations[-1].name
    expected = forward(original, x[::-1] if NETWORKS[name].bgr else x)[last]
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(forward(cut(graph, [last]), x)[last], expected)


def test_a_file_that_is_not_hdf5_is_refused_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "vgg16.h5").write_bytes(b"<html>Not found</html>")
    with pytest.raises(OSError, match=r"vgg16\.h5: expected weights of vgg16") as refusal:
        loaded("vgg16", tmp_path)
    assert str(tmp_path) in str(refusal.value)


def test_a_file_whose_arrays_are_not_where_it_says_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "vgg16.h5", "w") as file:
        file.attrs["layer_names"] = ["block1_conv1"]
    with pytest.raises(OSError, match=r"vgg16\.h5: expected weights of vgg16, .*block1_conv1"):
        loaded("vgg16", tmp_path)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    saved("vgg19", tmp_path)
    (tmp_path / "vgg19.h5").rename(tmp_path / "vgg16.h5")
    with pytest.raises(OSError, match=r"vgg16, received layer block4_conv1: expected arrays"):
        loaded("vgg16", tmp_path)


def named(names: Any) -> Callable[[Any], None]:
    return lambda file: file.attrs.update({"layer_names": names})


def text(file: Any) -> None:
    del file["block1_conv1/0"]
    file["block1_conv1/0"] = "text"


def array(file: Any) -> None:
    del file["block1_conv1"]
    file["block1_conv1"] = np.ones(3)


BROKEN: dict[str, Callable[[Any], object]] = {
    "a text for an array": text,
    "an array for a layer": array,
    "a number for names": named(7),
    "numbers for names": named([7, 8]),
    "names in no alphabet": named([b"\xff"]),
    "an empty name": named([b""]),
    "no names of arrays": lambda file: file["block1_conv1"].attrs.pop("weight_names"),
    "no array of that name": lambda file: file["block1_conv1"].pop("0"),
    "Keras 3, and no number": lambda file: file.create_group("layers/conv2d/vars/x"),
    "Keras 3, and no layers": lambda file: file.update({"layers": 7}),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_refused_by_its_path(how: str, tmp_path: Path) -> None:
    saved("vgg16", tmp_path)
    with h5py.File(tmp_path / "vgg16.h5", "a") as file:
        BROKEN[how](file)
    with pytest.raises(OSError, match=r"vgg16\.h5: expected weights of vgg16, received .") as it:
        loaded("vgg16", tmp_path)
    assert str(tmp_path) in str(it.value)


@pytest.mark.parametrize("kept", [100, 3000, 20_000])
def test_a_file_that_was_cut_off_is_refused_by_its_path(kept: int, tmp_path: Path) -> None:
    saved("vgg16", tmp_path)
    path = tmp_path / "vgg16.h5"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(OSError, match=r"vgg16\.h5: expected weights of vgg16, received ."):
        loaded("vgg16", tmp_path)


def test_a_network_is_at_hand_where_its_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "none"))
    networks = Networks(tmp_path)
    assert networks.at_hand("bestiary")
    assert not networks.at_hand("vgg16")
    (tmp_path / "vgg16.h5").touch()
    assert networks.at_hand("vgg16")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_stop_is_a_layer(name: str) -> None:
    assert set(NETWORKS[name].stops) <= set(layers(name))


def test_an_unknown_layer_is_refused_with_its_network(embedded: Graph) -> None:
    with pytest.raises(ValueError, match=r"expected one of bestiary's, received 'c9'"):
        blueprint("bestiary", embedded, ["c2", "c9"], (64, 64))


def test_a_layer_above_missing_weights_is_refused(vgg16: Graph) -> None:
    with pytest.raises(ValueError, match=r"layer block2_pool of vgg16: .* block2_conv1"):
        blueprint("vgg16", vgg16, ["block2_pool"], (64, 64))
    assert blueprint("vgg16", vgg16, ["block1_conv1"], (64, 64)).taps == (Tap("block1_conv1", 64),)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("spoiled", "place"),
    [("one", "kernel"), ("one", "bias"), ("norm", "scale"), ("norm", "offset")],
)
def test_a_layer_above_weights_that_are_not_finite_is_refused(
    spoiled: str, place: str, number: float
) -> None:
    sound = network(
        convolution("one", "picture", (1, 1, 3, 4)),
        affine("norm", "one", 4),
        convolution("two", "norm", (1, 1, 4, 4)),
    )
    values = np.array(getattr(sound[spoiled], place))
    values[..., 0] = number
    bad = replace(sound[spoiled], **{place: values})
    graph = Graph(bad if each.name == spoiled else each for each in sound)
    assert blueprint("vgg16", sound, ["two"], (8, 8))
    with pytest.raises(ValueError, match=f"two of vgg16: .* NaN or infinity in those of {spoiled}"):
        blueprint("vgg16", graph, ["two"], (8, 8))


def test_a_picture_that_is_too_small_for_the_layers_is_refused(embedded: Graph) -> None:
    with pytest.raises(ValueError, match="p4: expected a larger picture"):
        blueprint("bestiary", embedded, ["coarse"], (8, 8))


@pytest.mark.parametrize("bgr", [True, False])
def test_scale_and_offset_turn_with_the_colours(
    bgr: bool, embedded: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    colours = replace(NETWORKS["bestiary"], scale=(1.0, 2.0, 3.0), offset=(4.0, 5.0, 6.0), bgr=bgr)
    monkeypatch.setattr("engine.loading.NETWORKS", {"bestiary": colours})
    plan = blueprint("bestiary", embedded, ["c2"], (32, 32))
    assert plan.scale.tolist() == ([3, 2, 1] if bgr else [1, 2, 3])
    assert plan.offset.tolist() == ([6, 5, 4] if bgr else [4, 5, 6])
    assert plan.scale.dtype == plan.offset.dtype == np.float32


def test_the_heads_of_the_embedded_network_are_known(embedded: Graph) -> None:
    taps = blueprint("bestiary", embedded, NETWORKS["bestiary"].stops, (64, 64)).taps
    assert tuple(tap.layer for tap in taps if tap.head) == bestiary.heads()
    assert [tap.layer for tap in taps] == list(NETWORKS["bestiary"].stops)


def test_a_blueprint_is_no_deeper_than_its_layers(embedded: Graph) -> None:
    graph = blueprint("bestiary", embedded, ["c2"], (64, 64)).graph
    assert [operation.name for operation in graph] == [
        "picture",
        "c1/linear",
        "c1",
        "c2/linear",
        "c2",
    ]


def test_the_embedded_network_halves_its_picture_again_and_again(embedded: Graph) -> None:
    sizes = embedded.sizes(64, 96)
    for layer, part in {"c1": 2, "p2": 4, "c3b": 4, "p3": 8, "fine": 8, "c5b": 16}.items():
        assert sizes[layer][1:] == (64 // part, 96 // part)
    assert sizes["fine"][0] == sizes["coarse"][0] == len(NAMES)


def test_the_embedded_network_is_loud_at_every_layer(embedded: Graph) -> None:
    values = forward(embedded, 2 * picture(32, 48).clip(-1, 1))
    for layer in layers("bestiary"):
        assert values[layer].shape == embedded.sizes(32, 48)[layer]
        assert np.abs(values[layer]).max() > 0.1
