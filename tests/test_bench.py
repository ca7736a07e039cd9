import json
import math
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.frame import Array
from engine.networks import NETWORKS
from engine.runtime import Blueprint, Gradients
from engine.steps import Backend
from engine.topologies import read
from installation.__main__ import main
from installation.bench.backends import Backends, opened
from installation.bench.cases import FULL, QUICK, Case, Way
from installation.bench.live_step import LiveStep
from installation.bench.machine import Machine, processor_facts
from installation.bench.peak import highest
from installation.bench.random_network import gigaflops, random_blueprint, random_graph
from installation.bench.report import Occasion, page, reported
from installation.bench.rounds import LEAST, Pace, interleaved, turn
from installation.bench.rows import Row, Sheet
from installation.bench.stages import stage_rows
from installation.bench.steps import step_rows

ASKED = (
    *("backend", "network", "stop", "width", "height", "precision"),
    *("ms", "baseline_ms", "ratio", "tflops"),
)
ALL_THREADS = Way("still", "float32")
STEP = Row(
    backend="openvino",
    network="bestiary",
    stop="c5b",
    width=256,
    height=144,
    precision="bfloat16",
    ms=5.0,
    baseline_ms=20.0,
    threads=2,
    compile_s=0.5,
    gflop=2.0,
    peak=0.8,
)
STAGE = Row("cpu", "", "fold", 1280, 720, "uint8", 7.0)
PEAK = Row("numpy", "", "matrix product", 64, 64, "float32", 1.0, gflop=0.5)
MACHINE = Machine("a processor", 2, ("avx2",), "a system", ("numpy 2",), "2026-11-21")
OCCASION = Occasion("kaleidream bench", MACHINE, "a title", (("missing", "torch: not here"),))
BRIEF = Pace(rounds=2, seconds=0.0)

Captured = pytest.CaptureFixture[str]


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def work(self, *seconds: float) -> Any:
        """Something that takes so long, each time."""
        left = iter(seconds)

        def worked() -> None:
            self.now += next(left)

        return worked


class Still:
    """A step that takes no time, and a backend of them; ``retraces`` with every gradient."""

    name = "still"
    precision = "float32"

    def __init__(self, retraces: bool = False) -> None:
        self.traces: Counter[str] = Counter()
        self.calls: list[str] = []
        self._retraces = retraces

    def compiled(self, blueprint: Blueprint) -> "Still":
        self.traces["bench"] += 1
        return self

    def placed(self, picture: Array) -> Array:
        assert picture.dtype == np.float32
        self.calls.append("placed")
        return picture

    def gradient(self, picture: Array, knobs: Array, shift: tuple[int, int]) -> Gradients:
        self.traces["bench"] += self._retraces
        self.calls.append("gradient")
        return picture, []

    def climbed(self, picture: Array, gradient: Array, knobs: Array) -> Array:
        self.calls.append("climbed")
        return picture

    def taken(self, picture: Array) -> Array:
        self.calls.append("taken")
        return picture


