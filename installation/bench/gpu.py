"""Steps on a graphics card. Needs only numpy, OpenCV and PyTorch, not even an installation:
``python -m installation.bench --gpu``.

What is timed stays on the card: pictures follow one another there, and only the last of some steps
is waited for.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import torch

from engine.backends.torch import Torch
from engine.climb import Climb
from engine.networks import NETWORKS
from engine.runtime import Blueprint
from installation.bench.live_step import raised
from installation.bench.random_network import gigaflops, random_blueprint
from installation.bench.rounds import Pace, interleaved, turn
from installation.bench.rows import Row

NETWORK = "inception_v3"
SIZES = ((512, 512), (1920, 1088), (3840, 2160))  # sides are multiples of 16
TOLD = {"bfloat16": "bfloat16", "float32": "float32 (TF32)"}  # precisions, as rows name them
WAYS = tuple(product(TOLD, (True, False)))  # precision, graphs
STEPS = 8  # between two waits
PACE = Pace(rounds=3, seconds=0.15)
MATRIX = 8192

Way = tuple[str, bool]


def card() -> str:
    return str(torch.cuda.get_device_name())


def gpu_rows(quick: bool) -> Iterator[Row]:
    """Raises OSError where there is no card."""
    if not torch.cuda.is_available():
        raise OSError("--gpu: expected a CUDA device, received none")
    torch.backends.cudnn.allow_tf32 = True  # as it comes: so convolutions are computed,
    torch.backends.cuda.matmul.allow_tf32 = True  # and so is the peak they are measured by
    backends = {
        way: Torch(threads=1, precision=way[0], device="cuda", graphs=way[1]) for way in WAYS
    }
    peaks: dict[str, float] = {}
    for precision in TOLD:
        row = _peak(precision)
        peaks[precision] = row.tflops or 0.0
        yield row
    stops = ("mixed5",) if quick else NETWORKS[NETWORK].stops
    for (width, height), stop in product(SIZES, stops):
        yield from _rows(stop, width, height, backends, peaks)


def _peak(precision: str) -> Row:
    kind = getattr(torch, precision)
    matrix = torch.randn(MATRIX, MATRIX, device="cuda", dtype=kind)

    def products() -> None:
        for _ in range(STEPS):
            matrix @ matrix
        torch.cuda.synchronize()

    ms = 1000 * min(turn(products, 0.5)) / STEPS
    gflop = 2 * MATRIX**3 / 1e9
    return Row("torch", "", "matrix product", MATRIX, MATRIX, TOLD[precision], ms, gflop=gflop)


def _rows(
    stop: str, width: int, height: int, backends: dict[Way, Any], peaks: dict[str, float]
) -> Iterator[Row]:
    blueprint = random_blueprint(NETWORK, [stop], width, height)
    calls, seconds = {}, {}
    for way, backend in backends.items():
        try:
            calls[way], seconds[way] = _chained(backend, blueprint)
        except (OSError, torch.cuda.OutOfMemoryError) as error:
            print(f"without {way} at {stop}, {width}x{height}: {error}", flush=True)
    before = {way: sum(backends[way].traces.values()) for way in calls}
    turns = {way: partial(turn, call) for way, call in calls.items()}
    for way, ms in interleaved(turns, PACE).items():
        precision, graphs = way
        yield Row(
            backend="torch",
            network=NETWORK,
            stop=stop,
            width=width,
            height=height,
            precision=TOLD[precision],
            ms=ms / STEPS,
            graphs=graphs,
            compile_s=seconds[way],
            gflop=gigaflops(blueprint),
            peak=peaks[precision],
            traces=sum(backends[way].traces.values()) - before[way],
        )
    calls.clear()
    turns.clear()
    torch.cuda.empty_cache()


def _chained(backend: Any, blueprint: Blueprint) -> tuple[Callable[[], None], float]:
    """STEPS steps up one picture, and the seconds until the first of them was done."""
    chance = np.random.default_rng(0)
    knobs, climb = raised(blueprint.taps), Climb(step_size=0.02, smoothing=0.5).knobs()
    began = time.perf_counter()
    step = backend.compiled(blueprint)
    start = step.placed(chance.random((*blueprint.size, 3), np.float32))

    def climbed(times: int) -> None:
        picture = start
        for _ in range(times):
            gradient, _ = step.gradient(picture, knobs, (3, -5))
            picture = step.climbed(picture, gradient, climb)
        torch.cuda.synchronize()

    climbed(1)
    return partial(climbed, STEPS), time.perf_counter() - began
