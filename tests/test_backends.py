"""Every backend against Keras's own networks, differentiated by TensorFlow's GradientTape."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from engine.ascent import OPEN
from engine.climb import LENGTH, Arrays, Climb, climbed
from engine.frame import Array
from engine.gradient import FREE, KINDS, WAVES, Layout
from engine.graph import Convolution, Graph
from engine.loading import blueprint, loaded
from engine.networks import NETWORKS
from engine.runtime import Blueprint, Step, Tap
from installation.bench.random_network import random_graph

if TYPE_CHECKING:
    from engine.steps import Backend

pytestmark = [
    pytest.mark.e2e,
    # Keras says so for any MobileNetV2 of free size
    pytest.mark.filterwarnings("ignore:`input_shape` is undefined or non-square:UserWarning"),
    # Keras 3.15 saving TensorFlow's variables under NumPy 2
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),
]

SHARED = Path(__file__).parents[2] / "shared"
PHOTO = SHARED / "media" / "images" / "coral_parrot.jpg"
SIZE = (96, 112)
SHIFT = (5, -3)
BALANCED, ENERGY, MEAN, GUIDE = range(KINDS)
KIND_NAMES = ("balanced", "energy", "mean", "guide")
INNER = {"inception_v3": "conv2d_42", "mobilenet_v2": "block_5_depthwise"}  # before batch norms
UNREAD = ("mixed9", "mixed10")  # in the shared weight file
THREADS = 1  # of two torch threads each waits for the other where something else runs too

Objective = Callable[[Sequence[Any]], Any]  # of all taps' activations (1, rows, columns, channels)


@cache
def made(name: str, precision: str) -> Backend:
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    if name == "openvino":
        from engine.backends.openvino import OpenVINO

        return OpenVINO(THREADS, precision)
    if name == "torch":
        from engine.backends.torch import Torch

        return Torch(THREADS, precision)
    from engine.backends.tensorflow import TensorFlow

    return TensorFlow(THREADS, precision)


@pytest.fixture(params=["tensorflow", "openvino", "torch"])
def exact(request: pytest.FixtureRequest) -> Backend:
    return made(request.param, "float32")


@pytest.fixture(params=["tensorflow", "openvino", "torch"])
def rounding(request: pytest.FixtureRequest) -> Backend:
    return made(request.param, "bfloat16")


class Case:
    """A network, as Keras has it and as we read it."""

    def __init__(self, name: str, model: Any, graph: Graph) -> None:
        self.name = name
        self.graph = graph
        self._model = model
        self.reference = cache(self._reference)

    def plan(self, layers: Sequence[str], size: tuple[int, int] = SIZE) -> Blueprint:
        return blueprint(self.name, self.graph, layers, size)

    def activations(self, picture: Any, layers: Sequence[str]) -> list[Any]:
        """``picture``: 0..1, a numpy or a TensorFlow one."""
        import keras
        import tensorflow as tf

        network = NETWORKS[self.name]
        seen = tf.reverse(picture, [-1]) if network.bgr else tf.convert_to_tensor(picture)
        seen = seen * tf.constant(network.scale) + tf.constant(network.offset)
        outputs = [self._model.get_layer(layer).output for layer in layers]
        whole = keras.Model(self._model.inputs, outputs)
        return list(tf.nest.flatten(whole(seen[None], training=False)))

    def _reference(self, layers: tuple[str, ...]) -> tuple[Array, list[Array]]:
        """The gradient of everything at once at ``noise()``, rolled by SHIFT; and the energies."""
        import tensorflow as tf

        taps = self.plan(layers).taps
        picture = tf.constant(noise())
        with tf.GradientTape() as tape:
            tape.watch(picture)
            seen = self.activations(tf.roll(picture, SHIFT, [0, 1]), layers)
            score = objective(taps, everything(taps))(seen)
        energies = [np.square(each.numpy()).mean((0, 1, 2)) for each in seen]
        return np.asarray(tape.gradient(score, picture)), energies


@pytest.fixture(scope="module", params=NETWORKS)
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Case]:
    name = request.param
    if not NETWORKS[name].constructor:
        from installation.bench.tutorial import embedded

        yield Case(name, embedded(), loaded(name, None))
        return
    import keras

    from engine.topologies.taken import untouched

    keras.utils.set_random_seed(1)
    model = untouched(name)
    unsettle(model)
    folder = tmp_path_factory.mktemp(name)
    model.save_weights(folder / "saved.weights.h5")
    (folder / "saved.weights.h5").rename(folder / f"{name}_x.h5")
    yield Case(name, model, loaded(name, folder))
    shutil.rmtree(folder)


def unsettle(model: Any) -> None:
    """Batch norms that do something, as trained ones do."""
    import keras

    random = np.random.default_rng(2)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            for weight in layer.weights:
                positive = "variance" in weight.name or "gamma" in weight.name
                low, high = (0.7, 1.4) if positive else (-0.2, 0.2)
                weight.assign(random.uniform(low, high, weight.shape))


def noise(size: tuple[int, int] = SIZE) -> Array:
    return np.random.default_rng(3).random((*size, 3), np.float32)


def photo(size: tuple[int, int]) -> Array:
    if not PHOTO.exists():
        pytest.skip(f"no {PHOTO}")
    pixels = cv2.resize(
        np.asarray(cv2.imread(str(PHOTO))), size[::-1], interpolation=cv2.INTER_AREA
    )
    return np.ascontiguousarray(pixels[..., ::-1], np.float32) / np.float32(255)


def soft(size: tuple[int, int] = SIZE) -> Array:
    """Within 0.3..0.7, so that nothing is cut off."""
    blurred = cv2.GaussianBlur(noise(size) - 0.5, (0, 0), 2.0)
    return np.asarray(0.5 + 0.2 * blurred / np.abs(blurred).max(), np.float32)


def turned(taps: Sequence[Tap], kinds: Sequence[int], gain: float = 1.0) -> Array:
    """All taps and all their channels alike."""
    layout = Layout(tuple(taps))
    knobs = np.zeros(layout.length, np.float32)
    knobs[list(kinds)] = 1.0
    for number, tap in enumerate(taps):
        knobs[layout.gain(number)] = gain
        knobs[layout.mask(number)] = OPEN
        knobs[layout.weights(number) : layout.targets(number)] = 1.0 / tap.channels
        knobs[layout.targets(number) : layout.targets(number) + tap.channels] = 1.0
    return knobs


def everything(taps: Sequence[Tap]) -> Array:
    """All kinds at once, each tap and each channel by its own measure."""
    random, layout = np.random.default_rng(4), Layout(tuple(taps))
    knobs = turned(taps, range(KINDS))
    knobs[FREE] = 0.6
    for number, tap in enumerate(taps):
        knobs[layout.mask(number) :][:WAVES] = random.uniform(-2.0, 2.0, WAVES)
        weights = random.uniform(0.1, 1.0, tap.channels)
        knobs[layout.gain(number)] = random.uniform(0.5, 1.5)
        knobs[layout.weights(number) : layout.targets(number)] = weights / weights.sum()
        targets = slice(layout.targets(number), layout.targets(number) + tap.channels)
        knobs[targets] = random.uniform(0.1, 2.0, tap.channels)
    return knobs


def hill(height: Array, rows: int, columns: int) -> Array:
    """What a mask lets through, (rows, columns, 1)."""
    across = 2 * np.pi * (np.arange(columns) + 0.5) / columns
    down = 2 * np.pi * (np.arange(rows)[:, None] + 0.5) / rows
    waves = [np.cos(across), np.sin(across), np.cos(down), np.sin(down)]
    total = height[0] + sum(share * wave for share, wave in zip(height[1:], waves, strict=True))
    return np.asarray(1 / (1 + np.exp(-total[..., None])), np.float32)


def objective(taps: Sequence[Tap], knobs: Array, held: Sequence[float] | None = None) -> Objective:
    """What the knobs say, written as the manual has it. ``held``: the mean energy of each tap where
    it is not to follow the picture."""
    import tensorflow as tf

    layout = Layout(tuple(taps))

    def term(number: int, a: Any) -> Any:
        start, middle = layout.weights(number), layout.targets(number)
        w, t = knobs[start:middle], knobs[middle : middle + taps[number].channels]
        still = tf.stop_gradient(a)
        a = still + hill(knobs[layout.mask(number) :][:WAVES], *a.shape[1:3]) * (a - still)
        if taps[number].head:
            common = knobs[FREE] * tf.reduce_mean(still, [1, 2], keepdims=True)
            return tf.reduce_mean(tf.reduce_logsumexp(a - common + tf.math.log(w), -1))
        energies = tf.reduce_mean(a**2, [0, 1, 2])
        scale = tf.stop_gradient(tf.reduce_mean(energies)) if held is None else held[number]
        heard = tf.math.log(energies + 0.02 * scale)
        wanted = tf.math.log(t + 0.02 * tf.reduce_mean(t))
        kinds = [
            tf.reduce_sum(w * heard),
            tf.math.log(tf.reduce_sum(w * energies)),
            tf.reduce_sum(w * tf.reduce_mean(a, [0, 1, 2])) / tf.sqrt(scale),
            -0.5 * tf.reduce_sum(w * (heard - wanted) ** 2),
        ]
        return tf.reduce_sum(knobs[:KINDS] * tf.stack(kinds))

    def score(seen: Sequence[Any]) -> Any:
        gains = [knobs[layout.gain(number)] for number in range(len(taps))]
        return tf.add_n(
            [gain * term(n, a) for n, (gain, a) in enumerate(zip(gains, seen, strict=True))]
        )

    return score


def gradient(step: Step, picture: Array, knobs: Array, shift: tuple[int, int]) -> Array:
    uphill, _ = step.gradient(step.placed(picture), knobs, shift)
    return np.array(step.taken(uphill))


def walked(step: Step, picture: Array, knobs: Array, climb: Climb, steps: int) -> Array:
    """Each step shifted differently."""
    here = step.placed(picture)
    for n in range(steps):
        uphill, _ = step.gradient(here, knobs, (3 * n, -5 * n))
        here = step.climbed(here, uphill, climb.knobs())
    return np.array(step.taken(here))


def cosine(one: Array, other: Array) -> float:
    one, other = one.astype(np.float64).ravel(), other.astype(np.float64).ravel()
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def agrees(step: Step, case: Case, plan: Blueprint) -> None:
    expected, energies = case.reference(tuple(tap.layer for tap in plan.taps))
    uphill, heard = step.gradient(step.placed(noise()), everything(plan.taps), SHIFT)
    received = np.array(step.taken(uphill))
    assert cosine(received, expected) >= 0.999
    assert np.linalg.norm(received) == pytest.approx(np.linalg.norm(expected), rel=0.01)
    for energy, there in zip(heard, energies, strict=True):
        np.testing.assert_allclose(energy, there, rtol=2e-3, atol=1e-4 * there.mean())


def test_the_gradient_of_all_stops_is_that_of_the_untouched_network(
    case: Case, exact: Backend
) -> None:
    plan = case.plan(NETWORKS[case.name].stops)
    agrees(exact.compiled(plan), case, plan)


@pytest.mark.parametrize("case", INNER, indirect=True)
def test_a_layer_before_its_batch_norm_can_be_raised(case: Case, exact: Backend) -> None:
    layer = INNER[case.name]
    assert isinstance(case.graph[layer], Convolution)
    plan = case.plan((layer,))
    agrees(exact.compiled(plan), case, plan)


def test_bfloat16_points_where_float32_does(case: Case, rounding: Backend) -> None:
    plan = case.plan(NETWORKS[case.name].stops)
    expected, _ = case.reference(NETWORKS[case.name].stops)
    received = gradient(rounding.compiled(plan), noise(), everything(plan.taps), SHIFT)
    assert cosine(received, expected) >= 0.75


@pytest.mark.parametrize("case", ["inception_v3"], indirect=True)
@pytest.mark.parametrize("layer", UNREAD)
def test_every_layer_of_a_whole_file_can_be_raised(case: Case, layer: str) -> None:
    assert case.plan((layer,)).taps[0].layer == layer


@pytest.mark.parametrize("layer", UNREAD)
def test_a_layer_whose_weights_are_missing_is_refused(layer: str) -> None:
    graph = real("inception_v3")
    with pytest.raises(
        ValueError, match=f"layer {layer} of inception_v3: .* lacks those of conv2d_"
    ):
        blueprint("inception_v3", graph, (layer,), SIZE)


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("name", "stops"),
    [("bestiary", NETWORKS["bestiary"].stops), ("inception_v3", ("mixed5",))],
)
def test_a_gpu_points_where_the_processor_does(name: str, stops: tuple[str, ...]) -> None:
    """0.99: NVIDIA's multiply TF32, which has 10 bits."""
    pytest.importorskip("torch", reason="torch is not installed")
    from engine.backends.torch import Torch

    gpu, processor = Torch(THREADS), Torch(THREADS, device="cpu")
    if gpu.device == "cpu":
        pytest.skip("torch finds no GPU")
    plan = blueprint(name, random_graph(name), stops, SIZE)
    knobs, step = everything(plan.taps), gpu.compiled(plan)
    expected = gradient(processor.compiled(plan), noise(), knobs, SHIFT)
    for _ in range(2):  # a step that was recorded is replayed
        assert cosine(gradient(step, noise(), knobs, SHIFT), expected) >= 0.99


