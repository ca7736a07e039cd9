// The scenes as pictures: a tap recalls one.

import { row } from "./control.js";
import { button, flag, made, twice, words } from "./made.js";

const DRAG = 8; // pixels

export function scenes(show, place) {
  const grid = made("div", { className: "tiles", role: "list", "aria-label": "scenes" });
  const board = { show, grid, arranging: false, chosen: "", tiles: new Map() };
  const tools = toolbar(board);
  const arrange = button("Arrange", () => {
    board.arranging = !board.arranging;
    arrange.setAttribute("aria-pressed", board.arranging);
    flag(grid, "arranging", board.arranging);
    pick(board, "");
    draw(board);
  }, { "aria-pressed": "false" });
  board.tools = tools;
  byPointer(board);
  place.append(
    made("div", { className: "bar" }, made("h2", {}, "Scenes"), steps(show), arrange, store(show)),
    tools,
    grid,
    made(
      "div",
      { className: "grid" },
      ...["morph_seconds", "quantise"].map((name) => row(show, show.at(`/scene/${name}`))),
    ),
  );
  show.hear("scenes", (told) => {
    if (!told) return;
    draw(board, told);
    tools.draw();
  });
}

function steps(show) {
  const fire = (name) => () => show.fire(show.at(`/scene/${name}`));
  return made(
    "span",
    { className: "steps" },
    button("◀", fire("previous"), { "aria-label": "previous scene", "data-address": "/scene/previous" }),
    button("▶", fire("next"), { "aria-label": "next scene", "data-address": "/scene/next" }),
  );
}

function store(show) {
  const name = made("input", { type: "text", placeholder: "new scene", maxLength: 40, "aria-label": "name of the new scene" });
  const form = made("form", { className: "store" }, name, made("button", {}, "Store look"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = name.value.trim();
    if (given) show.do("/scene/store", given);
    else show.fire(show.at("/scene/store"));
    name.value = "";
    name.blur();
  });
  return form;
}

function draw(board, told = board.told) {
  if (!told) return;
  board.told = told;
  for (const [name, element] of board.tiles) {
    if (told.names.includes(name)) continue;
    element.remove();
    board.tiles.delete(name);
  }
  told.names.forEach((name, place) => {
    if (!board.tiles.has(name)) board.tiles.set(name, tile(board, name));
    const element = board.tiles.get(name);
    if (board.grid.children[place] !== element && !board.dragged) {
      board.grid.insertBefore(element, board.grid.children[place] ?? null);
    }
    dress(board, element, name, place);
  });
}

function tile(board, name) {
  const element = button("", () => tapped(board, name), { className: "tile" });
  element.append(
    made("img", { alt: "", draggable: false }),
    made("span", { className: "number" }),
    made("span", { className: "name" }, words(name)),
    made("i", { className: "arrived" }),
  );
  element.dataset.name = name;
  element.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    if (board.arranging && board.chosen === name) move(board, name, placeOf(board, name) + way);
    else element[way > 0 ? "nextElementSibling" : "previousElementSibling"]?.focus();
  });
  return element;
}

function dress(board, element, name, place) {
  const { current, waiting, arrived = 1, pictured = {} } = board.told;
  const picture = element.querySelector("img");
  const source = name in pictured ? `/scenes/${encodeURIComponent(name)}.jpg?made=${pictured[name]}` : "";
  picture.hidden = !source;
  if (source && picture.getAttribute("src") !== source) picture.src = source;
  element.querySelector(".number").textContent = place + 1;
  const here = name === current;
  const said = here && arrived < 1 ? ", arriving" : name === waiting ? ", waits for the beat" : "";
  element.setAttribute("aria-label", `${place + 1} ${name}${said}`);
  if (here) element.setAttribute("aria-current", "true");
  else element.removeAttribute("aria-current");
  element.style.setProperty("--arrived", here ? arrived : 0);
  flag(element, "awaited", name === waiting);
  flag(element, "chosen", board.arranging && name === board.chosen);
}

