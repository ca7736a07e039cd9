// Every parameter, by group.

import { row } from "./control.js";
import { made, words } from "./made.js";

const OPEN = ["/dream", "/scope", "/colour"];

export function knobs(show, place) {
  const search = made("input", {
    type: "search",
    placeholder: `Find one of ${show.parameters.length}`,
    "aria-label": "find a parameter",
  });
  const names = [...new Set(show.parameters.map((each) => each.group))];
  const groups = names.map((name) =>
    group(show, name, show.parameters.filter((each) => each.group === name)),
  );
  search.oninput = () => groups.forEach((each) => each.find(search.value.trim().toLowerCase()));
  place.append(search, ...groups.map(({ element }) => element));
}

function group(show, name, members) {
  const grid = made("div", { className: "grid" });
  const element = made("details", { className: "group", open: OPEN.includes(name) });
  element.append(made("summary", {}, words(name.slice(1)), made("span", {}, String(members.length))), grid);
  const rows = new Map();
  const build = () => {
    if (rows.size) return;
    for (const each of members) rows.set(each, row(show, each));
    grid.append(...rows.values());
  };
  element.addEventListener("toggle", () => element.open && build());
  if (element.open) build();

  const find = (text) => {
    const found = members.filter((each) => words(each.address).includes(words(text)));
    element.hidden = !found.length;
    element.open = text ? found.length > 0 : OPEN.includes(name);
    if (element.open) build();
    for (const [each, line] of rows) line.hidden = !found.includes(each);
  };
  return { element, find };
}
