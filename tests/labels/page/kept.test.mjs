import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { CHECKED, Kept } from "../../../genre_lightning/labels/page/kept.mjs";

const songs = (suggestion) => [{ path: "a.wav", suggestion, [CHECKED]: "polka" }];

beforeEach(() => {
  const kept = new Map();
  globalThis.localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, words) => kept.set(key, words) };
});

test("what was decided is there again for the same list, and for no other one", () => {
  assert.ok(new Kept(songs("rock")).write(songs("rock")));
  assert.deepEqual([...new Kept(songs("rock")).read()], [["a.wav", "polka"]]);
  assert.deepEqual([...new Kept(songs("jazz")).read()], []);
});

test("a browser that keeps nothing, or something else, does not matter", () => {
  const refuse = () => {
    throw new Error("denied");
  };
  for (const storage of [
    { getItem: refuse, setItem: refuse },
    { getItem: () => "{", setItem: refuse },
  ]) {
    globalThis.localStorage = storage;
    assert.deepEqual([...new Kept(songs("rock")).read()], []);
    assert.equal(new Kept(songs("rock")).write(songs("rock")), false);
  }
});
