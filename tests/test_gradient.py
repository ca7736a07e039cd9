from collections.abc import Sequence

import numpy as np
import pytest
from arrays import NumpyLayers, affine, convolution, forward, network, picture

from engine.frame import Array
from engine.gradient import FREE, KINDS, QUIET, WAVES, Gradient, Layout
from engine.graph import (
    ACTIVATIONS,
    Activation,
    Graph,
    Join,
    Mean,
    Operation,
    Part,
    Pool,
    Product,
    Sum,
)
from engine.runtime import Tap

SMALL = 1e-5  # the step of a finite difference
OBJECTIVES = ("balanced", "energy", "mean", "guide")
SIZES = [(8, 7), (7, 8), (9, 5)]


def convolved(stride: int = 1, *, window: int = 3, same: bool = False) -> list[Operation]:
    padding = None if same else (1, 0, 2, 1)
    return [convolution("end", "picture", (window, window, 3, 4), stride, padding)]


def depthwise(stride: int, same: bool) -> list[Operation]:
    padding = None if same else (0, 1, 0, 2)
    return [convolution("end", "picture", (3, 3, 3, 1), stride, padding, depthwise=True)]


def pooled(largest: bool, size: int, stride: int, same: bool = False) -> list[Operation]:
    padding = None if same else (1, 0, 0, 1)
    return [Pool("end", ("picture",), largest, size, stride, padding)]


def squeezed() -> list[Operation]:
    return [
        convolution("wide", "picture", (1, 1, 3, 4)),
        Mean("squeeze", ("wide",)),
        convolution("excite", "squeeze", (1, 1, 4, 4)),
        Activation("gate", ("excite",), "sigmoid"),
        Product("end", ("wide", "gate")),
    ]


def branched() -> list[Operation]:
    return [
        convolution("left", "picture", (3, 3, 3, 2), padding=None),
        convolution("right", "picture", (1, 1, 3, 3)),
        Join("both", ("left", "picture", "right")),
        Activation("end", ("both",), "silu"),
    ]


def parted() -> list[Operation]:
    return [
        convolution("whole", "picture", (1, 1, 3, 5)),
        Part("first", ("whole",), 0, 2),
        Part("second", ("whole",), 2, 5),
        convolution("from second", "second", (3, 3, 3, 2), padding=None),
        Sum("end", ("first", "from second")),
    ]


NETWORKS: dict[str, list[Operation]] = {
    "convolution": convolved(),
    "convolution, same": convolved(same=True),
    "convolution, even window, same": convolved(window=2, same=True),
    "convolution, stride 2": convolved(2),
    "convolution, stride 2, same": convolved(2, same=True),
    "convolution, window 5, stride 2, same": convolved(2, window=5, same=True),
    "convolution, window 1, stride 2": convolved(2, window=1),
    "depthwise": depthwise(1, same=False),
    "depthwise, same": depthwise(1, same=True),
    "depthwise, stride 2": depthwise(2, same=False),
    "depthwise, stride 2, same": depthwise(2, same=True),
    "affine": [affine("end", "picture", 3)],
    **{f"{kind} activation": [Activation("end", ("picture",), kind)] for kind in ACTIVATIONS},
    "largest": pooled(True, 3, 1),
    "largest, same": pooled(True, 3, 1, same=True),
    "largest, stride 2": pooled(True, 3, 2),
    "largest of 2, stride 2, same": pooled(True, 2, 2, same=True),
    "pool mean": pooled(False, 3, 1),
    "pool mean, same": pooled(False, 3, 1, same=True),
    "pool mean, stride 2": pooled(False, 2, 2),
    "pool mean, stride 2, same": pooled(False, 3, 2, same=True),
    "squeeze and excite": squeezed(),
    "join": branched(),
    "sum and parts": parted(),
    "sum with itself": [Sum("end", ("picture", "picture"))],
}
DEEP = network(
    convolution("first", "picture", (3, 3, 3, 4), 2, None),
    Activation("bent", ("first",), "silu"),
    convolution("second", "bent", (3, 3, 4, 5), padding=None),
)


def knobs(taps: Sequence[Tap], objective: str, gains: Sequence[float]) -> Array:
    layout, numbers = Layout(tuple(taps)), np.random.default_rng(3)
    values = numbers.uniform(0.5, 2.0, layout.length)
    values[:KINDS] = [each == objective for each in OBJECTIVES]
    for number, gain in enumerate(gains):
        values[layout.gain(number)] = gain
        values[layout.weights(number) : layout.targets(number)] /= values[
            layout.weights(number) : layout.targets(number)
        ].sum()
    return values