@cache
def real(name: str) -> Graph:
    folder = SHARED / "weights"
    if NETWORKS[name].constructor and not list(folder.glob(f"{name}*.h5")):
        pytest.skip(f"no weights of {name} in {folder}")
    return loaded(name, folder)


@pytest.mark.parametrize("name", ["bestiary", "inception_v3", "mobilenet_v2"])
def test_bfloat16_climbs_as_high_as_float32_on_a_photo(name: str, rounding: Backend) -> None:
    start, stops = photo(SIZE), NETWORKS[name].stops[1:5]
    plan = blueprint(name, real(name), stops, SIZE)
    yardstick, rough = made(rounding.name, "float32").compiled(plan), rounding.compiled(plan)
    knobs, climb = turned(plan.taps, [ENERGY]), Climb(0.01, smoothing=0.3)

    def height(picture: Array) -> float:
        _, energies = yardstick.gradient(yardstick.placed(picture), knobs, (0, 0))
        return float(sum(np.log(energy.mean()) for energy in energies))

    risen = height(walked(yardstick, start, knobs, climb, 10)) - height(start)
    assert risen > 0.5
    assert height(walked(rough, start, knobs, climb, 10)) - height(start) == pytest.approx(
        risen, rel=0.05
    )


@pytest.mark.parametrize("case", ["bestiary"], indirect=True)
@pytest.mark.parametrize("kind", range(KINDS), ids=KIND_NAMES)
@pytest.mark.parametrize("gain", [1.0, -1.0])
def test_three_steps_raise_what_is_raised_and_calm_what_is_calmed(
    case: Case, step: Step, kind: int, gain: float
) -> None:
    stops, knobs = NETWORKS[case.name].stops, turned(taps(), [kind], gain)
    before = case.activations(soft(), stops)
    score = objective(taps(), knobs, [float(np.square(each).mean()) for each in before])
    dreamed = walked(step, soft(), knobs, Climb(0.005), 3)
    assert score(case.activations(dreamed, stops)) > score(before)


