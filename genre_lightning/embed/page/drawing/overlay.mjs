// What lies over the marks: lines to what is nearest, a path, rings around what is chosen or plays, and names.

import { colours, mixed } from "./colours.mjs";
import { Names } from "./names.mjs";

const CHOSEN_WIDER_PIXELS = 12;
const FONTS = { genre: "600", detail: "400" };
const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif';

export class Overlay {
  constructor(canvas, contents, camera, marks) {
    Object.assign(this, { canvas, camera, marks, widths: new Map(), lines: [] });
    this.pen = canvas.getContext("2d");
    this.names = new Names(contents, camera, (words, size, kind) => this.widthOf(words, size, kind));
  }

  restyle() {
    this.colours = colours();
    this.inks = new Map();
  }

  // `chosen` is a row or null, `nearest`, `ringed` and `journey` are lists of rows, `line` is one that is being drawn
  draw(density, { shown, chosen, nearest, ringed, journey, line }) {
    const { canvas, camera, marks, names } = this;
    Object.assign(canvas, { width: Math.round(camera.width * density), height: Math.round(camera.height * density) });
    this.pen.setTransform(density, 0, 0, density, 0, 0);
    this.drawLines(chosen, nearest, journey, line);
    for (const row of ringed) this.ring(row, CHOSEN_WIDER_PIXELS, 2.5);
    const first = [...ringed, ...journey, ...nearest];
    const usual = marks.usualSize;
    names.place(marks.view, shown, first, (row) => marks.size(row, usual), this.obstacles);
    for (const label of names.written) this.write(label);
  }

  drawLines(chosen, nearest, journey, line) {
    this.lines = nearest.map((row) => [this.point(chosen), this.point(row)]);
    for (const each of this.lines) this.stroke(each, 1, 0.4);
    const way = journey.map((row) => this.point(row));
    this.stroke(line ?? way, 2, 0.8);
    for (const row of journey) this.ring(row, 4, 1.5);
  }

  // What stands over the map: buttons, and words at the ends of its axes
  get obstacles() {
    const map = this.canvas.getBoundingClientRect();
    const boxes = [...document.querySelectorAll("#camera, .axis:not([hidden])")].map((each) =>
      each.getBoundingClientRect(),
    );
    return boxes.map(({ left, right, top, bottom }) => ({
      left: left - map.left,
      right: right - map.left,
      top: top - map.top,
      bottom: bottom - map.top,
    }));
  }

  point(row) {
    const { x, y } = this.marks.view;
    return this.camera.toScreen(x[row], y[row]);
  }

  stroke(points, width, alpha) {
    const { pen } = this;
    Object.assign(pen, { strokeStyle: this.colours.ink, lineWidth: width, globalAlpha: alpha, lineJoin: "round" });
    pen.beginPath();
    for (const [left, top] of points) pen.lineTo(left, top);
    pen.stroke();
    pen.globalAlpha = 1;
  }

  ring(row, wider, width) {
    const { pen } = this;
    Object.assign(pen, { strokeStyle: this.colours.ink, lineWidth: width });
    pen.beginPath();
    pen.arc(...this.point(row), (this.marks.size(row) + wider) / 2, 0, 2 * Math.PI);
    pen.stroke();
  }

  write({ words, kind, size, colour, left, right, top, bottom }) {
    const { pen } = this;
    pen.font = font(size, kind);
    Object.assign(pen, { textAlign: "center", textBaseline: "middle", lineJoin: "round" });
    Object.assign(pen, { strokeStyle: this.colours.paper, lineWidth: kind === "genre" ? 5 : 3.5, globalAlpha: 0.9 });
    pen.strokeText(words, (left + right) / 2, (top + bottom) / 2);
    Object.assign(pen, { fillStyle: this.inkOf(colour), globalAlpha: 1 });
    pen.fillText(words, (left + right) / 2, (top + bottom) / 2);
  }

  // A genre's colour, but as dark or light as text has to be
  inkOf(colour) {
    if (!this.inks.has(colour)) this.inks.set(colour, mixed(colour, this.colours.ink, 0.45));
    return this.inks.get(colour);
  }

  widthOf(words, size, kind) {
    const key = `${kind} ${size} ${words}`;
    if (!this.widths.has(key)) {
      this.pen.font = font(size, kind);
      this.widths.set(key, Math.ceil(this.pen.measureText(words).width) + 4);
    }
    return this.widths.get(key);
  }
}

function font(size, kind) {
  return `${FONTS[kind]} ${size}px ${FAMILY}`;
}
