"""The real thing, end to end: the command, its processes, the dreamer, OpenGL, real clients."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from jack import PUSH, Jack
from PIL import Image
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from engine.parameters import Parameter
from installation.settings import table

pytestmark = pytest.mark.e2e

SHARED = Path(__file__).parents[2] / "shared"
PLAYERS = ("stage", "capture", "control", "dream", "web")
PATIENCE = 90.0


def free_port(kind: socket.SocketKind) -> int:
    with contextlib.closing(socket.socket(socket.AF_INET, kind)) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Played:
    """A show in processes of its own, played by OSC as a stranger would."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.stats_file = folder / "stats.json"
        self.port, self.web_port = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0.5)
        self._log = (folder / "log.txt").open("w")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "installation", "run", "--headless"),
                *("--osc-port", str(self.port), "--stats", str(self.stats_file)),
                *("--web-port", str(self.web_port), "--window", "640x360", *arguments),
            ],
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, **environment},
        )

    def stats(self) -> dict[str, Any]:
        if not self.stats_file.exists():
            return {}
        found: dict[str, Any] = json.loads(self.stats_file.read_text())
        return found

    def until(self, met: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The figures as soon as they are as expected."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            figures = self.stats()
            if figures and met(figures):
                return figures
            assert self.process.poll() is None, self.log()
            time.sleep(0.1)
        raise AssertionError(f"not met in {PATIENCE} s: {self.stats()}\n{self.log()}")

    def turn(self, address: str, *arguments: float | str) -> None:
        builder = OscMessageBuilder(address)
        for argument in arguments:
            builder.add_arg(argument)
        self._socket.sendto(builder.build().dgram, ("127.0.0.1", self.port))

    def ask(self, address: str) -> Any:
        """What the show says the parameter stands at."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.turn(address, "?")
            with contextlib.suppress(TimeoutError):
                while True:
                    data = self._socket.recv(4096)
                    if data.startswith(address.encode() + b"\0"):
                        return OscMessage(data).params[0]
        raise AssertionError(f"{address}: no answer\n{self.log()}")

    def becomes(self, address: str, value: float) -> None:
        """Waits until the parameter stands there."""
        deadline = time.monotonic() + PATIENCE
        while self.ask(address) != pytest.approx(value, abs=1e-3):
            assert time.monotonic() < deadline, (address, self.ask(address), value)

    def log(self) -> str:
        self._log.flush()
        return Path(self._log.name).read_text()[-4000:]

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(30)
        self._socket.close()
        self._log.close()
        return status


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Callable[..., Played]]:
    started: list[Played] = []

    def start(*arguments: str, **environment: str) -> Played:
        started.append(Played(tmp_path, *arguments, **environment))
        return started[-1]

    yield start
    for played in started:
        if played.process.poll() is None:
            played.end()


def film() -> str:
    """People who walk, where we have them; else the moving picture that is built in."""
    people = SHARED / "media/videos/intel_one-by-one-person-detection.mp4"
    return str(people) if people.exists() else "drift"


def dreams(figures: dict[str, Any]) -> bool:
    return bool(figures["dreamed"] > 10)


def turned(picture: Image.Image, degrees: float) -> Any:
    return np.asarray(picture.rotate(degrees, Image.Resampling.BICUBIC), np.int16)


def inner_disc(height: int, width: int) -> Any:
    """Where a turned picture still covers itself, without the rim."""
    rows, columns = np.mgrid[:height, :width]
    far = np.hypot(rows - (height - 1) / 2, columns - (width - 1) / 2)
    return far < 0.9 * min(height, width) / 2


def test_a_film_is_dreamed_on_folded_played_and_recorded(
    show: Callable[..., Played], tmp_path: Path
) -> None:
    kept, last = tmp_path / "show.mp4", tmp_path / "last.png"
    played = show("--source", film(), "--record", str(kept), "--record", str(last))
    first = played.until(lambda figures: figures["presented"] > 0)
    assert first["dreamed"] == 0, "the picture does not wait for a network"
    played.until(dreams)
    for address, value in (
        ("/scope/folds", 12.0),
        ("/scope/spin", 0.0),
        ("/strip/3/gain", 1.0),
        ("/dream/step_size", 0.05),
    ):
        if shutil.which("oscsend"):
            sent = ("oscsend", "localhost", str(played.port), address, "f", str(value))
            subprocess.run(sent, check=True)
        else:
            played.turn(address, value)
        played.becomes(address, value)
    dreamed = played.stats()["dreamed"]
    figures = played.until(lambda figures: figures["dreamed"] > dreamed + 20)
    assert played.end() == 0
    assert (figures["traces"], figures["network"]) == (0, "bestiary")
    assert set(figures["restarts"].values()) == {0}

    with av.open(str(kept)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(pictures) > 30
    assert {picture.shape for picture in pictures} == {(360, 640, 3)}
    picture = Image.open(last)
    difference = np.abs(turned(picture, 0) - turned(picture, 30))[inner_disc(360, 640)]
    assert difference.mean() < 3, "twelve folds look the same a twelfth of a turn on"
    assert np.asarray(picture).std() > 20


# How often what is turned is not there: scenes 38 and 128, any cue
ABSENT = {"/scene/recall": 2, "/cue/at": 2, "/cue/go": 1, "/cue/back": 1}


def alike() -> list[list[Parameter]]:
    """All parameters, those of every strip and of every modulator together."""
    found: dict[str, list[Parameter]] = {}
    for parameter in table():
        found.setdefault(re.sub(r"\d+", "", parameter.address), []).append(parameter)
    return list(found.values())


def test_no_knob_compiles_anything_in_the_loop_and_none_stops_the_show(
    show: Callable[..., Played], tmp_path: Path
) -> None:
    nowhere = "http://127.0.0.1:9"  # a download fails at once
    played = show("--source", "drift", HOME=str(tmp_path), HTTPS_PROXY=nowhere, https_proxy=nowhere)
    played.until(dreams)
    for twins in alike():
        for position in (0.0, 0.3, 1.0):
            for parameter in twins:
                played.turn(parameter.address + "/position", position)
            time.sleep(0.02)
        for parameter in twins:
            played.turn(parameter.address, table().defaults[parameter.index])
    played.turn("/master/panic", 1)
    played.becomes("/dream/size", 256)
    dreamed = played.stats()["dreamed"]
    after = played.until(lambda figures: figures["dreamed"] > dreamed + 20)
    assert (after["traces"], after["reseeded"]) == (0, 0)
    assert after["compiled"] > 2
    assert set(after["restarts"].values()) == {0}
    assert after["osc"]["unknown"] == 0
    assert after["osc"]["refused"] <= sum(ABSENT.values())


def test_a_killed_player_comes_back_and_every_value_stays(show: Callable[..., Played]) -> None:
    played = show("--source", "drift", "--set", "/scope/folds=5")
    played.until(dreams)
    played.turn("/scope/zoom", 1.5)
    played.becomes("/scope/zoom", 1.5)
    for player, count in zip(
        PLAYERS, ("presented", "captured", "presented", "dreamed", "presented"), strict=True
    ):
        before = played.stats()
        os.kill(before["pids"][player], signal.SIGKILL)
        after = played.until(
            lambda figures, player=player, count=count, before=before: (
                figures["restarts"][player] == 1 and figures[count] > before[count] + 10
            )
        )
        others = {name for name, restarts in after["restarts"].items() if restarts == 0}
        assert others == set(PLAYERS[PLAYERS.index(player) + 1 :])
        assert played.ask("/scope/zoom") == pytest.approx(1.5)
        assert played.ask("/scope/folds") == 5
    assert played.end() == 0


def test_a_knob_turned_in_csound_turns_a_strip(show: Callable[..., Played], jack: Jack) -> None:
    keys = ("JACK_DEFAULT_SERVER", "JACK_NO_AUDIO_RESERVATION", "JACK_NO_START_SERVER")
    environment = {key: jack.environment[key] for key in (*keys, "MIDO_BACKEND")}
    played = show("--source", "drift", "--set", "/dream/target_fps=2", **environment)
    played.until(lambda figures: figures["dreamed"] > 2)
    assert jack.plays(PUSH)  # CC 20 is the first strip's gain in generic.toml
    played.becomes("/strip/1/gain", 1.0)
    played.until(lambda figures: figures["midi"]["received"] > 1)
    assert played.end() == 0


def test_any_layer_is_put_on_a_strip_by_its_name(show: Callable[..., Played]) -> None:
    played = show("--source", "drift")
    before = played.until(dreams)
    played.turn("/strip/5/layer", "c5b")
    played.until(lambda figures: figures["compiled"] > before["compiled"])
    assert played.ask("/strip/5/layer") == "c5b"
    played.turn("/strip/5/layer", "mixed5")  # InceptionV3's
    dreamed = played.stats()["dreamed"]
    figures = played.until(lambda figures: figures["dreamed"] > dreamed + 20)
    assert (figures["network"], figures["traces"]) == ("bestiary", 0)
    played.turn("/strip/5/layer", "mixed55")
    played.until(lambda figures: figures["osc"]["refused"] == 1)
    assert "mixed55" in played.log()


def test_real_imagenet_weights_dream_in_the_show(
    show: Callable[..., Played], tmp_path: Path
) -> None:
    weights = SHARED / "weights"
    if not list(weights.glob("inception_v3*.h5")):
        pytest.skip("no weights of InceptionV3 in ../shared/weights")
    last = tmp_path / "last.png"
    played = show(
        *("--source", film(), "--network", "inception_v3", "--weights-dir", str(weights)),
        *("--record", str(last)),
    )
    figures = played.until(lambda figures: figures["network"] == "inception_v3" and dreams(figures))
    assert figures["traces"] == 0
    assert played.end() == 0
    assert np.asarray(Image.open(last)).std() > 20


def test_what_cannot_be_played_ends_with_a_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    command = (sys.executable, "-m", "installation", "run", "--headless", "--source", str(broken))
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 1
    assert "broken.mp4" in ended.stderr
    assert "Traceback" not in ended.stderr
