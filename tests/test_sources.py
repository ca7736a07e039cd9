import logging
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.frame import Array
from installation.sources import cameras
from installation.sources.cameras import Camera, changing, chosen, listed
from installation.sources.drift import Drift, Noise
from installation.sources.films import CAREFUL, Film, without_password
from installation.sources.live import Live
from installation.sources.pace import Paced
from installation.sources.pictures import MOST, Album, fitted, picture
from installation.sources.table import SOURCES, Reopening, Source, kind_of, open_source

MEDIA = Path(__file__).parents[1] / ".." / "shared" / "media"
STEP = 10  # of grey, from one numbered frame to the next
IDENTITY = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
QUARTER_TURN = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)


class Hand(threading.Event):
    """A stopping event whose waiting moves a clock."""

    now = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0.0
        return self.is_set()

    def clock(self) -> float:
        return self.now


class Failing:
    """Gives one picture after ``fails`` failed reads."""

    name = "failing"
    closed = 0

    def __init__(self, fails: int) -> None:
        self.fails = fails

    def read(self, stopping: threading.Event) -> Array | None:
        self.fails -= 1
        if self.fails >= 0:
            raise OSError("unplugged")
        return grey(1)

    def close(self) -> None:
        self.closed += 1


class Eye:
    """A camera's capture that shows these pictures, then none."""

    def __init__(self, *pixels: Array) -> None:
        self.pixels = list(pixels)

    def read(self) -> tuple[bool, Array | None]:
        return (True, self.pixels.pop(0)) if self.pixels else (False, None)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def grey(number: int, width: int = 64, height: int = 48) -> Array:
    return np.full((height, width, 3), number * STEP, np.uint8)


def film(path: Path, frames: list[Array], rate: int = 25, codec: str = "mpeg4") -> Path:
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=rate)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = "yuv420p"
        for pixels in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(video.encode(None))
    return path


def numbered(path: Path, count: int = 10, rate: int = 25) -> Path:
    return film(path, [grey(number) for number in range(count)], rate)


def number_of(pixels: Array | None) -> int:
    assert pixels is not None
    return round(float(pixels.mean()) / STEP)


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0"))


def saved(path: Path, *colours: str, size: tuple[int, int] = (64, 36)) -> Path:
    path.mkdir(exist_ok=True)
    for colour in colours:
        Image.new("RGB", size, colour).save(path / f"{colour}.png")
    return path


def first(source: Source, seconds: float = 5.0) -> Array:
    """The first picture of a source that needs its time."""
    until, stopping = time.monotonic() + seconds, threading.Event()
    while time.monotonic() < until:
        if (pixels := source.read(stopping)) is not None:
            return pixels
    raise AssertionError(f"{source.name}: no picture in {seconds} s")


def read_to_the_end(source: Source, seen: list[Array] | None = None) -> None:
    while True:
        if (pixels := source.read(threading.Event())) is not None and seen is not None:
            seen.append(pixels)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of tmp_path on a web server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


# descriptions


@pytest.mark.parametrize("kind", SOURCES, ids=lambda kind: kind.pattern)
def test_every_kind_says_what_it_is(kind) -> None:
    assert kind.pattern
    assert kind.doc.endswith(".")


@pytest.mark.parametrize(
    ("description", "pattern"),
    [
        ("camera", "camera[:NAME|:INDEX]"),
        ("camera:2", "camera[:NAME|:INDEX]"),
        ("camera:Integrated Camera: HD", "camera[:NAME|:INDEX]"),
        ("RTSP://10.0.0.1/stream", SOURCES[1].pattern),
        ("drift", "drift"),
        ("noise", "noise"),
        (".", "FOLDER"),
        (__file__, "FILE"),
    ],
)
def test_a_description_finds_its_kind(description: str, pattern: str) -> None:
    assert kind_of(description).pattern == pattern


@pytest.mark.parametrize("description", ["", "camera:", "camera: ", "gopher://x/y", "http://"])
def test_an_unknown_kind_is_refused_with_the_known_ones(description: str) -> None:
    with pytest.raises(ValueError, match=r"expected one of camera.*drift.*FILE, received"):
        open_source(description)


def test_a_missing_file_is_told() -> None:
    with pytest.raises(FileNotFoundError, match=r"received 'beach\.mp4', and there is no such"):
        open_source("beach.mp4")


def test_every_file_of_the_shared_media_opens() -> None:
    if not MEDIA.is_dir():
        pytest.skip("needs ../shared/media, which is not here")
    for path in sorted(MEDIA.glob("*/*")):
        source = open_source(str(path))
        pixels = source.read(threading.Event())
        source.close()
        assert pixels is not None
        assert pixels.dtype == np.uint8
        assert pixels.shape[2:] == (3,)
        assert pixels.flags.c_contiguous
        assert 5 < pixels.mean() < 250


