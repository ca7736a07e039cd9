// A slider that can be trusted in the dark: under a finger it moves by as much as the finger, from
// where it stands; a mouse takes it to the place it points at.

import { made, words } from "./made.js";
import { origin, positionOf, spoken, stepped, valueAt } from "./positions.js";

const STEP = 0.01;
const FINE = 0.1; // of a step, with Shift
const PAGE = 0.1;
const DEAD = 4; // pixels before a finger is taken for a turn, not for scrolling
const NOTCH = 0.015; // either side of the origin of a fader

const sliders = new Map(); // address -> elements

export function slider(show, parameter, { vertical = false, label = words(parameter.name) } = {}) {
  const track = made("div", { className: "track" }, made("i", { className: "fill" }));
  const element = made(
    "div",
    {
      className: vertical ? "slider vertical" : "slider",
      role: "slider",
      tabIndex: 0,
      "data-address": parameter.address,
      "aria-label": label,
      "aria-orientation": vertical ? "vertical" : "horizontal",
      "aria-valuemin": parameter.low,
      "aria-valuemax": parameter.high,
    },
    track,
    made("i", { className: "played" }),
    made("i", { className: "control" }),
    made("i", { className: "thumb" }),
  );
  element.style.setProperty("--origin", origin(parameter));
  show.watch(parameter, (value, played) => draw(element, parameter, value, played));
  byPointer(show, parameter, element, vertical);
  byKey(show, parameter, element);
  element.addEventListener("dblclick", () => show.turn(parameter, start(parameter)));
  sliders.set(parameter.address, [...(sliders.get(parameter.address) ?? []), element]);
  return element;
}

function draw(element, parameter, value, played) {
  const position = positionOf(parameter, value);
  const from = origin(parameter);
  element.style.setProperty("--position", position);
  element.style.setProperty("--low", Math.min(position, from));
  element.style.setProperty("--high", Math.max(position, from));
  element.style.setProperty("--played", positionOf(parameter, played));
  element.classList.toggle("swayed", Math.abs(played - value) > 1e-6 && !element.held);
  element.setAttribute("aria-valuenow", value);
  element.setAttribute("aria-valuetext", spoken(parameter, value));
}

function byPointer(show, parameter, element, vertical) {
  let grip = null;
  const along = (event) => (vertical ? -event.clientY : event.clientX);
  const reach = () => (vertical ? element.clientHeight : element.clientWidth) - 24;

  element.addEventListener("pointerdown", (event) => {
    if (event.button || grip) return;
    element.setPointerCapture(event.pointerId);
    element.held = true;
    show.hold(parameter);
    const touched = event.pointerType !== "mouse";
    const position = touched ? null : pointed(element, event, vertical);
    grip = {
      pointer: event.pointerId, // of one hand: others may hold other faders
      from: along(event),
      position: position ?? positionOf(parameter, show.value(parameter)),
      free: !touched,
    };
    if (!touched) show.turn(parameter, valueAt(parameter, position));
  });
  element.addEventListener("pointermove", (event) => {
    if (grip?.pointer !== event.pointerId) return;
    const moved = along(event) - grip.from;
    if (!grip.free && Math.abs(moved) < DEAD) return;
    if (!grip.free) Object.assign(grip, { free: true, from: along(event) });
    const position = grip.position + (along(event) - grip.from) / reach();
    show.turn(parameter, valueAt(parameter, vertical ? notched(parameter, position) : position));
  });
  const end = (event) => {
    if (grip?.pointer !== event.pointerId) return;
    grip = null;
    element.held = false;
    show.release(parameter);
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
}

function pointed(element, event, vertical) {
  const box = element.getBoundingClientRect();
  return vertical
    ? (box.bottom - 12 - event.clientY) / (box.height - 24)
    : (event.clientX - box.left - 12) / (box.width - 24);
}

function notched(parameter, position) {
  const middle = origin(parameter);
  return Math.abs(position - middle) < NOTCH ? middle : position;
}

function byKey(show, parameter, element) {
  element.addEventListener("keydown", (event) => {
    const whole = stepped(parameter) ? 1 / (parameter.high - parameter.low) : 0;
    const step = whole || STEP * (event.shiftKey ? FINE : 1);
    const page = Math.max(PAGE, whole);
    const now = positionOf(parameter, show.value(parameter));
    const to = {
      ArrowRight: now + step,
      ArrowUp: now + step,
      ArrowLeft: now - step,
      ArrowDown: now - step,
      PageUp: now + page,
      PageDown: now - page,
      Home: 0,
      End: 1,
      Delete: positionOf(parameter, start(parameter)),
      Backspace: positionOf(parameter, start(parameter)),
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    show.turn(parameter, valueAt(parameter, to));
  });
}

// Where the parameter stood when the show was made; options are told by name.
export function start(parameter) {
  const { options, default: begun } = parameter;
  return options ? options.indexOf(begun) : Number(begun);
}

// Where the hardware stands that has not taken over yet, at the parameters it waits for.
export function showWaiting(show) {
  let before = [];
  show.hear("midi", (midi) => {
    for (const element of before) element.classList.remove("waiting");
    before = [];
    for (const { address, position, control } of midi?.waiting ?? []) {
      for (const element of sliders.get(address) ?? []) {
        element.style.setProperty("--control", control);
        element.classList.add("waiting");
        element.dataset.way = way(position, control);
        before.push(element);
      }
    }
  });
}

function way(position, control) {
  const percent = Math.round(Math.abs(position - control) * 100);
  return `${position > control ? "▲" : "▼"} ${percent} %`;
}
