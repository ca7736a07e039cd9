"""Tells the controllers what has changed, whoever changed it."""

from collections.abc import Sequence

from engine.parameters import Table
from installation.desk import Desk
from mappings.files.catalogue import Catalogue
from mappings.mapping import ControlEvent, Mapping
from mappings.midi.lights import Lights
from mappings.midi.outputs import MidiOutputs, device_name, paired
from mappings.midi.plugs import steady_name, which


class Feedback:
    """The lights of every output whose device is heard, or named by a mapping file."""

    def __init__(
        self,
        outputs: MidiOutputs,
        catalogue: Catalogue,
        parameters: Table,
        desk: Desk,
        wanted: str | None = None,
    ) -> None:
        """``wanted``: what an output's name must contain."""
        self._outputs = outputs
        self._catalogue = catalogue
        self._parameters = parameters
        self._desk = desk
        self._wanted = steady_name(wanted or "").lower()
        self._lights: dict[str, Lights] = {}  # by the output's name
        self._beside: dict[str, list[Lights]] = {}  # by the input's name
        desk.hear(self._changed)

    def scan(self, inputs: Sequence[str]) -> None:
        """Looks for outputs that have come or gone. ``inputs``: those that are heard."""
        came = self._outputs.scan(lambda name: self._belongs(name, inputs))
        if came or len(self._outputs.names) < len(self._lights):
            there = [name for name in self._outputs.names if name not in came]
            self._lights = {name: self._lights[name] for name in there}
            self._begin(came)

    def remapped(self) -> None:
        """The mappings are others now."""
        self._begin(self._outputs.names)

    def moved(self, port: str, event: ControlEvent, now: float) -> None:
        """A hand moved something at this input."""
        if port not in self._beside:
            self._beside[port] = [
                lights for name, lights in self._lights.items() if self._one_device(port, name)
            ]
        for lights in self._beside[port]:
            lights.moved(event, now)

    def tick(self, now: float) -> None:
        for name, lights in self._lights.items():
            self._outputs.tell(name, lights.due(now))

    def close(self) -> None:
        """Puts the lamps out; the outputs must be open still."""
        for name, lights in self._lights.items():
            self._outputs.tell(name, lights.out())

    def _changed(self, address: str, value: float) -> None:
        for lights in self._lights.values():
            lights.changed(address, value)

    def _begin(self, names: Sequence[str]) -> None:
        """Nobody knows what these show: they are told everything."""
        for name in names:
            mapping = self._catalogue.mapping_for(name)
            self._put_out(name, mapping)
            self._outputs.greet(name, mapping.hello)
            self._lights[name] = Lights(mapping.rows, self._parameters, self._desk.values)
        self._beside.clear()

    def _put_out(self, name: str, mapping: Mapping) -> None:
        """The lamps that were told until now, and that ``mapping`` tells nothing any more."""
        told = {row.light.control for row in mapping.rows if row.light}
        out = self._lights[name].out() if name in self._lights else []
        self._outputs.tell(name, [(lamp, off) for lamp, off in out if lamp.control not in told])

    def _belongs(self, name: str, inputs: Sequence[str]) -> bool:
        there = paired(name, inputs) or self._named(name) is not None
        return there and self._wanted in name.lower()

    def _one_device(self, port: str, output: str) -> bool:
        """Many call their input and their output by other words; then one file names both."""
        named = self._named(port)
        same = named is not None and named == self._named(output)
        return (same and which(port) == which(output)) or device_name(port) == device_name(output)

    def _named(self, port: str) -> str | None:
        """What the mapping that names ``port`` is called."""
        found = (self._catalogue.users(port), self._catalogue.base(port))
        return next((each.name for each in found if each.claims(port)), None)
