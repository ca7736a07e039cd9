"""A program of its own: says on standard output what an input of this machine hears.

PortAudio lists only what was plugged in when it began (spatialaudio/python-sounddevice#125), may
wait for ever for a device that has gone, and aborts where a JACK server went away (its pa_jack.c,
Terminate): none of that may happen in the control player. First comes a line of JSON, ``device``,
``rate`` and ``latency``, or ``error``; then blocks: a ``HEADER``, which says whether samples were
lost before these and how many they are, and they, as float32.
"""

import json
import os
import queue
import signal
import struct
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

HEADER = struct.Struct("=?I")
WAITING = 64  # blocks
MOST_CHANNELS = 2
MOST_LATENCY = 0.1  # seconds; a JACK client that computes nothing yet says 89,478
Waiting = queue.Queue[tuple[Any, bool]]  # samples, and whether some were lost before them

ENDING = ("SIGINT", "SIGTERM", "SIGHUP")  # they reach the whole group; the control player decides


def main(name: str) -> None:
    for each in ENDING:
        if hasattr(signal, each):
            signal.signal(getattr(signal, each), signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    said = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints
    try:
        _hear(name, said)
    except OSError as error:
        _say(said, {"error": str(error)})


def _end_with_parent() -> None:
    """Standard input is nothing but this: it closes when who started us ends."""
    sys.stdin.buffer.read()
    os._exit(0)


def _hear(name: str, said: IO[bytes]) -> None:
    """Until nobody listens any more. Raises OSError."""
    library = _library()
    waiting: Waiting = queue.Queue(WAITING)
    try:
        device = found(library, name)
        stream = library.InputStream(
            device=device["index"],
            channels=min(device["max_input_channels"], MOST_CHANNELS),
            dtype="float32",
            latency=min(device["default_low_input_latency"], MOST_LATENCY),
            callback=_putting(waiting),
        )
        stream.start()
    except library.PortAudioError as error:
        raise OSError(str(error)) from None
    rate, latency = stream.samplerate, min(stream.latency, MOST_LATENCY)
    _say(said, {"device": device["name"], "rate": rate, "latency": latency})
    while True:
        samples, lost = waiting.get()
        said.write(HEADER.pack(lost, len(samples)) + samples.mean(axis=1, dtype="f4").tobytes())


def _putting(waiting: Waiting) -> Callable[[Any, int, object, Any], None]:
    """What PortAudio calls, in a thread of its own in which nothing may take long. (Its reading
    without a call is no choice: of one JACK channel it writes past its buffer, in 19.6.)"""
    missed = False

    def put(samples: Any, count: int, time: object, flags: Any) -> None:
        nonlocal missed
        try:
            waiting.put_nowait((samples.copy(), missed or flags.input_overflow))
            missed = False
        except queue.Full:
            missed = True

    return put


def _library() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise OSError(f"expected its extra (pip install 'kaleidream[audio]'), {error}") from None
    except OSError as error:
        raise OSError(f"expected PortAudio (on Debian: libportaudio2), {error}") from None
    return sounddevice


def input_names() -> list[str]:
    """Raises OSError where sounddevice or PortAudio is missing."""
    return [device["name"] for device in _inputs(_library())]


def _inputs(library: Any) -> list[Any]:
    return [device for device in library.query_devices() if device["max_input_channels"]]


def found(library: Any, name: str) -> Any:
    """The first input whose name contains ``name``; ``default`` is what the system takes. Raises
    OSError where there is none."""
    there = _inputs(library)
    if name == "default" and there:
        return library.query_devices(kind="input")
    for device in there:
        if name.lower() in device["name"].lower():
            return device
    names = ", ".join(device["name"] for device in there) or "none"
    raise OSError(f"expected an input named {name!r}, found {names}")


def _say(said: IO[bytes], words: dict[str, Any]) -> None:
    said.write(json.dumps(words).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # not through PortAudio's own ending, which may abort
