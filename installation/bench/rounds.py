"""Times several things in turns, round by round, so that what disturbs the machine for a while
disturbs all of them."""

import statistics
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Turn = Callable[[float], Sequence[float]]  # seconds to fill -> seconds of each call in them

LEAST = 2  # calls in a turn, however slow


@dataclass(frozen=True, slots=True)
class Pace:
    """``seconds``: of each turn. ``limit``: seconds after which no other round begins, so that a
    slow machine is not waited for."""

    rounds: int
    seconds: float
    limit: float = 60.0


def turn(
    work: Callable[[], object],
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> list[float]:
    """Seconds that each call took. The first does not count: others have had the caches, and
    threads that spin when they have nothing to do come to rest."""
    work()
    took: list[float] = []
    end = clock() + seconds
    while len(took) < LEAST or clock() < end:
        began = clock()
        work()
        took.append(clock() - began)
    return took


def interleaved(
    turns: Mapping[Key, Turn], pace: Pace, clock: Callable[[], float] = time.perf_counter
) -> dict[Key, float]:
    """Milliseconds of one call of each: the median over the rounds of each turn's median."""
    medians: dict[Key, list[float]] = {key: [] for key in turns}
    end = clock() + pace.limit
    for number in range(pace.rounds):
        if number and clock() >= end:
            break
        for key, take in turns.items():
            medians[key].append(statistics.median(take(pace.seconds)))
    return {key: 1000 * statistics.median(each) for key, each in medians.items()}


def timed(work: Callable[[], object], pace: Pace) -> float:
    """Milliseconds of one call of what nothing is compared with."""
    return interleaved({0: lambda seconds: turn(work, seconds)}, pace)[0]
