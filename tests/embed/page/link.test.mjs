import assert from "node:assert/strict";
import { test } from "node:test";
import { linkTo, songOf } from "../../../genre_lightning/embed/page/link.mjs";

const SONGS = {
  name: ["Intro", "Intro", "Intro (2)", "% & #", "Intro", "Intro&number=2"],
  by: ["", "", "", "<b>", "Boris", ""],
};

test("every song has a link that leads to it alone, whatever its name", () => {
  const links = SONGS.name.map((_, row) => linkTo(SONGS, row));
  assert.equal(new Set(links).size, 6);
  assert.deepEqual(
    links.map((link) => songOf(SONGS, link)),
    [0, 1, 2, 3, 4, 5],
  );
  assert.equal(links[4], "#song=Intro%20by%20Boris");
});

test("links to nothing lead nowhere", () => {
  for (const hash of ["", "#", "#song=", "#song=Nobody", "#song=Intro&number=3", "#song=%E0%A4%A"]) {
    assert.equal(songOf(SONGS, hash), null, hash);
  }
});
