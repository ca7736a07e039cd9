import json
import logging
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from engine.backends import choosing
from engine.backends import outcome as notes
from engine.backends.choosing import MARK, WORTH, backends, fastest, order, outcome, retried, tried
from engine.backends.outcome import Outcome, installed, machine, noted
from engine.backends.table import AUTO, BACKENDS, PRECISIONS
from engine.backends.trial import FAITHFUL, Trial

GOOD = {"float32": 1.0, "bfloat16": 0.9}


def trial(backend: str, precision: str, ms: float, cosine: float | None = None) -> Trial:
    return Trial(backend, precision, GOOD[precision] if cosine is None else cosine, ms)


EXACT, COARSE = trial("openvino", "float32", 20.0), trial("openvino", "bfloat16", 10.0)


SLOW = trial("torch", "float32", 40.0), trial("torch", "bfloat16", 30.0)


class Bench:
    """Answers for the backends; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.answers: dict[str, list[Trial]] = {"openvino": [EXACT, COARSE], "torch": [*SLOW]}

    def tried(self, name: str, threads: int) -> list[Trial]:
        self.asked.append((name, threads))
        return self.answers.get(name, [])


@pytest.fixture
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cache" / "backends.json"
    monkeypatch.setattr(notes, "note", lambda: path)
    choosing._tried_once.cache_clear()
    return path


@pytest.fixture
def bench(note: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """On a machine with all the backends."""
    bench = Bench()
    monkeypatch.setattr(choosing, "tried", bench.tried)
    have(monkeypatch, *BACKENDS)
    monkeypatch.setattr(notes, "version", lambda name: "1.0")
    return bench


def have(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for module in (choosing, notes):
        monkeypatch.setattr(module, "installed", lambda name: name in names)


def says(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """The trial's process runs ``program`` instead."""
    command = [sys.executable, "-S", "-c", program]
    monkeypatch.setattr(choosing, "trial_command", lambda name, threads: command)


def said(*trials: Trial) -> str:
    return "".join(f"print({MARK + json.dumps(asdict(each))!r}, flush=True);" for each in trials)


def test_the_fastest_is_chosen() -> None:
    slow, fast = trial("tensorflow", "float32", 30.0), trial("torch", "float32", 20.0)
    assert fastest([slow, fast]) is fast


@pytest.mark.parametrize("times", [1.2, 3.0])
def test_a_lower_precision_is_chosen_where_it_is_much_faster(times: float) -> None:
    coarse = trial("openvino", "bfloat16", EXACT.ms / times)
    assert fastest([EXACT, coarse]) is coarse


@pytest.mark.parametrize("times", [0.5, 1.0, WORTH * 0.99])
def test_a_little_speed_is_not_worth_a_lower_precision(times: float) -> None:
    assert fastest([trial("openvino", "bfloat16", EXACT.ms / times), EXACT]) is EXACT


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_wrong_gradient_is_refused_however_fast(precision: str) -> None:
    wrong = trial("torch", precision, 1.0, FAITHFUL[precision] - 0.01)
    slow = trial("tensorflow", "float32", 100.0)
    assert fastest([wrong, slow]) is slow
    assert fastest([wrong]) is None


def test_nothing_tried_is_nothing_chosen() -> None:
    assert fastest([]) is None


def test_a_lower_precision_alone_is_taken() -> None:
    assert fastest([COARSE]) is COARSE


def test_every_backend_that_may_be_fastest_is_tried_once_a_machine(bench: Bench) -> None:
    assert outcome(3) == outcome(3) == Outcome((EXACT, COARSE, *SLOW))
    assert bench.asked == [("openvino", 3), ("torch", 3)]


def test_what_was_found_is_kept(bench: Bench, note: Path) -> None:
    assert noted(machine(1)) is None
    assert outcome(1) == noted(machine(1))
    assert list(note.parent.iterdir()) == [note]


def test_another_version_of_a_library_is_tried_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome(1)
    monkeypatch.setattr(notes, "version", lambda name: "2.0")
    outcome(1)
    assert len(bench.asked) == 4


def test_other_threads_are_tried_anew(bench: Bench) -> None:
    outcome(1)
    outcome(2)
    assert [threads for _, threads in bench.asked] == [1, 1, 2, 2]


@pytest.mark.parametrize(
    "broken", ["", "{", "[]", "null", '{"trials": []}', '{"machine": 1, "trials": [{}]}']
)
def test_a_broken_note_is_tried_anew(bench: Bench, note: Path, broken: str) -> None:
    note.parent.mkdir()
    note.write_text(broken)
    assert outcome(1) == noted(machine(1)) == Outcome((EXACT, COARSE, *SLOW))


