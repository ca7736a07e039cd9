"""Pictures changed a little so that the network takes them for something else.

What is learnt from them makes the network's gradients legible (Santurkar and others, "Image
Synthesis with a Single (Robust) Classifier", 2019; Kaur, Cohen, Lipton, "Are Perceptually-Aligned
Gradients a General Property of Robust Classifiers?", 2019).
"""

from collections.abc import Callable

import torch
from torch import Tensor

Loss = Callable[[Tensor], Tensor]


def attacked(
    pictures: Tensor, loss: Loss, radius: float, steps: int, chance: torch.Generator
) -> Tensor:
    """``pictures``: (n, 3, h, w) in 0..1, moved uphill on ``loss`` by at most ``radius`` each (L2
    over all its values) and kept in 0..1: projected gradient descent (Madry and others, 2018) of
    normalised ``steps`` from a random start."""
    start = torch.randn(pictures.shape, generator=chance, device=pictures.device)
    far = torch.rand((len(pictures), 1, 1, 1), generator=chance, device=pictures.device)
    moved = _ball(start, radius) * far
    stride = radius if steps == 1 else 2 * radius / steps
    for _ in range(steps):
        moved.requires_grad_()
        (uphill,) = torch.autograd.grad(loss(pictures + moved), moved)
        moved = moved.detach() + stride * uphill / (_lengths(uphill) + 1e-12)
        moved = _inside(moved, radius)
        moved = (pictures + moved).clamp(0, 1) - pictures
    return (pictures + moved).contiguous(memory_format=torch.channels_last)


def _ball(direction: Tensor, radius: float) -> Tensor:
    return direction * (radius / (_lengths(direction) + 1e-12))


def _inside(moved: Tensor, radius: float) -> Tensor:
    return moved * (radius / _lengths(moved).clamp(min=radius + 1e-12))


def _lengths(x: Tensor) -> Tensor:
    return x.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
