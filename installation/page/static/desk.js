// The eight strips as a mixing desk.

import { choose, dreaming, shown } from "./channels.js";
import { bounded, control, row, select, toggle } from "./control.js";
import { button, made, named } from "./made.js";
import { slider } from "./slider.js";
import { spoken } from "./positions.js";

const MORE = ["spread", "mask", "mask_x", "mask_y"];

export function desk(show, place) {
  const strips = [...Array(8).keys()].map((each) => strip(show, each + 1));
  place.append(made("div", { className: "strips" }, ...strips));
}

function strip(show, number) {
  const of = (name) => show.at(`/strip/${number}/${name}`);
  const gain = of("gain");
  const fader = slider(show, gain, { vertical: true, label: `strip ${number} gain` });
  const level = made("output", { className: "standing" });
  show.watch(gain, (value) => (level.value = spoken(gain, value)));
  const layer = layers(show, number, of("layer"));
  const element = made(
    "section",
    { className: "strip", "aria-label": `Strip ${number}` },
    made("h3", {}, String(number)),
    layer,
    channel(show, number, of("channel")),
    made("div", { className: "fader" }, fader),
    level,
    made(
      "div",
      { className: "cuts" },
      named(toggle(show, of("mute"), "M"), `strip ${number} mute`),
      named(toggle(show, of("solo"), "S"), `strip ${number} solo`),
    ),
    more(show, number, of),
  );
  const dim = () => {
    const any = [...Array(8).keys()].some((each) => show.value(show.at(`/strip/${each + 1}/solo`)));
    const silent = show.value(of("mute")) || (any && !show.value(of("solo")));
    element.classList.toggle("silent", Boolean(silent));
    element.classList.toggle("open", !silent && Boolean(show.value(gain) || show.value(of("solo"))));
  };
  for (let each = 1; each <= 8; each++) show.watch(show.at(`/strip/${each}/solo`), dim);
  show.watch(of("mute"), dim);
  show.watch(gain, dim);
  return element;
}

// Those of the network that dreams; the strip's own stop first.
function layers(show, number, parameter) {
  const network = () => show.networks[dreaming(show)];
  const offered = () => [
    [0, `${network().stops[number - 1]} ·`],
    ...network().layers.map((name) => [parameter.options.indexOf(name), name]),
  ];
  const element = named(select(show, parameter, offered), `strip ${number} layer`);
  show.watch(show.at("/dream/network"), () => element.refill());
  return element;
}

function channel(show, number, parameter) {
  const picture = made("img", { alt: "", width: 64, height: 64 });
  const name = made("span", { className: "name" });
  const element = button("", () => choose(show, number, parameter), {
    className: "channel",
    "data-address": parameter.address,
    "aria-haspopup": "dialog",
  });
  element.append(picture, name);
  element.addEventListener("keydown", (event) => {
    const step = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show.turn(parameter, bounded(parameter, show.value(parameter) + step));
  });
  const draw = () => {
    const { title, source } = shown(show, number, show.value(parameter) ?? 0);
    name.textContent = title;
    element.setAttribute("aria-label", `strip ${number} channel: ${title}`);
    picture.hidden = !source;
    if (source && picture.getAttribute("src") !== source) picture.src = source;
  };
  for (const each of [parameter, show.at("/dream/network"), show.at(`/strip/${number}/layer`)]) {
    show.watch(each, draw);
  }
  return element;
}

function more(show, number, of) {
  const place = made("details", { className: "more" }, made("summary", {}, "more"));
  place.addEventListener(
    "toggle",
    () => place.append(...MORE.map((name) => row(show, of(name)))),
    { once: true },
  );
  place.firstChild.setAttribute("aria-label", `strip ${number}: spread and mask`);
  return place;
}
