"""Which of our backends can be measured here."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.backends.choosing import made
from engine.backends.table import BACKENDS
from engine.steps import Backend
from installation.bench.cases import Way
from installation.bench.muted import muted

CORES = os.cpu_count() or 1


def opened(way: Way) -> Backend:
    """Raises ImportError where what it runs on is not installed."""
    if way.backend not in BACKENDS:
        raise LookupError(f"no backend {way.backend!r}; there are {', '.join(BACKENDS)}")
    with muted():
        return made(way.backend, way.precision, way.threads or CORES)


@dataclass(slots=True)
class Backends:
    """Opened when they are first asked for. What cannot be opened is told once and left out.
    ``missing``: why, by name."""

    opened: Callable[[Way], Backend] = opened
    missing: dict[str, str] = field(default_factory=dict)
    _there: dict[Way, Backend] = field(default_factory=dict)

    def ready(self, way: Way) -> Backend | None:
        if way.backend in self.missing:
            return None
        if way not in self._there:
            try:
                self._there[way] = self.opened(way)
            except (ImportError, OSError) as error:
                self.missing[way.backend] = str(error)
                print(f"without {way.backend}: {error}", flush=True)
                return None
        return self._there[way]

    def traces(self, way: Way) -> int:
        """Compilations so far."""
        return sum(self._there[way].traces.values())
