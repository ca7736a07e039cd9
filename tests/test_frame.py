import multiprocessing
import os
import signal
import time
from collections.abc import Iterator

import numpy as np
import pytest

from engine.frame import Slot, whole_view

SHAPE = (90, 160, 3)


@pytest.fixture
def slot() -> Iterator[Slot]:
    made = Slot(SHAPE[0] * SHAPE[1] * 3)
    yield made
    made.unlink()


def publish_for_ever(slot: Slot) -> None:
    for n in range(1 << 30):
        slot.publish(np.full(SHAPE, n % 251, np.uint8), float(n))


def test_an_empty_slot_has_nothing_new(slot: Slot) -> None:
    assert slot.newest() is None


def test_the_newest_wins(slot: Slot) -> None:
    for n in range(5):
        slot.publish(np.full(SHAPE, n, np.uint8), float(n))
    newest = slot.newest()
    assert newest is not None
    assert (newest.pixels.max(), newest.seen_at, newest.sequence) == (4, 4.0, 5)


def test_what_was_seen_already_is_not_new(slot: Slot) -> None:
    slot.publish(np.zeros(SHAPE, np.uint8), 1.0)
    newest = slot.newest()
    assert newest is not None
    assert slot.newest(after=newest.sequence) is None


def test_view_aspect_and_any_shape_travel_along(slot: Slot) -> None:
    slot.publish(np.ones((8, 4), np.float32), 2.0, whole_view(1.5), 1.5)
    newest = slot.newest()
    assert newest is not None
    assert (newest.view, newest.aspect) == (whole_view(1.5), 1.5)
    assert newest.pixels.dtype == np.float32
    assert newest.pixels.shape == (8, 4)


def test_a_frame_that_does_not_fit_is_refused_and_changes_nothing(slot: Slot) -> None:
    with pytest.raises(ValueError, match="expected at most 43200 bytes, received 43203"):
        slot.publish(np.zeros(43203, np.uint8), 0.0)
    assert slot.newest() is None


def test_a_frame_is_a_copy_that_later_ones_do_not_touch(slot: Slot) -> None:
    slot.publish(np.full(SHAPE, 7, np.uint8), 0.0)
    first = slot.newest()
    for n in range(9):
        slot.publish(np.full(SHAPE, n, np.uint8), 0.0)
    assert first is not None
    assert first.pixels.min() == first.pixels.max() == 7


def test_a_wait_ends_with_the_next_frame(slot: Slot) -> None:
    assert not slot.wait(0.01)
    slot.publish(np.zeros(SHAPE, np.uint8), 0.0)
    slot.publish(np.zeros(SHAPE, np.uint8), 0.0)
    assert slot.wait(0.0)
    assert not slot.wait(0.0), "two frames, but one newest: one wake-up"


def test_a_writer_killed_at_any_instant_leaves_a_whole_frame_and_nothing_locked(
    slot: Slot,
) -> None:
    spawn = multiprocessing.get_context("spawn")
    writer = spawn.Process(target=publish_for_ever, args=(slot,), daemon=True)
    writer.start()
    seen, deadline = 0, time.monotonic() + 20
    while seen < 300 and time.monotonic() < deadline:
        newest = slot.newest(after=seen)
        if newest:
            seen = newest.sequence
            assert newest.pixels.min() == newest.pixels.max() == newest.seen_at % 251
    assert writer.pid
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    last = slot.newest()
    assert last is not None
    assert last.pixels.min() == last.pixels.max()
    slot.publish(np.full(SHAPE, 3, np.uint8), 0.0)  # the next writer goes on
    after = slot.newest()
    assert after is not None
    assert after.sequence == last.sequence + 1
