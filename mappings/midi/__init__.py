"""MIDI: ports, what controllers send, and what lights them."""
