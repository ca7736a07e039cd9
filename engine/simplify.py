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
    operations, before = {each.name: each for each in graph}, _hidden(graph, taps)
    for norm in graph:
        convolution = before.get(norm.name)
        if isinstance(norm, Affine) and isinstance(convolution, Convolution):
            operations[norm.name] = _scaled(convolution, norm)
            del operations[convolution.name]
    return Graph(operations.values())


def _hidden(graph: Graph, taps: Collection[str]) -> dict[str, Operation]:
    """What stands before an operation, where no other and no tap looks at it."""
    return {
        readers[0].name: graph[name]
        for name, readers in graph.readers().items()
        if len(readers) == 1 and name not in taps
    }


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
    operations, before = {each.name: each for each in graph}, _hidden(graph, taps)
    for behind in graph:
        pool = before.get(behind.name)
        pointwise = isinstance(behind, Convolution) and behind.pointwise
        if pointwise and isinstance(pool, Pool) and not pool.largest and pool.stride == 1:
            inner = f"{behind.name}/unpooled"
            operations[pool.name] = replace(behind, name=inner, sources=pool.sources)
            operations[behind.name] = replace(pool, name=behind.name, sources=(inner,))
    return Graph(operations.values())


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
