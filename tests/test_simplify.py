from collections.abc import Sequence

import numpy as np
import pytest
from arrays import NumpyLayers, affine, convolution, forward, grown, network, picture

from engine.frame import Array
from engine.gradient import Gradient, Layout
from engine.graph import (
    Activation,
    Affine,
    Convolution,
    Graph,
    Join,
    Operation,
    Part,
    Picture,
    Pool,
    Sum,
)
from engine.runtime import Tap
from engine.simplify import cut, simplified

CHANNELS = 3
REAL = [
    ("inception_v3", 47, ("mixed0", "mixed1", "mixed2")),
    ("inception_v3", 43, ("batch_normalization_5", "average_pooling2d", "mixed0")),
    ("densenet121", 33, ("conv1_relu", "conv2_block3_concat", "pool2_relu", "pool2_conv")),
    ("mobilenet_v2", 47, ("block_3_depthwise", "block_6_expand_relu")),
    ("efficientnet_v2_b0", 32, ("block2b_add", "block4a_se_squeeze", "block4a_project_bn")),
    ("xception", 39, ("block2_sepconv1", "block4_sepconv1_act")),
    ("resnet50", 32, ("conv1_conv", "conv2_block2_out")),
]


def random_network(seed: int) -> tuple[Graph, list[str]]:
    """Twelve operations that read one another at random, and three of them to be tapped."""
    numbers = np.random.default_rng(seed)
    names, operations = ["picture"], []
    for place in range(12):
        name = f"{seed} {place}"
        source, other = numbers.choice(names[-4:], 2)
        operations.append(random_operation(numbers, name, str(source), str(other)))
        names.append(name)
    taps = numbers.choice(names[1:], 3, replace=False)
    return network(*operations), [str(tap) for tap in taps]


def random_operation(numbers: np.random.Generator, name: str, source: str, other: str) -> Operation:
    choices = [
        convolution(name, source, (1, 1, CHANNELS, CHANNELS)),
        convolution(name, source, (1, 1, CHANNELS, CHANNELS)),
        convolution(name, source, (3, 3, CHANNELS, CHANNELS), padding=None),
        convolution(name, source, (3, 3, CHANNELS, 1), padding=None, depthwise=True),
        affine(name, source, CHANNELS),
        affine(name, source, CHANNELS),
        Activation(name, (source,), "silu"),
        Pool(name, (source,), False, 3, 1, None),
        Pool(name, (source,), False, 3, 1, None),
        Sum(name, (source, other)),
    ]
    return choices[numbers.integers(len(choices))]


def assert_says_the_same(graph: Graph, taps: Sequence[str], x: Array) -> None:
    expected, received = forward(cut(graph, taps), x), forward(simplified(graph, taps), x)
    for tap in taps:
        near = 1e-5 * np.abs(expected[tap]).max()
        np.testing.assert_allclose(received[tap], expected[tap], rtol=1e-5, atol=near)


def counted(graph: Graph, kind: type[Operation]) -> int:
    return sum(isinstance(operation, kind) for operation in graph)


def names(graph: Graph) -> list[str]:
    return [operation.name for operation in graph]


@pytest.mark.parametrize("seed", range(40))
def test_a_simplified_network_says_the_same(seed: int) -> None:
    graph, taps = random_network(seed)
    assert_says_the_same(graph, taps, picture(5, 6))


@pytest.mark.parametrize(("name", "side", "taps"), REAL)
def test_a_simplified_real_network_says_the_same(
    name: str, side: int, taps: tuple[str, ...]
) -> None:
    graph = grown(name, taps[-1])
    assert_says_the_same(graph, taps, picture(side, side))
    assert len(simplified(graph, taps).operations) < len(cut(graph, taps).operations)


@pytest.mark.parametrize("seed", range(20))
def test_a_simplified_network_is_raised_the_same_way(seed: int) -> None:
    graph, names = random_network(seed)
    taps, x = [Tap(name, CHANNELS) for name in names], picture(5, 6)
    knobs = np.random.default_rng(seed).uniform(0.5, 1.0, Layout(tuple(taps)).length)
    whole, _ = Gradient(NumpyLayers(), cut(graph, names), taps, (5, 6))(x, knobs)
    short, _ = Gradient(NumpyLayers(), simplified(graph, names), taps, (5, 6))(x, knobs)
    np.testing.assert_allclose(short, whole, rtol=1e-4, atol=1e-5 * np.abs(whole).max())


