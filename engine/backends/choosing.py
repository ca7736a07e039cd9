"""Which backend dreams: the fastest of those that give the right gradient, tried once a machine.

``python -m engine.backends.choosing NAME THREADS`` tries one, in a process of its own: a library
that is broken may take its process down, and one that is not chosen should not stay in memory.
"""

import faulthandler
import importlib
import json
import logging
import math
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import cache, partial
from itertools import chain
from pathlib import Path

from engine.backends.outcome import Outcome, installed, keep, machine, noted
from engine.backends.table import AUTO, BACKENDS, PRECISIONS
from engine.backends.trial import Trial, trial_of, trials
from engine.steps import Backend

EXTRAS = ("torch",)  # backends that are installed only where they are asked for
WORTH = 1.1  # times faster, below which the higher precision is kept
TRIAL_SECONDS = 60
MARK = "trial: "  # before a trial in what its process says, among what libraries say

log = logging.getLogger(__name__)


def backends(
    wanted: str, precision: str, threads: int, tell: Callable[[str], None] | None = None
) -> Iterator[Backend]:
    """The wished backend first, then the others. One that is not there, or does not start, is
    left out with a warning; ``tell`` hears of it where it was asked for by its name."""
    for name, there in order(wanted, precision, threads):
        try:
            yield made(name, there, threads)
        except (ImportError, OSError, RuntimeError) as error:
            hint = f" (pip install 'kaleidream[{name}]')" if name in EXTRAS else ""
            said = f"backend {name}: {error}{hint}; the show goes on without it"
            log.warning("%s", said)
            if tell and name == wanted:
                tell(said)


def made(name: str, precision: str, threads: int) -> Backend:
    module = importlib.import_module(f"engine.backends.{name}")
    backend: Backend = getattr(module, BACKENDS[name])(threads=threads, precision=precision)
    return backend


def order(wanted: str, precision: str, threads: int) -> list[tuple[str, str]]:
    """(backend, precision), the best first. Tries nothing where both are asked for by name."""
    if AUTO in (wanted, precision):
        there = outcome(threads)
        first = _first(wanted, precision, there.trials)
    else:
        there = noted(machine(threads)) or Outcome()
        first = (wanted, precision)
    return [first, *_others(first[0], there)]


def _first(wanted: str, precision: str, trials: Sequence[Trial]) -> tuple[str, str]:
    fitting = [
        each
        for each in trials
        if wanted in (AUTO, each.backend) and precision in (AUTO, each.precision)
    ]
    if best := fastest(fitting):
        return best.backend, best.precision
    any_best = fastest(trials)
    name = wanted if wanted != AUTO else any_best.backend if any_best else "openvino"
    exact = "float32" if precision == AUTO else precision
    if not any_best:
        log.error("no backend gives the right gradient here; going on with %s %s", name, exact)
    return name, exact


def _others(first: str, there: Outcome) -> list[tuple[str, str]]:
    """The fastest first, each in its best precision, the untried last in float32; those that are
    not installed, or failed, or gave a wrong gradient, left out."""
    best = {
        name: fastest([each for each in there.trials if each.backend == name]) for name in BACKENDS
    }
    others = [
        (trial.ms if trial else math.inf, name, trial.precision if trial else "float32")
        for name, trial in best.items()
        if name != first and installed(name) and (trial or name not in there.tried)
    ]
    return [(name, precision) for _, name, precision in sorted(others)]


def fastest(trials: Sequence[Trial]) -> Trial | None:
    """None where none is faithful."""
    faithful = [trial for trial in trials if trial.faithful]
    if not faithful:
        return None
    best = min(faithful, key=lambda trial: trial.ms)
    same = [trial for trial in faithful if trial.precision == "float32"]
    exact = min(same, key=lambda trial: trial.ms, default=best)
    return exact if exact.ms < WORTH * best.ms else best


def outcome(threads: int) -> Outcome:
    """As it is noted; where it is not, every backend is tried: seconds."""
    here = machine(threads)
    return noted(here) or _tried_once(here, threads)


def retried(threads: int) -> Outcome:
    """The same, after another try of those that have failed before."""
    here = machine(threads)
    before = noted(here)
    if before is None:
        return outcome(threads)
    if not before.failed:
        return before
    again = _outcome_of(before.failed, threads)
    newest = {(each.backend, each.precision): each for each in (*before.trials, *again.trials)}
    found = Outcome(tuple(newest.values()), again.failed)
    keep(here, found)
    return found


@cache  # a process that can keep no note tries once all the same
def _tried_once(here: str, threads: int) -> Outcome:
    log.info("trying the backends, once for this machine: some seconds")
    found = _outcome_of(_worth_trying(), threads)
    keep(here, found)
    return found


def _outcome_of(names: Sequence[str], threads: int) -> Outcome:
    found = {name: tried(name, threads) for name in names}
    failed = [name for name, trials in found.items() if len(trials) < len(PRECISIONS)]
    return Outcome(tuple(chain(*found.values())), tuple(failed))


def _worth_trying() -> list[str]:
    """TensorFlow takes long to start and is no faster on a CPU: only where it may be all that uses
    a GPU."""
    names = [name for name in BACKENDS if installed(name)]
    gpu = Path("/dev/nvidia0").exists()
    if "torch" in names or ("openvino" in names and not gpu):
        names = [name for name in names if name != "tensorflow"]
    return names


def tried(name: str, threads: int) -> list[Trial]:
    """In a process of its own: all that has arrived, however it ended."""
    said, ending = _said(trial_command(name, threads))
    found = {trial.precision: trial for trial in _heard(name, said)}
    missing = [precision for precision in PRECISIONS if precision not in found]
    if missing:
        log.warning("backend %s: %s (no trial in %s)", name, ending, ", ".join(missing))
    return list(found.values())


def trial_command(name: str, threads: int) -> list[str]:
    return [sys.executable, "-m", "engine.backends.choosing", name, str(threads)]


def _said(command: Sequence[str]) -> tuple[str, str]:
    """What a process has said, and how it ended. Raises InterruptedError where somebody ended it:
    that says nothing about a backend."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=TRIAL_SECONDS)
    except subprocess.TimeoutExpired as error:
        return (error.stdout or b"").decode(errors="replace"), f"no answer in {TRIAL_SECONDS} s"
    except OSError as error:
        return "", str(error)
    if done.returncode in (-signal.SIGINT, -signal.SIGTERM):
        raise InterruptedError("the trial of the backends was interrupted")
    complaints = done.stderr.decode(errors="replace").strip().splitlines()
    if done.returncode < 0:
        complaints.append(signal.strsignal(-done.returncode) or "")
    return done.stdout.decode(errors="replace"), (complaints or ["it said nothing"])[-1]


def _heard(name: str, said: str) -> Iterator[Trial]:
    """The trials in it: the first of each precision, then those that are to be kept. Libraries may
    say something too."""
    for line in said.splitlines():
        try:
            yield trial_of(json.loads(line.partition(MARK)[2]))
        except ValueError:
            log.warning("backend %s: skipped %.200r", name, line)


def alone(seconds: float) -> None:
    """For this process to end by itself: the player that started it has had it ignore signals, and
    may end before it. Not by a ``threading.Timer``: a library that hangs may hold Python's lock."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)
    faulthandler.dump_traceback_later(seconds, exit=True)


def main(name: str, threads: int) -> None:
    alone(TRIAL_SECONDS)
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    for trial in trials([partial(made, name, precision, threads) for precision in PRECISIONS]):
        print(MARK + json.dumps(asdict(trial)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
