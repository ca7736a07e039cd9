"""The function of each player's process, which alone loads the libraries of that player."""

import importlib
from multiprocessing.connection import Connection

from installation.plan import Plan, Wires


def begin(name: str, plan: Plan, wires: Wires, lifeline: Connection) -> None:
    """Plays until the lifeline closes. Each player is a function in a module of its own name."""
    getattr(importlib.import_module(f"installation.{name}"), name)(plan, wires, lifeline)