def hill(numbers: Array, rows: int, columns: int) -> Array:
    """What a mask lets through, (rows, columns): all of it where there is only one place."""
    if rows == columns == 1:
        return np.ones((1, 1))
    across = 2 * np.pi * (np.arange(columns) + 0.5) / columns
    down = 2 * np.pi * (np.arange(rows)[:, None] + 0.5) / rows
    height = numbers[0] + numbers[1] * np.cos(across) + numbers[2] * np.sin(across)
    height = height + numbers[3] * np.cos(down) + numbers[4] * np.sin(down)
    return np.asarray(1 / (1 + np.exp(-height)))


def told(
    tap: Tap, objective: str, free: float, x: Array, at: Array, weights: Array, targets: Array
) -> float:
    """The term of one tap, as Gradient documents it; ``at``: where what is held is taken."""
    energies, scale = (x * x).mean((1, 2)), (at * at).mean() + 1e-9
    if tap.head:
        own = x - free * at.mean((1, 2), keepdims=True)
        return float(np.log((weights[:, None, None] * np.exp(own)).sum(0)).mean())
    lifted = np.log(energies + QUIET * scale)
    wanted = np.log(targets + QUIET * targets.mean())
    return float(
        {
            "balanced": (weights * lifted).sum(),
            "energy": np.log((weights * energies).sum() + 1e-6 * scale),
            "mean": (weights * x.mean((1, 2))).sum() / scale**0.5,
            "guide": -0.5 * (weights * (lifted - wanted) ** 2).sum(),
        }[objective]
    )


def differenced(
    graph: Graph, taps: Sequence[Tap], objective: str, numbers: Array, start: Array, along: Array
) -> float:
    """How fast what is raised grows from ``start`` on, ``along`` a direction."""
    layout, held = Layout(tuple(taps)), forward(graph, start)

    def height(step: float) -> float:
        values, total = forward(graph, start + step * along), 0.0
        for number, tap in enumerate(taps):
            weights = numbers[layout.weights(number) : layout.targets(number)]
            targets = numbers[layout.targets(number) :][: tap.channels]
            at, free = held[tap.layer], numbers[FREE]
            let_through = hill(numbers[layout.mask(number) :], *at.shape[1:])
            x = at + let_through * (values[tap.layer] - at)
            term = told(tap, objective, free, x, at, weights, targets)
            total += numbers[layout.gain(number)] * term
        return total

    return (height(SMALL) - height(-SMALL)) / (2 * SMALL)


def assert_is_the_slope(
    graph: Graph, taps: Sequence[Tap], objective: str, gains: Sequence[float], x: Array
) -> None:
    numbers = knobs(taps, objective, gains)
    gradient, _ = Gradient(NumpyLayers(), graph, taps, x.shape[1:])(x, numbers)
    assert gradient.shape == x.shape
    for seed in range(3):
        along = np.random.default_rng(seed).normal(size=x.shape)
        slope = differenced(graph, taps, objective, numbers, x, along)
        assert (gradient * along).sum() == pytest.approx(slope, rel=1e-5, abs=1e-8)


def tapped(graph: Graph, *names: str, head: bool = False) -> list[Tap]:
    sizes = graph.sizes(8, 8)
    return [Tap(name, sizes[name][0], head) for name in names]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("operations", NETWORKS.values(), ids=NETWORKS)
def test_the_gradient_of_every_operation_is_its_slope(
    operations: list[Operation], size: tuple[int, int]
) -> None:
    graph = network(*operations)
    assert_is_the_slope(graph, tapped(graph, "end"), "balanced", [1.0], 3 * picture(*size))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_gradient_of_every_objective_is_its_slope(objective: str) -> None:
    assert_is_the_slope(DEEP, tapped(DEEP, "second"), objective, [0.7], picture(9, 7))


@pytest.mark.parametrize("gain", [1.0, -0.6])
def test_the_gradient_of_a_head_is_its_slope(gain: float) -> None:
    assert_is_the_slope(DEEP, tapped(DEEP, "second", head=True), "mean", [gain], picture(9, 7))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_several_taps_add_up(objective: str) -> None:
    taps = tapped(DEEP, "first", "second", "bent")
    assert_is_the_slope(DEEP, taps, objective, [1.0, 0.3, -0.8], picture(8, 9))


