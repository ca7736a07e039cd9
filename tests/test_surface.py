from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import pytest

from engine.parameters import Group, Table, choice, number, switch, whole
from installation.settings import table
from mappings.surfaces.screen import COLUMNS, SCREENS, Box, Place, Screen, Span, places
from mappings.surfaces.surface import (
    AMBER,
    BLUE,
    GREEN,
    RED,
    ROSE,
    SLATE,
    TEAL,
    VIOLET,
    Control,
    Page,
    surface,
)

TABLE = table()


@pytest.fixture(params=SCREENS)
def screen(request: pytest.FixtureRequest) -> Screen:
    return SCREENS[request.param]


@dataclass(frozen=True, slots=True)
class Novelty:
    """What somebody declares tomorrow."""

    wonder: float = number(0.0, 0.0, 1.0, "…")
    magic: bool = switch("…")
    few: int = whole(1, 1, 4, "…")
    many: int = whole(1, 1, 400, "…")
    one_of: str = choice("a", [f"a{'b' * count}" for count in range(40)], "…")
    only: str = choice("this", ["this"], "…")
    here_x: float = number(0.0, 0.0, 1.0, "…")
    here_y: float = number(0.0, 0.0, 1.0, "…")
    far_x: float = number(0.0, 0.0, 1.0, "…")
    far_y: float = number(0.0, 0.0, 1.0, "…")


def leaves(pages: tuple[Page, ...]) -> Iterator[Page]:
    for page in pages:
        yield from leaves(page.pages) if page.pages else [page]


def controls(among: Table, screen: Screen) -> Iterator[Control]:
    drawn = surface(among, screen)
    yield from drawn.bar
    for page in leaves(drawn.pages):
        yield from page.controls


def test_no_fader_passes_by_every_cue(screen: Screen) -> None:
    (cue,) = (each for each in controls(TABLE, screen) if each.title == "cue at")
    assert cue.kind == "count"


def apart(one: Box, other: Box) -> bool:
    return (
        one.left + one.width <= other.left
        or other.left + other.width <= one.left
        or one.top + one.height <= other.top
        or other.top + other.height <= one.top
    )


def test_every_parameter_has_a_control(screen: Screen) -> None:
    reached = {each.address for control in controls(TABLE, screen) for each in control.parameters}
    assert reached == {parameter.address for parameter in TABLE}


def test_controls_lie_beside_each_other_on_their_page(screen: Screen) -> None:
    for page in leaves(surface(TABLE, screen).pages):
        boxes = [control.box for control in page.controls]
        assert all(apart(*two) for two in combinations(boxes, 2)), page.title
        assert max(box.left + box.width for box in boxes) <= screen.width
        assert max(box.top + box.height for box in boxes) <= screen.page


def test_a_group_that_no_sheet_names_is_on_the_last(screen: Screen) -> None:
    more = Table([*TABLE.groups, Group("/novelty", Novelty)])
    last = [page for page in surface(more, screen).pages if page.title.startswith("More")]
    shown = {
        each.address: control
        for page in last
        for control in page.controls
        for each in control.parameters
    }
    kinds = {name: shown[f"/novelty/{name}"].kind for name in Novelty.__annotations__}
    assert kinds == {
        "wonder": "fader",
        "magic": "switch",
        "few": "radio",
        "many": "fader",
        "one_of": "fader",  # forty do not fit
        "only": "fader",
        "here_x": "pad",
        "here_y": "pad",
        "far_x": "pad",
        "far_y": "pad",
    }


def test_what_does_not_fit_is_on_a_further_page(screen: Screen) -> None:
    groups = [Group(f"/novelty{count}", Novelty) for count in range(6)]
    more = Table([*TABLE.groups, *groups])
    titles = [page.title for page in surface(more, screen).pages if page.title.startswith("More")]
    assert titles == ["More", *(f"More {number}" for number in range(2, len(titles) + 1))]
    assert len(titles) > 1
    reached = [each.address for control in controls(more, screen) for each in control.parameters]
    assert {parameter.address for parameter in more} == set(reached)


def test_no_page_is_much_fuller_than_the_next_of_its_sheet(screen: Screen) -> None:
    rows: dict[str, list[int]] = {}
    for page in surface(TABLE, screen).pages:
        if not page.pages:
            tops = {control.box.top for control in page.controls}
            rows.setdefault(page.title.rstrip(" 0123456789"), []).append(len(tops))
    assert max(map(len, rows.values())) > 1
    assert all(max(counts) - min(counts) <= 1 for counts in rows.values()), rows


def test_places_are_taken_from_the_left_or_from_the_right_and_never_twice() -> None:
    spans = [Span(2, 1), Span(2, 2, right=True), Span(5, 1), Span(4, 1), Span(2, 1), Span(1, 1)]
    assert list(places(spans, rows=2)) == [
        Place(0, 0),
        Place(COLUMNS - 2, 0),
        Place(0, 1),
        Place(2, 0),
        None,
        Place(5, 1),
    ]


def luminance(colour: str) -> float:
    """Of WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("colour", [AMBER, VIOLET, TEAL, ROSE, GREEN, BLUE, SLATE, RED])
def test_white_is_read_easily_on_every_colour(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5
