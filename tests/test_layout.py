import json
from pathlib import Path

import pytest
from tablet import opened

from installation.__main__ import main
from mappings.surfaces.screen import SCREENS

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("size", SCREENS)
def test_a_layout_for_touchosc_has_the_size_of_its_screen(
    size: str, tmp_path: Path, capsys: Captured
) -> None:
    path = tmp_path / "kaleidream.tosc"
    assert main(["layout", "touchosc", "-o", str(path), "--size", size]) == 0
    screen = SCREENS[size]
    assert opened(path).frame == (0, 0, screen.width, screen.height)
    said = capsys.readouterr().out
    assert str(path) in said
    assert "--osc-reply 9001" in said


def test_a_session_for_open_stage_control_is_json(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "kaleidream.json"
    assert main(["layout", "open-stage-control", "-o", str(path)]) == 0
    assert json.loads(path.read_text("utf-8"))["content"]["type"] == "root"
    assert "--send" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("touchosc", "-o", "k.xml"), "-o: expected a name that ends in .tosc, received 'k.xml'"),
        (("open-stage-control", "-o", "k.tosc"), "expected a name that ends in .json"),
        (("touchosc", "-o", "gone/k.tosc"), "-o: expected a folder, received 'gone'"),
    ],
)
def test_what_is_asked_wrongly_is_refused(
    words: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["layout", *words]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