# drawn sources


@pytest.mark.parametrize("draw", [Drift().at, Noise().at])
def test_what_is_drawn_follows_from_the_time_alone(draw: Callable[[float], Array]) -> None:
    again = type(draw.__self__)().at  # type: ignore[attr-defined]
    assert np.array_equal(draw(12.3), again(12.3))


@pytest.mark.parametrize("draw", [Drift().at, Noise().at])
@pytest.mark.parametrize("seconds", [0.0, 1e7])
def test_what_is_drawn_moves_slowly_and_is_colourful(draw, seconds: float) -> None:
    now, soon, later = (draw(seconds + ahead).astype(float) for ahead in (0.0, 1 / 30, 20.0))
    assert now.shape == (360, 640, 3)
    assert 0 < np.abs(now - soon).mean() < 10 < np.abs(now - later).mean()
    assert np.ptp(now, axis=2).mean() > 30


def test_a_drawn_source_keeps_its_rate_and_leaves_out_what_nobody_read() -> None:
    hand = Hand()
    source = Paced("clock", lambda seconds: np.array(round(seconds * 30)), hand.clock)
    assert [source.read(hand) for _ in range(3)] == [0, 1, 2]
    assert hand.now == pytest.approx(2 / 30)
    hand.now = 10.01
    assert source.read(hand) == 300


# pictures


def test_a_picture_is_given_again_and_again(tmp_path: Path) -> None:
    source = open_source(str(saved(tmp_path, "red") / "red.png"))
    pixels = source.read(threading.Event())
    assert pixels is not None
    assert pixels[0, 0].tolist() == [255, 0, 0]
    assert source.read(threading.Event()) is pixels


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 77, [77, 77, 77]),
        ("1", 1, [255, 255, 255]),
        ("RGBA", (200, 100, 50, 0), [0, 0, 0]),
        ("RGBA", (200, 100, 50, 255), [200, 100, 50]),
        ("LA", (90, 255), [90, 90, 90]),
        ("P", 0, [0, 0, 0]),
        ("I;16", 77 * 256, [77, 77, 77]),
    ],
)
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str, colour, expected: list[int]) -> None:
    Image.new(mode, (5, 4), colour).save(tmp_path / "it.png")
    pixels = picture(tmp_path / "it.png")
    assert pixels.shape == (4, 5, 3)
    assert pixels[2, 2].tolist() == expected


def test_a_picture_stands_as_its_exif_says(tmp_path: Path) -> None:
    image = Image.new("RGB", (80, 40), "white")
    image.paste("black", (0, 0, 40, 40))
    exif = image.getexif()
    exif[0x0112] = 6  # turn a quarter clockwise: left becomes top
    image.save(tmp_path / "it.jpg", exif=exif)
    pixels = picture(tmp_path / "it.jpg")
    assert pixels.shape == (80, 40, 3)
    assert pixels[:35].mean() < 10
    assert pixels[45:].mean() > 245


@pytest.mark.parametrize("size", [(4000, 1000), (100, 3000), (1921, 1080), (20000, 2)])
def test_a_large_picture_is_fitted_in_its_own_shape(size: tuple[int, int]) -> None:
    width, height = size
    down, across = fitted(np.zeros((height, width, 3), np.uint8)).shape[:2]
    assert across == MOST[0] or down == MOST[1]
    assert across <= MOST[0]
    assert down <= MOST[1]
    assert across / width == pytest.approx(down / height, abs=1 / min(size))


@pytest.mark.parametrize("size", [(9000, 8000), (12000, 12000), (24000, 24000)])
def test_a_bomb_is_refused_by_its_header(tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / "bomb.png").write_bytes(png_header(*size))
    with pytest.raises(OSError, match=r"bomb\.png: expected .* at most 64 megapixels"):
        open_source(str(tmp_path / "bomb.png"))


