"""The names that are near to one that is not there, as the end of a sentence."""

import difflib
from collections.abc import Iterable, Sequence

MOST_NEAR = 3
NEAR = 0.6  # how like, 0..1
NEAR_LAST = 0.75  # of the last part of an address


def there_are(names: Sequence[str]) -> str:
    """The first of ``names``; nothing where there are none."""
    return f"; there are {', '.join(names[:MOST_NEAR])}, ..." if names else ""


def nearest(received: str, there: Iterable[str]) -> str:
    return there_are(_near(received, dict.fromkeys(there), NEAR))


def nearest_addresses(received: str, there: Iterable[str]) -> str:
    """Their last part counts as much as the whole: ``/panic`` is near to ``/master/panic``."""
    last = _last(received)
    by_last: dict[str, list[str]] = {}
    for each in there:
        by_last.setdefault(_last(each), []).append(each)
    everything = [each for alike in by_last.values() for each in alike]
    near = _near(received, everything, NEAR)
    for name in _near(last, by_last, NEAR_LAST):
        near += by_last[name]

    def likeness(address: str) -> float:
        return _likeness(address, received) + _likeness(_last(address), last)

    return there_are(sorted(dict.fromkeys(near), key=likeness, reverse=True))


def _near(received: str, there: Iterable[str], likeness: float) -> list[str]:
    return difflib.get_close_matches(received, there, MOST_NEAR, likeness)


def _last(address: str) -> str:
    return address.rpartition("/")[2]


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()
