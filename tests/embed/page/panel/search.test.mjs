import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fold } from "../../../../genre_lightning/embed/page/panel/folding.mjs";
import { matching } from "../../../../genre_lightning/embed/page/panel/search.mjs";

const EXAMPLES = JSON.parse(readFileSync(new URL("../../folding.json", import.meta.url), "utf8"));

test("names are folded as genre-lightning neighbours folds them", () => {
  for (const [name, folded] of EXAMPLES) assert.equal(fold(name), folded, name);
});

test("all words have to be found, and names that start with them come first", () => {
  const names = ["the black bohrk", "bohrk the black", "black", "bohrk"].map(fold);
  assert.deepEqual(matching(names, ["bohrk"]), [1, 3, 0]);
  assert.deepEqual(matching(names, ["black", "bohrk"]), [0, 1]);
  assert.deepEqual(matching(names, ["polka"]), []);
});
