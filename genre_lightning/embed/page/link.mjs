// Links to a song: map.html#song=its name and artist. Of several songs of one name all but the first have a number.

import { decoded } from "./addresses.mjs";
import { nameOf } from "./contents.mjs";

const LINK = /^#song=([^&]*)(?:&number=(\d+))?$/;

export function linkTo(songs, row) {
  const name = nameOf(songs, row);
  const rank = rowsCalled(songs, name).indexOf(row);
  return `#song=${encodeURIComponent(name.toWellFormed())}${rank > 0 ? `&number=${rank + 1}` : ""}`;
}

// The row that a link leads to, or null
export function songOf(songs, hash) {
  const [, name, number = "1"] = LINK.exec(hash) ?? [];
  return name === undefined ? null : (rowsCalled(songs, decoded(name))[number - 1] ?? null);
}

export function isLink(hash) {
  return LINK.test(hash);
}

// Show a link, or none, in the address bar, without going there: a page in a frame may have no address of its own
export function showLink(link) {
  try {
    history.replaceState(null, "", location.href.split("#")[0] + link);
  } catch {
    // then it is not shown
  }
}

function rowsCalled(songs, name) {
  return [...songs.name.keys()].filter((row) => nameOf(songs, row).toWellFormed() === name.toWellFormed());
}
