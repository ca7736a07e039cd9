"""``kaleidream train``: teaches the embedded network anew, or says what its weights are worth."""

import argparse
import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

LINE_SECONDS = 60.0  # between lines where there is no terminal
BAR = 30  # characters
RECENT = 0.98  # of the mean loss that is shown is kept at each step
REPORTED = 2048  # pictures
COURSE = ("pictures", "radius", "width", "seed", "precision")


def options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    add = parser.add_argument
    add("--out", type=Path, default=Path("bestiary.npz"), metavar="FILE", help="the weights (.npz)")
    add("--pictures", type=int, help="how many to look at; each drawn is seen about six times")
    add("--radius", type=float, help="how far pictures are moved against it, in L2")
    add("--width", type=float, help="of every layer, of the shipped network's (1)")
    add("--seed", type=int, help="of all chance (0)")
    add("--precision", choices=("float32", "bfloat16"), help="(bfloat16)")
    add("--device", choices=("cpu", "cuda", "mps"), help="(the best there is)")
    add("--processes", type=int, help="that draw beside (a quarter of the cores; on a GPU, all)")
    add("--report", action="store_true", help="train nothing; say what weights are worth")
    add("--weights", type=Path, metavar="FILE", help="which, for --report (the shipped ones)")
    return parser


def train(options: argparse.Namespace) -> int:
    """Raises OSError without PyTorch, or where it cannot work or write; ValueError for what is
    asked wrongly or cannot be gone on with."""
    if not find_spec("torch"):
        raise OSError("train: expected PyTorch; pip install 'kaleidream[torch]'")
    if options.report:
        return _report(options.weights)
    _check(options)
    from engine.bestiary.student import folded
    from engine.bestiary.train import Course, Training, best_device

    given = {name: getattr(options, name) for name in COURSE}
    course = Course(**{name: value for name, value in given.items() if value is not None})
    device = options.device or best_device()
    training = Training(course, device)
    state = options.out.with_suffix(".state")
    if state.exists():
        training.resume(state)
        print(f"going on from step {training.step} of {course.steps}", flush=True)
    print("drawing the first pictures ...", flush=True)
    progress = Progress(course.steps, training.step)
    student = training.finish(_processes(options.processes, device), progress, state)
    np.savez(options.out, **folded(student))
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB")
    state.unlink()
    return 0


def _check(options: argparse.Namespace) -> None:
    if options.weights:
        raise ValueError("--weights: expected --report with it, received none")
    if options.out.suffix != ".npz":
        raise ValueError(f"--out: expected a name that ends in .npz, received '{options.out}'")
    if not options.out.parent.is_dir():
        raise OSError(f"--out: expected a folder, received '{options.out.parent}'")
    if options.processes is not None and options.processes < 1:
        raise ValueError(f"--processes: expected 1 or more, received {options.processes}")


def _processes(wished: int | None, device: str) -> int:
    cores = os.cpu_count() or 1
    return wished or (max(1, cores // 4) if device == "cpu" else cores)


def _report(weights: Path | None) -> int:
    from engine.bestiary import network
    from engine.bestiary.report import report

    own = network.arrays(weights or network.WEIGHTS)
    print(report(own, network.arrays(network.JUDGE), REPORTED))
    return 0


class Progress:
    """Called with the loss of each step: a bar on a terminal, else a line now and then."""

    def __init__(self, steps: int, step: int) -> None:
        self._steps = steps
        self._first = self._step = step
        self._loss = 0.0
        self._began = self._told = 0.0
        self._terminal = sys.stderr.isatty()

    def __call__(self, loss: float) -> None:
        now = time.monotonic()
        if self._step == self._first:
            self._began, self._loss = now, loss
        self._step += 1
        self._loss = RECENT * self._loss + (1 - RECENT) * loss
        ended = self._step == self._steps
        if ended or now - self._told > (0.5 if self._terminal else LINE_SECONDS):
            self._told = now
            start, end = ("\r", "\n" if ended else "") if self._terminal else ("", "\n")
            print(f"{start}{self._line(now)}", end=end, file=sys.stderr, flush=True)

    def _line(self, now: float) -> str:
        rate = (self._step - self._first) / max(now - self._began, 1e-3)
        left = (self._steps - self._step) / rate / 60
        done = round(BAR * self._step / self._steps)
        bar = "#" * done + "." * (BAR - done)
        return (
            f"[{bar}] step {self._step} of {self._steps}, {rate:.2f}/s, loss {self._loss:.3f},"
            f" {left:.0f} min left"
        )
