import assert from "node:assert/strict";
import { test } from "node:test";
import { stamp } from "../../../../genre_lightning/embed/page/drawing/sprites.mjs";

// Two by two pixels: full red, half green, nothing, full blue
const SPRITE = {
  width: 2,
  paint: Uint8Array.of(255, 0, 0, 0, 0, 128, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0),
  rest: Uint16Array.of(0, 128, 256, 0),
};

function stamped(left, top) {
  const pixels = new Uint8ClampedArray(4 * 9).fill(200);
  stamp(pixels, 3, 3, SPRITE, left, top);
  return (x, y) => [...pixels.slice(4 * (3 * y + x), 4 * (3 * y + x) + 3)];
}

test("a sprite covers what is below it as far as it is opaque", () => {
  const at = stamped(1, 1);
  assert.deepEqual(at(1, 1), [255, 0, 0]);
  assert.deepEqual(at(2, 1), [100, 228, 100]);
  assert.deepEqual(at(1, 2), [200, 200, 200]);
  assert.deepEqual(at(2, 2), [0, 0, 255]);
  assert.deepEqual(at(0, 0), [200, 200, 200]);
});

test("what is beyond an edge is cut off and appears nowhere else", () => {
  const left = stamped(-1, 0);
  assert.deepEqual(left(0, 0), [100, 228, 100]);
  assert.deepEqual(left(2, 0), [200, 200, 200]);
  const corner = stamped(2, 2);
  assert.deepEqual(corner(2, 2), [255, 0, 0]);
  const gone = stamped(7, -5);
  for (const x of [0, 1, 2]) for (const y of [0, 1, 2]) assert.deepEqual(gone(x, y), [200, 200, 200]);
});
