from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from engine.ascent import Knobs
from engine.bestiary.network import LAYERS, weights
from engine.dream import CHANNELS, OBJECTIVES, STRIPS
from engine.frame import Array
from engine.networks import NETWORKS

if TYPE_CHECKING:  # it takes seconds: only the tests that run import it
    from engine.backends.tensorflow import LoadedNetwork, Step, TensorFlow

pytestmark = [
    pytest.mark.e2e,
    # Keras says so for any MobileNetV2 of free size
    pytest.mark.filterwarnings("ignore:`input_shape` is undefined or non-square:UserWarning"),
    # Keras 3.15 saving TensorFlow's variables under NumPy 2
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),
]

STOPS = NETWORKS["bestiary"].stops
HEADS = ("fine", "coarse")
STRIP_NUMBERS = [pytest.param(n, id=stop) for n, stop in enumerate(STOPS, 1)]
BUILT = [name for name, network in NETWORKS.items() if network.constructor]
REAL = Path(__file__).parents[2] / "shared" / "weights"
SIZE = (64, 96)

Objective = Callable[[Array], float]


@pytest.fixture(scope="module")
def backend() -> TensorFlow:
    from engine.backends.tensorflow import TensorFlow

    return TensorFlow(threads=2)


@pytest.fixture(scope="module")
def bestiary(backend: TensorFlow) -> LoadedNetwork:
    return backend.load("bestiary", None)


@pytest.fixture(scope="module")
def step(bestiary: LoadedNetwork) -> Step:
    return bestiary.compiled(STRIPS)


@pytest.fixture(scope="module")
def seen(backend: TensorFlow) -> Any:
    """Keras's own model of the embedded network: a prepared batch in, all stops out."""
    import keras

    from engine.backends.tensorflow import embedded

    model = embedded()
    return keras.Model(model.inputs, [model.get_layer(stop).output for stop in STOPS])


