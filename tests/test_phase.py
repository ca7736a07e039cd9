import pytest

from installation.phase import LEAD_SECONDS, NUDGE_SECONDS, nudge

REFRESH = 1 / 60
LOOKED = 1000.0


def waited(done: float) -> float:
    """From a dream that is done to the stage's look at it."""
    return (LOOKED - done) % REFRESH


@pytest.mark.parametrize("frame", [REFRESH, 2 * REFRESH, 1.005 * REFRESH])
@pytest.mark.parametrize("start", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_dreams_come_to_be_done_just_before_they_are_looked_for(frame: float, start: float) -> None:
    done = LOOKED + start * REFRESH
    waits = []
    for _ in range(120):
        moved = nudge(done, frame, LOOKED, REFRESH)
        assert abs(moved) <= NUDGE_SECONDS
        done += frame + moved
        waits.append(waited(done))
    drift = abs(frame - round(frame / REFRESH) * REFRESH)
    assert waits[-1] == pytest.approx(LEAD_SECONDS, abs=drift + 1e-9)


def test_the_shorter_way_is_taken() -> None:
    assert nudge(LOOKED - LEAD_SECONDS + 0.0002, REFRESH, LOOKED, REFRESH) == pytest.approx(-0.0002)
    assert nudge(LOOKED - LEAD_SECONDS - 0.0002, REFRESH, LOOKED, REFRESH) == pytest.approx(0.0002)


@pytest.mark.parametrize(
    ("frame", "refresh"), [(1 / 24, REFRESH), (1 / 50, REFRESH), (1 / 120, REFRESH), (1 / 60, 0.0)]
)
def test_rates_that_do_not_meet_are_left_alone(frame: float, refresh: float) -> None:
    assert nudge(LOOKED + 0.005, frame, LOOKED, refresh) == 0.0
