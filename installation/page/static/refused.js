// What was asked for and could not be done, and why.

const SHOWN_MS = 6000;

export function refused(show, element) {
  let before = Infinity; // what was refused before this page came is no news
  let timer = null;
  show.hear("refused", ({ count, said } = { count: 0 }) => {
    const fresh = count > before;
    before = count;
    if (!fresh) return;
    element.textContent = said;
    element.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => (element.hidden = true), SHOWN_MS);
  });
}
