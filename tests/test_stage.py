import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np
import pygame
import pytest

import mappings
from engine.bank import Bank
from engine.frame import Array, Frame
from installation import stage as stage_module
from installation.overlay import Overlay
from installation.plan import LARGEST_DISPLAY, Plan, Wires, bytes_of, wired
from installation.player import Pulse, read_pulse
from installation.settings import Colour, Scope, table
from installation.stage import (
    CLOSE_SECONDS,
    DISSOLVE_SECONDS,
    FADE_SECONDS,
    GONE_SECONDS,
    Hands,
    Pictures,
    Stage,
    fitting,
    toward,
)
from mappings.files.loading import load_mapping
from mappings.mapping import Control, ControlEvent, Row, Turn
from mappings.osc.meaning import meant
from mappings.osc.packets import bundles

TABLE = table()
KEYS = load_mapping(Path(mappings.__file__).with_name("keys.toml"), TABLE)
RATE = 60
SIZE = (64, 48)
START = 100.0  # on the stage's own clock
PATIENCE = 5.0  # seconds


class Notes:
    """A painter that writes down what it is given."""

    def __init__(self) -> None:
        self.lives: list[Frame] = []
        self.dreams: list[Frame] = []
        self.paints: list[tuple[Scope, Colour, float, float]] = []
        self.deeds: list[str] = []

    def live(self, frame: Frame) -> None:
        self.lives.append(frame)

    def dream(self, frame: Frame) -> None:
        self.dreams.append(frame)

    def paint(self, scope: Scope, colour: Colour, light: float, mix: float) -> None:
        self.paints.append((scope, colour, light, mix))
        self.deeds.append("paint")

    def picture(self) -> Array:
        self.deeds.append("picture")
        return np.full((*SIZE[::-1], 3), len(self.paints) % 256, np.uint8)

    def overlay(self, pixels: Array | None) -> None:
        self.deeds.append("overlay")

    def resized(self, size: tuple[int, int]) -> None:
        self.deeds.append(f"resized to {size}")

    def finish(self) -> None: ...

    def release(self) -> None: ...

    @property
    def lights(self) -> list[float]:
        return [light for _, _, light, _ in self.paints]


class Glass:
    """A window without a display."""

    kind = "glass"
    synchronised = True
    size = SIZE

    def __init__(self, refresh_rate: float = RATE) -> None:
        self.painter = Notes()
        self.refresh_rate = refresh_rate
        self.toggled = 0

    def flip(self) -> None: ...

    def resized(self) -> None:
        self.painter.resized(self.size)

    def toggle_fullscreen(self) -> None:
        self.toggled += 1


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def wires() -> Iterator[Wires]:
    made = wired(TABLE)
    Bank(TABLE, made.bank).start(TABLE.defaults, now=START)
    made.keys.settimeout(PATIENCE)
    yield made
    made.unlink()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The stage's."""
    clock = Clock()
    monkeypatch.setattr(stage_module, "time", clock)
    return clock


class Looking:
    """Pictures that are looked at ``RATE`` times a second, and those who send them."""

    def __init__(self, wires: Wires, clock: Clock) -> None:
        self._wires, self._clock = wires, clock
        self.painter = Notes()
        self.pictures = Pictures(wires, self.painter)

    def captures(self, seen_at: float = 1.0) -> None:
        self._wires.captured.publish(np.zeros((2, 2, 3), np.uint8), seen_at)

    def dreams(self, seen_at: float = 1.0) -> None:
        self._wires.dreamed.publish(np.zeros((2, 2, 3), np.uint8), seen_at)

    def beats(self) -> None:
        """The dream player is alive, and has nothing new."""
        self._wires.pulses["dream"].publish(np.frombuffer(b"{}", np.uint8), self._clock.now)

    def looks(self, seconds: float = 1 / RATE, held: bool = False) -> list[float]:
        """The mix of each picture."""
        mixes = []
        for _ in range(round(seconds * RATE)):
            self._clock.now += 1 / RATE
            self.pictures.look(self._clock.now, held)
            mixes.append(self.pictures.mix)
        return mixes


