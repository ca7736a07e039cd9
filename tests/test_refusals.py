import logging
from collections.abc import Callable

import pytest

from mappings.osc.refusals import LONGEST, MOST_KINDS, Refusals


class Later:
    """A loop whose one second passes when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], object]] = []

    def call_later(self, delay: float, callback: Callable[[], object]) -> None:
        self.waiting.append(callback)

    def a_second_passes(self) -> None:
        waiting, self.waiting = self.waiting, []
        for callback in waiting:
            callback()


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def refusals(later: Later) -> Refusals:
    return Refusals("OSC", later, logging.getLogger("mappings.osc.endpoint"))


def refuse(refusals: Refusals, *kinds: str) -> None:
    for kind in kinds:
        refusals.add(kind, lambda kind=kind: f"{kind}: no")  # type: ignore[misc]  # bound now


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_the_first_is_told_at_once(refusals: Refusals, caplog: pytest.LogCaptureFixture) -> None:
    refuse(refusals, "a")
    assert lines(caplog) == ["OSC: 1 refused: a: no"]


def test_those_that_follow_are_told_together_each_kind_with_its_count(
    refusals: Refusals, later: Later, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(refusals, "a", "a", "b", "a")
    assert len(caplog.records) == 1
    later.a_second_passes()
    assert lines(caplog)[1:] == ["OSC: 3 refused: a: no (2 times); b: no"]


def test_after_a_quiet_second_the_next_is_told_at_once_again(
    refusals: Refusals, later: Later, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(refusals, "a")
    later.a_second_passes()
    assert (len(caplog.records), later.waiting) == (1, [])
    refuse(refusals, "b")
    assert lines(caplog)[1:] == ["OSC: 1 refused: b: no"]


def test_a_flood_is_one_line_a_second_of_bounded_length_and_counted_right(
    refusals: Refusals, later: Later, caplog: pytest.LogCaptureFixture
) -> None:
    for second in range(5):
        refuse(refusals, *(f"{second} {each}" + "x" * 999 for each in range(1000)))
        later.a_second_passes()
    assert len(caplog.records) == 1 + 5
    assert "OSC: 999 refused: " in caplog.text
    assert f"; {999 - MOST_KINDS} more, of other kinds" in caplog.text
    assert max(map(len, lines(caplog))) < (MOST_KINDS + 1) * LONGEST


def test_only_a_sentence_that_is_told_is_asked_for(refusals: Refusals, later: Later) -> None:
    asked: list[int] = []
    for each in range(100):
        refusals.add(str(each), lambda each=each: asked.append(each) or "")  # type: ignore[misc]
    later.a_second_passes()
    assert asked == [0, *range(1, 1 + MOST_KINDS)]
