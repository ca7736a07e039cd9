"""What the strips raise, and its gradient, as one more list of operations: it runs wherever the
network runs, also where nothing differentiates.

The idea of building a network's backward pass out of forward operations is old; that it is faster
on CPUs than automatic differentiation was measured (docs/performance.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.frame import Array
from engine.graph import (
    Activation,
    Affine,
    Convolution,
    Graph,
    Join,
    Mean,
    Operation,
    Part,
    Picture,
    Pool,
    Product,
    Sum,
    padded,
)
from engine.runtime import Layers, Tap, Tensor
from engine.simplify import cut

KINDS = 4  # balanced, energy, mean, guide: the first knobs, 1 for the one that counts
FREE = KINDS  # where the knob of a head's own choice stands
WAVES = 5  # knobs of a mask: a constant, and a cosine and a sine across and down
QUIET = 0.02  # of the mean energy: channels quieter than this are not singled out
TINY = 1e-9  # keeps what is nothing apart from 0


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each knob of the gradient stands in the one vector that it is given.

        kinds (4) | free | gains (one a tap) | masks (WAVES a tap) | weights, targets of tap 1 | ...

    ``free``: how much of what a head sees all over the picture is taken out, so that each place
    goes its own way. ``masks``: by ``engine.ascent.mask``. ``weights``: how much each channel
    counts, their sum 1. ``targets``: the energies of the guide's channels."""

    taps: tuple[Tap, ...]

    @property
    def length(self) -> int:
        return self.weights(len(self.taps))

    def gain(self, tap: int) -> int:
        return FREE + 1 + tap

    def mask(self, tap: int) -> int:
        return self.gain(len(self.taps)) + WAVES * tap

    def weights(self, tap: int) -> int:
        return self.mask(len(self.taps)) + 2 * sum(each.channels for each in self.taps[:tap])

    def targets(self, tap: int) -> int:
        return self.weights(tap) + self.taps[tap].channels


def waves(rows: int, columns: int) -> list[Array]:
    """Cosine and sine of one turn across and one down: (1, columns) or (rows, 1)."""
    across = (np.arange(columns, dtype=np.float32)[None] + 0.5) * (2 * np.pi / columns)
    down = (np.arange(rows, dtype=np.float32)[:, None] + 0.5) * (2 * np.pi / rows)
    return [np.cos(across), np.sin(across), np.cos(down), np.sin(down)]


