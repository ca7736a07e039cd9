// Kaleidream's page: builds everything from the table of what there is to turn.

import { cues } from "./cues.js";
import { desk } from "./desk.js";
import { house } from "./house.js";
import { knobs } from "./knobs.js";
import { learn } from "./learn.js";
import { modulators } from "./modulators.js";
import { pad } from "./pad.js";
import { picture } from "./picture.js";
import { refused } from "./refused.js";
import { rescue } from "./rescue.js";
import { scenes } from "./scenes.js";
import { Show } from "./show.js";
import { showWaiting } from "./slider.js";
import { tabs } from "./tabs.js";
import { takes } from "./takes.js";
import { tempo } from "./tempo.js";

const place = (id) => document.getElementById(id);

history.replaceState(null, "", "/"); // the token is in the cookie now
const show = new Show(await (await fetch("/table.json")).json());
const look = picture(show, place("picture"));
rescue(show);
refused(show, place("refused"));
learn(show);
scenes(show, place("scenes"));
cues(show, place("scenes"));
takes(show, place("scenes"));
desk(show, place("desk"));
tempo(show, place("hand"));
pad(show, place("hand"));
modulators(show, place("move"));
knobs(show, place("knobs"));
house(show, place("house"));
showWaiting(show);
tabs(document.querySelector("[role=tablist]"), [...document.querySelectorAll("#board > section")]);
besideOrBelow();

show.onLine = (open) => {
  place("connection").textContent = open ? "" : "no connection to the show";
  document.body.classList.toggle("alone", !open);
  if (open) look();
};
show.hear("health", (told) => {
  if (told) place("connection").textContent = `${told.presented.toFixed(0)} fps · ${told.delay_ms.toFixed(0)} ms`;
});
let table;
show.hear("table", (told) => {
  if (table && told && told !== table) location.reload();
  table ??= told;
});
show.connect();

// The hand's controls lie under the picture where there is room beside the board.
function besideOrBelow() {
  const wide = matchMedia("(min-width: 860px)");
  const put = () =>
    wide.matches ? document.querySelector("aside").append(place("hand")) : place("move").prepend(place("hand"));
  wide.addEventListener("change", put);
  put();
}
