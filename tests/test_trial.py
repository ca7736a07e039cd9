from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from engine.backends import trial
from engine.backends.trial import FIRST_ROUNDS, LARGE, ROUNDS, SIZE, Trial, reference, trials
from engine.frame import Array
from engine.runtime import Blueprint, Gradients
from engine.steps import Backend

SMALL = reference()[0].shape[:2]


class Watched:
    """A backend, and its own step, that knows the right gradient. ``asked``: by whom gradients were
    asked for, and of what size; ``fails`` when it has been asked that often."""

    def __init__(self, name: str, asked: list[tuple[str, tuple[int, ...]]]) -> None:
        self.name = name
        self.precision = "float32"
        self.traces: Counter[str] = Counter()
        self.asked = asked
        self.fails = 1000

    def compiled(self, blueprint: Blueprint) -> "Watched":
        return self

    def placed(self, picture: Array) -> Array:
        return picture

    def taken(self, picture: Array) -> Array:
        return picture

    def gradient(self, picture: Array, knobs: Array, shift: tuple[int, int]) -> Gradients:
        self.asked.append((self.name, picture.shape[:2]))
        if len(self.asked) > self.fails:
            raise OSError("expected to run")
        return reference()[1], []

    def climbed(self, picture: Array, gradient: Array, knobs: Array) -> Array:
        return picture


class OnDevice(Watched):
    device = "cuda"


class OnProcessor(Watched):
    device = "cpu"


class WithGPUs(Watched):
    def accelerators(self) -> tuple[str, ...]:
        return ("GPU:0",)


class WithoutGPUs(Watched):
    def accelerators(self) -> tuple[str, ...]:
        return ()


def missing() -> Backend:
    raise ImportError("no such library")


def maker(backend: Backend) -> Callable[[], Backend]:
    return lambda: backend


def test_all_are_tried_alone_and_then_in_turns() -> None:
    a, b = Watched("a", []), Watched("b", [])
    b.asked = a.asked
    found = list(trials([maker(a), maker(b)]))
    assert [each.backend for each in found] == ["a", "b", "a", "b"]
    assert all(each.faithful and each.cosine == 1.0 and each.ms > 0 for each in found)
    names = [name for name, size in a.asked if size == SIZE]
    assert names == [*"a" * FIRST_ROUNDS, *"b" * FIRST_ROUNDS, *"ab" * ROUNDS]


def test_the_first_trial_comes_before_the_next_backend_is_made() -> None:
    coming = trials([maker(Watched("a", [])), missing])
    assert next(coming).backend == "a"


def test_one_that_fails_leaves_the_others(caplog: pytest.LogCaptureFixture) -> None:
    broken = Watched("broken", [])
    broken.fails = 2
    found = list(trials([missing, maker(broken), maker(Watched("a", []))]))
    assert [each.backend for each in found] == ["a", "a"]
    assert "ImportError: no such library" in caplog.text
    assert "OSError: expected to run" in caplog.text


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        (Watched, SIZE),
        (OnProcessor, SIZE),
        (WithoutGPUs, SIZE),
        (OnDevice, LARGE),
        (WithGPUs, LARGE),
    ],
)
def test_an_accelerator_gets_a_larger_picture(kind: type[Watched], size: tuple[int, int]) -> None:
    backend = kind("a", [])
    list(trials([maker(backend)]))
    assert {size for _, size in backend.asked} == {SMALL, size}


def test_times_are_for_the_same_number_of_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(1000))
    monkeypatch.setattr(trial.time, "perf_counter", lambda: float(next(ticks)))
    small, large = (list(trials([maker(kind("a", []))]))[-1] for kind in (Watched, OnDevice))
    assert small == Trial("a", "float32", 1.0, 1000.0)
    assert large.ms == pytest.approx(1000 * np.prod(SIZE) / np.prod(LARGE), abs=0.001)


def test_the_reference_is_a_picture_and_its_gradient() -> None:
    picture, gradient = reference()
    assert picture.shape == gradient.shape == (48, 64, 3)
    assert 0.0 <= picture.min() < picture.max() <= 1.0
    assert gradient.any()
