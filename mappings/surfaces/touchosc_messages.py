"""What the controls of a TouchOSC layout say and hear.

A value ``x`` of a control is scaled by ``low + x * (high - low)`` when it is said, and back when it
is heard. The ``x`` of a radio is the number of its option, from 0; any other is 0..1.
"""

from py2tosc import Conversion, OscMessage, Partial, PartialType, Trigger, TriggerCondition

from engine.parameters import Parameter
from mappings.osc.meaning import POSITION, SYNC

PRESSED = Trigger("x", TriggerCondition.RISE)
HOLDING = """\
local since = nil

function onValueChanged(key)
  if key == 'touch' then
    since = self.values.touch and getMillis() or nil
  end
end

function update()
  if since and getMillis() - since >= {milliseconds} then
    since = nil
    sendOSC('{address}', 1)
  end
end
"""
NUDGE = 0.01  # of an option, downwards: as a float, a third lies a little below a third


def at_position(parameter: Parameter) -> OscMessage:
    return _both(parameter.address + POSITION, _scaled("x", 0, 1))


def upside_down(parameter: Parameter) -> OscMessage:
    """``y`` rises, and what lies down on a pad grows downwards."""
    return _both(parameter.address + POSITION, _scaled("y", 1, 0))


def one_of(parameter: Parameter, count: int) -> OscMessage:
    """``x``: the number of the option."""
    step = 1 / (count - 1)
    return _both(parameter.address + POSITION, _scaled("x", -NUDGE * step, (1 - NUDGE) * step))


def at_value(parameter: Parameter) -> OscMessage:
    return _both(parameter.address, Partial(PartialType.VALUE, Conversion.INTEGER, "x"))


def pressed(parameter: Parameter, number: int) -> OscMessage:
    return _said(parameter.address, PRESSED, _constant(number))


def stepped(parameter: Parameter, sign: str) -> OscMessage:
    return _said(parameter.address, PRESSED, _constant(sign), _constant(1))


def syncing(trigger: Trigger) -> list[OscMessage]:
    """Asks for every value, and for every position."""
    return [_said(address, trigger) for address in (SYNC, SYNC + POSITION)]


def held(parameter: Parameter, seconds: float) -> str:
    """The script of a button that fires once a finger has rested on it."""
    return HOLDING.format(address=parameter.address, milliseconds=round(1000 * seconds))


def shown(address: str) -> OscMessage:
    """Heard only, and shown as words."""
    return OscMessage(
        send=False,
        triggers=[],
        path=[_constant(address)],
        arguments=[Partial(PartialType.VALUE, Conversion.STRING, "text")],
    )


def _both(address: str, argument: Partial) -> OscMessage:
    """Said and heard. What is heard is not said again: TouchOSC's ``feedback`` stays off."""
    return OscMessage(
        triggers=[Trigger(argument.value)], path=[_constant(address)], arguments=[argument]
    )


def _said(address: str, trigger: Trigger, *arguments: Partial) -> OscMessage:
    return OscMessage(
        receive=False,
        triggers=[trigger],
        path=[_constant(address)],
        arguments=list(arguments),
    )


def _scaled(value: str, low: float, high: float) -> Partial:
    return Partial(PartialType.VALUE, Conversion.FLOAT, value, low, high)


def _constant(content: str | int) -> Partial:
    kind = Conversion.INTEGER if isinstance(content, int) else Conversion.STRING
    return Partial(PartialType.CONSTANT, kind, str(content))
