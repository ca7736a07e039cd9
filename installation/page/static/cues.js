// The list that a show goes through.

import { control, trigger } from "./control.js";
import { button, labelled, made, words } from "./made.js";

const UNITS = ["seconds", "beats"];

export function cues(show, place) {
  const list = made("ol", { className: "cues" });
  const section = made(
    "section",
    { "aria-label": "Cues", className: "block" },
    made(
      "div",
      { className: "bar" },
      made("h2", {}, "Cues"),
      trigger(show, show.at("/cue/back"), "◀ Back"),
      trigger(show, show.at("/cue/go"), "Go ▶"),
      labelled("advance", control(show, show.at("/cue/advance"))),
      labelled("loop", control(show, show.at("/cue/loop"))),
    ),
    list,
    adding(show),
  );
  place.append(section);
  let drawn = "";
  show.hear("cues", (told) => {
    section.hidden = !told;
    if (!told) return;
    const { list: cued = [], at = 0, left = 0 } = told;
    if (drawn !== JSON.stringify(cued)) list.replaceChildren(...cued.map((cue, each) => line(show, cue, each + 1, cued.length)));
    drawn = JSON.stringify(cued);
    cued.forEach((cue, each) => mark(list.children[each], each + 1 === at, left, cue));
  });
  section.hidden = !show.state.cues;
}

function adding(show) {
  const chosen = made("select", { "aria-label": "scene for a new cue" });
  show.hear("scenes", (told) => {
    const before = chosen.value;
    const names = told?.names ?? [];
    if (names.length === chosen.options.length && names.every((name, at) => chosen.options[at].value === name)) return;
    chosen.replaceChildren(...names.map((name) => made("option", { value: name }, words(name))));
    if (names.includes(before)) chosen.value = before;
  });
  const add = button("Add a cue", () => show.do("/cue/add", chosen.value));
  return made("div", { className: "bar", hidden: !show.can("/cue/add", 1) }, chosen, add);
}

function line(show, { scene, hold, unit }, number, count) {
  const time = made("input", {
    type: "number",
    min: 0,
    step: "any",
    value: hold,
    "aria-label": `cue ${number}: how long it is held, 0 until a go`,
  });
  const units = made("select", { "aria-label": `cue ${number}: unit` }, ...UNITS.map((each) => made("option", {}, each)));
  units.value = unit;
  time.onchange = units.onchange = () => show.do(`/cue/${units.value}`, number, Number(time.value));
  const move = (way) => () => show.do("/cue/move", number, number + way);
  return made(
    "li",
    {},
    button(`${number}  ${words(scene)}`, () => show.turn(show.at("/cue/at"), number), { className: "cue" }),
    time,
    units,
    button("▲", move(-1), { "aria-label": `cue ${number} earlier`, disabled: number === 1 }),
    button("▼", move(1), { "aria-label": `cue ${number} later`, disabled: number === count }),
    button("✕", () => show.do("/cue/remove", number), { "aria-label": `remove cue ${number}` }),
    made("span", { className: "left standing" }),
  );
}

function mark(element, here, left, { hold, unit }) {
  if (here) element.setAttribute("aria-current", "step");
  else element.removeAttribute("aria-current");
  element.lastChild.textContent = here && hold ? `${left.toFixed(1)} ${unit} left` : "";
}
