"""Which control moves what: MIDI, OSC and keys to addresses. Knows parameters, never a picture."""
