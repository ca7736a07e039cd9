"""How fast each part is on this machine: medians, in milliseconds."""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from engine.dream import STRIPS, Dream, Strip
from engine.frame import Frame, whole_view
from engine.networks import NETWORKS
from installation.settings import Colour, Scope

SIZES = ((256, 128), (256, 256), (512, 256))
STOPS = (2, 4, 5, 8)
DISPLAY = (1280, 720)
SECONDS = 1.0  # for each row

Row = dict[str, Any]


def bench(options: argparse.Namespace) -> int:
    """``kaleidream bench``"""
    rows = []
    for row in (*_fold_rows(), *_step_rows()):
        rows.append(row)
        what = f"{row['backend']} {row['network']} {row['stop']}".strip()
        print(f"{what:32} {row['width']:5}x{row['height']:<5} {row['ms']:8.2f} ms", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")
    return 0


def _step_rows() -> Iterator[Row]:
    """One step of the embedded network, which needs no download, by deepest stop."""
    from engine.ascent import knobs
    from engine.backends.tensorflow import TensorFlow

    backend = TensorFlow(threads=max(1, (os.cpu_count() or 2) - 1))
    loaded = backend.load("bestiary", None)
    for stop in STOPS:
        step = loaded.compiled(stop)
        strips = tuple(Strip(gain=float(n == stop)) for n in range(1, STRIPS + 1))
        turned = knobs(Dream(), strips)
        for width, height in SIZES:
            picture = np.random.default_rng(0).random((height, width, 3), np.float32)
            ms = _median_ms(partial(step, picture, turned, (3, -5)))
            name = NETWORKS["bestiary"].stops[stop - 1]
            yield _row(backend.name, "bestiary", name, (width, height), ms)
    print(f"traces: {sum(backend.traces.values())} for {len(STOPS)} compiled steps")


def _fold_rows() -> Iterator[Row]:
    """One picture of the display, folded on the CPU while it turns, and what comes before it."""
    from installation.kaleidoscope import Fold, Picture, canvas, crop

    pixels = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), np.uint8)
    live = Frame(pixels, 0.0, whole_view(16 / 9), 16 / 9)
    here = canvas(Scope(), live.aspect, 256, 256, 32)
    yield _row("cpu", "", "crop", (here.width, here.height), _median_ms(lambda: crop(live, here)))
    dreamed = crop(live, here)
    picture = Picture()
    picture.show(Frame((dreamed * 255).astype(np.uint8), 0.0, here.view, live.aspect))
    fold, turns = Fold(), iter(range(10**9))

    def painted() -> None:
        scope = Scope(angle=float(next(turns)))
        fold.painted(picture, picture, scope, Colour(), 1.0, 1.0, DISPLAY)

    yield _row("cpu", "", "fold", DISPLAY, _median_ms(painted))


def _row(backend: str, network: str, stop: str, size: tuple[int, int], ms: float) -> Row:
    return {
        "backend": backend,
        "network": network,
        "stop": stop,
        "width": size[0],
        "height": size[1],
        "precision": "float32" if network else "uint8",
        "ms": round(ms, 3),
    }


def _median_ms(work: Callable[[], object]) -> float:
    for _ in range(3):
        work()
    times = []
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)
