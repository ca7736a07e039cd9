"""The page in a real browser; what needs pictures, controllers or the network at a real show."""

import os
import re
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from backdrop import Backdrop, Rehearsal
from chromium import PROGRAMS, Chromium, Page
from jack import SWEEP, Jack
from test_whole_show import Played, dreams

from engine.bestiary.names import NAMES
from engine.parameters import Trigger
from installation.settings import table

pytestmark = pytest.mark.e2e

TABLE = table()
PHONE, TABLET, WIDE = (360, 740), (600, 960), (1024, 600)
TABS = ("scenes", "desk", "move", "knobs", "house")
LEAST_TOUCH = 44  # pixels
LEAST_TEXT = 12
LEAST_CONTRAST, LEAST_CONTRAST_LARGE = 4.5, 3.0  # WCAG AA
ZOOM, AMOUNT, GAIN = "/scope/zoom", "/dream/amount", "/strip/1/gain"
PANIC = "/master/panic"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    there = [program for program in PROGRAMS if shutil.which(program)]
    if not there:
        pytest.skip(f"not installed: {PROGRAMS[0]}")
    made = Chromium(there[0], tmp_path_factory.mktemp("chromium"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    made = Rehearsal(tmp_path_factory.mktemp("rehearsal"))
    yield made
    made.close()


@pytest.fixture
def played(rehearsal: Rehearsal) -> Rehearsal:
    """Everything stands where it started, and has been still since panic came."""
    before = rehearsal.ask(PANIC)
    rehearsal.turn(PANIC)
    rehearsal.becomes(PANIC, before + 1)
    return rehearsal


Opened = Callable[..., Page]


@pytest.fixture
def opened(chromium: Chromium, played: Rehearsal) -> Iterator[Opened]:
    """Opens its page."""
    pages: list[Page] = []

    def open_page(size: tuple[int, int] = WIDE, touch: bool = False) -> Page:
        pages.append(chromium.page(played.address, size, touch))
        return pages[-1]

    yield open_page
    for page in pages:
        page.close()


@pytest.fixture
def backdrop(tmp_path: Path) -> Iterator[Backdrop]:
    made = Backdrop(tmp_path)
    yield made
    made.close()


class Show(Played):
    """A real one, for the whole network, and for controllers where there is JACK."""

    def __init__(self, folder: Path, **environment: str) -> None:
        home = folder / "home"
        super().__init__(folder, "--source", "drift", "--lan", "--home", str(home), **environment)
        self.until(dreams)
        printed = re.search(r"The page: (http://\S+)", self.log())
        assert printed
        self.address = printed[1]


@pytest.fixture(scope="module")
def show(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Show]:
    environment = {}
    with suppress(pytest.skip.Exception):
        jack: Jack = request.getfixturevalue("jack")
        keys = ("JACK_DEFAULT_SERVER", "JACK_NO_AUDIO_RESERVATION", "JACK_NO_START_SERVER")
        environment = {key: jack.environment[key] for key in (*keys, "MIDO_BACKEND")}
    made = Show(tmp_path_factory.mktemp("show"), **environment)
    yield made
    assert made.end() == 0


@pytest.fixture
def shown(chromium: Chromium, show: Show) -> Iterator[Page]:
    """The page of the show, which begins where it started."""
    show.turn(PANIC)
    page = chromium.page(show.address, WIDE)
    yield page
    page.close()


def control(address: str, tab: str = "knobs") -> str:
    return f"#{tab} [data-address='{address}']"


def stands(page: Page, address: str, tab: str = "knobs") -> float:
    """What a slider says."""
    told = page.told(f'document.querySelector("{control(address, tab)}").ariaValueNow')
    return float(told)


# turning


def test_a_fader_pulled_by_the_mouse_turns_the_strip(opened: Opened, played: Rehearsal) -> None:
    page = opened()
    page.open("desk")
    fader = control(GAIN, "desk")
    page.drag(page.place(fader), page.place(fader, y=0.0))
    played.becomes(GAIN, 1.0)
    page.drag(page.place(fader, y=0.07), page.place(fader, y=0.5))
    played.becomes(GAIN, 0.0)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("ArrowLeft",) * 5, 0.95),
        (("Home",), 0.0),
        (("Home", "ArrowRight", "ArrowUp"), 0.02),
        (("Home", "PageUp"), 0.1),
        (("Home", "End", "ArrowDown"), 0.99),
        (("Home", "Delete"), 1.0),
    ],
)
def test_a_slider_is_turned_by_keys(
    opened: Opened, played: Rehearsal, keys: tuple[str, ...], value: float
) -> None:
    page = opened()
    page.open("knobs")
    page.focus(control(AMOUNT))
    for key in keys:
        page.key(key)
    played.becomes(AMOUNT, value)