def test_two_taps_on_one_layer_add_up() -> None:
    taps = [*tapped(DEEP, "bent", "bent"), *tapped(DEEP, "bent", head=True)]
    assert_is_the_slope(DEEP, taps, "energy", [1.0, -0.4, 0.5], picture(7, 7))


def test_a_tap_may_be_a_mean_a_gate_or_a_part() -> None:
    gated, apart = network(*squeezed()), network(*parted())
    assert_is_the_slope(gated, tapped(gated, "squeeze", "gate"), "mean", [1.0, 0.5], picture(6, 5))
    assert_is_the_slope(apart, tapped(apart, "first", "end"), "energy", [1.0, 0.5], picture(6, 5))


def test_a_gain_of_nothing_contributes_nothing() -> None:
    one, both = tapped(DEEP, "first"), tapped(DEEP, "first", "second")
    x, alone = picture(8, 8), knobs(one, "balanced", [1.0])
    together = knobs(both, "balanced", [1.0, 0.0])
    here, there = Layout(tuple(one)), Layout(tuple(both))
    together[there.weights(0) :][:8] = alone[here.weights(0) :]
    together[there.mask(0) :][:WAVES] = alone[here.mask(0) :][:WAVES]
    together[FREE] = alone[FREE]
    apart, _ = Gradient(NumpyLayers(), DEEP, one, (8, 8))(x, alone)
    silent, _ = Gradient(NumpyLayers(), DEEP, both, (8, 8))(x, together)
    np.testing.assert_allclose(silent, apart, atol=1e-15)


def test_a_negative_gain_turns_the_gradient_about() -> None:
    taps, x = tapped(DEEP, "second"), picture(8, 8)
    gradient = Gradient(NumpyLayers(), DEEP, taps, (8, 8))
    up, _ = gradient(x, knobs(taps, "guide", [0.5]))
    down, _ = gradient(x, knobs(taps, "guide", [-0.5]))
    np.testing.assert_allclose(down, -up)


def test_the_energies_are_the_mean_squares_of_each_taps_channels() -> None:
    taps, x = tapped(DEEP, "bent", "second"), picture(8, 9)
    _, energies = Gradient(NumpyLayers(), DEEP, taps, (8, 9))(x, knobs(taps, "mean", [0, 0]))
    for tap, energy in zip(taps, energies, strict=True):
        expected = (forward(DEEP, x)[tap.layer] ** 2).mean((1, 2))
        np.testing.assert_allclose(energy.ravel(), expected)


@pytest.mark.parametrize("objective", [*OBJECTIVES, "head"])
def test_a_black_network_has_a_finite_gradient(objective: str) -> None:
    dark = network(Activation("first", ("picture",), "relu"), Sum("bent", ("first", "first")))
    taps = tapped(dark, "bent", head=objective == "head")
    gradient = Gradient(NumpyLayers(), dark, taps, (4, 4))
    uphill, _ = gradient(np.zeros((3, 4, 4)), knobs(taps, objective, [1.0]))
    assert np.isfinite(uphill).all()


def test_the_knobs_stand_one_behind_another() -> None:
    layout = Layout((Tap("first", 4), Tap("second", 5, head=True)))
    assert [FREE, layout.gain(0), layout.gain(1)] == [4, 5, 6]
    assert [layout.mask(0), layout.mask(1)] == [7, 12]
    assert [layout.weights(0), layout.targets(0)] == [17, 21]
    assert [layout.weights(1), layout.targets(1), layout.length] == [25, 30, 35]


def test_a_tap_that_does_not_see_the_picture_is_refused() -> None:
    blind = network(Activation("first", ("picture",), "relu"), Activation("blind", (), "relu"))
    with pytest.raises(ValueError, match="blind"):
        Gradient(NumpyLayers(), blind, tapped(blind, "first", "blind"), (4, 4))


def test_an_unknown_operation_is_refused_by_name() -> None:
    odd = network(Operation("odd", ("picture",)))
    with pytest.raises(TypeError, match="odd: expected an operation we know"):
        Gradient(NumpyLayers(), odd, [Tap("odd", 3)], (4, 4))(picture(4, 4), np.ones(11))
