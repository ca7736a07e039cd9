"""What is heard in the sound: how loud it is, its lows, middles and highs, and where things begin.

Things begin where the spectrum rises: its half-wave rectified flux, of logarithmic magnitude in
bands a sixth of an octave wide or wider, rises over a multiple of its own median of the last half
second (J. P. Bello et al., A Tutorial on Onset Detection in Music Signals, 2005; S. Dixon, Onset
Detection Revisited, 2006; S. Boeck et al., Evaluating the Online Capabilities of Onset Detection
Methods, 2012).
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from engine.frame import Array
from installation.settings import Sound

WINDOWS = 45.0  # a second, one after the other: 1024 samples at 44.1 and 48 kHz
LOW, HIGH = 200.0, 2000.0  # Hz: where the middles begin and end
LOUDEST_HALVES = 10.0  # seconds in which the loudest that was heard is half forgotten
FLOOR = 0.003  # of full scale: what is quieter is never raised to 1 (-50 dB)
SHARE = 0.1  # of the loudest: a band that is quieter is not raised to 1 either (-20 dB)
BANDS_AN_OCTAVE = 6
COMPRESSION = 1000.0  # of the magnitudes: log(1 + 1000 m)
REMEMBERED = 0.5  # seconds of flux
REST = 0.06  # seconds: what begins sooner after the last is the same thing
LEAST = 0.05  # flux: silence rises less


@dataclass(frozen=True, slots=True)
class Levels:
    """Each 0..1, up at once and down slowly. ``onset``: 1 where something begins."""

    level: float = 0.0
    low: float = 0.0
    middle: float = 0.0
    high: float = 0.0
    onset: float = 0.0


class Ear:
    """Hears one window after the other, each half over the last (Hann). Loud is measured by the
    loudest of the last seconds, in each band."""

    def __init__(self, rate: float) -> None:
        """``rate``: samples a second. ``hop``: samples that are heard at once."""
        size = 2 ** round(math.log2(rate / WINDOWS))
        self.hop = size // 2
        self._window = np.hanning(size + 1)[:-1]
        self._waiting = np.zeros(size - self.hop)
        hertz = np.fft.rfftfreq(size, 1 / rate)[1:]
        self._bands = np.searchsorted(hertz, (0.0, LOW, HIGH))
        self._levels = np.zeros(4)
        self._loudest = np.zeros(4)
        self._seconds = self.hop / rate
        self._onsets = Onsets(len(hertz), self._seconds)
        self._onset = 0.0

    def hear(self, samples: Array, sound: Sound) -> Levels:
        """``samples``: (n,) -1..1, as many as there are; what is no number is silence."""
        clean = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        self._waiting = np.concatenate((self._waiting, clean))
        while len(self._waiting) >= len(self._window):
            self._hear(self._waiting[: len(self._window)], sound)
            self._waiting = self._waiting[self.hop :]
        level, low, middle, high = self._levels.tolist()
        return Levels(level, low, middle, high, self._onset)

    def _hear(self, samples: Array, sound: Sound) -> None:
        """One window."""
        spectrum = np.abs(np.fft.rfft(samples * self._window))[1:] * (2 / self._window.sum())
        kept = 0.1 ** (self._seconds / sound.release)
        loud = np.minimum(sound.gain * self._relative(spectrum), 1.0)
        self._levels = np.maximum(loud, self._levels * kept)
        begins = self._onsets.begins(spectrum, sound.threshold)
        self._onset = 1.0 if begins else self._onset * kept

    def _relative(self, spectrum: Array) -> Array:
        """(4,) of all and of each band: amplitude over the loudest of the last seconds. A sine in
        this window is spread over bins whose power adds up to 1.5 times its own."""
        bands = np.add.reduceat(spectrum**2, self._bands)
        amplitudes = np.sqrt(np.array([bands.sum(), *bands]) / 1.5)
        forgotten = self._loudest * 0.5 ** (self._seconds / LOUDEST_HALVES)
        self._loudest = np.maximum(amplitudes, forgotten)
        least = max(FLOOR, SHARE * float(self._loudest[0]))
        return np.asarray(amplitudes / np.maximum(self._loudest, least))


class Onsets:
    """Where something begins in a row of spectra, ``seconds`` apart."""

    def __init__(self, bins: int, seconds: float) -> None:
        octaves = np.log2(bins)
        edges = np.geomspace(1, bins, round(octaves * BANDS_AN_OCTAVE)).astype(int) - 1
        self._bands = np.unique(edges)[:-1]
        self._before: Array = np.zeros(len(self._bands))
        self._flux: deque[float] = deque(maxlen=round(REMEMBERED / seconds))
        self._rest = round(REST / seconds)
        self._since = self._rest

    def begins(self, spectrum: Array, threshold: float) -> bool:
        """``spectrum``: (bins,) magnitudes, 1 a sine at full scale. ``threshold``: 0..1."""
        power = np.add.reduceat(spectrum**2, self._bands)
        risen = np.log1p(COMPRESSION * np.sqrt(power))
        flux = float(np.maximum(risen - self._before, 0.0).mean())
        usual = float(np.median(self._flux)) if self._flux else 0.0
        self._before = risen
        self._flux.append(flux)
        self._since += 1
        if flux < max(LEAST, usual * (2 + 2 * threshold)) or self._since < self._rest:
            return False
        self._since = 0
        return True
