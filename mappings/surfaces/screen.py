"""A screen, and the grid that its pages are.

Lengths are points; a box lies on its page, x to the right, y down.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

COLUMNS = 8  # as many as there are strips
FINGER = 9.0  # millimetres that one needs


class Box(NamedTuple):
    left: int
    top: int
    width: int
    height: int


NOWHERE = Box(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Screen:
    """``glass``: the width of the smallest there is, in millimetres. ``rows``: of a page's grid.
    ``text``: its size. ``scenes``: how many have a button."""

    width: int
    height: int
    glass: float
    rows: int
    text: int
    scenes: int

    @property
    def finger(self) -> int:
        """Points that one needs: so high are tabs, and the bar below the pages."""
        return math.ceil(FINGER * self.width / self.glass)

    @property
    def page(self) -> int:
        """The height of a page."""
        return self.height - 2 * self.finger

    @property
    def column(self) -> int:
        """The width of one, at least."""
        return self.width // COLUMNS

    def across(self, start: float, end: float, top: int, height: int) -> Box:
        """From one column to another."""
        left, right = (round(column * self.width / COLUMNS) for column in (start, end))
        return Box(left, top, right - left, height)

    def box(self, place: "Place", span: "Span", row: int) -> Box:
        """``row``: the height of one."""
        column, top = place
        return self.across(column, column + span.wide, top * row, span.deep * row)


SCREENS = {
    "phone": Screen(812, 375, glass=150.0, rows=5, text=13, scenes=24),
    "tablet": Screen(1024, 640, glass=151.0, rows=8, text=17, scenes=32),  # of 7 inches
}


class Span(NamedTuple):
    """Columns and rows. ``right``: the side from which a place is looked for."""

    wide: int
    deep: int
    right: bool = False


class Place(NamedTuple):
    """The cell at the top left."""

    column: int
    row: int


def places(spans: Sequence[Span], rows: int) -> Iterator[Place | None]:
    """For each the first that is free, from the top; None where there is none."""
    taken: set[Place] = set()
    for span in spans:
        place = next(
            (each for each in _corners(span, rows) if not _cells(each, span) & taken), None
        )
        if place:
            taken |= _cells(place, span)
        yield place


def _corners(span: Span, rows: int) -> Iterator[Place]:
    columns = range(COLUMNS - span.wide + 1)
    sides = columns[::-1] if span.right else columns
    return (Place(column, row) for row, column in product(range(rows - span.deep + 1), sides))


def _cells(place: Place, span: Span) -> set[Place]:
    column, row = place
    return {
        Place(column + right, row + down)
        for right, down in product(range(span.wide), range(span.deep))
    }
