"""A bar chart of the steps, ours beside the tutorial's. Needs matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from installation.bench.rows import Row

TUTORIAL = "tutorial"
GREY = "0.65"
PALETTE = ("#0b6e99", "#e8743b", "#6c8ebf", "#b5446e", "#3c9d6b", "#8a6fb0", "#c9a227")
BAR_INCHES, SPACE_INCHES = 0.17, 1.1
WIDTH_INCHES = 10.0

Group = tuple[str, dict[str, float]]  # what is made, milliseconds by way


def drawn_chart(rows: Sequence[Row], title: str, file: Path) -> None:
    """One field for each size of picture, so that each has its own scale."""
    fields = fields_of(rows)
    if not fields:
        return
    heights = [sum(len(ways) + 1 for _, ways in groups) for groups in fields.values()]
    inches = BAR_INCHES * sum(heights) + SPACE_INCHES * len(heights)
    figure = Figure(figsize=(WIDTH_INCHES, inches + 0.4), layout="constrained")
    figure.suptitle(f"Milliseconds a step: {title}")
    axes = figure.subplots(len(fields), 1, squeeze=False, height_ratios=heights)[:, 0]
    colours = colours_of(rows)
    for axis, (size, groups) in zip(axes, fields.items(), strict=True):
        _draw(axis, groups, colours)
        axis.set_title(size, loc="left")
    bars = [axes[0].barh([0], [0], color=colour, label=way) for way, colour in colours.items()]
    figure.legend(handles=bars, loc="outside lower center", ncols=4)
    figure.savefig(file, dpi=110, metadata={"Software": ""})


def fields_of(rows: Sequence[Row]) -> dict[str, list[Group]]:
    """By size, the smallest first."""
    fields: dict[str, dict[str, dict[str, float]]] = {}
    for row in sorted(rows, key=lambda row: row.width * row.height):
        made = fields.setdefault(row.size, {}).setdefault(f"{row.network}\n{row.stop}", {})
        if row.baseline_ms is not None:
            made[TUTORIAL] = row.baseline_ms
        made[row.way] = row.ms
    return {size: list(groups.items()) for size, groups in fields.items()}


def colours_of(rows: Sequence[Row]) -> dict[str, str]:
    ways = list(dict.fromkeys(row.way for row in rows))
    own = {way: PALETTE[n % len(PALETTE)] for n, way in enumerate(ways)}
    return own if all(row.baseline_ms is None for row in rows) else {TUTORIAL: GREY, **own}


def _draw(axis: Axes, groups: Sequence[Group], colours: Mapping[str, str]) -> None:
    place, middles = 0.0, []
    for _, ways in groups:
        ordered = [way for way in colours if way in ways]
        for n, way in enumerate(ordered):
            bar = axis.barh(place + n, ways[way], height=0.9, color=colours[way])
            axis.bar_label(bar, [_label(ways, way)], padding=3, fontsize=7)
        middles.append(place + (len(ordered) - 1) / 2)
        place += len(ordered) + 1
    axis.set_yticks(middles, [name for name, _ in groups], fontsize=8)
    axis.invert_yaxis()
    axis.margins(x=0.14, y=0.01)
    axis.set_xlabel("ms", fontsize=8)
    axis.spines[["top", "right"]].set_visible(False)


def _label(ways: Mapping[str, float], way: str) -> str:
    label = f"{ways[way]:.3g}"
    faster = way != TUTORIAL and TUTORIAL in ways and not way.endswith("1 thread")
    return f"{label}  ({ways[TUTORIAL] / ways[way]:.1f} x)" if faster else label
