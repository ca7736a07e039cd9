"""The parameters that neither a scene nor a take moves."""

import logging
from collections.abc import Sequence
from pathlib import Path

from engine.parameters import Table
from installation.keeping import Do, as_json, keep, listed
from installation.scenes.scenery import of_a_look
from mappings.osc.patterns import expanded

log = logging.getLogger("control")


class Locks:
    """``addresses``: those locked, in the order of the table."""

    def __init__(self, home: Path, parameters: Table, do: Do) -> None:
        self._file = home / "locks.json"
        self._do = do
        self._parameters = parameters
        self._lockable = [each.address for each in parameters if of_a_look(each)]
        self.addresses = self._locked(listed(self._file, log.error))

    def lock(self, pattern: str, on: float) -> None:
        """``pattern``: an address, or many with OSC's wildcards. Raises LookupError or OSError."""
        named = expanded(pattern, self._lockable)
        if not named:
            self._parameters[pattern]
            raise LookupError(f"/lock: expected what belongs to a look, received '{pattern}'")
        others = [address for address in self.addresses if address not in named]
        addresses = self._locked([*others, *named] if on >= 0.5 else others)
        self._do(lambda: keep(self._file, as_json(addresses)))
        self.addresses = addresses

    def _locked(self, addresses: Sequence[object]) -> list[str]:
        return [address for address in self._lockable if address in addresses]
