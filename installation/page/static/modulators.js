// What moves by itself: the tempo, and a row for each modulator.

import { control, row, select } from "./control.js";
import { made, words } from "./made.js";
import { spoken } from "./positions.js";

const TIME = ["/master/tempo", "/master/clock"];
const PARTS = ["depth", "timing", "rate", "beats", "phase", "mute"];

export function modulators(show, place) {
  const numbers = [];
  while (show.at(`/modulator/${numbers.length + 1}/target`)) numbers.push(numbers.length + 1);
  const rows = numbers.map((number) => modulator(show, number));
  place.append(
    made("div", { className: "grid" }, ...TIME.map((address) => row(show, show.at(address)))),
    made("section", { "aria-label": "Modulators", className: "block" }, made("h2", {}, "Modulators"), ...rows),
  );
}

function caption(show, parameter) {
  const element = made("span", { className: "dim" }, words(parameter.name));
  if (parameter.kind !== "number" && parameter.kind !== "ratio") return element;
  const output = made("output", {});
  show.watch(parameter, (value) => (output.value = spoken(parameter, value)));
  element.append(" ", output);
  return element;
}

function modulator(show, number) {
  const of = (name) => show.at(`/modulator/${number}/${name}`);
  const part = (name, element) =>
    made("div", { className: `part ${name}` }, caption(show, of(name)), element);
  const cells = PARTS.map((name) => part(name, control(show, of(name))));
  const element = made(
    "div",
    { className: "modulator", role: "group", "aria-label": `modulator ${number}` },
    made("b", {}, String(number)),
    part("target", select(show, of("target"))),
    part("shape", select(show, of("shape"))),
    ...cells,
  );
  show.watch(of("target"), (value) => element.classList.toggle("idle", !value));
  show.watch(of("timing"), (value) => element.classList.toggle("musical", Boolean(value)));
  return element;
}
