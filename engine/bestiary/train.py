"""From nothing to the weights of the embedded network.

All chance comes from the seed and the number of the step, so a training that was stopped goes on
as if it had not been. Other machines and other numbers of threads round sums differently, and the
weights come out a little different.
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel

from engine.bestiary.attack import attacked
from engine.bestiary.lessons import Lessons
from engine.bestiary.network import LAYERS, Layer
from engine.bestiary.student import Student
from engine.frame import Array

HEADS = {"fine": 0.5, "coarse": 1.0}  # how much the logits of each count
POOL = 24576  # pictures in hand: 300 MB
FIRST = 6144  # pictures in hand before the first step
SMOOTHING = 0.05  # of the labels
WARM_UP = 200  # steps
DECAY = 0.02  # of the kernels
BESIDE = 0.1  # the rate of norms and biases, of the kernels'
GRAIN = 8  # channels that the width of a layer is a multiple of
AVERAGED = 0.999  # of the averaged weights is kept at each step
EARLY = 0.5  # of the course, in which one step of attack will do
KEEP_EVERY = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Course:
    """``pictures``: how many are looked at in all; each that is drawn, about ``repeats`` times.
    ``radius``: of the attack, in L2 over 64x64x3 values 0..1, reached after ``ramp`` of the course,
    in ``attack_steps`` (one, in the first half). ``rate``: of the kernels' learning, at its
    highest. ``recoloured``: the share of batches that have their colours exchanged. ``width``: how
    many channels each layer has, of the shipped network's. ``precision``: "float32" or "bfloat16".
    """

    pictures: int = 1_300_000
    batch: int = 128
    repeats: int = 6
    radius: float = 3.0
    ramp: float = 0.3
    attack_steps: int = 2
    rate: float = 0.02
    recoloured: float = 0.1
    width: float = 1.0
    seed: int = 0
    precision: str = "bfloat16"

    def __post_init__(self) -> None:
        """Raises ValueError."""
        for name in ("pictures", "width"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name}: expected more than 0, received {getattr(self, name)}")
        for name in ("radius", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: expected 0 or more, received {getattr(self, name)}")
        if not self.steps:
            raise ValueError(f"pictures: expected {self.batch} or more, received {self.pictures}")

    @property
    def steps(self) -> int:
        return self.pictures // self.batch

    def drawn(self, step: int) -> int:
        """The number, in the row of all pictures, up to which ``step`` has seen them."""
        return FIRST + step * self.batch // self.repeats


class Training:
    """What is learnt so far. ``step``: how many steps were taken."""

    def __init__(self, course: Course, device: str) -> None:
        """``device``: PyTorch's name. Raises OSError where it cannot be used."""
        torch.manual_seed(course.seed)
        self.course = course
        self.student = Student(layers(course.width))
        try:
            self.student.to(device)
        except (AssertionError, RuntimeError) as error:
            raise OSError(f"{device}: expected a device that works, received {error}") from None
        self.averaged = AveragedModel(self.student, avg_fn=nearer, use_buffers=True)
        self.optimisers = optimisers(self.student, course.rate)
        self.step = 0

    def keep(self, path: Path) -> None:
        """Never half: a training that is killed meanwhile leaves the last one kept."""
        unfinished = path.with_suffix(".part")
        torch.save(
            {
                "course": asdict(self.course),
                "step": self.step,
                "student": self.student.state_dict(),
                "averaged": self.averaged.state_dict(),
                "optimisers": [each.state_dict() for each in self.optimisers],
            },
            unfinished,
        )
        unfinished.replace(path)

    def resume(self, path: Path) -> None:
        """Raises ValueError where ``path`` is of another course."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["course"] != asdict(self.course):
            raise ValueError(f"{path}: expected {asdict(self.course)}, received {state['course']}")
        self.student.load_state_dict(state["student"])
        self.averaged.load_state_dict(state["averaged"])
        for optimiser, there in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(there)
        self.step = state["step"]

    def finish(self, processes: int, told: Callable[[float], None], path: Path) -> Student:
        """To the end of the course. ``told`` is called with the loss of each step; ``path``: where
        what is learnt is kept now and then. Returns the averaged network. Raises OSError where it
        cannot be kept or drawn for, ArithmeticError where it has gone astray."""
        kept_at = time.monotonic()
        course = self.course
        with Lessons(course.seed, POOL, processes, course.drawn(self.step)) as lessons:
            while self.step < course.steps:
                lessons.renew(course.drawn(self.step))
                loss = self._step_on(lessons)
                if not math.isfinite(loss):
                    raise ArithmeticError(f"step {self.step}: expected a loss, received {loss}")
                told(loss)
                if time.monotonic() - kept_at > KEEP_EVERY:
                    self.keep(path)
                    kept_at = time.monotonic()
        self.keep(path)
        averaged: Student = self.averaged.module.eval()
        return averaged

    def _step_on(self, lessons: Lessons) -> float:
        course, student = self.course, self.student.train()
        device = next(student.parameters()).device
        precision = getattr(torch, course.precision)
        chance = np.random.default_rng((course.seed, self.step))
        pictures, classes = lessons.batch(course.batch, chance)
        x = exposed(pictures, chance, course.recoloured).to(device)
        y = torch.from_numpy(classes).to(device)

        def loss_at(seen: Tensor) -> Tensor:
            return loss_of(student, seen, y, precision)

        done = self.step / course.steps
        if radius := course.radius * min(1.0, done / course.ramp):
            directions = torch.Generator(device).manual_seed(int(chance.integers(2**62)))
            steps = course.attack_steps if done > EARLY else 1
            x = attacked(x, loss_at, radius, steps, directions)
        loss = loss_at(x)
        loss.backward()
        self._learn(
            course.rate * min(1, (self.step + 1) / WARM_UP) * (1 + math.cos(math.pi * done)) / 2
        )
        self.averaged.update_parameters(student)
        self.step += 1
        return float(loss.item())

    def _learn(self, rate: float) -> None:
        for optimiser, share in zip(self.optimisers, (1.0, BESIDE), strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * share
            optimiser.step()
            optimiser.zero_grad()


def nearer(averaged: Tensor, now: Tensor, count: Tensor) -> Tensor:
    """An exponential mean that at first forgets faster: ``count`` steps are in it. (The norms' own
    means are averaged like the weights.)"""
    share = torch.clamp((1 + count) / (10 + count), max=AVERAGED).to(now.device)
    return averaged + ((1 - share) * (now - averaged)).to(averaged.dtype)


def best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def layers(width: float) -> tuple[Layer, ...]:
    """The network's own, wider or narrower."""
    return tuple(
        replace(layer, channels=max(GRAIN, GRAIN * round(layer.channels * width / GRAIN)))
        if layer.kernel and not layer.head
        else layer
        for layer in LAYERS
    )


