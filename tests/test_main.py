import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.backends import choosing
from engine.backends.outcome import Outcome
from engine.backends.trial import Trial
from engine.bestiary.names import NAMES
from engine.networks import NETWORKS
from installation import __main__ as main_module
from installation import doctor
from installation.__main__ import main
from installation.doctor import Finding
from installation.plan import Plan
from installation.scenes.scenery import factory
from installation.settings import table
from mappings.osc.requests import VERBS

TABLE = table()
COMMANDS = (
    "run",
    "demo",
    "devices",
    "doctor",
    "parameters",
    "scenes",
    "atlas",
    "layout",
    "train",
    "bench",
)

Captured = pytest.CaptureFixture[str]


def asked(*words: str) -> int:
    """The exit status of the command line, however it ends."""
    try:
        return main(words)
    except SystemExit as end:
        return int(end.code or 0)


@pytest.fixture(autouse=True)
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """Of the shows that would have been played."""
    plans: list[Plan] = []

    def played(plan: Plan) -> int:
        plans.append(plan)
        return 0

    monkeypatch.setattr(main_module, "_played", played)
    return plans


def test_the_version_is_told(capsys: Captured) -> None:
    assert asked("--version") == 0
    assert capsys.readouterr().out.startswith("kaleidream 0.")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_every_command(capsys: Captured, flag: str) -> None:
    assert asked(flag) == 0
    said = capsys.readouterr().out
    assert all(f"\n    {command}" in said for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(capsys: Captured, command: str) -> None:
    assert asked(command, "--help") == 0
    assert capsys.readouterr().out.startswith(f"usage: kaleidream {command}")


PIXELS = "/dream/size: expected 64 to 1024 pixels (whole)"
WRONG: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "size": (["--size", "256"], ["--size: expected WIDTHxHEIGHT, received '256'"]),
    "size of nothing": (["--size", "0x10"], ["expected WIDTHxHEIGHT, received '0x10'"]),
    "size in words": (["--size", "axb"], ["expected WIDTHxHEIGHT, received 'axb'"]),
    "too wide": (["--size", "4096x64"], [PIXELS, "received '4096'"]),
    "too high": (["--size", "256x4096"], [PIXELS, "received 4096"]),
    "too flat": (["--size", "256x8"], [PIXELS, "received 8"]),
    "window": (["--window", "wide"], ["--window: expected WIDTHxHEIGHT, received 'wide'"]),
    "port": (["--osc-port", "0"], ["--osc-port: expected a port 1 to 65535, received '0'"]),
    "high port": (["--osc-port", "65536"], ["expected a port 1 to 65535, received '65536'"]),
    "seconds": (["--seconds", "-1"], ["--seconds: expected seconds over 0, received '-1'"]),
    "no number": (["--seconds", "nan"], ["expected seconds over 0, received 'nan'"]),
    "for ever": (["--seconds", "inf"], ["expected seconds over 0, received 'inf'"]),
    "network": (["--network", "vgg"], ["--network: ", "'vgg'", *NETWORKS]),
    "address": (["--set", "/scope/fodls=8"], ["no parameter '/scope/fodls'", "/scope/folds"]),
    "range": (["--set", "/scope/folds=99"], ["expected 1 to 24 folds (whole), received '99'"]),
    "choice": (["--set", "/dream/network=vgg"], ["/dream/network: expected one of bestiary"]),
    "no value": (["--set", "/scope/folds"], ["expected ADDRESS=VALUE, received '/scope/folds'"]),
    "word": (["--set", "/scope/folds=many"], ["/scope/folds: expected 1 to 24", "'many'"]),
    "mapping": (["--mapping", "gone.toml"], ["--mapping: expected a file, received 'gone.toml'"]),
    "weights": (["--weights-dir", "gone"], ["--weights-dir: expected a folder, received 'gone'"]),
    "film": (["--record", "a.avi"], ["--record: expected a name that ends in .mp4", "'a.avi'"]),
    "folder": (["--record", "gone/a.mp4"], ["--record: expected a folder, received 'gone'"]),
    "stats": (["--stats", "gone/s.json"], ["--stats: expected a folder, received 'gone'"]),
    "two screens": (["--fullscreen", "--window", "1x1"], ["--window", "--fullscreen"]),
    "display": (["--display", "-1"], ["--display: expected a display from 0, received '-1'"]),
    "scene": (["--scene", "gone"], ["no scene 'gone'; there are "]),
    "unknown": (["--netwrok", "vgg16"], ["received '--netwrok'; there are --network"]),
    "half a word": (["--headles"], ["received '--headles'; there are --headless"]),
    "a film alone": (["film.mp4"], ["expected an option, received 'film.mp4'"]),
    "nearly a network": (["--network", "resnet51"], ["'resnet51'; there are resnet50"]),
    "backend": (["--backend", "tourch"], ["--backend: expected one of auto, ", "there are torch"]),
}
ASIDE = {  # what is wrong in other commands, and the help that is named
    "dance": ("dance", "COMMAND: expected one of run, demo, ", ""),
    "parametres": ("parametres", "received 'parametres'; there are parameters", ""),
    "an app": ("layout touchosk -o k.tosc", "app: expected one of touchosc, ", "layout "),
    "nowhere": ("layout touchosc", "required: -o/--output", "layout "),
    "a switch": ("bench --quik", "received '--quik'; there are --quick", "bench "),
    "a device": ("train --device coda", "--device: expected one of cpu, cuda, mps, ", "train "),
    "no frames": ("atlas x --frames 0", "--frames: expected a whole number over 0, ", "atlas "),
    "no side": ("atlas x --side wide", "--side: expected a whole number over 0, ", "atlas "),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("command", ["run", "demo"])
def test_what_is_asked_wrongly_is_refused_with_one_sentence(
    capsys: Captured,
    plans: list[Plan],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    case: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "display_found", lambda: False)
    words, said = WRONG[case]
    assert asked(command, *words) == 2
    error = capsys.readouterr().err
    sentence, *hint = error.splitlines()
    assert sentence.startswith("kaleidream: ")
    assert all(part in sentence for part in said), sentence
    assert hint in ([], [f"see: kaleidream {command} --help"])
    assert not plans, "a show was started"


def test_a_broken_mapping_is_refused_by_name(capsys: Captured, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n[[control]]\ncc = 1\nto = "/scope/fodls"\n')
    assert asked("run", "--mapping", str(path)) == 2
    assert "mine.toml: line 2: control 1: no parameter '/scope/fodls'" in capsys.readouterr().err


@pytest.mark.parametrize("case", ASIDE)
def test_every_command_refuses_in_one_sentence_and_names_its_help(
    capsys: Captured, case: str
) -> None:
    words, said, command = ASIDE[case]
    assert asked(*words.split()) == 2
    sentence, hint = capsys.readouterr().err.splitlines()
    assert sentence.startswith("kaleidream: ")
    assert said in sentence
    assert hint == f"see: kaleidream {command}--help"


def test_a_refused_demo_removes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "display_found", lambda: False)
    diary = tmp_path / "diary.txt"
    diary.write_text("do not lose me")
    assert asked("demo", "--record", str(diary)) == 2
    assert diary.exists()


def test_without_a_command_the_show_is_played(plans: list[Plan]) -> None:
    assert (main([]), main(["--headless"]), main(["run"])) == (0, 0, 0)
    assert [plan.headless for plan in plans] == [False, True, False]
    assert plans[0] == plans[2] == Plan(TABLE.defaults, window=(1280, 720))


def test_a_demo_without_a_display_leaves_a_film_and_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "display_found", lambda: False)
    Path("show.mp4").write_text("of yesterday")

    def played(plan: Plan) -> int:
        assert (plan.headless, plan.seconds) == (True, main_module.DEMO_SECONDS)
        for path in plan.record:
            assert not path.exists()
            path.touch()
        return 0

    monkeypatch.setattr(main_module, "_played", played)
    assert main(["demo"]) == 0
    said = capsys.readouterr().out
    assert all(f"Look at {tmp_path / name}" in said for name in ("show.mp4", "show.png"))