@pytest.fixture
def looking(wires: Wires, clock: Clock) -> Looking:
    return Looking(wires, clock)


@pytest.fixture
def dreaming(looking: Looking) -> Looking:
    """The dream is fully there."""
    looking.captures()
    looking.dreams()
    looking.looks(DISSOLVE_SECONDS + 0.1)
    assert looking.pictures.mix == 1
    return looking


def test_before_the_first_frame_there_is_nothing_to_show(looking: Looking) -> None:
    assert set(looking.looks(GONE_SECONDS + 1)) == {0.0}
    assert (looking.painter.lives, looking.painter.dreams) == ([], [])
    assert looking.pictures.first_shown() is None


def test_until_there_is_a_dream_each_live_picture_is_shown_once(looking: Looking) -> None:
    for _ in range(5):
        looking.captures()
        assert looking.looks(3 / RATE) == [0.0] * 3
    assert [frame.sequence for frame in looking.painter.lives] == [1, 2, 3, 4, 5]


def test_a_dreamer_that_lives_but_has_not_dreamed_is_no_dream(looking: Looking) -> None:
    looking.captures()
    looking.beats()
    assert set(looking.looks(1.0)) == {0.0}


def test_the_first_dream_dissolves_in_at_an_even_pace(looking: Looking) -> None:
    looking.looks()
    looking.dreams()
    mixes = [0.0, *looking.looks(DISSOLVE_SECONDS + 2 / RATE)]
    assert np.diff(mixes).max() == pytest.approx(1 / (RATE * DISSOLVE_SECONDS))
    assert mixes == sorted(mixes)
    assert mixes.index(1.0) == pytest.approx(RATE * DISSOLVE_SECONDS, abs=1)


def test_a_dream_of_which_nothing_is_heard_dissolves_back(dreaming: Looking) -> None:
    silent = dreaming.looks(GONE_SECONDS - DISSOLVE_SECONDS - 0.2)
    assert set(silent) == {1.0}
    mixes = dreaming.looks(DISSOLVE_SECONDS + 0.3)
    assert mixes == sorted(mixes, reverse=True)
    assert mixes[-1] == 0.0
    assert np.diff(mixes).min() == pytest.approx(-1 / (RATE * DISSOLVE_SECONDS))


def test_a_dream_that_stands_stays_while_its_player_lives(dreaming: Looking) -> None:
    for _ in range(4):
        dreaming.beats()
        assert set(dreaming.looks(GONE_SECONDS - 0.1)) == {1.0}


def test_a_slow_dream_stays(dreaming: Looking) -> None:
    for _ in range(4):
        assert set(dreaming.looks(GONE_SECONDS - DISSOLVE_SECONDS - 0.2)) == {1.0}
        dreaming.dreams()


def test_a_held_dream_stays_though_nothing_is_heard_of_it(dreaming: Looking) -> None:
    assert set(dreaming.looks(3 * GONE_SECONDS, held=True)) == {1.0}


def test_holding_a_dream_that_never_was_shows_the_live_picture(looking: Looking) -> None:
    looking.captures()
    assert set(looking.looks(1.0, held=True)) == {0.0}
    assert len(looking.painter.lives) == 1


def test_a_dream_that_is_gone_comes_back_with_its_next_frame(dreaming: Looking) -> None:
    dreaming.looks(GONE_SECONDS + DISSOLVE_SECONDS)
    assert dreaming.pictures.mix == 0
    dreaming.dreams()
    assert dreaming.looks(DISSOLVE_SECONDS + 0.1)[-1] == 1


def test_a_restarted_dreamer_does_not_bring_the_old_dream_back(dreaming: Looking) -> None:
    dreaming.looks(GONE_SECONDS + DISSOLVE_SECONDS)
    dreaming.beats()  # it loads its network
    assert set(dreaming.looks(1.0)) == {0.0}


