"""One device that is plugged in: from its messages to turns, as its mapping says."""

from collections.abc import Iterator, Sequence

from engine.parameters import Table
from mappings.mapping import (
    RECALL,
    Control,
    ControlEvent,
    ControlKind,
    Encoder,
    Follow,
    Mapping,
    Press,
    Row,
    Standing,
    Turn,
)
from mappings.midi.decoding import Decoder, Halved
from mappings.midi.gliding import Glide
from mappings.midi.takeover import Grip, Waiting

BUTTONS = ("note", "program")  # what is pressed anew each time that it is heard

Message = Sequence[int]
Moved = tuple[ControlEvent, float]  # and when


class Controller:
    """Remembers where the controls stand, and which of them hold their parameters. ``now``, ``at``:
    ``time.monotonic()`` seconds."""

    def __init__(self, mapping: Mapping, table: Table) -> None:
        self._table = table
        self._decoder = Decoder()
        self._rows: dict[tuple[ControlKind, int | str], list[Row]] = {}
        self._grips: dict[Row, Grip] = {}
        self._left: dict[Row, float] = {}  # of a turn by less than one whole number
        self._stood: dict[Row, float] = {}  # the last position of what is pressed
        self._glides: dict[str, Glide] = {}  # by address
        self.use(mapping)

    def use(self, mapping: Mapping) -> None:
        """What stays the same in it keeps its hold."""
        self.mapping = mapping
        self._rows.clear()
        for row in mapping.rows:
            self._rows.setdefault((row.control.kind, row.control.name), []).append(row)
        kept = set(mapping.rows)
        self._grips = {row: grip for row, grip in self._grips.items() if row in kept}
        self._halved: set[Halved] = {
            (channel, int(row.control.name))
            for row in mapping.rows
            if row.control.bits == 14
            for channel in ([row.control.channel] if row.control.channel else range(1, 17))
        }

    def plugged(self) -> None:
        """It came back: nothing is known of where its controls stand."""
        self._decoder = Decoder()
        self._stood.clear()
        self.let_go()

    def let_go(self) -> None:
        """Every control must take hold anew; what was on its way stays where it is."""
        self._glides.clear()
        for grip in self._grips.values():
            grip.let_go()

    def raw(self, message: Message, at: float) -> list[ControlEvent]:
        """What moved, whatever the mapping makes of it."""
        return self._decoder.events(message, at)

    def moved(self, messages: Sequence[tuple[Message, float]]) -> list[Moved]:
        """What ``messages``, each with its time, say; of a knob's travel only its end."""
        moved = [
            (event, at)
            for message, at in messages
            for event in self._decoder.events(message, at, self._halved)
        ]
        return [moved[index] for index in self._newest([event for event, _ in moved])]

    def turns(self, moved: Sequence[Moved], values: Standing) -> list[Turn]:
        """What that asks for. ``values``: where the knobs stand."""
        return [turn for event, at in moved for turn in self._asked(event, at, values)]

    def glided(self, now: float) -> list[Turn]:
        """Where the parameters have got to that are on their way."""
        turns = [
            Turn(address, glide.at(now), "position") for address, glide in self._glides.items()
        ]
        for address in [each for each, glide in self._glides.items() if glide.over(now)]:
            del self._glides[address]
        return turns

    def turned_elsewhere(self, address: str) -> None:
        """What is turned from elsewhere than by a glide glides no more."""
        self._glides.pop(address, None)

    def waiting(self, values: Standing) -> list[Waiting]:
        """The controls that have moved and do not hold their parameters yet."""
        found = (grip.waiting(values[row.action.address]) for row, grip in self._grips.items())
        return [each for each in found if each]

    def _newest(self, events: Sequence[ControlEvent]) -> list[int]:
        """The places of ``events`` that count: without those that a knob has left again."""
        kept: dict[int, None] = {}
        last: dict[Control, int] = {}
        for index, event in enumerate(events):
            before = last.get(event.control)
            if before is not None and self._overtakes(event, events[before]):
                del kept[before]
            last[event.control] = index
            kept[index] = None
        return list(kept)

    def _overtakes(self, event: ControlEvent, before: ControlEvent) -> bool:
        """Each step of an endless control counts, and each press; a knob may be a button."""
        if event.control.kind in BUTTONS or event.steps or before.steps:
            return False
        actions = [row.action for row in self._covering(event.control)]
        if any(isinstance(action, Encoder) for action in actions):
            return False
        follows = all(isinstance(action, Follow) and not action.held for action in actions)
        again = event.position == before.position  # as in ``_pressed_anew``
        return follows or (event.pressed == before.pressed and not again)

    def _covering(self, control: Control) -> list[Row]:
        near = self._rows.get((control.kind, control.name), ())
        return [row for row in near if row.control.covers(control)]

    def _asked(self, event: ControlEvent, at: float, values: Standing) -> Iterator[Turn]:
        rows = self._covering(event.control)
        if event.control.kind == "program" and not rows:
            yield from self._recalled(int(event.control.name) + 1)
        for row in rows:
            match row.action:
                case Follow(held=False) as follow if not event.steps:
                    yield from self._followed(row, follow, event.position, at, values)
                case Encoder() as encoder if encoder.stepped:
                    yield from self._stepped(row, encoder, encoder.steps(event))
                case Press() if not self._pressed_anew(row, event):
                    pass
                case action:
                    yield from action.turns(event)

    def _recalled(self, scene: int) -> Iterator[Turn]:
        """A program of a bank that no scene can have the number of is not the last scene."""
        if scene <= self._table[RECALL].kind.high:
            yield Turn(RECALL, scene)

    def _followed(
        self, row: Row, follow: Follow, along: float, at: float, values: Standing
    ) -> Iterator[Turn]:
        address, kind = follow.address, self._table[follow.address].kind
        glide = self._glides.get(address)
        value = kind.at(glide.end) if glide else values[address]
        grip = self._grips.setdefault(row, Grip(follow, kind))
        position = grip.moved(along, value, at)
        if position is None:
            return
        if not follow.smoothing:
            self._glides.pop(address, None)
            yield Turn(address, position, "position")
            return
        if not glide and kind.at(position) == value:
            return
        start = glide.at(at) if glide else kind.position(value)
        self._glides[address] = Glide(start, position, at, follow.smoothing)

    def _stepped(self, row: Row, encoder: Encoder, steps: float) -> Iterator[Turn]:
        amount = self._left.get(row, 0.0) + steps * encoder.amount
        self._left[row] = amount - int(amount)
        if int(amount):
            yield Turn(encoder.address, int(amount), encoder.how)

    def _pressed_anew(self, row: Row, event: ControlEvent) -> bool:
        """A pedal, or a fader, says more than once that it is down; but many a button says nothing
        when it is let go, and the same at each press."""
        before = self._stood.get(row, 0.0)
        self._stood[row] = event.position
        button = event.control.kind in BUTTONS or event.position == before
        return event.pressed and (button or before < 0.5)