class Slow:
    """A baseline that takes ten seconds a step."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def prepared(self, network: str, stops: tuple[str, ...], width: int, height: int) -> float:
        self.asked.append((network, stops, width, height))
        return 0.25

    def turn(self, seconds: float) -> list[float]:
        self.asked.append(seconds)
        return [10.0, 10.0]


def case(*ways: Way) -> Case:
    return Case("bestiary", ("c2", "fine"), 64, 32, ways)


def measured(backend: Backend, way: Way = ALL_THREADS) -> Row:
    backends = Backends(opened=lambda _: backend)
    (row,) = step_rows(case(way), backends, Slow(), {"float32": 2.0}, BRIEF)
    return row


def test_a_row_has_the_fields_that_were_asked_for() -> None:
    figures = STEP.figures()
    assert set(ASKED) <= set(figures)
    assert (figures["ratio"], figures["tflops"], figures["percent_of_peak"]) == (4.0, 0.4, 50.0)


def test_without_a_baseline_there_is_no_ratio() -> None:
    assert replace(STEP, baseline_ms=None).figures()["ratio"] is None
    assert STAGE.figures()["tflops"] is None


def test_rows_are_kept_as_they_come(tmp_path: Path, capsys: Captured) -> None:
    def rows() -> Any:
        yield STEP
        assert len(json.loads((tmp_path / "rows.json").read_text())) == 1
        yield STAGE

    sheet = Sheet(tmp_path / "rows.json")
    sheet.add_each(rows())
    assert json.loads((tmp_path / "rows.json").read_text()) == [STEP.figures(), STAGE.figures()]
    first, second = capsys.readouterr().out.splitlines()
    assert "bestiary c5b" in first
    assert "4.00 x" in first
    assert "tutorial" not in second


def test_the_first_call_of_a_turn_does_not_count() -> None:
    clock = Clock()
    assert turn(clock.work(9.0, 1.0, 2.0, 3.0), 5.0, clock) == [1.0, 2.0, 3.0]


def test_a_turn_has_a_few_calls_however_slow_they_are() -> None:
    clock = Clock()
    assert len(turn(clock.work(*[60.0] * 9), 0.1, clock)) == LEAST


def test_contenders_take_turns_and_a_bad_round_does_not_count() -> None:
    order: list[str] = []
    slowness = iter([1.0, 1.0, 50.0, 50.0, 1.0, 1.0])  # the second round is disturbed

    def taking(name: str, seconds: float) -> Any:
        def turned(_: float) -> list[float]:
            order.append(name)
            return [seconds * next(slowness)] * 3

        return turned

    found = interleaved({"a": taking("a", 0.001), "b": taking("b", 0.003)}, Pace(3, 0.1))
    assert order == ["a", "b"] * 3
    assert found == pytest.approx({"a": 1.0, "b": 3.0})


def test_a_slow_machine_has_fewer_rounds() -> None:
    clock = Clock()

    def taken(seconds: float) -> list[float]:
        clock.now += 2.0
        return [1.0]

    assert interleaved({"a": taken}, Pace(9, 0.1, limit=3.0), clock) == {"a": 1000.0}
    assert clock.now == 4.0


def test_a_step_is_all_the_way_from_picture_to_picture() -> None:
    backend = Still()
    step = LiveStep(backend, random_blueprint("bestiary", ["c2"], 64, 32))
    backend.calls.clear()
    assert step().shape == (32, 64, 3)
    assert backend.calls == ["placed", "gradient", "climbed", "taken"]


def test_ours_and_the_baseline_are_measured_in_turns() -> None:
    baseline = Slow()
    backends = Backends(opened=lambda _: Still())
    ways = (Way("still", "float32"), Way("still", "bfloat16"))
    first, second = step_rows(case(*ways), backends, baseline, {"float32": 2.0}, BRIEF)
    assert baseline.asked == [("bestiary", ("c2", "fine"), 64, 32), 0.0, 0.0]
    assert (first.stop, first.size, first.precision) == ("c2+fine", "64x32", "float32")
    assert first.baseline_ms == second.baseline_ms == 10_000
    assert first.ratio == pytest.approx(10_000 / first.ms)
    assert (first.peak, second.peak) == (2.0, None)
    assert first.baseline_compile_s == 0.25


def test_one_thread_is_not_compared_with_all_of_them() -> None:
    row = measured(Still(), Way("still", "float32", threads=1))
    assert (row.threads, row.baseline_ms, row.ratio, row.peak) == (1, None, None, None)
    assert row.way == "still float32 1 thread"


@pytest.mark.parametrize("retraces", [False, True])
def test_only_compilations_among_the_timed_steps_count(retraces: bool) -> None:
    sheet = Sheet()
    sheet.add_each([measured(Still(retraces))])
    assert (sheet.traces > 0) == retraces


def test_a_backend_that_is_not_installed_is_left_out_and_why_is_told_once(
    capsys: Captured,
) -> None:
    def missing(way: Way) -> Backend:
        if way.backend == "torch":
            raise ImportError("No module named 'torch'")
        return Still()

    backends = Backends(opened=missing)
    ways = (Way("torch", "float32"), Way("still", "float32"), Way("torch", "bfloat16"))
    rows = list(step_rows(case(*ways), backends, None, {}, BRIEF))
    assert [row.backend for row in rows] == ["still"]
    assert capsys.readouterr().out == "without torch: No module named 'torch'\n"
    assert backends.missing == {"torch": "No module named 'torch'"}
    assert rows[0].ratio is None


def test_a_step_there_is_no_memory_for_is_told(capsys: Captured) -> None:
    class Full(Still):
        def compiled(self, blueprint: Blueprint) -> Still:
            raise OSError("bestiary: expected to be built, received no memory")

    backends = Backends(opened=lambda way: Full() if way.precision == "float32" else Still())
    ways = (Way("still", "float32"), Way("still", "bfloat16"))
    rows = list(step_rows(case(*ways), backends, None, {}, BRIEF))
    assert [row.precision for row in rows] == ["bfloat16"]
    assert "without still float32: bestiary: expected to be built" in capsys.readouterr().out


def test_an_unknown_backend_is_refused_with_those_there_are() -> None:
    with pytest.raises(LookupError, match=r"no backend 'theano'; there are .*openvino"):
        opened(Way("theano", "float32"))


@pytest.mark.parametrize("each", [*QUICK, *FULL], ids=str)
def test_every_case_is_a_step_there_is(each: Case) -> None:
    names = read.layers(each.network) if NETWORKS[each.network].constructor else ()
    assert set(each.stops) <= ({*names} or {*NETWORKS["bestiary"].stops})
    assert each.width % 16 == each.height % 16 == 0


def test_random_weights_keep_what_passes_through_them() -> None:
    graph = random_graph("inception_v3")
    kernels = [each.kernel for each in graph if hasattr(each, "kernel")]
    assert all(np.isfinite(kernel).all() and kernel.any() for kernel in kernels)
    assert random_blueprint("inception_v3", ["mixed3", "mixed5"], 256, 144).size == (144, 256)


def test_a_step_of_four_times_the_area_is_four_times_the_work() -> None:
    small, large = (random_blueprint("bestiary", ["c5b"], side, side) for side in (64, 128))
    assert gigaflops(large) == pytest.approx(4 * gigaflops(small))


def test_the_highest_peak_counts() -> None:
    rows = [PEAK, replace(PEAK, ms=0.5), replace(PEAK, precision="bfloat16", ms=0.1)]
    assert highest(rows) == {"float32": 1.0, "bfloat16": 5.0}


def test_every_stage_takes_some_time() -> None:
    rows = list(stage_rows(Pace(rounds=1, seconds=0.0)))
    assert {"crop", "flow", "carried warp", "climb", "fold"} <= {row.stop for row in rows}
    assert all(0 < row.ms < math.inf for row in rows)


def test_the_page_tells_the_machine_and_every_row() -> None:
    told = page([PEAK, STAGE, STEP, replace(STEP, baseline_ms=None, peak=None)], OCCASION)
    assert "| processor | a processor, 2 cores |" in told
    assert "| missing | torch: not here |" in told
    row = (
        "| bestiary | `c5b` | 256x144 | openvino bfloat16 | 5.00 | 20.00 | 4.00 | 0.400 | 50 | 0.50"
    )
    assert row in told
    assert "| openvino bfloat16 | 5.00 |  |  | 0.400 |  | 0.50 |" in told
    assert "| fold | 1280x720 | 7.000 |" in told
    assert "| matrix product | 64 | numpy float32 | 1.00 | 0.500 |" in told


def test_every_line_of_a_table_has_as_many_columns() -> None:
    for section in page([PEAK, STAGE, STEP], OCCASION).split("\n\n"):
        lines = [line for line in section.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1, section


def test_without_matplotlib_the_table_is_still_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.delitem(sys.modules, "installation.bench.chart", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    reported([STEP], OCCASION, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["bench.md"]
    assert "pip install 'kaleidream[bench]'" in capsys.readouterr().out
    assert "expected matplotlib" in (tmp_path / "bench.md").read_text()


def test_the_chart_has_a_field_for_each_size(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from installation.bench.chart import drawn_chart, fields_of

    rows = [replace(STEP, width=512, height=512), STEP, replace(STEP, precision="float32")]
    assert list(fields_of(rows)) == ["256x144", "512x512"]
    ((_, ways),) = fields_of(rows)["256x144"]
    assert ways == {"tutorial": 20.0, "openvino bfloat16": 5.0, "openvino float32": 5.0}
    drawn_chart(rows, "a title", tmp_path / "bench.png")
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")


def test_the_processor_is_read_where_the_system_tells(tmp_path: Path) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text("model name\t: A 1\nflags\t: fma amx_bf16\n\nmodel name\t: B\n")
    assert processor_facts(told) == {"model name": "A 1", "flags": "fma amx_bf16"}
    assert processor_facts(tmp_path / "gone") == {}


@pytest.mark.parametrize("option", ["--json", "--docs"])
def test_where_nothing_can_be_kept_nothing_is_measured(
    option: str, tmp_path: Path, capsys: Captured
) -> None:
    assert main(["bench", option, str(tmp_path / "gone/rows")]) == 2
    assert f"kaleidream: {option}: expected a folder, received" in capsys.readouterr().err


@pytest.mark.e2e
def test_the_quick_benchmark_has_every_step_beside_the_tutorials(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "installation", "bench", "--quick", "--json", "rows.json"]
    paths = [*command[:-1], str(tmp_path / "rows.json"), "--docs", str(tmp_path)]
    done = subprocess.run(paths, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "compilations among the timed steps: 0" in done.stdout
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert all(set(ASKED) <= set(row) for row in rows)
    assert all(0 < row["ms"] < math.inf for row in rows)
    steps = [row for row in rows if row["network"]]
    expected = {(each.network, each.stop, each.width) for each in QUICK}
    assert {(row["network"], row["stop"], row["width"]) for row in steps} == expected
    for row in steps:
        assert row["ratio"] == pytest.approx(row["baseline_ms"] / row["ms"], rel=1e-3)
        assert 0 < row["tflops"] < math.inf
    assert "## Steps" in (tmp_path / "bench.md").read_text()
