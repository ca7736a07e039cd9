from pathlib import Path

import pytest

from engine.bestiary.names import NAMES
from engine.networks import NETWORKS
from installation.arguments import CommandLine
from installation.plan import Plan
from installation.planning import options, planned
from installation.settings import table

TABLE = table()


def plan_of(*words: str) -> Plan:
    return planned(options(CommandLine()).parse_args(words))


def test_every_wish_is_in_the_plan(tmp_path: Path) -> None:
    mapping = tmp_path / "mine.toml"
    mapping.write_text('name = "mine"\nports = ["*"]\n[[control]]\ncc = 1\nto = "/scope/folds"\n')
    film, still, stats = (tmp_path / name for name in ("a.mp4", "a.png", "s.json"))
    plan = plan_of(
        *("--source", "film.mp4", "--source", "camera:0", "--network", "vgg16"),
        *("--weights-dir", str(tmp_path), "--size", "512x128", "--window", "640x480"),
        *("--headless", "--display", "1", "--seconds", "2.5", "--record", str(film)),
        *("--record", str(still), "--stats", str(stats), "--set", "/scope/folds=8"),
        *("--osc-port", "9001", "--lan", "--midi", "nano", "--mapping", str(mapping)),
        *("--web-port", "8081"),
    )
    start = dict(zip((each.address for each in TABLE), TABLE.defaults, strict=True))
    start |= {"/dream/network": list(NETWORKS).index("vgg16"), "/dream/size": 512.0}
    start["/scope/folds"] = 8.0
    assert plan == Plan(
        start=tuple(start.values()),
        sources=("film.mp4", "camera:0"),
        shape=0.25,
        window=(640, 480),
        headless=True,
        display=1,
        seconds=2.5,
        record=(film, still),
        stats=stats,
        osc_host="0.0.0.0",
        osc_port=9001,
        web_host="0.0.0.0",
        web_port=8081,
        token=plan.token,
        midi="nano",
        mapping=mapping,
        weights=tmp_path,
    )


def test_full_screen_has_no_size() -> None:
    assert plan_of("--fullscreen").window is None


def test_the_last_setting_wins_also_over_an_option() -> None:
    plan = plan_of("--size", "512x512", "--set", "/dream/size=300", "--set", "/dream/size=128")
    assert plan.start[TABLE["/dream/size"].index] == 128.0


@pytest.mark.parametrize("line", ["/dream/network=vgg16", "/colour/invert=on", "/dream/amount=.5"])
def test_words_and_numbers_can_be_set(line: str) -> None:
    address, _, word = line.partition("=")
    parameter = TABLE[address]
    assert plan_of("--set", line).start[parameter.index] == parameter.value(word)


def test_where_osc_clients_listen_is_where_they_send_from_unless_it_is_said() -> None:
    assert plan_of().osc_reply is None
    assert plan_of("--osc-reply", "9001").osc_reply == 9001


def test_no_sound_input_is_opened_unless_it_is_asked_for() -> None:
    assert plan_of().sound == "none"
    assert plan_of("--sound", "default").sound == "default"


def test_a_page_that_others_are_let_in_to_asks_for_another_token_each_time() -> None:
    tokens = {plan_of("--lan").token for _ in range(3)}
    assert len(tokens) == 3
    assert min(len(token) for token in tokens) > 20
    assert plan_of().token == ""
    assert plan_of().web_host == "127.0.0.1"


def test_a_show_without_a_page_has_nobody_to_serve_it() -> None:
    assert "web" in plan_of().players
    assert "web" not in plan_of("--no-web").players


def test_only_a_show_that_is_recorded_has_a_recorder(tmp_path: Path) -> None:
    assert "record" not in plan_of().players
    assert "record" in plan_of("--record", str(tmp_path / "a.mp4")).players


def test_a_scene_comes_before_what_is_set() -> None:
    start = dict(zip((p.address for p in TABLE), plan_of("--scene", "ice").start, strict=True))
    assert start["/scope/folds"] == 6
    assert start["/strip/8/channel"] == 1 + NAMES.index("snowflakes")
    words = ("--scene", "ice", "--set", "/scope/folds=9", "--size", "128x128")
    set_too = dict(zip((p.address for p in TABLE), plan_of(*words).start, strict=True))
    assert set_too == {**start, "/scope/folds": 9, "/dream/size": 128}