def test_a_demo_with_a_display_is_the_show(
    plans: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "display_found", lambda: True)
    assert main(["demo"]) == 0
    assert plans == [Plan(TABLE.defaults, window=(1280, 720))]


def test_the_parameters_are_listed(capsys: Captured) -> None:
    assert main(["parameters"]) == 0
    lines = capsys.readouterr().out.splitlines()
    named = [line.split()[0] for line in lines if line.startswith("/")]
    assert named == [parameter.address for parameter in TABLE] + [verb for verb, _ in VERBS]


def test_the_scenes_are_listed_with_their_moods(capsys: Captured) -> None:
    assert main(["scenes"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == len(factory())
    assert "Bone and shadow." in "".join(said)


def test_the_classes_in_docs_are_those_of_the_network() -> None:
    said = (Path(__file__).parent.parent / "docs" / "bestiary.md").read_text("utf-8")
    listed = re.findall(r"\| (\d+) (\w+) (?=\|)", said)
    assert {int(n): name for n, name in listed} == dict(enumerate(NAMES, 1))


def test_the_reference_in_docs_is_what_the_program_says(capsys: Captured) -> None:
    assert main(["parameters", "--markdown"]) == 0
    kept = Path(__file__).parent.parent / "docs/parameters.md"
    assert kept.read_text() == capsys.readouterr().out


def test_the_parameters_are_listed_as_json(capsys: Captured) -> None:
    assert main(["parameters", "--json"]) == 0
    everything: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    listed = [each for each in everything if each["kind"] != "verb"]
    assert [each["address"] for each in listed] == [parameter.address for parameter in TABLE]
    verbs = everything[len(listed) :]
    assert [(each["address"], len(each["arguments"])) for each in verbs] == list(VERBS)
    for each, parameter in zip(listed, TABLE, strict=True):
        default = parameter.value_in_range(each["default"])
        assert default == TABLE.defaults[parameter.index]
        assert each["doc"]
        assert each["low"] <= default <= each["high"]


def test_a_choice_is_listed_with_its_options(capsys: Captured) -> None:
    main(["parameters", "--json"])
    listed = {each["address"]: each for each in json.loads(capsys.readouterr().out)}
    assert listed["/dream/network"]["options"] == list(NETWORKS)
    assert "options" not in listed["/dream/amount"]


def test_the_page_of_parameters_has_every_address(capsys: Captured) -> None:
    assert main(["parameters", "--markdown"]) == 0
    found, group = [], ""
    parameters, _, verbs = capsys.readouterr().out.partition("# Verbs")
    for address, _ in VERBS:
        assert f"| `{address}` |" in verbs
    for line in parameters.splitlines():
        if line.startswith("## "):
            group = line[3:]
        if line.startswith("| `"):
            assert line.count("|") == 5
            found.append(f"{group}/{line.split('`')[1]}")
    assert found == [parameter.address for parameter in TABLE]


FINE = Finding("MIDI", True, "works", "plug it in")
LACKING = Finding("camera", False, "none", "plug one in")
BROKEN = Finding("backend", False, "no module", "install it", needed=True)


@pytest.mark.parametrize(
    ("findings", "status"), [([FINE], 0), ([FINE, LACKING], 0), ([BROKEN, FINE], 1)]
)
def test_the_doctor_fails_only_for_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, findings: list[Finding], status: int
) -> None:
    monkeypatch.setattr(doctor, "CHECKS", [lambda each=each: each for each in findings])
    assert main(["doctor", "--json"]) == status
    said = json.loads(capsys.readouterr().out)
    assert [Finding(**each) for each in said] == findings


def test_the_doctor_says_how_to_mend_what_is_missing_only(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    checks = [lambda each=each: each for each in (FINE, LACKING, BROKEN)]
    monkeypatch.setattr(doctor, "CHECKS", checks)
    main(["doctor"])
    assert capsys.readouterr().out.splitlines() == [
        "works     MIDI: works",
        "without   camera: none",
        "          plug one in",
        "MISSING   backend: no module",
        "          install it",
    ]


def test_a_probe_that_crashes_is_a_finding_not_the_end() -> None:
    found = doctor._probed("driver", "import os; os._exit(134)", "install one", needed=True)
    assert (found.works, found.needed, found.fix) == (False, True, "install one")


@pytest.mark.parametrize(
    ("check", "module"),
    [
        (doctor._backends, "engine.backends.choosing"),
        (doctor._weights, "engine.weights"),
        (doctor._camera, "cv2"),
    ],
)
def test_what_cannot_be_imported_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, check: Any, module: str
) -> None:
    monkeypatch.delitem(sys.modules, "installation.sources.cameras", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    found = doctor._checked(check)
    assert (found.works, found.needed) == (False, True)
    assert module in found.found


def test_a_library_that_is_broken_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def _camera() -> Finding:
        raise ImportError("libGL.so.1: cannot open shared object file")

    found = doctor._checked(_camera)
    assert (found.name, found.works, found.needed) == ("camera", False, True)
    assert found.found.startswith("libGL.so.1")


@pytest.mark.parametrize("failed", [(), ("torch",)])
def test_the_doctor_shows_every_trial_and_what_failed(
    monkeypatch: pytest.MonkeyPatch, failed: tuple[str, ...]
) -> None:
    trials = (Trial("openvino", "float32", 1.0, 9.0), Trial("openvino", "bfloat16", 0.1, 5.0))
    monkeypatch.setattr(choosing, "retried", lambda threads: Outcome(trials, failed))
    found = doctor._backends()
    assert found.works
    assert found.found.split("; ") == [
        "openvino float32 9 ms (chosen)",
        "openvino bfloat16 5 ms (wrong gradient)",
        *(f"{name} failed" for name in failed),
    ]


@pytest.mark.parametrize("check", [doctor._python, doctor._shared_memory, doctor._weights])
def test_what_every_machine_with_tests_has_is_found(check: Any) -> None:
    assert check().works
