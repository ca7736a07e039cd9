"""The embedded network as it is taught, in PyTorch: with batch norms, or with them folded in."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.bestiary.network import ACTIVATION, LAYERS, Layer
from engine.frame import Array
from engine.networks import NETWORKS

COLOURS = NETWORKS["bestiary"]


class Convolution(nn.Module):  # type: ignore[misc]
    """Its kernel is one matrix, (out, in x rows x columns), as Muon wants it."""

    def __init__(self, channels: int, layer: Layer, bias: bool) -> None:
        super().__init__()
        shape = (layer.channels, channels, layer.kernel, layer.kernel)
        self._shape, self._stride, self._zeros = shape, layer.stride, layer.zeros
        start = nn.init.kaiming_uniform_(torch.empty(shape), a=5**0.5)  # as torch's own
        self.weight = nn.Parameter(start.flatten(1))
        self.bias = nn.Parameter(torch.zeros(layer.channels)) if bias else None

    @property
    def kernel(self) -> Tensor:
        """(out, in, rows, columns)"""
        return self.weight.view(self._shape)

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.kernel, self.bias, self._stride, self._zeros)


class Student(nn.Module):  # type: ignore[misc]
    """``layers``: convolution, batch norm (where ``normed``) and activation each, average pooling,
    heads beside."""

    def __init__(self, layers: tuple[Layer, ...] = LAYERS, normed: bool = True) -> None:
        super().__init__()
        self.layers = layers
        self.activation = getattr(functional, ACTIVATION)
        self.convolutions, self.norms = nn.ModuleDict(), nn.ModuleDict()
        channels = 3
        for layer in layers:
            if not layer.kernel:
                continue
            norm = normed and not layer.head
            self.convolutions[layer.name] = Convolution(channels, layer, bias=not norm)
            if norm:
                self.norms[layer.name] = nn.BatchNorm2d(layer.channels)
            if not layer.head:
                channels = layer.channels

    def maps(self, pictures: Tensor) -> dict[str, Tensor]:
        """``pictures``: (n, 3, h, w) in 0..1. The logits of every head at every place."""
        x = pictures * COLOURS.scale[0] + COLOURS.offset[0]  # the same for all three
        logits = {}
        for layer in self.layers:
            if layer.head:
                logits[layer.name] = self.convolutions[layer.name](x)
            elif layer.kernel:
                x = self.convolutions[layer.name](x)
                x = self.norms[layer.name](x) if layer.name in self.norms else x
                x = self.activation(x)
            else:
                x = functional.avg_pool2d(x, 2)
        return logits

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Each head's logits of the whole picture: (n, classes) float32."""
        return {name: logits.float().mean((2, 3)) for name, logits in self.maps(pictures).items()}


@torch.no_grad()  # type: ignore[untyped-decorator]
def folded(student: Student) -> dict[str, Array]:
    """``{layer/kernel: (h, w, in, out), layer/bias: (out,)}`` float16, the norms folded in."""
    arrays = {}
    for name, convolution in student.convolutions.items():
        kernel, bias = convolution.kernel.double(), convolution.bias
        if name in student.norms:
            norm = student.norms[name]
            factor = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
            kernel = kernel * factor[:, None, None, None]
            bias = norm.bias - norm.running_mean * factor
        arrays[f"{name}/kernel"] = kernel.permute(2, 3, 1, 0).cpu().half().numpy()
        arrays[f"{name}/bias"] = bias.cpu().half().numpy()
    return arrays


@torch.no_grad()  # type: ignore[untyped-decorator]
def unfolded(arrays: Mapping[str, Array]) -> Student:
    """The network of ``arrays`` as ``folded`` gives them, as wide as they are."""
    layers = tuple(
        replace(layer, channels=len(arrays[f"{layer.name}/bias"])) if layer.kernel else layer
        for layer in LAYERS
    )
    student = Student(layers, normed=False)
    for name, convolution in student.convolutions.items():
        kernel = np.asarray(arrays[f"{name}/kernel"], np.float32).transpose(3, 2, 0, 1)
        convolution.kernel.copy_(torch.from_numpy(np.ascontiguousarray(kernel)))
        convolution.bias.copy_(torch.from_numpy(np.asarray(arrays[f"{name}/bias"], np.float32)))
    student.eval()
    return student
