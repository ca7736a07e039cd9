// What saves a show: always in reach.

import { twice } from "./made.js";

const HOLD_MS = 700;

export function rescue(show) {
  for (const name of ["freeze", "blackout"]) {
    const element = document.getElementById(name);
    const parameter = show.at(`/master/${name}`);
    element.dataset.address = parameter.address;
    element.onclick = () => show.turn(parameter, show.value(parameter) ? 0 : 1);
    show.watch(parameter, (value) => element.setAttribute("aria-pressed", Boolean(value)));
  }
  panic(show, document.getElementById("panic"));
}

// Held, or tapped twice.
function panic(show, element) {
  const parameter = show.at("/master/panic");
  element.title = "Everything back to where the show started: hold, or tap twice";
  element.dataset.address = parameter.address;
  let timer = null;
  let done = false;
  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    done = false;
    element.classList.add("held");
    timer = setTimeout(() => {
      done = true;
      element.classList.remove("held");
      show.fire(parameter);
    }, HOLD_MS);
  });
  const end = () => {
    clearTimeout(timer);
    element.classList.remove("held");
  };
  for (const type of ["pointerup", "pointercancel", "pointerleave"]) element.addEventListener(type, end);
  element.addEventListener(
    "click",
    (event) => {
      if (done) event.stopImmediatePropagation();
      done = false;
    },
    { capture: true },
  );
  element.addEventListener("contextmenu", (event) => event.preventDefault());
  twice(element, "Again: panic", () => show.fire(parameter));
}
