import pytest
from arrays import affine, convolution, hollow, network

from engine.graph import (
    Activation,
    Graph,
    Join,
    Mean,
    Operation,
    Part,
    Picture,
    Pool,
    Product,
    Sides,
    Size,
    Sum,
    padded,
)
from engine.topologies import read

SEEN = ("picture",)
FIGURES: list[tuple[Operation, Size]] = [  # of a picture of 9 by 12
    (Picture("end", SEEN), (3, 9, 12)),
    (convolution("end", "picture", (3, 3, 3, 8)), (8, 7, 10)),
    (convolution("end", "picture", (3, 3, 3, 8), 2), (8, 4, 5)),
    (convolution("end", "picture", (3, 3, 3, 8), 2, None), (8, 5, 6)),
    (convolution("end", "picture", (5, 3, 3, 8), 1, (0, 1, 2, 3)), (8, 6, 15)),
    (convolution("end", "picture", (3, 3, 3, 1), 1, None, depthwise=True), (3, 9, 12)),
    (affine("end", "picture", 3), (3, 9, 12)),
    (Activation("end", SEEN, "relu"), (3, 9, 12)),
    (Pool("end", SEEN, True, 3, 2), (3, 4, 5)),
    (Pool("end", SEEN, False, 2, 2, None), (3, 5, 6)),
    (Pool("end", SEEN, False, 3, 1, (1, 1, 1, 1)), (3, 9, 12)),
    (Mean("end", SEEN), (3, 1, 1)),
    (Join("end", ("picture", "picture")), (6, 9, 12)),
    (Sum("end", ("picture", "picture")), (3, 9, 12)),
    (Product("end", ("picture", "picture")), (3, 9, 12)),
    (Part("end", SEEN, 1, 3), (2, 9, 12)),
]
# https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2: window, stride, side -> zeros
SAME = [
    (1, 1, 5, (0, 0)),
    (1, 2, 5, (0, 0)),
    (2, 1, 5, (0, 1)),
    (2, 2, 4, (0, 0)),
    (2, 2, 5, (0, 1)),
    (3, 1, 5, (1, 1)),
    (3, 2, 4, (0, 1)),
    (3, 2, 5, (1, 1)),
    (5, 2, 8, (1, 2)),
    (5, 2, 9, (2, 2)),
    (6, 5, 13, (1, 2)),
    (7, 2, 224, (2, 3)),
]
PUBLISHED: dict[str, tuple[int, str, Size]] = {  # as the papers' tables have them
    "inception_v3": (299, "mixed10", (2048, 8, 8)),
    "densenet121": (224, "conv5_block16_concat", (1024, 7, 7)),
    "vgg16": (224, "block5_conv3", (512, 14, 14)),
    "vgg19": (224, "block5_conv4", (512, 14, 14)),
    "resnet50": (224, "conv5_block3_out", (2048, 7, 7)),
    "mobilenet_v2": (224, "out_relu", (1280, 7, 7)),
    "efficientnet_v2_b0": (224, "top_activation", (1280, 7, 7)),
    "xception": (299, "block14_sepconv2_act", (2048, 10, 10)),
}


@pytest.mark.parametrize(("operation", "size"), FIGURES)
def test_the_size_of_a_result_is_as_by_hand(operation: Operation, size: Size) -> None:
    assert network(operation).sizes(9, 12)["end"] == size


@pytest.mark.parametrize(("name", "row"), PUBLISHED.items())
def test_a_network_ends_as_large_as_published(name: str, row: tuple[int, str, Size]) -> None:
    side, layer, size = row
    assert hollow(read.rows(name)).sizes(side, side)[layer] == size


@pytest.mark.parametrize(("window", "stride", "side", "zeros"), SAME)
def test_same_padding_is_tensorflows(
    window: int, stride: int, side: int, zeros: tuple[int, int]
) -> None:
    assert padded(None, (window, 1), stride, (side, 1))[:2] == zeros
    assert padded(None, (1, window), stride, (1, side))[2:] == zeros


@pytest.mark.parametrize("sides", [(0, 0, 0, 0), (1, 2, 3, 4)])
def test_padding_that_is_given_is_kept(sides: Sides) -> None:
    assert padded(sides, (3, 3), 2, (9, 9)) == sides


@pytest.mark.parametrize(("rows", "columns"), [(3, 16), (16, 3)])
def test_a_picture_that_is_too_small_is_refused_by_the_layer(rows: int, columns: int) -> None:
    graph = network(
        Pool("halved", SEEN, True, 2, 2), convolution("looked at", "halved", (2, 2, 3, 4))
    )
    assert graph.sizes(4, 4)["looked at"] == (4, 1, 1)
    with pytest.raises(ValueError, match="looked at: expected a larger picture"):
        graph.sizes(rows, columns)


def test_multiplications_are_those_of_the_convolutions() -> None:
    graph = network(
        convolution("first", "picture", (3, 3, 3, 8), 2, None),
        Activation("bent", ("first",), "relu"),
        convolution("second", "bent", (3, 3, 8, 1), padding=None, depthwise=True),
    )
    assert graph.multiplications(9, 12) == (3 * 3 * 3 * 8 + 3 * 3 * 8) * 5 * 6


def test_vgg16_multiplies_as_often_as_published() -> None:
    assert hollow(read.rows("vgg16")).multiplications(224, 224) == 15_346_630_656


def test_the_readers_of_a_result_are_found() -> None:
    left, right = Mean("left", SEEN), Mean("right", SEEN)
    both = Sum("both", ("left", "right"))
    readers = network(left, right, both).readers()
    assert readers == {"picture": [left, right], "left": [both], "right": [both], "both": []}


def test_a_graph_is_asked_by_name() -> None:
    mean = Mean("mean", SEEN)
    graph: Graph = network(mean)
    assert "mean" in graph
    assert "median" not in graph
    assert graph["mean"] is mean
    assert [operation.name for operation in graph] == ["picture", "mean"]


@pytest.mark.parametrize(
    ("shape", "stride", "pointwise"),
    [
        ((1, 1, 3, 4), 1, True),
        ((1, 1, 3, 4), 2, False),
        ((3, 1, 3, 4), 1, False),
    ],
)
def test_a_pointwise_convolution_is_known(
    shape: tuple[int, ...], stride: int, pointwise: bool
) -> None:
    assert convolution("it", "picture", shape, stride).pointwise == pointwise


def test_a_depthwise_convolution_is_not_pointwise() -> None:
    assert not convolution("it", "picture", (1, 1, 3, 1), depthwise=True).pointwise
