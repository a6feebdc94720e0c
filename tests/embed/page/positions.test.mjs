import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestTowards } from "../../../genre_lightning/embed/page/positions.mjs";

const COLUMNS = { x: Float32Array.of(0, 1, 3, 0, -2, 1), y: Float32Array.of(0, 0, 0, 2, 0, 5) };
const ALL = new Uint8Array(6).fill(1);

test("an arrow key finds the nearest song in its direction", () => {
  const from = [0, 0];
  const found = [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ].map((direction) => nearestTowards(COLUMNS, ALL, from, direction));
  assert.deepEqual(found, [1, 4, 3, null]);
});

test("songs that are not shown are passed by, and without a direction the nearest one is found", () => {
  assert.equal(nearestTowards(COLUMNS, Uint8Array.of(1, 0, 1, 1, 1, 1), [0, 0], [1, 0]), 2);
  assert.equal(nearestTowards(COLUMNS, ALL, [2.9, 0], null), 2);
  assert.equal(nearestTowards(COLUMNS, new Uint8Array(6), [0, 0], null), null);
});
