"""What a row of a mapping file has its control do."""

from typing import cast, get_args

from engine.parameters import Choice, Kind, Number, Parameter, Ratio, Switch, Trigger, Whole
from mappings.files.coding import CODINGS, INCREMENTS, increments
from mappings.files.reading import Found, chosen, flag, listed, real, real_within
from mappings.mapping import (
    TRAVEL,
    Action,
    Coding,
    Control,
    Encoder,
    Follow,
    How,
    Press,
    Takeover,
    Turn,
)

MODES = ("absolute", "momentary", "toggle", "radio", "trigger")
PRESSES: dict[str, How] = {"by": "plus", "times": "times", "value": "value"}
DOINGS = ("mode", *PRESSES, "coding")  # one of them
ABSOLUTE_KEYS = ("curve", "smoothing", "takeover")
ENCODER_KEYS = ("invert", "steps", "step")
ACTION_KEYS = (*DOINGS, "range", "values", *ABSOLUTE_KEYS, *ENCODER_KEYS)
TAKEOVERS: tuple[Takeover, ...] = get_args(Takeover)
KNOBS = ("cc", "bend", "nrpn")  # what stands somewhere
SMOOTHING_SECONDS = 0.05  # of the 128 steps of a control change
SLOWEST = 10.0  # seconds
STEEPEST = 10.0


def action(
    found: Found, parameter: Parameter, control: Control, count: int, takeover: Takeover
) -> Action:
    """``count``: which of the row's controls this is, from 1; ``takeover``: of a knob whose row
    names none."""
    given = [key for key in DOINGS if key in found]
    if len(given) > 1:
        expected = ", ".join(DOINGS)
        raise ValueError(f"expected one of {expected}, received {' and '.join(given)}")
    if given and given[0] in PRESSES:
        _refuse(found, given[0])
        return Press(_pressed(found, given[0], parameter))
    if given == ["coding"]:
        _refuse(found, "coding", ENCODER_KEYS)
        return _encoder(found, parameter, control)
    mode = _mode(found, parameter, control)
    if mode == "absolute":
        _refuse(found, "mode = 'absolute'", ("range", *ABSOLUTE_KEYS))
        return _follow(found, parameter, control, takeover)
    if mode == "momentary":
        _refuse(found, "mode = 'momentary'", ("range",))
        return Follow(parameter.address, *_travel(found, parameter), held=True)
    if mode == "radio":
        _refuse(found, "mode = 'radio'", ("values",))
        return Press(Turn(parameter.address, radio_values(found, parameter, count)[count - 1]))
    _refuse(found, f"mode = {mode!r}")
    return Press(Turn(parameter.address, how="toggle" if mode == "toggle" else "value"))


def _mode(found: Found, parameter: Parameter, control: Control) -> str:
    """A trigger fires, a switch is on while held, anything else follows, unless it says so."""
    if isinstance(parameter.kind, Trigger):
        return chosen(found, "mode", ("trigger",), "trigger")
    if control.kind == "program":  # it is never let go
        if "mode" not in found:
            raise ValueError(f"expected one of {', '.join(DOINGS)}, received none")
        return chosen(found, "mode", ("toggle", "radio"))
    usual = "momentary" if isinstance(parameter.kind, Switch) else "absolute"
    return chosen(found, "mode", MODES[:-1], usual)


def _follow(found: Found, parameter: Parameter, control: Control, takeover: Takeover) -> Follow:
    knob = control.kind in KNOBS
    default = takeover if knob else "jump"
    return Follow(
        parameter.address,
        *_travel(found, parameter),
        held=False,
        curve=real_within("curve", found.get("curve", 1.0), 1 / STEEPEST, STEEPEST),
        smoothing=_smoothing(found, parameter.kind, control),
        takeover=cast(Takeover, chosen(found, "takeover", TAKEOVERS, default)),
    )


