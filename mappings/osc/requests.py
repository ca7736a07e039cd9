"""What can be asked for beside turning a parameter: to name, to order, to learn.

Every surface asks by OSC: the page and the keys too.
"""

from collections.abc import Callable
from dataclasses import dataclass

from engine.parameters import FALSE_WORDS, TRUE_WORDS, as_number
from mappings.osc.packets import Argument, Message

Given = str | float


@dataclass(frozen=True, slots=True)
class Verb:
    """``arguments``: what each is, in its order; ``kinds``: ``s`` for words, ``f`` for a number."""

    address: str
    kinds: str
    arguments: tuple[str, ...]
    doc: str

    @property
    def expected(self) -> str:
        """Its arguments, in words: ``scene (words) and place (a number)``."""
        told = {"s": "words", "f": "a number"}
        named = zip(self.arguments, self.kinds, strict=True)
        return " and ".join(f"{name} ({told[kind]})" for name, kind in named) or "nothing, or 1"


@dataclass(frozen=True, slots=True)
class Request:
    address: str
    arguments: tuple[Given, ...]


VERBS = {
    (verb.address, len(verb.kinds)): verb
    for verb in (
        Verb("/scene/recall", "s", ("scene",), "Recalls a scene by its name."),
        Verb("/scene/store", "s", ("scene",), "Keeps the look there is under this name."),
        Verb("/scene/rename", "ss", ("scene", "name"), "Gives a scene another name."),
        Verb("/scene/delete", "s", ("scene",), "Deletes a scene; its file is kept as a backup."),
        Verb("/scene/move", "sf", ("scene", "place"), "Moves a scene in the list, from 1."),
        Verb("/lock", "sf", ("parameter", "on"), "Locked, no scene or take moves a parameter."),
        Verb("/cue/add", "s", ("scene",), "A cue more, at the end of the list."),
        Verb("/cue/remove", "f", ("cue",), "Takes a cue out; its scene stays."),
        Verb("/cue/move", "ff", ("cue", "place"), "Moves a cue in the list, from 1."),
        Verb("/cue/seconds", "ff", ("cue", "seconds"), "How long a cue is held; 0: until a go."),
        Verb("/cue/beats", "ff", ("cue", "beats"), "How long, in beats of the music."),
        Verb("/take/choose", "s", ("take",), "The take that is played next."),
        Verb("/learn", "s", ("parameter",), "The next control that is moved turns this."),
        Verb("/learn/cancel", "", (), "Learns nothing."),
        Verb("/learn/forget", "s", ("parameter",), "No learnt control turns this any more."),
    )
}

Doing = Callable[..., None]


class Office:
    """Who does what is asked for, by the verb's address and the number of its arguments."""

    def __init__(self) -> None:
        self._doing: dict[tuple[str, int], Doing] = {}
        self._witnessing: list[Callable[[Request], None]] = []

    def does(self, address: str, count: int, do: Doing) -> None:
        """``do`` is called with ``count`` arguments; it may raise LookupError, OSError, TypeError
        or ValueError with a sentence."""
        assert (address, count) in VERBS.keys() - self._doing, address  # each verb by one
        self._doing[address, count] = do

    def witness(self, witness: Callable[[Request], None]) -> None:
        """``witness`` is called with each request, once it is done."""
        self._witnessing.append(witness)

    def ask(self, request: Request) -> None:
        """Raises as whoever does it does, and LookupError where nobody does."""
        key = (request.address, len(request.arguments))
        if key not in self._doing:
            raise LookupError(f"{request.address}: expected somebody who does it, there is nobody")
        self._doing[key](*request.arguments)
        for witness in self._witnessing:
            witness(request)


def requested(message: Message) -> Request | None:
    """None where the message asks for no verb: it may turn a parameter of the same address. Raises
    TypeError or ValueError for arguments of another kind."""
    if from_button(message):
        return _pressed(message)
    verb = VERBS.get((message.address, len(message.arguments)))
    if verb is None or _turns(verb, message):
        return None
    given = zip(verb.arguments, verb.kinds, message.arguments, strict=True)
    return Request(message.address, tuple(_given(verb, *each) for each in given))


def from_button(message: Message) -> bool:
    """Whether the one argument may be what a button says to a verb without any: 1 when it is
    pressed, 0 when it is let go."""
    address, count = message.address, len(message.arguments)
    return count == 1 and (address, 0) in VERBS and (address, 1) not in VERBS


def _pressed(message: Message) -> Request | None:
    (argument,) = message.arguments
    try:
        if argument is not None:
            as_number(argument)
    except ValueError:
        return None
    return Request(message.address, ())


def usage(address: str) -> str:
    """What the verbs of this address expect; empty where there is none."""
    return " or ".join(verb.expected for (each, _), verb in VERBS.items() if each == address)


def _turns(verb: Verb, message: Message) -> bool:
    """A number to ``/scene/recall`` turns the parameter, and ``?`` asks where it stands."""
    return verb.kinds == "s" and (
        not isinstance(message.arguments[0], str) or message.arguments[0] == "?"
    )


def _given(verb: Verb, name: str, kind: str, argument: Argument) -> Given:
    if kind == "s":
        if not isinstance(argument, str) or not argument:
            raise TypeError(f"{verb.address}: {name}: expected words, received {argument!r}")
        return argument
    if isinstance(argument, str) and argument.lower() in TRUE_WORDS + FALSE_WORDS:
        return float(argument.lower() in TRUE_WORDS)
    try:
        return as_number(argument)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{verb.address}: {name}: expected a number, {error}") from None