@cache
def taps() -> tuple[Tap, ...]:
    return plan_of_bestiary().taps


@cache
def plan_of_bestiary() -> Blueprint:
    return blueprint("bestiary", loaded("bestiary", None), NETWORKS["bestiary"].stops, SIZE)


@cache
def bestiary_step(backend: str) -> Step:
    return made(backend, "float32").compiled(plan_of_bestiary())


@pytest.fixture
def step(exact: Backend) -> Step:
    """Of all stops of the embedded network."""
    return bestiary_step(exact.name)


def test_a_climb_is_the_same_everywhere(step: Step) -> None:
    uphill = noise() - np.float32(0.4)
    for climb in (Climb(0.02), Climb(0.05, 0.5, 0.6, 0.7, 0.8)):
        expected = climbed(Arrays(), noise(), uphill, climb.knobs())
        received = step.climbed(step.placed(noise()), step.placed(uphill), climb.knobs())
        np.testing.assert_allclose(step.taken(received), expected, atol=2e-5)


def test_turning_every_knob_compiles_nothing(exact: Backend, step: Step) -> None:
    traces, random = exact.traces.copy(), np.random.default_rng(5)
    for _ in range(20):
        knobs = random.uniform(0.0, 1.0, Layout(taps()).length).astype(np.float32)
        rows, columns = random.integers(-64, 64, 2)
        here = step.placed(random.random((*SIZE, 3), np.float32))
        uphill, _ = step.gradient(here, knobs, (int(rows), int(columns)))
        climbing = random.uniform(0.0, 0.1, LENGTH).astype(np.float32)
        dreamed = step.taken(step.climbed(here, uphill, climbing))
        assert dreamed.shape == (*SIZE, 3)
        assert dreamed.dtype == np.float32
        assert 0.0 <= dreamed.min() <= dreamed.max() <= 1.0
    assert exact.traces == traces


