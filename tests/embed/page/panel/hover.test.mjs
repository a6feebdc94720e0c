import assert from "node:assert/strict";
import { test } from "node:test";
import { freest } from "../../../../genre_lightning/embed/page/panel/hover.mjs";

const ROOM = [1000, 800];
const ENDS = [
  [700, 500],
  [600, 600],
  [350, 600],
  [650, 250],
];

test("what is told stands beside the pointer where no line to a neighbour runs", () => {
  const lines = ENDS.map((end) => [[500, 400], end]);
  const { left, top } = freest(500, 400, 200, 100, lines, ROOM);
  assert.ok(left < 500 && top < 400);
});

test("it stays inside of the map whatever the lines", () => {
  const everywhere = [
    [
      [10, 10],
      [300, 300],
    ],
  ];
  const { left, top } = freest(10, 10, 200, 100, everywhere, ROOM);
  assert.ok(left >= 0 && top >= 0);
  const corner = freest(990, 790, 200, 100, [], ROOM);
  assert.ok(corner.left + 200 <= 1000 && corner.top + 100 <= 800);
});
