from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pygame
import pytest

import mappings
from engine.frame import Slot
from installation.overlay import (
    COLUMN_LINES,
    OWN_KEYS,
    REFRESH_SECONDS,
    Overlay,
    beat_of_bar,
    drawn,
    figure_lines,
    key_columns,
)
from installation.player import PULSE_CAPACITY, Pulse
from installation.settings import table
from mappings.files.loading import load_mapping
from mappings.mapping import Mapping

KEYS = load_mapping(Path(mappings.__file__).with_name("keys.toml"), table())
PLAYERS = ("stage", "dream", "capture", "control")
FULL: dict[str, dict[str, Any]] = {
    "stage": {"fps": 59.94, "missed": 3, "frame_age_ms": {"p50": 41.2, "p95": 66.6}},
    "dream": {
        "fps": 24.5,
        "step_ms": {"p50": 18.25},
        "network": "inception_v3",
        "canvas": [256, 128],
    },
    "capture": {"fps": 30.0, "source": "camera"},
    "control": {"osc": {"received": 12}, "midi": {"received": 7, "ports": ["a"]}},
}

MUSIC: dict[str, Any] = {
    "tempo": {"tempo": 120.0, "beat": 5.0, "at": 100.0, "clock": "midi", "steady": False},
    "sound": {"device": "USB card", "level": 0.42},
    "modulators": {"moving": [{"modulator": 3, "target": "/scope/zoom", "shape": "sine"}]},
}


@pytest.fixture
def pulses() -> Iterator[dict[str, Slot]]:
    made = {name: Slot(PULSE_CAPACITY) for name in PLAYERS}
    yield made
    for slot in made.values():
        slot.unlink()


@pytest.fixture
def _font() -> Iterator[None]:
    """No window is needed to draw letters."""
    pygame.font.init()
    yield
    pygame.font.quit()


def test_before_anything_has_happened_the_figures_are_noughts(pulses: dict[str, Slot]) -> None:
    lines = figure_lines(pulses, now=100.0)
    assert lines[0].split() == ["presented", "0.0/s", "missed", "0"]
    assert "loading" in lines[4]


def test_the_figures_are_those_of_the_players(pulses: dict[str, Slot]) -> None:
    for name, figures in FULL.items():
        Pulse(pulses[name]).beat_now(figures)
    text = "\n".join(figure_lines(pulses, now=100.0))
    for part in ("59.9/s", "missed 3", "24.5/s", "18.2 ms", "30.0/s", "camera", "41 ms", "67 ms"):
        assert part in text
    for part in ("inception_v3 256x128", "OSC 12", "MIDI 7"):
        assert part in text


def test_the_last_error_of_each_player_is_shown(pulses: dict[str, Slot]) -> None:
    for name in ("dream", "control"):
        pulse = Pulse(pulses[name])
        pulse.failed("an old one")
        pulse.failed(f"{name}: " + "long " * 100)
        pulse.beat_now({})
    last = figure_lines(pulses, now=100.0)[-2:]
    assert [line.partition(":")[0] for line in last] == ["dream", "control"]
    assert max(len(line) for line in last) <= 70


def test_the_music_is_told(pulses: dict[str, Slot]) -> None:
    Pulse(pulses["control"]).beat_now(MUSIC)
    lines = figure_lines(pulses, now=100.5)
    assert "tempo     120.0  . . 3 .  midi, lost" in lines
    assert "sound     0.42  USB card" in lines
    assert "moves 3   /scope/zoom  sine" in lines


@pytest.mark.parametrize(("now", "beat"), [(100.0, 1), (100.49, 1), (100.5, 2), (101.5, 0)])
def test_the_beat_goes_on_between_two_looks(now: float, beat: int) -> None:
    assert beat_of_bar(MUSIC["tempo"], now) == beat


def test_before_the_control_player_speaks_it_is_the_first_beat() -> None:
    assert beat_of_bar({}, 100.0) == 0


@pytest.mark.usefixtures("_font")
def test_the_figures_are_drawn_anew_at_each_beat(pulses: dict[str, Slot]) -> None:
    Pulse(pulses["control"]).beat_now(MUSIC)
    overlay = Overlay(pulses, KEYS)
    overlay.toggle_figures()
    first = overlay.pixels(now=100.4)
    assert overlay.pixels(now=100.45) is first
    second = overlay.pixels(now=100.55)
    assert second is not first
    overlay.toggle_figures()
    overlay.toggle_help()
    third = overlay.pixels(now=100.6)
    assert overlay.pixels(now=101.05) is third, "help has no beat"


def test_every_key_is_listed_and_the_windows_own() -> None:
    lines = [line for column in key_columns(KEYS) for line in column]
    assert lines == [*OWN_KEYS, *(f"{row.control.name}: {row.label}" for row in KEYS.rows)]
    assert len(KEYS.rows) > 20


def test_columns_are_short_enough_for_a_display() -> None:
    assert max(len(column) for column in key_columns(KEYS)) <= COLUMN_LINES


def test_help_for_no_keys_is_the_windows_own() -> None:
    assert key_columns(Mapping("none", (), "-", ())) == [list(OWN_KEYS)]


@pytest.mark.usefixtures("_font")
def test_what_is_drawn_is_light_on_dark_and_can_be_seen_through() -> None:
    pixels = drawn([["one", "two"], ["three"]])
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 4
    assert pixels.flags.c_contiguous
    assert pixels[..., :3].max() > 200
    assert 0 < pixels[0, 0, 3] < 255


@pytest.mark.usefixtures("_font")
def test_an_empty_line_and_an_accent_can_be_drawn() -> None:
    assert drawn([["", "Kamera für Özgür № 1"]]).size


@pytest.mark.usefixtures("_font")
def test_what_is_drawn_stays_the_same_object_until_it_is_due(pulses: dict[str, Slot]) -> None:
    overlay = Overlay(pulses, KEYS)
    assert overlay.pixels(now=100.0) is None
    overlay.toggle_figures()
    first = overlay.pixels(now=100.0)
    assert first is not None
    assert overlay.pixels(now=100.0 + REFRESH_SECONDS / 2) is first
    assert overlay.pixels(now=100.1 + REFRESH_SECONDS) is not first


@pytest.mark.usefixtures("_font")
def test_help_is_beside_the_figures_at_once_and_goes_again(pulses: dict[str, Slot]) -> None:
    overlay = Overlay(pulses, KEYS)
    overlay.toggle_figures()
    alone = overlay.pixels(now=100.0)
    overlay.toggle_help()
    both = overlay.pixels(now=100.1)
    assert alone is not None
    assert both is not None
    assert both.shape[1] > alone.shape[1]
    overlay.toggle_figures()
    overlay.toggle_help()
    assert overlay.pixels(now=100.2) is None