def test_after_a_long_freeze_the_dream_dissolves_in_all_the_same(
    looking: Looking, clock: Clock
) -> None:
    looking.looks()
    looking.dreams()
    clock.now += 10
    assert looking.looks()[0] < 0.5


def test_the_live_picture_is_not_read_under_a_dream_that_hides_it(dreaming: Looking) -> None:
    before = len(dreaming.painter.lives)
    dreaming.captures()
    dreaming.looks(0.5)
    assert len(dreaming.painter.lives) == before
    dreaming.looks(GONE_SECONDS)
    assert len(dreaming.painter.lives) == before + 1


def test_each_dreamed_frame_is_shown_once_whatever_the_displays_rate(dreaming: Looking) -> None:
    before = len(dreaming.painter.dreams)
    for _ in range(5):
        dreaming.dreams()
        dreaming.looks(4 / RATE)
    assert len(dreaming.painter.dreams) == before + 5


def test_each_captured_picture_is_first_shown_once(dreaming: Looking) -> None:
    shown = []
    for seen_at in (10.0, 10.0, 10.0, 11.0, 11.0, 12.0):  # dreamed on again and again
        dreaming.dreams(seen_at)
        for _ in range(3):
            dreaming.looks()
            shown.append(dreaming.pictures.first_shown())
    assert [seen_at for seen_at in shown if seen_at] == [10.0, 11.0, 12.0]


def test_live_pictures_have_no_age(looking: Looking) -> None:
    for seen_at in (10.0, 11.0, 12.0):
        looking.captures(seen_at)
        looking.looks()
        assert looking.pictures.first_shown() is None


@pytest.mark.parametrize(
    ("value", "target", "reached"),
    [(0.0, 1.0, 0.25), (1.0, 0.0, 0.75), (0.9, 1.0, 1.0), (0.1, 0.0, 0.0), (0.5, 0.5, 0.5)],
)
def test_a_value_goes_towards_its_target_and_not_beyond(
    value: float, target: float, reached: float
) -> None:
    assert toward(value, target, 0.25) == reached


@pytest.mark.parametrize("size", [(1, 1), (1920, 1080), LARGEST_DISPLAY])
def test_a_picture_that_fits_stays_as_it_is(size: tuple[int, int]) -> None:
    picture = blank(size)
    assert fitting(picture) is picture


@pytest.mark.parametrize(
    ("size", "kept"),
    [
        ((3841, 2160), (1921, 1080)),
        ((5120, 2880), (2560, 1440)),
        ((7680, 4320), LARGEST_DISPLAY),
        ((7681, 4320), (1921, 1080)),
    ],
)
def test_a_larger_picture_is_thinned_until_it_fits(
    size: tuple[int, int], kept: tuple[int, int]
) -> None:
    fits = fitting(blank(size))
    assert fits.shape == (kept[1], kept[0], 3)
    assert fits.nbytes <= bytes_of(LARGEST_DISPLAY)


def blank(size: tuple[int, int]) -> Array:
    """Takes no memory."""
    return np.broadcast_to(np.uint8(0), (size[1], size[0], 3))


class OnStage:
    """A stage in a window of glass, painted as often as its display asks for."""

    def __init__(self, wires: Wires, clock: Clock, rate: float = RATE, **plan: Any) -> None:
        self._clock = clock
        self.wires, self.rate = wires, rate
        self.bank = Bank(TABLE, wires.bank)
        self.window = Glass(rate)
        self.painter = self.window.painter
        asked = Plan(TABLE.defaults, **plan)
        self.stage = Stage(asked, wires, self.window, Pulse(wires.pulses["stage"]))

    def paints(self, seconds: float, rate: float | None = None) -> None:
        rate = rate or self.rate
        for _ in range(round(seconds * rate)):
            self._clock.now += 1 / rate
            self.stage._paint(self.bank.read(self._clock.now))

    def turns(self, **values: float) -> None:
        """``scope_folds=3`` turns ``/scope/folds``."""
        addresses = {"/" + name.replace("_", "/", 1): value for name, value in values.items()}
        self.bank.write(addresses, self._clock.now)

    def close(self) -> None:
        self.stage._hands._socket.close()


