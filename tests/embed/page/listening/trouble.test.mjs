import assert from "node:assert/strict";
import { test } from "node:test";
import { troubleOf } from "../../../../genre_lightning/embed/page/listening/trouble.mjs";

function told(cause, address, protocol = "file:") {
  globalThis.location = { protocol };
  return troubleOf(cause, { address, excerpt: false }, "What to do.");
}

test("a file is named as people write it, with the cause and what to do", () => {
  for (const cause of [1, 2, 3, 4, "slow", "stalled"]) {
    assert.match(
      told(cause, "../my%20songs/%C3%A9.mp3"),
      /^Your browser cannot play ..\/my songs\/é.mp3: .+\. What to do\.$/,
    );
  }
  assert.match(told(4, "caf%E9.mp3"), /caf%E9.mp3: the file is not there/);
  assert.notEqual(told(3, "a.mp3"), told(4, "a.mp3"));
});

test("a page from a server says that it may not reach files outside of its folder", () => {
  assert.match(told(4, "../a.mp3", "https:"), /server/);
  assert.doesNotMatch(told(4, "a.mp3", "https:"), /server/);
  assert.doesNotMatch(told(4, "../a.mp3"), /server/);
  assert.doesNotMatch(told(3, "../a.mp3", "https:"), /server/);
});

test("an excerpt in the page is no matter of files", () => {
  for (const cause of [3, 4, "slow", "click"]) {
    const words = troubleOf(cause, { address: "data:audio/mpeg;base64,AAAA", excerpt: true }, "What to do.");
    assert.doesNotMatch(words, /data:|What to do/);
  }
});