def test_trials_of_another_shape_are_tried_anew(bench: Bench, note: Path) -> None:
    outcome(1)
    kept = json.loads(note.read_text())
    note.write_text(json.dumps(kept | {"trials": [{"backend": "openvino", "speed": 9000}]}))
    assert noted(machine(1)) is None


def test_a_note_that_cannot_be_kept_is_only_told_and_nothing_tried_twice(
    bench: Bench, note: Path, caplog: pytest.LogCaptureFixture
) -> None:
    note.parent.write_text("a file where the folder should be")
    assert outcome(1) == outcome(1) == retried(1) == Outcome((EXACT, COARSE, *SLOW))
    assert len(bench.asked) == 2
    assert "not kept" in caplog.text


def test_what_has_failed_is_tried_again_only_when_asked_to(bench: Bench) -> None:
    bench.answers = {"openvino": [EXACT, COARSE], "torch": [SLOW[0]]}
    assert outcome(1) == outcome(1) == Outcome((EXACT, COARSE, SLOW[0]), ("torch",))
    assert len(bench.asked) == 2
    bench.answers = {"torch": [SLOW[1]]}
    assert retried(1).trials == (EXACT, COARSE, *SLOW)
    bench.answers = {"torch": [*SLOW]}
    assert retried(1) == retried(1) == outcome(1) == Outcome((EXACT, COARSE, *SLOW))
    assert [name for name, _ in bench.asked] == ["openvino", "torch", "torch", "torch"]


def test_a_library_under_another_name_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(notes, "version", version)
    monkeypatch.setattr(notes, "installed", lambda name: True)
    assert machine(2).endswith("openvino ; torch ; tensorflow ")


def test_a_mere_folder_is_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, program in (("a_folder", "notes.txt"), ("a_library", "__init__.py")):
        (tmp_path / name).mkdir()
        (tmp_path / name / program).touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert installed("a_library")
    assert not installed("a_folder")
    assert not installed("nothing_of_this_name")


def test_the_best_comes_first_then_the_others(bench: Bench) -> None:
    assert order(AUTO, AUTO, 1) == [
        ("openvino", "bfloat16"),
        ("torch", "bfloat16"),
        ("tensorflow", "float32"),
    ]


@pytest.mark.parametrize("wanted", BACKENDS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_what_is_wanted_comes_first_untried(bench: Bench, wanted: str, precision: str) -> None:
    first, *others = order(wanted, precision, 1)
    assert first == (wanted, precision)
    assert {name for name, _ in others} == set(BACKENDS) - {wanted}
    assert bench.asked == []


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_wanted_precision_goes_to_the_best_backend(bench: Bench, precision: str) -> None:
    bench.answers = {"torch": [trial("torch", "float32", 1.0)]}
    assert order(AUTO, precision, 1)[0] == ("torch", precision)


def test_a_wanted_backend_comes_in_its_own_best_precision(bench: Bench) -> None:
    assert order("torch", AUTO, 1)[0] == ("torch", "bfloat16")
    assert order("tensorflow", AUTO, 1)[0] == ("tensorflow", "float32")


@pytest.mark.parametrize("answer", [{}, {"torch": [trial("torch", "float32", 1.0, 0.1)]}])
def test_where_nothing_is_faithful_it_is_said_and_there_is_still_an_order(
    bench: Bench, caplog: pytest.LogCaptureFixture, answer: dict[str, list[Trial]]
) -> None:
    bench.answers = answer
    assert order(AUTO, AUTO, 1) == [("openvino", "float32"), ("tensorflow", "float32")]
    assert "no backend gives the right gradient" in caplog.text


@pytest.mark.parametrize(
    ("exact", "others"),
    [
        ([trial("torch", "float32", 9.0)], ["torch", "openvino"]),
        ([trial("torch", "float32", 90.0)], ["openvino", "torch"]),
        ([trial("torch", "float32", 9.0, 0.1)], ["openvino"]),
        ([], ["openvino"]),
    ],
)
@pytest.mark.parametrize("precision", [AUTO, "float32"])
def test_the_others_come_by_their_speed_less_those_that_are_wrong_or_failed(
    bench: Bench, exact: list[Trial], others: list[str], precision: str
) -> None:
    bench.answers["torch"] = exact
    outcome(1)
    assert [name for name, _ in order("tensorflow", precision, 1)[1:]] == others


def test_the_untried_comes_last(bench: Bench) -> None:
    assert [name for name, _ in order("openvino", AUTO, 1)] == ["openvino", "torch", "tensorflow"]


def test_what_is_not_installed_is_left_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, "openvino")
    assert order(AUTO, AUTO, 1) == [("openvino", "bfloat16")]
    assert bench.asked == [("openvino", 1)]