Staging = Callable[..., OnStage]


@pytest.fixture
def staging(wires: Wires, clock: Clock, _dummy: None) -> Iterator[Staging]:
    """Stages that begin now."""
    with ExitStack() as made:
        yield lambda *rate, **plan: made.enter_context(
            closing(OnStage(wires, clock, *rate, **plan))
        )


@pytest.fixture
def on_stage(staging: Staging) -> OnStage:
    """In full light."""
    made = staging()
    made.paints(2 * FADE_SECONDS)
    assert made.painter.lights[-1] == 1
    return made


@pytest.fixture
def _dummy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keys need SDL's events, but no display."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    pygame.font.init()
    pygame.event.clear()
    yield
    pygame.quit()


def test_the_show_opens_from_black(staging: Staging) -> None:
    opening = staging()
    opening.paints(FADE_SECONDS)
    assert opening.painter.lights[0] < 0.1
    assert opening.painter.lights == sorted(opening.painter.lights)


@pytest.mark.parametrize(("turn", "back"), [("blackout", (1.0, 0.0)), ("fade", (0.0, 1.0))])
@pytest.mark.parametrize("rate", [24, 60, 144])
def test_black_is_reached_in_its_time_and_so_is_the_light(
    staging: Staging, turn: str, back: tuple[float, float], rate: float
) -> None:
    made = staging(rate)
    made.paints(2 * FADE_SECONDS)
    for value, light in zip(back, (0.0, 1.0), strict=True):
        made.turns(**{f"master_{turn}": value})
        made.paints(FADE_SECONDS / 2)
        assert made.painter.lights[-1] == pytest.approx(0.5, abs=1.5 / rate / FADE_SECONDS)
        made.paints(FADE_SECONDS / 2 + 2 / rate)
        assert made.painter.lights[-1] == light


def test_black_is_reached_in_its_time_by_a_slow_painter(on_stage: OnStage) -> None:
    on_stage.turns(master_blackout=1.0)
    on_stage.paints(FADE_SECONDS + 0.2, rate=10)
    assert on_stage.painter.lights[-1] == 0


def test_a_blackout_goes_back_to_the_light_there_was(on_stage: OnStage) -> None:
    on_stage.turns(master_fade=0.25)
    on_stage.paints(FADE_SECONDS)
    on_stage.turns(master_blackout=1.0)
    on_stage.paints(FADE_SECONDS)
    on_stage.turns(master_blackout=0.0)
    on_stage.paints(FADE_SECONDS)
    assert on_stage.painter.lights[-1] == 0.25


def test_a_freeze_holds_the_scope_the_colours_and_the_pictures(on_stage: OnStage) -> None:
    on_stage.turns(master_freeze=1.0)
    on_stage.paints(1 / RATE)
    held = on_stage.painter.paints[-1]
    on_stage.turns(scope_folds=3.0, colour_hue=90.0)
    on_stage.wires.captured.publish(np.zeros((2, 2, 3), np.uint8), 1.0)
    on_stage.wires.dreamed.publish(np.zeros((2, 2, 3), np.uint8), 1.0)
    on_stage.paints(1.0)
    assert set(on_stage.painter.paints[-RATE:]) == {held}
    assert (on_stage.painter.lives, on_stage.painter.dreams) == ([], [])


def test_what_is_not_frozen_spins(on_stage: OnStage) -> None:
    on_stage.turns(scope_spin=40.0)
    on_stage.paints(1.0)
    angles = [scope.angle for scope, _, _, _ in on_stage.painter.paints[-RATE:]]
    assert angles == sorted(set(angles))


