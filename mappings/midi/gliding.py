"""The way between two steps of a knob."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glide:
    """From one position to another, evenly, from ``began`` (seconds) on, for ``seconds``."""

    start: float
    end: float
    began: float
    seconds: float

    def at(self, now: float) -> float:
        """The end exactly, once it is over."""
        gone = (now - self.began) / self.seconds
        return self.end if gone >= 1 else self.start + max(gone, 0.0) * (self.end - self.start)

    def over(self, now: float) -> bool:
        return now - self.began >= self.seconds
