"""The dreamer on the real embedded network and real films, end to end but for the window."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from doubles import until

from engine.backends.table import PRECISIONS
from engine.dream import Dream, Strip
from engine.dreamer import Dreamer
from engine.flow import NONE, Follower
from engine.frame import Array
from engine.loading import Networks
from engine.memory import STILL
from engine.steps import Backend, Steps

pytestmark = pytest.mark.e2e

FILMS = Path(__file__).parents[2] / "shared/media/videos"
SIZE = (80, 128)
COUNT = 30
SETTLED = 10  # frames in which a dream grows
DESK = tuple(Strip(gain={4: 0.5, 5: 1.0}.get(number, 0.0)) for number in range(1, 9))
PLAIN = Dream(octaves=1)


def openvino() -> Iterator[Backend]:
    from engine.backends.openvino import OpenVINO

    yield OpenVINO(threads=1, precision=PRECISIONS[0])


@pytest.fixture(scope="module")
def dreamer() -> Dreamer:
    dreamer = Dreamer(Steps(openvino(), Networks(None)))
    until(lambda: dreamer.awake(PLAIN, DESK, SIZE) and dreamer.settled)
    return dreamer


def film(name: str) -> list[Array]:
    path = FILMS / name
    if not path.exists():
        pytest.skip(f"no film at {path}")
    frames = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            pixels = cv2.resize(frame.to_ndarray(format="rgb24"), SIZE[::-1], interpolation=3)
            frames.append(np.asarray(pixels, np.float32) / 255)
            if len(frames) == COUNT:
                break
    return frames


def dreams(dreamer: Dreamer, frames: list[Array], dream: Dream) -> list[Array]:
    dreamer.reset()
    follower = Follower()
    moved = [follower.moved(frame, STILL) if dream.memory else NONE for frame in frames]
    return [
        dreamer.dream(frame, dream, DESK, STILL, motion, 1 / 30)
        for frame, motion in zip(frames, moved, strict=True)
    ]


def strength(dreamed: list[Array], frames: list[Array]) -> float:
    pairs = list(zip(dreamed, frames, strict=True))[SETTLED:]
    return float(np.mean([np.abs(dream - frame).mean() for dream, frame in pairs]))


def flicker(dreamed: list[Array], frames: list[Array]) -> float:
    """What two dreamed frames differ by where nothing but the film has moved."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    greys = [cv2.cvtColor((frame * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY) for frame in frames]
    columns, rows = np.meshgrid(np.arange(SIZE[1]), np.arange(SIZE[0]))
    found = []
    for n in range(SETTLED, len(frames)):
        flow = search.calc(greys[n], greys[n - 1], np.zeros((*SIZE, 2), np.float32))
        x = (columns + flow[..., 0]).astype(np.float32)
        y = (rows + flow[..., 1]).astype(np.float32)
        before = cv2.remap(dreamed[n - 1], x, y, cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT)
        found.append(np.abs(dreamed[n] - before).mean())
    return float(np.mean(found))


@pytest.mark.parametrize(
    "name", ["intel_one-by-one-person-detection.mp4", "intel_car-detection.mp4"]
)
def test_a_dream_with_memory_flickers_half_as_much_as_one_as_strong_without(
    dreamer: Dreamer, name: str
) -> None:
    frames = film(name)
    carried = dreams(dreamer, frames, PLAIN)
    wanted = strength(carried, frames)
    low, high = 0.001, 0.2
    for _ in range(6):  # of equal strength: the step size between the two
        middle = (low * high) ** 0.5
        alone = dreams(dreamer, frames, replace(PLAIN, memory=0.0, steps=4, step_size=middle))
        low, high = (middle, high) if strength(alone, frames) < wanted else (low, middle)
    assert strength(alone, frames) == pytest.approx(wanted, rel=0.15)
    assert flicker(carried, frames) <= 0.5 * flicker(alone, frames)


def test_a_still_picture_keeps_evolving_and_never_burns_out(dreamer: Dreamer) -> None:
    still = film("intel_one-by-one-person-detection.mp4")[:1] * 200
    dreamed = dreams(dreamer, still, PLAIN)
    assert all(np.abs(dreamed[n] - dreamed[n - 50]).mean() > 0.005 for n in range(100, 200, 25))
    assert strength(dreamed[100:], still[100:]) < 1.5 * strength(dreamed[:100], still[:100])
    assert np.isin(dreamed[-1], (0.0, 1.0)).mean() < 0.2
