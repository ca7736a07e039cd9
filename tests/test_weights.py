import gc
import hashlib
import http.server
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine import weights
from engine.networks import NETWORKS
from engine.weights import weight_file

# pooch leaves the connection of a broken download to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

LIMIT = 10.0  # seconds
RIGHT = bytes(range(256)) * 1000
OTHER = RIGHT[:-1] + b"!"
CHECKED = f"md5:{hashlib.md5(RIGHT).hexdigest()}"
NAMED, OFFICIAL = "vgg16", Path(NETWORKS["vgg16"].weights).name
BOTH = [
    pytest.param(CHECKED, id="a checksum is published"),
    pytest.param("", id="no checksum is published"),
]


class Publisher(http.server.ThreadingHTTPServer):
    """Gives ``content`` at the official path, less the ``cut`` last bytes that it announced; 404
    without content. Remembers its visits."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Visit)
        self.content = RIGHT
        self.cut = 0
        self.visits: list[str] = []


class Visit(http.server.BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        self.server.visits.append(self.path)
        if not self.server.content or self.path != f"/{NETWORKS[NAMED].weights}":
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content[: len(self.server.content) - self.server.cut])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    with Publisher() as server:
        monkeypatch.setattr(weights, "PUBLISHER", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        serving = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        serving.start()
        yield server
        server.shutdown()
        serving.join(LIMIT)
    gc.collect()  # here, where the warning is expected


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Keras would keep the file; nothing is there yet."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models" / OFFICIAL


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture(autouse=True)
def checksum(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the network's row says, the right one if nothing else is asked for."""
    row = replace(NETWORKS[NAMED], checksum=getattr(request, "param", CHECKED))
    monkeypatch.setattr(weights, "NETWORKS", {**NETWORKS, NAMED: row})


def test_the_users_own_file_comes_first_and_is_taken_as_it_is(
    cached: Path, publisher: Publisher, tmp_path: Path
) -> None:
    put(cached, RIGHT)
    own = put(tmp_path / "own" / "vgg16_of_mine.weights.h5", b"mine")
    assert weight_file(NAMED, own.parent) == own
    assert not publisher.visits


def test_a_folder_without_this_networks_file_is_passed_by(cached: Path, tmp_path: Path) -> None:
    put(cached, RIGHT)
    other = put(tmp_path / "own" / "densenet121.h5", b"another network's")
    assert weight_file(NAMED, other.parent) == cached


@pytest.mark.parametrize("checksum", BOTH, indirect=True)
def test_what_keras_has_downloaded_is_taken(cached: Path, publisher: Publisher) -> None:
    put(cached, RIGHT)
    assert weight_file(NAMED, None) == cached
    assert not publisher.visits


def test_a_damaged_file_in_the_cache_is_downloaded_again(
    cached: Path, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    put(cached, OTHER)
    assert weight_file(NAMED, None).read_bytes() == RIGHT
    assert f"{cached}: expected {CHECKED}; downloading it again" in caplog.messages


@pytest.mark.parametrize("checksum", BOTH, indirect=True)
def test_a_download_is_kept_and_noted(cached: Path, publisher: Publisher) -> None:
    assert weight_file(NAMED, None) == weight_file(NAMED, None) == cached
    assert cached.read_bytes() == RIGHT
    noted = cached.with_name(f"{OFFICIAL}.sha256").read_text()
    assert noted == f"sha256:{hashlib.sha256(RIGHT).hexdigest()}"
    assert publisher.visits == [f"/{NETWORKS[NAMED].weights}"]


@pytest.mark.parametrize("checksum", BOTH, indirect=True)
def test_a_download_that_is_damaged_later_is_downloaded_again(
    cached: Path, publisher: Publisher
) -> None:
    weight_file(NAMED, None)
    put(cached, OTHER)
    assert weight_file(NAMED, None).read_bytes() == RIGHT
    assert len(publisher.visits) == 2


def test_a_download_says_how_far_it_is(
    cached: Path, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=weights.__name__)
    weight_file(NAMED, None)
    said = [line for line in caplog.messages if line.startswith("weights of vgg16: ")]
    shares = [int(line.split()[3]) for line in said if "%" in line]
    assert shares == sorted(shares)
    assert 10 <= len(shares) <= 12
    assert (shares[-1], said[-1]) == (100, "weights of vgg16: downloaded")


def refused(cached: Path) -> str:
    """The sentence; nothing is left under the name that the next start would find."""
    with pytest.raises(OSError, match=f"^weights of {NAMED}: expected {OFFICIAL} or ") as caught:
        weight_file(NAMED, None)
    assert not cached.exists()
    assert not cached.with_name(f"{OFFICIAL}.sha256").exists()
    return str(caught.value)


def test_a_download_with_another_checksum_is_refused(cached: Path, publisher: Publisher) -> None:
    publisher.content = OTHER
    assert CHECKED in refused(cached)


@pytest.mark.parametrize("checksum", BOTH, indirect=True)
def test_a_download_that_breaks_off_is_refused(cached: Path, publisher: Publisher) -> None:
    publisher.cut = 1000
    assert "bytes read" in refused(cached)


@pytest.mark.parametrize("checksum", BOTH, indirect=True)
def test_a_file_that_is_not_there_any_more_is_refused(cached: Path, publisher: Publisher) -> None:
    publisher.content = b""
    assert "404" in refused(cached)


@pytest.mark.parametrize("checksum", BOTH, indirect=True)
def test_a_dead_publisher_is_refused_with_where_else_to_put_the_file(
    cached: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setattr(weights, "PUBLISHER", f"http://127.0.0.1:{port}/")
    sentence = refused(cached)
    assert "in --weights-dir" in sentence
    assert sentence.endswith(f"a download from 127.0.0.1:{port}; received no connection")


@pytest.mark.parametrize("checksum", BOTH, indirect=True)
def test_a_refused_download_is_tried_again(cached: Path, publisher: Publisher) -> None:
    publisher.cut = 1000
    refused(cached)
    publisher.cut = 0
    assert weight_file(NAMED, None).read_bytes() == RIGHT