def test_after_a_freeze_all_is_where_it_would_have_been(on_stage: OnStage) -> None:
    on_stage.turns(master_freeze=1.0)
    on_stage.paints(1.0)
    on_stage.wires.dreamed.publish(np.zeros((2, 2, 3), np.uint8), 1.0)
    on_stage.turns(scope_folds=3.0, master_freeze=0.0)
    on_stage.paints(1 / RATE)
    assert on_stage.painter.paints[-1][0].folds == 3
    assert len(on_stage.painter.dreams) == 1


def test_a_frozen_picture_can_be_blacked_out_and_comes_back_the_same(on_stage: OnStage) -> None:
    on_stage.turns(master_freeze=1.0)
    on_stage.paints(1 / RATE)
    held = on_stage.painter.paints[-1]
    on_stage.turns(master_blackout=1.0, scope_folds=3.0)
    on_stage.paints(FADE_SECONDS + 2 / RATE)
    assert on_stage.painter.paints[-1] == (held[0], held[1], 0.0, held[3])
    on_stage.turns(master_blackout=0.0)
    on_stage.paints(FADE_SECONDS + 2 / RATE)
    assert on_stage.painter.paints[-1] == held


@pytest.mark.parametrize("rate", [24, 30, 50, 60, 75, 144, 240])
def test_at_most_thirty_pictures_a_second_are_kept(staging: Staging, rate: float) -> None:
    made = staging(rate, record=(Path("show.mp4"),))
    made.paints(4.0)
    assert 4 * 23 <= made.wires.presented.sequence <= 4 * 30 + 1


def test_without_a_record_no_picture_is_kept(on_stage: OnStage) -> None:
    on_stage.paints(1.0)
    assert on_stage.wires.presented.sequence == 0
    assert "picture" not in on_stage.painter.deeds


def test_a_kept_picture_has_no_words_on_it(staging: Staging, clock: Clock) -> None:
    made = staging(record=(Path("show.mp4"),))
    made.paints(1 / RATE)
    assert made.painter.deeds == ["paint", "picture", "overlay"]
    newest = made.wires.presented.newest()
    assert newest is not None
    assert (newest.pixels.shape, newest.seen_at) == ((*SIZE[::-1], 3), clock.now)


@pytest.mark.usefixtures("_dummy")
def test_the_figures_are_those_of_all_that_was_presented(wires: Wires) -> None:
    pulse = Pulse(wires.pulses["stage"])
    pulse.beat_now({"presented": 40, "missed": 2})
    window = Glass()
    stage = Stage(Plan(TABLE.defaults), wires, window, Pulse(wires.pulses["stage"]))
    wires.dreamed.publish(np.zeros((2, 2, 3), np.uint8), time.monotonic() - 0.5)
    pygame.event.post(pygame.event.Event(pygame.WINDOWSIZECHANGED))
    stage.run(Flips(window, most=3))
    stage._hands._socket.close()
    figures = read_pulse(wires.pulses["stage"])
    assert (figures["presented"], figures["painter"]) == (43, "glass")
    assert figures["frame_age_ms"]["p50"] >= 500
    assert window.painter.deeds[0] == f"resized to {SIZE}"


class Flips(threading.Event):
    """Set after ``most`` pictures."""

    def __init__(self, window: Glass, most: int) -> None:
        super().__init__()
        self._window, self._most = window, most

    def is_set(self) -> bool:
        return self._window.painter.deeds.count("paint") >= self._most


class Keyboard:
    """Hands, what they hold, and who presses their keys."""

    def __init__(self, wires: Wires) -> None:
        self.window = Glass()
        self.overlay = Overlay(wires.pulses, KEYS)
        self.hands = Hands(wires, self.window, self.overlay)
        self._socket = wires.keys

    def press(self, *names: str) -> bool:
        """False when the window is to close."""
        for name in names:
            key = pygame.key.key_code(name)
            pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))
        return self.hands.look()

    def asked(self) -> Turn:
        """What the control player hears next."""
        ((message,),) = (bundle.messages for bundle in bundles(self._socket.recv(4096)))
        turns = meant(message, TABLE)
        assert isinstance(turns, tuple)
        (turn,) = turns
        return turn

    def close(self) -> None:
        self.hands._socket.close()


