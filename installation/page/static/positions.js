// Where a knob stands, 0..1, and what that means: the same rules as the show's own table.

export function valueAt(kind, position) {
  const along = clamp(position, 0, 1);
  const travel = kind.high - kind.low;
  switch (kind.kind) {
    case "number":
      return symmetric(kind)
        ? bent(2 * along - 1, kind.curve) * kind.high
        : kind.low + along ** kind.curve * travel;
    case "ratio":
      return kind.low * (kind.high / kind.low) ** along;
    case "switch":
      return along >= 0.5 ? 1 : 0;
    default:
      return halfEven(kind.low + along * travel);
  }
}

export function positionOf(kind, value) {
  const held = clamp(value, kind.low, kind.high);
  const travel = kind.high - kind.low;
  switch (kind.kind) {
    case "number":
      return symmetric(kind)
        ? (bent(held / kind.high, 1 / kind.curve) + 1) / 2
        : ((held - kind.low) / travel) ** (1 / kind.curve);
    case "ratio":
      return Math.log(held / kind.low) / Math.log(kind.high / kind.low);
    case "trigger":
      return 0;
    default:
      return travel ? (held - kind.low) / travel : 0;
  }
}

// Whether it is turned by a slider.
export const slides = (kind) => ["number", "ratio", "whole"].includes(kind.kind);

export const stepped = (kind) => !["number", "ratio"].includes(kind.kind);

export const symmetric = (kind) => kind.kind === "number" && kind.low === -kind.high;

// From where a slider is filled: the middle, where there is one.
export const origin = (kind) => (symmetric(kind) || mirrored(kind) ? 0.5 : 0);

const mirrored = (kind) => kind.kind === "ratio" && Math.abs(kind.low * kind.high - 1) < 1e-9;

const SHORT = { degrees: "°", "degrees/s": "°/s", times: "×", "beats/min": "bpm", "image units": "" };

export function spoken(kind, value) {
  switch (kind.kind) {
    case "switch":
      return value >= 0.5 ? "on" : "off";
    case "choice":
      return kind.options[value];
    case "name":
      return kind.options[value] || "none";
    case "trigger":
      return "";
  }
  const unit = kind.unit === kind.name ? "" : (SHORT[kind.unit] ?? kind.unit);
  const space = unit && !/^[°×]/.test(unit) ? "\u00a0" : "";
  return number(value, stepped(kind) ? 0 : digits(kind, value)) + space + unit;
}

function digits(kind, value) {
  const travel = kind.high - kind.low;
  if (travel <= 0.5) return 3;
  return travel <= 10 || Math.abs(value) < 1 ? 2 : Math.abs(value) < 100 ? 1 : 0;
}

function number(value, digits) {
  return value.toFixed(digits).replace(/^-(?=0(\.0*)?$)/, "").replace("-", "−");
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

const bent = (turn, curve) => Math.sign(turn) * Math.abs(turn) ** curve;

function halfEven(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 ? floor + 1 : floor;
}
