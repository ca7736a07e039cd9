import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from arrays import arrays_of, forward, hollow, picture

from engine.frame import Array
from engine.networks import NETWORKS
from engine.topologies import read
from engine.topologies.weight_arrays import weight_arrays

Write = Callable[[Path, Sequence[read.Row], dict[str, list[Array]]], None]

TAKEN = [name for name, network in NETWORKS.items() if network.constructor]
ROWS: list[read.Row] = [
    {"name": "input_layer", "kind": "InputLayer", "from": []},
    {"name": "stem", "kind": "Conv2D", "weights": [[3, 3, 3, 4], [4]]},
    {"name": "norm", "kind": "BatchNormalization", "weights": [[4], [4], [4], [4]]},
    {"name": "act", "kind": "ReLU"},
    {"name": "places", "kind": "DepthwiseConv2D", "weights": [[3, 3, 4, 1]]},
    {"name": "norm_too", "kind": "BatchNormalization", "weights": [[4], [4], [4]]},
    {"name": "apart", "kind": "SeparableConv2D", "weights": [[3, 3, 4, 1], [1, 1, 4, 5]]},
    {"name": "end", "kind": "Conv2D", "weights": [[1, 1, 5, 2], [2]]},
]
ZEROS = [[1, 2], [3, 4]]  # above and below, left and right
KERAS_3 = {  # where Keras 3 puts the arrays of ROWS
    "stem": "conv2d",
    "norm": "batch_normalization",
    "places": "depthwise_conv2d",
    "norm_too": "batch_normalization_1",
    "apart": "separable_conv2d",
    "end": "conv2d_1",
}


def numbered(path: Path, rows: Sequence[read.Row], arrays: dict[str, list[Array]]) -> None:
    """As Keras 3 writes weights."""
    with h5py.File(path, "w") as file:
        for row in rows:
            layer = KERAS_3.get(row["name"], row["kind"].lower())
            file.create_group(f"layers/{layer}/vars")
            for n, array in reversed(list(enumerate(arrays.get(row["name"], ())))):
                file[f"layers/{layer}/vars/{n}"] = array


def named(
    path: Path,
    rows: Sequence[read.Row],
    arrays: dict[str, list[Array]],
    under: str = "/",
    kind: str = "S",
) -> None:
    """As the files of keras-applications are written. ``kind``: of the names, bytes or letters."""
    with h5py.File(path, "w") as file:
        top = file.require_group(under)
        top.attrs["layer_names"] = texts([row["name"] for row in rows], kind)
        for row in rows:
            group = top.create_group(row["name"])
            names = [f"{row['name']}/part_{n}:0" for n in range(len(arrays.get(row["name"], ())))]
            group.attrs["weight_names"] = texts(names, kind)
            for name, array in zip(names, arrays.get(row["name"], ()), strict=True):
                group[name] = array


def texts(names: list[str], kind: str) -> Any:
    return np.array(names, h5py.string_dtype() if kind == "str" else kind)


FORMATS: list[Any] = [
    pytest.param(numbered, id="Keras 3"),
    pytest.param(named, id="legacy"),
    pytest.param(partial(named, kind="str"), id="legacy, names are letters"),
    pytest.param(partial(named, under="model_weights"), id="legacy, a whole model"),
]


def written(path: Path, write: Write) -> dict[str, list[Array]]:
    arrays = {row["name"]: arrays_of(row) for row in ROWS if row.get("weights")}
    write(path, ROWS, arrays)
    return arrays