def test_a_finger_moves_a_fader_by_as_much_as_it_moves(opened: Opened, played: Rehearsal) -> None:
    page = opened(PHONE, touch=True)
    page.open("desk")
    fader = control(GAIN, "desk")
    x, y = page.place(fader, y=0.9)
    height = page.told(f'document.querySelector("{fader}").clientHeight') - 24
    page.touch("touchStart", (x, y))
    page.touch("touchEnd")
    played.turn("/dream/reset")
    assert played.ask(GAIN) == 0.0, "it does not jump to the finger"
    page.touch("touchStart", (x, y))
    for moved in (4, 4 + height / 8, 4 + height / 4):
        page.touch("touchMove", (x, y - moved))
    page.touch("touchEnd")
    played.becomes(GAIN, 0.5)


def test_two_fingers_move_two_faders(opened: Opened, played: Rehearsal) -> None:
    page = opened(PHONE, touch=True)
    page.open("desk")
    names = "/strip/1/gain", "/strip/3/gain"
    starts = [page.place(control(name, "desk")) for name in names]
    page.touch("touchStart", *starts)
    for moved in (6, 60, 200):
        page.touch(
            "touchMove",
            *((x, y - moved * way) for (x, y), way in zip(starts, (1, -1), strict=True)),
        )
    page.touch("touchEnd")
    played.becomes(names[0], 1.0)
    played.becomes(names[1], -1.0)


def test_a_finger_that_scrolls_turns_nothing(opened: Opened, played: Rehearsal) -> None:
    page = opened(PHONE, touch=True)
    page.open("knobs")
    x, y = page.place(control("/dream/step_size"))
    before = played.ask("/dream/step_size")
    page.touch("touchStart", (x, y))
    for moved in range(8, 160, 8):
        page.touch("touchMove", (x, y - moved))
    page.touch("touchEnd")
    assert page.until("document.getElementById('knobs').scrollTop > 40")
    assert played.ask("/dream/step_size") == before


def test_the_pad_turns_two_parameters_at_once(opened: Opened, played: Rehearsal) -> None:
    page = opened()
    page.drag(page.place(".field"), page.place(".field", 0.75, 0.25))
    played.becomes("/scope/source_x", 0.5)
    played.becomes("/scope/source_y", -0.5)


def test_a_class_is_chosen_by_its_picture(opened: Opened, played: Rehearsal) -> None:
    page = opened()
    page.open("desk")
    page.click(control("/strip/8/channel", "desk"))
    assert page.until("document.querySelectorAll('dialog[open] .class').length") == len(NAMES)
    page.click(f".class:nth-child({1 + NAMES.index('eyes')})")
    played.becomes("/strip/8/channel", 1 + NAMES.index("eyes"))
    name = f'document.querySelector("{control("/strip/8/channel", "desk")} .name").textContent'
    assert page.until(f"{name} === 'eyes'")
    picture = f'document.querySelector("{control("/strip/8/channel", "desk")} img")'
    assert page.until(f"{picture}.naturalWidth") == 64
    played.turn("/strip/8/layer", "c5a")
    assert page.until(f"{name} === '{1 + NAMES.index('eyes')}'"), "no class: its number"


