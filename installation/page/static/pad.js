// Two parameters under one finger.

import { made, words } from "./made.js";
import { positionOf, slides, spoken, valueAt } from "./positions.js";

const FIRST = ["/scope/source_x", "/scope/source_y"];
const STEP = 0.02;

export function pad(show, place) {
  const moving = show.parameters.filter(slides);
  const chosen = FIRST.map((address) => show.at(address));
  const dot = made("i", { className: "dot" });
  const field = made("div", {
    className: "field",
    tabIndex: 0,
    role: "application",
    "aria-roledescription": "two-way pad",
  });
  const told = made("output", { className: "standing" });
  field.append(dot, told);
  const draw = () => {
    const [x, y] = chosen.map((each) => positionOf(each, show.value(each) ?? each.low));
    field.style.setProperty("--x", x);
    field.style.setProperty("--y", y);
    told.value = chosen.map((each) => spoken(each, show.value(each) ?? each.low)).join("  ·  ");
    const said = chosen.map((each) => `${each.address} ${spoken(each, show.value(each) ?? each.low)}`);
    field.setAttribute("aria-label", said.join(", "));
  };
  for (const each of moving) show.watch(each, () => chosen.includes(each) && draw());
  const choosers = ["x", "y"].map((axis, at) => chooser(moving, chosen, at, axis, draw));
  byPointer(show, chosen, field);
  byKey(show, chosen, field);
  place.append(
    made("section", { className: "pad", "aria-label": "XY pad" }, field, made("div", { className: "axes" }, ...choosers)),
  );
  draw();
}

const plain = (address) => words(address.slice(1).replaceAll("/", " "));

function chooser(moving, chosen, at, axis, draw) {
  const options = moving.map(({ address }) => made("option", { value: address }, plain(address)));
  const element = made("select", { "aria-label": `${axis} axis` }, ...options);
  element.value = chosen[at].address;
  element.onchange = () => {
    chosen[at] = moving.find(({ address }) => address === element.value);
    draw();
  };
  return element;
}

// y is down, as on the stage.
function byPointer(show, chosen, field) {
  const follow = (event) => {
    const box = field.getBoundingClientRect();
    const along = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    chosen.forEach((each, at) => show.turn(each, valueAt(each, along[at])));
  };
  let held = null;
  let pointer = null;
  field.addEventListener("pointerdown", (event) => {
    if (event.button || held) return;
    field.setPointerCapture(event.pointerId);
    pointer = event.pointerId;
    held = [...chosen];
    held.forEach((each) => show.hold(each));
    follow(event);
  });
  field.addEventListener("pointermove", (event) => held && event.pointerId === pointer && follow(event));
  const end = (event) => {
    if (event.pointerId !== pointer) return;
    held?.forEach((each) => show.release(each));
    held = null;
  };
  field.addEventListener("pointerup", end);
  field.addEventListener("pointercancel", end);
}

function byKey(show, chosen, field) {
  const ways = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 1], ArrowUp: [1, -1] };
  field.addEventListener("keydown", (event) => {
    if (!(event.key in ways)) return;
    event.preventDefault();
    const [at, way] = ways[event.key];
    const position = positionOf(chosen[at], show.value(chosen[at])) + way * STEP;
    show.turn(chosen[at], valueAt(chosen[at], position));
  });
}
