"""The stage player: folds the newest dream at the display's own rate, whatever the dreamer's."""

import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pygame

import mappings
from engine.bank import Bank, Moment
from engine.dream import Dream
from engine.frame import Array, Frame
from installation.figures import Rate, Spread
from installation.overlay import Overlay
from installation.painting import Painter
from installation.plan import LARGEST_DISPLAY, RECORDED_FPS, Plan, Wires, bytes_of
from installation.player import Pulse, beaten_at, play
from installation.preview import Preview
from installation.settings import Colour, Master, Scope, table
from installation.window import Window
from mappings.files.loading import load_mapping
from mappings.mapping import Control, ControlEvent
from mappings.osc.meaning import asking

KEYS = Path(mappings.__file__).with_name("keys.toml")
FADE_SECONDS = 0.4  # to black and back
DISSOLVE_SECONDS = 1.0  # from the live picture to the dream and back
GONE_SECONDS = 4.0  # a dreamer not heard of for so long gives way to the live picture
PAUSE_SECONDS = 0.1  # what passed in a longer one is not faded through
CLOSE_SECONDS = 1.0  # between the two presses of Esc that close the window


def stage(plan: Plan, wires: Wires, lifeline: Connection) -> None:
    def loop(stopping: threading.Event, pulse: Pulse) -> None:
        window = Window(plan)
        try:
            Stage(plan, wires, window, pulse).run(stopping)
        finally:
            window.close()

    play("stage", lifeline, wires.pulses["stage"], loop)


class Stage:
    def __init__(self, plan: Plan, wires: Wires, window: Window, pulse: Pulse) -> None:
        self._window = window
        self._painter: Painter = window.painter
        self._wires = wires
        self._pulse = pulse
        self._bank = Bank(table(), wires.bank)
        self._hands = Hands(wires, window, Overlay(wires.pulses, load_mapping(KEYS, table())))
        self._period = 1 / window.refresh_rate
        self._pictures = Pictures(wires, self._painter)
        self._preview = Preview(wires)
        self._held: Moment | None = None
        self._light = 0.0
        self._painted_at = time.monotonic()
        self._handed_fps = plan.handed_fps or (RECORDED_FPS if plan.record else 0.0)
        self._hand_due = 0.0
        self._presented = pulse.count_before("presented")
        self._presented_at = 0.0
        self._interval = 0.0
        self._due = time.monotonic()
        self._missed = pulse.count_before("missed")
        self._rate, self._intervals, self._ages = Rate(), Spread(), Spread()

    def run(self, stopping: threading.Event) -> None:
        """Returns when the window is closed or the show ends."""
        while not stopping.is_set() and self._hands.look():
            self._paint(self._bank.read())
            self._window.flip()
            self._count(time.monotonic())
            self._pulse.beat(self._figures)
            self._wait(stopping)
        self._hands.close()
        self._pulse.beat_now(self._figures())

    def _paint(self, moment: Moment) -> None:
        master = moment.of(Master)
        if not master.freeze:
            self._held = None
            self._pictures.look(moment.now, held=moment.of(Dream).freeze)
        elif self._held is None:
            self._held = moment
        shown = self._held or moment
        light = 0.0 if master.blackout else master.fade
        passed, self._painted_at = min(moment.now - self._painted_at, PAUSE_SECONDS), moment.now
        self._light = toward(self._light, light, passed / FADE_SECONDS)
        self._painter.paint(shown.of(Scope), shown.of(Colour), self._light, self._pictures.mix)
        if self._handed_fps and moment.now >= self._hand_due:
            period = 1 / self._handed_fps
            late = moment.now - self._hand_due > period
            self._hand_due = (moment.now if late else self._hand_due) + period
            self._wires.presented.publish(fitting(self._painter.picture()), moment.now)
        self._preview.show(self._painter, moment.now)
        self._painter.overlay(self._hands.overlay.pixels(moment.now))

    def _count(self, now: float) -> None:
        self._interval = now - self._presented_at
        if self._presented_at:
            self._intervals.add(self._interval)
            self._missed += self._interval > 1.5 * self._period
        self._presented += 1
        self._presented_at = now
        self._rate.happened(now)
        seen_at = self._pictures.first_shown()
        if seen_at:
            self._ages.add(now - seen_at)

    def _wait(self, stopping: threading.Event) -> None:
        """Where no vertical sync holds us back, the clock does: a window that is hidden may lose
        its own."""
        if self._window.synchronised and self._interval > self._period / 2:
            return
        now = time.monotonic()
        self._due = max(self._due + self._period, now - self._period)
        stopping.wait(max(self._due - now, 0.0))

    def _figures(self) -> dict[str, Any]:
        return {
            "presented": self._presented,
            "fps": self._rate.per_second(),
            "missed": self._missed,
            "frame_age_ms": percentiles(self._ages, 50, 95, 99),
            "interval_ms": {
                **percentiles(self._intervals, 50, 95, 99),
                "max": self._intervals.largest,
            },
            "painter": self._window.kind,
            "display": list(self._window.size),
        }