function tapped(board, name) {
  if (board.dropped) return;
  if (board.arranging) pick(board, name === board.chosen ? "" : name);
  else board.show.do("/scene/recall", name);
}

function pick(board, name) {
  board.chosen = name;
  board.tools.hidden = !board.arranging;
  board.tools.choose(name);
  draw(board);
}

const placeOf = (board, name) => board.told.names.indexOf(name) + 1;

function move(board, name, place) {
  if (place < 1 || place > board.told.names.length) return;
  board.show.do("/scene/move", name, place);
}

// For the scene that was tapped while arranging.
function toolbar(board) {
  const { show } = board;
  const name = made("input", { type: "text", maxLength: 40, "aria-label": "name of the scene" });
  const rename = made("form", { className: "store" }, name, made("button", {}, "Rename"));
  rename.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = name.value.trim();
    if (given && given !== board.chosen) show.do("/scene/rename", board.chosen, given);
    pick(board, given || board.chosen);
  });
  const by = (way) => () => move(board, board.chosen, placeOf(board, board.chosen) + way);
  const remove = twice(button("Delete", null), "Sure? It is kept as a backup", () => {
    show.do("/scene/delete", board.chosen);
    pick(board, "");
  });
  const again = button("Store here", () => show.do("/scene/store", board.chosen));
  const hint = made("p", {}, "Tap a scene to change it; drag it, or use the arrow keys, to move it.");
  const given = made("p", {}, "It comes with the show: it keeps its name, and stays. Store here makes it your own.");
  const parts = [given, rename, button("◀ Earlier", by(-1)), button("Later ▶", by(1)), again, remove];
  const element = made("div", { className: "tools", hidden: true, role: "group", "aria-label": "the chosen scene" }, hint, ...parts);
  element.draw = () => {
    for (const part of parts) part.hidden = !board.chosen;
    hint.hidden = Boolean(board.chosen);
    const own = board.told?.own?.includes(board.chosen);
    for (const part of [rename, remove]) part.hidden ||= !own;
    given.hidden ||= own;
  };
  element.choose = (chosen) => {
    name.value = chosen;
    element.draw();
  };
  element.choose("");
  return element;
}

// The grid holds the pointer: a tile would lose it when it changes places.
function byPointer(board) {
  const { grid } = board;
  let from = null;
  grid.addEventListener("pointerdown", (event) => {
    const element = event.target.closest(".tile");
    if (board.arranging && element && event.isPrimary && !event.button) from = { element, event };
  });
  grid.addEventListener("pointermove", (event) => {
    if (!from) return;
    const { element, event: start } = from;
    const moved = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY);
    if (!board.dragged && moved < DRAG) return;
    if (!board.dragged) {
      grid.setPointerCapture(event.pointerId);
      board.dragged = element;
      element.classList.add("dragged");
    }
    over(board, element, event);
  });
  const end = (event) => {
    from = null;
    const element = board.dragged;
    if (!element) return;
    board.dragged = null;
    element.classList.remove("dragged");
    const { name } = element.dataset;
    const place = [...grid.children].indexOf(element) + 1;
    if (event.type === "pointerup" && place !== placeOf(board, name)) move(board, name, place);
    else draw(board);
    board.dropped = true; // the click that follows is none
    setTimeout(() => (board.dropped = false));
  };
  grid.addEventListener("pointerup", end);
  grid.addEventListener("pointercancel", end);
}

function over(board, element, event) {
  const tiles = [...board.grid.children];
  const under = tiles.find((each) => {
    const box = each.getBoundingClientRect();
    return event.clientX > box.left && event.clientX < box.right && event.clientY > box.top && event.clientY < box.bottom;
  });
  if (!under || under === element) return;
  const later = tiles.indexOf(under) > tiles.indexOf(element);
  board.grid.insertBefore(element, later ? under.nextElementSibling : under);
}
