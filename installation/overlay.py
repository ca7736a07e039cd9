"""What the stage writes over the picture: the figures, and which key does what."""

import math
from collections.abc import Mapping as Map
from typing import Any

import numpy as np
import pygame

from engine.frame import Array, Slot
from installation.music.tempo import BEATS_A_BAR
from installation.player import read_pulse
from mappings.mapping import Mapping

REFRESH_SECONDS = 0.5
INK, PAPER = (255, 255, 255, 255), (0, 0, 0, 170)
TEXT_SIZE = 20
OWN_KEYS = ("F11: full screen", "Tab: figures", "F1: this help", "Esc twice: close")
COLUMN_LINES = 26


class Overlay:
    """``keys``: what the keyboard does."""

    def __init__(self, pulses: Map[str, Slot], keys: Mapping) -> None:
        self.keys = keys
        self._pulses = pulses
        self._figures = self._help = False
        self._drawn_at = 0.0
        self._drawn: Array | None = None
        self._tempo: Map[str, Any] = {}
        self._beat = 0

    def toggle_figures(self) -> None:
        self._figures = not self._figures
        self._tempo, self._beat = {}, 0
        self._drawn_at = 0.0

    def toggle_help(self) -> None:
        self._help = not self._help
        self._drawn_at = 0.0

    def pixels(self, now: float) -> Array | None:
        """(h, w, 4) uint8 RGBA, the same object until it is drawn anew; None for nothing."""
        if not (self._figures or self._help):
            return None
        old = now - self._drawn_at > REFRESH_SECONDS
        if self._drawn is None or old or beat_of_bar(self._tempo, now) != self._beat:
            columns = self._figured(now) if self._figures else []
            columns += key_columns(self.keys) if self._help else []
            self._drawn, self._drawn_at = drawn(columns), now
        return self._drawn

    def _figured(self, now: float) -> list[list[str]]:
        self._tempo = read_pulse(self._pulses["control"]).get("tempo", {})
        self._beat = beat_of_bar(self._tempo, now)
        return [figure_lines(self._pulses, now)]


def figure_lines(pulses: Map[str, Slot], now: float) -> list[str]:
    """``now``: ``time.monotonic()`` seconds."""
    stage, dream, capture, control = (
        read_pulse(pulses[name]) for name in ("stage", "dream", "capture", "control")
    )
    step, age = dream.get("step_ms", {}), stage.get("frame_age_ms", {})
    heard = control.get("osc", {})
    return [
        f"presented {stage.get('fps', 0):5.1f}/s  missed {stage.get('missed', 0)}",
        f"dreamed   {dream.get('fps', 0):5.1f}/s  {step.get('p50', 0):.1f} ms",
        f"captured  {capture.get('fps', 0):5.1f}/s  {capture.get('source', '')}",
        f"delay     {age.get('p50', 0):5.0f} ms  (95 %: {age.get('p95', 0):.0f} ms)",
        f"network   {dream.get('network', '') or 'loading'} {_by(dream.get('canvas', []))}",
        f"OSC {heard.get('received', 0)}  MIDI {control.get('midi', {}).get('received', 0)}",
        *music_lines(control, now),
        *_last_errors(stage, dream, capture, control),
    ]


def music_lines(control: Map[str, Any], now: float) -> list[str]:
    """The tempo, the beat of the bar, what is heard, and what moves by itself."""
    tempo, sound = control.get("tempo", {}), control.get("sound", {})
    moving = control.get("modulators", {}).get("moving", [])
    beat = beat_of_bar(tempo, now)
    bar = " ".join(str(each + 1) if each == beat else "." for each in range(BEATS_A_BAR))
    clock = tempo.get("clock", "") + ("" if tempo.get("steady", True) else ", lost")
    heard = [f"sound     {sound['level']:4.2f}  {sound['device']}"] if sound.get("device") else []
    return [
        f"tempo     {tempo.get('tempo', 0):5.1f}  {bar}  {clock}",
        *heard,
        *(f"moves {each['modulator']}   {each['target']}  {each['shape']}" for each in moving),
    ]


def beat_of_bar(tempo: Map[str, Any], now: float) -> int:
    """From 0, by what the control player said a moment ago."""
    beats = (now - tempo.get("at", now)) * tempo.get("tempo", 0) / 60
    return int(math.floor(tempo.get("beat", 0) + beats) % BEATS_A_BAR)


def _by(size: list[int]) -> str:
    return "x".join(str(side) for side in size)


def _last_errors(*pulses: Map[str, Any]) -> list[str]:
    return [pulse["errors"][-1][:70] for pulse in pulses if pulse.get("errors")]


def key_columns(keys: Mapping) -> list[list[str]]:
    lines = [*OWN_KEYS, *(str(row) for row in keys.rows)]
    return [lines[start : start + COLUMN_LINES] for start in range(0, len(lines), COLUMN_LINES)]


def drawn(columns: list[list[str]]) -> Array:
    """The columns side by side on a dark ground."""
    font = pygame.font.Font(None, TEXT_SIZE)
    texts = [[font.render(line, True, INK) for line in column] for column in columns]
    widths = [max(text.get_width() for text in column) + TEXT_SIZE for column in texts]
    height = max(len(column) for column in texts) * font.get_linesize() + TEXT_SIZE
    paper = pygame.Surface((sum(widths) + TEXT_SIZE, height), pygame.SRCALPHA)
    paper.fill(PAPER)
    left = TEXT_SIZE // 2
    for column, width in zip(texts, widths, strict=True):
        for line, text in enumerate(column):
            paper.blit(text, (left, TEXT_SIZE // 2 + line * font.get_linesize()))
        left += width
    return np.ascontiguousarray(
        np.dstack(
            (
                pygame.surfarray.array3d(paper).swapaxes(0, 1),
                pygame.surfarray.array_alpha(paper).swapaxes(0, 1),
            )
        )
    )
