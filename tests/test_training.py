"""How the embedded network is taught: that it learns. What it comes to says docs/bestiary.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arrays import forward

from engine.bestiary import network
from engine.bestiary.lessons import CHUNK, HELD_OUT, Lessons, held_out, lesson
from engine.bestiary.names import NAMES
from engine.frame import Array
from engine.networks import NETWORKS
from installation.__main__ import main
from installation.training import Progress

e2e = pytest.mark.e2e


@pytest.fixture
def torch() -> Iterator[Any]:
    """On one thread: so little to do is done faster by one."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(before)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many pictures a chunk has."""
    monkeypatch.setattr("engine.bestiary.lessons.CHUNK", 6)
    return 6


def test_lessons_are_drawn_class_after_class(few: int) -> None:
    first = 2 * len(NAMES) - 3
    pictures, classes = lesson(first, seed=3)
    assert pictures.shape == (few, 64, 64, 3)
    assert list(classes) == [*range(len(NAMES) - 3, len(NAMES)), 0, 1, 2]
    np.testing.assert_array_equal(pictures, lesson(first, seed=3)[0])


@pytest.mark.usefixtures("few")
def test_another_seed_draws_other_lessons() -> None:
    assert not np.array_equal(lesson(0, seed=0)[0][:3], lesson(0, seed=1)[0][:3])


def test_what_is_held_out_is_no_lesson(few: int) -> None:
    pictures, classes = held_out(few + 2)
    assert len(pictures) == len(classes) == few + 2
    np.testing.assert_array_equal(pictures[:few], lesson(HELD_OUT, 0)[0])


@e2e
@pytest.mark.parametrize("processes", [1, 2])
def test_the_row_is_the_same_for_any_number_of_processes(processes: int) -> None:
    with Lessons(0, 2 * CHUNK, processes) as lessons:
        lessons.renew(3 * CHUNK)
        assert lessons.next == 3 * CHUNK
        pictures, classes = lessons.batch(50, np.random.default_rng(0))
    newest = [
        np.concatenate(both) for both in zip(lesson(CHUNK, 0), lesson(2 * CHUNK, 0), strict=True)
    ]
    chosen = np.random.default_rng(0).integers(CHUNK, 3 * CHUNK, 50) - CHUNK
    np.testing.assert_array_equal(pictures, newest[0][chosen])
    np.testing.assert_array_equal(classes, newest[1][chosen])


@e2e
def test_a_row_that_is_gone_on_with_is_the_same() -> None:
    def batch(lessons: Lessons) -> Array:
        with lessons:
            lessons.renew(4 * CHUNK)
            return lessons.batch(50, np.random.default_rng(0))[0]

    whole, resumed = Lessons(0, 3 * CHUNK, 1), Lessons(0, 3 * CHUNK, 1, seen=4 * CHUNK)
    np.testing.assert_array_equal(batch(whole), batch(resumed))


@e2e
def test_a_process_that_draws_and_dies_ends_the_training() -> None:
    with Lessons(0, 2 * CHUNK, 1) as lessons:
        lessons.renew(CHUNK)
        for process in lessons._pool._processes.values():
            process.kill()
        with pytest.raises(OSError, match="expected processes that draw, one has died"):
            lessons.renew(20 * CHUNK)


def noisy(torch: object, count: int) -> Array:
    return torch.from_numpy(  # type: ignore[attr-defined,no-any-return]
        np.random.default_rng(0).random((count, 3, 64, 64), np.float32)
    )


@e2e
@pytest.mark.parametrize("steps", [1, 2, 10])
def test_an_attack_stays_in_its_ball_and_misleads(torch, steps: int) -> None:  # type: ignore[no-untyped-def]
    from engine.bestiary.attack import attacked

    x, towards = noisy(torch, 4), noisy(torch, 4)

    def loss(seen):  # type: ignore[no-untyped-def]
        return ((seen - towards) ** 2).sum()

    moved = attacked(x, loss, 2.0, steps, torch.Generator().manual_seed(0))
    far = (moved - x).flatten(1).norm(dim=1)
    assert (far <= 2.0 + 1e-4).all()
    assert (far > 1.0).all()
    assert ((moved >= 0) & (moved <= 1)).all()
    assert loss(moved) > loss(x)


@e2e
def test_a_folded_student_answers_as_before(torch) -> None:  # type: ignore[no-untyped-def]
    from engine.bestiary.student import Student, folded, unfolded

    torch.manual_seed(0)
    student, x = Student(), noisy(torch, 8)
    for _ in range(20):
        student.train()(x)
    with torch.no_grad():
        before, after = student.eval()(x), unfolded(folded(student))(x)
    for head in network.heads():
        assert (before[head] - after[head]).abs().max() < 0.01 * before[head].abs().max()


