// The beat, as the show counts it.

import { trigger } from "./control.js";
import { made, named } from "./made.js";

const BAR = 4; // beats
const OWN = "own"; // the clock that needs no word

export function tempo(show, place) {
  const parameter = show.at("/master/tempo");
  const bpm = made("output", { className: "bpm" });
  const clock = made("span", { className: "dim" });
  const dots = [...Array(BAR)].map(() => made("i"));
  const beats = made("div", { className: "beats", "aria-hidden": "true" }, ...dots);
  place.append(
    made(
      "section",
      { className: "tempo", "aria-label": "Tempo" },
      bpm,
      beats,
      clock,
      trigger(show, show.at("/master/tap"), "Tap"),
      named(trigger(show, show.at("/master/downbeat"), "Bar"), "a bar begins now"),
    ),
  );
  const dot = document.getElementById("beat");
  show.watch(parameter, (value) => (bpm.value = `${value.toFixed(1)} bpm`));
  show.hear("tempo", (state) => {
    dot.hidden = beats.hidden = !state;
    if (!state) return;
    bpm.value = `${(state.tempo ?? 0).toFixed(1)} bpm`;
    const told = [state.clock === OWN ? "" : state.clock, state.steady === false ? "lost" : ""];
    clock.textContent = told.filter(Boolean).join(", ");
  });
  beats.hidden = !show.state.tempo;
  follow(show, dot, dots);
}

function follow(show, dot, dots) {
  const draw = () => {
    requestAnimationFrame(draw);
    const { tempo: speed, beat, at } = show.state.tempo ?? {};
    if (beat === undefined) return;
    const now = beat + ((show.now() - at) * speed) / 60;
    const light = Math.max(0, 1 - 1.6 * (now - Math.floor(now)));
    const place = ((Math.floor(now) % dots.length) + dots.length) % dots.length;
    dot.style.opacity = 0.25 + 0.75 * light;
    dots.forEach((each, index) => each.style.setProperty("--light", index === place ? light : 0));
  };
  requestAnimationFrame(draw);
}
