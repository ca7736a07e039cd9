"""A network as a short list of operations, the same for every runtime.

    picture -> Convolution -> Affine -> Activation -> Pool -> ... -> Join -> ...

Operations carry the names of the network's own layers. Activations are (channels, rows, columns) of
one picture; how a runtime lays them out is its own affair.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.frame import Array

Size = tuple[int, int, int]  # channels, rows, columns
Sides = tuple[int, int, int, int]  # top, bottom, left, right

NO_PADDING: Sides = (0, 0, 0, 0)
ACTIVATIONS = ("relu", "relu6", "silu", "sigmoid")


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """``sources``: the names of the operations whose results it takes."""

    name: str
    sources: tuple[str, ...]


class Picture(Operation):
    """Where the picture comes in, already in the network's own colours."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Convolution(Operation):
    """``kernel``: (rows, columns, in, out) float32, (rows, columns, channels, 1) where
    ``depthwise``. ``bias``: (out,). ``padding``: of zeros; None is TensorFlow's "same"."""

    kernel: Array
    bias: Array
    stride: int = 1
    padding: Sides | None = NO_PADDING
    depthwise: bool = False

    @property
    def channels(self) -> int:
        return int(self.kernel.shape[2 if self.depthwise else 3])

    @property
    def pointwise(self) -> bool:
        """Sees each place for itself, and every place."""
        return self.kernel.shape[:2] == (1, 1) and self.stride == 1 and not self.depthwise


@dataclass(frozen=True, slots=True, eq=False)
class Affine(Operation):
    """``scale * x + offset``, both (channels,): what is left of a batch norm."""

    scale: Array
    offset: Array


@dataclass(frozen=True, slots=True, eq=False)
class Activation(Operation):
    kind: str  # in ACTIVATIONS


@dataclass(frozen=True, slots=True, eq=False)
class Pool(Operation):
    """``size`` by ``size`` places, the largest or their mean. What lies outside the picture does
    not count; ``padding`` as in Convolution."""

    largest: bool
    size: int
    stride: int
    padding: Sides | None = NO_PADDING


class Mean(Operation):
    """Over all places: (channels, 1, 1)."""

    __slots__ = ()


class Join(Operation):
    """Channels behind one another."""

    __slots__ = ()


class Sum(Operation):
    """Of two."""

    __slots__ = ()


class Product(Operation):
    """Of an activation and a factor for each of its channels, (channels, 1, 1)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Part(Operation):
    """Channels ``first`` up to, not including, ``end``."""

    first: int
    end: int


class Graph:
    """Operations in an order in which each comes after its sources; the first is the Picture."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.operations = tuple(operations)
        self._by_name = {operation.name: operation for operation in self.operations}

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Operation:
        return self._by_name[name]

    def readers(self) -> Mapping[str, list[Operation]]:
        """Who takes the result of each operation."""
        found: dict[str, list[Operation]] = {operation.name: [] for operation in self}
        for operation in self:
            for source in operation.sources:
                found[source].append(operation)
        return found

    def sizes(self, rows: int, columns: int) -> dict[str, Size]:
        """Of every result, for a picture of that size."""
        sizes: dict[str, Size] = {}
        for operation in self:
            before = [sizes[source] for source in operation.sources] or [(3, rows, columns)]
            sizes[operation.name] = _size(operation, before)
        return sizes

    def multiplications(self, rows: int, columns: int) -> int:
        """Of all convolutions, forward. The way back takes as many again."""
        sizes = self.sizes(rows, columns)
        total = 0
        for operation in self:
            if isinstance(operation, Convolution):
                _, high, wide = sizes[operation.name]
                total += operation.kernel.size * high * wide
        return total


def _size(operation: Operation, before: list[Size]) -> Size:
    channels, rows, columns = before[0]
    match operation:
        case Convolution():
            high, wide, *_ = operation.kernel.shape
            sides = padded(operation.padding, (high, wide), operation.stride, (rows, columns))
            channels = operation.channels
            rows, columns = _strided(rows, columns, (high, wide), operation.stride, sides)
        case Pool():
            window = (operation.size, operation.size)
            sides = padded(operation.padding, window, operation.stride, (rows, columns))
            rows, columns = _strided(rows, columns, window, operation.stride, sides)
        case Mean():
            rows, columns = 1, 1
        case Join():
            channels = sum(size[0] for size in before)
        case Part():
            channels = operation.end - operation.first
    if min(rows, columns) < 1:
        raise ValueError(f"{operation.name}: expected a larger picture, received none to look at")
    return channels, rows, columns


def _strided(
    rows: int, columns: int, window: tuple[int, int], stride: int, sides: Sides
) -> tuple[int, int]:
    top, bottom, left, right = sides
    return (
        (rows + top + bottom - window[0]) // stride + 1,
        (columns + left + right - window[1]) // stride + 1,
    )


def padded(
    padding: Sides | None, window: tuple[int, int], stride: int, size: tuple[int, int]
) -> Sides:
    """The zeros on each side. "Same" makes ceil(size / stride) places and puts an odd zero behind:
    https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2"""
    if padding is not None:
        return padding
    sides: list[int] = []
    for length, place in zip(window, size, strict=True):
        missing = max((-(-place // stride) - 1) * stride + length - place, 0)
        sides += [missing // 2, missing - missing // 2]
    top, bottom, left, right = sides
    return top, bottom, left, right
