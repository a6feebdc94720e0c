// The map's two canvases, drawn anew before the next frame whenever something has changed.

import { pixel } from "./colours.mjs";
import { Marks } from "./marks.mjs";
import { Overlay } from "./overlay.mjs";

export class Canvases {
  // `marked()` says what the overlay shows
  constructor(plane, contents, camera, marked) {
    Object.assign(this, { camera, marked, asked: null });
    const [below, above] = plane.querySelectorAll("canvas");
    this.marks = new Marks(below, contents, camera);
    this.overlay = new Overlay(above, contents, camera, this.marks);
    camera.onMove(() => this.draw());
    new ResizeObserver(() => camera.resize(plane.clientWidth, plane.clientHeight)).observe(plane);
    camera.resize(plane.clientWidth, plane.clientHeight);
    this.restyle();
    new MutationObserver(() => this.restyle()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  restyle() {
    this.overlay.restyle();
    this.marks.restyle(this.overlay.colours.ink, document.documentElement.dataset.theme === "dark");
    this.draw();
  }

  draw() {
    this.asked ??= requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    this.asked = null;
    const density = devicePixelRatio;
    this.marks.draw(pixel(this.overlay.colours.paper), density);
    this.overlay.draw(density, this.marked());
  }
}