class Pictures:
    """Which frames the painter shows. The dream, while it moves; the live picture until there is
    one and when it has stopped; a dissolve between them."""

    def __init__(self, wires: Wires, painter: Painter) -> None:
        self.mix = 0.0  # 0 live .. 1 dream
        self._wires = wires
        self._painter = painter
        self._live: Frame | None = None
        self._dream: Frame | None = None
        self._there = False
        self._arrived_at = 0.0
        self._looked_at = time.monotonic()
        self._shown_until = 0.0
        self._new_from: float | None = None

    def look(self, now: float, held: bool) -> None:
        """Takes what is new. ``held``: the dream stands still because it is told to."""
        passed, self._looked_at = min(now - self._looked_at, PAUSE_SECONDS), now
        dream = self._wires.dreamed.newest(after=self._dream.sequence if self._dream else 0)
        if dream:
            self._painter.dream(dream)
            self._dream, self._arrived_at, self._there = dream, now, True
        elif not held and now - self._heard_at() > GONE_SECONDS:
            self._there = False
        self.mix = toward(self.mix, float(self._there), passed / DISSOLVE_SECONDS)
        if self.mix < 1:
            live = self._wires.captured.newest(after=self._live.sequence if self._live else 0)
            if live:
                self._painter.live(live)
                self._live = live
        fresh = dream is not None and self.mix > 0 and dream.seen_at > self._shown_until
        self._new_from = dream.seen_at if dream and fresh else None

    def _heard_at(self) -> float:
        """When the dreamer was last known to live: a long frame keeps its pulse beating."""
        return max(self._arrived_at, beaten_at(self._wires.pulses["dream"]))

    def first_shown(self) -> float | None:
        """When the source was seen whose dream is presented now for the first time, else None."""
        seen_at, self._new_from = self._new_from, None
        if seen_at:
            self._shown_until = seen_at
        return seen_at


class Hands:
    """The keyboard: what belongs to the window is done here, the rest goes to the control player
    like any other control."""

    def __init__(self, wires: Wires, window: Window, overlay: Overlay) -> None:
        self.overlay = overlay
        self._window = window
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._control = wires.keys.getsockname()
        self._escaped_at = -CLOSE_SECONDS
        self._own: dict[int, Callable[[], None]] = {
            pygame.K_F11: window.toggle_fullscreen,
            pygame.K_TAB: overlay.toggle_figures,
            pygame.K_F1: overlay.toggle_help,
        }

    def close(self) -> None:
        self._socket.close()

    def look(self) -> bool:
        """Takes what was pressed. False when the window is to close."""
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                return False
            if event.type == pygame.WINDOWSIZECHANGED:
                self._window.resized()
            if event.type == pygame.KEYDOWN:
                if event.key == pygame.K_ESCAPE and self._escaped_again(time.monotonic()):
                    return False
                self._press(event.key)
        return True

    def _escaped_again(self, now: float) -> bool:
        before, self._escaped_at = self._escaped_at, now
        return now - before < CLOSE_SECONDS

    def _press(self, key: int) -> None:
        if key in self._own:
            self._own[key]()
            return
        pressed = ControlEvent(Control("key", pygame.key.name(key)), 1.0)
        for turn in self.overlay.keys.turns(pressed):
            self._socket.sendto(asking(turn), self._control)


def fitting(picture: Array) -> Array:
    """Every other pixel where a display is larger than what is kept of it."""
    while picture.nbytes > bytes_of(LARGEST_DISPLAY):
        picture = picture[::2, ::2]
    return picture


def toward(value: float, target: float, step: float) -> float:
    return min(value + step, target) if value < target else max(value - step, target)


def percentiles(spread: Spread, *percents: int) -> dict[str, float]:
    return {f"p{percent}": spread.percentile(percent) for percent in percents}
