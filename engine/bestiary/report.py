"""What a trained network is worth: how often it is right, how hard it is to mislead, and how smooth
its gradients are."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, cross_entropy, interpolate

from engine.bestiary.attack import attacked
from engine.bestiary.lessons import held_out
from engine.bestiary.names import NAMES
from engine.bestiary.student import Student, unfolded
from engine.frame import Array

HEAD = "coarse"
BATCH = 96
ATTACK_STEPS = 10
RADII = (1.0, 3.0)
FINE = 0.25  # cycles a pixel: what is finer is noise to the eye
DREAM_STEPS = 36
DREAM_SIDE = 128  # pixels
JITTER = 16  # pixels
STEP = 0.016  # image units


@dataclass(frozen=True, slots=True)
class Report:
    """``robust``: accuracy by the radius of the attack. ``fine``: the share of the raw gradient's
    energy above 0.25 cycles a pixel. ``recognised``: how many of the classes' dreams another
    network names right. ``mistaken``: the classes that are recognised least."""

    pictures: int
    clean: float
    robust: Mapping[float, float]
    fine: float
    recognised: float
    mistaken: tuple[tuple[str, float], ...]

    def __str__(self) -> str:
        lines = [
            f"held-out pictures            {self.pictures}",
            f"named right                  {self.clean:.1%}",
            *(
                f"under attack, L2 {radius:g}           {share:.1%}"
                for radius, share in self.robust.items()
            ),
            f"gradient energy > {FINE} c/px  {self.fine:.3f}",
            f"dreams named by another      {self.recognised:.1%}",
        ]
        worst = ", ".join(f"{name} {share:.0%}" for name, share in self.mistaken)
        return "\n".join([*lines, f"least certain                {worst}"])


def report(
    arrays: Mapping[str, Array], judge: Mapping[str, Array], pictures: int, seed: int = 0
) -> Report:
    """``arrays``, ``judge``: as ``engine.bestiary.student.folded`` gives them. ``pictures``: as
    many as there are classes, or more."""
    student = unfolded(arrays)
    for weight in student.parameters():
        weight.requires_grad_(False)
    drawn, classes = held_out(pictures, seed)
    x = torch.from_numpy(drawn).permute(0, 3, 1, 2).float() / 255
    y = torch.from_numpy(classes)
    right = _right(student, x, y, 0.0)
    return Report(
        pictures=pictures,
        clean=float(right.mean()),
        robust={radius: float(_right(student, x, y, radius).mean()) for radius in RADII},
        fine=fine_share(student, x, y),
        recognised=recognised(student, unfolded(judge)),
        mistaken=_mistaken(right, y),
    )


def _right(student: Student, x: Tensor, y: Tensor, radius: float) -> Tensor:
    """1 for each picture that is named right, else 0."""
    chance = torch.Generator().manual_seed(1)

    def answered(pictures: Tensor, classes: Tensor) -> Tensor:
        def loss(seen: Tensor) -> Tensor:
            return cross_entropy(student(seen)[HEAD], classes, reduction="sum")

        if radius:
            pictures = attacked(pictures, loss, radius, ATTACK_STEPS, chance)
        with torch.no_grad():
            return (student(pictures)[HEAD].argmax(1) == classes).float()

    return torch.cat([answered(*pair) for pair in zip(x.split(BATCH), y.split(BATCH), strict=True)])


def _mistaken(right: Tensor, y: Tensor) -> tuple[tuple[str, float], ...]:
    shares = [(name, float(right[y == kind].mean())) for kind, name in enumerate(NAMES)]
    return tuple(sorted(shares, key=lambda share: share[1])[:8])


def fine_share(student: Student, x: Tensor, y: Tensor) -> float:
    """Of the gradients of the pictures to their own logits: how much of all their energy is finer
    than FINE."""
    pairs = zip(x.split(BATCH), y.split(BATCH), strict=True)
    energy = torch.stack([_spectrum(student, *pair) for pair in pairs]).sum(0)
    down, across = (torch.fft.fftfreq(side)[:, None] for side in energy.shape)
    fine = torch.sqrt(down**2 + across.T**2) > FINE
    return float(energy[fine].sum() / energy.sum())


def _spectrum(student: Student, x: Tensor, y: Tensor) -> Tensor:
    """(h, w): the energy of the gradient at every frequency."""
    x = x.clone().requires_grad_()
    logits = student(x)[HEAD]
    (uphill,) = torch.autograd.grad(logits.gather(1, y[:, None]).sum(), x)
    return (torch.fft.fft2(uphill).abs() ** 2).sum((0, 1))


def recognised(student: Student, judge: Student) -> float:
    """The share of the classes whose dream from noise ``judge`` takes for that class."""
    kinds = torch.arange(len(NAMES))
    answers = [judge(dreamt(student, some))[HEAD].argmax(1) == some for some in kinds.split(9)]
    return float(torch.cat(answers).float().mean())


def dreamt(student: Student, kinds: Tensor) -> Tensor:
    """One picture for each of ``kinds``, 36 steps up its logit from noise at one size."""
    chance = torch.Generator().manual_seed(0)
    x = 0.5 + 0.06 * torch.randn((len(kinds), 3, DREAM_SIDE, DREAM_SIDE), generator=chance)
    for _ in range(DREAM_STEPS):
        rows, columns = torch.randint(-JITTER, JITTER + 1, (2,), generator=chance).tolist()
        seen = torch.roll(x, (rows, columns), (2, 3)).requires_grad_()
        logits = student(seen)[HEAD]
        (uphill,) = torch.autograd.grad(logits.gather(1, kinds[:, None]).sum(), seen)
        uphill = _smoothed(torch.roll(uphill, (-rows, -columns), (2, 3)))
        length = uphill.abs().mean((1, 2, 3), keepdim=True)
        x = (x + STEP * uphill / (length + 1e-12)).clamp(0, 1)
    return x.detach()


def _smoothed(gradient: Tensor) -> Tensor:
    total, level = gradient, gradient
    for share in (0.7, 1.0, 1.4):
        level = avg_pool2d(level, 2)
        total = total + share * interpolate(level, gradient.shape[2:], mode="bilinear")
    return total
