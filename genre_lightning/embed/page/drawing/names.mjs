// Names on the map: genres at the centres of their clouds, then songs or artists, as many as fit without touching.

import { Room } from "./room.mjs";

const GENRE_SIZES = [14, 24]; // pixels, from the fewest songs to the most
const [USUAL_GENRES, USUAL_WIDTH] = [12, 700]; // with more of them, or in fewer pixels, names are smaller
const LEAST_SIZE = 11;
const MISTAKE_WEIGHT = 4; // how much more a name avoids to cover one
const BACKGROUND_FROM_ZOOM = 3; // names of songs in the background are written only that close
const DETAIL_SIZES = [9.5, 14]; // from what is least typical, or has the fewest songs
const GROWTH_PER_ZOOM = 0.8; // pixels for each time that the map is twice as large
const LARGEST_GROWTH = 4;
const LINE_HEIGHT = 1.25;
const LINES_TRIED = [0, -1, 1, -1.8, 1.8];
const DETAIL_LETTERS = 32;
const GAP_PIXELS = 3;
// So that moving the map stays fluent, and names spread: of each part of the screen so large, so many rows are tried
const [PART_WIDTH, PART_HEIGHT] = [64, 20];
const TRIED_PER_PART = 2;

export class Names {
  // `widthOf(words, size, kind)` measures words, in pixels
  constructor(contents, camera, widthOf) {
    Object.assign(this, { contents, camera, widthOf, orders: new Map(), written: [] });
    this.genres = contents.genres.filter(({ centre }) => centre).sort((one, other) => other.songs - one.songs);
  }

  // Write names of the genres that are seen, then of the rows `first`, then of those that are `shown`, the most important
  // ones first; `sizeOf(row)` is how wide its mark is, and where `obstacles` are is no room
  place(view, shown, first, sizeOf, obstacles = []) {
    this.room = new Room(this.camera.width, this.camera.height);
    for (const each of obstacles) this.room.take(each);
    this.markAll(view, shown);
    this.written = [];
    for (const genre of this.genres) if (genre.isSeen) this.placeGenre(genre);
    const isFar = this.camera.zoom < BACKGROUND_FROM_ZOOM;
    const before = new Set(first);
    const place = (row, ...at) => this.placeDetail(view, row, at, sizeOf(row) / 2 + GAP_PIXELS);
    this.spread(view, before, () => true, place);
    const isOpen = (row) => shown[row] && !before.has(row) && !(isFar && this.isBehind(view, row));
    this.spread(view, this.order(view), isOpen, place);
  }

  // Tell the room where the marks in sight are
  markAll({ x, y, wrong }, shown) {
    const { camera, room } = this;
    const [scale, right, down] = camera.transform;
    for (let row = 0; row < x.length; row++) {
      if (!shown[row]) continue;
      const left = x[row] * scale + right;
      const top = down - y[row] * scale;
      if (left < 0 || top < 0 || left > camera.width || top > camera.height) continue;
      room.mark(left, top, wrong?.[row] ? MISTAKE_WEIGHT : 1);
    }
  }

  // Act on rows in sight that are open, and their places: a few in each part of the screen
  spread({ x, y }, rows, isOpen, act) {
    const { camera } = this;
    const [scale, right, down] = camera.transform;
    const across = Math.ceil(camera.width / PART_WIDTH) + 1;
    const tried = new Uint8Array(across * (Math.ceil(camera.height / PART_HEIGHT) + 1));
    for (const row of rows) {
      const left = x[row] * scale + right;
      const top = down - y[row] * scale;
      if (left < 0 || top < 0 || left > camera.width || top > camera.height) continue;
      const part = across * Math.floor(top / PART_HEIGHT) + Math.floor(left / PART_WIDTH);
      if (tried[part] === TRIED_PER_PART || !isOpen(row)) continue;
      tried[part]++;
      act(row, left, top);
    }
  }

  // The name that is written at a place, if any
  at(left, top) {
    return this.written.find((box) => left >= box.left && left <= box.right && top >= box.top && top <= box.bottom);
  }

  // If names would cover each other, the smaller genre's moves up or down to the nearest free line
  placeGenre(genre) {
    const point = this.camera.toScreen(...genre.centre);
    if (!this.camera.sees(point)) return;
    const usual = between(GENRE_SIZES, Math.sqrt(genre.songs / this.genres[0].songs));
    const room = Math.sqrt(Math.min(1, USUAL_GENRES / this.genres.length, this.camera.width / USUAL_WIDTH));
    const size = Math.max(LEAST_SIZE, usual * room);
    const [width, height] = [this.widthOf(genre.name, size, "genre"), LINE_HEIGHT * size];
    // Where a genre is a single song, its name would cover it
    const lines = genre.songs > 1 ? LINES_TRIED : LINES_TRIED.slice(1);
    const boxes = lines.map((line) => boxAt(point[0] - width / 2, point[1] + (line - 0.5) * height, width, height));
    const box = boxes.find((each) => this.room.isFree(each));
    if (box) this.write({ words: genre.name, kind: "genre", size, colour: genre.colour, row: null }, box);
  }

  placeDetail(view, row, [left, middle], gap) {
    const size = this.detailSize(view, row);
    const words = shortened(view.name[row]);
    const [width, height] = [this.widthOf(words, size, "detail"), LINE_HEIGHT * size];
    const boxes = [
      boxAt(left + gap, middle - height / 2, width, height),
      boxAt(left - gap - width, middle - height / 2, width, height),
      boxAt(left - width / 2, middle - gap - height, width, height),
      boxAt(left - width / 2, middle + gap, width, height),
    ];
    const free = boxes.filter((box) => this.room.isFree(box));
    if (!free.length) return;
    const covered = free.map((box) => this.room.covered(box));
    const { colour } = this.contents.genres[view.genre[row]];
    this.write({ words, kind: "detail", size, colour, row }, free[covered.indexOf(Math.min(...covered))]);
  }

  write(label, box) {
    this.room.take(box);
    this.written.push({ ...label, ...box });
  }

  detailSize(view, row) {
    const importance = view.songs ? Math.sqrt(view.songs[row] / this.most(view)) : view.typical[row] / 255;
    const growth = GROWTH_PER_ZOOM * Math.log2(Math.max(1, this.camera.zoom));
    // In steps, so that widths which were measured serve again
    return Math.round(2 * (between(DETAIL_SIZES, importance) + Math.min(LARGEST_GROWTH, growth))) / 2;
  }

  most(view) {
    return view.songs[this.order(view)[0]] || 1;
  }

  isBehind(view, row) {
    return view.fill !== undefined && this.contents.fills[view.fill[row]].layer === 0;
  }

  // All rows of a view, the most typical songs or the artists with most songs first, the background last; sorted once
  order(view) {
    const weight = view.songs ?? view.typical;
    const behind = (row) => this.isBehind(view, row);
    const compare = (one, other) => behind(one) - behind(other) || weight[other] - weight[one] || one - other;
    if (!this.orders.has(view)) this.orders.set(view, Uint32Array.from(weight.keys()).sort(compare));
    return this.orders.get(view);
  }
}

function between([least, most], share) {
  return least + (most - least) * share;
}

function boxAt(left, top, width, height) {
  return { left, top, right: left + width, bottom: top + height };
}

function shortened(name) {
  const letters = [...name];
  return letters.length > DETAIL_LETTERS ? `${letters.slice(0, DETAIL_LETTERS - 1).join("")}…` : name;
}
