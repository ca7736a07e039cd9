"""Which backend dreams: the fastest of those that give the right gradient, tried once a machine.

``python -m engine.backends.choosing NAME`` tries one, in a process of its own: a library that is
broken may take its process down, and one that is not chosen should not stay in memory.
"""

import importlib
import importlib.util
import json
import logging
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pooch  # type: ignore[import-untyped]

from engine.ascent import gradient_knobs
from engine.backends.table import AUTO, BACKENDS, PRECISIONS
from engine.dream import Strip
from engine.frame import Array
from engine.loading import blueprint, loaded
from engine.networks import NETWORKS
from engine.runtime import Step
from engine.steps import FALLBACK, Backend

FAITHFUL = {"float32": 0.999, "bfloat16": 0.75}  # least cosine to the reference
WORTH = 1.1  # times faster, below which the higher precision is kept
SIZE = (144, 256)
TRIALS = 15
TRIAL_SECONDS = 60

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trial:
    """``cosine``: of its gradient to the reference. ``ms``: of one gradient of the embedded
    network, 256 x 144, on as many cores as the show uses."""

    backend: str
    precision: str
    cosine: float
    ms: float

    @property
    def faithful(self) -> bool:
        return self.cosine >= FAITHFUL[self.precision]


def backends(wanted: str, precision: str, threads: int) -> Iterator[Backend]:
    """The wished backend first, then the others. One that is not there, or does not start, is
    left out with a warning."""
    for name, there in order(wanted, precision, threads):
        try:
            yield made(name, there, threads)
        except (ImportError, OSError, RuntimeError) as error:
            log.warning("backend %s: %s", name, error)


def made(name: str, precision: str, threads: int) -> Backend:
    module = importlib.import_module(f"engine.backends.{name}")
    backend: Backend = getattr(module, BACKENDS[name])(threads=threads, precision=precision)
    return backend


def order(wanted: str, precision: str, threads: int) -> list[tuple[str, str]]:
    """(backend, precision), the best first. Those that are not installed are left out."""
    best = chosen(threads) if AUTO in (wanted, precision) else None
    first = wanted if wanted != AUTO else best.backend if best else "openvino"
    with_it = precision if precision != AUTO else best.precision if best else "float32"
    others = [name for name in BACKENDS if name != first and _installed(name)]
    return [(first, with_it), *((name, "float32") for name in others)]


def chosen(threads: int) -> Trial | None:
    """The best trial of this machine. None where none is faithful."""
    return fastest(trials_of_this_machine(threads))


def trials_of_this_machine(threads: int) -> list[Trial]:
    """Tries every backend where nobody has yet: seconds."""
    return noted() or _noted_anew(threads)


def fastest(trials: list[Trial]) -> Trial | None:
    faithful = [trial for trial in trials if trial.faithful]
    if not faithful:
        return None
    best = min(faithful, key=lambda trial: trial.ms)
    same = [trial for trial in faithful if trial.precision == "float32"]
    exact = min(same, key=lambda trial: trial.ms, default=best)
    return exact if exact.ms < WORTH * best.ms else best


def note() -> Path:
    return Path(pooch.os_cache("kaleidream")) / "backends.json"


def noted() -> list[Trial]:
    """What was found on this machine with these libraries; nothing if one of them is new."""
    try:
        kept = json.loads(note().read_text())
        return [Trial(**trial) for trial in kept["trials"]] if kept["machine"] == machine() else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def machine() -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "nvidia": Path("/dev/nvidia0").exists(),
        "libraries": {name: version(name) for name in BACKENDS if _installed(name)},
    }


def _noted_anew(threads: int) -> list[Trial]:
    log.info("trying the backends, once for this machine")
    trials = [trial for name in _worth_trying() for trial in tried(name, threads)]
    path = note()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        beside.write_text(
            json.dumps({"machine": machine(), "trials": [asdict(each) for each in trials]})
        )
        os.replace(beside, path)
    except OSError as error:
        log.warning("%s: the trial of the backends is not kept: %s", path, error)
    return trials


def _worth_trying() -> list[str]:
    """TensorFlow takes long to start and is no faster on a CPU: only where it may be all that uses
    a GPU."""
    names = [name for name in ("openvino", "torch") if _installed(name)]
    gpu = Path("/dev/nvidia0").exists()
    return names if "torch" in names or (names and not gpu) else [*names, "tensorflow"]


def tried(name: str, threads: int) -> list[Trial]:
    """In a process of its own."""
    command = [sys.executable, "-m", "engine.backends.choosing", name, str(threads)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TRIAL_SECONDS, check=True
        )
        return [Trial(**trial) for trial in json.loads(done.stdout.splitlines()[-1])]
    except subprocess.TimeoutExpired:
        log.warning("backend %s: no answer in %d s", name, TRIAL_SECONDS)
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or ["nothing"]
        log.warning("backend %s: %s", name, said[-1])
    return []


def trials(name: str, threads: int) -> list[Trial]:
    """In this process."""
    return [_trial(made(name, precision, threads)) for precision in PRECISIONS]


def _trial(backend: Backend) -> Trial:
    picture, expected = reference()
    small = _gradient_of(backend, picture)
    cosine = float(np.sum(small * expected) / np.linalg.norm(small) / np.linalg.norm(expected))
    rows, columns = SIZE
    large = np.resize(picture, (rows, columns, 3))
    step, knobs = _step(backend, SIZE)
    times = []
    for _ in range(TRIALS):
        began = time.perf_counter()
        step.taken(step.gradient(step.placed(large), knobs, (3, 5))[0])
        times.append(time.perf_counter() - began)
    ms = 1000 * statistics.median(times)
    return Trial(backend.name, backend.precision, round(cosine, 4), round(ms, 2))


def _gradient_of(backend: Backend, picture: Array) -> Array:
    step, knobs = _step(backend, (picture.shape[0], picture.shape[1]))
    uphill, _ = step.gradient(step.placed(picture), knobs, (0, 0))
    return np.asarray(step.taken(uphill), np.float64)


def _step(backend: Backend, size: tuple[int, int]) -> tuple[Step, Array]:
    """Of the embedded network, all its stops but the heads raised alike."""
    stops = tuple(stop for stop in NETWORKS[FALLBACK].stops if stop not in ("fine", "coarse"))
    plan = blueprint(FALLBACK, loaded(FALLBACK, None), stops, size)
    gains = [1.0] * len(stops)
    knobs = gradient_knobs(plan.taps, gains, (Strip(),) * len(stops), "balanced", {})
    return backend.compiled(plan), knobs


def reference() -> tuple[Array, Array]:
    """A picture (48, 64, 3) float32 0..1, and the gradient that TensorFlow's GradientTape finds."""
    with np.load(Path(__file__).with_name("reference.npz"), allow_pickle=False) as kept:
        return kept["picture"].astype(np.float32), kept["gradient"].astype(np.float64)


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    print(json.dumps([asdict(trial) for trial in trials(sys.argv[1], int(sys.argv[2]))]))
