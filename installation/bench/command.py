"""``kaleidream bench``"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from engine.heap import keep_pages
from installation.bench.rows import Row, Sheet

Fact = tuple[str, str]


def options(parser: argparse.ArgumentParser | None = None) -> argparse.ArgumentParser:
    """Adds what can be asked of the benchmark."""
    parser = parser or argparse.ArgumentParser(prog="python -m installation.bench")
    add = parser.add_argument
    add("--json", type=Path, metavar="FILE", help="keep the rows here")
    add("--docs", type=Path, metavar="FOLDER", help="write bench.md and bench.png here")
    add("--quick", action="store_true", help="a few rows, in less than a minute")
    add("--gpu", action="store_true", help="PyTorch on a graphics card instead")
    return parser


def bench(asked: argparse.Namespace) -> int:
    """1 when something was compiled among the timed steps. Raises OSError with a sentence."""
    _check_places(asked)
    keep_pages()  # as the show does
    sheet = Sheet(asked.json)
    facts = (_on_the_card if asked.gpu else _on_the_processor)(sheet, asked.quick)
    print(f"compilations among the timed steps: {sheet.traces}", flush=True)
    if asked.docs:
        _report(sheet, asked, facts)
    return 1 if sheet.traces else 0


def _on_the_processor(sheet: Sheet, quick: bool) -> list[Fact]:
    """Returns what is missing."""
    from installation.bench.backends import Backends
    from installation.bench.baseline import Baseline
    from installation.bench.cases import FULL, FULL_PACE, QUICK, QUICK_PACE
    from installation.bench.knob import KNOB_TURNS, knob_rows
    from installation.bench.peak import highest
    from installation.bench.stages import STAGE_PACE, stage_rows
    from installation.bench.steps import step_rows

    cases, pace = (QUICK, QUICK_PACE) if quick else (FULL, FULL_PACE)
    backends = Backends()
    with Baseline() as baseline:
        for way in dict.fromkeys(way for case in cases for way in case.ways):
            backends.ready(way)  # while the other process imports TensorFlow too
        if reason := baseline.missing():
            backends.missing["the tutorial's way"] = reason
            print(f"without the tutorial's way: {reason}", flush=True)
        sheet.add_each(_peaks())
        peaks = highest(sheet.rows)
        sheet.add_each(stage_rows(STAGE_PACE))
        if not quick:
            sheet.add_each(knob_rows(KNOB_TURNS))
        for case in cases:
            other = None if reason else baseline
            sheet.add_each(step_rows(case, backends, other, peaks, pace))
    return [("missing", f"{name}: {why}") for name, why in backends.missing.items()]


def _on_the_card(sheet: Sheet, quick: bool) -> list[Fact]:
    try:
        from installation.bench.gpu import card, gpu_rows
    except ImportError as error:
        raise OSError(f"--gpu: expected PyTorch, received {error}") from error
    sheet.add_each(gpu_rows(quick))
    return [("card", card())]


def _report(sheet: Sheet, asked: argparse.Namespace, facts: list[Fact]) -> None:
    from installation.bench.machine import this_machine
    from installation.bench.report import Occasion, reported

    machine = this_machine()
    flags = [f"--{flag}" for flag in ("quick", "gpu") if getattr(asked, flag)]
    occasion = Occasion(
        command=" ".join(["kaleidream bench", *flags]),
        machine=machine,
        title=dict(facts).get("card", f"{machine.processor}, {machine.cores} cores"),
        facts=tuple(facts),
        kept="bench_gpu" if asked.gpu else "bench",
    )
    reported(sheet.rows, occasion, asked.docs)


def _peaks() -> Iterator[Row]:
    from installation.bench.peak import numpy_peak, openvino_peaks

    yield numpy_peak()
    try:
        yield from openvino_peaks()
    except ImportError as error:
        print(f"without OpenVINO's peaks: {error}", flush=True)


def _check_places(asked: argparse.Namespace) -> None:
    """Before minutes of measuring."""
    if asked.json and not asked.json.absolute().parent.is_dir():
        raise OSError(f"--json: expected a folder, received '{asked.json.parent}'")
    if asked.docs and not asked.docs.is_dir():
        raise OSError(f"--docs: expected a folder, received '{asked.docs}'")
