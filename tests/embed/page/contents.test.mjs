import assert from "node:assert/strict";
import { test } from "node:test";
import { artistsOf, nearestOf, songsOf, unpacked } from "../../../genre_lightning/embed/page/contents.mjs";

test("arrays of all kinds come out as they went in, and texts are left alone", () => {
  const pack = (array) => Buffer.from(array.buffer).toString("base64");
  const [whole, broken] = [Int32Array.of(-5, 70000), Float32Array.of(0.5, -2)];
  const json = JSON.stringify({
    songs: { x: { kind: "f4", base64: pack(broken) }, n: { kind: "i4", base64: pack(whole) }, name: ["base64", "{}"] },
    axes: { x: [], y: [{ more: "louder", strength: 0.5 }] },
    missing: null,
  });
  const { songs, axes, missing } = unpacked(json);
  assert.deepEqual([songs.x, songs.n, songs.name], [broken, whole, ["base64", "{}"]]);
  assert.deepEqual([axes, missing], [{ x: [], y: [{ more: "louder", strength: 0.5 }] }, null]);
});

test("songs by several artists are found from either side", () => {
  const songs = { artists_start: Uint8Array.of(0, 2, 2, 3), artists: Uint8Array.of(0, 1, 1) };
  const artists = { songs_start: Uint8Array.of(0, 1, 3), song_rows: Uint8Array.of(0, 0, 2) };
  assert.deepEqual(
    [0, 1, 2].map((row) => artistsOf(songs, row)),
    [[0, 1], [], [1]],
  );
  assert.deepEqual(
    [0, 1].map((row) => songsOf(artists, row)),
    [[0], [0, 2]],
  );
});

test("a row's neighbours are its part of the flat columns", () => {
  const songs = { name: ["a", "b"], nearest: Uint8Array.of(1, 7, 0, 9), similarity: Int8Array.of(90, 80, 91, -5) };
  assert.deepEqual(nearestOf(songs, 1), [
    { row: 0, similarity: 91 },
    { row: 9, similarity: -5 },
  ]);
});
