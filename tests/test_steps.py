import threading

import numpy as np
import pytest
from doubles import Numbers, Shelf, steps_of, until

from engine.loudness import SILENT
from engine.networks import NETWORKS
from engine.steps import FALLBACK, Steps, in_order
from engine.stock import MOST, Build

STOPS = NETWORKS[FALLBACK].stops
SIZE = (48, 64)


def known(steps: Steps, network: str = FALLBACK, layers: tuple[str, ...] = STOPS) -> Steps:
    steps.wish(network, layers)
    until(lambda: all(steps.measured(network, layer) for layer in layers))
    return steps


def built(steps: Steps, *builds: Build) -> None:
    steps.ask(builds)
    until(lambda: all(build in steps.stock for build in builds))


def through(stop: int, size: tuple[int, int] = SIZE) -> Build:
    return Build(FALLBACK, STOPS[:stop], size)


@pytest.fixture
def steps() -> Steps:
    return known(steps_of(Numbers()))


def found(steps: Steps, wanted: Build) -> Build:
    compiled = steps.stock.best(wanted)
    assert compiled
    return compiled.build


def test_a_stopped_thread_ends_what_it_does_and_itself() -> None:
    numbers = Numbers()
    steps = known(steps_of(numbers))
    gate = numbers.gate(f"compile {FALLBACK}")
    steps.ask([through(3)])
    until(lambda: not steps.idle)
    threading.Timer(0.05, gate.set).start()
    steps.stop()
    assert not steps._beside.is_alive()


def test_nothing_fits_before_anything_is_compiled(steps: Steps) -> None:
    assert steps.stock.best(through(8)) is None


def test_the_very_step_fits_best(steps: Steps) -> None:
    built(steps, through(8), through(4), through(4, (96, 64)))
    for build in (through(8), through(4), through(4, (96, 64))):
        assert found(steps, build) == build


def test_no_layer_missing_counts_more_than_the_size(steps: Steps) -> None:
    built(steps, through(2), through(8, (16, 16)))
    assert found(steps, through(4)) == through(8, (16, 16))


def test_the_nearest_size_counts_more_than_layers_too_many(steps: Steps) -> None:
    built(steps, through(8), through(4, (16, 16)), through(6))
    assert found(steps, through(4, (48, 48))) == through(6)


def test_another_network_never_fits(steps: Steps) -> None:
    built(steps, through(8))
    assert steps.stock.best(Build("vgg16", NETWORKS["vgg16"].stops, SIZE)) is None


def test_the_most_urgent_is_compiled_first() -> None:
    numbers = Numbers()
    steps = known(steps_of(numbers))
    builds = [through(8), through(1), through(5)]
    built(steps, *builds)
    made = [(layer, size) for _, layer, size in numbers.compilations if size == SIZE]
    assert made == [(build.layers[-1], SIZE) for build in builds]


def test_what_is_not_asked_for_any_more_is_not_compiled() -> None:
    numbers = Numbers()
    steps = known(steps_of(numbers))
    gate = numbers.gate(f"compile {FALLBACK}")
    steps.ask([through(8), through(7)])
    steps.ask([through(6)])
    gate.set()
    until(lambda: through(6) in steps.stock)
    assert through(7) not in steps.stock


def test_only_so_many_steps_are_kept_and_what_is_used_stays(steps: Steps) -> None:
    for n in range(2 * MOST):
        built(steps, through(8, (16, 16 * (n + 1))))
        assert found(steps, through(8, (16, 16))).size == (16, 16)
    assert len(steps.stock) == MOST