def _smoothing(found: Found, kind: Kind, control: Control) -> float:
    if isinstance(kind, Number | Ratio):
        coarse = control.kind == "cc" and control.bits == 7
        usual = SMOOTHING_SECONDS if coarse else 0.0
        return real_within("smoothing", found.get("smoothing", usual), 0.0, SLOWEST)
    if found.get("smoothing", 0):
        raise ValueError(
            f"smoothing: expected 0 for {kind.expected}, received {found['smoothing']!r}"
        )
    return 0.0


def _travel(found: Found, parameter: Parameter) -> tuple[float, float]:
    """The positions of the two values of ``range``, so that the parameter's curve is kept."""
    if "range" not in found:
        return 0.0, 1.0
    ends = listed(found, "range")
    if len(ends) != 2:
        raise ValueError(f"range: expected two values, received {ends!r}")
    start, end = (parameter.kind.position(parameter.value_in_range(value)) for value in ends)
    return start, end


def _pressed(found: Found, key: str, parameter: Parameter) -> Turn:
    """The turn of ``by``, ``times`` or ``value``."""
    if isinstance(parameter.kind, Trigger):
        raise ValueError(f"{key}: expected mode = 'trigger' for {parameter.address}")
    if key == "value":
        return Turn(parameter.address, parameter.value_in_range(found[key]))
    return Turn(parameter.address, real(key, found[key]), PRESSES[key])


def radio_values(found: Found, parameter: Parameter, count: int) -> list[float]:
    """What each button of a row sets, ``count`` of them or more: its ``values``, else every choice
    there is."""
    kind = parameter.kind
    if "values" in found:
        values = [parameter.value_in_range(value) for value in listed(found, "values")]
    elif kind.choices:
        values = list(kind.choices)
    else:
        raise ValueError(f"values: expected a list, for {parameter.address} is {kind.expected}")
    if len(values) < count:
        raise ValueError(f"values: expected one for each button, received {len(values)}")
    return values


def _encoder(found: Found, parameter: Parameter, control: Control) -> Encoder:
    kind = parameter.kind
    if isinstance(kind, Trigger):
        raise ValueError(f"coding: expected mode = 'trigger' for {parameter.address}")
    coding = _coding(found, control)
    amount, nudges = _step(found, kind)
    sign = -1.0 if flag(found, "invert") else 1.0
    return Encoder(
        parameter.address,
        coding,
        sign * amount,
        "nudge" if nudges else "plus",
        stepped=isinstance(kind, Whole | Switch),
    )


def _coding(found: Found, control: Control) -> Coding:
    if control.kind == "nrpn":
        chosen(found, "coding", (INCREMENTS,))
        return increments
    if control.kind != "cc" or control.bits == 14:
        raise ValueError(f"coding: expected a cc of 7 bits or an nrpn, received {control}")
    return CODINGS[chosen(found, "coding", tuple(CODINGS))]


def _step(found: Found, kind: Kind) -> tuple[float, bool]:
    """How far one step turns; whether that is of the parameter's travel, or of its value."""
    if "step" in found and "steps" in found:
        raise ValueError("expected one of step, steps, received both")
    if "step" in found:
        return real("step", found["step"]), False
    stepped = isinstance(kind, Whole | Switch)
    usual = kind.high - kind.low if stepped else float(TRAVEL)
    steps = real_within("steps", found.get("steps", usual), 1.0, 16384.0)
    return ((kind.high - kind.low) / steps, False) if stepped else (1 / steps, True)


def _refuse(found: Found, because: str, known: tuple[str, ...] = ()) -> None:
    """What of an action's other keys means nothing here."""
    for key in (*ABSOLUTE_KEYS, *ENCODER_KEYS, "range", "values"):
        if key in found and key not in known:
            raise ValueError(f"{key}: expected none beside {because}, received {found[key]!r}")


def option(kind: Kind, value: float) -> object:
    """``value`` as a file says it: an option by its name."""
    decoded = kind.decoded(value)
    return decoded if isinstance(kind, Choice | Switch) else _round(decoded)


def _round(value: object) -> object:
    return float(f"{value:.6g}") if isinstance(value, float) else value
