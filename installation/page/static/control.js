// The control of any parameter, by its kind.

import { button, flag, made, words } from "./made.js";
import { slider } from "./slider.js";
import { slides, spoken } from "./positions.js";

const SEGMENTS = 4; // as many options lie side by side
let rows = 0;

// With its name, what it is for, where it stands, and its lock.
export function row(show, parameter) {
  const doc = made("p", { className: "doc", hidden: true, id: `doc${rows++}` }, parameter.doc);
  const label = button(words(parameter.name), () => {
    doc.hidden = !doc.hidden;
    label.setAttribute("aria-expanded", !doc.hidden);
  });
  label.className = "label";
  label.title = parameter.doc;
  label.setAttribute("aria-expanded", "false");
  label.setAttribute("aria-controls", doc.id);
  const head = made("div", { className: "head" }, label);
  if (slides(parameter)) head.append(standing(show, parameter));
  head.append(lock(show, parameter));
  return made("div", { className: `row ${parameter.kind}` }, head, control(show, parameter), doc);
}

export function control(show, parameter, options) {
  switch (parameter.kind) {
    case "switch":
      return toggle(show, parameter, "off", "on");
    case "trigger":
      return trigger(show, parameter, words(parameter.name));
    case "choice":
      return parameter.options.length <= SEGMENTS ? segments(show, parameter) : select(show, parameter);
    case "name":
      return select(show, parameter);
    case "numbered":
      return stepper(show, parameter);
  }
  return slider(show, parameter, options);
}

function standing(show, parameter) {
  const output = made("output", { className: "standing" });
  show.watch(parameter, (value) => (output.value = spoken(parameter, value)));
  return output;
}

export function toggle(show, parameter, off, on = off) {
  const name = words(parameter.name);
  const element = button("", () => show.turn(parameter, show.value(parameter) ? 0 : 1), {
    className: "toggle",
    role: "switch",
    "data-address": parameter.address,
    "aria-label": name,
  });
  show.watch(parameter, (value) => {
    element.setAttribute("aria-checked", Boolean(value));
    element.textContent = value ? on : off;
  });
  return element;
}

export function trigger(show, parameter, label) {
  const element = button(label, () => show.fire(parameter), {
    className: "trigger",
    "data-address": parameter.address,
  });
  let before;
  show.watch(parameter, (count) => {
    if (before !== undefined && count !== before) flash(element);
    before = count;
  });
  return element;
}

function flash(element) {
  element.classList.remove("fired");
  void element.offsetWidth; // begins the animation anew
  element.classList.add("fired");
}

function segments(show, parameter) {
  const element = made("div", {
    className: "segments",
    role: "radiogroup",
    "data-address": parameter.address,
    "aria-label": words(parameter.name),
  });
  const name = `${parameter.address}#${rows++}`; // the same parameter may be shown twice
  const inputs = parameter.options.map((option, index) => {
    const input = made("input", {
      type: "radio",
      name,
      onchange: () => show.turn(parameter, index),
    });
    element.append(made("label", {}, input, made("span", {}, option)));
    return input;
  });
  show.watch(parameter, (value) => inputs.forEach((input, index) => (input.checked = index === value)));
  return element;
}

// `options`: pairs of a value and its name, where it is not all of them that are offered.
export function select(show, parameter, options = () => parameter.options.map((name, value) => [value, name])) {
  const element = made("select", {
    "data-address": parameter.address,
    "aria-label": words(parameter.name),
    onchange: () => show.turn(parameter, Number(element.value)),
  });
  const fill = () => {
    const offered = options();
    const value = show.value(parameter);
    if (value !== undefined && !offered.some(([each]) => each === value)) {
      offered.push([value, parameter.options[value]]);
    }
    element.replaceChildren(...offered.map(([each, name]) => made("option", { value: each }, name || "–")));
    element.value = value;
  };
  let filled = false;
  show.watch(parameter, (value) => {
    if (!filled || ![...element.options].some((each) => Number(each.value) === value)) fill();
    filled = true;
    element.value = value;
  });
  element.refill = fill;
  return element;
}

function stepper(show, parameter) {
  const name = words(parameter.name);
  const input = made("input", {
    type: "number",
    inputMode: "numeric",
    min: parameter.low,
    max: parameter.high,
    step: 1,
    "data-address": parameter.address,
    "aria-label": name,
    onchange: () => input.value !== "" && show.turn(parameter, bounded(parameter, Number(input.value))),
  });
  const by = (step) => () => show.turn(parameter, bounded(parameter, show.value(parameter) + step));
  show.watch(parameter, (value) => (input.value = value));
  return made(
    "div",
    { className: "stepper" },
    button("−", by(-1), { "aria-label": `${name} less` }),
    input,
    button("+", by(1), { "aria-label": `${name} more` }),
  );
}

export const bounded = (parameter, value) =>
  Math.min(Math.max(Math.round(value), parameter.low), parameter.high);

// Shown where there are scenes, for what belongs to a look.
function lock(show, parameter) {
  const locked = () => show.state.scenes?.locked?.includes(parameter.address) ?? false;
  const element = button("", () => show.do("/lock", parameter.address, locked() ? 0 : 1), {
    className: "lock",
    hidden: true,
    title: "No scene moves what is locked",
    "aria-label": `lock ${words(parameter.name)}`,
  });
  show.hear("scenes", (scenes) => {
    element.hidden = !scenes?.locked || !parameter.look;
    element.setAttribute("aria-pressed", locked());
    flag(element, "locked", locked());
  });
  return element;
}
