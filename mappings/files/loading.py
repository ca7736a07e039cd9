"""Mapping files: one a controller, in TOML, read against the parameter table.

    name = "My desk"
    ports = ["nanoKONTROL2"]   # what the port's name contains; "*" is any port nobody else claims;
                               # of two devices of one model the second's ends in #2
    source = "its manual"      # where the numbers come from
    takeover = "pickup"        # how its knobs take hold: pickup (the usual), scaled, jump
    motor = true               # its faders move by themselves: they jump
    alone = true               # the shipped file of this device counts no more; without it this
                               # file counts where it names a control, the shipped one elsewhere
    feedback = false           # it is told nothing; without it, what each control has turned
    hello = [[0xF0, 0xF7]]     # bytes that it is sent when it is plugged in

    [[control]]
    cc = 20                    # or a list; or note, nrpn, program, key; or bend = true
    channel = 1                # 1 to 16, or a list; without it, any
    bits = 14                  # cc 0 to 31, with the one 32 above it for the low half
    to = "/strip/{}/gain"      # {} counts 1, 2, 3 along a list
    label = "strip {} gain"    # what the help calls it
    light = {note = 12, channel = 1, on = 127, off = 0}  # a note or cc that shows it, a list where
                               # it is one; without any the control itself; false: nothing does

and one of

    (nothing)                  a knob turns it; a button holds a switch on, or fires a trigger;
                               a program needs one of the others
    mode = "absolute"          as a knob, also for a switch
      range = [0, 1]           through that part only, in the parameter's own unit
      curve = 2.0              > 1: more of the knob's travel for the start of the range
      smoothing = 0.05         seconds to get there; 0: at once (a cc of 7 bits takes 0.05)
      takeover = "jump"        for this knob
    mode = "momentary"         held: the high end of the range; let go: the low end
    mode = "toggle"            each press flips it
    mode = "radio"             each button of the list sets an option, or a whole number, in order
      values = ["none", 2]     or these
    by = 1, times = 1.25       each press adds, or multiplies
    value = 8                  each press sets; an option by its name
    coding = "twos complement" an endless knob; also "signed bit", "signed bit 2", "bin offset";
                               of an nrpn "increments"
      steps = 128              how many for the whole travel; whole numbers go by one each
      step = 0.01              or what each adds, in the parameter's own unit
      invert = true            the other way round

A program that no row names recalls the scene of its number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import mappings
from engine.parameters import Table
from mappings.files.actions import ACTION_KEYS, TAKEOVERS, action
from mappings.files.lighting import hello, lights
from mappings.files.reading import (
    Found,
    as_text,
    blocks,
    chosen,
    contents,
    flag,
    listed,
    parsed,
    refuse_unknown,
    text,
    told,
    whole,
)
from mappings.mapping import Control, ControlKind, Mapping, Row, Takeover

MAPPING_KEYS = (
    "name",
    "ports",
    "source",
    "takeover",
    "motor",
    "alone",
    "feedback",
    "hello",
    "control",
)
CONTROL_KINDS: dict[ControlKind, int] = {  # the highest number of each; keys have names
    "cc": 127,
    "note": 127,
    "bend": 0,
    "nrpn": 16382,
    "program": 128**3 - 1,  # counted on over the banks
    "key": 0,
}
ROW_KEYS = (*CONTROL_KINDS, "bits", "to", "channel", *ACTION_KEYS, "label", "light")
USUAL: Takeover = "pickup"


def shipped_mappings() -> list[Path]:
    """The files of the devices that we know, and of the keyboard."""
    return sorted(Path(mappings.__file__).parent.glob("*.toml"))


def load_mapping(path: Path, table: Table, takeover: Takeover = USUAL) -> Mapping:
    """``takeover``: of the knobs, where the file says nothing. Raises OSError, or ValueError with a
    sentence that names the file and the control."""
    try:
        return read_mapping(contents(path), table, takeover)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path.name}: {error}") from None


def load_controller(path: Path, table: Table, takeover: Takeover = USUAL) -> Mapping:
    """As ``load_mapping``, of a device that is plugged in."""
    mapping = load_mapping(path, table, takeover)
    if not mapping.ports:
        raise ValueError(f"{path.name}: ports: expected a part of the controller's name, or '*'")
    keys = [str(row.control) for row in mapping.rows if row.control.kind == "key"]
    if keys:
        raise ValueError(
            f"{path.name}: expected controls of a device, received the key {keys[0]!r}"
        )
    return mapping


def read_mapping(toml: str, table: Table, takeover: Takeover = USUAL) -> Mapping:
    """As ``load_mapping``; its sentences name the line and the control only."""
    found = parsed(toml)
    refuse_unknown(found, MAPPING_KEYS)
    usual: Takeover = "jump" if flag(found, "motor") else takeover
    usual = cast(Takeover, chosen(found, "takeover", TAKEOVERS, usual))
    rows: list[Row] = []
    for number, each in enumerate(_controls(found), 1):
        try:
            rows += _rows(each, table, rows, usual)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{_place(toml, number)}control {number}: {error}") from None
    if not flag(found, "feedback", True):
        rows = [replace(row, light=None) for row in rows]
    ports = tuple(as_text("ports", port) for port in listed(found, "ports", []))
    name, source = text(found, "name"), text(found, "source", "-")
    return Mapping(name, ports, source, tuple(rows), flag(found, "alone"), hello(found))


def _controls(found: Found) -> list[object]:
    try:
        return listed(found, "control")
    except TypeError as error:
        raise TypeError(f"{error}; each begins with [[control]]") from None


def _place(toml: str, number: int) -> str:
    """The line that a control begins at, where they are written as blocks."""
    there = blocks(toml)
    if len(there) <= number:
        return ""
    line = sum(block.count("\n") for block in there[:number]) + 1
    return f"line {line}: "


def _rows(found: object, table: Table, before: Sequence[Row], takeover: Takeover) -> list[Row]:
    """The rows of one ``[[control]]``. ``before``: those that the file already has."""
    if not isinstance(found, dict):
        raise TypeError(f"expected a table, received {told(found)}")
    refuse_unknown(found, ROW_KEYS)
    rows: list[Row] = []
    there = list(controls(found))
    for count, (control, light) in enumerate(zip(there, lights(found, there), strict=True), 1):
        address = text(found, "to").replace("{}", str(count))
        label = text(found, "label", address).replace("{}", str(count))
        doing = action(found, table[address], control, count, takeover)
        row = Row(control, label, doing, light)
        _refuse_twice(row, [*before, *rows])
        rows.append(row)
    return rows


def controls(found: Found) -> Iterator[Control]:
    kind = control_kind(found)
    if kind == "key" and "channel" in found:
        raise ValueError(f"channel: expected none for a key, received {told(found['channel'])}")
    bits = _bits(found, kind)
    highest = 31 if bits == 14 else CONTROL_KINDS[kind]
    for name in names(found, kind):
        known = as_text(kind, name) if kind == "key" else whole(kind, name, 0, highest)
        for channel in _channels(found):
            yield Control(kind, known, channel, bits)


def _channels(found: Found) -> list[int | None]:
    """None is any."""
    there = found.get("channel")
    if there is None:
        return [None]
    return [
        whole("channel", each, 1, 16) for each in (there if isinstance(there, list) else [there])
    ]


def control_kind(found: Found) -> ControlKind:
    kinds = [kind for kind in CONTROL_KINDS if kind in found]
    if len(kinds) != 1:
        expected = ", ".join(CONTROL_KINDS)
        raise ValueError(f"expected one of {expected}, received {' and '.join(kinds) or 'none'}")
    return kinds[0]


def names(found: Found, kind: ControlKind) -> list[object]:
    """What the controls of a row are called."""
    if kind == "bend":
        if found[kind] is not True:
            raise ValueError(f"bend: expected true, received {told(found[kind])}")
        return [0]
    there = listed(found, kind) if isinstance(found[kind], list) else [found[kind]]
    if not there:
        raise ValueError(f"{kind}: expected at least one, received none")
    return there


def _bits(found: Found, kind: ControlKind) -> int:
    bits = found.get("bits", 7)
    if bits not in (7, 14) or (bits == 14 and kind != "cc"):
        raise ValueError(f"bits: expected 7, or 14 for a cc, received {told(bits)}")
    return 14 if bits == 14 else 7


def _refuse_twice(row: Row, before: Sequence[Row]) -> None:
    for other in before:
        if row.control.overlaps(other.control):
            both = f"{other.action.address} and {row.action.address}"
            raise ValueError(f"{row.control}: expected one row, received two, for {both}")
