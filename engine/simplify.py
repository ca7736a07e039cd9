"""Makes a network shorter without changing what its tapped layers say."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from engine.graph import Affine, Convolution, Graph, Operation, Part, Pool


def simplified(graph: Graph, taps: Collection[str]) -> Graph:
    """What is needed for ``taps``, batch norms folded away, siblings merged."""
    return merged(swapped(folded(cut(graph, taps), taps), taps))


def cut(graph: Graph, taps: Collection[str]) -> Graph:
    """Down to the taps, and no further."""
    needed, open_ends = set(taps), list(taps)
    while open_ends:
        for source in graph[open_ends.pop()].sources:
            if source not in needed:
                needed.add(source)
                open_ends.append(source)
    return Graph(operation for operation in graph if operation.name in needed)


def folded(graph: Graph, taps: Collection[str]) -> Graph:
    """Batch norms into the convolutions before them, which take over their names."""
    readers = graph.readers()
    folded_away: set[str] = set()
    into: dict[str, Convolution] = {}
    for operation in graph:
        before = graph[operation.sources[0]] if operation.sources else None
        if (
            isinstance(operation, Affine)
            and isinstance(before, Convolution)
            and before.name not in taps
            and len(readers[before.name]) == 1
        ):
            folded_away.add(before.name)
            into[operation.name] = _scaled(before, operation)
    return Graph(
        into.get(operation.name, operation)
        for operation in graph
        if operation.name not in folded_away
    )


def _scaled(convolution: Convolution, norm: Affine) -> Convolution:
    scale = norm.scale[:, None] if convolution.depthwise else norm.scale
    return replace(
        convolution,
        name=norm.name,
        kernel=(convolution.kernel * scale).astype(np.float32),
        bias=(convolution.bias * norm.scale + norm.offset).astype(np.float32),
    )


def swapped(graph: Graph, taps: Collection[str]) -> Graph:
    """Pointwise convolutions before the mean pooling that feeds them: the mean of a linear map is
    the map of the mean, so they may join their siblings."""
    readers = graph.readers()
    operations = list(graph)
    places = {operation.name: place for place, operation in enumerate(operations)}
    for operation in graph:
        pool = graph[operation.sources[0]] if operation.sources else None
        if (
            isinstance(operation, Convolution)
            and operation.pointwise
            and isinstance(pool, Pool)
            and not pool.largest
            and pool.stride == 1
            and pool.name not in taps
            and len(readers[pool.name]) == 1
        ):
            inner = f"{operation.name}/unpooled"
            operations[places[pool.name]] = replace(operation, name=inner, sources=pool.sources)
            operations[places[operation.name]] = replace(
                pool, name=operation.name, sources=(inner,)
            )
    return Graph(operations)


def merged(graph: Graph) -> Graph:
    """Pointwise convolutions that read the same become one, and parts of it."""
    families: dict[str, list[Convolution]] = {}
    for operation in graph:
        if isinstance(operation, Convolution) and operation.pointwise:
            families.setdefault(operation.sources[0], []).append(operation)
    parts: dict[str, list[Operation]] = {}
    for source, siblings in families.items():
        if len(siblings) > 1:
            whole, *rest = _family(source, siblings)
            parts[siblings[0].name] = [whole, *rest]
            parts.update({sibling.name: [] for sibling in siblings[1:]})
    return Graph(each for operation in graph for each in parts.get(operation.name, [operation]))


def _family(source: str, siblings: list[Convolution]) -> list[Operation]:
    whole = Convolution(
        f"{source}/siblings",
        (source,),
        np.concatenate([sibling.kernel for sibling in siblings], 3),
        np.concatenate([sibling.bias for sibling in siblings]),
    )
    ends = np.cumsum([0] + [sibling.channels for sibling in siblings]).tolist()
    return [
        whole,
        *(
            Part(sibling.name, (whole.name,), first, end)
            for sibling, first, end in zip(siblings, ends, ends[1:], strict=False)
        ),
    ]
