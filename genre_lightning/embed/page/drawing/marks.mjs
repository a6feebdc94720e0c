// Draws a mark for each song or artist that is shown, and finds the one under a pointer.

import { Sprites, stamp } from "./sprites.mjs";

const ARTIST_FILL = { inside: 0.8, edge: 1, layer: 1 };

export class Marks {
  constructor(canvas, contents, camera) {
    Object.assign(this, { canvas, contents, camera });
    this.context = canvas.getContext("2d", { alpha: false });
    this.sprites = new Sprites(contents.ring.edge);
    this.view = contents.songs;
    this.rows = [];
  }

  // Rings are in the colour of text
  restyle(ink, isDark) {
    this.sprites.restyle(ink, isDark);
  }

  // Full marks come last, on top of the pale ones; the background comes first
  show(view, rows) {
    this.view = view;
    this.rows = view.fill
      ? this.byFill(view, rows)
      : rows.toSorted((one, other) => view.songs[other] - view.songs[one]);
  }

  byFill(view, rows) {
    const order = [...this.contents.fills.keys()].sort((one, other) => {
      const [a, b] = [this.contents.fills[one], this.contents.fills[other]];
      return a.layer - b.layer || a.inside - b.inside;
    });
    const groups = order.map(() => []);
    for (const row of rows) groups[view.fill[row]].push(row);
    return order.flatMap((fill) => groups[fill]);
  }

  // In pixels. The more marks, the smaller; they grow a little as the map is zoomed in
  get usualSize() {
    const crowd = Math.max(3, 18 - 3.3 * Math.log10(this.view.x.length || 1));
    return crowd * 2 ** (0.3 * Math.min(6, Math.max(0, Math.log2(this.camera.zoom))));
  }

  size(row, usual = this.usualSize) {
    const { songs } = this.view;
    return Math.round(songs ? usual * Math.min(2, 0.7 + 0.15 * Math.sqrt(songs[row])) : usual);
  }

  draw(paper, density) {
    const { canvas, camera } = this;
    const [width, height] = [Math.round(camera.width * density), Math.round(camera.height * density)];
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height });
      this.image = this.context.createImageData(width, height);
    }
    if (density !== this.density) this.sprites.clear(); // the page was zoomed, or moved to another screen
    this.density = density;
    new Uint32Array(this.image.data.buffer).fill(paper);
    this.stampAll(this.image.data, width, height, density);
    this.context.putImageData(this.image, 0, 0);
  }

  stampAll(pixels, width, height, density) {
    const { view, rows, camera, usualSize } = this;
    const [scale, right, down] = camera.transform.map((each) => each * density);
    for (const row of rows) {
      const left = view.x[row] * scale + right;
      const top = down - view.y[row] * scale;
      if (left < -99 || top < -99 || left > width + 99 || top > height + 99) continue;
      const sprite = this.sprite(row, this.size(row, usualSize), density);
      stamp(pixels, width, height, sprite, Math.round(left - sprite.width / 2), Math.round(top - sprite.width / 2));
    }
  }

  sprite(row, size, density) {
    const { view } = this;
    const { genres, fills } = this.contents;
    const [genre, fill, ringed] = [view.genre[row], view.fill?.[row] ?? fills.length, view.wrong?.[row] ?? 0];
    const key = 128 * (2 * (genre * (fills.length + 1) + fill) + ringed) + size;
    return this.sprites.get(key, () => ({ ...genres[genre], ...(fills[fill] ?? ARTIST_FILL), size, ringed, density }));
  }

  // The row of the nearest mark that is under the pointer or within `reach` pixels of it, or null
  find(left, top, reach) {
    const { view, camera } = this;
    const [x, y] = camera.toMap(left, top);
    let [nearest, least] = [null, Infinity];
    const usual = this.usualSize;
    for (const row of this.rows) {
      const distance = Math.hypot(view.x[row] - x, view.y[row] - y) * camera.scale;
      if (distance < least && distance <= Math.max(reach, this.size(row, usual) / 2))
        [nearest, least] = [row, distance];
    }
    return nearest;
  }
}