@e2e
def test_the_student_and_the_engine_see_alike(torch) -> None:  # type: ignore[no-untyped-def]
    from engine.bestiary.student import unfolded

    picture = np.random.default_rng(0).random((3, 48, 64), np.float32)
    with torch.no_grad():
        maps = unfolded(network.arrays(network.WEIGHTS)).maps(torch.from_numpy(picture)[None])
    row = NETWORKS["bestiary"]
    scale, offset = (np.reshape(each, (3, 1, 1)) for each in (row.scale, row.offset))
    values = forward(network.graph(), scale * picture.astype(np.float64) + offset)
    for head in network.heads():
        np.testing.assert_allclose(maps[head][0], values[head], rtol=1e-3, atol=1e-3)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that starts with few pictures in hand."""
    monkeypatch.setattr("engine.bestiary.train.FIRST", 2 * CHUNK)
    monkeypatch.setattr("engine.bestiary.train.POOL", 2 * CHUNK)


@e2e
@pytest.mark.usefixtures("short")
def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(torch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from engine.bestiary.student import folded
    from engine.bestiary.train import Course, Training

    class Stopped(Exception):
        pass

    def stopped(loss: float) -> None:
        halves.append(loss)
        if len(halves) == 3:
            broken.keep(path)
            raise Stopped

    course = Course(pictures=5 * 16, batch=16, width=0.25, precision="float32")
    path, losses, halves = tmp_path / "a.state", list[float](), list[float]()
    whole = folded(Training(course, "cpu").finish(1, losses.append, tmp_path / "whole.state"))
    broken = Training(course, "cpu")
    with pytest.raises(Stopped):
        broken.finish(1, stopped, path)
    again = Training(course, "cpu")
    again.resume(path)
    assert again.step == 3
    resumed = folded(again.finish(1, halves.append, path))
    assert halves == pytest.approx(losses, rel=1e-4)
    for name, values in whole.items():
        np.testing.assert_allclose(resumed[name], values, atol=2e-3)


@e2e
@pytest.mark.usefixtures("short")
def test_a_training_learns(torch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    from engine.bestiary.train import Course, Training

    monkeypatch.setattr("engine.bestiary.train.WARM_UP", 1)
    losses: list[float] = []
    course = Course(pictures=80 * 32, batch=32, width=0.25, repeats=40, precision="float32")
    Training(course, "cpu").finish(1, losses.append, tmp_path / "a.state")
    assert len(losses) == course.steps == 80
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.3


@e2e
def test_another_course_is_not_gone_on_with(torch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from engine.bestiary.train import Course, Training

    Training(Course(width=0.25), "cpu").keep(tmp_path / "a.state")
    with pytest.raises(ValueError, match=r"a\.state: expected .*'seed': 1.*received .*'seed': 0"):
        Training(Course(width=0.25, seed=1), "cpu").resume(tmp_path / "a.state")


@e2e
def test_the_shipped_weights_are_worth_what_is_said_of_them(torch) -> None:  # type: ignore[no-untyped-def]
    """A sample of what ``kaleidream train --report`` says, so a little less will do."""
    from engine.bestiary.report import report

    own, judge = network.arrays(network.WEIGHTS), network.arrays(network.JUDGE)
    there = report(own, judge, pictures=4 * len(NAMES))
    assert there.clean >= 0.96
    assert there.robust[1.0] >= 0.92
    assert there.robust[3.0] >= 0.70
    assert there.fine <= 0.18
    assert there.recognised >= 0.9
    assert "named right" in str(there)


@e2e
@pytest.mark.usefixtures("short")
def test_the_command_teaches_and_tells_what_came_of_it(
    torch,  # type: ignore[no-untyped-def]
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "own.npz"
    words = ["--pictures", "256", "--width", "0.25", "--precision", "float32", "--device", "cpu"]
    assert main(["train", "--out", str(out), *words]) == 0
    assert "step 2 of 2" in capsys.readouterr().err
    assert not out.with_suffix(".state").exists()
    assert set(network.arrays(out)) == set(network.arrays(network.WEIGHTS))


WRONG = {
    "name": (["--out", "weights"], "--out: expected a name that ends in .npz, received 'weights'"),
    "folder": (["--out", "gone/a.npz"], "--out: expected a folder, received 'gone'"),
    "weights": (["--weights", "a.npz"], "--weights: expected --report with it, received none"),
    "pictures": (["--pictures", "100"], "pictures: expected 128 or more, received 100"),
    "none": (["--pictures", "0"], "pictures: expected more than 0, received 0"),
    "seed": (["--seed", "-1"], "seed: expected 0 or more, received -1"),
    "processes": (["--processes", "0"], "--processes: expected 1 or more, received 0"),
}


@e2e
@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("case", WRONG)
def test_what_is_asked_wrongly_is_refused_before_anything_is_done(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words, said = WRONG[case]
    assert main(["train", *words]) == 2
    assert said in capsys.readouterr().err


def test_without_pytorch_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("installation.training.find_spec", lambda name: None)
    assert main(["train"]) == 2
    assert "pip install 'kaleidream[torch]'" in capsys.readouterr().err


@e2e
def test_the_shipped_network_is_as_wide_as_a_course_of_width_1(torch) -> None:  # type: ignore[no-untyped-def]
    from engine.bestiary.train import layers

    assert layers(1.0) == network.LAYERS
    assert all(layer.channels for layer in layers(0.01) if layer.kernel)


def test_progress_is_told_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    told = Progress(steps=4, step=2)
    told(3.0)
    told(1.0)
    assert "step 4 of 4" in capsys.readouterr().err