def test_what_saves_a_show_is_in_reach_on_every_tab(opened: Opened, played: Rehearsal) -> None:
    page = opened(PHONE, touch=True)
    for tab in TABS:
        page.open(tab)
        for name in ("freeze", "blackout", "panic"):
            assert page.told(
                f"(({{bottom, right}}) => bottom <= innerHeight && right <= innerWidth)"
                f"(document.getElementById('{name}').getBoundingClientRect())"
            )
    for name in ("freeze", "blackout"):
        page.click(f"#{name}")
        played.becomes(f"/master/{name}", 1)
        assert page.until(f"document.getElementById('{name}').ariaPressed === 'true'")
        page.click(f"#{name}")
        played.becomes(f"/master/{name}", 0)


REACHED = """(() => {
  const panel = document.querySelector("[role=tabpanel]:not([hidden])");
  const hit = [];
  for (const part of [0, 0.5, 1]) {
    for (const each of [panel, document.scrollingElement]) {
      each.scrollTop = part * each.scrollHeight;
    }
    for (const name of ["freeze", "blackout", "panic"]) {
      const element = document.getElementById(name);
      const {left, top, width, height} = element.getBoundingClientRect();
      hit.push(document.elementFromPoint(left + width / 2, top + height / 2) === element
        && top + height <= innerHeight && left + width <= innerWidth);
    }
  }
  return [panel.clientHeight, panel.scrollHeight, hit];
})()"""


@pytest.mark.parametrize("size", [(390, 844), (844, 390), (800, 480), (320, 568)])
def test_what_saves_a_show_is_reached_wherever_a_tab_is_scrolled_to(
    opened: Opened, size: tuple[int, int]
) -> None:
    page = opened(size, touch=True)
    scrolled = 0
    for tab in TABS:
        page.open(tab)
        seen, there, hit = page.told(REACHED)
        scrolled += there > seen
        assert hit == 9 * [True], tab
        assert seen >= 0.4 * size[1], f"{tab}: too little room is left for it"
    assert scrolled >= 3


def test_one_tap_is_no_panic_and_two_are(opened: Opened, played: Rehearsal) -> None:
    page = opened()
    played.turn(AMOUNT, 0.5)
    played.becomes(AMOUNT, 0.5)
    before = played.ask("/master/panic")
    page.click("#panic")
    assert page.until("document.getElementById('panic').textContent") == "Again: panic"
    assert played.ask("/master/panic") == before
    page.click("#panic")
    played.becomes(AMOUNT, 1.0)
    assert played.ask("/master/panic") == before + 1


def test_panic_held_is_one_panic(opened: Opened, played: Rehearsal) -> None:
    page = opened()
    before = played.ask("/master/panic")
    at = page.place("#panic")
    page.mouse("mousePressed", at)
    played.becomes("/master/panic", before + 1)
    page.mouse("mouseReleased", at)
    assert page.told("document.getElementById('panic').textContent") == "Panic"


# in step


def test_what_is_turned_by_osc_shows_in_every_browser(opened: Opened, played: Rehearsal) -> None:
    pages = [opened(), opened(PHONE, touch=True)]
    played.turn(ZOOM, 2.0)
    for page in pages:
        page.open("knobs")
        page.until(f'document.querySelector("{control(ZOOM)}").ariaValueNow == 2')
        assert "2.00" in page.told(f'document.querySelector("{control(ZOOM)}").ariaValueText')


def test_what_is_turned_in_one_browser_shows_in_the_other(opened: Opened) -> None:
    one, other = opened(), opened()
    one.open("knobs")
    one.focus(control(AMOUNT))
    one.key("Home")
    other.until(f'document.querySelector("{control(AMOUNT)}").ariaValueNow == 0')
    one.open("desk")
    mute = "[aria-label='strip 3 mute']"
    one.click(mute)
    assert other.until(f'document.querySelector("{mute}").ariaChecked === "true"')


