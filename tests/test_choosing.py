import json
import logging
from pathlib import Path
from typing import Any

import pytest

from engine.backends import choosing
from engine.backends.choosing import FAITHFUL, WORTH, Trial, backends, chosen, fastest, order
from engine.backends.table import AUTO, BACKENDS, PRECISIONS

GOOD = {"float32": 1.0, "bfloat16": 0.9}


def trial(backend: str, precision: str, ms: float, cosine: float | None = None) -> Trial:
    return Trial(backend, precision, GOOD[precision] if cosine is None else cosine, ms)


EXACT, COARSE = trial("openvino", "float32", 20.0), trial("openvino", "bfloat16", 10.0)


class Bench:
    """Answers for the backends; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.answers: dict[str, list[Trial]] = {"openvino": [EXACT, COARSE]}

    def tried(self, name: str, threads: int) -> list[Trial]:
        self.asked.append((name, threads))
        return self.answers.get(name, [])


@pytest.fixture
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cache" / "backends.json"
    monkeypatch.setattr(choosing, "note", lambda: path)
    return path


@pytest.fixture
def bench(note: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """On a machine with all the backends."""
    bench = Bench()
    monkeypatch.setattr(choosing, "tried", bench.tried)
    monkeypatch.setattr(choosing, "_installed", lambda name: True)
    monkeypatch.setattr(choosing, "version", lambda name: "1.0")
    return bench


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
    assert chosen(3) == chosen(3) == COARSE
    assert bench.asked == [("openvino", 3), ("torch", 3)]


def test_what_was_found_is_kept(bench: Bench, note: Path) -> None:
    chosen(1)
    assert choosing.noted() == [EXACT, COARSE]
    assert list(note.parent.iterdir()) == [note]


def test_another_version_of_a_library_is_tried_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen(1)
    monkeypatch.setattr(choosing, "version", lambda name: "2.0")
    chosen(1)
    assert len(bench.asked) == 4


@pytest.mark.parametrize(
    "broken", ["", "{", "[]", "null", '{"trials": []}', '{"machine": 1, "trials": [{}]}']
)
def test_a_broken_note_is_tried_anew(bench: Bench, note: Path, broken: str) -> None:
    note.parent.mkdir()
    note.write_text(broken)
    assert chosen(1) == COARSE
    assert choosing.noted() == [EXACT, COARSE]


def test_trials_of_another_shape_are_tried_anew(bench: Bench, note: Path) -> None:
    chosen(1)
    kept = json.loads(note.read_text())
    note.write_text(json.dumps(kept | {"trials": [{"backend": "openvino", "speed": 9000}]}))
    assert choosing.noted() == []


def test_a_note_that_cannot_be_kept_is_only_told(
    bench: Bench, note: Path, caplog: pytest.LogCaptureFixture
) -> None:
    note.parent.write_text("a file where the folder should be")
    assert chosen(1) == COARSE
    assert "not kept" in caplog.text


def test_the_best_comes_first_then_the_others(bench: Bench) -> None:
    assert order(AUTO, AUTO, 1) == [
        ("openvino", "bfloat16"),
        ("torch", "float32"),
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


def test_where_nothing_is_faithful_there_is_still_an_order(bench: Bench) -> None:
    bench.answers = {}
    assert order(AUTO, AUTO, 1)[0] == ("openvino", "float32")


def test_what_is_not_installed_is_left_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_installed", lambda name: name == "openvino")
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
    there: list[Any] = list(backends("torch", "float32", 2))
    assert there == [("openvino", "float32", 2), ("tensorflow", "float32", 2)]
    assert "backend torch: no such thing" in caplog.text


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


def test_the_reference_is_a_picture_and_its_gradient() -> None:
    picture, gradient = choosing.reference()
    assert picture.shape == gradient.shape == (48, 64, 3)
    assert 0.0 <= picture.min() < picture.max() <= 1.0
    assert gradient.any()


@pytest.mark.e2e
def test_a_backend_that_cannot_be_tried_has_no_trials(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert choosing.tried("abacus", 1) == []
    assert "backend abacus: ModuleNotFoundError" in caplog.text


@pytest.mark.e2e
def test_openvino_gives_the_right_gradient_in_each_precision() -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    trials = choosing.tried("openvino", 1)
    assert [each.precision for each in trials] == list(PRECISIONS)
    assert all(each.backend == "openvino" and each.faithful and each.ms > 0 for each in trials)
