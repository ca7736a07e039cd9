import json
import threading
from pathlib import Path
from typing import Any

import pytest

from installation.plan import PLAYERS
from installation.stats import composed, written

PROMISED = {
    "seconds",
    "captured",
    "dreamed",
    "presented",
    "capture_fps",
    "dream_fps",
    "present_fps",
    "capture_stale",
    "dream_late",
    "present_missed",
    "dropped",
    "frame_age_ms",
    "present_interval_ms",
    "step_ms",
    "traces",
    "compiled",
    "reseeded",
    "recorded",
    "record_missed",
    "network",
    "backend",
    "precision",
    "cuts",
    "canvas",
    "source",
    "painter",
    "display",
    "restarts",
    "osc",
    "midi",
    "page",
    "errors",
}
SILENT: dict[str, dict[str, Any]] = {name: {} for name in PLAYERS}
AGES = {"p50": 40.0, "p95": 61.5, "p99": 80.1}
FULL: dict[str, dict[str, Any]] = {
    "capture": {"captured": 300, "fps": 30.0, "stale": 1, "source": "drift"},
    "dream": {
        "dreamed": 250,
        "fps": 25.0,
        "late": 7,
        "dropped": 50,
        "step_ms": {"p50": 20.0, "p95": 31.0},
        "traces": 0,
        "compiled": 4,
        "network": "bestiary",
        "backend": "openvino",
        "precision": "float32",
        "cuts": 2,
        "canvas": [256, 128],
    },
    "stage": {
        "presented": 600,
        "fps": 60.0,
        "missed": 3,
        "frame_age_ms": AGES,
        "interval_ms": {**AGES, "max": 91.0},
        "painter": "OpenGL",
        "display": [1280, 720],
    },
    "control": {
        "osc": {"received": 9, "refused": 1, "unknown": 2, "last_unknown": "no parameter '/x'"},
        "midi": {"received": 4, "ports": ["nanoKONTROL2"]},
        "errors": ["OSC: expected 127.0.0.1:9000 to be free"],
    },
    "web": {
        "browsers": 2,
        "pictures": 500,
        "dropped": 20,
        "turned": 7,
        "refused": 0,
        "turned_away": 3,
        "hung_up": 1,
        "malformed": 4,
    },
    "record": {"recorded": 290, "missed": 10},
}


def figures(pulses: dict[str, dict[str, Any]], errors: tuple[str, ...] = ()) -> dict[str, Any]:
    return composed(12.5, pulses, {"stage": 0, "dream": 2}, errors)


@pytest.mark.parametrize("pulses", [SILENT, FULL], ids=["silent", "full"])
def test_the_figures_have_the_promised_keys_and_no_others(
    pulses: dict[str, dict[str, Any]],
) -> None:
    assert set(figures(pulses)) == PROMISED


def test_every_figure_has_its_shape_before_anything_has_happened() -> None:
    before, after = figures(SILENT), figures(FULL)
    for name in ("frame_age_ms", "present_interval_ms", "step_ms", "osc", "midi"):
        assert before[name].keys() == after[name].keys()
    assert {name: type(each) for name, each in before.items()} == {
        name: type(each) for name, each in after.items()
    }


def test_before_anything_has_happened_every_number_is_nought() -> None:
    before = figures(SILENT)
    assert before["frame_age_ms"] == {"p50": 0.0, "p95": 0.0, "p99": 0.0}
    assert before["present_interval_ms"] == {"p50": 0.0, "p95": 0.0, "p99": 0.0, "max": 0.0}
    assert before["step_ms"] == {"p50": 0.0, "p95": 0.0}


def test_osc_without_a_port_has_its_figures_too() -> None:
    pulses = {**FULL, "control": {"osc": {}, "midi": {"received": 0, "ports": []}}}
    assert figures(pulses)["osc"].keys() == figures(FULL)["osc"].keys()


def test_each_player_tells_its_own() -> None:
    told = figures(FULL)
    assert (told["captured"], told["dreamed"], told["presented"]) == (300, 250, 600)
    assert (told["capture_fps"], told["dream_fps"], told["present_fps"]) == (30.0, 25.0, 60.0)
    assert (told["capture_stale"], told["dream_late"], told["present_missed"]) == (1, 7, 3)
    assert told["present_interval_ms"]["max"] == 91.0
    assert told["frame_age_ms"] == AGES
    assert (told["recorded"], told["record_missed"]) == (290, 10)
    assert told["page"] == FULL["web"]
    assert (told["seconds"], told["restarts"]) == (12.5, {"stage": 0, "dream": 2})


def test_errors_are_those_of_the_show_and_of_every_player() -> None:
    errors = figures(FULL, ("dream: ended with status 1, restarted",))["errors"]
    assert errors == [
        "dream: ended with status 1, restarted",
        "OSC: expected 127.0.0.1:9000 to be free",
    ]


def test_errors_do_not_grow_without_end() -> None:
    pulses = {name: {"errors": [f"{name} {n}" for n in range(5)]} for name in PLAYERS}
    assert len(figures(pulses)["errors"]) == 10


def test_what_is_written_is_read_again_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "stats.json"
    written(path, figures(FULL))
    written(path, figures(SILENT))
    assert json.loads(path.read_text()) == figures(SILENT)
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_finds_the_file_whole_at_every_moment(tmp_path: Path) -> None:
    path, done = tmp_path / "stats.json", threading.Event()
    written(path, figures(FULL))

    def write() -> None:
        while not done.is_set():
            written(path, figures(FULL))
            written(path, figures(SILENT))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            assert set(json.loads(path.read_text())) == PROMISED
    finally:
        done.set()
        writer.join()


def test_where_the_file_cannot_be_written_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone"):
        written(tmp_path / "gone" / "stats.json", figures(SILENT))
