"""What was measured: one row for each step, peak or stage."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """``network``: empty for what is not a step; then ``stop`` is the part's name. ``ms``,
    ``baseline_ms``: medians of one step, or one call. ``threads``, ``graphs``: None where there is
    no such choice. ``compile_s``: from the blueprint to the end of the first step;
    ``baseline_compile_s``: of the first call. ``gflop``: of
    one step, forward and back. ``peak``: TFLOP/s that this precision was measured to reach on all
    of the processor; None where only a part of it works. ``traces``: compilations among the timed
    steps."""

    backend: str
    network: str
    stop: str
    width: int
    height: int
    precision: str
    ms: float
    baseline_ms: float | None = None
    threads: int | None = None
    graphs: bool | None = None
    compile_s: float | None = None
    baseline_compile_s: float | None = None
    gflop: float | None = None
    peak: float | None = None
    traces: int = 0

    @property
    def ratio(self) -> float | None:
        """How many times as fast as the baseline."""
        return None if self.baseline_ms is None else self.baseline_ms / self.ms

    @property
    def tflops(self) -> float | None:
        """Per second."""
        return None if self.gflop is None else self.gflop / self.ms

    @property
    def percent_of_peak(self) -> float | None:
        return None if self.peak is None or self.tflops is None else 100 * self.tflops / self.peak

    @property
    def size(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def way(self) -> str:
        """How the step was made."""
        words = [self.backend, self.precision]
        if self.graphs is not None:
            words.append("graphs" if self.graphs else "no graphs")
        elif self.network and self.threads == 1:
            words.append("1 thread")
        return " ".join(words)

    def figures(self) -> dict[str, Any]:
        """As they are kept."""
        derived = ("ratio", "tflops", "percent_of_peak")
        figures = asdict(self) | {name: getattr(self, name) for name in derived}
        return {name: _short(value) for name, value in figures.items()}

    def line(self) -> str:
        """For the terminal."""
        words = [f"{self.way:30} {self.network} {self.stop}".ljust(66), f"{self.size:>9}"]
        words.append(f"{self.ms:9.2f} ms")
        if self.baseline_ms is not None:
            words.append(f"tutorial {self.baseline_ms:8.2f} ms, {self.ratio:5.2f} x")
        if self.tflops is not None:
            words.append(f"{self.tflops:7.3f} TFLOP/s")
        if self.network and self.percent_of_peak is not None:
            words.append(f"{self.percent_of_peak:3.0f} % of peak")
        if self.compile_s is not None:
            words.append(f"compiled in {self.compile_s:.2f} s")
        return "  ".join(words)


def _short(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows so far: each is printed and kept as soon as it is there."""

    file: Path | None = None
    rows: list[Row] = field(default_factory=list)

    def add_each(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.rows.append(row)
            print(row.line(), flush=True)
            if self.file:
                figures = [each.figures() for each in self.rows]
                self.file.write_text(json.dumps(figures, indent=2) + "\n")

    @property
    def traces(self) -> int:
        return sum(row.traces for row in self.rows)
