"""The rows as a page of docs, and as a picture beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from installation.bench.machine import Machine
from installation.bench.rows import Row

Fact = tuple[str, str]  # what, and what it is

LACKS_MATPLOTLIB = "none: expected matplotlib, received {}; pip install 'kaleidream[bench]'"

HEAD = """# Benchmark

Written by `{command}` on {day}; do not edit. Medians in milliseconds, all cores unless a
row says otherwise. *Tutorial*: a step the way of TensorFlow's DeepDream tutorial, the same layers
and size, measured in turns with ours. *Compiled*: up to the end of the first step. *Peak*: the best
that was measured below in this precision.

| | |
|---|---|
"""


@dataclass(frozen=True, slots=True)
class Occasion:
    """``facts``: more about it, as rows of a table. ``kept``: the files' name."""

    command: str
    machine: Machine
    title: str
    facts: tuple[Fact, ...] = ()
    kept: str = "bench"


def reported(rows: Sequence[Row], occasion: Occasion, folder: Path) -> None:
    """Writes a page into ``folder``, and a chart where there is matplotlib."""
    chart = folder / f"{occasion.kept}.png"
    steps = [row for row in rows if row.network]
    try:
        from installation.bench.chart import drawn_chart
    except ImportError as error:
        lacking = LACKS_MATPLOTLIB.format(error)
        print(lacking, flush=True)
        occasion = replace(occasion, facts=(*occasion.facts, ("chart", lacking)))
    else:
        drawn_chart(steps, occasion.title, chart)
    (folder / f"{occasion.kept}.md").write_text(page(rows, occasion))


def page(rows: Sequence[Row], occasion: Occasion) -> str:
    """Markdown."""
    steps = [row for row in rows if row.network]
    stages = [row for row in rows if not row.network and row.gflop is None]
    peaks = [row for row in rows if not row.network and row.gflop is not None]
    parts = [
        HEAD.format(command=occasion.command, day=occasion.machine.day) + _lines(_facts(occasion)),
        f"![Milliseconds a step]({occasion.kept}.png)\n",
        _section("Steps", STEPS, map(_step, steps)),
        f"Compilations among the timed steps: {sum(row.traces for row in steps)}.\n",
        _section("Stages round the step", STAGES, map(_stage, stages)),
        _section("What the processor can", PEAKS, map(_peak, peaks)),
    ]
    return "\n".join(part for part in parts if part)


def _facts(occasion: Occasion) -> Sequence[Fact]:
    machine = occasion.machine
    return (
        ("processor", f"{machine.processor}, {machine.cores} cores"),
        ("features", " ".join(machine.features) or "none of those we look for"),
        ("system", machine.system),
        ("versions", ", ".join(machine.versions)),
        *occasion.facts,
    )


STEPS = "network | stop | size | way | ms | tutorial ms | ratio | TFLOP/s | % of peak | compiled s"
STAGES = "stage | size | ms"
PEAKS = "part | side | way | ms | TFLOP/s"


def _step(row: Row) -> Sequence[str]:
    return (
        row.network,
        f"`{row.stop}`",
        row.size,
        row.way,
        _number(row.ms, 2),
        _number(row.baseline_ms, 2),
        _number(row.ratio, 2),
        _number(row.tflops, 3),
        _number(row.percent_of_peak, 0),
        _number(row.compile_s, 2),
    )


def _stage(row: Row) -> Sequence[str]:
    return row.stop, row.size, _number(row.ms, 3)


def _peak(row: Row) -> Sequence[str]:
    return row.stop, str(row.width), row.way, _number(row.ms, 2), _number(row.tflops, 3)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _section(title: str, columns: str, rows: Iterable[Sequence[str]]) -> str:
    lines = _lines(rows)
    ruler = "|".join("---" for _ in columns.split("|"))
    return f"## {title}\n\n| {columns} |\n|{ruler}|\n{lines}" if lines else ""


def _lines(rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
