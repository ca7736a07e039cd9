"""How fast this processor multiplies at best: what "per cent of peak" is per cent of."""

import os
from collections.abc import Callable, Iterator

import numpy as np

from engine.frame import Array
from installation.bench.rounds import turn
from installation.bench.rows import Row

SECONDS = 0.4  # of each
MATRIX = 2048
CHANNELS, SIDE = 256, 64  # of the convolutions
LAYERS = 3
HINTS = {"float32": "f32", "bfloat16": "bf16"}


def numpy_peak() -> Row:
    matrix = np.random.default_rng(0).random((MATRIX, MATRIX), np.float32)
    return _row(
        "numpy", "matrix product", MATRIX, "float32", 2 * MATRIX**3, lambda: matrix @ matrix
    )


def openvino_peaks() -> Iterator[Row]:
    """Raises ImportError where OpenVINO is not installed."""
    for precision in HINTS:
        work = 2 * MATRIX**3 * LAYERS
        yield _row("openvino", "matrix products", MATRIX, precision, work, _products(precision))
        work = 2 * 9 * CHANNELS**2 * SIDE**2 * LAYERS
        yield _row("openvino", "convolutions", SIDE, precision, work, _convolutions(precision))


def highest(peaks: list[Row]) -> dict[str, float]:
    """TFLOP/s by precision."""
    best: dict[str, float] = {}
    for row in peaks:
        best[row.precision] = max(best.get(row.precision, 0.0), row.tflops or 0.0)
    return best


def _row(
    backend: str, part: str, side: int, precision: str, work: int, call: Callable[[], object]
) -> Row:
    """The fastest call, not the median: this is a limit."""
    return Row(
        backend=backend,
        network="",
        stop=part,
        width=side,
        height=side,
        precision=precision,
        ms=1000 * min(turn(call, SECONDS)),
        threads=os.cpu_count(),
        gflop=work / 1e9,
    )


def _products(precision: str) -> Callable[[], object]:
    from openvino import opset13 as op

    last = first = op.parameter([MATRIX, MATRIX], np.float32)
    for seed in range(LAYERS):
        last = op.matmul(last, op.constant(_weights(seed, (MATRIX, MATRIX), MATRIX)), False, False)
    return _compiled(last, first, (MATRIX, MATRIX), precision)


def _convolutions(precision: str) -> Callable[[], object]:
    from openvino import opset13 as op

    shape = (1, CHANNELS, SIDE, SIDE)
    last = first = op.parameter(shape, np.float32)
    for seed in range(LAYERS):
        kernel = op.constant(_weights(seed, (CHANNELS, CHANNELS, 3, 3), 9 * CHANNELS))
        last = op.convolution(last, kernel, [1, 1], [1, 1], [1, 1], [1, 1])
    return _compiled(last, first, shape, precision)


def _weights(seed: int, shape: tuple[int, ...], seen: int) -> Array:
    weights = np.random.default_rng(seed).standard_normal(shape, np.float32)
    return np.asarray(weights / np.float32(seen**0.5))


def _compiled(
    last: object, first: object, shape: tuple[int, ...], precision: str
) -> Callable[[], object]:
    import openvino as ov

    options = {"INFERENCE_PRECISION_HINT": HINTS[precision], "PERFORMANCE_HINT": "LATENCY"}
    model = ov.Core().compile_model(ov.Model([last], [first], "peak"), "CPU", options)
    request = model.create_infer_request()
    given = {0: np.random.default_rng(9).standard_normal(shape, np.float32)}
    return lambda: request.infer(given, share_inputs=True)