def optimisers(student: Student, rate: float) -> tuple[torch.optim.Optimizer, ...]:
    """Muon (Jordan and others, 2024) for the kernels, AdamW for what is no matrix."""
    kernels = [each for each in student.parameters() if each.ndim == 2]
    others = [each for each in student.parameters() if each.ndim != 2]
    return (
        torch.optim.Muon(kernels, lr=rate, weight_decay=DECAY),
        torch.optim.AdamW(others, lr=rate * BESIDE, weight_decay=0.0),
    )


def exposed(pictures: Array, chance: np.random.Generator, recoloured: float) -> Tensor:
    """(n, h, w, 3) uint8 to (n, 3, h, w) in 0..1, mirrored, recoloured and exposed by chance."""
    if chance.random() < 0.5:
        pictures = pictures[:, :, ::-1]
    if chance.random() < recoloured:
        pictures = pictures[..., chance.permutation(3)]
    x = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
    contrast, light = (
        torch.from_numpy(chance.uniform(*ends, (len(x), 1, 1, 1)).astype(np.float32))
        for ends in ((0.75, 1.25), (-0.08, 0.08))
    )
    middle = x.mean((1, 2, 3), keepdim=True)
    return ((x - middle) * contrast + middle + light).clamp(0, 1)


def loss_of(student: Student, pictures: Tensor, classes: Tensor, precision: Any) -> Tensor:
    with torch.autocast(pictures.device.type, precision, enabled=precision != torch.float32):
        logits = student(pictures)
    total: Any = 0.0
    for name, weight in HEADS.items():
        total = total + weight * cross_entropy(logits[name], classes, label_smoothing=SMOOTHING)
    return total
