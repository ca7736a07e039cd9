"""What every part of the control player works with."""

from dataclasses import dataclass
from pathlib import Path

from engine.parameters import Table
from installation.desk import Desk
from installation.keeping import Do
from installation.player import Pulse
from mappings.osc.requests import Office


@dataclass(frozen=True, slots=True)
class Backstage:
    """``home``: the folder of the user's files, which need not be there. ``do``: does what has to
    do with disks."""

    home: Path
    parameters: Table
    desk: Desk
    office: Office
    do: Do
    pulse: Pulse
