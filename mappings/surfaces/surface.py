"""What a surface of faders and buttons shows: pages of controls, from the parameter table.

Each control takes as many cells of its page as its kind needs.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from engine.parameters import Choice, Name, Numbered, Parameter, Switch, Table, Trigger, Whole
from mappings.mapping import CUE, RECALL
from mappings.surfaces.screen import COLUMNS, NOWHERE, Box, Place, Screen, Span, places

MOST_OPTIONS = 16  # of a choice that are shown at once
MOST_DIGITS = 8  # likewise of whole numbers
DEEPEST = 3  # rows that a pad takes
LETTER = 0.6  # the mean width of one, of the text's size
GROWN = 2.0  # how much higher than its cell a row is on a page that is not full

FREEZE, BLACKOUT, PANIC = "/master/freeze", "/master/blackout", "/master/panic"
HELD = 0.7  # seconds that panic is to be held: a thumb that slips must not end the show

# White is read easily on them (4.5 to 1, WCAG AA)
AMBER, VIOLET, TEAL, ROSE = "#9c5a00", "#7a45c8", "#00757d", "#b52f7a"
GREEN, BLUE, SLATE, RED = "#2a7a34", "#2f66c4", "#56657a", "#c8202c"
NIGHT, WHITE = "#0c0d10", "#ffffff"


class Sheet(NamedTuple):
    """``families``: the groups that are on it, by the first part of their addresses."""

    title: str
    colour: str
    families: tuple[str, ...]


DESK = Sheet("Strips", AMBER, ("strip",))
SHEETS = (
    Sheet("Layers", AMBER, ("strip",)),
    Sheet("Dream", VIOLET, ("dream",)),
    Sheet("Scope", TEAL, ("scope",)),
    Sheet("Colour", ROSE, ("colour", "source")),
    Sheet("Scenes", GREEN, ("scene", "cue")),
    Sheet("Modulators", BLUE, ("modulator",)),
)
REST = Sheet("More", SLATE, ())


# hold: a trigger that takes ``HELD`` seconds; steps: a fader between - and +; count: between them
# where it stands; pad: two faders crossed; recall: a scene's button; shown: where a parameter
# stands; sync: asks where everything stands
Kind = Literal[
    "fader",
    "steps",
    "count",
    "radio",
    "switch",
    "trigger",
    "hold",
    "pad",
    "recall",
    "shown",
    "sync",
]


@dataclass(frozen=True, slots=True)
class Control:
    """``parameters``: one, or those of a pad, across and down. ``options``: of a radio. ``number``:
    of the scene that is recalled."""

    kind: Kind
    title: str
    colour: str
    parameters: tuple[Parameter, ...] = ()
    options: tuple[str, ...] = ()
    number: int = 0
    box: Box = NOWHERE


Placed = tuple[Control, Span, Place]


@dataclass(frozen=True, slots=True)
class Page:
    """Has controls, or pages below tabs of their own."""

    title: str
    colour: str
    controls: tuple[Control, ...] = ()
    pages: tuple["Page", ...] = ()


@dataclass(frozen=True, slots=True)
class Surface:
    """``bar``: what is below every page; its boxes lie on the screen."""

    screen: Screen
    pages: tuple[Page, ...]
    bar: tuple[Control, ...]


def surface(table: Table, screen: Screen) -> Surface:
    """Every parameter of ``table``; a family that no sheet names is on the last."""
    named = {family for sheet in SHEETS for family in sheet.families}
    others = tuple(family for family in _families(table) if family not in named)
    sheets = (*SHEETS, REST._replace(families=others))
    pages = [page for sheet in sheets for page in _pages(sheet, table, screen)]
    return Surface(screen, (_desk(table, screen), *pages), _bar(table, screen))


def _families(table: Table) -> dict[str, list[str]]:
    """The prefixes of the groups of each."""
    families: dict[str, list[str]] = {}
    for group in table.groups:
        families.setdefault(group.prefix.split("/")[1], []).append(group.prefix)
    return families


def _pages(sheet: Sheet, table: Table, screen: Screen) -> Iterator[Page]:
    """As many as the sheet needs. Groups of one family, as the strips, have a page each."""
    families = _families(table)
    prefixes = [prefix for family in sheet.families for prefix in families.get(family, ())]
    controls = {prefix: list(_controls(prefix, sheet, table, screen)) for prefix in prefixes}
    if len(prefixes) == len(sheet.families):
        together = [control for each in controls.values() for control in each]
        yield from _filled(sheet, together, screen, screen.page, screen.rows)
    elif prefixes:
        inner = [sheet._replace(title=prefix.rpartition("/")[2]) for prefix in prefixes]
        pages = [
            page
            for each, own in zip(inner, controls.values(), strict=True)
            for page in _filled(each, own, screen, screen.page - screen.finger, screen.rows - 1)
        ]
        yield Page(sheet.title, sheet.colour, pages=tuple(pages))


def _controls(prefix: str, sheet: Sheet, table: Table, screen: Screen) -> Iterator[Control]:
    """Of one group. The sheet's first family needs no name."""
    family = prefix.split("/")[1]
    called = "" if family == sheet.families[0] else f"{family} "
    for parameter in table:
        address = parameter.address
        group, _, name = address.rpartition("/")
        if group != prefix or address in (FREEZE, BLACKOUT, PANIC):
            continue
        control = Control(
            _kind(parameter), called + name.replace("_", " "), sheet.colour, (parameter,)
        )
        across, down = f"{address[:-1]}x", f"{address[:-1]}y"
        if address == RECALL:
            for number in range(1, screen.scenes + 1):
                yield replace(control, kind="recall", title=str(number), number=number)
            yield replace(control, kind="shown", title="scene")
        elif address == across and down in table:
            pair = (parameter, table[down])
            yield replace(control, kind="pad", title=f"{control.title} y", parameters=pair)
        elif address != down or across not in table:
            yield replace(control, options=_options(parameter))


