// Pictures of marks, each drawn once, and laid over the pixels of the map wherever it is needed: without a graphics card
// the canvas takes three times as long for it.

import { OUTLINES } from "../elements.mjs";
import { mixed } from "./colours.mjs";

const OUTLINE_BOX = 16; // in which the outlines are drawn
const OUTLINE_SIZE = 12; // and which they fill, more or less

export class Sprites {
  // Rings around marks of songs that were wrongly classified are as opaque as `ringEdge`
  constructor(ringEdge) {
    Object.assign(this, { ringEdge, made: new Map() });
    this.pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  }

  restyle(ringColour, isDark) {
    Object.assign(this, { ringColour, isDark });
    this.clear();
  }

  clear() {
    this.made.clear();
  }

  // `key` tells this look from all others, `look()` says what it is: its mark and fill, its `size` in pixels of the page, of
  // which each is `density` of the screen's wide, and whether it is `ringed`
  get(key, look) {
    if (!this.made.has(key)) this.made.set(key, this.draw(look()));
    return this.made.get(key);
  }

  draw({ shape, size, ringed, density, ...look }) {
    const { pen } = this;
    const { colour, inside, edge } = this.isDark ? onDark(look) : look;
    const scale = (density * size) / OUTLINE_SIZE;
    const ringWidth = ringed ? density * (size + Math.min(6, 1 + size / 2)) : 0;
    const width = Math.ceil(Math.max(scale * OUTLINE_BOX, ringWidth) + 2 * density);
    Object.assign(pen.canvas, { width, height: width }); // which also clears it
    pen.setTransform(scale, 0, 0, scale, (width - scale * OUTLINE_BOX) / 2, (width - scale * OUTLINE_BOX) / 2);
    const outline = new Path2D(OUTLINES[shape]);
    Object.assign(pen, { fillStyle: colour, strokeStyle: colour, lineWidth: (1.2 * density) / scale });
    pen.globalAlpha = inside;
    pen.fill(outline);
    pen.globalAlpha = edge;
    pen.stroke(outline);
    if (ringed) this.drawRing(width, ringWidth, density);
    return sprite(pen.getImageData(0, 0, width, width).data, width);
  }

  drawRing(width, ringWidth, density) {
    const { pen, ringEdge, ringColour } = this;
    pen.setTransform(1, 0, 0, 1, width / 2, width / 2);
    Object.assign(pen, { globalAlpha: ringEdge, strokeStyle: ringColour, lineWidth: 1.1 * density });
    pen.beginPath();
    pen.arc(0, 0, ringWidth / 2, 0, 2 * Math.PI);
    pen.stroke();
  }
}

// Colours that are dark themselves, and pale marks, are hardly seen on dark paper
function onDark({ colour, inside, edge }) {
  return { colour: mixed(colour, "#ffffff", 0.7), inside: inside ** 0.6, edge };
}

// `paint` is what is added of red, green and blue, and `rest` how much is left of what was there, of 256
function sprite(data, width) {
  const paint = new Uint8Array(data.length);
  const rest = new Uint16Array(data.length / 4);
  for (let at = 0; at < rest.length; at++) {
    const alpha = data[4 * at + 3] / 255;
    for (let each = 0; each < 3; each++) paint[4 * at + each] = data[4 * at + each] * alpha;
    rest[at] = 256 - Math.round(256 * alpha);
  }
  return { paint, rest, width };
}

// Lay a sprite over pixels without transparency, its first column and row at `left` and `top`; what is outside is cut off
export function stamp(pixels, width, height, sprite, left, top) {
  const { paint, rest } = sprite;
  const fromX = Math.max(0, -left);
  const toX = Math.min(sprite.width, width - left);
  const toY = Math.min(sprite.width, height - top);
  for (let y = Math.max(0, -top); y < toY; y++) {
    let to = 4 * ((top + y) * width + left + fromX);
    let from = y * sprite.width + fromX;
    for (let x = fromX; x < toX; x++, to += 4, from++) {
      const kept = rest[from];
      if (kept === 256) continue;
      pixels[to] = paint[4 * from] + ((pixels[to] * kept) >> 8);
      pixels[to + 1] = paint[4 * from + 1] + ((pixels[to + 1] * kept) >> 8);
      pixels[to + 2] = paint[4 * from + 2] + ((pixels[to + 2] * kept) >> 8);
    }
  }
}
