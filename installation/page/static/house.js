// How the show is, and what is connected.

import { made } from "./made.js";

export function house(show, place) {
  const health = made("dl", { className: "figures" });
  const devices = made("dl", { className: "figures" });
  const errors = made("ul", { className: "errors" });
  place.append(
    block("Health", health, errors),
    block("Devices", devices),
    phone(show.open),
  );
  const draw = () => {
    const told = show.state.health;
    if (!told) return;
    fill(health, figures(told));
    fill(devices, connected(told, show.state));
    errors.replaceChildren(...told.errors.map((each) => made("li", {}, each)));
  };
  for (const part of ["health", "midi", "sound"]) show.hear(part, draw);
}

const block = (title, ...parts) =>
  made("section", { className: "block", "aria-label": title }, made("h2", {}, title), ...parts);

const rate = (value) => `${value.toFixed(1)}/s`;

function figures(told) {
  const restarts = Object.entries(told.restarts).filter(([, count]) => count);
  return {
    presented: `${rate(told.presented)}, ${told.missed} missed`,
    dreamed: `${rate(told.dreamed)}, ${told.step_ms.toFixed(1)} ms each`,
    captured: rate(told.captured),
    delay: `${told.delay_ms.toFixed(0)} ms (95 %)`,
    network: `${told.network || "loading"} ${told.canvas.join("×")}`,
    computes: `${told.backend} ${told.precision}`,
    restarts: restarts.length ? restarts.map(([name, count]) => `${name} ${count}`).join(", ") : "none",
  };
}

function connected(told, { midi, sound }) {
  const { received, refused, unknown, last_unknown: last } = told.osc;
  const { browsers, turned_away: away, hung_up: slow } = told.page;
  return {
    source: told.source || "none yet",
    display: `${told.display.join("×")} by ${told.painter}`,
    MIDI: midi?.ports?.join(", ") || "no controller",
    ...(midi && { "MIDI heard": `${midi.received ?? 0} (${midi.dropped ?? 0} dropped)` }),
    pages: `${browsers} open, ${away} turned away, ${slow} hung up on`,
    OSC: `${received} heard, ${refused} refused, ${unknown} unknown`,
    ...(last && { "last unknown": last }),
    ...(sound && { sound: sound.device || "none" }),
  };
}

function fill(list, entries) {
  const parts = Object.entries(entries).flatMap(([name, value]) => [
    made("dt", {}, name),
    made("dd", {}, value.trim() || "–"),
  ]);
  list.replaceChildren(...parts);
}

function phone(open) {
  if (!open) {
    const closed = "Only this machine is let in. Start the show with --lan to play from a phone.";
    return block("On a phone", made("p", {}, closed));
  }
  return block(
    "On a phone",
    made("p", {}, "Look at this with a phone on the same network."),
    made("img", { src: "/qr.svg", alt: "QR code of this page's address", width: 220, height: 220 }),
  );
}
