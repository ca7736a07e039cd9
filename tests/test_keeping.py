import os
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from doubles import until

from engine.frame import Slot
from installation import keeping
from installation.keeping import BACKUPS, MOST_WAITING, Scribe, as_json, keep, listed, place, retire
from installation.player import Pulse, read_pulse

OLD, NEW = b"old", b"new"


def backups(path: Path) -> list[bytes]:
    folder = path.parent / "backup" / path.stem
    return [kept.read_bytes() for kept in sorted(folder.glob(f"*{path.suffix}"))]


def test_what_is_written_over_is_a_backup_and_only_the_last_ones_stay(tmp_path: Path) -> None:
    path = tmp_path / "scenes" / "rose.json"
    for version in range(BACKUPS + 3):
        keep(path, str(version).encode())
    assert path.read_bytes() == str(BACKUPS + 2).encode()
    assert backups(path) == [str(version).encode() for version in range(2, BACKUPS + 2)]


def test_what_is_taken_away_is_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "rose.json"
    place(path, OLD)
    retire(path)
    retire(path)
    assert (path.exists(), backups(path)) == (False, [OLD])


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", range(6))
def test_who_is_killed_while_writing_leaves_a_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    path = tmp_path / "rose.json"
    place(path, OLD)
    left = iter(range(step))

    def or_die(name: str) -> None:
        plainly = getattr(os, name)

        def done(*arguments: object) -> None:
            if next(left, None) is None:
                raise Killed
            plainly(*arguments)

        monkeypatch.setattr(keeping.os, name, done)

    for name in ("fsync", "replace"):
        or_die(name)
    try:
        keep(path, NEW)
    except Killed:
        assert path.read_bytes() == OLD
        assert all(kept == OLD for kept in backups(path))
    else:
        assert step >= 4
        assert (path.read_bytes(), backups(path)) == (NEW, [OLD])


@pytest.mark.parametrize(
    ("text", "said"),
    [("[1", "order.json: "), ('{"a": 1}', "expected a list, received"), ("[" * 9999, "order.json")],
)
def test_a_list_that_is_broken_is_said_and_empty(tmp_path: Path, text: str, said: str) -> None:
    path, sentences = tmp_path / "order.json", list[str]()
    assert listed(path, sentences.append) == []
    path.write_text(text)
    assert listed(path, sentences.append) == []
    assert [said in sentence for sentence in sentences] == [True]


def test_a_list_comes_back(tmp_path: Path) -> None:
    place(tmp_path / "order.json", as_json(["räuber", "rose"]))
    assert listed(tmp_path / "order.json", pytest.fail) == ["räuber", "rose"]


@pytest.fixture
def scribe(pulse: Pulse) -> Iterator[Scribe]:
    made = Scribe(pulse)
    yield made
    made.close()


def test_deeds_are_done_in_their_order_and_the_loop_does_not_wait(scribe: Scribe) -> None:
    gate, done = threading.Event(), list[int]()
    scribe.do(gate.wait)
    for number in range(3):
        scribe.do(partial(done.append, number), lambda: done.append(-1))
    scribe.tick(0.0)
    assert (done, scribe.figures()) == ([], {"waiting": 4})
    gate.set()
    until(lambda: len(done) == 3)
    until(lambda: scribe.tick(0.0) or not scribe.figures()["waiting"])
    assert done == [0, 1, 2, -1, -1, -1]


def test_what_the_disk_refuses_is_said_and_the_rest_goes_on(
    scribe: Scribe, pulse: Pulse, beaten: Slot
) -> None:
    done: list[str] = []

    def refused() -> None:
        raise OSError(28, "No space left on device")

    scribe.do(refused, lambda: done.append("refused"))
    scribe.do(lambda: done.append("written"))
    until(lambda: scribe.tick(0.0) or not scribe.figures()["waiting"])
    pulse.beat_now({})
    assert done == ["written"]
    assert "No space left" in read_pulse(beaten)["errors"][0]


def test_what_goes_wrong_otherwise_ends_the_player(scribe: Scribe) -> None:
    deed = scribe.do(lambda: 1 / 0)
    until(deed.done)
    with pytest.raises(ZeroDivisionError):
        scribe.tick(0.0)


def test_no_more_is_asked_of_a_disk_than_it_can_be_behind(scribe: Scribe) -> None:
    gate = threading.Event()
    for _ in range(MOST_WAITING):
        scribe.do(gate.wait)
    with pytest.raises(OSError, match="expected at most 256 to wait for the disk"):
        scribe.do(gate.wait)
    gate.set()


def test_what_waits_is_written_before_the_end(pulse: Pulse, tmp_path: Path) -> None:
    scribe = Scribe(pulse)
    for number in range(20):
        scribe.do(partial(place, tmp_path / f"{number}", NEW))
    scribe.close()
    assert len(list(tmp_path.iterdir())) == 20