def assert_are(received: dict[str, list[Array]], expected: dict[str, list[Array]]) -> None:
    assert received.keys() == expected.keys()
    for layer, arrays in expected.items():
        for one, other in zip(received[layer], arrays, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", TAKEN)
def test_the_stops_of_a_network_are_layers_from_shallow_to_deep(name: str) -> None:
    layers, stops = read.layers(name), NETWORKS[name].stops
    assert [layer for layer in layers if layer in stops] == list(stops)


@pytest.mark.parametrize("name", TAKEN)
def test_no_two_layers_have_one_name(name: str) -> None:
    names = [row["name"] for row in read.rows(name)]
    assert len(names) == len(set(names))
    assert set(read.layers(name)) <= {operation.name for operation in hollow(read.rows(name))}


@pytest.mark.parametrize("name", TAKEN)
def test_a_layer_reads_layers_before_it(name: str) -> None:
    known: set[str] = set()
    for row in read.rows(name):
        assert known.issuperset(row["from"])
        assert bool(row["from"]) == (row["kind"] != "InputLayer")
        known.add(row["name"])


@pytest.mark.parametrize("name", TAKEN)
def test_the_least_size_reaches_the_deepest_stop(name: str) -> None:
    network = NETWORKS[name]
    sizes = hollow(read.rows(name)).sizes(network.least, network.least)
    assert min(sizes[network.stops[-1]]) >= 1


@pytest.mark.parametrize("write", FORMATS)
def test_weights_are_read_as_they_were_written(write: Write, tmp_path: Path) -> None:
    arrays = written(tmp_path / "it.h5", write)
    assert_are(weight_arrays(tmp_path / "it.h5", ROWS), arrays)


@pytest.mark.parametrize("write", [numbered, named])
@pytest.mark.parametrize("kind", ["float16", "float64", ">f4"])
def test_weights_are_float32_whatever_the_file_has(write: Write, kind: str, tmp_path: Path) -> None:
    arrays = {
        row["name"]: [np.ones(shape, kind) for shape in row.get("weights", ())] for row in ROWS
    }
    write(tmp_path / "it.h5", ROWS, arrays)
    found = weight_arrays(tmp_path / "it.h5", ROWS)
    assert {array.dtype for each in found.values() for array in each} == {np.dtype(np.float32)}


@pytest.mark.parametrize("write", FORMATS)
def test_weights_of_another_shape_are_refused(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "it.h5"
    arrays = written(path, write)
    write(path, ROWS, arrays | {"apart": [np.ones((3, 3, 4, 1)), np.ones((1, 1, 4, 7))]})
    with pytest.raises(ValueError, match="layer apart: expected arrays ") as refusal:
        weight_arrays(path, ROWS)
    assert "[(3, 3, 4, 1), (1, 1, 4, 5)], received [(3, 3, 4, 1), (1, 1, 4, 7)]" in str(
        refusal.value
    )


@pytest.mark.parametrize("write", FORMATS)
def test_a_file_that_ends_early_is_refused(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "it.h5"
    write(path, ROWS[:-1], {row["name"]: arrays_of(row) for row in ROWS[:-1]})
    with pytest.raises(ValueError, match=r"layer end: expected arrays .*, received \[\]"):
        weight_arrays(path, ROWS)


def huge(group: Any, name: str) -> None:
    group.create_dataset(name, (10**7, 10**6), "f4", chunks=(1024, 1024))


def outside(group: Any, name: str) -> None:
    group.create_dataset(name, STEM, "f4", external=[("other.raw", 0, 432)])


def virtual(group: Any, name: str) -> None:
    layout = h5py.VirtualLayout(STEM, "f4")
    layout[:] = h5py.VirtualSource("other.h5", "stem", STEM)
    group.create_virtual_dataset(name, layout)


STEM = (3, 3, 3, 4)
STRANGE: dict[str, tuple[Callable[[Any, str], object], str]] = {
    "40 TB": (huge, r"layer stem: .* received \[\(10000000, 1000000\), \(4,\)\]"),
    "external storage": (outside, "0: expected numbers in this file, received those of another"),
    "virtual": (virtual, "0: expected numbers in this file, received those of another"),
    "external link": (
        lambda group, name: group.update({name: h5py.ExternalLink("it.h5", "/apart")}),
        "0: expected in this file, received <ExternalLink",
    ),
    "soft link": (
        lambda group, name: group.update({name: h5py.SoftLink("/apart")}),
        "0: expected in this file, received <SoftLink",
    ),
    "integers": (
        lambda group, name: group.create_dataset(name, STEM, "i4"),
        "0: expected floating numbers, received int32",
    ),
    "text": (
        lambda group, name: group.update({name: "text"}),
        "0: expected floating numbers, received object",
    ),
    "a group": (
        lambda group, name: group.create_group(name),
        "0: expected a Dataset, received a Group",
    ),
}


@pytest.mark.parametrize(
    ("write", "place"), [(numbered, "layers/conv2d/vars/0"), (named, "stem/stem/part_0:0")]
)
@pytest.mark.parametrize("strange", STRANGE)
def test_what_is_no_array_of_this_file_is_refused_unread(
    strange: str, write: Write, place: str, tmp_path: Path
) -> None:
    path, (put, refusal) = tmp_path / "it.h5", STRANGE[strange]
    written(path, write)
    with h5py.File(path, "a") as file:
        del file[place]
        put(file, place)
    with pytest.raises(ValueError, match=refusal):
        weight_arrays(path, ROWS)


@pytest.mark.parametrize(
    ("write", "place"),
    [
        *((numbered, place) for place in ("layers", "layers/conv2d", "layers/conv2d/vars")),
        *((named, place) for place in ("stem", "stem/stem")),
        (partial(named, under="model_weights"), "model_weights"),
    ],
)
def test_no_link_is_followed_on_the_way_to_an_array(
    write: Write, place: str, tmp_path: Path
) -> None:
    for name in ("it.h5", "other.h5"):
        written(tmp_path / name, write)
    with h5py.File(tmp_path / "it.h5", "a") as file:
        del file[place]
        file[place] = h5py.ExternalLink("other.h5", place)
    with pytest.raises(ValueError, match="expected in this file, received <ExternalLink"):
        weight_arrays(tmp_path / "it.h5", ROWS)


def test_a_classifier_behind_the_last_layer_is_passed_over(tmp_path: Path) -> None:
    arrays = written(tmp_path / "it.h5", named)
    top: read.Row = {"name": "predictions", "kind": "Dense"}
    named(tmp_path / "it.h5", [*ROWS, top], arrays | {"predictions": [np.ones((2, 1000))]})
    assert_are(weight_arrays(tmp_path / "it.h5", ROWS), arrays)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "it.h5", "w") as file:
        file["temperatures"] = np.ones(3)
    with pytest.raises(ValueError, match=r"layer stem: expected .*, received \[\]"):
        weight_arrays(tmp_path / "it.h5", ROWS)


@pytest.mark.parametrize("scale", [True, False])
def test_a_norm_is_as_by_hand(scale: bool) -> None:
    row = {"name": "norm", "kind": "BatchNormalization", "from": ["input_layer"]}
    gamma, beta, mean, variance = np.random.default_rng(1).uniform(0.1, 1, (4, 3, 1, 1))
    arrays = [each.ravel() for each in (gamma, beta, mean, variance)]
    facts = {"epsilon": 0.25, "scale": scale}
    graph = read.graph([*ROWS[:1], row | facts], {"norm": arrays if scale else arrays[1:]})
    x = picture(4, 5)
    expected = (gamma if scale else 1) * (x - mean) / np.sqrt(variance + 0.25) + beta
    np.testing.assert_allclose(forward(graph, x)["norm"], expected)


def test_layers_that_do_nothing_are_passed_over() -> None:
    rows = [
        *ROWS[:1],
        {"name": "zeros", "kind": "ZeroPadding2D", "from": ["input_layer"], "padding": ZEROS},
        ROWS[1] | {"from": ["zeros"], "stride": 1, "padding": "valid", "activation": "relu"},
        {"name": "dropout", "kind": "Dropout", "from": ["stem"]},
        {"name": "end", "kind": "GlobalAveragePooling2D", "from": ["dropout"]},
    ]
    graph = read.graph(rows, {"stem": arrays_of(ROWS[1])})
    assert [each.name for each in graph] == ["input_layer", "stem/linear", "stem", "end"]
    assert [each.sources for each in graph][1:] == [("input_layer",), ("stem/linear",), ("stem",)]
    assert graph.sizes(4, 4)["stem"] == (4, 4 + 1 + 2 - 2, 4 + 3 + 4 - 2)


def test_an_unknown_kind_of_layer_is_refused_by_name() -> None:
    rows = [*ROWS[:1], {"name": "odd", "kind": "LSTM", "from": ["input_layer"]}]
    with pytest.raises(ValueError, match="layer odd: expected a kind we know, received LSTM"):
        read.graph(rows, {})


@pytest.fixture(scope="module", params=TAKEN)
def network(request: pytest.FixtureRequest) -> tuple[str, Any]:
    """A network of keras.applications with weights of our own, no two alike."""
    from engine.topologies.taken import untouched

    model = untouched(request.param)
    for layer, row in zip(model.layers, read.rows(request.param), strict=True):
        if row.get("weights"):
            layer.set_weights(arrays_of(row))
    return request.param, model


@pytest.mark.e2e
def test_a_topology_is_what_the_installed_keras_builds(network: tuple[str, Any]) -> None:
    from engine.topologies.taken import taken

    name, model = network
    rows = taken(model)
    assert [row["name"] for row in rows] == [row["name"] for row in read.rows(name)]
    for received, expected in zip(rows, read.rows(name), strict=True):
        assert plain(received) == expected


def plain(row: Any) -> Any:
    """As it is after JSON, which has no tuples."""
    return json.loads(json.dumps(row))


def saved_by_keras_3(model: Any, path: Path) -> None:
    model.save_weights(path)


def saved_as_keras_once_did(model: Any, path: Path) -> None:
    from keras.src.legacy.saving import legacy_h5_format

    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


@pytest.mark.e2e
@pytest.mark.filterwarnings(  # Keras 3.15 saving TensorFlow's variables under NumPy 2
    "ignore:__array__ implementation doesn't accept:DeprecationWarning"
)
def test_weights_saved_by_keras_are_read_layer_by_layer(
    network: tuple[str, Any], tmp_path: Path
) -> None:
    name, model = network
    expected = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    small = model.count_params() < 10_000_000  # the others take seconds to write
    for save in (saved_by_keras_3, saved_as_keras_once_did)[: 2 if small else 1]:
        save(model, tmp_path / "it.weights.h5")
        assert_are(weight_arrays(tmp_path / "it.weights.h5", read.rows(name)), expected)


@pytest.mark.e2e
def test_a_graph_says_what_keras_says(network: tuple[str, Any]) -> None:
    name, model = network
    side, rows = NETWORKS[name].least, read.rows(name)
    graph = read.graph(rows, {layer.name: layer.get_weights() for layer in model.layers})
    x = picture(side, side)
    expected = np.asarray(model(x.transpose(1, 2, 0)[None].astype(np.float32)))[0]
    received = forward(graph, x)[rows[-1]["name"]].transpose(1, 2, 0)
    np.testing.assert_allclose(received, expected, atol=1e-3 * np.abs(expected).max())