def test_one_compilation_is_one_trace(exact: Backend) -> None:
    before = exact.traces.total()
    step = exact.compiled(blueprint("bestiary", loaded("bestiary", None), ("c2",), SIZE))
    gradient(step, soft(), turned(taps()[:1], [ENERGY]), (0, 0))
    assert exact.traces.total() == before + 1


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_an_empty_picture_stays_a_picture(step: Step, value: float) -> None:
    flat = np.full((*SIZE, 3), value, np.float32)
    for kind in range(KINDS):
        dreamed = walked(step, flat, turned(taps(), [kind]), Climb(0.02), 2)
        assert np.isfinite(dreamed).all()
        assert 0.0 <= dreamed.min() <= dreamed.max() <= 1.0


def test_closed_strips_leave_the_picture_as_it_is(step: Step) -> None:
    knobs = turned(taps(), [ENERGY], gain=0.0)
    dreamed = walked(step, soft(), knobs, Climb(0.02), 1)
    np.testing.assert_array_equal(dreamed, soft())


@pytest.mark.parametrize("name", ["torch", "tensorflow"])
def test_what_fails_in_a_step_is_an_oserror(name: str) -> None:
    step = bestiary_step(name)
    strange = step.placed(np.zeros((*SIZE, 4), np.float32))
    with pytest.raises(OSError, match="bestiary: expected to run, received"):
        step.gradient(strange, turned(taps(), [ENERGY]), (0, 0))


def test_a_picture_that_is_dreamed_on_does_not_change_those_before(step: Step) -> None:
    knobs, climbing, start = turned(taps(), [ENERGY]), Climb(0.02).knobs(), soft()
    first = step.climbed(step.placed(start), step.placed(noise()), climbing)
    kept = np.array(step.taken(first))
    uphill, _ = step.gradient(first, knobs, SHIFT)
    step.climbed(first, uphill, climbing)
    np.testing.assert_array_equal(step.taken(first), kept)
    np.testing.assert_array_equal(start, soft())


@pytest.mark.parametrize("name", ["openvino", "torch", "tensorflow"])
def test_a_backend_loads_no_other_library(name: str) -> None:
    made(name, "float32")
    others = {"keras", "tensorflow", "torch", "openvino"} - {name}
    if name == "tensorflow":
        others.remove("keras")  # which it loads itself
    program = f"import sys, engine.backends.{name}; print(*{others} & set(sys.modules))"
    loads = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert loads.stdout.split() == []
