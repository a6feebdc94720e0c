import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../../../../genre_lightning/embed/page/drawing/camera.mjs";
import { Names } from "../../../../genre_lightning/embed/page/drawing/names.mjs";

const SONGS = 400;
const widthOf = (words, size) => (words.length * size) / 2;

// Songs of two genres in two crowds, the last song being the most typical one
function world() {
  const rows = [...new Array(SONGS).keys()];
  const songs = {
    x: Float32Array.from(rows, (row) => (row % 2) * 3 + Math.sin(row * 12.9898)),
    y: Float32Array.from(rows, (row) => Math.cos(row * 78.233)),
    name: rows.map((row) => `song number ${row}`),
    genre: Uint8Array.from(rows, (row) => row % 2),
    fill: new Uint8Array(SONGS),
    typical: Uint8Array.from(rows, (row) => (255 * row) / SONGS),
  };
  const genre = (name, x, songs) => ({ name, centre: [x, 0], songs, colour: "#d55e00", isSeen: true });
  const genres = [genre("jazz", 0, 200), genre("rock", 3, 200)];
  const camera = new Camera(songs.x, songs.y);
  camera.resize(900, 600);
  const names = new Names({ genres, fills: [{ layer: 1 }], songs }, camera, widthOf);
  const place = (first = [], shown = new Uint8Array(SONGS).fill(1), obstacles = []) => {
    names.place(songs, shown, first, () => 8, obstacles);
    return names.written;
  };
  return { camera, songs, genres, place };
}

// Said otherwise than the code says it, or it could not be wrong
function touch(one, other) {
  const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  return across > 0 && down > 0;
}

function isInside({ left, right, top, bottom }) {
  return left >= 0 && top >= 0 && right <= 900 && bottom <= 600;
}

test("as many names as fit are written, none touches another or leaves the map", () => {
  const written = world().place();
  assert.ok(written.length > 40, `${written.length} names`);
  assert.ok(written.every(isInside));
  written.forEach((one, at) => {
    assert.ok(
      written.slice(at + 1).every((other) => !touch(one, other)),
      one.words,
    );
  });
});

test("genres come first, then what is chosen, then the most typical songs", () => {
  const words = world()
    .place([7])
    .map((label) => label.words);
  assert.deepEqual(words.slice(0, 4), ["jazz", "rock", "song number 7", "song number 399"]);
});

test("the closer one looks, the more of the songs in sight are named", () => {
  const { camera, songs, place } = world();
  const share = () => {
    const named = place().filter(({ kind }) => kind === "detail").length;
    return named / [...songs.x.keys()].filter((row) => camera.sees(camera.toScreen(songs.x[row], songs.y[row]))).length;
  };
  const far = share();
  camera.look(0, 0, 8);
  assert.ok(share() > 2 * far, `${share()} of the songs, ${far} before`);
});

test("songs and genres that are switched off, and what is under buttons, get no name", () => {
  const { genres, place } = world();
  const shown = Uint8Array.from({ length: SONGS }, (_, row) => row % 2);
  genres[0].isSeen = false;
  const button = { left: 500, right: 950, top: -20, bottom: 300 };
  const written = place([], shown, [button]);
  assert.ok(written.length > 0 && written.every((label) => !touch(label, button)));
  const named = written.filter(({ row }) => row !== null);
  assert.ok(named.length > 10 && named.every(({ row }) => row % 2 === 1));
  assert.ok(!written.some(({ words }) => words === "jazz"));
});

test("the more typical a song, the larger its name", () => {
  const sizes = new Map(
    world()
      .place([0, 399])
      .map(({ row, size }) => [row, size]),
  );
  assert.ok(sizes.get(399) > sizes.get(0));
});

test("long names are cut between letters", () => {
  const { songs, place } = world();
  songs.name[7] = "🎉".repeat(40);
  assert.equal(place([7])[2].words, `${"🎉".repeat(31)}…`);
});