class Gradient:
    """Written in the operations of one runtime, for one size of picture."""

    def __init__(
        self, runtime: Layers, graph: Graph, taps: Sequence[Tap], size: tuple[int, int]
    ) -> None:
        """``graph`` as it is to run: already cut and simplified. Raises ValueError for a tap that
        does not see the picture."""
        for tap in taps:
            if not any(isinstance(each, Picture) for each in cut(graph, [tap.layer])):
                raise ValueError(f"{tap.layer}: expected to see the picture, received none")
        self._runtime = runtime
        self._graph = graph
        self._layout = Layout(tuple(taps))
        self._sizes = graph.sizes(*size)
        self._waves = [waves(*self._sizes[tap.layer][1:]) for tap in taps]

    def __call__(self, x: Tensor, knobs: Tensor) -> tuple[Tensor, list[Tensor]]:
        """``x``: the picture as an activation, in the network's own colours. Returns the gradient
        to it, and the mean square of each channel of each tap."""
        values = self._forward(x)
        raised: dict[str, list[Tensor]] = {}
        energies = []
        for number, tap in enumerate(self._layout.taps):
            uphill, energy = self._raised(values[tap.layer], number, knobs)
            raised.setdefault(tap.layer, []).append(uphill)
            energies.append(energy)
        return self._backward(values, raised), energies

    def _forward(self, x: Tensor) -> dict[str, Tensor]:
        values: dict[str, Tensor] = {}
        for operation in self._graph:
            values[operation.name] = self._value(
                operation, [values[source] for source in operation.sources] or [x]
            )
        return values

    def _value(self, operation: Operation, before: list[Tensor]) -> Tensor:
        runtime, x = self._runtime, before[0]
        match operation:
            case Picture():
                return x
            case Convolution():
                return runtime.convolution(x, operation, self._sides(operation))
            case Affine(scale=scale, offset=offset):
                return x * runtime.vector(scale) + runtime.vector(offset)
            case Activation(kind=kind):
                return runtime.activation(x, kind)
            case Pool():
                return runtime.pool(x, operation, self._sides(operation))
            case Mean():
                return runtime.mean_places(x)
            case Join():
                return runtime.join(before)
            case Part(first=first, end=end):
                return runtime.part(x, first, end)
            case Sum():
                return x + before[1]
            case Product():
                return x * before[1]
        raise TypeError(f"{operation.name}: expected an operation we know, received {operation}")

    def _raised(self, x: Tensor, number: int, knobs: Tensor) -> tuple[Tensor, Tensor]:
        """The gradient of one tap's term to the tap, as far as its mask lets it through, and E.
        Logarithms make layers of any size and scale compare. With a = x, w = weights, t = targets,
        E = mean of a^2 over the places, s = mean of E, which is held constant (as is the head's
        mean), and L(E) = log(E + 0.02 mean of E):

            balanced  sum w L(E)                energy  log(sum w E)
            mean      sum w mean(a) / sqrt(s)   guide   -1/2 sum w (L(E) - L(t))^2
            head      mean over the places of log(sum w exp(a - free mean(a)))
        """
        runtime, layout, tap = self._runtime, self._layout, self._layout.taps[number]
        _, rows, columns = self._sizes[tap.layer]
        gain = runtime.scalar_of(knobs, layout.gain(number))
        share = gain * runtime.number(1.0 / (rows * columns))
        mask = self._mask(number, knobs)
        weights = runtime.vector_of(knobs, layout.weights(number), layout.targets(number))
        energies = runtime.mean_places(x * x)
        if tap.head:
            common = runtime.mean_places(x) * runtime.scalar_of(knobs, FREE)
            likely = x + (runtime.logarithm(weights + runtime.number(TINY)) - common)
            return runtime.softmax(likely) * (mask * share), energies
        by_energy, by_mean = self._slopes(energies, weights, number, knobs)
        raised = x * (by_energy * (share * runtime.number(2.0))) + by_mean * share
        return raised * mask, energies

    def _mask(self, number: int, knobs: Tensor) -> Tensor:
        """0..1 at every place of a tap. Waves, so that it wraps as the shifted picture does. A
        layer of one place is always open."""
        runtime, start = self._runtime, self._layout.mask(number)
        _, rows, columns = self._sizes[self._layout.taps[number].layer]
        if rows == columns == 1:
            return runtime.number(1.0)
        height = runtime.scalar_of(knobs, start)
        for place, wave in enumerate(self._waves[number], start + 1):
            height = height + runtime.places(wave) * runtime.scalar_of(knobs, place)
        return runtime.activation(height, "sigmoid")

    def _slopes(
        self, energies: Tensor, weights: Tensor, number: int, knobs: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Of a term that is not a head's: to E, and to mean(a)."""
        runtime, start = self._runtime, self._layout.targets(number)
        channels = self._layout.taps[number].channels
        targets = runtime.vector_of(knobs, start, start + channels)
        balanced, energy, mean, guide = (runtime.scalar_of(knobs, kind) for kind in range(KINDS))
        tiny, quiet = runtime.number(TINY), runtime.number(QUIET)
        scale = runtime.mean_channels(energies) + tiny
        lifted = energies + scale * quiet
        wanted = runtime.logarithm(targets + runtime.mean_channels(targets) * quiet + tiny)
        apart = wanted - runtime.logarithm(lifted)
        total = runtime.mean_channels(weights * energies) * runtime.number(channels)
        together = total + scale * runtime.number(1e-6)
        along = (balanced + guide * apart) / lifted + energy / together
        return along * weights, weights / runtime.root(scale) * mean

    def _backward(self, values: dict[str, Tensor], raised: dict[str, list[Tensor]]) -> Tensor:
        gradients = raised
        parts: dict[str, dict[int, Tensor]] = {}
        for operation in reversed(self._graph.operations):
            name = operation.name
            if name in parts:
                own = [parts[name][first] for first in sorted(parts[name])]
                gradients.setdefault(name, []).append(self._runtime.join(own))
            if name not in gradients:
                continue
            gradient, *more = gradients.pop(name)
            for other in more:
                gradient = gradient + other
            if isinstance(operation, Picture):
                return gradient
            if isinstance(operation, Part):
                parts.setdefault(operation.sources[0], {})[operation.first] = gradient
                continue
            for source, back in zip(
                operation.sources, self._back(operation, gradient, values), strict=True
            ):
                gradients.setdefault(source, []).append(back)
        raise ValueError("taps: expected a layer to raise, received none")

    def _back(
        self, operation: Operation, gradient: Tensor, values: dict[str, Tensor]
    ) -> list[Tensor]:
        """To each source of ``operation``."""
        runtime = self._runtime
        source = operation.sources[0]
        before, after = self._sizes[source], self._sizes[operation.name]
        x, y = values[source], values[operation.name]
        match operation:
            case Convolution():
                sides = self._sides(operation)
                return [runtime.convolution_back(gradient, operation, sides, before, after)]
            case Affine(scale=scale):
                return [gradient * runtime.vector(scale)]
            case Activation(kind=kind):
                return [runtime.activation_back(gradient, x, y, kind)]
            case Pool():
                sides = self._sides(operation)
                return [runtime.pool_back(gradient, x, y, operation, sides, before, after)]
            case Mean():
                share = runtime.number(1.0 / (before[1] * before[2]))
                return [runtime.filled(gradient * share, before)]
            case Join():
                ends = np.cumsum([0] + [self._sizes[each][0] for each in operation.sources])
                pairs = zip(ends.tolist(), ends[1:].tolist(), strict=False)
                return [runtime.part(gradient, first, end) for first, end in pairs]
            case Sum():
                return [gradient, gradient]
            case Product():
                factor = values[operation.sources[1]]
                places = runtime.number(before[1] * before[2])
                return [gradient * factor, runtime.mean_places(gradient * x) * places]
        raise TypeError(f"{operation.name}: expected an operation we know, received {operation}")

    def _sides(self, operation: Convolution | Pool) -> tuple[int, int, int, int]:
        _, rows, columns = self._sizes[operation.sources[0]]
        window = (
            operation.kernel.shape[:2]
            if isinstance(operation, Convolution)
            else (operation.size, operation.size)
        )
        return padded(operation.padding, (window[0], window[1]), operation.stride, (rows, columns))