@pytest.mark.parametrize(("name", "side", "taps"), REAL)
def test_no_norm_is_left_behind_a_convolution_but_a_tapped_one(
    name: str, side: int, taps: tuple[str, ...]
) -> None:
    graph = simplified(grown(name, taps[-1]), taps)
    behind = [each.sources[0] for each in graph if isinstance(each, Affine)]
    assert {each for each in behind if isinstance(graph[each], Convolution)} <= set(taps)


def test_what_no_tap_needs_is_cut_away() -> None:
    graph = network(
        Activation("first", ("picture",), "relu"),
        Activation("aside", ("first",), "relu"),
        Activation("second", ("first",), "relu"),
        Activation("beyond", ("second",), "relu"),
    )
    assert names(cut(graph, ["second"])) == ["picture", "first", "second"]


def test_a_folded_convolution_takes_the_name_of_its_norm() -> None:
    graph = network(convolution("it", "picture", (3, 3, 3, 4)), affine("norm", "it", 4))
    assert names(simplified(graph, ["norm"])) == ["picture", "norm"]


@pytest.mark.parametrize("taps", [("it", "norm"), ("other", "norm")])
def test_a_convolution_that_others_look_at_keeps_its_norm_apart(taps: tuple[str, ...]) -> None:
    it, norm = convolution("it", "picture", (3, 3, 3, 4)), affine("norm", "it", 4)
    graph = network(it, norm, Activation("other", ("it",), "relu"))
    short = simplified(graph, taps)
    assert short["it"] is it
    assert short["norm"] is norm


def block() -> Graph:
    """As in Inception: three ways from the picture, one of them by way of a mean."""
    return network(
        convolution("left", "picture", (1, 1, 3, 2)),
        convolution("middle", "picture", (1, 1, 3, 4)),
        convolution("deeper", "middle", (3, 3, 4, 2), padding=None),
        Pool("mean", ("picture",), False, 3, 1, None),
        convolution("right", "mean", (1, 1, 3, 5)),
        Join("end", ("left", "deeper", "right")),
    )


def test_siblings_become_one_convolution_and_its_parts() -> None:
    short = simplified(block(), ["end"])
    assert counted(block(), Convolution) == 4
    assert counted(short, Convolution) == 2
    assert counted(short, Part) == 3
    assert short.multiplications(8, 8) == block().multiplications(8, 8)


@pytest.mark.parametrize(
    "taps", [("end",), ("left", "right"), ("middle", "right"), ("mean", "end")]
)
def test_tapped_siblings_say_the_same(taps: tuple[str, ...]) -> None:
    assert_says_the_same(block(), taps, picture(6, 7))


def test_wide_and_strided_siblings_stay_apart() -> None:
    graph = network(
        convolution("wide", "picture", (3, 3, 3, 2), 2, None),
        convolution("strided", "picture", (1, 1, 3, 2), 2),
        Join("end", ("wide", "strided")),
    )
    assert names(simplified(graph, ["end"])) == names(graph)


def test_a_mean_changes_places_with_the_convolution_behind_it() -> None:
    short = simplified(block(), ["end"])
    assert isinstance(short["right"], Pool)
    assert "mean" not in short


def test_a_tapped_mean_stays_where_it_is() -> None:
    short = simplified(block(), ["mean", "end"])
    assert short["mean"] is not None
    assert isinstance(short["right"], Convolution)


@pytest.mark.parametrize(
    "pool",
    [
        pytest.param(Pool("mean", ("picture",), True, 3, 1, None), id="the largest"),
        pytest.param(Pool("mean", ("picture",), False, 2, 2), id="strided"),
    ],
)
def test_other_pools_stay_where_they_are(pool: Pool) -> None:
    graph = network(pool, convolution("it", "mean", (1, 1, 3, 2)))
    assert simplified(graph, ["it"])["mean"] is pool


def test_a_mean_that_two_look_at_stays_where_it_is() -> None:
    pool = Pool("mean", ("picture",), False, 3, 1, None)
    left, right = (convolution(name, "mean", (1, 1, 3, 2)) for name in ("left", "right"))
    graph = network(pool, left, right, Join("end", ("left", "right")))
    assert simplified(graph, ["end"])["mean"] is pool


@pytest.mark.parametrize("seed", range(5))
def test_the_original_is_left_as_it_was(seed: int) -> None:
    graph, taps = random_network(seed)
    before, x = names(graph), picture(4, 4)
    said = forward(graph, x)[taps[0]]
    simplified(graph, taps)
    assert names(graph) == before
    np.testing.assert_array_equal(forward(graph, x)[taps[0]], said)


def test_the_picture_stays_first() -> None:
    graph, taps = random_network(1)
    assert isinstance(next(iter(simplified(graph, taps))), Picture)
