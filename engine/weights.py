"""Finds the weight file of a network: in a given folder, in Keras's cache, else by download."""

import hashlib
import logging
import os
from pathlib import Path
from textwrap import shorten

from engine.networks import NETWORKS

PUBLISHER = "https://storage.googleapis.com/tensorflow/keras-applications/"

LONGEST_REASON = 320  # letters: errors of the network quote themselves

log = logging.getLogger(__name__)


def weight_file(name: str, folder: Path | None) -> Path:
    """``folder`` may hold the user's own ``<name>*.h5``, which is taken as it is. May download
    (minutes). Raises OSError with a sentence."""
    return at_hand(name, folder) or downloaded(name, _cached(name))


def at_hand(name: str, folder: Path | None) -> Path | None:
    """The weight file of ``name``, if no download is needed. Of several in ``folder`` the one
    without the classifier ("notop")."""
    own = (
        sorted(folder.glob(f"{name}*.h5"), key=lambda path: "notop" not in path.name)
        if folder
        else []
    )
    if own:
        return own[0]
    cached = _cached(name)
    there = cached.exists() and intact(cached, NETWORKS[name].checksum)
    return cached if there else None


def _cached(name: str) -> Path:
    return keras_cache() / Path(NETWORKS[name].weights).name


def keras_cache() -> Path:
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"


def intact(path: Path, checksum: str) -> bool:
    """Whether the file is what its publisher says, or, where nothing is published, what this
    machine once downloaded."""
    noted = path.with_name(f"{path.name}.sha256")
    expected = checksum or (noted.read_text().strip() if noted.exists() else "")
    whole = not expected or hashed(path, expected.partition(":")[0]) == expected
    if not whole:
        log.warning("%s: expected %s; downloading it again", path, expected)
    return whole


def hashed(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def downloaded(name: str, path: Path) -> Path:
    """Fetches to a temporary name, checks, renames: a broken download is never found by the next
    start."""
    import pooch  # type: ignore[import-untyped]  # only a first download needs them
    import requests

    network = NETWORKS[name]
    if not network.checksum:
        log.warning("weights of %s: no checksum is published, the download is not checked", name)
    try:
        path.unlink(missing_ok=True)  # without a known hash pooch would keep a damaged file
        pooch.retrieve(
            PUBLISHER + network.weights,
            known_hash=network.checksum or None,
            fname=path.name,
            path=path.parent,
            downloader=pooch.HTTPDownloader(progressbar=LoggedProgress(name), timeout=10),
        )
    except (OSError, ValueError) as error:
        offline = isinstance(error, requests.ConnectionError)
        reason = "no connection" if offline else shorten(str(error), LONGEST_REASON)
        raise OSError(
            f"weights of {name}: expected {path.name} or {name}*.h5 in --weights-dir, or a download"
            f" from {PUBLISHER.split('/')[2]}; received {reason}"
        ) from error
    path.with_name(f"{path.name}.sha256").write_text(hashed(path, "sha256"))
    return path


class LoggedProgress:
    """What pooch asks of a progress bar, as log lines."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.total = 0
        self._done = 0
        self._said = 0.0

    def update(self, count: int) -> None:
        self._done += count
        part = self._done / self.total if self.total else 0.0
        if part >= self._said:
            log.info("weights of %s: %.0f %% of %.0f MB", self.name, 100 * part, self.total / 1e6)
            self._said += 0.1

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        log.info("weights of %s: downloaded", self.name)