def test_a_hand_on_a_slider_is_not_pulled_away(opened: Opened, played: Rehearsal) -> None:
    page = opened()
    page.open("desk")
    fader = control(GAIN, "desk")
    at = page.place(fader, y=0.0)
    page.mouse("mousePressed", at)
    played.becomes(GAIN, 1.0)
    played.turn(GAIN, -0.5)
    played.becomes(GAIN, -0.5)
    played.turn(ZOOM, 3.0)
    page.until(f'document.querySelector("{control(ZOOM)}").ariaValueNow == 3')
    assert stands(page, GAIN, "desk") == 1.0
    page.mouse("mouseReleased", at)
    page.until(f'document.querySelector("{fader}").ariaValueNow == -0.5')


def test_what_a_modulator_moves_is_seen_moving(opened: Opened, played: Rehearsal) -> None:
    page = opened()
    played.turn("/modulator/1/target", ZOOM)
    played.turn("/modulator/1/rate", 2.0)
    played.turn("/modulator/1/depth", 0.8)
    moved = f'document.querySelector("{control(ZOOM)}").style.getPropertyValue("--played")'
    before = page.until(f'document.querySelector("{control(ZOOM)}.swayed") && {moved}')
    assert page.until(f"{moved} !== '{before}'")
    assert stands(page, ZOOM) == 1.0, "the knob stands still"


# the picture, and what controllers say


def test_a_tab_that_nobody_sees_is_sent_no_picture(chromium: Chromium, backdrop: Backdrop) -> None:
    page = chromium.page(backdrop.address, WIDE)

    def pictures() -> int:
        """What was sent, after more than enough has been shown."""
        for _ in range(20):
            backdrop.presents()
            time.sleep(0.05)
        return int(backdrop.figures["pictures"])

    assert pictures() > 5
    with page.covered():
        backdrop.until(lambda figures: not figures["watched"])
        before = backdrop.figures["pictures"]
        assert pictures() == before
    assert pictures() > before + 5
    page.close()


@pytest.mark.parametrize(
    ("position", "way", "tab"),
    [(0.75, "\u25b2 50 %", "desk"), (0.0, "\u25bc 25 %", "desk"), (0.75, "\u25b2 50 %", "knobs")],
)
def test_it_is_seen_where_a_knob_stands_that_waits_to_be_met(
    chromium: Chromium, backdrop: Backdrop, position: float, way: str, tab: str
) -> None:
    address = GAIN if tab == "desk" else AMOUNT
    page = chromium.page(backdrop.address, WIDE)
    page.open(tab)
    slider = control(address, tab)
    backdrop.bank.write({address: TABLE[address].kind.at(position)})
    mark = f'document.querySelector("{slider} .control")'
    assert page.told(f"getComputedStyle({mark}).opacity") == "0"
    waiting = {"address": address, "position": position, "control": 0.25}
    backdrop.control.beat_now({"midi": {"ports": ["desk"], "waiting": [waiting]}})
    assert page.until(f'document.querySelector("{slider}.waiting")?.dataset.way') == way
    assert page.told(f"getComputedStyle({mark}).opacity") == "1"
    middle, places = page.where(f"{slider} .control"), page.where(slider)
    size = page.told(f'document.querySelector("{slider}").clientHeight') if tab == "desk" else 0
    if tab == "desk":
        assert middle[1] == pytest.approx(places[1] + (size - 24) / 4, abs=2)
    else:
        width = page.told(f'document.querySelector("{slider}").clientWidth')
        assert middle[0] == pytest.approx(places[0] - (width - 24) / 4, abs=2)
    backdrop.control.beat_now({"midi": {"ports": ["desk"], "waiting": []}})
    assert page.until(f'!document.querySelector("{slider}.waiting")')
    page.close()


