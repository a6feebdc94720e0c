import assert from "node:assert/strict";
import { test } from "node:test";
import { counts } from "../../../../genre_lightning/embed/page/panel/confusion.mjs";

test("songs are counted by true and predicted genre if they were held out and the model knows their genre", () => {
  const songs = {
    genre: Uint8Array.of(0, 0, 1, 1, 2, 0),
    predicted: Uint8Array.of(0, 1, 1, 1, 0, 0),
    known: Uint8Array.of(1, 1, 1, 1, 1, 0), // the last is of unknown genre, shown as the predicted one
    fill: Uint8Array.of(1, 1, 1, 0, 1, 1), // the fourth was trained on
  };
  const genres = ["jazz", "rock", "polka, which the model does not know"].map((name) => ({ name }));
  const table = counts({ songs, genres, held_out: { fill: 1 }, known_genres: 2 });
  assert.deepEqual(table, [
    [1, 1],
    [0, 1],
  ]);
});
