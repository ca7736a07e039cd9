"""Keys pressed in a terminal, one by one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

ESCAPE = "\x1b"

if sys.platform == "win32":
    import msvcrt

    @contextmanager
    def keystrokes() -> Iterator[None]:
        yield

    def _pressed() -> str:
        return msvcrt.getwch() if msvcrt.kbhit() else ""

else:
    import os
    import select
    import termios
    import tty

    @contextmanager
    def keystrokes() -> Iterator[None]:
        """Until the end each key is heard at once; nothing where the input is no terminal."""
        if not sys.stdin.isatty():
            yield
            return
        before = termios.tcgetattr(sys.stdin)
        try:
            tty.setcbreak(sys.stdin)
            yield
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

    def _pressed() -> str:
        ready = sys.stdin.isatty() and select.select([sys.stdin], [], [], 0)[0]
        return os.read(sys.stdin.fileno(), 16).decode("utf-8", "replace") if ready else ""


def escaped() -> bool:
    """Whether the escape key was pressed since the last question. Does not wait."""
    return _pressed() == ESCAPE