def _kind(parameter: Parameter) -> Kind:
    match parameter.kind:
        case Trigger():
            return "trigger"
        case Switch():
            return "switch"
        case Name() | Numbered():
            return "steps"
    if parameter.address == CUE:  # a fader would play every cue that it passes
        return "count"
    return "radio" if _options(parameter) else "fader"


def _options(parameter: Parameter) -> tuple[str, ...]:
    """What is chosen from where all of it can be shown."""
    match parameter.kind:
        case Name() | Numbered():
            return ()
        case Choice(options=options):
            shown = tuple(option.replace("_", " ") for option in options)
            return shown if 2 <= len(shown) <= MOST_OPTIONS else ()
        case Whole(low=low, high=high):
            digits = tuple(str(number) for number in range(int(low), int(high) + 1))
            return digits if 2 <= len(digits) <= MOST_DIGITS else ()
    return ()


def _filled(
    sheet: Sheet, controls: Sequence[Control], screen: Screen, height: int, rows: int
) -> Iterator[Page]:
    """Pages of at most ``rows``, as few as it takes and none much fuller than another."""
    pages = list(_placed(controls, screen, rows))
    for fewer in range(rows - 1, DEEPEST - 1, -1):
        evener = list(_placed(controls, screen, fewer))
        if len(evener) > len(pages):
            break
        pages = evener
    for number, page in enumerate(pages, 1):
        used = max(place.row + span.deep for _, span, place in page)
        row = min(height // used, int(GROWN * height / rows))
        placed = (
            replace(control, box=screen.box(place, span, row)) for control, span, place in page
        )
        title = sheet.title if number == 1 else f"{sheet.title} {number}"
        yield Page(title, sheet.colour, tuple(placed))


def _placed(controls: Sequence[Control], screen: Screen, rows: int) -> Iterator[list[Placed]]:
    """For each page of ``rows`` what is on it; pads first, on the right."""
    waiting = sorted(controls, key=lambda control: control.kind != "pad")
    while waiting:
        spans = [_span(control, screen) for control in waiting]
        found = list(zip(waiting, spans, places(spans, rows), strict=True))
        yield [(control, span, place) for control, span, place in found if place]
        waiting = [control for control, _, place in found if not place]


def _span(control: Control, screen: Screen) -> Span:
    """The first column of a radio is its title."""
    match control.kind:
        case "fader" | "count":
            return Span(2, 1)
        case "steps":
            return Span(4, 1)
        case "pad":
            return Span(2, DEEPEST, right=True)
        case "radio":
            longest = max(len(word) for option in control.options for word in option.split())
            option = max((longest * LETTER + 1) * screen.text, screen.finger)
            width = option * len(control.options)
            return Span(min(1 + math.ceil(width / screen.column), COLUMNS), 1)
    return Span(1, 1)


def _desk(table: Table, screen: Screen) -> Page:
    """The strips beside each other."""
    row = screen.page // screen.rows
    controls: list[Control] = []
    for at, prefix in enumerate(_families(table)["strip"]):
        number = prefix.rpartition("/")[2]
        foot = row * (screen.rows - 1)
        places: tuple[tuple[str, Kind, str, Box], ...] = (
            ("channel", "fader", "ch", screen.across(at, at + 1, 0, row)),
            ("gain", "fader", number, screen.across(at, at + 1, row, foot - row)),
            ("mute", "switch", "M", screen.across(at, at + 0.5, foot, row)),
            ("solo", "switch", "S", screen.across(at + 0.5, at + 1, foot, row)),
        )
        controls += [
            Control(kind, title, DESK.colour, (table[f"{prefix}/{name}"],), box=box)
            for name, kind, title, box in places
        ]
    return Page(DESK.title, DESK.colour, tuple(controls))


def _bar(table: Table, screen: Screen) -> tuple[Control, ...]:
    """What saves a show; panic lies apart."""
    top = screen.height - screen.finger
    saving: tuple[tuple[str, Kind, str, str, int, int], ...] = (
        (FREEZE, "switch", "freeze", BLUE, 1, 3),
        (BLACKOUT, "switch", "blackout", SLATE, 3, 5),
        (PANIC, "hold", "hold to panic", RED, 7, 8),
    )
    return (
        Control("sync", "sync", SLATE, box=screen.across(0, 1, top, screen.finger)),
        *(
            Control(
                kind,
                title,
                colour,
                (table[address],),
                box=screen.across(start, end, top, screen.finger),
            )
            for address, kind, title, colour, start, end in saving
        ),
    )
