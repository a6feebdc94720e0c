// The page's colours, light or dark, as its style sheet says, for what is drawn on canvases.

const VARIABLES = ["paper", "ink", "soft"];

export function colours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(VARIABLES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

function channels(hex) {
  return [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
}

// A colour of which `share` is the first and the rest the second
export function mixed(one, other, share) {
  const rest = channels(other);
  const parts = channels(one).map((channel, at) => Math.round(share * channel + (1 - share) * rest[at]));
  return `rgb(${parts.join(" ")})`;
}

// An opaque colour as a canvas's pixels hold it, all four bytes in one number
export function pixel(hex) {
  return new Uint32Array(new Uint8ClampedArray([...channels(hex), 255]).buffer)[0];
}
