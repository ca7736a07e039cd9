"""A small picture of a look, as the stage shows it but without what fades it."""

from collections.abc import Callable
from pathlib import Path

import cv2

from engine.bank import Moment
from engine.frame import Frame
from installation.kaleidoscope import Fold, Picture
from installation.keeping import Do, place
from installation.plan import Wires
from installation.settings import Colour, Scope

SIZE = (320, 180)  # pixels
QUALITY = 80


class Photographer:
    """Folds the newest dream itself: the stage hands on what it shows only while it is recorded or
    watched, and that may be dark."""

    def __init__(
        self, wires: Wires, path: Callable[[str], Path], hang: Callable[[str], None], do: Do
    ) -> None:
        """``path``: of the picture of a scene; ``hang`` is called with its name once it is
        there."""
        self._wires = wires
        self._path = path
        self._hang = hang
        self._do = do

    def picture(self, name: str, moment: Moment) -> None:
        """Nothing where nothing was captured yet. Raises OSError where the disk is too far
        behind."""
        newest = self._wires.dreamed if self._wires.dreamed.sequence else self._wires.captured
        if newest.sequence:
            self._do(lambda: self._keep(name, moment), lambda: self._hang(name))

    def _keep(self, name: str, moment: Moment) -> None:
        frame = self._wires.dreamed.newest() or self._wires.captured.newest()
        assert frame
        place(self._path(name), jpeg(frame, moment))


def jpeg(frame: Frame, moment: Moment) -> bytes:
    shown = Picture()
    shown.show(frame)
    folded = Fold().painted(
        shown, shown, moment.of(Scope), moment.of(Colour), light=1.0, mix=1.0, size=SIZE
    )
    _, encoded = cv2.imencode(".jpg", folded[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    return encoded.tobytes()
