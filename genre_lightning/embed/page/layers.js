// Fills Bokeh's layers with the rows that are shown, and finds the mark under a pointer.

const RING_WIDER_PIXELS = 6;

class Layers {
  constructor(sources, contents, camera) {
    this.sources = sources;
    this.contents = contents;
    this.camera = camera;
    this.drawn = { view: contents.songs, rows: [], sizes: [] };
  }

  // The more marks, the smaller; they grow a little as the map is zoomed in
  baseSize(view) {
    const crowd = Math.max(4, 18 - 3.3 * Math.log10(view.x.length || 1));
    return crowd * 2 ** (0.3 * Math.min(6, Math.max(0, this.growth)));
  }

  get growth() {
    return Math.round(Math.log2(this.camera.zoom));
  }

  size(view, row) {
    const base = this.baseSize(view);
    return view.songs ? base * Math.min(2, 0.7 + 0.15 * Math.sqrt(view.songs[row])) : base;
  }

  // Full marks come last, on top of the pale ones; the background comes first
  show(view, rows) {
    const { genres, fills } = this.contents;
    const fill = (row) => (view.fill ? fills[view.fill[row]] : { inside: 0.8, edge: 1, layer: 1 });
    rows.sort((one, other) => fill(one).layer - fill(other).layer || fill(one).inside - fill(other).inside);
    const sizes = rows.map((row) => this.size(view, row));
    this.drawn = { view, rows, sizes, growth: this.growth };
    this.sources.marks.data = {
      ...positions(view, rows),
      size: sizes,
      shape: rows.map((row) => genres[view.genre[row]].shape),
      colour: rows.map((row) => genres[view.genre[row]].colour),
      inside: rows.map((row) => fill(row).inside),
      edge: rows.map((row) => fill(row).edge),
    };
    const wrong = rows.filter((row) => view.wrong?.[row]);
    const around = wrong.map((row) => this.size(view, row) + RING_WIDER_PIXELS);
    this.sources.rings.data = { ...positions(view, wrong), size: around };
  }

  // A bold ring around the chosen row, and lines from it to others
  choose(view, row, others) {
    const chosen = row === null ? [] : [row];
    const size = chosen.map((each) => this.size(view, each) + 2 * RING_WIDER_PIXELS);
    this.sources.chosen.data = { ...positions(view, chosen), size };
    const from = positions(view, others.map(() => row));
    const to = positions(view, others);
    this.sources.lines.data = { x0: from.x, y0: from.y, x1: to.x, y1: to.y };
  }

  // The row of the nearest mark that is under the pointer or within `reach` pixels of it, or null
  find(left, top, reach) {
    const { view, rows, sizes } = this.drawn;
    let [nearest, least] = [null, Infinity];
    rows.forEach((row, index) => {
      const [x, y] = this.camera.toScreen(view.x[row], view.y[row]);
      const distance = Math.hypot(x - left, y - top);
      if (distance < least && distance <= Math.max(reach, sizes[index] / 2)) [nearest, least] = [row, distance];
    });
    return nearest;
  }
}

function positions(view, rows) {
  return { x: Float32Array.from(rows, (row) => view.x[row]), y: Float32Array.from(rows, (row) => view.y[row]) };
}
