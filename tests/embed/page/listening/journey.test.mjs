import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { journey } from "../../../../genre_lightning/embed/page/listening/journey.mjs";

const CASES = JSON.parse(readFileSync(new URL("../../journeys.json", import.meta.url), "utf8"));

test("a path is the one that genre-lightning neighbours --to finds", () => {
  for (const { positions, from, to, count, songs } of CASES) {
    const [x, y] = [0, 1].map((axis) => Float32Array.from(positions, (each) => each[axis]));
    assert.deepEqual(journey({ x, y }, new Uint8Array(x.length).fill(1), from, to, count), songs);
  }
});

test("songs that are not shown are passed by", () => {
  const columns = { x: Float32Array.of(0, 1, 2, 3), y: new Float32Array(4) };
  assert.deepEqual(journey(columns, Uint8Array.of(1, 0, 1, 1), 0, 3, 4), [0, 2, 3]);
});