# everything there is


def test_every_parameter_is_on_the_page(opened: Opened) -> None:
    page = opened()
    page.open("knobs")
    page.told("document.querySelectorAll('#knobs details').forEach((each) => (each.open = true))")
    every = {parameter.address for parameter in TABLE}
    all_of_them = "[...document.querySelectorAll('#knobs [data-address]')]"
    page.until(f"{all_of_them}.length >= {len(TABLE)}")
    assert set(page.told(f"{all_of_them}.map((each) => each.dataset.address)")) == every


def test_the_page_means_the_same_by_a_position_as_the_table(opened: Opened) -> None:
    places = [each / 16 for each in range(17)]
    told = opened().told(
        """(async () => {
            const {valueAt, positionOf} = await import("/page/positions.js");
            const {parameters} = await (await fetch("/table.json")).json();
            const places = [...Array(17).keys()].map((each) => each / 16);
            return parameters.map((kind) => places.map((place) => {
                const value = valueAt(kind, place);
                return [value, positionOf(kind, value)];
            }));
        })()"""
    )
    for parameter, pairs in zip(TABLE, told, strict=True):
        if isinstance(parameter.kind, Trigger):
            continue
        values = [parameter.kind.at(place) for place in places]
        assert [value for value, _ in pairs] == pytest.approx(values, abs=1e-9), parameter.address
        positions = [parameter.kind.position(value) for value in values]
        assert [place for _, place in pairs] == pytest.approx(positions, abs=1e-9)


def test_a_parameter_is_found_by_its_name(opened: Opened) -> None:
    page = opened()
    page.open("knobs")
    page.focus("#knobs [type=search]")
    page.write("source zoom")
    page.until("document.querySelectorAll('#knobs .row:not([hidden])').length === 1")
    shown = "document.querySelector('#knobs .row:not([hidden]) [data-address]').dataset.address"
    assert page.told(shown) == "/scope/source_zoom"


# scenes


def test_scenes_are_recalled_stored_moved_renamed_and_deleted(
    opened: Opened, played: Rehearsal
) -> None:
    page = opened()
    names = "[...document.querySelectorAll('.tile .name')].map((each) => each.textContent)"
    page.until(f"{names}.includes('ice')")
    assert page.until("document.querySelector('.tile img').naturalWidth")
    played.turn("/scene/morph_seconds", 0.0)
    page.told("document.querySelector('.tile[aria-label$=\" argus\"]').click()")
    played.becomes("/scope/folds", 5)
    page.until("document.querySelector('.tile[aria-current][aria-label$=\" argus\"]')")

    page.focus("#scenes .store input")
    page.write("my look")
    page.key("Enter")
    place = page.until(f"{names}.indexOf('my look') + 1")
    assert (played.plan.home / "scenes" / "my look.json").exists()

    page.click("#scenes [aria-pressed]")
    page.click(f".tile:nth-child({place})")
    page.click(".tools > button:nth-of-type(1)")
    page.until(f"{names}.indexOf('my look') === {place - 2}")
    page.focus(f".tile:nth-child({place - 1})")
    page.key("ArrowRight")
    page.until(f"{names}.indexOf('my look') === {place - 1}")
    start = page.place(f".tile:nth-child({place})")
    page.drag(start, page.where(f".tile:nth-child({place - 2})"))
    page.until(f"{names}.indexOf('my look') === {place - 3}")

    page.told("document.querySelector('.tools input').value = 'our look'")
    page.click(".tools form button")
    page.until(f"{names}.includes('our look') && !{names}.includes('my look')")
    page.click(".tools > button:last-of-type")
    page.click(".tools > button:last-of-type")
    page.until(f"!{names}.includes('our look')")


