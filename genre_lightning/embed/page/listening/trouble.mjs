// What to say of a song that cannot be heard, cause by cause.

import { decoded } from "../addresses.mjs";

const WANTS_A_CLICK = "Your browser plays nothing before a click on the page: press Play again.";
const EXCERPT_IS_LATE = "The excerpt did not sound in time: press Play again.";
const EXCERPT_IS_NOT_DECODED = "Your browser cannot decode the excerpt, an MP3: open the page in another browser.";
const NOT_SERVED =
  "the page came from a server that does not serve it. Serve a folder that holds both, or open the page as a file.";
const OF_FILES = {
  1: "reading it broke off.",
  2: "reading it broke off.",
  3: "it is broken, or of a kind that the browser cannot decode.",
  4: "the file is not there, or of a kind that the browser cannot decode.",
  slow: "it did not sound in time.",
  stalled: "its sound stopped coming.",
};

// The cause is "click", "slow", "stalled" or the code of a MediaError; `remedy` says what to do about a whole file
export function troubleOf(cause, { address, excerpt }, remedy) {
  if (cause === "click") return WANTS_A_CLICK;
  if (excerpt) return typeof cause === "string" ? EXCERPT_IS_LATE : EXCERPT_IS_NOT_DECODED;
  const reason = cause === 4 && isBeyondReach(address) ? NOT_SERVED : OF_FILES[cause];
  return `Your browser cannot play ${decoded(address)}: ${reason} ${remedy}`;
}

// A file outside of the page's folder, where the page came from a server
function isBeyondReach(address) {
  return location.protocol.startsWith("http") && /^(\.\.\/|file:)/.test(address);
}
