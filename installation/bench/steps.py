"""The steps of each case, ours and the baseline's, in turns."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Protocol

from engine.runtime import Blueprint
from installation.bench.backends import CORES, Backends
from installation.bench.cases import Case, Way
from installation.bench.live_step import LiveStep
from installation.bench.random_network import gigaflops, random_blueprint
from installation.bench.rounds import Pace, Turn, interleaved, turn
from installation.bench.rows import Row


class Other(Protocol):
    """What ours is compared with."""

    def prepared(self, network: str, stops: tuple[str, ...], width: int, height: int) -> float: ...
    def turn(self, seconds: float) -> list[float]: ...


def step_rows(
    case: Case, backends: Backends, baseline: Other | None, peaks: Mapping[str, float], pace: Pace
) -> Iterator[Row]:
    """``peaks``: TFLOP/s by precision."""
    blueprint = random_blueprint(case.network, case.stops, case.width, case.height)
    steps = dict(_steps(case, blueprint, backends))
    turns: dict[Way | None, Turn] = {way: partial(turn, step) for way, step in steps.items()}
    first_s = None
    if baseline:
        first_s = baseline.prepared(case.network, case.stops, case.width, case.height)
        turns[None] = baseline.turn
    before = {way: backends.traces(way) for way in steps}
    ms = interleaved(turns, pace)
    for way, step in steps.items():
        alike = not way.threads  # as many threads as the baseline's, and as were at the peak
        yield Row(
            backend=way.backend,
            network=case.network,
            stop=case.stop,
            width=case.width,
            height=case.height,
            precision=way.precision,
            ms=ms[way],
            baseline_ms=ms.get(None) if alike else None,
            threads=way.threads or CORES,
            compile_s=step.compile_s,
            baseline_compile_s=first_s if alike else None,
            gflop=gigaflops(blueprint),
            peak=peaks.get(way.precision) if alike else None,
            traces=backends.traces(way) - before[way],
        )


def _steps(case: Case, blueprint: Blueprint, backends: Backends) -> Iterator[tuple[Way, LiveStep]]:
    for way in case.ways:
        if backend := backends.ready(way):
            try:
                yield way, LiveStep(backend, blueprint)
            except OSError as error:
                print(f"without {way.backend} {way.precision}: {error}", flush=True)
