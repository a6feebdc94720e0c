import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../../../../genre_lightning/embed/page/drawing/camera.mjs";

function opened() {
  const camera = new Camera(Float32Array.of(-4, 4, 0), Float32Array.of(-1, 1, 0));
  camera.resize(912, 600);
  return camera;
}

function rounded([left, top]) {
  return [Math.round(1e6 * left) / 1e6, Math.round(1e6 * top) / 1e6];
}

test("the whole map is visible at first, with a margin, in a window of any size", () => {
  const camera = opened();
  assert.deepEqual(camera.toScreen(0, 0), [456, 300]);
  assert.deepEqual(camera.toScreen(-4, 1), [56, 200]);
  camera.resize(512, 600);
  assert.deepEqual(camera.toScreen(4, 0), [456, 300]);
  camera.resize(0, 0); // a window that is not drawn yet
  assert.ok(Number.isFinite(camera.toScreen(1, 1)[0]));
});

test("a place on the screen is found again on the map", () => {
  const camera = opened();
  camera.look(2, -0.5, 3);
  assert.deepEqual(rounded(camera.toScreen(...camera.toMap(123, 456))), [123, 456]);
});

test("what is under the pointer stays there while the map is zoomed, also at the ends of zooming", () => {
  const camera = opened();
  for (const factor of [2, 0.3, 1e9, 1e-9]) {
    const place = camera.toMap(700, 100);
    camera.zoomAt(700, 100, factor);
    assert.deepEqual(rounded(camera.toScreen(...place)), [700, 100]);
    assert.ok(camera.zoom <= 1000 && camera.zoom >= 0.5);
  }
});

test("the map is dragged by as much as the pointer moves, and listeners are told", () => {
  const camera = opened();
  let told = 0;
  camera.onMove(() => told++);
  camera.panBy(30, -20);
  assert.deepEqual(rounded(camera.toScreen(0, 0)), [486, 280]);
  assert.equal(told, 1);
});

test("songs that all lie at one place are shown in the middle", () => {
  const camera = new Camera(Float32Array.of(5, 5), Float32Array.of(7, 7));
  camera.resize(400, 300);
  assert.deepEqual(camera.toScreen(5, 7), [200, 150]);
});
