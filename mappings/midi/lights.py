"""What one device is told, so that its lamps, rings and motors stand as the parameters do."""

from collections.abc import Mapping, Sequence

from engine.parameters import Parameter, Table, Trigger
from mappings.mapping import Action, ControlEvent, ControlKind, Encoder, Follow, Light, Row

RATE = 30.0  # times a second that one light is told
QUIET = 0.2  # seconds in which a knob in a hand is not told where it stands
MOST = 300.0  # messages a second to a device: a DIN cable carries 1000, and others send on it too
AT_ONCE = 20.0  # messages, after a rest


class Lights:
    """The newest value of each light wins; what the device shows already is not told again."""

    def __init__(self, rows: Sequence[Row], table: Table, values: Mapping[str, float]) -> None:
        """``values``: where each parameter stands, for the start. Triggers have none."""
        self._table = table
        self._turned_by: dict[tuple[ControlKind, int | str], list[Row]] = {}
        self._showing: dict[str, list[Row]] = {}
        self._wanted: dict[Light, int] = {}
        self._shown: dict[Light, int] = {}  # as far as is known
        self._waiting: dict[Light, None] = {}  # in order
        self._quiet_until: dict[Light, float] = {}
        self._credit = 0.0  # messages
        self._asked_at = 0.0
        for row in rows:
            if row.light:
                control = (row.control.kind, row.control.name)
                self._turned_by.setdefault(control, []).append(row)
                self._showing.setdefault(row.action.address, []).append(row)
        for address in self._showing:
            self.changed(address, values.get(address, 0.0))

    def changed(self, address: str, value: float) -> None:
        for row in self._showing.get(address, ()):
            assert row.light
            along = reached(row.action, self._table[address], value)
            self._wanted[row.light] = told(row.light, along)
            self._compare(row.light)

    def moved(self, event: ControlEvent, now: float) -> None:
        """A hand has moved this control. A knob shows by itself where it stands, and is told
        nothing else before the hand has rested; a button may light its own lamp while it is held,
        and put it out."""
        for row in self._turned_by.get((event.control.kind, event.control.name), ()):
            if row.light is None or not row.control.covers(event.control):
                continue
            if _stands_for_itself(row, row.light):
                self._shown[row.light] = told(row.light, event.position)
                self._quiet_until[row.light] = now + QUIET
            elif not event.pressed or isinstance(row.action, Encoder):
                self._shown.pop(row.light, None)
            self._compare(row.light)

    def due(self, now: float) -> list[tuple[Light, int]]:
        """What is to be told now. ``now``: seconds of one clock, the same as in ``moved``."""
        self._credit = min(self._credit + (now - self._asked_at) * MOST, AT_ONCE)
        self._asked_at = now
        ready = [each for each in self._waiting if self._quiet_until.get(each, now) <= now]
        ready = ready[: int(self._credit)]
        self._credit -= len(ready)
        for light in ready:
            del self._waiting[light]
            self._shown[light] = self._wanted[light]
            self._quiet_until[light] = now + 1 / RATE
        return [(light, self._wanted[light]) for light in ready]

    def out(self) -> list[tuple[Light, int]]:
        """What puts the lamps out. A knob or a fader that shows by itself where it stands is left
        there: it may have a motor."""
        rows = [row for showing in self._showing.values() for row in showing]
        lamps = {row.light for row in rows if row.light and not _stands_for_itself(row, row.light)}
        return [(light, light.off) for light in self._wanted if light in lamps]

    def _compare(self, light: Light) -> None:
        if self._wanted[light] == self._shown.get(light):
            self._waiting.pop(light, None)
        else:
            self._waiting.setdefault(light)


def reached(action: Action, parameter: Parameter, value: float) -> float:
    """How far the light of an action is turned up, 0..1, where its parameter has this value. What
    adds, multiplies or fires shows nothing."""
    if isinstance(parameter.kind, Trigger):
        return 0.0
    if isinstance(action, Follow):
        return action.reached(parameter.kind.position(value))
    if isinstance(action, Encoder):
        return parameter.kind.position(value)
    match action.turn.how:
        case "toggle":
            return float(value > parameter.kind.low)
        case "value":
            return float(value == parameter.value(action.turn.amount))
    return 0.0


def told(light: Light, along: float) -> int:
    return round(light.off + along * (light.on - light.off))


def _stands_for_itself(row: Row, light: Light) -> bool:
    """Whether it is a knob or a fader that shows where it stands."""
    same = (row.control.kind, row.control.name) == (light.control.kind, light.control.name)
    return same and isinstance(row.action, Follow) and not row.action.held