def test_a_truncated_jpeg_is_refused_by_name(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (100, 100, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "half.jpg")
    whole = (tmp_path / "half.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OSError, match=r"half\.jpg: expected a whole picture.*truncated"):
        open_source(str(tmp_path / "half.jpg"))


@pytest.mark.parametrize("content", [b"", b"hello\n" * 100, b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"])
@pytest.mark.parametrize("name", ["it.mp4", "it.txt", "it.jpg"])
def test_what_is_neither_film_nor_picture_is_refused_by_name(
    tmp_path: Path, content: bytes, name: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OSError, match=rf"{name}: expected a (film|whole picture)"):
        open_source(str(tmp_path / name))


# folders


def test_a_folder_shows_its_pictures_by_name_and_fades_between(tmp_path: Path) -> None:
    album = Album(saved(tmp_path, "black", "white"))
    levels = [int(album.at(seconds)[0, 0, 0]) for seconds in (0, 5.9, 6.5, 7, 7.5, 8, 13, 15)]
    assert levels[:2] == [0, 0]
    assert 0 < levels[2] < levels[3] == 128 < levels[4] < 255
    assert levels[5:] == [255, 255, 128]


def test_a_broken_picture_in_a_folder_is_left_out_and_told_once(tmp_path: Path, caplog) -> None:
    (saved(tmp_path, "black", "white") / "broken.png").write_bytes(png_header(24000, 24000))
    album = Album(tmp_path)
    assert [int(album.at(8.0 * turn)[0, 0, 0]) for turn in range(5)] == [0, 255, 0, 255, 0]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "broken.png" in caplog.text


@pytest.mark.parametrize("name", ["notes.txt", "broken.png", "._hidden.png"])
def test_a_folder_without_a_picture_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("nothing to see")
    with pytest.raises(OSError, match="expected a folder with pictures"):
        open_source(str(tmp_path))


# films


@pytest.mark.parametrize("name", ["it.mp4", "it.mkv", "it.avi", "it.ts"])
def test_a_film_is_looped_without_a_gap_at_its_own_rate(tmp_path: Path, name: str) -> None:
    hand = Hand()
    source = Film(numbered(tmp_path / name), hand.clock)
    assert [number_of(source.read(hand)) for _ in range(23)] == [*range(10), *range(10), 0, 1, 2]
    assert hand.now == pytest.approx(22 / 25)
    source.close()


def test_a_film_read_late_skips_ahead(tmp_path: Path) -> None:
    hand = Hand()
    source = Film(numbered(tmp_path / "it.mp4"), hand.clock)
    source.read(hand)
    hand.now += 0.2
    assert number_of(source.read(hand)) == 5
    assert number_of(source.read(hand)) == 6
    assert hand.now == pytest.approx(0.24)


def test_a_film_read_much_too_late_goes_on_at_its_own_rate(tmp_path: Path) -> None:
    hand = Hand()
    source = Film(numbered(tmp_path / "it.mp4"), hand.clock)
    source.read(hand)
    hand.now = 3600.0
    numbers = [number_of(source.read(hand)) for _ in range(3)]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
    assert hand.now == pytest.approx(3600.08)


def test_a_slow_film_has_nothing_new_most_of_the_time(tmp_path: Path) -> None:
    hand = Hand()
    source = Film(numbered(tmp_path / "it.avi", rate=1), hand.clock)
    pictures = [source.read(hand) for _ in range(5)]
    numbers = [pixels if pixels is None else number_of(pixels) for pixels in pictures]
    assert numbers == [0, None, 1, None, 2]


def test_a_film_stands_as_the_telephone_was_held(tmp_path: Path) -> None:
    frame = np.zeros((48, 96, 3), np.uint8)
    frame[:, :48] = 255
    path = film(tmp_path / "it.mp4", [frame])
    before, movie, track = path.read_bytes().partition(b"tkhd")
    path.write_bytes(before + movie + track.replace(IDENTITY, QUARTER_TURN, 1))
    pixels = Film(path).read(Hand())
    assert pixels is not None
    assert pixels.shape == (96, 48, 3)
    assert pixels[:44].mean() > 240
    assert pixels[52:].mean() < 15


def test_a_film_can_be_closed_while_it_is_read(tmp_path: Path) -> None:
    source = Film(numbered(tmp_path / "it.mp4"))
    gone = threading.Event()

    def read_on() -> None:
        try:
            while True:
                source.read(threading.Event())
        except OSError:
            gone.set()

    thread = threading.Thread(target=read_on)
    thread.start()
    source.close()
    source.close()
    assert gone.wait(2.0)
    thread.join()


def test_a_film_of_absurd_size_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = film(tmp_path / "it.avi", [grey(1)], codec="rawvideo")
    size = struct.pack("<2I", 64, 48)
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<2I", 32000, 32000)))
    with pytest.raises(OSError, match=r"it\.avi: expected .* at most 64 megapixels"):
        open_source(str(path))


def test_a_frame_of_absurd_size_ends_a_film(tmp_path: Path, monkeypatch) -> None:
    path = numbered(tmp_path / "it.mp4")
    monkeypatch.setitem(CAREFUL, "max_pixels", "100")
    with pytest.raises(OSError, match=r"it\.mp4: expected a film"):
        open_source(str(path))


def test_sound_alone_is_no_film(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "it.mkv"), "w") as container:
        sound = container.add_stream("pcm_s16le", rate=8000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        silence.sample_rate = 8000
        container.mux(sound.encode(silence))
        container.mux(sound.encode(None))
    with pytest.raises(OSError, match=r"it\.mkv: expected a film .* received no pictures"):
        open_source(str(tmp_path / "it.mkv"))


# cameras


def test_cameras_are_listed_by_index_without_their_metadata_nodes(tmp_path: Path) -> None:
    for node, index, name in (("video10", 0, "Stage"), ("video2", 0, "HD Cam"), ("video3", 1, "x")):
        (tmp_path / node).mkdir()
        (tmp_path / node / "index").write_text(f"{index}\n")
        (tmp_path / node / "name").write_text(f"{name}\n")
    assert listed(tmp_path) == (Camera(2, "HD Cam"), Camera(10, "Stage"))
    assert listed(tmp_path / "nowhere") == ()


THERE = (Camera(0, "HD Cam"), Camera(2, "HD Cam Pro"), Camera(4, "Stage"), Camera(6, "Stage"))


@pytest.mark.parametrize(
    ("description", "index"),
    [("camera", 0), ("camera:2", 2), ("camera:hd cam", 0), ("camera:Pro", 2)],
)
def test_a_camera_is_chosen_by_index_or_name(description: str, index: int) -> None:
    assert chosen(description, THERE).index == index


@pytest.mark.parametrize(
    ("description", "there", "problem"),
    [
        ("camera", (), "no camera: expected one of those plugged in: none, received 'camera'"),
        ("camera:1", THERE, r"no such camera: expected one of 0 \(HD Cam\), 2"),
        ("camera:Eye", THERE, "no such camera"),
        ("camera:stage", THERE, "several such cameras"),
    ],
)
def test_never_another_camera(description: str, there: tuple[Camera, ...], problem: str) -> None:
    with pytest.raises(OSError, match=problem):
        chosen(description, there)


def test_a_camera_gives_rgb_and_tells_when_it_is_unplugged() -> None:
    blue_green_red = np.full((4, 6, 3), (1, 2, 3), np.uint8)
    pictures = changing(Eye(blue_green_red), "camera X")
    assert next(pictures)[0, 0].tolist() == [3, 2, 1]
    with pytest.raises(OSError, match="camera X: expected a picture, received none"):
        next(pictures)


def test_a_camera_that_repeats_itself_is_gone_in_the_end() -> None:
    hand = Hand()
    pictures = changing(Eye(grey(1), *[grey(2)] * 30), "camera X", hand.clock)
    for _ in range(12):
        next(pictures)
        hand.now += 1.0
    with pytest.raises(OSError, match="received the same for 10 s"):
        next(pictures)


@pytest.mark.camera
def test_a_real_camera_gives_pictures() -> None:
    if not cameras.cameras():
        pytest.skip("no camera is plugged in")
    source = open_source("camera")
    assert first(source, 15.0).ndim == 3
    source.close()


# devices that are read in a thread


def test_only_the_newest_picture_is_kept_and_the_end_is_told() -> None:
    gone = threading.Event()

    def hasty(closing: threading.Event) -> Iterator[Array]:
        yield from (grey(1), grey(2), grey(3))
        gone.set()

    source = Live("device", hasty, 1.0, 1.0)
    assert gone.wait(2.0)
    assert number_of(source.read(threading.Event())) == 3
    with pytest.raises(OSError, match="device: ended"):
        source.read(threading.Event())
    source.close()


def test_a_silent_device_gives_nothing_new_and_then_is_gone(monkeypatch) -> None:
    hand = Hand()
    monkeypatch.setattr("installation.sources.live.PATIENCE", 0.01)

    def silent(closing: threading.Event) -> Iterator[Array]:
        yield grey(1)
        closing.wait(10.0)

    source = Live("device", silent, 10.0, 2.0, hand.clock)
    assert number_of(first(source)) == 1
    assert source.read(hand) is None
    hand.now = 2.1
    with pytest.raises(OSError, match="device: expected a picture within 2 s"):
        source.read(hand)
    source.close()


# streams


@pytest.mark.parametrize("name", ["it.mp4", "it.ts"])
def test_a_stream_is_read_from_a_server(tmp_path: Path, served: str, name: str) -> None:
    numbered(tmp_path / name)
    source = open_source(f"{served}/{name}")
    assert first(source).shape == (48, 64, 3)
    with pytest.raises(OSError, match="the stream ended"):
        read_to_the_end(source)
    source.close()


def test_a_film_on_a_server_keeps_its_own_rate(tmp_path: Path, served: str) -> None:
    numbered(tmp_path / "it.mp4", rate=50)
    source, seen = open_source(f"{served}/it.mp4"), []
    with pytest.raises(OSError, match="ended"):
        read_to_the_end(source, seen)
    source.close()
    numbers = [number_of(pixels) for pixels in seen]
    assert len(numbers) > 5
    assert numbers == sorted(numbers)


def test_a_dead_address_gives_nothing_new_and_keeps_trying() -> None:
    stopping = Hand()
    source = Reopening("http://user:secret@127.0.0.1:9/x", clock=stopping.clock)
    while source.lost < 2:
        assert source.read(stopping) is None
    assert source.away
    stopping.set()
    assert source.read(stopping) is None
    source.close()
    assert "http://127.0.0.1:9/x: expected a film or a stream" in source.last_error
    assert "secret" not in source.last_error + source.name


def test_a_password_is_never_shown() -> None:
    assert without_password("rtsp://a:b@10.0.0.1/c@d") == "rtsp://10.0.0.1/c@d"


def test_a_stream_that_returns_is_shown_again(tmp_path: Path, served: str) -> None:
    hand = Hand()
    source = Reopening(f"{served}/it.mp4", clock=hand.clock)
    while source.lost == 0:
        assert source.read(hand) is None
    assert "404" in source.last_error
    numbered(tmp_path / "it.mp4")
    hand.now += 1.0
    assert first(source).shape == (48, 64, 3)
    source.close()


# reopening


def test_a_lost_source_is_opened_again_after_longer_and_longer_waits(caplog) -> None:
    hand, opened_at, given = Hand(), [], [Failing(1) for _ in range(8)] + [Failing(0)]

    def opened(description: str) -> Source:
        opened_at.append(hand.now)
        return given[len(opened_at) - 1]

    source = Reopening("drift", opened, hand.clock)
    while source.read(hand) is None:
        pass
    assert np.diff(opened_at).tolist() == [0.5, 1, 2, 4, 8, 10, 10, 10]
    assert [each.closed for each in given] == [1] * 8 + [0]
    assert (source.lost, source.last_error, source.away) == (8, "unplugged", False)
    assert len(caplog.records) == 8


def test_a_source_that_held_long_enough_is_soon_opened_again() -> None:
    hand, given = Hand(), Failing(2)
    source = Reopening("drift", lambda _: given, hand.clock)
    while source.read(hand) is None:
        pass
    hand.now += 60.0
    given.fails, lost_at = 1, hand.now
    while source.read(hand) is None:
        pass
    assert hand.now - lost_at == pytest.approx(0.5)


def test_a_file_that_vanishes_is_shown_again_when_it_returns(tmp_path: Path) -> None:
    path, hand = numbered(tmp_path / "it.mp4", count=3), Hand()
    source = Reopening(str(path), lambda name: Film(Path(name), hand.clock), hand.clock)
    path.rename(tmp_path / "away.mp4")
    while not source.away:
        source.read(hand)
    (tmp_path / "away.mp4").rename(path)
    while source.read(hand) is None:
        pass
    assert not source.away
    source.close()


def test_reading_never_takes_long_while_the_source_is_away() -> None:
    hand = Hand()
    source = Reopening("drift", lambda _: Failing(9**9), hand.clock)
    for _ in range(40):
        began = hand.now
        assert source.read(hand) is None
        assert hand.now - began <= 0.5


def test_a_device_that_does_not_let_go_is_not_opened_twice() -> None:
    hand, stuck, count = Hand(), Failing(9**9), []

    def hang() -> None:
        raise OSError("does not let go")

    stuck.close = hang  # type: ignore[method-assign]
    source = Reopening("drift", lambda _: count.append(1) or stuck, hand.clock)  # type: ignore[func-returns-value]
    while source.lost < 5:
        source.read(hand)
    assert len(count) == 1
    assert source.last_error == "does not let go"


@pytest.mark.parametrize("description", ["", "camera:", "gopher://x"])
def test_a_wrong_description_is_told_at_the_start(description: str) -> None:
    with pytest.raises(ValueError, match="expected one of"):
        Reopening(description)


def test_a_missing_file_is_told_at_the_start_but_a_camera_may_come_later() -> None:
    with pytest.raises(FileNotFoundError):
        Reopening("beach.mp4")
    assert Reopening("camera:One that nobody has").away
