"""Where every turn ends, whoever makes it: the only writer of the bank."""

import logging
from collections.abc import Callable, Mapping, Sequence

from engine.bank import Bank, Moment
from engine.parameters import Table, Trigger
from mappings.mapping import Turn, settled

PANIC, RESET = "/master/panic", "/dream/reset"

Refuse = Callable[[Exception], None]
Hear = Callable[[str, float], None]
Act = Callable[[float], None]

log = logging.getLogger("control")


class Desk:
    """What arrives together becomes one write, in the order it came. Who ``hears`` is told what
    each parameter came to stand at; of triggers nothing, because a client that sends back what it
    is told would fire them again. Who ``acts`` on a parameter is called after the write, each time
    that it was turned, also to where it stood already; what cannot be done is told to whoever has
    turned it."""

    def __init__(
        self,
        parameters: Table,
        bank: Bank,
        start: Sequence[float],
        soon: Callable[[Callable[[], None]], object],
    ) -> None:
        """``start``: what panic goes back to. ``soon``: calls a function a little later, once
        everything that has arrived was handed in."""
        self.values: dict[str, float] = {}  # where each knob stands; not of triggers
        self._parameters = parameters
        self._bank = bank
        self._start = start
        self._soon = soon
        self._pending: list[tuple[Turn, Refuse]] = []
        self._hearing: list[Hear] = []
        self._witnessing: list[Hear] = []
        self._acting: dict[str, list[Act]] = {}
        self._stand_as_the_bank_says()

    def hear(self, hear: Hear) -> None:
        self._hearing.append(hear)

    def witness(self, witness: Hear) -> None:
        """``witness`` is called for each trigger that is fired, with how often at once."""
        self._witnessing.append(witness)

    def act(self, address: str, act: Act) -> None:
        """``act`` is called with the value, of a trigger with how often it was fired at once; it
        may raise LookupError, OSError or ValueError with a sentence."""
        self._acting.setdefault(address, []).append(act)

    def turn(self, turns: Sequence[Turn], refuse: Refuse) -> None:
        """``refuse`` is called with the sentence of a turn that means nothing, or of what should
        have come of it and cannot be done."""
        if turns and not self._pending:
            self._soon(self.settle)
        self._pending += [(turn, refuse) for turn in turns]

    def settle(self) -> None:
        """Makes the turns that are pending."""
        pending, self._pending = self._pending, []
        changes: dict[str, float] = {}
        turned: dict[str, float] = {}
        refusing: dict[str, Refuse] = {}
        for turn, refuse in pending:
            try:
                value = settled(turn, self._parameters, self.values)
            except (LookupError, TypeError, ValueError) as error:
                refuse(error)
                continue
            refusing[turn.address] = refuse
            if turn.address == PANIC and value:
                changes.clear()
                self._bear_witness(PANIC, value)
                self._panic()
                turned = {PANIC: value}
            else:
                self._stand(turn.address, value, changes, turned)
        if changes:
            self._bank.write(changes)
        self._call(turned, refusing)

    def put(
        self,
        values: Mapping[str, float],
        sways: Mapping[str, float] | None = None,
        turning: Mapping[str, float] | None = None,
    ) -> None:
        """Many values at once, clamped already and none of them a trigger's, in one write; nothing
        acts on them. ``sways``, ``turning``: see ``Bank.write``."""
        changes: dict[str, float] = {}
        for address, value in values.items():
            self._stand(address, value, changes, {})
        if changes or sways:
            self._bank.write(changes, sways=sways, turning=turning)

    def read(self) -> Moment:
        return self._bank.read()

    def _stand(
        self, address: str, value: float, changes: dict[str, float], turned: dict[str, float]
    ) -> None:
        """Notes where a parameter stands now; in ``changes`` only what must be written."""
        if isinstance(self._parameters[address].kind, Trigger):
            if value:
                for counts in (changes, turned):
                    counts[address] = counts.get(address, 0.0) + value
                self._bear_witness(address, value)
            return
        if value != self.values[address] or address in self._parameters.rates:
            changes[address] = self.values[address] = value
        turned[address] = value
        self._tell(address, value)

    def _tell(self, address: str, value: float) -> None:
        for hear in self._hearing:
            hear(address, value)

    def _bear_witness(self, address: str, fired: float) -> None:
        for witness in self._witnessing:
            witness(address, fired)

    def _call(self, turned: Mapping[str, float], refusing: Mapping[str, Refuse]) -> None:
        for address, value in turned.items():
            for act in self._acting.get(address, ()):
                try:
                    act(value)
                except (LookupError, OSError, ValueError) as error:
                    refusing[address](error)

    def _panic(self) -> None:
        log.warning("panic: everything back to the start")
        self._bank.start(self._start, fired=(PANIC, RESET))
        self._stand_as_the_bank_says()
        for address, value in self.values.items():
            self._tell(address, value)

    def _stand_as_the_bank_says(self) -> None:
        moment = self._bank.read()
        self.values = {
            parameter.address: moment[parameter.address]
            for parameter in self._parameters
            if not isinstance(parameter.kind, Trigger)
        }