@pytest.mark.parametrize("error", [ImportError, OSError, RuntimeError])
def test_a_backend_that_does_not_start_gives_way_with_a_warning(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: type[Exception],
) -> None:
    def made(name: str, precision: str, threads: int) -> Any:
        if name == "torch":
            raise error("no such thing")
        return name, precision, threads

    monkeypatch.setattr(choosing, "made", made)
    told: list[str] = []
    there: list[Any] = list(backends("torch", "float32", 2, told.append))
    assert there == [("openvino", "float32", 2), ("tensorflow", "float32", 2)]
    assert "backend torch: no such thing" in caplog.text
    (said,) = told
    assert said.endswith("(pip install 'kaleidream[torch]'); the show goes on without it")


def test_of_a_backend_that_nobody_named_only_the_log_tells(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def made(name: str, precision: str, threads: int) -> Any:
        raise ImportError("no such thing")

    monkeypatch.setattr(choosing, "made", made)
    told: list[str] = []
    assert list(backends(AUTO, AUTO, 1, told.append)) == told == []
    assert caplog.text.count("no such thing") == 3


def test_a_backend_without_a_module_is_skipped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(choosing, "BACKENDS", {"abacus": "Abacus"})
    assert list(backends("abacus", "float32", 1)) == []
    assert "engine.backends.abacus" in caplog.text


def test_backends_are_made_only_when_they_are_needed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(name: str, precision: str, threads: int) -> Any:
        assert name == "openvino"
        return name

    monkeypatch.setattr(choosing, "made", made)
    first: Any = next(backends(AUTO, AUTO, 1))
    assert first == "openvino"


def test_the_last_trial_of_each_precision_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, said(SLOW[0], COARSE, EXACT))
    assert tried("openvino", 1) == [EXACT, COARSE]


def test_what_arrived_before_a_crash_is_kept(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    says(monkeypatch, said(EXACT) + "import os; os.abort()")
    assert tried("openvino", 1) == [EXACT]
    assert "backend openvino: " in caplog.text
    assert "(no trial in bfloat16)" in caplog.text


@pytest.mark.e2e
def test_what_arrived_in_time_is_kept(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(choosing, "TRIAL_SECONDS", 1)
    says(monkeypatch, said(EXACT) + "import time; time.sleep(60)")
    assert tried("openvino", 1) == [EXACT]
    assert "no answer in 1 s (no trial in bfloat16)" in caplog.text


@pytest.mark.parametrize(
    "line",
    [
        "",
        "oneDNN custom operations are on",
        MARK,
        MARK + "null",
        MARK + "[1, 2]",
        MARK + '{"backend": "openvino", "speed": 9000}',
        MARK + json.dumps(asdict(EXACT) | {"precision": "float64"}),
        MARK + json.dumps(asdict(EXACT) | {"ms": "fast"}),
    ],
)
def test_what_is_no_trial_is_skipped_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, line: str
) -> None:
    says(monkeypatch, f"print({line!r});" + said(EXACT, COARSE))
    assert tried("openvino", 1) == [EXACT, COARSE]
    assert "backend openvino: skipped" in caplog.text


@pytest.mark.parametrize(
    "program", ["", "import sys; sys.exit(3)", "import os; os.write(1, b'\\xff\\n')"]
)
def test_a_trial_that_says_nothing_fails_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, program: str
) -> None:
    says(monkeypatch, program)
    assert tried("openvino", 1) == []
    assert "it said nothing (no trial in float32, bfloat16)" in caplog.text


def test_a_process_that_cannot_start_is_a_failure_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(choosing, "trial_command", lambda *_: [str(tmp_path / "python")])
    assert tried("openvino", 1) == []
    assert "No such file" in caplog.text


def test_a_trial_that_somebody_ended_is_not_held_against_the_backend(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    have(monkeypatch, "openvino")
    with pytest.raises(InterruptedError):
        outcome(1)
    assert not note.exists()


@pytest.mark.e2e
def test_a_trial_ends_by_itself_and_by_signals_that_its_player_ignores() -> None:
    program = (
        "import signal, time; from engine.backends.choosing import alone;"
        "signal.signal(signal.SIGINT, signal.SIG_IGN); alone(0.1);"
        "print(signal.getsignal(signal.SIGINT).name, flush=True); time.sleep(60)"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.strip() == signal.SIG_DFL.name
    assert time.monotonic() - began < 30


@pytest.mark.e2e
def test_a_backend_that_cannot_be_tried_has_no_trials(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert tried("abacus", 1) == []
    assert "backend abacus: ModuleNotFoundError" in caplog.text


@pytest.mark.e2e
def test_openvino_gives_the_right_gradient_in_each_precision() -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    trials = tried("openvino", 1)
    assert [each.precision for each in trials] == list(PRECISIONS)
    assert all(each.backend == "openvino" and each.faithful and each.ms > 0 for each in trials)