def test_a_scene_that_comes_with_the_show_is_neither_renamed_nor_deleted_and_told_why(
    opened: Opened, played: Rehearsal
) -> None:
    page = opened()
    played.turn("/scene/store", "own")
    page.until("document.querySelector('.tile[data-name=own]')")
    page.click("#scenes [aria-pressed]")
    shown = "[...document.querySelectorAll('.tools > :not([hidden])')].map((e) => e.textContent)"
    page.click(".tile[data-name=own]")
    assert page.until(f"{shown}.length > 3 && {shown}") == [
        *("Rename", "\u25c0 Earlier", "Later \u25b6", "Store here", "Delete")
    ]
    page.click(".tile[data-name=ice]")
    given, *offered = page.told(shown)
    assert given.startswith("It comes with the show")
    assert offered == ["\u25c0 Earlier", "Later \u25b6", "Store here"]
    played.turn("/scene/delete", "own")


def test_what_could_not_be_done_is_told_on_the_page(opened: Opened, played: Rehearsal) -> None:
    page = opened()
    page.until("document.querySelector('.tile[data-name=ice]')")
    assert not page.told("document.getElementById('refused').checkVisibility()")
    page.focus("#scenes .store input")
    page.write("no/name")
    page.key("Enter")
    said = page.until("document.getElementById('refused').textContent")
    assert said.endswith("received 'no/name'")
    assert page.told("document.getElementById('refused').checkVisibility()")
    page.click("#scenes .store button")  # without a name it is given one
    assert page.until("document.querySelector('.tile[data-name=\"scene 1\"]')")
    played.turn("/scene/delete", "scene 1")


def test_what_is_locked_no_scene_moves(opened: Opened, played: Rehearsal) -> None:
    page = opened()
    page.open("knobs")
    played.turn("/scope/folds", 17)
    lock = "#knobs [aria-label='lock folds']"
    page.click(lock)
    page.until(f'document.querySelector("{lock}").ariaPressed === "true"')
    played.turn("/scene/morph_seconds", 0.0)
    played.turn("/scene/recall", "ice")
    page.until("document.querySelector('.tile[aria-current][aria-label$=\" ice\"]')")
    assert played.ask("/scope/folds") == 17
    page.click(lock)
    page.until(f'document.querySelector("{lock}").ariaPressed === "false"')


def test_a_cue_is_added_played_and_taken_out(opened: Opened) -> None:
    page = opened()
    page.until("document.querySelector('[aria-label=\"scene for a new cue\"]').options.length")
    page.told("document.querySelector('[aria-label=\"scene for a new cue\"]').value = 'ice'")
    page.told(
        "[...document.querySelectorAll('#scenes button')]"
        ".find((each) => each.textContent === 'Add a cue').click()"
    )
    page.until("document.querySelector('.cue')?.textContent.includes('ice')")
    page.click(".cue")
    page.until("document.querySelector('.cues [aria-current=step]')")
    page.click("[aria-label='remove cue 1']")
    assert page.until("!document.querySelector('.cue')")


# learning


def test_a_tap_while_learning_turns_nothing(opened: Opened, played: Rehearsal) -> None:
    page = opened()
    page.open("knobs")
    page.click("#learn")
    page.click(control(AMOUNT))
    page.click("#blackout")
    page.until("document.getElementById('learning').textContent.includes('/master/blackout')")
    page.key("Escape")
    page.until("!document.body.classList.contains('learns')")
    assert (played.ask(AMOUNT), played.ask("/master/blackout")) == (1.0, 0)


# for everybody


