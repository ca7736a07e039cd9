// Learn: tap what is to be turned, then move the knob that shall turn it.

import { button, flag, made, words } from "./made.js";

export function learn(show) {
  const mode = document.getElementById("learn");
  const said = document.getElementById("learning");
  let on = false;
  let asked = "";
  mode.hidden = !show.can("/learn", 1);

  const cancel = () => {
    if (asked) show.do("/learn/cancel");
    asked = "";
  };
  const set = (now) => {
    if (!now) cancel();
    on = now;
    mode.setAttribute("aria-pressed", on);
    flag(document.body, "learns", on);
    draw();
  };
  const draw = () => {
    const { address = "", heard = "", said: sentence = "" } = show.state.midi?.learn ?? {};
    said.hidden = !on;
    for (const each of document.querySelectorAll(".learnt")) each.classList.remove("learnt");
    const target = asked || address;
    if (!target) {
      said.replaceChildren("Tap what you want to turn.");
      return;
    }
    for (const each of document.querySelectorAll(`[data-address="${target}"]`)) each.classList.add("learnt");
    const told = [heard, sentence].filter(Boolean).join(": ") || "now move a knob, a fader or a pad";
    said.replaceChildren(
      made("span", {}, made("b", {}, words(target)), ` — ${told}`),
      button("Forget", () => show.do("/learn/forget", target)),
      button("Done", () => set(false)),
    );
  };
  const choose = (event) => {
    const element = on && event.target.closest?.("[data-address]");
    if (!element) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.type !== "click") return;
    asked = element.dataset.address;
    show.do("/learn", asked);
    draw();
  };
  for (const type of ["pointerdown", "mousedown", "change", "click"]) {
    document.addEventListener(type, choose, { capture: true });
  }
  document.addEventListener(
    "keydown",
    (event) => {
      if (!on) return;
      if (event.key === "Escape") set(false);
      const element = event.target.closest?.("[data-address]");
      if (!element || !["Enter", " "].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      element.click();
    },
    { capture: true },
  );
  mode.onclick = () => set(!on);
  show.hear("midi", draw);
}
