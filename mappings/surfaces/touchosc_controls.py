"""What the controls of a TouchOSC layout are made of."""

from collections.abc import Iterable, Iterator, Sequence
from math import isclose

import py2tosc
from py2tosc import AlignH, ButtonType, Orientation, OscMessage, OutlineStyle, Response, Value
from py2tosc import Control as Node

from engine.parameters import Choice, Number, Parameter, Ratio, Table, Whole
from mappings.osc.echo import spoken
from mappings.osc.meaning import scene_name
from mappings.surfaces.screen import COLUMNS, Box, Screen
from mappings.surfaces.surface import HELD, LETTER, Control
from mappings.surfaces.touchosc_messages import (
    PRESSED,
    at_position,
    at_value,
    held,
    one_of,
    pressed,
    shown,
    stepped,
    syncing,
    upside_down,
)

GAP = 4  # points between controls
MARGIN = 8  # beside text
ROUND = 10.0  # the corners of what is pressed; what stays on has sharp ones
LINE = 1.6  # of the text's size
SCENE = 13  # letters of a scene's name in one line
DIGITS = 6  # of a number that is not whole: a label would show all that a float has
BARE = {"background": False, "outline": False}


class Drawer:
    """Makes the nodes of one screen; they stand where ``table`` starts."""

    def __init__(self, screen: Screen, table: Table) -> None:
        self.text, self.finger = screen.text, screen.finger
        self._screen = screen
        self._table = table

    def drawn(self, control: Control) -> Node:
        """A group of what the control is made of."""
        left, top, width, height = control.box
        box = Box(left + GAP // 2, top + GAP // 2, width - GAP, height - GAP)
        of = control.parameters[0].address if control.parameters else "all"
        parts = self._parts(control, box._replace(left=0, top=0))
        return py2tosc.group(
            name=f"{of} {control.title}".rstrip(), frame=box, children=list(parts), **BARE
        )

    def _parts(self, control: Control, box: Box) -> Iterable[Node]:
        match control.kind:
            case "fader":
                return self._fader(control, box)
            case "steps" | "count":
                return self._steps(control, box)
            case "radio":
                return self._radio(control, box)
            case "pad":
                return self._pad(control, box)
            case "shown":
                return self._shown(control, box)
            case "recall":
                return self._recall(control, box)
        return self._button(control, box)

    def _fader(self, control: Control, box: Box) -> Iterator[Node]:
        (parameter,) = control.parameters
        upright = box.height > box.width
        yield py2tosc.fader(
            name=parameter.address,
            frame=box,
            color=control.colour,
            orientation=Orientation.NORTH if upright else Orientation.EAST,
            response=Response.RELATIVE,
            centered=_centred(parameter),
            cursor=False,
            grid=False,
            outline_style=OutlineStyle.FULL,
            values=_values(x=self._position(parameter)),
            messages=[at_position(parameter)],
        )
        if upright:
            line = round(self.text * LINE)
            yield self._value(parameter, Box(box.left, MARGIN, box.width, line))
            foot = Box(box.left, box.height - line - MARGIN, box.width, line)
            yield self._label(control.title, foot)
        elif control.title:
            yield from self._named(control.title, parameter, box)
        else:
            yield self._value(parameter, box)

    def _named(self, title: str, parameter: Parameter, box: Box) -> Iterator[Node]:
        """On the left what it is called, on the right where it stands; a name takes what it
        needs."""
        width = box.width - 2 * MARGIN
        letter = self.text * LETTER
        room = width - max(map(len, title.split())) * letter - GAP
        right = round(max(width * 0.4, min(_longest(parameter) * letter + GAP, room)))
        name = Box(box.left + MARGIN, box.top, width - right, box.height)
        value = Box(name.left + name.width, box.top, right, box.height)
        yield self._label(title, name, AlignH.LEFT)
        yield self._value(parameter, value, AlignH.RIGHT)

    def _steps(self, control: Control, box: Box) -> Iterator[Node]:
        (parameter,) = control.parameters
        counts = control.kind == "count"
        side = self.finger if counts else max(self.finger, box.width // COLUMNS)
        for sign, left in (("-", 0), ("+", box.width - side)):
            end = Box(left, 0, side, box.height)
            yield self._pushed(
                f"{parameter.address} {sign}", control, end, [stepped(parameter, sign)]
            )
            yield self._label(sign, end)
        middle = Box(side + GAP, 0, box.width - 2 * (side + GAP), box.height)
        named = self._named(control.title, parameter, middle)
        yield from named if counts else self._fader(control, middle)

    def _radio(self, control: Control, box: Box) -> Iterator[Node]:
        (parameter,) = control.parameters
        count = len(control.options)
        first = self._screen.column
        choice = Box(first, 0, box.width - first, box.height)
        yield self._label(control.title, Box(0, 0, first - GAP, box.height), AlignH.RIGHT)
        yield py2tosc.radio(
            name=parameter.address,
            frame=choice,
            color=control.colour,
            steps=count,
            outline_style=OutlineStyle.FULL,
            values=_values(x=self._start(parameter) - parameter.kind.low),
            messages=[one_of(parameter, count)],
        )
        for number, option in enumerate(control.options):
            left, right = (first + round(at * choice.width / count) for at in (number, number + 1))
            yield self._label(option, Box(left, 0, right - left, box.height))

    def _pad(self, control: Control, box: Box) -> Iterator[Node]:
        across, down = control.parameters
        yield py2tosc.xy(
            name=f"{across.address} {down.address}",
            frame=box,
            color=control.colour,
            grid_x=False,
            grid_y=False,
            outline_style=OutlineStyle.FULL,
            values=_values(x=self._position(across), y=1 - self._position(down)),
            messages=[at_position(across), upside_down(down)],
        )
        line = round(self.text * LINE)
        yield self._label(control.title, Box(0, 0, box.width, line))
        foot, half = box.height - line, box.width // 2
        yield self._value(across, Box(0, foot, half, line))
        yield self._value(down, Box(half, foot, box.width - half, line))

    def _shown(self, control: Control, box: Box) -> Iterator[Node]:
        (parameter,) = control.parameters
        half = box.height // 2
        yield self._label(control.title, Box(0, 0, box.width, half))
        yield self._value(parameter, Box(0, half, box.width, box.height - half))

    def _recall(self, control: Control, box: Box) -> Iterator[Node]:
        """A scene's name, and in the corner its number."""
        (parameter,), number = control.parameters, control.number
        yield self._pushed(parameter.address, control, box, [pressed(parameter, number)])
        line = round(self.text * LINE)
        yield self._label(control.title, Box(MARGIN, 0, box.width - MARGIN, line), AlignH.LEFT)
        yield py2tosc.text(
            name=scene_name(number),
            frame=Box(0, line, box.width, box.height - line),
            text_size=self._fitting(SCENE, box),
            values=_values(text=""),
            messages=[shown(scene_name(number))],
            **BARE,
        )

    def _button(self, control: Control, box: Box) -> Iterator[Node]:
        match control.kind:
            case "switch":
                yield self._switch(control.parameters[0], control, box)
            case "sync":
                yield self._pushed("sync", control, box, syncing(PRESSED))
            case "hold":
                (parameter,) = control.parameters
                button = self._pushed(parameter.address, control, box, ())
                yield button.set("script", held(parameter, HELD))
            case _:
                ((parameter,), number) = control.parameters, control.number or 1
                yield self._pushed(parameter.address, control, box, [pressed(parameter, number)])
        yield self._label(control.title, box)

    def _switch(self, parameter: Parameter, control: Control, box: Box) -> Node:
        return py2tosc.button(
            name=parameter.address,
            frame=box,
            color=control.colour,
            button_type=ButtonType.TOGGLE_PRESS,
            outline_style=OutlineStyle.FULL,
            values=_values(x=self._start(parameter)),
            messages=[at_value(parameter)],
        )

    def _pushed(
        self, name: str, control: Control, box: Box, messages: Sequence[OscMessage]
    ) -> Node:
        return py2tosc.button(
            name=name,
            frame=box,
            color=control.colour,
            button_type=ButtonType.MOMENTARY,
            corner_radius=ROUND,
            outline_style=OutlineStyle.FULL,
            messages=list(messages),
        )

    def _label(self, text: str, box: Box, align: AlignH = AlignH.CENTER) -> Node:
        """On as many lines as it has words, if need be, and small enough for the longest."""
        return py2tosc.text(
            name=f"{text} name",
            frame=box,
            text_size=self._fitting(max(map(len, text.split()), default=1), box),
            text_align_h=align,
            values=_values(text=text),
            **BARE,
        )

    def _fitting(self, letters: int, box: Box) -> int:
        """The size of a text that has so many in a line."""
        return min(self.text, int((box.width - GAP) / (LETTER * letters)))

    def _value(self, parameter: Parameter, box: Box, align: AlignH = AlignH.CENTER) -> Node:
        exact = isinstance(parameter.kind, Number | Ratio)
        start = spoken(parameter, self._start(parameter))
        return py2tosc.label(
            name=f"{parameter.address} value",
            frame=box,
            text_size=self._fitting(_longest(parameter), box),
            text_align_h=align,
            text_length=DIGITS if exact else 0,
            values=_values(text=f"{start:g}" if isinstance(start, float) else str(start)),
            messages=[shown(parameter.address)],
            **BARE,
        )

    def _start(self, parameter: Parameter) -> float:
        return self._table.defaults[parameter.index]

    def _position(self, parameter: Parameter) -> float:
        return parameter.kind.position(self._start(parameter))


def _longest(parameter: Parameter) -> int:
    """How many letters there are in what it may stand at."""
    match parameter.kind:
        case Choice(options=options):
            return max(map(len, options))
        case Whole(low=low, high=high):
            return max(len(f"{end:g}") for end in (low, high))
    return DIGITS


def _values(**starts: float | str) -> list[Value]:
    """Every control has ``touch``."""
    return [*(Value(key, default=start) for key, start in starts.items()), Value("touch")]


def _centred(parameter: Parameter) -> bool:
    """Whether nothing, or once, lies in the middle."""
    match parameter.kind:
        case Number(low=low, high=high):
            return low == -high
        case Ratio(low=low, high=high):
            return isclose(low * high, 1)
    return False