LOOK = """(() => {
  const light = (rgb) => {
    const [r, g, b] = rgb.map((each) => {
      const part = each / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const parsed = (text) => {
    const parts = text.match(/[\\d.]+/g).map(Number);
    return { rgb: parts.slice(0, 3), alpha: parts[3] ?? 1 };
  };
  const under = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      const { rgb, alpha } = parsed(getComputedStyle(each).backgroundColor);
      layers.push({ rgb, alpha });
      if (alpha === 1) break;
    }
    return layers.reverse().reduce((below, { rgb, alpha }) =>
      rgb.map((part, at) => alpha * part + (1 - alpha) * below[at]), [0, 0, 0]);
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
    const shown = element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    if ((!words && !["INPUT", "SELECT"].includes(element.tagName)) || !shown) continue;
    if (element.closest(":disabled, option, dialog:not([open]), [type=radio]")) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const [a, b] = [light(parsed(style.color).rgb), light(under(element))].sort((x, y) => y - x);
    const name = `${element.tagName}.${element.className} ${element.textContent.slice(0, 30)}`;
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    found.push([name, size, (a + 0.05) / (b + 0.05), large]);
  }
  return found;
})()"""


@pytest.mark.parametrize("size", [PHONE, TABLET, WIDE])
def test_every_word_can_be_read(opened: Opened, size: tuple[int, int]) -> None:
    page = opened(size, touch=size != WIDE)
    seen = 0
    for tab in TABS:
        page.open(tab)
        for name, text, contrast, large in page.told(LOOK):
            seen += 1
            assert text >= LEAST_TEXT, name
            least = LEAST_CONTRAST_LARGE if large else LEAST_CONTRAST
            assert contrast >= least, f"{tab}: {name}: {contrast:.2f}"
    assert seen > 100


TOUCHED = """[...document.querySelectorAll(
    "button, select, input:not([type=radio]), [role=slider], [role=tab], summary, .segments label"
  )].filter((each) => each.checkVisibility())
    .map((each) => [each.outerHTML.slice(0, 90), each.getBoundingClientRect()])
    .map(([name, {width, height}]) => [name, width, height])"""


@pytest.mark.parametrize("size", [PHONE, TABLET, WIDE])
def test_everything_is_large_enough_for_a_finger(opened: Opened, size: tuple[int, int]) -> None:
    page = opened(size, touch=True)
    for tab in TABS:
        page.open(tab)
        for name, width, height in page.told(TOUCHED):
            assert height >= LEAST_TOUCH - 0.5, f"{tab}: {name}"
            assert width >= LEAST_TOUCH - 0.5, f"{tab}: {name}: {width}"
        assert page.told("document.documentElement.scrollWidth") <= size[0]
        wide = "document.querySelector('[role=tabpanel]:not([hidden])')"
        assert page.told(f"{wide}.scrollWidth <= {wide}.clientWidth"), f"{tab} is too wide"


def test_everything_is_reached_by_the_keyboard_and_seen_to_be(opened: Opened) -> None:
    page = opened()
    page.open("desk")
    page.told("document.activeElement.blur()")
    reached, first = [], None
    for _ in range(200):
        page.key("Tab")
        here = page.told(
            "(({tagName, id, dataset, ariaLabel}, style) => [tagName, id, dataset.address ?? '',"
            " ariaLabel ?? '', style.outlineStyle, parseFloat(style.outlineWidth)])"
            "(document.activeElement, getComputedStyle(document.activeElement))"
        )
        first = first or here
        if here[0] == "BODY" or (reached and here == first):
            break
        reached.append(here)
        assert (here[4], here[5] >= 2) == ("solid", True), here
    addresses = {each[2] for each in reached}
    assert {f"/strip/{number}/gain" for number in range(1, 9)} <= addresses
    assert {"/master/freeze", "/master/blackout", "/master/panic"} <= addresses
    assert {each[1] for each in reached} >= {"learn", "desk-tab", "picture"}


def test_what_can_be_turned_says_what_it_is(opened: Opened) -> None:
    page = opened()
    for tab in TABS:
        page.open(tab)
        nameless = page.told(
            "[...document.querySelectorAll('button, select, input, [role=slider], [role=tab]')]"
            ".filter((each) => each.checkVisibility() && !each.ariaLabel && !each.title"
            " && !each.textContent.trim() && !each.labels?.length)"
            ".map((each) => each.outerHTML.slice(0, 120))"
        )
        assert nameless == [], tab


