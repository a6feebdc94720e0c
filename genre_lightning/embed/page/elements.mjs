// Elements are built from text, never from markup, so that the tags of songs cannot inject any.

const SVG = "http://www.w3.org/2000/svg";
export const OUTLINES = {
  circle: "M 2 8 a 6 6 0 1 0 12 0 a 6 6 0 1 0 -12 0",
  square: "M 2.5 2.5 h 11 v 11 h -11 z",
  triangle: "M 8 2 L 14.5 13.5 h -13 z",
  inverted_triangle: "M 8 14 L 1.5 2.5 h 13 z",
  diamond: "M 8 1 L 14 8 L 8 15 L 2 8 z",
  hex: "M 8 1.5 L 13.6 4.75 v 6.5 L 8 14.5 L 2.4 11.25 v -6.5 z",
};

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function button(className, click, ...children) {
  return element("button", { type: "button", class: className, click }, ...children);
}

// Text whose direction is that of its first strong letter
export function text(words, className = "") {
  return element("bdi", { class: className }, words);
}

export function icon(shape, colour, inside = 1, edge = 0) {
  const drawing = document.createElementNS(SVG, "svg");
  const outline = document.createElementNS(SVG, "path");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("aria-hidden", "true");
  const look = { d: OUTLINES[shape], fill: colour, "fill-opacity": inside, stroke: colour, "stroke-opacity": edge };
  for (const [name, value] of Object.entries(look)) outline.setAttribute(name, value);
  drawing.append(outline);
  return drawing;
}

export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

export function at(id) {
  return document.getElementById(id);
}
