// The parts of the board, one at a time.

import { button } from "./made.js";

export function tabs(list, panels) {
  const open = (name) => {
    panels.forEach((panel, index) => {
      const here = panel.id === name;
      panel.hidden = !here;
      list.children[index].setAttribute("aria-selected", here);
      list.children[index].tabIndex = here ? 0 : -1;
    });
    sessionStorage.setItem("tab", name);
  };
  for (const panel of panels) {
    panel.setAttribute("role", "tabpanel");
    const tab = button(panel.getAttribute("aria-label"), () => open(panel.id), {
      role: "tab",
      id: `${panel.id}-tab`,
      "aria-controls": panel.id,
    });
    panel.setAttribute("aria-labelledby", tab.id);
    list.append(tab);
  }
  list.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way) return;
    const all = [...list.children];
    const next = all[(all.indexOf(document.activeElement) + way + all.length) % all.length];
    next.focus();
    next.click();
  });
  const before = sessionStorage.getItem("tab");
  open(panels.some(({ id }) => id === before) ? before : panels[0].id);
}