def test_the_tabs_are_changed_by_the_arrow_keys(opened: Opened) -> None:
    page = opened()
    page.open("scenes")
    page.focus("#scenes-tab")
    for tab in (*TABS[1:], TABS[0]):
        page.key("ArrowRight")
        assert page.told("document.querySelector('[role=tabpanel]:not([hidden])').id") == tab


# at a real show


def test_the_picture_moves_while_it_is_watched(chromium: Chromium, show: Show) -> None:
    page = chromium.page(show.address, WIDE)
    shown = "Number(document.querySelector('canvas').dataset.pictures)"
    page.until(f"{shown} > 10")
    assert page.told("document.querySelector('canvas').width") == 640
    light = page.told(
        "document.querySelector('canvas').getContext('2d').getImageData(0, 0, 640, 360).data"
        ".filter((_, at) => at % 4 < 3).reduce((one, other) => Math.max(one, other))"
    )
    assert light > 60
    page.close()
    last = show.until(lambda figures: figures["page"]["browsers"] == 0)["page"]["pictures"]
    later = show.until(lambda figures: figures["seconds"] > show.stats()["seconds"] - 1)
    assert later["page"]["pictures"] == last


def test_nothing_is_asked_of_another_host_and_nothing_fails(shown: Page, show: Show) -> None:
    for tab in TABS:
        shown.open(tab)
    shown.open("desk")
    shown.click(control("/strip/8/channel", "desk"))
    shown.until("[...document.querySelectorAll('.class img')].some((each) => each.naturalWidth)")
    shown.until("Number(document.querySelector('canvas').dataset.pictures) > 3")
    hosts = {re.match(r"\w+://([^/]+)/", address)[1] for address in shown.requests}  # type: ignore[index]
    assert hosts == {urlsplit(show.address).netloc}
    assert len(shown.requests) > 20
    assert shown.complaints == []


def test_a_web_player_that_is_killed_comes_back_and_nobody_else_notices(
    shown: Page, show: Show
) -> None:
    before = show.stats()
    os.kill(before["pids"]["web"], signal.SIGKILL)
    shown.until("document.body.classList.contains('alone')")
    show.turn(ZOOM, 1.5)
    shown.until("!document.body.classList.contains('alone')")
    shown.until(f'document.querySelector("{control(ZOOM)}").ariaValueNow == 1.5')
    after = show.until(lambda figures: figures["restarts"]["web"] == 1)
    assert {**before["pids"], "web": 0} == {**after["pids"], "web": 0}


def test_a_phone_is_let_in_by_the_printed_address_and_by_no_other(
    chromium: Chromium, show: Show
) -> None:
    page = chromium.page(show.address, PHONE, touch=True)
    assert page.told("location.search") == "", "the token is not left to be read"
    page.open("house")
    assert page.until("document.querySelector('[src=\"/qr.svg\"]').naturalWidth") > 50
    page.close()
    host, port = re.match(r"http://([^:/]+):(\d+)", show.address).groups()  # type: ignore[union-attr]
    with socket.create_connection((host, int(port))) as stranger:
        stranger.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        assert b" 403 " in stranger.recv(100)


def test_a_knob_is_learnt_from_the_page(shown: Page, jack: Jack) -> None:
    shown.open("knobs")
    shown.click("#learn")
    shown.click(control(ZOOM))
    shown.until("document.getElementById('learning').textContent.includes('/scope/zoom')")
    assert jack.plays(SWEEP)  # CC 16, from one end to the other
    shown.until("document.getElementById('learning').textContent.includes('16')")
    shown.key("Escape")
    assert shown.until("document.getElementById('learning').hidden")
    assert jack.plays(SWEEP)
    assert shown.until(f'document.querySelector("{control(ZOOM)}").ariaValueNow > 3.5')
