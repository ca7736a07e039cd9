// Everything that moves, kept and played again.

import { control } from "./control.js";
import { labelled, made } from "./made.js";

export function takes(show, place) {
  const chosen = made("select", { "aria-label": "take to play" });
  chosen.onchange = () => show.do("/take/choose", chosen.value);
  const said = made("span", { className: "standing", role: "status" });
  const section = made(
    "section",
    { "aria-label": "Takes", className: "block" },
    made(
      "div",
      { className: "bar" },
      made("h2", {}, "Takes"),
      labelled("record", control(show, show.at("/take/record"))),
      labelled("play", control(show, show.at("/take/play"))),
      chosen,
      said,
    ),
  );
  place.append(section);
  show.hear("takes", (told) => {
    section.hidden = !told;
    if (!told) return;
    const { names = [], recording = "", playing = "", chosen: name = "" } = told;
    chosen.hidden = !names.length || !show.can("/take/choose", 1);
    chosen.replaceChildren(...names.map((each) => made("option", { value: each }, each)));
    chosen.value = name || names.at(-1) || "";
    said.textContent = recording ? `recording ${recording}` : playing ? `playing ${playing}` : "";
  });
  section.hidden = !show.state.takes;
}