def picture(size: tuple[int, int] = SIZE, seed: int = 0) -> Array:
    """Soft noise within 0.3..0.7."""
    import cv2

    noise = np.random.default_rng(seed).uniform(-1.0, 1.0, (*size, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return np.asarray(0.5 + 0.2 * soft / np.abs(soft).max(), np.float32)


def turned(
    number: int,
    gain: float = 1.0,
    *,
    channel: int = 0,
    spread: float = 0.0,
    objective: str = "balanced",
    step_size: float = 0.01,
    smoothing: float = 0.0,
) -> Knobs:
    """Strip ``number`` open, and the others closed."""
    gains = np.zeros(STRIPS, np.float32)
    gains[number - 1] = gain
    return Knobs(
        gains=gains,
        channels=np.full(STRIPS, channel, np.int32),
        spreads=np.full(STRIPS, spread, np.float32),
        objective=np.array(OBJECTIVES.index(objective), np.int32),
        step_size=np.array(step_size, np.float32),
        smoothing=np.array(smoothing, np.float32),
    )


def walked(step: Step, start: Array, knobs: Knobs, steps: int = 3) -> Array:
    """A few steps, each shifted differently."""
    for n in range(steps):
        start = step(start, knobs, (3 * n, -5 * n))
    return start


def activations(seen: Any, pixels: Any) -> list[Any]:
    """``pixels``: 0..1, a numpy or a TensorFlow picture."""
    import tensorflow as tf

    return list(seen(4.0 * tf.convert_to_tensor(pixels)[None] - 2.0))


def energies(seen: Any, pixels: Array, number: int) -> Array:
    """The mean energy of each channel of strip ``number``."""
    activation = activations(seen, pixels)[number - 1].numpy()
    return np.asarray(np.square(activation).mean((0, 1, 2)))


def naive(activation: Any, channel: int, objective: str, head: bool, held: Any) -> Any:
    """The objective of one strip as the manual says it, with a spread of 0. ``held``: the mean
    energy of the layer that the step holds fast."""
    import tensorflow as tf

    chosen = activation if channel == 0 else activation[..., channel - 1 : channel]
    if head:
        return tf.reduce_mean(tf.reduce_logsumexp(chosen, axis=-1))
    energies = tf.reduce_mean(chosen**2, axis=[0, 1, 2])
    if objective == "balanced":
        return tf.reduce_mean(tf.math.log(energies + 0.02 * held))
    if objective == "energy":
        return tf.math.log(tf.reduce_mean(energies) + 1e-6 * held)
    return tf.reduce_mean(chosen) / tf.sqrt(held)


def answers(seen: Any, pixels: Array, number: int) -> Array:
    """What each channel of strip ``number`` is raised by: its energy, or its logit in a head."""
    if STOPS[number - 1] in HEADS:
        return np.asarray(activations(seen, pixels)[number - 1].numpy().mean((0, 1, 2)))
    return energies(seen, pixels, number)


def measured(seen: Any, start: Array, number: int, channel: int, objective: str) -> Objective:
    """What a step from ``start`` climbs, as a number for any picture."""
    held = float(energies(seen, start, number).mean())

    def value(pixels: Array) -> float:
        activation = activations(seen, pixels)[number - 1]
        return float(naive(activation, channel, objective, STOPS[number - 1] in HEADS, held))

    return value


def cosine(one: Array, other: Array) -> float:
    one, other = one.astype(np.float64).ravel(), other.astype(np.float64).ravel()
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


def convolved(pixels: Array, kernel: Array, bias: Array, stride: int) -> Array:
    """Zeros all round keep the size, before the stride."""
    edge, side = kernel.shape[0] // 2, kernel.shape[0]
    padded = np.pad(pixels, ((edge, edge), (edge, edge), (0, 0)))
    windows = sliding_window_view(padded, (side, side), (0, 1))[::stride, ::stride]
    return np.asarray(np.tensordot(windows, kernel, ((3, 4, 2), (0, 1, 2))) + bias)


def halved(pixels: Array) -> Array:
    height, width, channels = pixels.shape
    return np.asarray(pixels.reshape(height // 2, 2, width // 2, 2, channels).mean((1, 3)))


def test_the_embedded_network_is_what_its_layers_say(seen: Any) -> None:
    values, trunk, expected = weights(), 4.0 * picture() - 2.0, []
    for layer in LAYERS:
        raw = convolved(trunk, *values[layer.name], layer.stride) if layer.kernel else halved(trunk)
        expected += [raw if layer.head else np.maximum(raw, 0.0)] * (layer.name in STOPS)
        trunk = trunk if layer.head else np.maximum(raw, 0.0)
    for activation, stop in zip(activations(seen, picture()), expected, strict=True):
        np.testing.assert_allclose(activation[0], stop, atol=1e-3)


@pytest.mark.parametrize("name", BUILT)
def test_a_picture_is_prepared_as_keras_would(backend: TensorFlow, name: str) -> None:
    import keras

    from engine.backends.tensorflow import prepared

    row = NETWORKS[name]
    keras_own = getattr(keras.applications, row.weights.partition("/")[0]).preprocess_input
    np.testing.assert_allclose(prepared(picture(), row), keras_own(255.0 * picture()), atol=1e-3)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("number", STRIP_NUMBERS)
@pytest.mark.parametrize("one_channel", [False, True])
def test_a_step_goes_where_a_plain_gradient_points(
    step: Step, seen: Any, number: int, objective: str, one_channel: bool
) -> None:
    import tensorflow as tf

    start = picture()
    channel = int(energies(seen, start, number).argmax()) + 1 if one_channel else 0
    pixels = tf.Variable(start)
    with tf.GradientTape() as tape:
        activation = activations(seen, pixels)[number - 1]
        held = tf.stop_gradient(tf.reduce_mean(activation**2))
        score = naive(activation, channel, objective, STOPS[number - 1] in HEADS, held)
    stepped = step(start, turned(number, channel=channel, objective=objective), (0, 0))
    assert 0.0 < stepped.min() < stepped.max() < 1.0, "nothing was clipped"
    assert cosine(stepped - start, np.asarray(tape.gradient(score, pixels))) >= 0.999
    assert np.std(stepped - start) == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("number", STRIP_NUMBERS)
@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_three_steps_raise_the_objective(
    step: Step, seen: Any, number: int, objective: str, smoothing: float
) -> None:
    start = picture()
    value = measured(seen, start, number, 0, objective)
    knobs = turned(number, objective=objective, smoothing=smoothing)
    assert value(walked(step, start, knobs)) > value(start)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("number", STRIP_NUMBERS)
def test_a_negative_gain_calms_a_layer(step: Step, seen: Any, number: int, objective: str) -> None:
    start = picture()
    value = measured(seen, start, number, 0, objective)
    assert value(walked(step, start, turned(number, -1.0, objective=objective))) < value(start)


@pytest.mark.parametrize("depth", range(1, STRIPS + 1))
def test_a_shorter_step_does_what_the_deepest_does(
    bestiary: LoadedNetwork, step: Step, depth: int
) -> None:
    knobs = turned(depth)
    short = bestiary.compiled(depth)(picture(), knobs, (3, -5))
    np.testing.assert_allclose(short, step(picture(), knobs, (3, -5)), atol=1e-4)


@pytest.mark.parametrize("number", STRIP_NUMBERS)
def test_nothing_raises_a_channel_as_its_own_window_does(
    step: Step, seen: Any, number: int
) -> None:
    start, raised = picture(), []
    liveliest = energies(seen, start, number).argsort()[-4:]
    for channel in liveliest + 1:
        knobs = turned(number, channel=channel, objective="energy", step_size=0.002)
        raised.append(answers(seen, walked(step, start, knobs), number)[liveliest])
    np.testing.assert_array_equal(np.argmax(raised, axis=0), range(4))


def test_channels_are_counted_round_past_the_last(step: Step, seen: Any) -> None:
    number = STOPS.index("c2") + 1
    channels = energies(seen, picture(), number).size
    once, round_again = (
        step(picture(), turned(number, channel=n), (0, 0)) for n in (5, 5 + channels)
    )
    np.testing.assert_array_equal(once, round_again)


def test_a_spread_lets_the_neighbours_dream_along(step: Step, seen: Any) -> None:
    start, number, channel = picture(), STOPS.index("c3b") + 1, 40
    alone, spread = (
        step(start, turned(number, channel=channel, spread=spread), (0, 0)) - start
        for spread in (0.0, 8.0)
    )
    all_of_them = step(start, turned(number), (0, 0)) - start
    assert cosine(spread, alone) < 0.999
    assert cosine(spread, all_of_them) > cosine(alone, all_of_them)


def test_two_open_strips_both_count(step: Step) -> None:
    start = picture()
    both = turned(2)
    both.gains[4] = 1.0
    directions = [step(start, knobs, (0, 0)) - start for knobs in (both, turned(2), turned(5))]
    assert cosine(directions[0], directions[1]) > 0.2
    assert cosine(directions[0], directions[2]) > 0.2


def every_knob() -> Iterator[tuple[Array, Knobs, tuple[int, int]]]:
    """Each knob over its travel, the others anywhere."""
    random = np.random.default_rng(5)
    sizes = itertools.cycle([(32, 32), (48, 64), (64, 48), (80, 112)])
    for n in range(60):
        knobs = Knobs(
            gains=random.uniform(-1, 1, STRIPS).astype(np.float32),
            channels=random.integers(0, CHANNELS, STRIPS, np.int32, endpoint=True),
            spreads=random.uniform(0, 32, STRIPS).astype(np.float32),
            objective=np.array(n % len(OBJECTIVES), np.int32),
            step_size=np.array(random.uniform(0, 0.2), np.float32),
            smoothing=np.array(random.uniform(0, 1), np.float32),
        )
        rows, columns = random.integers(-64, 64, 2, endpoint=True)
        yield picture(next(sizes), seed=n), knobs, (int(rows), int(columns))


def test_turning_every_knob_traces_nothing(backend: TensorFlow, step: Step) -> None:
    traces = backend.traces.copy()
    for start, knobs, shift in every_knob():
        stepped = step(start, knobs, shift)
        assert stepped.shape == start.shape
        assert stepped.dtype == np.float32
        assert 0.0 <= stepped.min() <= stepped.max() <= 1.0
    assert backend.traces == traces


def test_one_compilation_is_one_trace(backend: TensorFlow, bestiary: LoadedNetwork) -> None:
    before = backend.traces.total()
    bestiary.compiled(1)(picture(), turned(1), (0, 0))
    assert backend.traces.total() == before + 1


def test_a_dead_channel_leaves_the_picture_as_it_is(backend: TensorFlow) -> None:
    from engine.backends.tensorflow import LoadedNetwork, embedded

    model = embedded()
    kernel, bias = model.get_layer("c3b").get_weights()
    kernel[..., 6], bias[6] = 0.0, -1.0
    model.get_layer("c3b").set_weights([kernel, bias])
    number = STOPS.index("c3b") + 1
    step = LoadedNetwork(backend, "bestiary", model).compiled(number)
    for objective in OBJECTIVES:
        stepped = step(picture(), turned(number, channel=7, objective=objective), (0, 0))
        np.testing.assert_array_equal(stepped, picture())


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_empty_picture_stays_a_picture(step: Step, value: float, objective: str) -> None:
    flat = np.full((*SIZE, 3), value, np.float32)
    for number in range(1, STRIPS + 1):
        stepped = step(flat, turned(number, objective=objective), (0, 0))
        assert np.isfinite(stepped).all()
        assert 0.0 <= stepped.min() <= stepped.max() <= 1.0


@pytest.mark.parametrize("shift", [(16, 0), (0, -16), (-64, 64)])
def test_a_shift_is_taken_back(step: Step, shift: tuple[int, int]) -> None:
    start = picture((64, 64))
    knobs = turned(4, smoothing=0.5)
    straight, shifted = step(start, knobs, (0, 0)) - start, step(start, knobs, shift) - start
    assert cosine(straight[16:-16, 16:-16], shifted[16:-16, 16:-16]) > 0.5
    assert cosine(straight, np.roll(shifted, (8, 8), (0, 1))) < 0.2


@pytest.mark.parametrize("shift", [(0, 0), (7, -3), (-64, 64)])
def test_a_shift_alone_does_not_move_the_picture(step: Step, shift: tuple[int, int]) -> None:
    stepped = step(picture(), turned(4, step_size=0.0, smoothing=0.5), shift)
    np.testing.assert_array_equal(stepped, picture())


def test_smoothing_makes_broader_forms(step: Step) -> None:
    start = picture()
    rough = [
        np.abs(np.diff(step(start, turned(3, smoothing=share), (0, 0)) - start, axis=0)).mean()
        for share in (0.0, 0.5, 1.0)
    ]
    assert rough == sorted(rough, reverse=True)


@pytest.mark.parametrize("name", BUILT)
def test_every_network_that_keras_builds_can_be_dreamed_with(
    backend: TensorFlow, name: str
) -> None:
    """On random weights: their names and sizes are right, whatever they show."""
    import keras

    from engine.backends.tensorflow import LoadedNetwork

    keras.utils.set_random_seed(1)
    network = NETWORKS[name]
    model = getattr(keras.applications, network.constructor)(weights=None, include_top=False)
    loaded = LoadedNetwork(backend, name, model)
    start = picture((network.least, network.least))
    for number in (1, STRIPS):
        stepped = loaded.compiled(number)(start, turned(number), (3, -5))
        assert stepped.shape == start.shape
        assert np.std(stepped - start) == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize("name", ["inception_v3", "mobilenet_v2"])
def test_a_real_network_is_loaded_and_dreams(backend: TensorFlow, name: str) -> None:
    import keras
    import tensorflow as tf

    if not list(REAL.glob(f"{name}*.h5")):
        pytest.skip(f"no weights of {name} in {REAL}")
    network, number = NETWORKS[name], 4
    loaded = backend.load(name, REAL)
    stop = loaded._model.get_layer(network.stops[number - 1]).output
    model = keras.Model(loaded._model.inputs, stop)

    def energy(pixels: Array) -> float:
        return float(np.square(model(tf.constant(2.0 * pixels[None] - 1.0)).numpy()).mean())

    start = picture((96, 128))
    dreamed = walked(loaded.compiled(number), start, turned(number, objective="energy"))
    assert energy(dreamed) > 1.1 * energy(start)


@pytest.mark.parametrize(
    "content", [b"", b"<html>not found</html>", b"\x89HDF\r\n\x1a\n" + bytes(2000)]
)
@pytest.mark.parametrize("ending", [".h5", ".weights.h5"])
def test_a_broken_weight_file_is_refused_by_name(
    backend: TensorFlow, tmp_path: Path, content: bytes, ending: str
) -> None:
    broken = tmp_path / f"mobilenet_v2{ending}"
    broken.write_bytes(content)
    with pytest.raises(OSError, match=f"{broken.name}: expected weights of mobilenet_v2, received"):
        backend.load("mobilenet_v2", tmp_path)


@pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning")  # before it refuses
@pytest.mark.parametrize("ending", [".h5", ".weights.h5"])
def test_another_networks_weights_are_refused_by_name(
    backend: TensorFlow, tmp_path: Path, ending: str
) -> None:
    import keras

    other = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])
    other.save_weights(tmp_path / "other.weights.h5")
    (tmp_path / "other.weights.h5").rename(tmp_path / f"vgg16{ending}")
    with pytest.raises(OSError, match="expected weights of vgg16, received"):
        backend.load("vgg16", tmp_path)