def test_heavy_steps_leave_room_for_few(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.steps.weight", lambda compiled: 100 << 20)
    for n in range(10):
        built(steps, through(8, (16, 16 * (n + 1))))
    assert len(steps.stock) == 7  # of 100 MB in 768


def test_a_step_that_cannot_be_built_is_told_once_and_the_others_go_on() -> None:
    numbers = Numbers()
    steps = known(steps_of(numbers))
    numbers.too_large.add((FALLBACK, STOPS[7]))
    steps.ask([through(8), through(7)])
    until(lambda: through(7) in steps.stock)
    assert list(steps.failures) == [f"{FALLBACK}: expected to be built, received no memory"]
    assert found(steps, through(8)) == through(7)


def test_every_layer_is_measured_alone(steps: Steps) -> None:
    for layer in STOPS:
        assert steps.loudness(FALLBACK, layer, "energy") == pytest.approx(1.0)
    assert steps.loudness(FALLBACK, "p2", "energy") == SILENT


def test_the_guide_is_as_loud_as_the_first_objective(steps: Steps) -> None:
    assert steps.loudness(FALLBACK, STOPS[0], "guide") == steps.loudness(
        FALLBACK, STOPS[0], "balanced"
    )


def test_a_layer_that_is_put_on_a_strip_later_is_measured_then(steps: Steps) -> None:
    assert not steps.measured(FALLBACK, "p2")
    known(steps, layers=(*STOPS[1:], "p2"))
    assert steps.loudness(FALLBACK, "p2", "mean") == pytest.approx(1.0)


def test_layers_and_sizes_that_are_turned_all_the_time_are_heard_in_turns(steps: Steps) -> None:
    done: list[str] = []

    def measuring() -> None:
        done.append("measured")

    def building() -> None:
        done.append("built")

    for _ in range(4):
        work = steps._in_turn(measuring, building)
        assert work
        work()
    assert sorted(done[:2]) == sorted(done[2:]) == ["built", "measured"]
    assert steps._in_turn(None, building) is steps._in_turn(building, None) is building


def test_the_guides_energies_are_those_of_its_picture() -> None:
    guide = np.full((32, 32, 3), 0.25, np.float32)
    steps = known(steps_of(Numbers(), guide=guide))
    built(steps, through(3))
    compiled = steps.stock.best(through(3))
    assert compiled
    assert set(compiled.targets) == set(STOPS[:3])
    np.testing.assert_allclose(compiled.targets[STOPS[0]], 0.25)


def test_without_a_guide_there_are_no_targets(steps: Steps) -> None:
    built(steps, through(3))
    compiled = steps.stock.best(through(3))
    assert compiled
    assert not compiled.targets


def test_a_download_keeps_nobody_from_compiling() -> None:
    shelf = Shelf()
    shelf.far.add("vgg16")
    gate = shelf.gate("load vgg16")
    steps = steps_of(Numbers(), shelf=shelf)
    steps.wish("vgg16", NETWORKS["vgg16"].stops)
    until(lambda: steps.known(FALLBACK))
    built(steps, through(8))
    gate.set()
    until(lambda: steps.known("vgg16"))
    assert shelf.loads.count("vgg16") == 1


def named(name: str, **broken: object) -> Numbers:
    numbers = Numbers()
    numbers.name = name
    for what, how in broken.items():
        setattr(numbers, what, how)
    return numbers


def test_a_backend_that_cannot_measure_the_embedded_network_gives_way() -> None:
    broken = named("broken", too_large={(FALLBACK, in_order(FALLBACK, STOPS)[-1])})
    steps = known(steps_of(broken, named("sound")))
    assert steps.backend == "sound"
    assert steps.failures[0].startswith("broken: ")


def test_a_backend_whose_first_gradient_fails_gives_way() -> None:
    broken = named("broken", error=OSError("the device is lost"), measures=False)
    steps = known(steps_of(broken, named("sound")))
    assert steps.backend == "sound"
    assert "the device is lost" in steps.failures[0]


def test_a_backend_that_builds_nothing_of_the_shows_size_gives_way() -> None:
    broken = named("broken", sizes={(96, 96)})
    steps = known(steps_of(broken, named("sound")))
    built(steps, through(8), through(4))
    assert steps.backend == "sound"


def test_a_step_of_a_backend_that_is_gone_fails_nobody(steps: Steps) -> None:
    built(steps, through(8))
    compiled = steps.stock.best(through(8))
    assert compiled
    steps.stock.clear()
    steps.fail(compiled.step, OSError("too late"))
    built(steps, through(7))
    assert steps.backend == "numbers"


def test_a_network_that_cannot_be_measured_leaves_the_others(steps: Steps) -> None:
    built(steps, through(8))
    numbers = steps._backend
    assert isinstance(numbers, Numbers)
    numbers.too_large.add(("vgg16", NETWORKS["vgg16"].stops[-1]))
    steps.wish("vgg16", NETWORKS["vgg16"].stops)
    until(lambda: bool(steps.failures))
    assert not steps.known("vgg16")
    built(steps, through(3))


@pytest.mark.parametrize("length", [np.nan, np.inf, 0.0])
def test_a_layer_without_a_gradient_is_silent(length: float) -> None:
    steps = known(steps_of(named("faint", length=length)))
    assert steps.loudness(FALLBACK, STOPS[0], "energy") == SILENT


def test_without_any_backend_the_loop_is_told() -> None:
    steps = Steps(iter(()), Shelf())
    with pytest.raises(OSError, match="expected a backend that works"):
        until(lambda: steps.wish(FALLBACK, STOPS) is not None)


def test_layers_are_sorted_from_shallow_to_deep() -> None:
    assert in_order(FALLBACK, reversed(STOPS)) == tuple(
        sorted(STOPS, key=lambda stop: in_order(FALLBACK, STOPS).index(stop))
    )
    assert in_order("inception_v3", ("mixed5", "mixed1")) == ("mixed1", "mixed5")
