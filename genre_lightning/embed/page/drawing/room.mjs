// The room on a screen for boxes that must not touch each other, and what they would cover.

const CELL_PIXELS = 64; // of boxes
const MARK_CELL_PIXELS = 6;

export class Room {
  constructor(width, height) {
    const [across, down] = [width, height].map((pixels) => Math.ceil(pixels / MARK_CELL_PIXELS) + 1);
    Object.assign(this, { width, height, across, cells: new Map(), marks: new Uint16Array(across * down) });
  }

  isFree(box) {
    if (box.left < 0 || box.top < 0 || box.right > this.width || box.bottom > this.height) return false;
    for (const cell of cellsOf(box)) if (this.cells.get(cell)?.some((other) => touch(box, other))) return false;
    return true;
  }

  take(box) {
    for (const cell of cellsOf(box)) {
      if (!this.cells.has(cell)) this.cells.set(cell, []);
      this.cells.get(cell).push(box);
    }
  }

  // There is a mark, of some weight, at a place that is inside
  mark(left, top, weight) {
    this.marks[Math.floor(top / MARK_CELL_PIXELS) * this.across + Math.floor(left / MARK_CELL_PIXELS)] += weight;
  }

  // How many marks a box that is inside would cover, by their weights
  covered({ left, top, right, bottom }) {
    let sum = 0;
    for (let y = Math.floor(top / MARK_CELL_PIXELS); y <= bottom / MARK_CELL_PIXELS; y++) {
      for (let x = Math.floor(left / MARK_CELL_PIXELS); x <= right / MARK_CELL_PIXELS; x++) {
        sum += this.marks[y * this.across + x];
      }
    }
    return sum;
  }
}

function* cellsOf({ left, top, right, bottom }) {
  for (let x = Math.floor(left / CELL_PIXELS); x <= right / CELL_PIXELS; x++) {
    for (let y = Math.floor(top / CELL_PIXELS); y <= bottom / CELL_PIXELS; y++) yield 4096 * y + x;
  }
}

function touch(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}
