// Which layer a strip raises, and which channel of it: by its picture where it has one, else by its
// number.

import { bounded } from "./control.js";
import { button, made } from "./made.js";

const EMBEDDED = "bestiary";

export function dreaming(show) {
  const network = show.at("/dream/network");
  return network.options[show.value(network) ?? 0];
}

// As the show takes it.
function layerOf(show, number) {
  const network = show.networks[dreaming(show)];
  const parameter = show.at(`/strip/${number}/layer`);
  const name = parameter.options[show.value(parameter) ?? 0];
  return network.layers.includes(name) ? name : network.stops[number - 1];
}

// Whether the channels of a strip's layer are the named classes.
const told = (show, number) =>
  dreaming(show) === EMBEDDED && show.heads.includes(layerOf(show, number));

export function shown(show, number, channel) {
  if (!channel) return { title: "all", source: "" };
  if (!told(show, number)) return { title: String(channel), source: "" };
  const name = show.classes[(channel - 1) % show.classes.length];
  return { title: name, source: `/classes/${name}.png` };
}

export function choose(show, number, parameter) {
  const dialog = document.getElementById("chooser");
  const take = (channel) => {
    show.turn(parameter, channel);
    dialog.close();
  };
  const input = made("input", {
    type: "number",
    min: parameter.low,
    max: parameter.high,
    value: show.value(parameter),
    inputMode: "numeric",
    "aria-label": "channel number, 0 for all",
  });
  const form = made("form", { method: "dialog" }, input, made("button", {}, "Take"));
  form.addEventListener("submit", () => take(bounded(parameter, Number(input.value))));
  const tiles = told(show, number) ? show.classes.map((name, index) => tile(name, index, take)) : [];
  tiles[show.value(parameter) - 1]?.setAttribute("aria-current", "true");
  dialog.setAttribute("aria-label", `Channel of strip ${number}`);
  dialog.replaceChildren(
    made(
      "div",
      { className: "bar" },
      made("h2", {}, `Strip ${number} · ${layerOf(show, number)}`),
      button("All", () => take(0)),
      form,
      button("Close", () => dialog.close()),
    ),
    made("div", { className: "classes" }, ...tiles),
  );
  dialog.showModal();
  dialog.querySelector("[aria-current]")?.focus();
}

function tile(name, index, take) {
  const picture = made("img", {
    src: `/classes/${name}.png`,
    alt: "",
    width: 64,
    height: 64,
    loading: "lazy",
  });
  const element = button("", () => take(index + 1), { className: "class" });
  element.append(picture, made("span", {}, name));
  return element;
}
