// Elements, in one expression each.

export function made(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export const button = (label, onclick, properties = {}) =>
  made("button", { type: "button", onclick, ...properties }, label);

export const labelled = (text, element) => made("label", { className: "labelled" }, text, element);

// For those who do not see what it is.
export const named = (element, name) => (element.setAttribute("aria-label", name), element);

// `text` in words: source_x becomes source x.
export const words = (text) => text.replaceAll("_", " ");

const SURE_MS = 2500;

// A button that asks once more: only the second tap within the time does it.
export function twice(element, again, deed) {
  const label = element.textContent;
  let timer = null;
  const rest = () => {
    clearTimeout(timer);
    timer = null;
    element.textContent = label;
    element.classList.remove("sure");
  };
  element.addEventListener("click", () => {
    if (timer) {
      rest();
      deed();
      return;
    }
    timer = setTimeout(rest, SURE_MS);
    element.textContent = again;
    element.classList.add("sure");
  });
  element.addEventListener("blur", rest);
  return element;
}

// A flag on an element for as long as `on`.
export const flag = (element, name, on) => element.classList.toggle(name, Boolean(on));