@pytest.fixture
def keyboard(wires: Wires, clock: Clock, _dummy: None) -> Iterator[Keyboard]:
    with closing(Keyboard(wires)) as keyboard:
        yield keyboard


@pytest.mark.parametrize("row", KEYS.rows, ids=str)
def test_every_key_of_the_mapping_reaches_the_control_player(keyboard: Keyboard, row: Row) -> None:
    assert keyboard.press(str(row.control.name))
    (wanted,) = row.action.turns(ControlEvent(row.control, 1.0))
    heard = keyboard.asked()
    assert (heard.address, heard.how) == (wanted.address, wanted.how)
    if not isinstance(wanted.amount, float | int):
        assert heard.amount == wanted.amount
    else:
        assert heard.amount == pytest.approx(wanted.amount)


@pytest.mark.parametrize(
    ("key", "turn"),
    [
        ("up", Turn("/scope/folds", 1, "plus")),
        ("left", Turn("/scope/spin", -5, "plus")),
        ("b", Turn("/master/blackout", None, "toggle")),
        ("l", Turn("/scope/symmetry", TABLE["/scope/symmetry"].value("none"))),
        ("3", Turn("/strip/3/solo", None, "toggle")),
        ("backspace", Turn("/master/panic")),
    ],
)
def test_a_key_asks_for_what_its_label_says(keyboard: Keyboard, key: str, turn: Turn) -> None:
    assert keyboard.press(key)
    assert keyboard.asked() == turn


def test_two_keys_of_one_picture_are_both_heard_in_their_order(keyboard: Keyboard) -> None:
    assert keyboard.press("up", "down")
    assert [keyboard.asked().amount, keyboard.asked().amount] == [1, -1]


@pytest.mark.parametrize("key", ["tab", "f1"])
def test_words_over_the_picture_come_and_go_with_their_key(keyboard: Keyboard, key: str) -> None:
    assert keyboard.overlay.pixels(1.0) is None
    assert keyboard.press(key)
    assert keyboard.overlay.pixels(1.0) is not None
    assert keyboard.press(key)
    assert keyboard.overlay.pixels(1.0) is None


@pytest.mark.parametrize("key", ["f11", "tab", "f1", "escape", "q", "f5"])
def test_the_windows_own_keys_and_unknown_ones_do_not_reach_control(
    keyboard: Keyboard, key: str
) -> None:
    assert keyboard.press(key)
    assert keyboard.press("up")
    assert keyboard.asked() == Turn("/scope/folds", 1, "plus")


def test_no_key_of_the_mapping_is_one_of_the_windows_own() -> None:
    own = [ControlEvent(Control("key", name), 1.0) for name in ("f11", "tab", "f1", "escape")]
    assert [KEYS.turns(event) for event in own] == [[]] * 4


def test_f11_is_the_windows(keyboard: Keyboard) -> None:
    assert keyboard.press("f11", "f11")
    assert keyboard.window.toggled == 2


def test_one_escape_does_not_close_the_window_and_two_do(keyboard: Keyboard, clock: Clock) -> None:
    assert keyboard.press("escape")
    clock.now += CLOSE_SECONDS / 2
    assert not keyboard.press("escape")


def test_two_slow_escapes_do_not_close_the_window(keyboard: Keyboard, clock: Clock) -> None:
    for _ in range(3):
        assert keyboard.press("escape")
        clock.now += CLOSE_SECONDS * 1.1


def test_q_does_not_close_the_window(keyboard: Keyboard) -> None:
    assert keyboard.press("q", "q")


def test_closing_the_window_closes_it(keyboard: Keyboard) -> None:
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert not keyboard.hands.look()


def test_a_window_of_another_size_is_told_to_its_painter(keyboard: Keyboard) -> None:
    pygame.event.post(pygame.event.Event(pygame.WINDOWSIZECHANGED))
    assert keyboard.hands.look()
    assert keyboard.window.painter.deeds == [f"resized to {SIZE}"]
